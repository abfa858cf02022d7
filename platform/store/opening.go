package store

import (
	"context"
	"database/sql"

	"github.com/callisto-tel/callisto/business/opening"
)

// Openings keeps the countries that are being opened.
type Openings struct{ db *DB }

// Openings gives the opening of countries its store.
func (d *DB) Openings() *Openings { return &Openings{d} }

const openingColumns = `country, name, listen, carrier, emergency, tested, tested_ok, report, started, created`

func scanOpening(row scanner) (o opening.Opening, err error) {
	var tested, started, created int64
	err = row.Scan(&o.Country, &o.Name, &o.Listen, &o.Carrier, &o.Emergency, &tested, &o.TestedOK, &o.Report, &started, &created)
	o.TestedAt, o.Started, o.Created = at(tested), at(started), at(created)
	return o, err
}

// Openings lists all, in the order they were begun.
func (s *Openings) Openings(ctx context.Context) ([]opening.Opening, error) {
	out := []opening.Opening{}
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+openingColumns+` FROM opening ORDER BY created, country`)
	err = each(rows, err, func(rows *sql.Rows) error {
		o, err := scanOpening(rows)
		out = append(out, o)
		return err
	})
	return out, err
}

// Opening reads one.
func (s *Openings) Opening(ctx context.Context, country string) (opening.Opening, bool, error) {
	o, err := scanOpening(s.db.read.QueryRowContext(ctx, `SELECT `+openingColumns+` FROM opening WHERE country = $1`, country))
	found, err := one(err)
	return o, found, err
}

// PutOpening writes one.
func (s *Openings) PutOpening(ctx context.Context, o opening.Opening) error {
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO opening (`+openingColumns+`) VALUES (`+places(1, 10)+`) ON CONFLICT (country) DO UPDATE SET
			carrier = excluded.carrier, emergency = excluded.emergency, tested = excluded.tested, tested_ok = excluded.tested_ok, report = excluded.report,
			started = excluded.started`,
			o.Country, o.Name, o.Listen, o.Carrier, o.Emergency, us(o.TestedAt), flag(o.TestedOK), o.Report, us(o.Started), us(o.Created))
		return err
	})
}

// RemoveOpening forgets one.
func (s *Openings) RemoveOpening(ctx context.Context, country string) error {
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM opening WHERE country = $1 AND started = 0`, country)
		return err
	})
}
