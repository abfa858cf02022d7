package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/numbering"
)

// IDCards is the store of ID cards and of the sign-ins they open.
type IDCards struct{ db *DB }

// IDCards gives the cards their store.
func (d *DB) IDCards() *IDCards { return &IDCards{d} }

type cardTx struct {
	ledgerTx

	lock string
}

// Do runs a transaction.
func (c *IDCards) Do(ctx context.Context, f func(idcard.Tx) error) error {
	return c.db.write(ctx, func(q querier) error { return f(cardTx{ledgerTx{q}, c.db.lock()}) })
}

const cardQuery = `SELECT c.id, c.account, c.membership, m.kind, m.calling_code, m.national, m.country, m.name, c.kind, c.state, c.algorithm, c.key, c.serial,
	c.currency, c.net, c.tax_name, c.tax_rate, c.tax, c.country, c.postal, c.created, c.until, c.written, c.sent, c.revoked, c.revoked_by
	FROM card c JOIN membership m ON m.id = c.membership `

func scanCard(row scanner) (c idcard.Card, err error) {
	var kind string
	var created, until, written, sent, revoked int64
	if err := row.Scan(&c.ID, &c.Account, &c.Membership, &kind, &c.Number.CallingCode, &c.Number.National, &c.Country, &c.Holder, &c.Kind, &c.State, &c.Algorithm, &c.Key, &c.Serial,
		&c.Net.Currency, &c.Net.Micros, &c.Tax.Name, &c.Tax.Rate, &c.Tax.Micros, &c.Tax.Country, &c.Postal, &created, &until, &written, &sent, &revoked, &c.RevokedBy); err != nil {
		return c, err
	}
	c.Created, c.Until, c.Written, c.Sent, c.Revoked = at(created), at(until), at(written), at(sent), at(revoked)
	c.Number.Kind, err = numbering.ParseKind(kind)
	return c, err
}

// CardsOf lists those of an account, or all, the newest first.
func (c *IDCards) CardsOf(ctx context.Context, account, before string, limit int) (list []idcard.Card, err error) {
	rows, err := c.db.read.QueryContext(ctx, cardQuery+`WHERE (c.account = $1 OR $1 = '') AND (c.id < $2 OR $2 = '') ORDER BY c.id DESC LIMIT $3`, account, before, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanCard(rows)
		list = append(list, x)
		return err
	})
	return list, err
}

// Card reads one.
func (c *IDCards) Card(ctx context.Context, id string) (idcard.Card, bool, error) {
	x, err := scanCard(c.db.read.QueryRowContext(ctx, cardQuery+`WHERE c.id = $1`, id))
	found, err := one(err)
	return x, found, err
}

// Choice reads what the holder of a number wants of sign-ins to it.
func (c *IDCards) Choice(ctx context.Context, membership string) (x idcard.Choice, found bool, err error) {
	var minutes int64
	found, err = one(c.db.read.QueryRowContext(ctx, `SELECT only_here, minutes FROM card_choice WHERE membership = $1`, membership).Scan(&x.Only, &minutes))
	x.Stay = time.Duration(minutes) * time.Minute
	return x, found, err
}

func (t cardTx) Offers(ctx context.Context) (list []idcard.Offer, err error) {
	rows, err := t.q.QueryContext(ctx, `SELECT kind, offered, micros, years FROM card_offer`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var o idcard.Offer
		err := rows.Scan(&o.Kind, &o.Offered, &o.Net.Micros, &o.Years)
		list = append(list, o)
		return err
	})
	return list, err
}

func (t cardTx) PutOffer(ctx context.Context, o idcard.Offer, now time.Time) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO card_offer (kind, offered, micros, years, changed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (kind) DO UPDATE SET offered = excluded.offered, micros = excluded.micros, years = excluded.years, changed = excluded.changed`,
		string(o.Kind), flag(o.Offered), o.Net.Micros, o.Years, us(now))
	return err
}

func (t cardTx) CountCards(ctx context.Context, account string, now time.Time) (n int, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM card WHERE account = $1 AND state <> 'revoked' AND until > $2`, account, us(now)).Scan(&n)
	return n, err
}

func (t cardTx) AddCard(ctx context.Context, c idcard.Card) (bool, error) {
	fresh, err := changed(t.q.ExecContext(ctx, `INSERT INTO card (id, account, membership, kind, state, algorithm, key, serial, currency, net, tax_name, tax_rate, tax, country,
		postal, created, until, written, sent, revoked, revoked_by) VALUES (`+places(1, 17)+`, 0, 0, 0, '') ON CONFLICT DO NOTHING`,
		c.ID, c.Account, c.Membership, string(c.Kind), string(c.State), c.Algorithm, c.Key, c.Serial, string(c.Net.Currency), c.Net.Micros, c.Tax.Name, c.Tax.Rate, c.Tax.Micros,
		c.Tax.Country, c.Postal, us(c.Created), us(c.Until)))
	if err != nil || !fresh || c.Price().Micros == 0 {
		return fresh, err
	}
	return true, outbox{t.q}.Enqueue(ctx, idcard.TopicPaper, c.ID)
}

func (t cardTx) LockCard(ctx context.Context, id string) (idcard.Card, bool, error) {
	lock := t.lock
	if lock != "" {
		lock += " OF c"
	}
	c, err := scanCard(t.q.QueryRowContext(ctx, cardQuery+`WHERE c.id = $1`+lock, id))
	found, err := one(err)
	return c, found, err
}

func (t cardTx) PutCard(ctx context.Context, c idcard.Card) error {
	_, err := t.q.ExecContext(ctx, `UPDATE card SET state = $2, algorithm = $3, key = $4, serial = $5, written = $6, sent = $7, revoked = $8, revoked_by = $9 WHERE id = $1`,
		c.ID, string(c.State), c.Algorithm, c.Key, c.Serial, us(c.Written), us(c.Sent), us(c.Revoked), c.RevokedBy)
	return err
}

func (t cardTx) SetChoice(ctx context.Context, membership string, c idcard.Choice) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO card_choice (membership, only_here, minutes) VALUES ($1, $2, $3)
		ON CONFLICT (membership) DO UPDATE SET only_here = excluded.only_here, minutes = excluded.minutes`, membership, flag(c.Only), int64(c.Stay/time.Minute))
	return err
}

// Ask keeps a question, and forgets those that nobody answered.
func (t cardTx) Ask(ctx context.Context, hash, subject, origin string, now, until time.Time) error {
	if _, err := t.q.ExecContext(ctx, `DELETE FROM card_question WHERE expires <= $1`, us(now)); err != nil {
		return err
	}
	_, err := t.q.ExecContext(ctx, `INSERT INTO card_question (hash, subject, origin, expires) VALUES ($1, $2, $3, $4)`, hash, subject, origin, us(until))
	return err
}

func (t cardTx) TakeQuestion(ctx context.Context, hash string, now time.Time) (subject, origin string, found bool, err error) {
	found, err = one(t.q.QueryRowContext(ctx, `DELETE FROM card_question WHERE hash = $1 AND expires > $2 RETURNING subject, origin`, hash, us(now)).Scan(&subject, &origin))
	return subject, origin, found, err
}

const signInQuery = `SELECT s.id, s.card, s.account, s.membership, m.kind, m.calling_code, m.national, m.name, s.device, s.way, s.country, s.address, s.network, s.browser,
	s.watched, s.began, s.seen, s.until, s.ended, s.how, COALESCE(d.revoked, 0), COALESCE(h.revoked, 0), COALESCE(h.id, ''), COALESCE(o.account, '')
	FROM card_sign_in s JOIN membership m ON m.id = s.membership LEFT JOIN device d ON d.id = s.device LEFT JOIN device h ON h.id = d.host
	LEFT JOIN membership o ON o.id = h.membership `

func scanSignIn(row scanner) (s idcard.SignIn, err error) {
	var kind string
	var began, seen, until, ended, taken, hostless int64
	if err := row.Scan(&s.ID, &s.Card, &s.Account, &s.Membership, &kind, &s.Number.CallingCode, &s.Number.National, &s.Holder, &s.Device, &s.Way, &s.Place, &s.Address, &s.Network,
		&s.Browser, &s.Watched, &began, &seen, &until, &ended, &s.How, &taken, &hostless, &s.Host, &s.Lender); err != nil {
		return s, err
	}
	s.Taken, s.Hostless = taken != 0, hostless != 0
	s.Began, s.Seen, s.Until, s.Ended = at(began), at(seen), at(until), at(ended)
	s.Number.Kind, err = numbering.ParseKind(kind)
	return s, err
}

func signIns(ctx context.Context, q querier, query string, args ...any) (list []idcard.SignIn, err error) {
	rows, err := q.QueryContext(ctx, signInQuery+query, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		s, err := scanSignIn(rows)
		list = append(list, s)
		return err
	})
	return list, err
}

// SignInsOf lists those of an account, the newest first.
func (c *IDCards) SignInsOf(ctx context.Context, account, before string, limit int) ([]idcard.SignIn, error) {
	return signIns(ctx, c.db.read, `WHERE s.account = $1 AND (s.id < $2 OR $2 = '') ORDER BY s.id DESC LIMIT $3`, account, before, limit)
}

// SignInBy reads the one that a terminal has.
func (c *IDCards) SignInBy(ctx context.Context, hash string) (idcard.SignIn, bool, error) {
	s, err := scanSignIn(c.db.read.QueryRowContext(ctx, signInQuery+`WHERE s.token = $1`, hash))
	found, err := one(err)
	return s, found, err
}

// Live lists all that last.
func (c *IDCards) Live(ctx context.Context) ([]idcard.SignIn, error) {
	return signIns(ctx, c.db.read, `WHERE s.ended = 0 ORDER BY s.id`)
}

// LiveAt lists those at telephones of an account, of others.
func (c *IDCards) LiveAt(ctx context.Context, account string) ([]idcard.SignIn, error) {
	return signIns(ctx, c.db.read, `WHERE s.ended = 0 AND o.account = $1 AND s.account <> $1 ORDER BY s.id`, account)
}

// LeftOver lists telephones that no sign-in has any more.
func (c *IDCards) LeftOver(ctx context.Context, before time.Time) ([]string, error) {
	rows, err := c.db.read.QueryContext(ctx, `SELECT d.id FROM device d WHERE d.lent <> '' AND d.revoked = 0 AND d.created < $1
		AND NOT EXISTS (SELECT 1 FROM card_sign_in s WHERE s.id = d.lent AND s.ended = 0)`, us(before))
	return texts(rows, err)
}

func (t cardTx) LiveOf(ctx context.Context, card string) (idcard.SignIn, bool, error) {
	s, err := scanSignIn(t.q.QueryRowContext(ctx, signInQuery+`WHERE s.card = $1 AND s.ended = 0`, card))
	found, err := one(err)
	return s, found, err
}

func (t cardTx) CountLive(ctx context.Context, membership string) (n int, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM card_sign_in WHERE membership = $1 AND ended = 0`, membership).Scan(&n)
	return n, err
}

func (t cardTx) AddSignIn(ctx context.Context, s idcard.SignIn, hash string) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO card_sign_in (id, card, account, membership, device, token, way, country, address, network, browser, watched, began, seen, until, ended, how)
		VALUES (`+places(1, 15)+`, 0, '') ON CONFLICT DO NOTHING`, s.ID, s.Card, s.Account, s.Membership, s.Device, hash, string(s.Way), s.Place, s.Address, s.Network, s.Browser,
		flag(s.Watched), us(s.Began), us(s.Seen), us(s.Until)))
}

func (t cardTx) Touch(ctx context.Context, id string, seen time.Time) (bool, error) {
	return changed(t.q.ExecContext(ctx, `UPDATE card_sign_in SET seen = $2 WHERE id = $1 AND ended = 0`, id, us(seen)))
}

func (t cardTx) EndSignIn(ctx context.Context, id, how string, when time.Time) (bool, error) {
	return changed(t.q.ExecContext(ctx, `UPDATE card_sign_in SET ended = $2, how = $3 WHERE id = $1 AND ended = 0`, id, us(when), how))
}
