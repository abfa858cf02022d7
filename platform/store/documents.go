package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/shop"
)

// Sealer encrypts what only the house may read again.
type Sealer interface {
	Seal(plain []byte, purpose string) []byte
	Open(sealed []byte, purpose string) ([]byte, error)
}

// Documents keeps what buyers show, sealed, and what staff notes.
type Documents struct {
	db   *DB
	seal Sealer
}

// Documents gives the shop's files their store.
func (d *DB) Documents(s Sealer) *Documents { return &Documents{d, s} }

const documentColumns = `id, account, order_id, paper, name, type, size, created`

func scanDocument(row scanner, more ...any) (d shop.Document, err error) {
	var created int64
	err = row.Scan(append([]any{&d.ID, &d.Account, &d.Order, &d.Paper, &d.Name, &d.Type, &d.Size, &created}, more...)...)
	d.Created = at(created)
	return d, err
}

// AddDocument stores a document, unless its order has enough.
func (x *Documents) AddDocument(ctx context.Context, d shop.Document, body []byte, most int) (added bool, err error) {
	sealed := x.seal.Seal(body, d.ID)
	err = x.db.write(ctx, func(q querier) error {
		// The order's row is locked first: two uploads at once are counted one after the other.
		if err := lockOrder(ctx, q, d.Order); err != nil {
			return err
		}
		added, err = changed(q.ExecContext(ctx, `INSERT INTO document (`+documentColumns+`, body)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT COUNT(*) FROM document WHERE order_id = $3) < $10`,
			d.ID, d.Account, d.Order, d.Paper, d.Name, d.Type, d.Size, us(d.Created), sealed, most))
		return err
	})
	return added, err
}

// Documents lists an order's.
func (x *Documents) Documents(ctx context.Context, order string) ([]shop.Document, error) {
	out := []shop.Document{}
	rows, err := x.db.read.QueryContext(ctx, `SELECT `+documentColumns+` FROM document WHERE order_id = $1 ORDER BY id`, order)
	err = each(rows, err, func(rows *sql.Rows) error {
		d, err := scanDocument(rows)
		out = append(out, d)
		return err
	})
	return out, err
}

// Document reads one.
func (x *Documents) Document(ctx context.Context, id string) (d shop.Document, body []byte, found bool, err error) {
	var sealed []byte
	d, err = scanDocument(x.db.read.QueryRowContext(ctx, `SELECT `+documentColumns+`, body FROM document WHERE id = $1`, id), &sealed)
	if found, err = one(err); err != nil || !found {
		return d, nil, found, err
	}
	if body, err = x.seal.Open(sealed, d.ID); err != nil {
		return d, nil, true, fmt.Errorf("document %s: %w", id, err)
	}
	return d, body, true, nil
}

// RemoveDocuments removes those of orders decided for good before then.
func (x *Documents) RemoveDocuments(ctx context.Context, before time.Time) (removed int, err error) {
	err = x.db.write(ctx, func(q querier) error {
		res, err := q.ExecContext(ctx, `DELETE FROM document WHERE order_id IN (SELECT id FROM number_order
			WHERE state IN ('rejected', 'sold', 'expired', 'cancelled', 'refunded') AND updated < $1)`, us(before))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		removed = int(n)
		return err
	})
	return removed, err
}

// AddNote stores a note.
func (x *Documents) AddNote(ctx context.Context, n shop.Note) error {
	return x.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO order_note (id, order_id, actor, name, text, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			ident.New("not", n.At), n.Order, n.Actor, n.Name, n.Text, us(n.At))
		return err
	})
}

// Notes lists an order's notes.
func (x *Documents) Notes(ctx context.Context, order string) ([]shop.Note, error) {
	out := []shop.Note{}
	rows, err := x.db.read.QueryContext(ctx, `SELECT actor, name, text, at FROM order_note WHERE order_id = $1 ORDER BY id`, order)
	err = each(rows, err, func(rows *sql.Rows) error {
		n := shop.Note{Order: order}
		var when int64
		err := rows.Scan(&n.Actor, &n.Name, &n.Text, &when)
		n.At = at(when)
		out = append(out, n)
		return err
	})
	return out, err
}
