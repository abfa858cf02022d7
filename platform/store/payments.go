package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/payment"
)

// Payments is the cashier's store.
type Payments struct{ db *DB }

// Payments gives the cashier its store.
func (d *DB) Payments() *Payments { return &Payments{d} }

// Do runs a transaction.
func (p *Payments) Do(ctx context.Context, f func(cashier.Tx) error) error {
	return p.db.write(ctx, func(q querier) error { return f(paymentTx{q, outbox{q}, autoTx{q, p.db.lock()}, p.db.lock()}) })
}

type paymentTx struct {
	q querier
	outbox
	autoTx
	lock string
}

func (t paymentTx) Write(ctx context.Context, account, kind, key string, fields map[string]string) error {
	return shopTx{q: t.q}.Write(ctx, account, kind, key, fields)
}

const checkoutColumns = `id, order_id, account, session, url, currency, micros, state, expires, look, created`

func scanCheckout(row scanner) (c payment.Checkout, err error) {
	var expires, look, created int64
	err = row.Scan(&c.ID, &c.Order, &c.Account, &c.Session, &c.URL, &c.Amount.Currency, &c.Amount.Micros, &c.State, &expires, &look, &created)
	c.Expires, c.Look, c.Created = at(expires), at(look), at(created)
	return c, err
}

func (t paymentTx) InsertCheckout(ctx context.Context, c payment.Checkout) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO checkout (`+checkoutColumns+`) VALUES (`+places(1, 11)+`)
		ON CONFLICT (order_id) WHERE state IN ('opening', 'open') DO NOTHING`,
		c.ID, c.Order, c.Account, c.Session, c.URL, string(c.Amount.Currency), c.Amount.Micros, string(c.State), us(c.Expires), us(c.Look), us(c.Created)))
}

func (t paymentTx) ChangeCheckout(ctx context.Context, c payment.Checkout) error {
	_, err := t.q.ExecContext(ctx, `UPDATE checkout SET session = $1, url = $2, state = $3, look = $4 WHERE id = $5`,
		c.Session, c.URL, string(c.State), us(c.Look), c.ID)
	return err
}

func (t paymentTx) OpenCheckout(ctx context.Context, order string) (payment.Checkout, bool, error) {
	c, err := scanCheckout(t.q.QueryRowContext(ctx, `SELECT `+checkoutColumns+` FROM checkout WHERE order_id = $1 AND state IN ('opening', 'open')`+t.lock, order))
	found, err := one(err)
	return c, found, err
}

func (t paymentTx) CheckoutOf(ctx context.Context, session string) (payment.Checkout, bool, error) {
	c, err := scanCheckout(t.q.QueryRowContext(ctx, `SELECT `+checkoutColumns+` FROM checkout WHERE session = $1 AND session <> ''`, session))
	found, err := one(err)
	return c, found, err
}

func (t paymentTx) Noted(ctx context.Context, id string) (bool, error) {
	var n int
	return one(t.q.QueryRowContext(ctx, `SELECT 1 FROM provider_event WHERE id = $1`, id).Scan(&n))
}

func (t paymentTx) NoteEvent(ctx context.Context, id, kind string, when time.Time) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO provider_event (id, kind, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`, id, kind, us(when)))
}

const incomingColumns = `id, method, account, order_id, currency, micros, payer, reference, state, note, sent_back, taken, dispute, received`

func scanIncoming(row scanner) (in payment.Incoming, err error) {
	var received int64
	err = row.Scan(&in.ID, &in.Method, &in.Account, &in.Order, &in.Amount.Currency, &in.Amount.Micros, &in.Payer, &in.Reference, &in.State, &in.Note,
		&in.SentBack, &in.Taken, &in.Dispute, &received)
	in.Received = at(received)
	return in, err
}

func (t paymentTx) InsertIncoming(ctx context.Context, in payment.Incoming) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO incoming (`+incomingColumns+`) VALUES (`+places(1, 14)+`) ON CONFLICT (id) DO NOTHING`,
		in.ID, string(in.Method), in.Account, in.Order, string(in.Amount.Currency), in.Amount.Micros, in.Payer, in.Reference, string(in.State), in.Note,
		in.SentBack, in.Taken, in.Dispute, us(in.Received)))
}

func (t paymentTx) Incoming(ctx context.Context, id string) (payment.Incoming, bool, error) {
	in, err := scanIncoming(t.q.QueryRowContext(ctx, `SELECT `+incomingColumns+` FROM incoming WHERE id = $1`+t.lock, id))
	found, err := one(err)
	return in, found, err
}

func (t paymentTx) ChangeIncoming(ctx context.Context, in payment.Incoming) error {
	_, err := t.q.ExecContext(ctx, `UPDATE incoming SET account = $1, order_id = $2, state = $3, note = $4, sent_back = $5, taken = $6, dispute = $7 WHERE id = $8`,
		in.Account, in.Order, string(in.State), in.Note, in.SentBack, in.Taken, in.Dispute, in.ID)
	return err
}

func (t paymentTx) InsertTransfer(ctx context.Context, x cashier.Transfer) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO bank_reference (reference, order_id, created) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, x.Reference, x.Order, us(x.Created)))
}

func (t paymentTx) transfer(ctx context.Context, by, value string) (x cashier.Transfer, found bool, err error) {
	var created int64
	found, err = one(t.q.QueryRowContext(ctx, `SELECT reference, order_id, created FROM bank_reference WHERE `+by+` = $1`, value).Scan(&x.Reference, &x.Order, &created))
	x.Created = at(created)
	return x, found, err
}

func (t paymentTx) Transfer(ctx context.Context, order string) (cashier.Transfer, bool, error) {
	return t.transfer(ctx, "order_id", order)
}

func (t paymentTx) TransferBy(ctx context.Context, reference string) (cashier.Transfer, bool, error) {
	return t.transfer(ctx, "reference", reference)
}

// Deposit is money that came from outside.
func (p *Payments) Deposit(ctx context.Context, id string) (payment.Incoming, bool, error) {
	in, err := scanIncoming(p.db.read.QueryRowContext(ctx, `SELECT `+incomingColumns+` FROM incoming WHERE id = $1`, id))
	found, err := one(err)
	return in, found, err
}

// Tasks lists unfinished work.
func (p *Payments) Tasks(ctx context.Context, topic string, limit int) ([]string, error) {
	return tasks(ctx, p.db.read, topic, limit)
}

// Looks lists checkouts the provider is to be asked about.
func (p *Payments) Looks(ctx context.Context, now time.Time, limit int) ([]payment.Checkout, error) {
	var out []payment.Checkout
	rows, err := p.db.read.QueryContext(ctx, `SELECT `+checkoutColumns+` FROM checkout WHERE look > 0 AND look <= $1 AND session <> '' ORDER BY look LIMIT $2`, us(now), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		c, err := scanCheckout(rows)
		out = append(out, c)
		return err
	})
	return out, err
}

// Incomings lists money, newest first.
func (p *Payments) Incomings(ctx context.Context, f cashier.Filter) ([]payment.Incoming, error) {
	before, id := int64(1)<<62, ""
	if f.Before != "" {
		when, last, _ := strings.Cut(f.Before, ",")
		t, err := time.Parse(time.RFC3339Nano, when)
		if err != nil {
			return nil, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
		before, id = us(t), last
	}
	out := []payment.Incoming{}
	rows, err := p.db.read.QueryContext(ctx, `SELECT `+incomingColumns+` FROM incoming WHERE (state = $1 OR $1 = '') AND (received < $2 OR received = $2 AND id < $3)
		ORDER BY received DESC, id DESC LIMIT $4`, string(f.State), before, id, f.Limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		in, err := scanIncoming(rows)
		out = append(out, in)
		return err
	})
	return out, err
}
