package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/wallet"
)

// Charging is the store of calls under way that cost.
type Charging struct {
	db    *DB
	calls *Calls
}

// Charging gives charging its store.
func (d *DB) Charging() *Charging { return &Charging{d, d.Calls()} }

type chargingTx struct {
	ledgerTx

	calls *Calls
	lock  string
}

// Do runs a transaction of the book and the call records.
func (c *Charging) Do(ctx context.Context, f func(charging.Tx) error) error {
	return c.db.write(ctx, func(q querier) error { return f(chargingTx{ledgerTx{q}, c.calls, c.db.lock()}) })
}

func (t chargingTx) PutOpen(ctx context.Context, o charging.Open) error {
	ask, err := json.Marshal(o.Ask)
	if err != nil {
		return fmt.Errorf("keep the call %s: %w", o.Record.CallID, err)
	}
	record, err := json.Marshal(o.Record)
	if err != nil {
		return fmt.Errorf("keep the call %s: %w", o.Record.CallID, err)
	}
	_, err = t.q.ExecContext(ctx, `INSERT INTO call_open (hold, epoch, ask, record, answered) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hold) DO NOTHING`,
		o.Hold, o.Epoch, string(ask), string(record), us(o.Record.Answer))
	return err
}

func (t chargingTx) DropOpen(ctx context.Context, hold string) (bool, error) {
	return changed(t.q.ExecContext(ctx, `DELETE FROM call_open WHERE hold = $1`, hold))
}

func (t chargingTx) Append(ctx context.Context, r cdr.Record) error {
	return t.calls.insert(ctx, t.q, []cdr.Record{r})
}

func (t chargingTx) WasCut(ctx context.Context, account, to string) error {
	return outbox{t.q}.Enqueue(ctx, wallet.TopicCut, wallet.CutTask(account, to))
}

// Beat notes that a process lives.
func (c *Charging) Beat(ctx context.Context, epoch string, now time.Time) error {
	return c.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO charging_epoch (id, seen) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen = excluded.seen`, epoch, us(now))
		return err
	})
}

// Leave forgets a process that has no calls any more; of one that has, the calls
// are orphans from now on.
func (c *Charging) Leave(ctx context.Context, epoch string) error {
	return c.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM charging_epoch WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM call_open WHERE epoch = $1)
			AND NOT EXISTS (SELECT 1 FROM ledger_hold WHERE owner = $1) AND NOT EXISTS (SELECT 1 FROM package_hold WHERE owner = $1)`, epoch)
		return err
	})
}

// Idle lists holds of processes but one that have not been heard since an instant,
// for calls that were not answered.
func (c *Charging) Idle(ctx context.Context, but string, since time.Time, limit int) (list []string, err error) {
	rows, err := c.db.read.QueryContext(ctx, `SELECT h.id FROM (SELECT id, owner FROM ledger_hold UNION SELECT hold, owner FROM package_hold) h JOIN charging_epoch e ON e.id = h.owner
		WHERE e.seen < $1 AND e.id <> $2 AND NOT EXISTS (SELECT 1 FROM call_open o WHERE o.hold = h.id) ORDER BY h.id LIMIT $3`, us(since), but, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		list = append(list, id)
		return err
	})
	return list, err
}

// Orphans lists calls of processes but one that have not been heard since an instant. A
// call that was answered after its process was last heard counts from then: one
// without calls need not speak.
func (c *Charging) Orphans(ctx context.Context, but string, since time.Time, limit int) (list []charging.Orphan, err error) {
	const seen = `CASE WHEN COALESCE(e.seen, 0) < o.answered THEN o.answered ELSE e.seen END`
	rows, err := c.db.read.QueryContext(ctx, `SELECT o.hold, o.epoch, o.ask, o.record, `+seen+` FROM call_open o
		LEFT JOIN charging_epoch e ON e.id = o.epoch WHERE o.epoch <> $1 AND `+seen+` < $2 ORDER BY o.answered LIMIT $3`, but, us(since), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var o charging.Orphan
		var ask, record string
		var seen int64
		if err := rows.Scan(&o.Hold, &o.Epoch, &ask, &record, &seen); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(ask), &o.Ask); err != nil {
			return fmt.Errorf("the open call of %s: %w", o.Hold, err)
		}
		if err := json.Unmarshal([]byte(record), &o.Record); err != nil {
			return fmt.Errorf("the open call of %s: %w", o.Hold, err)
		}
		o.Seen = at(seen)
		list = append(list, o)
		return nil
	})
	return list, err
}
