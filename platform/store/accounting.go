package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
)

// Accounting is the book as an accountant reads it.
type Accounting struct{ db *DB }

// Accounting gives accounting its store.
func (d *DB) Accounting() *Accounting { return &Accounting{d} }

// Each hands over the postings of a period, some at a time. Their ids are in the
// order of their times, so that no index by time is needed.
func (a *Accounting) Each(ctx context.Context, from, to time.Time, do func(accounting.Posting) error) error {
	after, end := ident.Least("pst", from), ident.Least("pst", to)
	for first := true; ; first = false {
		list, err := a.postings(ctx, after, end, first)
		if err != nil {
			return err
		}
		for i := range list {
			if err := do(list[i]); err != nil {
				return err
			}
			after = list[i].ID
		}
		if len(list) < atOnce {
			return nil
		}
	}
}

func (a *Accounting) postings(ctx context.Context, after, end string, first bool) (list []accounting.Posting, err error) {
	of := map[string]int{}
	var ids []any
	rows, err := a.db.read.QueryContext(ctx, `SELECT p.id, p.idem_key, p.kind, p.ref, p.memo, p.reverses, p.at,
			CASE WHEN p.kind IN ('tax', 'credit', 'write_off') THEN p.ref ELSE COALESCE((SELECT MIN(i.number) FROM invoice i WHERE i.order_id = p.ref AND (
				i.kind = 'invoice' AND (p.kind IN ('order', 'package') OR p.idem_key LIKE '%:' || i.period) OR i.kind = 'receipt' AND p.kind = 'deposit' OR i.kind = 'credit_note' AND p.kind = 'reversal')), '') END
		FROM ledger_posting p WHERE (p.id > $1 OR p.id = $1 AND $4 = 1) AND p.id < $2 ORDER BY p.id LIMIT $3`, after, end, atOnce, flag(first))
	err = each(rows, err, func(rows *sql.Rows) error {
		var p accounting.Posting
		var when int64
		err := rows.Scan(&p.ID, &p.Key, &p.Kind, &p.Ref, &p.Memo, &p.Reverses, &when, &p.Document)
		p.At = at(when)
		of[p.ID] = len(list)
		ids, list = append(ids, p.ID), append(list, p)
		return err
	})
	if err != nil || len(ids) == 0 {
		return list, err
	}
	rows, err = a.db.read.QueryContext(ctx, `SELECT posting, account, currency, micros FROM ledger_entry WHERE posting IN (`+places(1, len(ids))+`) ORDER BY posting, account, seq`, ids...) //nolint:gosec // constants and $n only
	err = each(rows, err, func(rows *sql.Rows) error {
		var posting string
		var e ledger.Entry
		err := rows.Scan(&posting, &e.Account, &e.Amount.Currency, &e.Amount.Micros)
		list[of[posting]].Entries = append(list[of[posting]].Entries, e)
		return err
	})
	return list, err
}
