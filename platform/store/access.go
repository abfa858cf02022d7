package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/access"
)

// Access keeps how members reach the house from any telephone.
type Access struct{ db *DB }

// Access gives it its store.
func (d *DB) Access() *Access { return &Access{d} }

// AccessNumbers reads them all.
func (s *Access) AccessNumbers(ctx context.Context) ([]access.Number, error) {
	out := []access.Number{}
	rows, err := s.db.read.QueryContext(ctx, `SELECT e164, carrier, country, language, added FROM access_number ORDER BY country, e164`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var n access.Number
		var added int64
		err := rows.Scan(&n.E164, &n.Carrier, &n.Country, &n.Language, &added)
		n.Added = at(added)
		out = append(out, n)
		return err
	})
	return out, err
}

func (s *Access) do(ctx context.Context, what, query string, args ...any) (touched bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		touched, err = changed(q.ExecContext(ctx, query, args...))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return touched, nil
}

// PutAccessNumber adds one, or changes it.
func (s *Access) PutAccessNumber(ctx context.Context, n access.Number) error {
	_, err := s.do(ctx, "keep an access number", `INSERT INTO access_number (e164, carrier, country, language, added) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (e164) DO UPDATE SET carrier = excluded.carrier, country = excluded.country, language = excluded.language`, n.E164, n.Carrier, n.Country, n.Language, us(n.Added))
	return err
}

// RemoveAccessNumber takes one out; false if there was none.
func (s *Access) RemoveAccessNumber(ctx context.Context, e164 string) (bool, error) {
	return s.do(ctx, "remove an access number", `DELETE FROM access_number WHERE e164 = $1`, e164)
}

// AccessSettings reads what a member set.
func (s *Access) AccessSettings(ctx context.Context, account string) (x access.Settings, found bool, err error) {
	found, err = one(s.db.read.QueryRowContext(ctx, `SELECT recognise, ask_pin, say_price, ring_back FROM access_setting WHERE account = $1`, account).
		Scan(&x.Recognise, &x.AskPIN, &x.SayPrice, &x.RingBack))
	return x, found, err
}

// SaveAccessSettings keeps it.
func (s *Access) SaveAccessSettings(ctx context.Context, account string, x access.Settings, now time.Time) error {
	_, err := s.do(ctx, "keep settings of access", `INSERT INTO access_setting (account, recognise, ask_pin, say_price, ring_back, changed) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account) DO UPDATE SET recognise = excluded.recognise, ask_pin = excluded.ask_pin, say_price = excluded.say_price, ring_back = excluded.ring_back,
			changed = excluded.changed`, account, flag(x.Recognise), flag(x.AskPIN), flag(x.SayPrice), flag(x.RingBack), us(now))
	return err
}

// Shorts reads the short numbers of a member, in order.
func (s *Access) Shorts(ctx context.Context, account string) ([]access.Short, error) {
	out := []access.Short{}
	rows, err := s.db.read.QueryContext(ctx, `SELECT digits, dial FROM short_number WHERE account = $1 ORDER BY digits`, account)
	err = each(rows, err, func(rows *sql.Rows) error {
		var x access.Short
		err := rows.Scan(&x.Key, &x.To)
		out = append(out, x)
		return err
	})
	return out, err
}

// SaveShort sets one, or with no number removes it.
func (s *Access) SaveShort(ctx context.Context, account string, x access.Short) error {
	if x.To == "" {
		_, err := s.do(ctx, "remove a short number", `DELETE FROM short_number WHERE account = $1 AND digits = $2`, account, x.Key)
		return err
	}
	_, err := s.do(ctx, "keep a short number", `INSERT INTO short_number (account, digits, dial) VALUES ($1, $2, $3)
		ON CONFLICT (account, digits) DO UPDATE SET dial = excluded.dial`, account, x.Key, x.To)
	return err
}
