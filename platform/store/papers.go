package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/paper"
)

// Papers is the store of invoices and credit notes.
type Papers struct{ db *DB }

// Papers gives the office its store.
func (d *DB) Papers() *Papers { return &Papers{d} }

// Do runs a transaction.
func (p *Papers) Do(ctx context.Context, f func(paper.Tx) error) error {
	return p.db.write(ctx, func(q querier) error { return f(paperTx{q, outbox{q}}) })
}

type paperTx struct {
	q querier
	outbox
}

const paperColumns = `number, kind, order_id, period, account, data, issued`

func scanPaper(row scanner) (p paper.Paper, err error) {
	var data string
	var issued int64
	if err = row.Scan(&p.Number, &p.Kind, &p.Order, &p.Period, &p.Account, &data, &issued); err != nil {
		return p, err
	}
	p.Issued = at(issued)
	if err := json.Unmarshal([]byte(data), &p.Data); err != nil {
		return p, fmt.Errorf("the paper %s cannot be read: %w", p.Number, err)
	}
	return p, nil
}

func (t paperTx) OfOrder(ctx context.Context, order, period string, k paper.Kind) (paper.Paper, bool, error) {
	p, err := scanPaper(t.q.QueryRowContext(ctx, `SELECT `+paperColumns+` FROM invoice WHERE order_id = $1 AND kind = $2 AND period = $3`, order, string(k), period))
	found, err := one(err)
	return p, found, err
}

// Next counts on. The row stays locked until the transaction ends, so that a
// number is given back if it fails.
func (t paperTx) Next(ctx context.Context, k paper.Kind, year int) (n int, err error) {
	err = t.q.QueryRowContext(ctx, `INSERT INTO invoice_count (kind, year, last) VALUES ($1, $2, 1)
		ON CONFLICT (kind, year) DO UPDATE SET last = invoice_count.last + 1 RETURNING last`, string(k), year).Scan(&n)
	return n, err
}

func (t paperTx) Insert(ctx context.Context, p paper.Paper) error {
	data, err := json.Marshal(p.Data)
	if err != nil {
		return fmt.Errorf("store the paper %s: %w", p.Number, err)
	}
	_, err = t.q.ExecContext(ctx, `INSERT INTO invoice (`+paperColumns+`) VALUES (`+places(1, 7)+`)`, p.Number, string(p.Kind), p.Order, p.Period, p.Account, string(data), us(p.Issued))
	return err
}

func (t paperTx) Write(ctx context.Context, account, kind, key string, fields map[string]string) error {
	return shopTx{q: t.q}.Write(ctx, account, kind, key, fields)
}

// Tasks lists unfinished work.
func (p *Papers) Tasks(ctx context.Context, topic string, limit int) ([]string, error) {
	return tasks(ctx, p.db.read, topic, limit)
}

// Paper finds one by its number.
func (p *Papers) Paper(ctx context.Context, number string) (paper.Paper, bool, error) {
	x, err := scanPaper(p.db.read.QueryRowContext(ctx, `SELECT `+paperColumns+` FROM invoice WHERE number = $1`, number))
	found, err := one(err)
	return x, found, err
}

// Papers lists papers, newest first.
func (p *Papers) Papers(ctx context.Context, account, before string, limit int) ([]paper.Paper, error) {
	when, number := int64(1)<<62, ""
	if before != "" {
		var text string
		var err error
		text, number, _ = strings.Cut(before, ",")
		if when, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
	}
	out := []paper.Paper{}
	rows, err := p.db.read.QueryContext(ctx, `SELECT `+paperColumns+` FROM invoice WHERE (account = $1 OR $1 = '') AND (issued < $2 OR issued = $2 AND number < $3)
		ORDER BY issued DESC, number DESC LIMIT $4`, account, when, number, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanPaper(rows)
		out = append(out, x)
		return err
	})
	return out, err
}
