package store

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/shop"
)

// InsertTransfer offers a number, unless it is offered already.
func (t shopTx) InsertTransfer(ctx context.Context, x shop.Transfer, hash string) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO transfer (id, order_id, giver, email, hash, state, expires, created) VALUES ($1, $2, $3, $4, $5, 'offered', $6, $7)
		ON CONFLICT DO NOTHING`, x.ID, x.Order, x.Giver, x.Email, hash, us(x.Expires), us(x.Created)))
}

const transferColumns = `id, order_id, giver, email, state, expires, created`

func scanTransfer(row scanner) (x shop.Transfer, err error) {
	var expires, created int64
	err = row.Scan(&x.ID, &x.Order, &x.Giver, &x.Email, &x.State, &expires, &created)
	x.Expires, x.Created = at(expires), at(created)
	return x, err
}

// Transfer finds an offer by its token's hash.
func (t shopTx) Transfer(ctx context.Context, hash string) (shop.Transfer, bool, error) {
	x, err := scanTransfer(t.q.QueryRowContext(ctx, `SELECT `+transferColumns+` FROM transfer WHERE hash = $1`, hash))
	found, err := one(err)
	return x, found, err
}

// OfferOf finds the open offer of an order.
func (t shopTx) OfferOf(ctx context.Context, order string) (shop.Transfer, bool, error) {
	x, err := scanTransfer(t.q.QueryRowContext(ctx, `SELECT `+transferColumns+` FROM transfer WHERE order_id = $1 AND state = 'offered'`, order))
	found, err := one(err)
	return x, found, err
}

// Offers counts what a giver has offered since then.
func (t shopTx) Offers(ctx context.Context, giver string, since time.Time) (n int, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM transfer WHERE giver = $1 AND created > $2`, giver, us(since)).Scan(&n)
	return n, err
}

// EndTransfer closes an offer that is open.
func (t shopTx) EndTransfer(ctx context.Context, id, state string) (bool, error) {
	return changed(t.q.ExecContext(ctx, `UPDATE transfer SET state = $1 WHERE id = $2 AND state = 'offered'`, state, id))
}

// Handover moves the claims of an order to another.
func (t shopTx) Handover(ctx context.Context, from, to string) error {
	_, err := t.q.ExecContext(ctx, `UPDATE claimed_form SET order_id = $1 WHERE order_id = $2`, to, from)
	return err
}

// Write queues a letter to an account.
func (t shopTx) Write(ctx context.Context, account, kind, key string, fields map[string]string) error {
	x := letter.Letter{Key: key, Account: account, Kind: kind, Fields: fields}
	found, err := one(t.q.QueryRowContext(ctx, `SELECT email, language FROM account WHERE id = $1`, account).Scan(&x.To, &x.Language))
	if err != nil || !found || x.To == "" {
		return err // an account that was erased has no address
	}
	return postLetter(ctx, t.q, x)
}

// WriteTo queues a letter to an address; if it is one of ours, in its language.
func (t shopTx) WriteTo(ctx context.Context, address, kind, key string, fields map[string]string) error {
	x := letter.Letter{Key: key, To: address, Language: "en", Kind: kind, Fields: fields}
	if _, err := one(t.q.QueryRowContext(ctx, `SELECT id, language FROM account WHERE email = $1`, address).Scan(&x.Account, &x.Language)); err != nil {
		return err
	}
	return postLetter(ctx, t.q, x)
}
