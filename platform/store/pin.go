package store

import (
	"context"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/pin"
)

// PINs keeps the PINs of members.
type PINs struct{ db *DB }

// PINs gives the PINs their store.
func (d *DB) PINs() *PINs { return &PINs{d} }

const pinColumns = `account, hash, made, wrong, locks, until`

func scanPIN(row scanner) (r pin.Row, err error) {
	var made, until int64
	err = row.Scan(&r.Account, &r.Hash, &made, &r.Wrong, &r.Locked, &until)
	r.Set, r.Until = at(made), at(until)
	return r, err
}

// PIN reads one.
func (s *PINs) PIN(ctx context.Context, account string) (pin.Row, bool, error) {
	r, err := scanPIN(s.db.read.QueryRowContext(ctx, `SELECT `+pinColumns+` FROM pin WHERE account = $1`, account))
	found, err := one(err)
	return r, found, err
}

// SavePIN sets it.
func (s *PINs) SavePIN(ctx context.Context, account, hash string, now time.Time) error {
	return s.do(ctx, "keep a PIN", `INSERT INTO pin (`+pinColumns+`) VALUES ($1, $2, $3, 0, 0, 0)
		ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, made = excluded.made, wrong = 0, locks = 0, until = 0`, account, hash, us(now))
}

// DeletePIN takes it away.
func (s *PINs) DeletePIN(ctx context.Context, account string) error {
	return s.do(ctx, "remove a PIN", `DELETE FROM pin WHERE account = $1`, account)
}

func (s *PINs) do(ctx context.Context, what, query string, args ...any) error {
	err := s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// TryPIN counts a guess.
func (s *PINs) TryPIN(ctx context.Context, account string, now time.Time) (r pin.Row, counted bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		if counted, err = changed(q.ExecContext(ctx, `UPDATE pin SET wrong = wrong + 1 WHERE account = $1 AND wrong < $2 AND until <= $3`, account, pin.Most, us(now))); err != nil {
			return err
		}
		r, err = scanPIN(q.QueryRowContext(ctx, `SELECT `+pinColumns+` FROM pin WHERE account = $1`, account))
		_, err = one(err)
		return err
	})
	return r, counted, err
}

// RightPIN begins the count anew.
func (s *PINs) RightPIN(ctx context.Context, account, hash string) error {
	return s.do(ctx, "count a PIN", `UPDATE pin SET wrong = 0 WHERE account = $1 AND hash = $2`, account, hash)
}

// LockPIN locks one that has had its guesses.
func (s *PINs) LockPIN(ctx context.Context, account string, now, until time.Time, l letter.Letter) (locked bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		locked, err = changed(q.ExecContext(ctx, `UPDATE pin SET until = $2, locks = locks + 1, wrong = 0 WHERE account = $1 AND wrong >= $3 AND until <= $4`,
			account, us(until), pin.Most, us(now)))
		if err != nil || !locked || l.To == "" {
			return err
		}
		return postLetter(ctx, q, l)
	})
	return locked, err
}

// UnlockPIN ends the lock, and what the next would take longer for.
func (s *PINs) UnlockPIN(ctx context.Context, account string) error {
	return s.do(ctx, "unlock a PIN", `UPDATE pin SET wrong = 0, locks = 0, until = 0 WHERE account = $1`, account)
}
