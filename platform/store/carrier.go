package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/callisto-tel/callisto/business/carrier"
)

// Carriers keeps the carriers; their passwords come to it sealed.
type Carriers struct{ db *DB }

// Carriers gives the carriers their store.
func (d *DB) Carriers() *Carriers { return &Carriers{d} }

const carrierColumns = `id, center, name, host, transport, sip_user, sealed, realm, presents, format, assert, created`

// Carriers lists them, oldest first.
func (s *Carriers) Carriers(ctx context.Context) ([]carrier.Sealed, error) {
	var out []carrier.Sealed
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+carrierColumns+` FROM carrier ORDER BY created, id`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var c carrier.Sealed
		var created int64
		err := rows.Scan(&c.ID, &c.Center, &c.Name, &c.Host, &c.Transport, &c.User, &c.Password, &c.Realm, &c.Presents, &c.Format, &c.Assert, &created)
		c.Created = at(created)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the carriers: %w", err)
	}
	return out, nil
}

func carrierRow(c *carrier.Sealed) []any {
	return []any{c.ID, string(c.Center), c.Name, c.Host, string(c.Transport), c.User, c.Password, c.Realm, c.Presents, string(c.Format), flag(c.Assert)}
}

// InsertCarrier adds one.
func (s *Carriers) InsertCarrier(ctx context.Context, c carrier.Sealed) error {
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO carrier (`+carrierColumns+`) VALUES (`+places(1, 12)+`)`, append(carrierRow(&c), us(c.Created))...)
		return err
	})
}

// ChangeCarrier replaces one; false if it is gone.
func (s *Carriers) ChangeCarrier(ctx context.Context, c carrier.Sealed) (found bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		found, err = changed(q.ExecContext(ctx, `UPDATE carrier SET center = $2, name = $3, host = $4, transport = $5, sip_user = $6, sealed = $7, realm = $8,
			presents = $9, format = $10, assert = $11 WHERE id = $1`, carrierRow(&c)...))
		return err
	})
	return found, err
}

// RemoveCarrier removes one; false if it is gone.
func (s *Carriers) RemoveCarrier(ctx context.Context, id string) (found bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		found, err = changed(q.ExecContext(ctx, `DELETE FROM carrier WHERE id = $1`, id))
		return err
	})
	return found, err
}
