package store

import (
	"context"
	"strings"

	"github.com/callisto-tel/callisto/business/ledger"
)

// Book writes a posting: its head, then its accounts in turn, then all entries.
func (t ledgerTx) Book(ctx context.Context, p ledger.Posted, digest string, turn []ledger.Entry, back ledger.Hold) (old string, fresh bool, refused *ledger.Entry, err error) {
	if q, ok := t.q.(*pipe); ok {
		fresh, refused, err = bookTogether(ctx, q, p, digest, turn, back)
	} else {
		fresh, refused, err = t.bookInTurn(ctx, p, digest, turn, back)
	}
	if err == nil && !fresh {
		err = t.q.QueryRowContext(ctx, `SELECT digest FROM ledger_posting WHERE idem_key = $1`, p.Key).Scan(&old)
	}
	return old, fresh, refused, err
}

const insertPosting = `INSERT INTO ledger_posting (id, idem_key, digest, kind, ref, memo, reverses, at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (idem_key) DO NOTHING`

// bookTogether sends a posting to PostgreSQL in one journey. Nothing after its head
// does anything if there is one of its key. Whoever is told that an entry was
// refused gives the transaction up.
func bookTogether(ctx context.Context, q *pipe, p ledger.Posted, digest string, turn []ledger.Entry, back ledger.Hold) (fresh bool, refused *ledger.Entry, err error) {
	const (
		unhold = `UPDATE ledger_account SET held = held - $1 WHERE id = $2 AND EXISTS (SELECT 1 FROM ledger_posting WHERE id = $3)`
		entry  = `WITH a AS (UPDATE ledger_account SET balance = balance + $1, entries = entries + 1
			WHERE id = $2 AND currency = $3 AND (balance - held + $1 >= lowest OR $1 > 0) AND EXISTS (SELECT 1 FROM ledger_posting WHERE id = $4)
			RETURNING id, entries, currency, balance)
			INSERT INTO ledger_entry (account, seq, posting, currency, micros, balance, at) SELECT id, entries, $4, currency, $1, balance, $5 FROM a`
	)
	all := []statement{{insertPosting, []any{p.ID, p.Key, digest, p.Kind, p.Ref, p.Memo, p.Reverses, us(p.At)}}}
	giveBack := func() {
		all = append(all, statement{unhold, []any{back.Amount.Micros, back.Account, p.ID}})
		back = ledger.Hold{}
	}
	place := make([]int, len(turn)) // of each entry among the statements
	for i, e := range turn {
		if back.ID != "" && back.Account <= e.Account {
			giveBack()
		}
		place[i] = len(all)
		all = append(all, statement{entry, []any{e.Amount.Micros, e.Account, string(e.Amount.Currency), p.ID, us(p.At)}})
	}
	if back.ID != "" {
		giveBack()
	}
	touched, err := q.send(ctx, all...)
	if err != nil || touched[0] == 0 {
		return false, nil, err
	}
	for i := range turn {
		if touched[place[i]] == 0 {
			return true, &turn[i], nil
		}
	}
	return true, nil, nil
}

func (t ledgerTx) bookInTurn(ctx context.Context, p ledger.Posted, digest string, turn []ledger.Entry, back ledger.Hold) (fresh bool, refused *ledger.Entry, err error) {
	fresh, err = changed(t.q.ExecContext(ctx, insertPosting, p.ID, p.Key, digest, p.Kind, p.Ref, p.Memo, p.Reverses, us(p.At)))
	if err != nil || !fresh {
		return false, nil, err
	}
	refused, err = t.apply(ctx, p, turn, back)
	return true, refused, err
}

// apply adds entries to their accounts and writes them. A debit must leave the
// floor and what is held; a credit is always welcome.
func (t ledgerTx) apply(ctx context.Context, p ledger.Posted, turn []ledger.Entry, back ledger.Hold) (*ledger.Entry, error) {
	var text strings.Builder
	text.WriteString(`INSERT INTO ledger_entry (account, seq, posting, currency, micros, balance, at) VALUES `)
	args := make([]any, 0, 7*len(turn))
	for i, e := range turn {
		if back.ID != "" && back.Account <= e.Account {
			if err := t.Unhold(ctx, back.Account, back.Amount.Micros); err != nil {
				return nil, err
			}
			back = ledger.Hold{}
		}
		var balance, seq int64
		ok, err := one(t.q.QueryRowContext(ctx, `UPDATE ledger_account SET balance = balance + $1, entries = entries + 1
			WHERE id = $2 AND currency = $3 AND (balance - held + $1 >= lowest OR $1 > 0) RETURNING balance, entries`,
			e.Amount.Micros, e.Account, string(e.Amount.Currency)).Scan(&balance, &seq))
		if err != nil || !ok {
			return &turn[i], err
		}
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString("(" + places(1+len(args), 7) + ")")
		args = append(args, e.Account, seq, p.ID, string(e.Amount.Currency), e.Amount.Micros, balance, us(p.At))
	}
	if back.ID != "" {
		if err := t.Unhold(ctx, back.Account, back.Amount.Micros); err != nil {
			return nil, err
		}
	}
	_, err := t.q.ExecContext(ctx, text.String(), args...)
	return nil, err
}
