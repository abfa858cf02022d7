package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/letter"
)

// Letters is the queue of letters to be sent. A letter posted is kept until it
// was handed to a mail server.
type Letters struct{ db *DB }

// Letters gives the post its queue.
func (d *DB) Letters() *Letters { return &Letters{d} }

// Post queues a letter; posting it again changes nothing.
func (l *Letters) Post(ctx context.Context, x letter.Letter) error {
	fields, err := json.Marshal(x.Fields)
	if err != nil {
		return fmt.Errorf("post a letter: %w", err)
	}
	now := time.Now()
	return l.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO letter (id, idem_key, account, address, language, kind, fields, tries, due, sent, failure, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, '', $8) ON CONFLICT (idem_key) DO NOTHING`,
			ident.New("let", now), x.Key, x.Account, x.To, x.Language, x.Kind, string(fields), us(now))
		return err
	})
}
