package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

// Tariffs keeps what calls cost.
type Tariffs struct{ db *DB }

// Tariffs gives decks, plans and exchange rates their store.
func (d *DB) Tariffs() *Tariffs { return &Tariffs{d} }

// change runs a transaction and raises the stamp in it. The stamp is a lock as
// well: changes come one after the other.
func (s *Tariffs) change(ctx context.Context, f func(querier) error) error {
	return s.db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `UPDATE tariff_stamp SET stamp = stamp + 1`); err != nil {
			return err
		}
		return f(q)
	})
}

// Stamp is raised by every change.
func (s *Tariffs) Stamp(ctx context.Context) (n int64, err error) {
	err = s.db.read.QueryRowContext(ctx, `SELECT stamp FROM tariff_stamp`).Scan(&n)
	return n, err
}

const versionColumns = `id, owner, currency, bands, lines, valid_from, note, imported_by, imported`

// All reads everything but bodies. The stamp is read first: what changes
// meanwhile is read again.
func (s *Tariffs) All(ctx context.Context) (all tariff.All, err error) {
	if all.Stamp, err = s.Stamp(ctx); err != nil {
		return all, err
	}
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+versionColumns+`, withdrawn, withdrawn_by FROM deck_version ORDER BY valid_from, imported, id`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var v tariff.Version
		var bands string
		var from, imported, withdrawn int64
		if err := rows.Scan(&v.ID, &v.Owner, &v.Currency, &bands, &v.Rows, &from, &v.Note, &v.By, &imported, &withdrawn, &v.WithdrawnBy); err != nil {
			return err
		}
		v.From, v.At, v.Withdrawn = at(from), at(imported), at(withdrawn)
		all.Versions = append(all.Versions, v)
		return json.Unmarshal([]byte(bands), &all.Versions[len(all.Versions)-1].Bands)
	})
	if err != nil {
		return all, fmt.Errorf("read the price lists: %w", err)
	}
	rows, err = s.db.read.QueryContext(ctx, `SELECT id, name, created FROM sell_plan ORDER BY created, id`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var p tariff.Plan
		var created int64
		err := rows.Scan(&p.ID, &p.Name, &created)
		p.Created = at(created)
		all.Plans = append(all.Plans, p)
		return err
	})
	if err != nil {
		return all, fmt.Errorf("read the plans: %w", err)
	}
	rows, err = s.db.read.QueryContext(ctx, `SELECT account, plan, valid_from, given_by FROM account_plan ORDER BY valid_from`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var g tariff.Given
		var from int64
		err := rows.Scan(&g.Account, &g.Plan, &from, &g.By)
		g.From = at(from)
		all.Given = append(all.Given, g)
		return err
	})
	if err != nil {
		return all, fmt.Errorf("read who has which plan: %w", err)
	}
	rows, err = s.db.read.QueryContext(ctx, `SELECT currency, rate, valid_from, set_by, created FROM exchange_rate ORDER BY valid_from, created`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var x tariff.Exchanged
		var from, created int64
		err := rows.Scan(&x.Currency, &x.Rate, &from, &x.By, &created)
		x.From, x.At = at(from), at(created)
		all.Rates = append(all.Rates, x)
		return err
	})
	if err != nil {
		return all, fmt.Errorf("read the exchange rates: %w", err)
	}
	return all, nil
}

// Body reads the lines of a version as they are stored.
func (s *Tariffs) Body(ctx context.Context, version string) (body []byte, err error) {
	err = s.db.read.QueryRowContext(ctx, `SELECT body FROM deck_version WHERE id = $1`, version).Scan(&body)
	return body, err
}

// bandsJSON is bands as they are stored.
func bandsJSON(list []rating.Band) (string, error) {
	if list == nil {
		list = []rating.Band{}
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// PutDraft keeps a draft and forgets the old ones.
func (s *Tariffs) PutDraft(ctx context.Context, d tariff.Draft, forget time.Time) error {
	bands, err := bandsJSON(d.Bands)
	if err != nil {
		return err
	}
	return s.db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `DELETE FROM deck_draft WHERE created < $1`, us(forget)); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO deck_draft (id, owner, currency, bands, lines, body, created) VALUES (`+places(1, 7)+`)`,
			d.ID, d.Owner, string(d.Currency), bands, d.Rows, d.Body, us(d.At))
		return err
	})
}

// Draft finds one.
func (s *Tariffs) Draft(ctx context.Context, id string) (d tariff.Draft, found bool, err error) {
	var bands string
	var created int64
	err = s.db.read.QueryRowContext(ctx, `SELECT id, owner, currency, bands, lines, body, created FROM deck_draft WHERE id = $1`, id).
		Scan(&d.ID, &d.Owner, &d.Currency, &bands, &d.Rows, &d.Body, &created)
	if found, err = one(err); !found || err != nil {
		return d, found, err
	}
	d.At = at(created)
	return d, true, json.Unmarshal([]byte(bands), &d.Bands)
}

// AddVersions adds versions, all or none.
func (s *Tariffs) AddVersions(ctx context.Context, list []tariff.Version, bodies [][]byte, draft string) error {
	return s.change(ctx, func(q querier) error {
		for i := range list {
			v := &list[i]
			bands, err := bandsJSON(v.Bands)
			if err != nil {
				return err
			}
			if _, err := q.ExecContext(ctx, `INSERT INTO deck_version (`+versionColumns+`, body) VALUES (`+places(1, 10)+`)`,
				v.ID, v.Owner, string(v.Currency), bands, v.Rows, us(v.From), v.Note, v.By, us(v.At), bodies[i]); err != nil {
				return fmt.Errorf("store the price list of %s: %w", v.Owner, err)
			}
		}
		_, err := q.ExecContext(ctx, `DELETE FROM deck_draft WHERE id = $1`, draft)
		return err
	})
}

// Withdraw marks a version, once.
func (s *Tariffs) Withdraw(ctx context.Context, version, by string, when time.Time) (ok bool, err error) {
	err = s.change(ctx, func(q querier) error {
		ok, err = changed(q.ExecContext(ctx, `UPDATE deck_version SET withdrawn = $1, withdrawn_by = $2 WHERE id = $3 AND withdrawn = 0`, us(when), by, version))
		return err
	})
	return ok, err
}

// AddPlan adds a plan.
func (s *Tariffs) AddPlan(ctx context.Context, p tariff.Plan) error {
	return s.change(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO sell_plan (id, name, created) VALUES ($1, $2, $3)`, p.ID, p.Name, us(p.Created))
		return err
	})
}

// GivePlan notes which plan an account has from now on.
func (s *Tariffs) GivePlan(ctx context.Context, g tariff.Given) error {
	return s.change(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO account_plan (account, plan, valid_from, given_by) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, valid_from) DO UPDATE SET plan = excluded.plan, given_by = excluded.given_by`, g.Account, g.Plan, us(g.From), g.By)
		return err
	})
}

// AddRates adds exchange rates; the last that was said of an instant counts.
func (s *Tariffs) AddRates(ctx context.Context, list []tariff.Exchanged) error {
	return s.change(ctx, func(q querier) error {
		for _, x := range list {
			if _, err := q.ExecContext(ctx, `INSERT INTO exchange_rate (currency, rate, valid_from, set_by, created) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (currency, valid_from, created) DO UPDATE SET rate = excluded.rate, set_by = excluded.set_by`,
				string(x.Currency), int64(x.Rate), us(x.From), x.By, us(x.At)); err != nil {
				return err
			}
		}
		return nil
	})
}

// OldRates takes the lists of before decks had versions, and removes them.
func (s *Tariffs) OldRates(ctx context.Context) (map[string][]rating.Row, error) {
	out := map[string][]rating.Row{}
	rows, err := s.db.read.QueryContext(ctx, `SELECT carrier, prefix, micros FROM carrier_rate ORDER BY carrier, prefix`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		r := rating.Row{Price: rating.Price{Next: 1}}
		err := rows.Scan(&id, &r.Prefix, &r.Price.Minute)
		if id == "" {
			id = tariff.Members
		}
		out[id] = append(out[id], r)
		return err
	})
	return out, err
}

// ForgetOldRates removes those of an owner.
func (s *Tariffs) ForgetOldRates(ctx context.Context, owner string) error {
	if owner == tariff.Members {
		owner = ""
	}
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM carrier_rate WHERE carrier = $1`, owner)
		return err
	})
}
