package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
)

// Ledger is the book's store.
type Ledger struct{ db *DB }

// Ledger gives the book its store.
func (d *DB) Ledger() *Ledger { return &Ledger{d} }

// Do runs a transaction of the book.
func (l *Ledger) Do(ctx context.Context, f func(ledger.Tx) error) error {
	return l.db.write(ctx, func(q querier) error { return f(ledgerTx{q}) })
}

type ledgerTx struct{ q querier }

func (t ledgerTx) Open(ctx context.Context, a ledger.Account) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO ledger_account (id, kind, owner, currency, balance, lowest, entries, opened)
		VALUES ($1, $2, $3, $4, 0, $5, 0, $6) ON CONFLICT (id) DO NOTHING`, a.ID, string(a.Kind), a.Owner, string(a.Currency), a.Floor, us(a.Opened))
	return err
}

func (t ledgerTx) ByKey(ctx context.Context, key string) (ledger.Posted, bool, error) {
	p := ledger.Posted{Posting: ledger.Posting{Key: key}}
	var when int64
	found, err := one(t.q.QueryRowContext(ctx, `SELECT id, kind, ref, memo, reverses, at FROM ledger_posting WHERE idem_key = $1`, key).
		Scan(&p.ID, &p.Kind, &p.Ref, &p.Memo, &p.Reverses, &when))
	if err != nil || !found {
		return ledger.Posted{}, found, err
	}
	p.At = at(when)
	rows, err := t.q.QueryContext(ctx, `SELECT account, currency, micros FROM ledger_entry WHERE posting = $1 ORDER BY account, seq`, p.ID)
	err = each(rows, err, func(rows *sql.Rows) error {
		var e ledger.Entry
		if err := rows.Scan(&e.Account, &e.Amount.Currency, &e.Amount.Micros); err != nil {
			return err
		}
		p.Entries = append(p.Entries, e)
		return nil
	})
	return p, true, err
}

const ledgerAccountColumns = `id, kind, owner, currency, balance, held, lowest, opened`

func ledgerAccount(ctx context.Context, q querier, id string) (ledger.Account, bool, error) {
	var a ledger.Account
	var opened int64
	found, err := one(q.QueryRowContext(ctx, `SELECT `+ledgerAccountColumns+` FROM ledger_account WHERE id = $1`, id).
		Scan(&a.ID, &a.Kind, &a.Owner, &a.Currency, &a.Balance, &a.Held, &a.Floor, &opened))
	a.Opened = at(opened)
	return a, found, err
}

// Lock changes nothing of the account; in PostgreSQL its row is ours until the
// commit, in SQLite all of them are.
func (t ledgerTx) Lock(ctx context.Context, id string) (a ledger.Account, found bool, err error) {
	var opened int64
	found, err = one(t.q.QueryRowContext(ctx, `UPDATE ledger_account SET held = held WHERE id = $1 RETURNING `+ledgerAccountColumns, id).
		Scan(&a.ID, &a.Kind, &a.Owner, &a.Currency, &a.Balance, &a.Held, &a.Floor, &opened))
	a.Opened = at(opened)
	return a, found, err
}

const holdColumns = `id, account, currency, micros, ref, owner, expires`

func scanHold(row scanner) (h ledger.Hold, err error) {
	var expires int64
	err = row.Scan(&h.ID, &h.Account, &h.Amount.Currency, &h.Amount.Micros, &h.Ref, &h.Owner, &expires)
	h.Expires = at(expires)
	return h, err
}

func (t ledgerTx) Hold(ctx context.Context, id string) (ledger.Hold, bool, error) {
	h, err := scanHold(t.q.QueryRowContext(ctx, `UPDATE ledger_hold SET micros = micros WHERE id = $1 RETURNING `+holdColumns, id))
	found, err := one(err)
	return h, found, err
}

func (t ledgerTx) NewHold(ctx context.Context, h ledger.Hold) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO ledger_hold (`+holdColumns+`)
		SELECT $1, id, currency, CAST($4 AS BIGINT), $5, $6, CAST($7 AS BIGINT) FROM ledger_account WHERE id = $2 AND currency = $3 ON CONFLICT (id) DO NOTHING`,
		h.ID, h.Account, string(h.Amount.Currency), h.Amount.Micros, h.Ref, h.Owner, us(h.Expires)))
}

func (t ledgerTx) PutHold(ctx context.Context, h ledger.Hold, more int64) error {
	if ok, err := changed(t.q.ExecContext(ctx, `UPDATE ledger_hold SET micros = $2, expires = $3 WHERE id = $1`, h.ID, h.Amount.Micros, us(h.Expires))); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("the hold %s is gone", h.ID)
	}
	ok, err := changed(t.q.ExecContext(ctx, `UPDATE ledger_account SET held = held + $1 WHERE id = $2 AND balance - held - $1 >= lowest`, more, h.Account))
	if err == nil && !ok {
		err = fmt.Errorf("the account %s has less than is to be held", h.Account)
	}
	return err
}

func (t ledgerTx) TakeHold(ctx context.Context, id string) (ledger.Hold, bool, error) {
	h, err := scanHold(t.q.QueryRowContext(ctx, `DELETE FROM ledger_hold WHERE id = $1 RETURNING `+holdColumns, id))
	found, err := one(err)
	return h, found, err
}

func (t ledgerTx) Unhold(ctx context.Context, account string, micros int64) error {
	_, err := t.q.ExecContext(ctx, `UPDATE ledger_account SET held = held - $1 WHERE id = $2`, micros, account)
	return err
}

func (t ledgerTx) Account(ctx context.Context, id string) (ledger.Account, bool, error) {
	return ledgerAccount(ctx, t.q, id)
}

// Account reads an account.
func (l *Ledger) Account(ctx context.Context, id string) (ledger.Account, bool, error) {
	return ledgerAccount(ctx, l.db.read, id)
}

// Expired lists holds whose end was before an instant, the oldest first.
func (l *Ledger) Expired(ctx context.Context, before time.Time, limit int) (list []ledger.Hold, err error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+holdColumns+` FROM ledger_hold WHERE expires < $1 ORDER BY expires, id LIMIT $2`, us(before), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		h, err := scanHold(rows)
		list = append(list, h)
		return err
	})
	return list, err
}

// Lines lists entries, newest first.
func (l *Ledger) Lines(ctx context.Context, account string, before int64, limit int) ([]ledger.Line, error) {
	if before == 0 {
		before = 1 << 62
	}
	out := []ledger.Line{}
	rows, err := l.db.read.QueryContext(ctx, `SELECT e.seq, e.posting, p.kind, p.ref, p.memo, e.at, e.currency, e.micros, e.balance
		FROM ledger_entry e JOIN ledger_posting p ON p.id = e.posting WHERE e.account = $1 AND e.seq < $2 ORDER BY e.seq DESC LIMIT $3`, account, before, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var x ledger.Line
		var when int64
		if err := rows.Scan(&x.Seq, &x.Posting, &x.Kind, &x.Ref, &x.Memo, &when, &x.Amount.Currency, &x.Amount.Micros, &x.Balance.Micros); err != nil {
			return err
		}
		x.At, x.Balance.Currency = at(when), x.Amount.Currency
		out = append(out, x)
		return nil
	})
	return out, err
}

// audits are questions whose every answer is a fault of the book.
func audits() []struct{ text, query string } {
	return []struct{ text, query string }{
		{"debits and credits of posting %s differ in %s by %d micros",
			`SELECT posting, currency, CAST(SUM(micros) AS BIGINT) FROM ledger_entry GROUP BY posting, currency HAVING SUM(micros) <> 0 LIMIT 20`},
		{"the balance of %s (%s) differs from its entries by %d micros",
			`SELECT a.id, a.currency, CAST(a.balance - COALESCE(SUM(e.micros), 0) AS BIGINT) FROM ledger_account a LEFT JOIN ledger_entry e ON e.account = a.id
			 GROUP BY a.id, a.currency, a.balance HAVING a.balance <> COALESCE(SUM(e.micros), 0) LIMIT 20`},
		{"entries are missing from %s (%s): %d are gone",
			`SELECT a.id, a.currency, CAST(a.entries - COUNT(e.seq) AS BIGINT) FROM ledger_account a LEFT JOIN ledger_entry e ON e.account = a.id
			 GROUP BY a.id, a.currency, a.entries HAVING a.entries <> COUNT(e.seq) LIMIT 20`},
		{"the account %s (%s) is %d micros under its floor",
			`SELECT id, currency, CAST(lowest - balance + held AS BIGINT) FROM ledger_account WHERE balance - held < lowest LIMIT 20`},
		{"what is held of %s (%s) differs from its holds by %d micros",
			`SELECT a.id, a.currency, CAST(a.held - COALESCE(SUM(h.micros), 0) AS BIGINT) FROM ledger_account a LEFT JOIN ledger_hold h ON h.account = a.id
			 GROUP BY a.id, a.currency, a.held HAVING a.held <> COALESCE(SUM(h.micros), 0) LIMIT 20`},
		{"an entry of %s is in %s, which is not the account's currency (%d micros)",
			`SELECT e.account, e.currency, e.micros FROM ledger_entry e JOIN ledger_account a ON a.id = e.account WHERE a.currency <> e.currency LIMIT 20`},
		{"entries of the posting %s of %s are left without it or without their account: %d",
			`SELECT e.posting, e.account, CAST(COUNT(*) AS BIGINT) FROM ledger_entry e LEFT JOIN ledger_posting p ON p.id = e.posting
			 LEFT JOIN ledger_account a ON a.id = e.account WHERE p.id IS NULL OR a.id IS NULL GROUP BY e.posting, e.account LIMIT 20`},
		{"the hold %s is of %s, which is not there: %d micros",
			`SELECT h.id, h.account, h.micros FROM ledger_hold h LEFT JOIN ledger_account a ON a.id = h.account WHERE a.id IS NULL LIMIT 20`},
		{"what is held of the package %s of %s differs from its holds by %d seconds",
			`SELECT a.id, a.account, CAST(a.held - COALESCE(SUM(h.seconds), 0) AS BIGINT) FROM allowance a LEFT JOIN package_hold h ON h.allowance = a.id
			 GROUP BY a.id, a.account, a.held HAVING a.held <> COALESCE(SUM(h.seconds), 0) LIMIT 20`},
		{"what is paid and not earned in %s (%s) differs from what packages have left by %d micros",
			`SELECT l.id, l.currency, CAST(l.balance - COALESCE(SUM(a.net - a.earned), 0) AS BIGINT) FROM ledger_account l LEFT JOIN allowance a ON a.currency = l.currency
			 WHERE l.id = 'deferred:packages:' || l.currency GROUP BY l.id, l.currency, l.balance HAVING l.balance <> COALESCE(SUM(a.net - a.earned), 0) LIMIT 20`},
		{"the posting %s (%s) has %d entries",
			`SELECT p.id, p.idem_key, CAST(COUNT(e.seq) AS BIGINT) FROM ledger_posting p LEFT JOIN ledger_entry e ON e.posting = p.id
			 GROUP BY p.id, p.idem_key HAVING COUNT(e.seq) < 2 LIMIT 20`},
	}
}

// Audit checks the book in one snapshot: sums by posting, in all, and by
// account.
func (l *Ledger) Audit(ctx context.Context) (ledger.Report, error) {
	var r ledger.Report
	opts := &sql.TxOptions{ReadOnly: true}
	if l.db.engine == "postgres" {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := l.db.read.BeginTx(ctx, opts)
	if err != nil {
		return r, fmt.Errorf("begin the audit: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	err = tx.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM ledger_posting), (SELECT COUNT(*) FROM ledger_entry), (SELECT COUNT(*) FROM ledger_account), (SELECT COUNT(*) FROM (SELECT id FROM ledger_hold UNION SELECT hold FROM package_hold) h)`).
		Scan(&r.Postings, &r.Entries, &r.Accounts, &r.Holds)
	if err != nil {
		return r, fmt.Errorf("count the book: %w", err)
	}
	rows, err := tx.QueryContext(ctx, `SELECT currency, CAST(SUM(CASE WHEN micros > 0 THEN micros ELSE 0 END) AS BIGINT),
		CAST(SUM(CASE WHEN micros < 0 THEN -micros ELSE 0 END) AS BIGINT) FROM ledger_entry GROUP BY currency ORDER BY currency`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var c money.Currency
		var credits, debits int64
		if err := rows.Scan(&c, &credits, &debits); err != nil {
			return err
		}
		r.Sums = append(r.Sums, ledger.Sum{Currency: c, Debits: debits, Credits: credits})
		if credits != debits {
			r.Faults = append(r.Faults, fmt.Sprintf("all debits in %s are %d micros, all credits %d", c, debits, credits))
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("sum the book: %w", err)
	}
	for _, a := range audits() {
		rows, err := tx.QueryContext(ctx, a.query)
		err = each(rows, err, func(rows *sql.Rows) error {
			var x, y string
			var n int64
			if err := rows.Scan(&x, &y, &n); err != nil {
				return err
			}
			r.Faults = append(r.Faults, fmt.Sprintf(a.text, x, y, n))
			return nil
		})
		if err != nil {
			return r, fmt.Errorf("audit (%s): %w", a.text, err)
		}
	}
	return r, nil
}
