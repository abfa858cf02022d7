package store

import (
	"context"
	"database/sql"

	"github.com/callisto-tel/callisto/business/tax"
)

// Taxes is the store of the tax table.
type Taxes struct{ db *DB }

// Taxes gives the tax table its store.
func (d *DB) Taxes() *Taxes { return &Taxes{d} }

// TaxRules lists the table.
func (t *Taxes) TaxRules(ctx context.Context) ([]tax.Rule, error) {
	var out []tax.Rule
	rows, err := t.db.read.QueryContext(ctx, `SELECT id, country, kind, name, rate, valid_from FROM tax_rule ORDER BY country, kind, valid_from`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var r tax.Rule
		var from int64
		err := rows.Scan(&r.ID, &r.Country, &r.Kind, &r.Name, &r.Rate, &from)
		r.From = at(from)
		out = append(out, r)
		return err
	})
	return out, err
}

// InsertTaxRule adds a rule.
func (t *Taxes) InsertTaxRule(ctx context.Context, r tax.Rule) (fresh bool, err error) {
	err = t.db.write(ctx, func(q querier) error {
		fresh, err = changed(q.ExecContext(ctx, `INSERT INTO tax_rule (id, country, kind, name, rate, valid_from) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (country, kind, valid_from) DO NOTHING`, r.ID, r.Country, string(r.Kind), r.Name, r.Rate, us(r.From)))
		return err
	})
	return fresh, err
}

// DeleteTaxRule takes one out.
func (t *Taxes) DeleteTaxRule(ctx context.Context, id string) (found bool, err error) {
	err = t.db.write(ctx, func(q querier) error {
		found, err = changed(q.ExecContext(ctx, `DELETE FROM tax_rule WHERE id = $1`, id))
		return err
	})
	return found, err
}
