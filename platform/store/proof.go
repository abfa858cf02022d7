package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/proof"
)

// Proofs keeps proofs of control over telephone numbers.
type Proofs struct{ db *DB }

// Proofs gives the proofs their store.
func (d *DB) Proofs() *Proofs { return &Proofs{d} }

const proofColumns = `id, account, e164, country, purpose, language, state, reason_code, reason_text, hash, guesses, created, until`

// errFull leaves the transaction without a trace.
var errFull = errors.New("a limit is reached") //nolint:gochecknoglobals // sentinel

// InsertProof counts the call under each limit and stores the proof, or does
// neither. The rows of the counts are locked in one order for all.
func (s *Proofs) InsertProof(ctx context.Context, p proof.Proof, limits []proof.Limit, window time.Duration) (full *proof.Limit, since time.Time, err error) {
	limits = slices.SortedFunc(slices.Values(limits), func(a, b proof.Limit) int { return strings.Compare(a.Key, b.Key) })
	now, old := us(p.Created), us(p.Created.Add(-window))
	err = s.db.write(ctx, func(q querier) error {
		full, since = nil, time.Time{}
		for i := range limits {
			counted, err := changed(q.ExecContext(ctx, `INSERT INTO proof_count (name, since, calls) VALUES ($1, $2, 1)
				ON CONFLICT (name) DO UPDATE SET
					calls = CASE WHEN proof_count.since <= $3 THEN 1 ELSE proof_count.calls + 1 END,
					since = CASE WHEN proof_count.since <= $3 THEN $2 ELSE proof_count.since END
				WHERE proof_count.since <= $3 OR proof_count.calls < $4`, limits[i].Key, now, old, limits[i].Most))
			if err != nil {
				return err
			}
			if counted {
				continue
			}
			var began int64
			if err := q.QueryRowContext(ctx, `SELECT since FROM proof_count WHERE name = $1`, limits[i].Key).Scan(&began); err != nil {
				return err
			}
			full, since = &limits[i], at(began)
			return errFull
		}
		_, err := q.ExecContext(ctx, `INSERT INTO proof (`+proofColumns+`) VALUES (`+places(1, 13)+`)`,
			p.ID, p.Account, p.E164, p.Country, string(p.Purpose), p.Language, string(p.State), p.Reason.Code, p.Reason.Text, p.Hash, p.Guesses, now, us(p.Until))
		return err
	})
	if errors.Is(err, errFull) {
		return full, since, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("store a proof: %w", err)
	}
	return nil, time.Time{}, nil
}

// WithdrawProof takes a proof back for which no call was made.
func (s *Proofs) WithdrawProof(ctx context.Context, id string, limits []proof.Limit) error {
	limits = slices.SortedFunc(slices.Values(limits), func(a, b proof.Limit) int { return strings.Compare(a.Key, b.Key) })
	return s.db.write(ctx, func(q querier) error {
		for _, l := range limits {
			if _, err := q.ExecContext(ctx, `UPDATE proof_count SET calls = calls - 1 WHERE name = $1 AND calls > 0`, l.Key); err != nil {
				return err
			}
		}
		_, err := q.ExecContext(ctx, `DELETE FROM proof WHERE id = $1 AND state = 'calling'`, id)
		return err
	})
}

func scanProof(row scanner) (p proof.Proof, err error) {
	var created, until int64
	err = row.Scan(&p.ID, &p.Account, &p.E164, &p.Country, &p.Purpose, &p.Language, &p.State, &p.Reason.Code, &p.Reason.Text, &p.Hash, &p.Guesses, &created, &until)
	p.Created, p.Until = at(created), at(until)
	return p, err
}

// Proof reads one.
func (s *Proofs) Proof(ctx context.Context, id string) (proof.Proof, bool, error) {
	p, err := scanProof(s.db.read.QueryRowContext(ctx, `SELECT `+proofColumns+` FROM proof WHERE id = $1`, id))
	found, err := one(err)
	return p, found, err
}

// MoveProof changes the state, if it is from.
func (s *Proofs) MoveProof(ctx context.Context, id string, from, to proof.State, reason fault.Reason, until time.Time) (moved bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		moved, err = changed(q.ExecContext(ctx, `UPDATE proof SET state = $3, reason_code = $4, reason_text = $5, until = $6 WHERE id = $1 AND state = $2`,
			id, string(from), string(to), reason.Code, reason.Text, us(until)))
		return err
	})
	return moved, err
}

// GuessProof counts a guess, and proves the proof if it is right.
func (s *Proofs) GuessProof(ctx context.Context, id, hash string, now, until time.Time) (counted bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		counted, err = changed(q.ExecContext(ctx, `UPDATE proof SET guesses = guesses + 1 WHERE id = $1 AND state = 'spoken' AND until > $2 AND guesses < $3`,
			id, us(now), proof.MostGuesses))
		if err != nil || !counted {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE proof SET state = 'proved', until = $3 WHERE id = $1 AND hash = $2 AND state = 'spoken'`, id, hash, us(until))
		return err
	})
	return counted, err
}

// ProvedProof finds the latest proof that is good now.
func (s *Proofs) ProvedProof(ctx context.Context, account, e164 string, purpose proof.Purpose, now time.Time) (proof.Proof, bool, error) {
	p, err := scanProof(s.db.read.QueryRowContext(ctx, `SELECT `+proofColumns+` FROM proof
		WHERE account = $1 AND e164 = $2 AND purpose = $3 AND state = 'proved' AND until > $4 ORDER BY until DESC, id DESC LIMIT 1`,
		account, e164, string(purpose), us(now)))
	found, err := one(err)
	return p, found, err
}

// SweepProofs removes old counts, and old proofs that never were one.
func (s *Proofs) SweepProofs(ctx context.Context, since, old time.Time) error {
	return s.db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `DELETE FROM proof_count WHERE since <= $1`, us(since)); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `DELETE FROM proof WHERE state <> 'proved' AND created < $1`, us(old))
		return err
	})
}
