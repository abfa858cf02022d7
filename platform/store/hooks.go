package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/hook"
)

// Hooks is the store of webhooks.
type Hooks struct{ db *DB }

// Hooks gives webhooks their store.
func (d *DB) Hooks() *Hooks { return &Hooks{d} }

// hooked tells whether somebody wants an event of a type.
func hooked(ctx context.Context, q querier, kind string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM hook_endpoint WHERE disabled = 0 AND events LIKE $1`, `%"`+kind+`"%`).Scan(&n)
	return n > 0, err
}

// tellCalls queues the events of call records that this transaction stored, once
// each: of a record that was there already under another id there is no row.
func tellCalls(ctx context.Context, q querier, records []cdr.Record, now time.Time) error {
	if want, err := hooked(ctx, q, hook.CallEnded); err != nil || !want {
		return err
	}
	for i := range records {
		if _, err := q.ExecContext(ctx, `INSERT INTO hook_delivery (endpoint, event, type, ref, body, created, state, tries, due, status, error, done)
			SELECT e.id, 'evt_' || c.id, CAST($2 AS TEXT), c.id, '', CAST($3 AS BIGINT), 'waiting', 0, CAST($3 AS BIGINT), 0, '', 0 FROM hook_endpoint e JOIN cdr c ON c.id = $1
			WHERE e.disabled = 0 AND e.events LIKE $4 ON CONFLICT DO NOTHING`, records[i].ID, hook.CallEnded, us(now), `%"`+hook.CallEnded+`"%`); err != nil {
			return fmt.Errorf("queue the event of call %s: %w", records[i].CallID, err)
		}
	}
	return nil
}

// tell queues an event that carries its data itself, once for each id.
func tell(ctx context.Context, q querier, kind, id, ref, data string, now time.Time) error {
	_, err := q.ExecContext(ctx, `INSERT INTO hook_delivery (endpoint, event, type, ref, body, created, state, tries, due, status, error, done)
		SELECT id, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), 'waiting', 0, CAST($5 AS BIGINT), 0, '', 0 FROM hook_endpoint
		WHERE disabled = 0 AND events LIKE $6 ON CONFLICT DO NOTHING`, id, kind, ref, data, us(now), `%"`+kind+`"%`)
	return err
}

// tellAs is tell of data that is not JSON yet, if somebody wants it.
func tellAs(ctx context.Context, q querier, kind, id, ref string, data any, now time.Time) error {
	if want, err := hooked(ctx, q, kind); err != nil || !want {
		return err
	}
	text, err := json.Marshal(data)
	if err == nil {
		err = tell(ctx, q, kind, id, ref, string(text), now)
	}
	if err != nil {
		return fmt.Errorf("queue the event %s: %w", id, err)
	}
	return nil
}

// PutEndpoint keeps an address.
func (h *Hooks) PutEndpoint(ctx context.Context, e hook.Endpoint) error {
	events, err := json.Marshal(e.Events)
	if err != nil {
		return err
	}
	return h.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO hook_endpoint (id, url, events, secret, created, failing, disabled, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE SET failing = excluded.failing, disabled = excluded.disabled, why = excluded.why`,
			e.ID, e.URL, string(events), e.Sealed, us(e.Created), us(e.Failing), us(e.Disabled), e.Why)
		return err
	})
}

// DropEndpoint removes one with its deliveries.
func (h *Hooks) DropEndpoint(ctx context.Context, id string) (was bool, err error) {
	err = h.db.write(ctx, func(q querier) (err error) {
		if was, err = changed(q.ExecContext(ctx, `DELETE FROM hook_endpoint WHERE id = $1`, id)); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `DELETE FROM hook_delivery WHERE endpoint = $1`, id)
		return err
	})
	return was, err
}

// Endpoints lists the addresses, the oldest first.
func (h *Hooks) Endpoints(ctx context.Context) (list []hook.Endpoint, err error) {
	rows, err := h.db.read.QueryContext(ctx, `SELECT id, url, events, secret, created, failing, disabled, why FROM hook_endpoint ORDER BY created, id`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var e hook.Endpoint
		var events string
		var created, failing, disabled int64
		if err := rows.Scan(&e.ID, &e.URL, &events, &e.Sealed, &created, &failing, &disabled, &e.Why); err != nil {
			return err
		}
		e.Created, e.Failing, e.Disabled = at(created), at(failing), at(disabled)
		list = append(list, e)
		return json.Unmarshal([]byte(events), &list[len(list)-1].Events)
	})
	return list, err
}

const deliveryColumns = `endpoint, event, type, ref, body, created, state, tries, due, status, error, done`

func scanDelivery(row scanner) (d hook.Delivery, err error) {
	var created, due, done int64
	err = row.Scan(&d.Endpoint, &d.Event, &d.Type, &d.Ref, &d.Body, &created, &d.State, &d.Tries, &due, &d.Status, &d.Error, &done)
	d.Created, d.Due, d.Done = at(created), at(due), at(done)
	return d, err
}

// PutDelivery queues one, or again.
func (h *Hooks) PutDelivery(ctx context.Context, d hook.Delivery) error {
	return h.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO hook_delivery (`+deliveryColumns+`) VALUES (`+places(1, 12)+`)
			ON CONFLICT (endpoint, event) DO UPDATE SET state = excluded.state, tries = excluded.tries, due = excluded.due, status = excluded.status, error = excluded.error, done = excluded.done`,
			d.Endpoint, d.Event, d.Type, d.Ref, d.Body, us(d.Created), string(d.State), d.Tries, us(d.Due), d.Status, d.Error, us(d.Done))
		return err
	})
}

// Claim takes what is due at an address in use, the oldest first, and puts it off.
func (h *Hooks) Claim(ctx context.Context, endpoint string, now, until time.Time, limit int) (list []hook.Delivery, err error) {
	var due []hook.Delivery
	rows, err := h.db.read.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM hook_delivery WHERE endpoint = $1 AND state = 'waiting' AND due <= $2
		AND EXISTS (SELECT 1 FROM hook_endpoint e WHERE e.id = $1 AND e.disabled = 0) ORDER BY due, event LIMIT $3`, endpoint, us(now), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		d, err := scanDelivery(rows)
		due = append(due, d)
		return err
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = h.db.write(ctx, func(q querier) error {
		list = list[:0]
		for _, d := range due {
			mine, err := changed(q.ExecContext(ctx, `UPDATE hook_delivery SET due = $4 WHERE endpoint = $1 AND event = $2 AND state = 'waiting' AND due = $3`, d.Endpoint, d.Event, us(d.Due), us(until)))
			if err != nil {
				return err
			}
			if d.Claim = until; mine {
				list = append(list, d)
			}
		}
		return nil
	})
	return list, err
}

// Done keeps what came of a try, and since when its address fails.
func (h *Hooks) Done(ctx context.Context, d hook.Delivery, failing time.Time) error {
	return h.db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `UPDATE hook_delivery SET state = $3, tries = $4, due = $5, status = $6, error = $7, done = $8 WHERE endpoint = $1 AND event = $2 AND due = $9`,
			d.Endpoint, d.Event, string(d.State), d.Tries, us(d.Due), d.Status, d.Error, us(d.Done), us(d.Claim)); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `UPDATE hook_endpoint SET failing = $2 WHERE id = $1 AND failing <> $2`, d.Endpoint, us(failing))
		return err
	})
}

// Disable switches an address off that is in use.
func (h *Hooks) Disable(ctx context.Context, endpoint, why string, now time.Time) error {
	return h.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE hook_endpoint SET disabled = $2, why = $3 WHERE id = $1 AND disabled = 0`, endpoint, us(now), why)
		return err
	})
}

// Body is what is sent: the type, the time, and what happened.
func (h *Hooks) Body(ctx context.Context, d hook.Delivery) ([]byte, error) {
	data, err := json.RawMessage(d.Body), error(nil)
	if d.Type == hook.CallEnded {
		r, rerr := scanRecord(h.db.read.QueryRowContext(ctx, `SELECT `+cdrColumns+` FROM cdr WHERE id = $1`, d.Ref))
		if rerr != nil {
			return nil, fmt.Errorf("the record %s of an event: %w", d.Ref, rerr)
		}
		if data, err = json.Marshal(cdr.View(&r, "")); err != nil {
			return nil, err
		}
	}
	return json.Marshal(struct {
		Type string          `json:"type"`
		At   time.Time       `json:"timestamp"`
		Data json.RawMessage `json:"data"`
	}{d.Type, d.Created.UTC(), data})
}

// Forget removes what was done with before an instant.
func (h *Hooks) Forget(ctx context.Context, before time.Time) error {
	return h.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM hook_delivery WHERE state <> 'waiting' AND created < $1`, us(before))
		return err
	})
}

// Deliveries are those of an address, the newest first.
func (h *Hooks) Deliveries(ctx context.Context, endpoint, event, cursor string, limit int) (list []hook.Delivery, next string, err error) {
	args := []any{}
	w := clause{args: &args}
	w.and("endpoint = ?", endpoint)
	if event != "" {
		w.and("event = ?", event)
	}
	if cursor != "" {
		when, id, ok := strings.Cut(cursor, ".")
		created, err := strconv.ParseInt(when, 10, 64)
		if !ok || err != nil {
			return nil, "", fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
		w.and("(created < ? OR created = ? AND event < ?)", created, created, id)
	}
	text := strings.Join([]string{`SELECT`, deliveryColumns, `FROM hook_delivery`, w.String(), `ORDER BY created DESC, event DESC LIMIT`, strconv.Itoa(limit + 1)}, " ")
	rows, err := h.db.read.QueryContext(ctx, text, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		d, err := scanDelivery(rows)
		list = append(list, d)
		return err
	})
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = strconv.FormatInt(us(list[limit-1].Created), 10) + "." + list[limit-1].Event
	}
	return list, next, err
}
