package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
)

// Carriers keeps the carriers; their passwords come to it sealed.
type Carriers struct{ db *DB }

// Carriers gives the carriers their store.
func (d *DB) Carriers() *Carriers { return &Carriers{d} }

const carrierColumns = `id, center, kind, name, document, created`

// Carriers lists them, oldest first.
func (s *Carriers) Carriers(ctx context.Context) ([]carrier.Sealed, error) {
	var out []carrier.Sealed
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+carrierColumns+` FROM carrier ORDER BY created, id`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var c carrier.Sealed
		var id, where, kind, name, document string
		var created int64
		if err := rows.Scan(&id, &where, &kind, &name, &document, &created); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(document), &c.Carrier); err != nil {
			return fmt.Errorf("the carrier %s: %w", id, err)
		}
		c.ID, c.Center, c.Name, c.Kind, c.Created = id, center.ID(where), name, carrier.Kind(kind), at(created)
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the carriers: %w", err)
	}
	return out, nil
}

func carrierRow(c *carrier.Sealed) ([]any, error) {
	document, err := json.Marshal(c.Carrier)
	return []any{c.ID, string(c.Center), string(c.Kind), c.Name, string(document)}, err
}

// InsertCarrier adds one.
func (s *Carriers) InsertCarrier(ctx context.Context, c carrier.Sealed) error {
	row, err := carrierRow(&c)
	if err != nil {
		return err
	}
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO carrier (`+carrierColumns+`) VALUES (`+places(1, 6)+`)`, append(row, us(c.Created))...)
		return err
	})
}

// ChangeCarrier replaces one; false if it is gone.
func (s *Carriers) ChangeCarrier(ctx context.Context, c carrier.Sealed) (found bool, err error) {
	row, err := carrierRow(&c)
	if err != nil {
		return false, err
	}
	err = s.db.write(ctx, func(q querier) error {
		found, err = changed(q.ExecContext(ctx, `UPDATE carrier SET center = $2, kind = $3, name = $4, document = $5 WHERE id = $1`, row...))
		return err
	})
	return found, err
}

// RemoveCarrier removes one; what it asked stays, for what was charged by it.
// False if it is gone.
func (s *Carriers) RemoveCarrier(ctx context.Context, id string) (found bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		found, err = changed(q.ExecContext(ctx, `DELETE FROM carrier WHERE id = $1`, id))
		return err
	})
	return found, err
}
