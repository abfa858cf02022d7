package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// Catalogue keeps what is for sale.
type Catalogue struct{ db *DB }

// Catalogue gives the shop's desk its store.
func (d *DB) Catalogue() *Catalogue { return &Catalogue{d} }

// kindText is a kind as it is stored; "" is any.
func kindText(k numbering.Kind) string {
	if k == 0 {
		return ""
	}
	return k.String()
}

func anyKind(s string) (numbering.Kind, error) {
	if s == "" {
		return 0, nil
	}
	return numbering.ParseKind(s)
}

// Catalogue reads all of it.
func (c *Catalogue) Catalogue(ctx context.Context) (out shop.Catalogue, err error) {
	read := func(query string, scan func(*sql.Rows) error) {
		if err == nil {
			rows, qerr := c.db.read.QueryContext(ctx, query)
			err = each(rows, qerr, scan)
		}
	}
	read(`SELECT country, individual, own_phone, company FROM number_system ORDER BY country`, func(r *sql.Rows) error {
		var s shop.System
		err := r.Scan(&s.Country, &s.Individual, &s.OwnPhone, &s.Company)
		out.Systems = append(out.Systems, s)
		return err
	})
	read(`SELECT id, kind, country, prefix, length, closed, note FROM number_block ORDER BY country, kind DESC, prefix, length`, func(r *sql.Rows) error {
		var b shop.Block
		var kind string
		err := r.Scan(&b.ID, &kind, &b.Country, &b.Prefix, &b.Length, &b.Closed, &b.Note)
		if err == nil {
			b.Kind, err = anyKind(kind)
		}
		out.Blocks = append(out.Blocks, b)
		return err
	})
	read(`SELECT id, block, country, kind, class, setup, yearly FROM price_rule ORDER BY id`, func(r *sql.Rows) error {
		var p shop.PriceRule
		var kind string
		err := r.Scan(&p.ID, &p.Block, &p.Country, &kind, &p.Class, &p.Setup, &p.Yearly)
		if err == nil {
			p.Kind, err = anyKind(kind)
		}
		out.Prices = append(out.Prices, p)
		return err
	})
	read(`SELECT digits, why FROM reserved_form ORDER BY digits`, func(r *sql.Rows) error {
		var x shop.Reserved
		err := r.Scan(&x.Digits, &x.Why)
		out.Reserved = append(out.Reserved, x)
		return err
	})
	read(`SELECT id, country, kind, name FROM paper ORDER BY country, name`, func(r *sql.Rows) error {
		var p shop.Paper
		var kind string
		err := r.Scan(&p.ID, &p.Country, &kind, &p.Name)
		if err == nil {
			p.Kind, err = anyKind(kind)
		}
		out.Papers = append(out.Papers, p)
		return err
	})
	read(`SELECT value FROM setting WHERE name = 'review'`, func(r *sql.Rows) error {
		var s string
		err := r.Scan(&s)
		out.Review = shop.Review{Company: s == "company" || s == "both", Premium: s == "premium" || s == "both"}
		return err
	})
	return out, err
}

func reviewText(r shop.Review) string {
	switch {
	case r.Company && r.Premium:
		return "both"
	case r.Company:
		return "company"
	case r.Premium:
		return "premium"
	default:
		return "none"
	}
}

// ChangeCatalogue stores a change and who made it.
func (c *Catalogue) ChangeCatalogue(ctx context.Context, x shop.Change, when time.Time) error {
	return c.db.write(ctx, func(q querier) error {
		var err error
		do := func(query string, args ...any) {
			if err == nil {
				_, err = q.ExecContext(ctx, query, args...)
			}
		}
		for _, s := range x.Systems {
			do(`INSERT INTO number_system (country, individual, own_phone, company) VALUES ($1, $2, $3, $4)
				ON CONFLICT (country) DO UPDATE SET individual = excluded.individual, own_phone = excluded.own_phone, company = excluded.company`,
				s.Country, flag(s.Individual), flag(s.OwnPhone), flag(s.Company))
		}
		for _, b := range x.Blocks {
			do(`INSERT INTO number_block (id, kind, country, prefix, length, closed, note) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (id) DO UPDATE SET closed = excluded.closed, note = excluded.note`,
				b.ID, b.Kind.String(), b.Country, b.Prefix, b.Length, flag(b.Closed), b.Note)
		}
		for _, id := range x.DropPrices { // before the new ones, which may take their place
			do(`DELETE FROM price_rule WHERE id = $1`, id)
		}
		for _, p := range x.Prices {
			do(`INSERT INTO price_rule (id, block, country, kind, class, setup, yearly) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				p.ID, p.Block, p.Country, kindText(p.Kind), string(p.Class), p.Setup, p.Yearly)
		}
		for _, r := range x.Reserved {
			do(`INSERT INTO reserved_form (digits, why) VALUES ($1, $2) ON CONFLICT (digits) DO UPDATE SET why = excluded.why`, r.Digits, r.Why)
		}
		for _, d := range x.DropReserved {
			do(`DELETE FROM reserved_form WHERE digits = $1`, d)
		}
		for _, p := range x.Papers {
			do(`INSERT INTO paper (id, country, kind, name) VALUES ($1, $2, $3, $4)`, p.ID, p.Country, kindText(p.Kind), p.Name)
		}
		for _, id := range x.DropPapers {
			do(`DELETE FROM paper WHERE id = $1`, id)
		}
		if x.Review != nil {
			do(`INSERT INTO setting (name, value) VALUES ('review', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, reviewText(*x.Review))
		}
		do(`INSERT INTO operator_log (id, actor, detail, at) VALUES ($1, $2, $3, $4)`, ident.New("log", when), x.Actor, x.Detail, us(when))
		return err
	})
}
