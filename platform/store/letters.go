package store

import (
	"context"
	"database/sql"
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
	return l.db.write(ctx, func(q querier) error { return postLetter(ctx, q, x) })
}

func postLetter(ctx context.Context, q querier, x letter.Letter) error {
	fields, err := json.Marshal(x.Fields)
	if err != nil {
		return fmt.Errorf("post a letter: %w", err)
	}
	now := time.Now()
	_, err = q.ExecContext(ctx, `INSERT INTO letter (id, idem_key, account, address, language, kind, fields, tries, due, sent, failure, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, '', $8) ON CONFLICT (idem_key) DO NOTHING`,
		ident.New("let", now), x.Key, x.Account, x.To, x.Language, x.Kind, string(fields), us(now))
	return err
}

const letterColumns = `id, idem_key, account, address, language, kind, fields, tries, due, sent, failure, created`

func scanLetter(row scanner) (x letter.Queued, err error) {
	var fields string
	var due, sent, created int64
	if err = row.Scan(&x.ID, &x.Key, &x.Account, &x.To, &x.Language, &x.Kind, &fields, &x.Tries, &due, &sent, &x.Failure, &created); err != nil {
		return x, err
	}
	x.Due, x.Sent, x.Created = at(due), at(sent), at(created)
	if err := json.Unmarshal([]byte(fields), &x.Fields); err != nil {
		return x, fmt.Errorf("the letter %s cannot be read: %w", x.ID, err)
	}
	return x, nil
}

func letters(rows *sql.Rows, err error) ([]letter.Queued, error) {
	out := []letter.Queued{}
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanLetter(rows)
		out = append(out, x)
		return err
	})
	return out, err
}

// Take gives the letters that are due, and lets nobody else have them until
// the lease is over: who dies while sending loses nothing.
func (l *Letters) Take(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]letter.Queued, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+letterColumns+` FROM letter WHERE due > 0 AND due <= $1 ORDER BY due LIMIT $2`, us(now), limit)
	due, err := letters(rows, err)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	taken := make([]letter.Queued, 0, len(due))
	err = l.db.write(ctx, func(q querier) error {
		taken = taken[:0]
		for _, x := range due {
			ok, err := changed(q.ExecContext(ctx, `UPDATE letter SET due = $1, tries = tries + 1 WHERE id = $2 AND due = $3`, us(now.Add(lease)), x.ID, us(x.Due)))
			if err != nil {
				return err
			}
			if ok {
				y := x
				y.Tries, y.Due = x.Tries+1, now.Add(lease)
				taken = append(taken, y)
			}
		}
		return nil
	})
	return taken, err
}

// Sent notes that a mail server took a letter. What filled it is forgotten:
// links in it open accounts.
func (l *Letters) Sent(ctx context.Context, id string, when time.Time) error {
	return l.note(ctx, `UPDATE letter SET due = 0, sent = $1, failure = '', fields = '{}' WHERE id = $2`, us(when), id)
}

// Later notes why a letter could not be sent and when it is tried next; with
// the zero time it is given up.
func (l *Letters) Later(ctx context.Context, id string, due time.Time, failure string) error {
	return l.note(ctx, `UPDATE letter SET due = $1, failure = $2 WHERE id = $3 AND sent = 0`, us(due), failure, id)
}

// Again puts a letter that was given up back into the queue, for another five days.
func (l *Letters) Again(ctx context.Context, id string, now time.Time) error {
	return l.note(ctx, `UPDATE letter SET due = $1, created = $1, tries = 0 WHERE id = $2 AND sent = 0 AND due = 0`, us(now), id)
}

func (l *Letters) note(ctx context.Context, text string, args ...any) error {
	return l.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, text, args...)
		return err
	})
}

// Unsent lists letters that could not be sent so far, and those nobody tried
// for as long as waited, newest first: where no mail server is set up, or none
// runs, a letter has no failure.
func (l *Letters) Unsent(ctx context.Context, waited time.Duration, limit int) ([]letter.Queued, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+letterColumns+` FROM letter WHERE sent = 0 AND (failure <> '' OR created <= $2) ORDER BY id DESC LIMIT $1`,
		limit, us(time.Now().Add(-waited)))
	return letters(rows, err)
}

// Of lists the letters to an account, newest first.
func (l *Letters) Of(ctx context.Context, account string) ([]letter.Queued, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+letterColumns+` FROM letter WHERE account = $1 ORDER BY id DESC`, account)
	return letters(rows, err)
}
