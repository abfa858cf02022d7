package store

import (
	"context"
	"fmt"
	"time"
)

// Answers remembers what was answered to a request with an idempotency key.
type Answers struct{ db *DB }

// Answers gives the HTTP interface its memory of answers.
func (d *DB) Answers() *Answers { return &Answers{d} }

// Answer is one remembered answer; Status 0 means that it is being worked on.
type Answer struct {
	Digest string
	Status int
	Type   string
	Body   []byte
}

// longestWork is longer than any request is worked on.
const longestWork = 2 * time.Minute

// Claim takes a key of an account for a request. If another request has it,
// that one's answer is returned and fresh is false. Keys older than life are
// forgotten on the way, and so is this one if nobody can be working on it any
// more: the process was stopped, and the retry is what the key is for.
func (a *Answers) Claim(ctx context.Context, account, key, digest string, now time.Time, life time.Duration) (stored Answer, fresh bool, err error) {
	err = a.db.write(ctx, func(q querier) error {
		stored, fresh = Answer{}, false
		if _, err := q.ExecContext(ctx, `DELETE FROM answer WHERE claimed < $1`, us(now.Add(-life))); err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM answer WHERE account = $1 AND key = $2 AND status = 0 AND claimed < $3`, account, key, us(now.Add(-longestWork))); err != nil {
			return err
		}
		fresh, err = changed(q.ExecContext(ctx, `INSERT INTO answer (account, key, digest, status, type, body, claimed) VALUES ($1, $2, $3, 0, '', '', $4)
			ON CONFLICT (account, key) DO NOTHING`, account, key, digest, us(now)))
		if err != nil || fresh {
			return err
		}
		var body string
		err := q.QueryRowContext(ctx, `SELECT digest, status, type, body FROM answer WHERE account = $1 AND key = $2`, account, key).
			Scan(&stored.Digest, &stored.Status, &stored.Type, &body)
		stored.Body = []byte(body)
		return err
	})
	if err != nil {
		return Answer{}, false, fmt.Errorf("claim an idempotency key: %w", err)
	}
	return stored, fresh, nil
}

// Keep stores the answer of a claimed key.
func (a *Answers) Keep(ctx context.Context, account, key string, x Answer) error {
	return a.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE answer SET status = $3, type = $4, body = $5 WHERE account = $1 AND key = $2`, account, key, x.Status, x.Type, string(x.Body))
		return err
	})
}

// Drop frees a claimed key: its request came to nothing.
func (a *Answers) Drop(ctx context.Context, account, key string) error {
	return a.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM answer WHERE account = $1 AND key = $2`, account, key)
		return err
	})
}
