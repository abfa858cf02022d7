package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/callisto-tel/callisto/business/prompt"
)

// Prompts keeps the operator's recordings.
type Prompts struct{ db *DB }

// Prompts gives the recordings their store.
func (d *DB) Prompts() *Prompts { return &Prompts{d} }

// Recordings reads them all.
func (s *Prompts) Recordings(ctx context.Context) ([]prompt.Recording, error) {
	var out []prompt.Recording
	rows, err := s.db.read.QueryContext(ctx, `SELECT name, body, account, made FROM prompt_recording ORDER BY name`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var r prompt.Recording
		var made int64
		err := rows.Scan(&r.Name, &r.Ulaw, &r.By, &made)
		r.At = at(made)
		out = append(out, r)
		return err
	})
	return out, err
}

// PutRecording keeps one in the place of the one before.
func (s *Prompts) PutRecording(ctx context.Context, r prompt.Recording) error {
	err := s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO prompt_recording (name, body, account, made) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET body = excluded.body, account = excluded.account, made = excluded.made`, r.Name, r.Ulaw, r.By, us(r.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a recorded prompt: %w", err)
	}
	return nil
}

// RemoveRecording removes one; false if there was none.
func (s *Prompts) RemoveRecording(ctx context.Context, name string) (removed bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		removed, err = changed(q.ExecContext(ctx, `DELETE FROM prompt_recording WHERE name = $1`, name))
		return err
	})
	return removed, err
}
