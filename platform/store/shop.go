package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// Shop is the hub's store of orders and claims.
type Shop struct{ db *DB }

// Shop gives the shop its store.
func (d *DB) Shop() *Shop { return &Shop{d} }

// Do runs a transaction of the hub.
func (s *Shop) Do(ctx context.Context, f func(shop.Tx) error) error {
	return s.db.write(ctx, func(q querier) error { return f(shopTx{q, outbox{q}}) })
}

type shopTx struct {
	q querier
	outbox
}

// outbox is the rows of unfinished work.
type outbox struct{ q querier }

// Enqueue leaves a task; leaving it twice is once.
func (o outbox) Enqueue(ctx context.Context, topic, ref string) error {
	_, err := o.q.ExecContext(ctx, `INSERT INTO outbox (topic, ref, created) VALUES ($1, $2, $3) ON CONFLICT (topic, ref) DO NOTHING`, topic, ref, time.Now().UnixMicro())
	return err
}

// Dequeue takes a finished task away.
func (o outbox) Dequeue(ctx context.Context, topic, ref string) error {
	_, err := o.q.ExecContext(ctx, `DELETE FROM outbox WHERE topic = $1 AND ref = $2`, topic, ref)
	return err
}

func tasks(ctx context.Context, q querier, topic string, limit int) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT ref FROM outbox WHERE topic = $1 ORDER BY created, ref LIMIT $2`, topic, limit)
	return texts(rows, err)
}

func texts(rows *sql.Rows, err error) ([]string, error) {
	var out []string
	err = each(rows, err, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

const orderColumns = `id, account, kind, calling_code, national, country, countries, refuse, proved, off_in, state,
	reason_code, reason_text, currency, micros, held_until, settling, version, created, updated,
	class, setup, yearly, tax_name, tax_rate, tax, method, extended, standing, until, reminded, tax_country, paid_by, prove_by, prove_asked, fee`

type scanner interface{ Scan(dest ...any) error }

func scanOrder(row scanner) (o shop.Order, err error) {
	var kind, countries, off string
	var held, created, updated, until, proveBy int64
	err = row.Scan(&o.ID, &o.Account, &kind, &o.Number.CallingCode, &o.Number.National, &o.Country, &countries, &o.Refuse, &o.Proved, &off, &o.State,
		&o.Reason.Code, &o.Reason.Text, &o.AmountDue.Currency, &o.AmountDue.Micros, &held, &o.Settling, &o.Version, &created, &updated,
		&o.Class, &o.Setup, &o.Yearly, &o.Tax.Name, &o.Tax.Rate, &o.Tax.Micros, &o.Method, &o.Extended, &o.Standing, &until, &o.Reminded, &o.Tax.Country, &o.PaidBy, &proveBy, &o.ProveAsked, &o.Fee)
	if err != nil {
		return o, err
	}
	if o.Number.Kind, err = numbering.ParseKind(kind); err != nil {
		return o, err
	}
	o.HeldUntil, o.Created, o.Updated, o.Until = at(held), at(created), at(updated), at(until)
	o.ProveBy = at(proveBy)
	if o.Countries, err = list(countries); err != nil {
		return o, err
	}
	o.OffIn, err = list(off)
	return o, err
}

// list reads a JSON list; pack writes it.
func list(s string) (out []string, err error) {
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		return nil, fmt.Errorf("a list in the database cannot be read: %w", err)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func pack[T any](in []T) string {
	if len(in) == 0 {
		return "[]"
	}
	raw, err := json.Marshal(in)
	if err != nil { // strings and plain structs always can
		panic(err)
	}
	return string(raw)
}

func (t shopTx) Order(ctx context.Context, id string) (shop.Order, bool, error) {
	o, err := scanOrder(t.q.QueryRowContext(ctx, `SELECT `+orderColumns+` FROM number_order WHERE id = $1`, id))
	found, err := one(err)
	return o, found, err
}

func (t shopTx) InsertOrder(ctx context.Context, o shop.Order) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO number_order (`+orderColumns+`) VALUES (`+places(1, 36)+`)`,
		o.ID, o.Account, o.Number.Kind.String(), o.Number.CallingCode, o.Number.National, o.Country, pack(o.Countries), flag(o.Refuse), flag(o.Proved),
		pack(o.OffIn), string(o.State), o.Reason.Code, o.Reason.Text, string(o.AmountDue.Currency), o.AmountDue.Micros, us(o.HeldUntil), flag(o.Settling),
		o.Version, us(o.Created), us(o.Updated),
		string(o.Class), o.Setup, o.Yearly, o.Tax.Name, o.Tax.Rate, o.Tax.Micros, o.Method, flag(o.Extended), string(o.Standing), us(o.Until), o.Reminded, o.Tax.Country, o.PaidBy,
		us(o.ProveBy), o.ProveAsked, o.Fee)
	return err
}

func (t shopTx) ChangeOrder(ctx context.Context, o shop.Order) (bool, error) {
	return changed(t.q.ExecContext(ctx, `UPDATE number_order SET countries = $17, off_in = $1, state = $2, reason_code = $3, reason_text = $4, micros = $5,
		held_until = $6, settling = $7, updated = $8, method = $9, extended = $10,
		standing = $11, until = $12, reminded = $13, paid_by = $14, prove_by = $18, prove_asked = $19, fee = $20,
		version = version + 1 WHERE id = $15 AND version = $16`,
		pack(o.OffIn), string(o.State), o.Reason.Code, o.Reason.Text, o.AmountDue.Micros, us(o.HeldUntil), flag(o.Settling), us(o.Updated), o.Method, flag(o.Extended),
		string(o.Standing), us(o.Until), o.Reminded, o.PaidBy, o.ID, o.Version, pack(o.Countries), us(o.ProveBy), o.ProveAsked, o.Fee))
}

func (t shopTx) Lock(ctx context.Context, id string) error { return lockOrder(ctx, t.q, id) }

func lockOrder(ctx context.Context, q querier, id string) error {
	_, err := q.ExecContext(ctx, `UPDATE number_order SET updated = updated WHERE id = $1`, id)
	return err
}

func (t shopTx) AddEvent(ctx context.Context, e shop.Event) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO order_event (order_id, seq, state, code, text, actor, at)
		SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6 FROM order_event WHERE order_id = $1`,
		e.Order, string(e.State), e.Code, e.Text, e.Actor, us(e.At))
	if err != nil {
		return err
	}
	return tellOrder(ctx, t.q, e)
}

func (t shopTx) Held(ctx context.Context, account string) (n int, err error) {
	if _, err := t.q.ExecContext(ctx, `UPDATE account SET id = id WHERE id = $1`, account); err != nil { // one at a time
		return 0, err
	}
	err = t.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM number_order WHERE account = $1 AND state IN ('requested', 'in_review', 'approved', 'awaiting_payment')`, account).Scan(&n)
	return n, err
}

func (t shopTx) Refused(ctx context.Context, account string, since time.Time) (n int, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM number_order WHERE account = $1 AND state = 'rejected' AND created > $2`, account, us(since)).Scan(&n)
	return n, err
}

func (t shopTx) Claimed(ctx context.Context, form string) (numbering.Number, bool, error) {
	var n numbering.Number
	var kind string
	found, err := one(t.q.QueryRowContext(ctx, `SELECT kind, calling_code, national FROM claimed_form WHERE digits = $1`, form).Scan(&kind, &n.CallingCode, &n.National))
	if err != nil || !found {
		return n, found, err
	}
	n.Kind, err = numbering.ParseKind(kind)
	return n, true, err
}

func (t shopTx) Claim(ctx context.Context, form, order string, n numbering.Number) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO claimed_form (digits, order_id, kind, calling_code, national) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (digits) DO NOTHING`, form, order, n.Kind.String(), n.CallingCode, n.National))
}

func (t shopTx) Registered(ctx context.Context, order string) (bool, error) {
	var n int
	return one(t.q.QueryRowContext(ctx, `SELECT 1 FROM membership WHERE order_id = $1`, order).Scan(&n))
}

func (t shopTx) Reached(ctx context.Context, order string, s shop.State) (time.Time, bool, error) {
	var when int64
	found, err := one(t.q.QueryRowContext(ctx, `SELECT at FROM order_event WHERE order_id = $1 AND state = $2 ORDER BY seq LIMIT 1`, order, string(s)).Scan(&when))
	return at(when), found, err
}

func (t shopTx) EndRegistration(ctx context.Context, order string, when time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE device SET revoked = $1 WHERE revoked = 0 AND membership IN (SELECT id FROM membership WHERE order_id = $2)`, us(when), order)
	return err
}

func (t shopTx) EndOffice(ctx context.Context, order, country string, when time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE device SET revoked = $1 WHERE revoked = 0 AND country = $2 AND membership IN (SELECT id FROM membership WHERE order_id = $3)`,
		us(when), country, order)
	return err
}

func (t shopTx) Unclaim(ctx context.Context, order string) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM claimed_form WHERE order_id = $1`, order)
	return err
}

func orders(rows *sql.Rows, err error) ([]shop.Order, error) {
	out := []shop.Order{}
	err = each(rows, err, func(rows *sql.Rows) error {
		o, err := scanOrder(rows)
		out = append(out, o)
		return err
	})
	return out, err
}

// Orders lists orders, newest first.
func (s *Shop) Orders(ctx context.Context, account, before string, limit int) ([]shop.Order, error) {
	if before == "" {
		before = "~" // after every id
	}
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+orderColumns+` FROM number_order WHERE (account = $1 OR $1 = '') AND id < $2 ORDER BY id DESC LIMIT $3`,
		account, before, limit)
	return orders(rows, err)
}

// OrdersIn lists orders in a state, oldest first.
func (s *Shop) OrdersIn(ctx context.Context, state shop.State, after string, limit int) ([]shop.Order, error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+orderColumns+` FROM number_order WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3`, string(state), after, limit)
	return orders(rows, err)
}

// Events lists the steps of an order.
func (s *Shop) Events(ctx context.Context, order string) ([]shop.Event, error) {
	out := []shop.Event{}
	rows, err := s.db.read.QueryContext(ctx, `SELECT seq, state, code, text, actor, at FROM order_event WHERE order_id = $1 ORDER BY seq`, order)
	err = each(rows, err, func(rows *sql.Rows) error {
		e := shop.Event{Order: order}
		var when int64
		err := rows.Scan(&e.Seq, &e.State, &e.Code, &e.Text, &e.Actor, &when)
		e.At = at(when)
		out = append(out, e)
		return err
	})
	return out, err
}

// Tenures lists sold numbers on which something is due.
func (s *Shop) Tenures(ctx context.Context, until time.Time, after string, limit int) ([]shop.Order, error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+orderColumns+` FROM number_order WHERE until > 0 AND until <= $1 AND state = 'sold' AND settling = 0 AND id > $2
		ORDER BY id LIMIT $3`, us(until), after, limit)
	return orders(rows, err)
}

// Unproved lists own telephones that have to be proved again.
func (s *Shop) Unproved(ctx context.Context, until time.Time, after string, limit int) ([]shop.Order, error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+orderColumns+` FROM number_order WHERE prove_by > 0 AND prove_by <= $1 AND state = 'sold' AND settling = 0 AND id > $2
		ORDER BY id LIMIT $3`, us(until), after, limit)
	return orders(rows, err)
}

// Expired lists orders whose hold is over.
func (s *Shop) Expired(ctx context.Context, now time.Time, limit int) ([]string, error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT id FROM number_order WHERE held_until > 0 AND held_until <= $1 AND settling = 0
		AND state IN ('approved', 'in_review', 'awaiting_payment') ORDER BY held_until LIMIT $2`, us(now), limit)
	return texts(rows, err)
}

// Tasks lists unfinished work.
func (s *Shop) Tasks(ctx context.Context, topic string, limit int) ([]string, error) {
	return tasks(ctx, s.db.read, topic, limit)
}

// Taken tells which forms are claimed.
func (s *Shop) Taken(ctx context.Context, forms []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(forms) == 0 {
		return out, nil
	}
	args := make([]any, len(forms))
	for i, f := range forms {
		args[i] = f
	}
	rows, err := s.db.read.QueryContext(ctx, `SELECT digits FROM claimed_form WHERE digits IN (`+places(1, len(forms))+`)`, args...) //nolint:gosec // only $1, $2, …
	found, err := texts(rows, err)
	for _, f := range found {
		out[f] = true
	}
	return out, err
}
