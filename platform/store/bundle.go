package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/bundle"
)

// Packages is the store of packages of minutes.
type Packages struct{ db *DB }

// Packages gives the packages their store.
func (d *DB) Packages() *Packages { return &Packages{d} }

type packageTx struct {
	ledgerTx

	lock string
}

// Do runs a transaction.
func (p *Packages) Do(ctx context.Context, f func(bundle.Tx) error) error {
	return p.db.write(ctx, func(q querier) error { return f(packageTx{ledgerTx{q}, p.db.lock()}) })
}

const packageColumns = `id, name, names, currency, micros, seconds, prefixes, days, renews, state, created, changed`

func scanPackage(row scanner) (p bundle.Package, err error) {
	var names, prefixes string
	var created, changed int64
	if err := row.Scan(&p.ID, &p.Name, &names, &p.Price.Currency, &p.Price.Micros, &p.Seconds, &prefixes, &p.Days, &p.Renews, &p.State, &created, &changed); err != nil {
		return p, err
	}
	p.Created, p.Changed = at(created), at(changed)
	if err := json.Unmarshal([]byte(names), &p.Names); err != nil {
		return p, fmt.Errorf("the names of the package %s: %w", p.ID, err)
	}
	if err := json.Unmarshal([]byte(prefixes), &p.Prefixes); err != nil {
		return p, fmt.Errorf("the prefixes of the package %s: %w", p.ID, err)
	}
	return p, nil
}

// Packages lists all, the newest first.
func (p *Packages) Packages(ctx context.Context) (list []bundle.Package, err error) {
	rows, err := p.db.read.QueryContext(ctx, `SELECT `+packageColumns+` FROM package ORDER BY id DESC`)
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanPackage(rows)
		list = append(list, x)
		return err
	})
	return list, err
}

// AddPackage keeps a new one.
func (p *Packages) AddPackage(ctx context.Context, x bundle.Package) error {
	names, err := json.Marshal(x.Names)
	if err != nil {
		return fmt.Errorf("keep the package %s: %w", x.Name, err)
	}
	prefixes, err := json.Marshal(x.Prefixes)
	if err != nil {
		return fmt.Errorf("keep the package %s: %w", x.Name, err)
	}
	return p.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO package (`+packageColumns+`) VALUES (`+places(1, 12)+`)`, x.ID, x.Name, string(names), string(x.Price.Currency), x.Price.Micros,
			x.Seconds, string(prefixes), x.Days, flag(x.Renews), string(x.State), us(x.Created), us(x.Changed))
		return err
	})
}

// SetState says what may be done with one.
func (p *Packages) SetState(ctx context.Context, id string, s bundle.State, now time.Time) (found bool, err error) {
	err = p.db.write(ctx, func(q querier) error {
		found, err = changed(q.ExecContext(ctx, `UPDATE package SET state = $2, changed = $3 WHERE id = $1`, id, string(s), us(now)))
		return err
	})
	return found, err
}

const (
	allowanceColumns = `id, purchase, period, account, package, currency, net, tax_name, tax_rate, tax, country, anchor, step, begins, ends,
		total, used, held, earned, looked, told, quiet, renews, closed`
	allowanceQuery = `SELECT a.id, a.purchase, a.period, a.account, a.package, a.currency, a.net, a.tax_name, a.tax_rate, a.tax, a.country, a.anchor, a.step, a.begins, a.ends,
		a.total, a.used, a.held, a.earned, a.looked, a.told, a.quiet, a.renews, a.closed, p.name, p.names, p.prefixes FROM allowance a JOIN package p ON p.id = a.package `
)

func scanAllowance(row scanner) (a bundle.Allowance, err error) {
	var anchor, begins, ends int64
	var names, prefixes string
	err = row.Scan(&a.ID, &a.Purchase, &a.Period, &a.Account, &a.Package, &a.Net.Currency, &a.Net.Micros, &a.Tax.Name, &a.Tax.Rate, &a.Tax.Micros, &a.Tax.Country,
		&anchor, &a.Step, &begins, &ends, &a.Total, &a.Used, &a.Held, &a.Earned, &a.Looked, &a.Told, &a.Quiet, &a.Renews, &a.Closed, &a.Name, &names, &prefixes)
	if err != nil {
		return a, err
	}
	a.Anchor, a.Begins, a.Ends = at(anchor), at(begins), at(ends)
	if err := json.Unmarshal([]byte(names), &a.Names); err != nil {
		return a, fmt.Errorf("the names of the package %s: %w", a.Package, err)
	}
	if err := json.Unmarshal([]byte(prefixes), &a.Prefixes); err != nil {
		return a, fmt.Errorf("the prefixes of the package %s: %w", a.Package, err)
	}
	return a, nil
}

func allowances(ctx context.Context, q querier, query string, args ...any) (list []bundle.Allowance, err error) {
	rows, err := q.QueryContext(ctx, allowanceQuery+query, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		a, err := scanAllowance(rows)
		list = append(list, a)
		return err
	})
	return list, err
}

// lockRows is lock for a statement that joins: only rows of the allowance.
func lockRows(lock string) string {
	if lock != "" {
		lock += " OF a"
	}
	return lock
}

// Allowances lists those of an account, the latest end first.
func (p *Packages) Allowances(ctx context.Context, account string, limit int) ([]bundle.Allowance, error) {
	return allowances(ctx, p.db.read, `WHERE a.account = $1 ORDER BY a.ends DESC, a.id DESC LIMIT $2`, account, limit)
}

// Allowance reads one.
func (p *Packages) Allowance(ctx context.Context, id string) (bundle.Allowance, bool, error) {
	a, err := scanAllowance(p.db.read.QueryRowContext(ctx, allowanceQuery+`WHERE a.id = $1`, id))
	found, err := one(err)
	return a, found, err
}

// Due lists what is to be seen to.
func (p *Packages) Due(ctx context.Context, ends time.Time, day int64, after string, limit int) ([]string, error) {
	rows, err := p.db.read.QueryContext(ctx, `SELECT id FROM allowance WHERE closed = 0 AND id > $1
		AND (ends <= $2 OR looked < $3 OR told < 100 AND used >= total OR told < 80 AND used * 5 >= total * 4) ORDER BY id LIMIT $4`, after, us(ends), day, limit)
	return texts(rows, err)
}

// Package reads one; PostgreSQL keeps its state from being changed.
func (t packageTx) Package(ctx context.Context, id string) (bundle.Package, bool, error) {
	p, err := scanPackage(t.q.QueryRowContext(ctx, `SELECT `+packageColumns+` FROM package WHERE id = $1`+strings.Replace(t.lock, "UPDATE", "SHARE", 1), id))
	found, err := one(err)
	return p, found, err
}

func (t packageTx) LockAllowance(ctx context.Context, id string) (bundle.Allowance, bool, error) {
	a, err := scanAllowance(t.q.QueryRowContext(ctx, allowanceQuery+`WHERE a.id = $1`+lockRows(t.lock), id))
	found, err := one(err)
	return a, found, err
}

func (t packageTx) CountLive(ctx context.Context, account string, now time.Time) (n int, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM allowance WHERE account = $1 AND ends > $2`, account, us(now)).Scan(&n)
	return n, err
}

// AddAllowance keeps one, and leaves its invoice to be written.
func (t packageTx) AddAllowance(ctx context.Context, a bundle.Allowance) (bool, error) {
	fresh, err := changed(t.q.ExecContext(ctx, `INSERT INTO allowance (`+allowanceColumns+`) VALUES (`+places(1, 24)+`) ON CONFLICT DO NOTHING`,
		a.ID, a.Purchase, a.Period, a.Account, a.Package, string(a.Net.Currency), a.Net.Micros, a.Tax.Name, a.Tax.Rate, a.Tax.Micros, a.Tax.Country, us(a.Anchor), a.Step,
		us(a.Begins), us(a.Ends), a.Total, a.Used, a.Held, a.Earned, a.Looked, a.Told, flag(a.Quiet), flag(a.Renews), flag(a.Closed)))
	if err != nil || !fresh {
		return fresh, err
	}
	return true, outbox{t.q}.Enqueue(ctx, bundle.TopicPaper, a.ID)
}

func (t packageTx) PutAllowance(ctx context.Context, a bundle.Allowance) error {
	_, err := t.q.ExecContext(ctx, `UPDATE allowance SET earned = $2, looked = $3, told = $4, quiet = $5, renews = $6, closed = $7 WHERE id = $1`,
		a.ID, a.Earned, a.Looked, a.Told, flag(a.Quiet), flag(a.Renews), flag(a.Closed))
	return err
}

func (t packageTx) Tell(ctx context.Context, account, kind, key string, fields map[string]string) error {
	return shopTx{q: t.q}.Write(ctx, account, kind, key, fields)
}

// Live lists allowances of an account on which calls may begin at an instant, each
// with its row locked.
func (t chargingTx) Live(ctx context.Context, account string, now time.Time) ([]bundle.Allowance, error) {
	return allowances(ctx, t.q, `WHERE a.account = $1 AND a.ends > $2 AND a.begins <= $2 ORDER BY a.id`+lockRows(t.lock), account, us(now))
}

// Draw holds more seconds of an allowance, which must be locked, for a call.
func (t chargingTx) Draw(ctx context.Context, h bundle.Hold) error {
	ok, err := changed(t.q.ExecContext(ctx, `UPDATE allowance SET held = held + $2 WHERE id = $1 AND used + held + $2 <= total`, h.Allowance, h.Seconds))
	if err == nil && !ok {
		err = fmt.Errorf("the package %s has less than is to be held", h.Allowance)
	}
	if err != nil {
		return err
	}
	_, err = t.q.ExecContext(ctx, `INSERT INTO package_hold (hold, allowance, account, turn, seconds, owner, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (hold, allowance) DO UPDATE SET seconds = package_hold.seconds + excluded.seconds`,
		h.Hold, h.Allowance, h.Account, h.Turn, h.Seconds, h.Owner, us(h.Expires))
	return err
}

// Drawn lists what is held for a call, in the order it is used.
func (t chargingTx) Drawn(ctx context.Context, hold string) (list []bundle.Hold, err error) {
	return drawn(ctx, t.q, `SELECT hold, allowance, account, turn, seconds, owner, expires FROM package_hold WHERE hold = $1 ORDER BY turn`, hold)
}

func drawn(ctx context.Context, q querier, query string, args ...any) (list []bundle.Hold, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		var h bundle.Hold
		var expires int64
		err := rows.Scan(&h.Hold, &h.Allowance, &h.Account, &h.Turn, &h.Seconds, &h.Owner, &expires)
		h.Expires = at(expires)
		list = append(list, h)
		return err
	})
	return list, err
}

// Keep has what is held for a call last longer.
func (t chargingTx) Keep(ctx context.Context, hold string, expires time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE package_hold SET expires = $2 WHERE hold = $1`, hold, us(expires))
	return err
}

// GiveBack lets go what is held for a call, and returns it. As everywhere the
// allowances are locked first.
func (t chargingTx) GiveBack(ctx context.Context, hold string) (list []bundle.Hold, err error) {
	if t.lock != "" {
		rows, err := t.q.QueryContext(ctx, `SELECT id FROM allowance WHERE id IN (SELECT allowance FROM package_hold WHERE hold = $1) ORDER BY id`+t.lock, hold)
		if err := each(rows, err, func(*sql.Rows) error { return nil }); err != nil {
			return nil, err
		}
	}
	list, err = t.Drawn(ctx, hold)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if _, err := t.q.ExecContext(ctx, `DELETE FROM package_hold WHERE hold = $1`, hold); err != nil {
		return nil, err
	}
	for _, h := range list {
		if _, err := t.q.ExecContext(ctx, `UPDATE allowance SET held = held - $2 WHERE id = $1`, h.Allowance, h.Seconds); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Use counts seconds that a call used, and says of which package.
func (t chargingTx) Use(ctx context.Context, allowance string, seconds int64) (pkg, name string, err error) {
	err = t.q.QueryRowContext(ctx, `UPDATE allowance SET used = used + $2 WHERE id = $1 RETURNING package, (SELECT p.name FROM package p WHERE p.id = allowance.package)`, allowance, seconds).Scan(&pkg, &name)
	return pkg, name, err
}

// LeftOver lists calls for which seconds are held beyond an instant, the oldest
// first.
func (c *Charging) LeftOver(ctx context.Context, before time.Time, limit int) (list []string, err error) {
	rows, err := c.db.read.QueryContext(ctx, `SELECT hold, MAX(expires) FROM package_hold GROUP BY hold HAVING MAX(expires) < $1 ORDER BY MAX(expires), hold LIMIT $2`, us(before), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		var expires int64
		err := rows.Scan(&id, &expires)
		list = append(list, id)
		return err
	})
	return list, err
}
