package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/publish"
)

// Published keeps what numbers let everybody see.
type Published struct{ db *DB }

// Published gives it its store.
func (d *DB) Published() *Published { return &Published{d} }

// Card reads what a membership publishes.
func (s *Published) Card(ctx context.Context, membership string) (c publish.Card, err error) {
	var text string
	var unlisted int64
	found, err := one(s.db.read.QueryRowContext(ctx, `SELECT published, unlisted FROM membership WHERE id = $1`, membership).Scan(&text, &unlisted))
	if c.Unlisted = unlisted == 1; err != nil || !found || text == "" {
		return c, err
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("what %s publishes cannot be read: %w", membership, err)
	}
	return c, nil
}

// SetCard writes it.
func (s *Published) SetCard(ctx context.Context, membership string, c publish.Card) error {
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE membership SET published = $1, unlisted = $2 WHERE id = $3`, packed(c), flag(c.Unlisted), membership)
		return err
	})
}

// Post queues a letter.
func (s *Published) Post(ctx context.Context, l letter.Letter) error {
	return s.db.Letters().Post(ctx, l)
}
