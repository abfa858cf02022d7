package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
)

// Billing is the store of invoices of calls and what became of them.
type Billing struct{ db *DB }

// Billing gives billing its store.
func (d *DB) Billing() *Billing { return &Billing{d} }

type billingTx struct {
	walletTx
	paperTx
}

// Do runs a transaction of the book, the papers and the bills.
func (b *Billing) Do(ctx context.Context, f func(billing.Tx) error) error {
	return b.db.write(ctx, func(q querier) error {
		return f(billingTx{walletTx{ledgerTx{q}, autoTx{q, b.db.lock()}, outbox{q}, b.db.lock()}, paperTx{q, outbox{q}}})
	})
}

// Dequeue ends a task.
func (t billingTx) Dequeue(ctx context.Context, topic, key string) error {
	return t.paperTx.Dequeue(ctx, topic, key)
}

func (t billingTx) AddRemark(ctx context.Context, r member.Remark) error {
	return memberTx{q: t.q}.AddRemark(ctx, r)
}

// Event tells programs what a bill is.
func (t billingTx) Event(ctx context.Context, kind, key string, b billing.Bill, when time.Time) error {
	return tellAs(ctx, t.q, kind, "evt_"+strings.ReplaceAll(kind, ".", "_")+"_"+key, b.Account, billing.Tell(b, when), when)
}

const billColumns = `number, account, month, currency, after_seq, upto, calls, tax, tax_of, credited, asked, issued, due, state, step, stepped, ended`

func scanBill(row scanner) (b billing.Bill, err error) {
	var issued, due, stepped, ended int64
	err = row.Scan(&b.Number, &b.Account, &b.Month, &b.Currency, &b.After, &b.Upto, &b.Calls, &b.Tax, &b.TaxOf, &b.Credited, &b.Asked, &issued, &due, &b.State, &b.Step, &stepped, &ended)
	b.Issued, b.Due, b.Stepped, b.Ended = at(issued), at(due), at(stepped), at(ended)
	return b, err
}

func (t billingTx) PutBill(ctx context.Context, b billing.Bill) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO bill (`+billColumns+`) VALUES (`+places(1, 17)+`)`,
		b.Number, b.Account, string(b.Month), string(b.Currency), b.After, b.Upto, b.Calls, b.Tax, b.TaxOf, b.Credited, b.Asked, us(b.Issued), us(b.Due), string(b.State), b.Step, us(b.Stepped), us(b.Ended))
	return err
}

func (t billingTx) LockBill(ctx context.Context, number string) (billing.Bill, bool, error) {
	b, err := scanBill(t.q.QueryRowContext(ctx, `UPDATE bill SET number = number WHERE number = $1 RETURNING `+billColumns, number))
	found, err := one(err)
	return b, found, err
}

func (t billingTx) ChangeBill(ctx context.Context, b billing.Bill) error {
	_, err := t.q.ExecContext(ctx, `UPDATE bill SET credited = $2, state = $3, step = $4, stepped = $5, ended = $6 WHERE number = $1`,
		b.Number, b.Credited, string(b.State), b.Step, us(b.Stepped), us(b.Ended))
	return err
}

const creditColumns = `id, invoice, paper, micros, tax, reason, actor, at`

func scanCredit(row scanner) (c billing.Credit, err error) {
	var when int64
	err = row.Scan(&c.ID, &c.Invoice, &c.Paper, &c.Micros, &c.Tax, &c.Reason, &c.By, &when)
	c.At = at(when)
	return c, err
}

func (t billingTx) PutCredit(ctx context.Context, c billing.Credit) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO bill_credit (`+creditColumns+`) VALUES (`+places(1, 8)+`)`, c.ID, c.Invoice, c.Paper, c.Micros, c.Tax, c.Reason, c.By, us(c.At))
	return err
}

func (t billingTx) Credit(ctx context.Context, id string) (billing.Credit, bool, error) {
	c, err := scanCredit(t.q.QueryRowContext(ctx, `SELECT `+creditColumns+` FROM bill_credit WHERE id = $1`, id))
	found, err := one(err)
	return c, found, err
}

const standingColumns = `account, month, upto, balance, seen, dunned, paused, note`

func scanStanding(row scanner) (s billing.Standing, err error) {
	var paused int64
	err = row.Scan(&s.Account, &s.Month, &s.Upto, &s.Balance, &s.Seen, &s.Dunned, &paused, &s.Note)
	s.Paused = at(paused)
	return s, err
}

func (t billingTx) LockStanding(ctx context.Context, account string) (billing.Standing, error) {
	return scanStanding(t.q.QueryRowContext(ctx, `INSERT INTO bill_standing (`+standingColumns+`) VALUES ($1, '', 0, 0, 0, '', 0, '')
		ON CONFLICT (account) DO UPDATE SET account = excluded.account RETURNING `+standingColumns, account))
}

func (t billingTx) PutStanding(ctx context.Context, s billing.Standing) error {
	_, err := t.q.ExecContext(ctx, `UPDATE bill_standing SET month = $2, upto = $3, balance = $4, seen = $5, dunned = $6, paused = $7, note = $8 WHERE account = $1`,
		s.Account, string(s.Month), s.Upto, s.Balance, s.Seen, s.Dunned, us(s.Paused), s.Note)
	return err
}

func (t billingTx) Finish(ctx context.Context, m settlement.Month, when time.Time) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO bill_month (month, at) VALUES ($1, $2) ON CONFLICT (month) DO NOTHING`, string(m), us(when))
	return err
}

// Bill reads one.
func (b *Billing) Bill(ctx context.Context, number string) (billing.Bill, bool, error) {
	x, err := scanBill(b.db.read.QueryRowContext(ctx, `SELECT `+billColumns+` FROM bill WHERE number = $1`, number))
	found, err := one(err)
	return x, found, err
}

// Open lists bills that are not paid, the oldest first.
func (b *Billing) Open(ctx context.Context, account string) (list []billing.Bill, err error) {
	rows, err := b.db.read.QueryContext(ctx, `SELECT `+billColumns+` FROM bill WHERE state = 'open' AND ($1 = '' OR account = $1) ORDER BY issued, number`, account)
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanBill(rows)
		list = append(list, x)
		return err
	})
	return list, err
}

// Credits are those of an invoice, the oldest first.
func (b *Billing) Credits(ctx context.Context, invoice string) (list []billing.Credit, err error) {
	rows, err := b.db.read.QueryContext(ctx, `SELECT `+creditColumns+` FROM bill_credit WHERE invoice = $1 ORDER BY at, id`, invoice)
	err = each(rows, err, func(rows *sql.Rows) error {
		c, err := scanCredit(rows)
		list = append(list, c)
		return err
	})
	return list, err
}

// Standing is an account's.
func (b *Billing) Standing(ctx context.Context, account string) (billing.Standing, error) {
	s, err := scanStanding(b.db.read.QueryRowContext(ctx, `SELECT `+standingColumns+` FROM bill_standing WHERE account = $1`, account))
	if found, err := one(err); err != nil || found {
		return s, err
	}
	return billing.Standing{Account: account}, nil
}

// Finished is the last month that is invoiced.
func (b *Billing) Finished(ctx context.Context) (m settlement.Month, err error) {
	err = b.db.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(month), '') FROM bill_month`).Scan(&m)
	return m, err
}

// Unbilled lists accounts that had calls in a month, or are on credit, and were not
// billed for it. Charges are counted by a clock that may differ from the book's by a
// moment: the days around the month are looked at too.
func (b *Billing) Unbilled(ctx context.Context, c money.Currency, m settlement.Month) ([]string, error) {
	from, to := m.Span()
	rows, err := b.db.read.QueryContext(ctx, `SELECT account FROM call_spend s WHERE currency = $1 AND day >= $2 AND day <= $3
			AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.account = s.account AND b.month = $4)
		UNION SELECT account FROM wallet_terms w WHERE kind = 'postpaid' AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.account = w.account AND b.month = $4)
		UNION SELECT a.owner FROM ledger_account a WHERE a.kind = 'wallet' AND a.currency = $1 AND a.balance < 0 AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.account = a.owner AND b.month = $4)
		ORDER BY 1`, string(c), guard.Day(from)-1, guard.Day(to), string(m))
	return texts(rows, err)
}

// First is when the first call was charged, to the day.
func (b *Billing) First(ctx context.Context, c money.Currency) (time.Time, error) {
	var day sql.NullInt64
	err := b.db.read.QueryRowContext(ctx, `SELECT MIN(day) FROM call_spend WHERE currency = $1`, string(c)).Scan(&day)
	if err != nil || !day.Valid {
		return time.Time{}, err
	}
	return time.Unix(day.Int64*24*60*60, 0).UTC(), nil
}

// End is the last entry of a wallet before the first one of an instant or later.
func (b *Billing) End(ctx context.Context, id string, before time.Time) (seq, balance int64, err error) {
	err = b.db.read.QueryRowContext(ctx, `SELECT COALESCE((SELECT MIN(seq) - 1 FROM ledger_entry WHERE account = $1 AND at >= $2), entries) FROM ledger_account WHERE id = $1`, id, us(before)).Scan(&seq)
	if found, err := one(err); err != nil || !found {
		if err == nil {
			err = fault.New(fault.Unknown, "ledger_account", "There is no ledger account %s.", id)
		}
		return 0, 0, err
	}
	if seq == 0 {
		return 0, 0, nil
	}
	err = b.db.read.QueryRowContext(ctx, `SELECT balance FROM ledger_entry WHERE account = $1 AND seq = $2`, id, seq).Scan(&balance)
	return seq, balance, err
}

// atOnce is how many charges are read at a time.
const atOnce = 500

// Charges hands over the calls that were paid by entries of a wallet. The record of
// one is that of the call by which the account paid just so much.
func (b *Billing) Charges(ctx context.Context, account, id string, after, upto int64, limit int, do func(billing.Charge) error) error {
	for left := limit; ; {
		n := atOnce
		if limit > 0 {
			n = min(n, left)
		}
		list, err := b.charges(ctx, account, id, after, upto, n)
		if err != nil {
			return err
		}
		for _, c := range list {
			if err := do(c); err != nil {
				return err
			}
			after = c.Seq
		}
		if left -= len(list); len(list) < n || limit > 0 && left == 0 {
			return nil
		}
	}
}

func (b *Billing) charges(ctx context.Context, account, id string, after, upto int64, limit int) (list []billing.Charge, err error) {
	var ids []any
	var of []int // the charge of each
	rows, err := b.db.read.QueryContext(ctx, `SELECT e.seq, e.at, p.memo, -e.micros,
		COALESCE((SELECT MIN(r.id) FROM cdr r WHERE r.call_id = p.ref AND r.micros = -e.micros AND (r.payer = $1 OR r.payer = '' AND r.from_account = $1)), '')
		FROM ledger_entry e JOIN ledger_posting p ON p.id = e.posting WHERE e.account = $2 AND e.seq > $3 AND e.seq <= $4 AND p.kind = 'call' AND e.micros < 0
		ORDER BY e.seq LIMIT $5`, account, id, after, upto, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var c billing.Charge
		var when int64
		var record string
		err := rows.Scan(&c.Seq, &when, &c.Memo, &c.Micros, &record)
		c.At = at(when)
		if record != "" {
			ids, of = append(ids, record), append(of, len(list))
		}
		list = append(list, c)
		return err
	})
	if err != nil || len(ids) == 0 {
		return list, err
	}
	found := map[string]*cdr.Record{}
	rows, err = b.db.read.QueryContext(ctx, `SELECT `+cdrColumns+` FROM cdr WHERE id IN (`+places(1, len(ids))+`)`, ids...) //nolint:gosec // constants and $n only
	err = each(rows, err, func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		found[r.ID] = &r
		return err
	})
	for i, n := range of {
		list[n].Record = found[ids[i].(string)] //nolint:forcetypeassert // put there above
	}
	return list, err
}

// Moves are the other entries of a wallet. The invoice of an order or of a fee is
// there under the order's name, a fee's with the day that is in the posting's key.
func (b *Billing) Moves(ctx context.Context, id string, after, upto int64) (list []billing.Move, err error) {
	rows, err := b.db.read.QueryContext(ctx, `SELECT e.seq, e.at, p.kind, p.ref, p.memo, e.micros, COALESCE((SELECT MIN(i.number) FROM invoice i WHERE i.kind = 'invoice' AND i.order_id = p.ref
			AND (p.idem_key LIKE '%:' || i.period OR p.kind IN ('order', 'package'))), '')
		FROM ledger_entry e JOIN ledger_posting p ON p.id = e.posting WHERE e.account = $1 AND e.seq > $2 AND e.seq <= $3 AND (p.kind <> 'call' OR e.micros > 0) ORDER BY e.seq`, id, after, upto)
	err = each(rows, err, func(rows *sql.Rows) error {
		var m billing.Move
		var when int64
		err := rows.Scan(&m.Seq, &when, &m.Kind, &m.Ref, &m.Memo, &m.Micros, &m.Invoice)
		m.At = at(when)
		list = append(list, m)
		return err
	})
	return list, err
}

// Moved lists accounts with bills whose wallets have entries that were not looked at.
func (b *Billing) Moved(ctx context.Context, c money.Currency) ([]string, error) {
	rows, err := b.db.read.QueryContext(ctx, `SELECT DISTINCT b.account FROM bill b JOIN bill_standing s ON s.account = b.account JOIN ledger_account a ON a.id = 'wallet:' || b.account || ':' || b.currency
		WHERE b.state = 'open' AND b.currency = $1 AND a.entries > s.seen ORDER BY b.account`, string(c))
	return texts(rows, err)
}
