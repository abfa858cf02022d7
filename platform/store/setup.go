package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/callisto-tel/callisto/business/setup"
)

// Setups keeps the links by which telephones fetch their settings.
type Setups struct{ db *DB }

// Setups gives the links their store.
func (d *DB) Setups() *Setups { return &Setups{d} }

type setupTx struct {
	q    querier
	lock string
}

// Do runs a transaction.
func (s *Setups) Do(ctx context.Context, f func(setup.Tx) error) error {
	return s.db.write(ctx, func(q querier) error { return f(setupTx{q, s.db.lock()}) })
}

const linkQuery = `SELECT id, account, membership, device, kind, mac, created, until, fetched, network, agent, told, again, times, settled,
	refused, refused_at, refused_by, refused_net, revoked FROM setup_link `

func scanLink(row scanner) (l setup.Link, err error) {
	var created, until, fetched, again, refusedAt, revoked int64
	err = row.Scan(&l.ID, &l.Account, &l.Membership, &l.Device, &l.Kind, &l.MAC, &created, &until, &fetched, &l.Network, &l.Agent, &l.Told, &again, &l.Times, &l.Settled,
		&l.Refused, &refusedAt, &l.RefusedBy, &l.RefusedNet, &revoked)
	l.Created, l.Until, l.Fetched, l.Again, l.RefusedAt, l.Revoked = at(created), at(until), at(fetched), at(again), at(refusedAt), at(revoked)
	return l, err
}

// LinksOf lists those of a number, the newest first.
func (s *Setups) LinksOf(ctx context.Context, membership string) (list []setup.Link, err error) {
	rows, err := s.db.read.QueryContext(ctx, linkQuery+`WHERE membership = $1 ORDER BY id DESC LIMIT 200`, membership)
	err = each(rows, err, func(rows *sql.Rows) error {
		l, err := scanLink(rows)
		list = append(list, l)
		return err
	})
	return list, err
}

// Find reads the id of a link by the hash of its token.
func (s *Setups) Find(ctx context.Context, hash string) (id string, found bool, err error) {
	found, err = one(s.db.read.QueryRowContext(ctx, `SELECT id FROM setup_link WHERE hash = $1`, hash).Scan(&id))
	return id, found, err
}

func (t setupTx) AddLink(ctx context.Context, hash string, l setup.Link) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO setup_link (id, hash, account, membership, device, kind, mac, created, until, fetched, network, agent, told, again, times, settled,
		refused, refused_at, refused_by, refused_net, revoked) VALUES (`+places(1, 9)+`, 0, '', '', 0, 0, 0, 0, 0, 0, '', '', 0)`,
		l.ID, hash, l.Account, l.Membership, l.Device, string(l.Kind), l.MAC, us(l.Created), us(l.Until))
	return err
}

func (t setupTx) LockLink(ctx context.Context, hash string) (setup.Link, bool, error) {
	l, err := scanLink(t.q.QueryRowContext(ctx, linkQuery+`WHERE hash = $1`+t.lock, hash))
	found, err := one(err)
	return l, found, err
}

func (t setupTx) Link(ctx context.Context, id string) (setup.Link, bool, error) {
	l, err := scanLink(t.q.QueryRowContext(ctx, linkQuery+`WHERE id = $1`+t.lock, id))
	found, err := one(err)
	return l, found, err
}

func (t setupTx) PutLink(ctx context.Context, l setup.Link) error {
	_, err := t.q.ExecContext(ctx, `UPDATE setup_link SET fetched = $2, network = $3, agent = $4, told = $5, again = $6, times = $7, settled = $8,
		refused = $9, refused_at = $10, refused_by = $11, refused_net = $12, revoked = $13 WHERE id = $1`,
		l.ID, us(l.Fetched), l.Network, l.Agent, flag(l.Told), us(l.Again), l.Times, flag(l.Settled), l.Refused, us(l.RefusedAt), l.RefusedBy, l.RefusedNet, us(l.Revoked))
	return err
}

// CountOpen keeps the number's row: whoever else makes a link of it waits.
func (t setupTx) CountOpen(ctx context.Context, membership string, now time.Time) (n int, err error) {
	if _, err := one(t.q.QueryRowContext(ctx, `SELECT 1 FROM membership WHERE id = $1`+t.lock, membership).Scan(&n)); err != nil {
		return 0, err
	}
	err = t.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM setup_link WHERE membership = $1 AND fetched = 0 AND revoked = 0 AND until > $2`, membership, us(now)).Scan(&n)
	return n, err
}

func (t setupTx) RevokeOf(ctx context.Context, device string, now time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE setup_link SET revoked = $2 WHERE device = $1 AND revoked = 0`, device, us(now))
	return err
}
