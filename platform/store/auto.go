package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// autoTx is wallets that are filled by themselves, in a transaction.
type autoTx struct {
	q    querier
	lock string
}

const autoColumns = `account, customer, method, brand, last4, expires, setup, look, below, adds, most, active, armed, seen, stopped, changed`

func scanAuto(row scanner) (a payment.Auto, err error) {
	var look, changed int64
	err = row.Scan(&a.Account, &a.Customer, &a.Card.Method, &a.Card.Brand, &a.Card.Last4, &a.Card.Until, &a.Setup, &look,
		&a.Rule.Below.Micros, &a.Rule.Add.Micros, &a.Rule.Most.Micros, &a.On, &a.Armed, &a.Seen, &a.Stopped, &changed)
	a.Look, a.Changed = at(look), at(changed)
	return a, err
}

func autoOf(ctx context.Context, q querier, account, lock string) (payment.Auto, bool, error) {
	a, err := scanAuto(q.QueryRowContext(ctx, `SELECT `+autoColumns+` FROM auto_top_up WHERE account = $1`+lock, account))
	found, err := one(err)
	return a, found, err
}

func (t autoTx) Auto(ctx context.Context, account string) (payment.Auto, bool, error) {
	return autoOf(ctx, t.q, account, t.lock)
}

func (t autoTx) PutAuto(ctx context.Context, a payment.Auto) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO auto_top_up (`+autoColumns+`) VALUES (`+places(1, 16)+`)
		ON CONFLICT (account) DO UPDATE SET customer = excluded.customer, method = excluded.method, brand = excluded.brand, last4 = excluded.last4, expires = excluded.expires,
		setup = excluded.setup, look = excluded.look, below = excluded.below, adds = excluded.adds, most = excluded.most, active = excluded.active, armed = excluded.armed,
		seen = excluded.seen, stopped = excluded.stopped, changed = excluded.changed`,
		a.Account, a.Customer, a.Card.Method, a.Card.Brand, a.Card.Last4, a.Card.Until, a.Setup, us(a.Look), a.Rule.Below.Micros, a.Rule.Add.Micros, a.Rule.Most.Micros,
		flag(a.On), flag(a.Armed), a.Seen, string(a.Stopped), us(a.Changed))
	return err
}

func (t autoTx) Hindered(ctx context.Context, account string) (bool, error) {
	var n int
	return one(t.q.QueryRowContext(ctx, `SELECT 1 WHERE EXISTS (SELECT 1 FROM incoming WHERE account = $1 AND dispute = 'open')
		OR EXISTS (SELECT 1 FROM wallet_terms WHERE account = $1 AND suspended <> '')
		OR NOT EXISTS (SELECT 1 FROM account WHERE id = $1 AND barred = 0 AND erased = 0)`, account).Scan(&n))
}

func charged(ctx context.Context, q querier, account string, since time.Time) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(SUM(micros), 0) FROM auto_charge WHERE account = $1 AND created >= $2 AND state IN ('waiting', 'done')`, account, us(since)).Scan(&n)
	return n, err
}

func (t autoTx) Charged(ctx context.Context, account string, since time.Time) (int64, error) {
	return charged(ctx, t.q, account, since)
}

const chargeColumns = `id, account, customer, method, currency, micros, state, payment, refused, asked, due, error, created`

func scanCharge(row scanner) (c payment.AutoCharge, err error) {
	var due, created int64
	err = row.Scan(&c.ID, &c.Account, &c.Customer, &c.Method, &c.Amount.Currency, &c.Amount.Micros, &c.State, &c.Payment, &c.Refused, &c.Asked, &due, &c.Error, &created)
	c.Due, c.Created = at(due), at(created)
	return c, err
}

func (t autoTx) OrderCharge(ctx context.Context, c payment.AutoCharge) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO auto_charge (`+chargeColumns+`) VALUES (`+places(1, 13)+`) ON CONFLICT (account) WHERE state = 'waiting' DO NOTHING`,
		c.ID, c.Account, c.Customer, c.Method, string(c.Amount.Currency), c.Amount.Micros, string(c.State), c.Payment, c.Refused, c.Asked, us(c.Due), c.Error, us(c.Created)))
}

func (t autoTx) Charge(ctx context.Context, id string) (payment.AutoCharge, bool, error) {
	c, err := scanCharge(t.q.QueryRowContext(ctx, `SELECT `+chargeColumns+` FROM auto_charge WHERE id = $1`+t.lock, id))
	found, err := one(err)
	return c, found, err
}

func (t autoTx) ChangeCharge(ctx context.Context, c payment.AutoCharge) error {
	_, err := t.q.ExecContext(ctx, `UPDATE auto_charge SET state = $2, payment = $3, refused = $4, asked = $5, due = $6, error = $7 WHERE id = $1`,
		c.ID, string(c.State), c.Payment, c.Refused, c.Asked, us(c.Due), c.Error)
	return err
}

func (t autoTx) WaitingCharge(ctx context.Context, account string) (payment.AutoCharge, bool, error) {
	return waitingCharge(ctx, t.q, account, t.lock)
}

func waitingCharge(ctx context.Context, q querier, account, lock string) (payment.AutoCharge, bool, error) {
	c, err := scanCharge(q.QueryRowContext(ctx, `SELECT `+chargeColumns+` FROM auto_charge WHERE account = $1 AND state = 'waiting'`+lock, account))
	found, err := one(err)
	return c, found, err
}

// AutoOf is how a wallet is filled by itself, what was charged for it since an
// instant, and whether a charge waits.
func (p *Payments) AutoOf(ctx context.Context, account string, since time.Time) (v payment.AutoView, err error) {
	if v.Auto, _, err = autoOf(ctx, p.db.read, account, ""); err != nil {
		return v, err
	}
	if v.Added.Micros, err = charged(ctx, p.db.read, account, since); err != nil {
		return v, err
	}
	_, v.Waiting, err = waitingCharge(ctx, p.db.read, account, "")
	return v, err
}

// Setups lists accounts in which a card is being saved that the provider is to be
// asked about.
func (p *Payments) Setups(ctx context.Context, now time.Time, limit int) ([]string, error) {
	rows, err := p.db.read.QueryContext(ctx, `SELECT account FROM auto_top_up WHERE look > 0 AND look <= $1 ORDER BY look LIMIT $2`, us(now), limit)
	return texts(rows, err)
}

// SetupOf is whose card is being saved in a session.
func (p *Payments) SetupOf(ctx context.Context, session string) (string, bool, error) {
	var account string
	found, err := one(p.db.read.QueryRowContext(ctx, `SELECT account FROM auto_top_up WHERE setup = $1 AND setup <> ''`, session).Scan(&account))
	return account, found, err
}

// DueCharges lists charges that are to be asked for, or about.
func (p *Payments) DueCharges(ctx context.Context, now time.Time, limit int) (list []payment.AutoCharge, err error) {
	rows, err := p.db.read.QueryContext(ctx, `SELECT `+chargeColumns+` FROM auto_charge WHERE state = 'waiting' AND due <= $1 ORDER BY due LIMIT $2`, us(now), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		c, err := scanCharge(rows)
		list = append(list, c)
		return err
	})
	return list, err
}

// Wanting lists accounts whose rule says that money is to be added.
func (w *Wallets) Wanting(ctx context.Context, c money.Currency, account, after string, limit int) ([]string, error) {
	rows, err := w.db.read.QueryContext(ctx, `SELECT t.account FROM auto_top_up t JOIN ledger_account a ON a.id = 'wallet:' || t.account || ':' || CAST($1 AS TEXT)
		WHERE t.active = 1 AND a.balance - a.lowest - a.held < t.below AND (t.account = $2 OR $2 = '') AND t.account > $3
		AND NOT EXISTS (SELECT 1 FROM auto_charge x WHERE x.account = t.account AND x.state = 'waiting') ORDER BY t.account LIMIT $4`,
		string(c), account, after, limit)
	return texts(rows, err)
}

// Tasks lists unfinished work.
func (w *Wallets) Tasks(ctx context.Context, topic string, limit int) ([]string, error) {
	return tasks(ctx, w.db.read, topic, limit)
}
