package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/letter"
)

const alertColumns = `id, kind, subject, first, last, calls, text, evidence, state, note, actor, changed`

// Raise keeps an alert. One of the kind and subject that is not closed is brought
// up to date.
func (g *Guard) Raise(ctx context.Context, a guard.Alert) (fresh bool, err error) {
	evidence, err := json.Marshal(a.Evidence)
	if err != nil {
		return false, err
	}
	err = g.db.write(ctx, func(q querier) error {
		fresh, err = changed(q.ExecContext(ctx, `INSERT INTO guard_alert (`+alertColumns+`) VALUES (`+places(1, 12)+`) ON CONFLICT DO NOTHING`,
			a.ID, string(a.Kind), a.Subject, us(a.First), us(a.Last), a.Count, a.Text, string(evidence), string(a.State), a.Note, a.By, us(a.Changed)))
		if err != nil {
			return err
		}
		if fresh {
			return tellAlert(ctx, q, a)
		}
		_, err := q.ExecContext(ctx, `UPDATE guard_alert SET last = $3, calls = $4, text = $5, evidence = $6 WHERE kind = $1 AND subject = $2 AND state <> 'closed'`,
			string(a.Kind), a.Subject, us(a.Last), a.Count, a.Text, string(evidence))
		return err
	})
	return fresh, err
}

func scanAlert(row scanner) (a guard.Alert, err error) {
	var first, last, when int64
	var evidence string
	if err := row.Scan(&a.ID, &a.Kind, &a.Subject, &first, &last, &a.Count, &a.Text, &evidence, &a.State, &a.Note, &a.By, &when); err != nil {
		return a, err
	}
	a.First, a.Last, a.Changed = at(first), at(last), at(when)
	if err := json.Unmarshal([]byte(evidence), &a.Evidence); err != nil {
		return a, fmt.Errorf("the evidence of alert %s: %w", a.ID, err)
	}
	return a, nil
}

// Alerts lists them, the latest first.
func (g *Guard) Alerts(ctx context.Context, f guard.AlertFilter) ([]guard.Alert, error) {
	list := []guard.Alert{}
	rows, err := g.db.read.QueryContext(ctx, `SELECT `+alertColumns+` FROM guard_alert
		WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`, string(f.Kind), string(f.State), f.Before, f.Limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		a, err := scanAlert(rows)
		list = append(list, a)
		return err
	})
	return list, err
}

// Alert finds one.
func (g *Guard) Alert(ctx context.Context, id string) (guard.Alert, bool, error) {
	a, err := scanAlert(g.db.read.QueryRowContext(ctx, `SELECT `+alertColumns+` FROM guard_alert WHERE id = $1`, id))
	found, err := one(err)
	return a, found, err
}

// SetAlert keeps what the operator made of one. One that is opened again while
// there is a newer of its kind and subject stays closed.
func (g *Guard) SetAlert(ctx context.Context, a guard.Alert) error {
	return g.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE guard_alert SET note = $2, actor = $3, changed = $4,
			state = CASE WHEN $5 <> 'closed' AND EXISTS (SELECT 1 FROM guard_alert o WHERE o.kind = guard_alert.kind AND o.subject = guard_alert.subject AND o.state <> 'closed' AND o.id <> guard_alert.id)
			THEN state ELSE $5 END WHERE id = $1`, a.ID, a.Note, a.By, us(a.Changed), string(a.State))
		return err
	})
}

// Days are what an account's calls did cost on each day since one, in the house's
// currency or another.
func (g *Guard) Days(ctx context.Context, account string, since int64) (map[int64]int64, error) {
	out := map[int64]int64{}
	rows, err := g.db.read.QueryContext(ctx, `SELECT day, micros FROM call_spend WHERE account = $1 AND day >= $2`, account, since)
	err = each(rows, err, func(rows *sql.Rows) error {
		var day, micros int64
		err := rows.Scan(&day, &micros)
		out[day] += micros
		return err
	})
	return out, err
}

// TellOperators queues a letter to each who runs the house.
func (d *DB) TellOperators(ctx context.Context, kind, key string, fields map[string]string) error {
	var to []letter.Letter
	rows, err := d.read.QueryContext(ctx, `SELECT id, email, language FROM account WHERE role = 'operator' AND email <> '' AND erased = 0`)
	err = each(rows, err, func(rows *sql.Rows) error {
		x := letter.Letter{Kind: kind, Fields: fields}
		err := rows.Scan(&x.Account, &x.To, &x.Language)
		x.Key = key + ":" + x.Account
		to = append(to, x)
		return err
	})
	if err != nil {
		return err
	}
	return d.write(ctx, func(q querier) error { return postLetters(ctx, q, to) })
}
