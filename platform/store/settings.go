package store

import (
	"context"
	"fmt"
)

// Setting reads a small value the house keeps, such as the realm.
func (d *DB) Setting(ctx context.Context, name string) (value string, found bool, err error) {
	found, err = one(d.read.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = $1`, name).Scan(&value))
	return value, found, err
}

// KeepSetting stores a value unless there is one, and returns what is stored:
// of two processes that start at once, both get the first one's.
func (d *DB) KeepSetting(ctx context.Context, name, value string) (string, error) {
	kept := ""
	err := d.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value); err != nil {
			return err
		}
		return q.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = $1`, name).Scan(&kept)
	})
	if err != nil {
		return "", fmt.Errorf("keep the setting %s: %w", name, err)
	}
	return kept, nil
}
