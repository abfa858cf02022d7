package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Calls is the store of call records.
type Calls struct {
	db                    *DB
	insertOne, insertMany string
}

// Calls gives the call records their store.
func (d *DB) Calls() *Calls {
	return &Calls{d, insertRecords(d.engine, 1), insertRecords(d.engine, recordRows)}
}

const cdrColumns = `id, call_id, side, center, from_account, from_kind, from_code, from_number, from_text,
	to_account, to_kind, to_code, to_number, to_text, dialled, started, answered, ended, cause, currency, micros, carrier, trunk, withheld, payer, detail`

// recordRows is how many records one statement stores: the fixed costs of a
// statement are a good part of a record's.
const recordRows = 16

// insertRecords is the statement that stores n records. In SQLite its
// parameters are nameless: a name, which $1 is there, is looked for among all
// others each time it is bound.
func insertRecords(engine string, n int) string {
	const columns = 26
	rows := make([]string, n)
	for i := range rows {
		if engine == "sqlite" {
			rows[i] = "(?" + strings.Repeat(", ?", columns-1) + ")"
		} else {
			rows[i] = "(" + places(1+i*columns, columns) + ")"
		}
	}
	return `INSERT INTO cdr (` + cdrColumns + `) VALUES ` + strings.Join(rows, ", ") + ` ON CONFLICT DO NOTHING`
}

// AppendRecords stores records in one commit, each once: a record of the same
// call, side and center is the same record.
func (c *Calls) AppendRecords(ctx context.Context, records []cdr.Record) error {
	if len(records) == 0 {
		return nil
	}
	return c.db.write(ctx, func(q querier) error { return c.insert(ctx, q, records) })
}

func (c *Calls) insert(ctx context.Context, q querier, records []cdr.Record) error {
	args := make([]any, 0, 26*min(recordRows, len(records)))
	for rest := records; len(rest) > 0; {
		n, text := 1, c.insertOne
		if len(rest) >= recordRows {
			n, text = recordRows, c.insertMany
		}
		args = args[:0]
		for i := range rest[:n] {
			r := &rest[i]
			more, err := detailOf(r)
			if err != nil {
				return err
			}
			args = append(args, r.ID, r.CallID, string(r.Side), string(r.Center),
				r.From.Account, r.From.Number.Kind.String(), r.From.Number.CallingCode, r.From.Number.National, r.From.Text,
				r.To.Account, r.To.Number.Kind.String(), r.To.Number.CallingCode, r.To.Number.National, r.To.Text,
				r.Dialled, us(r.Start), us(r.Answer), us(r.End), r.Cause.String(), string(r.Charge.Currency), r.Charge.Micros, r.Carrier, r.Trunk, flag(r.Withheld), r.Payer, more)
		}
		if _, err := q.ExecContext(ctx, text, args...); err != nil {
			return fmt.Errorf("store the records of call %s and %d more: %w", rest[0].CallID, n-1, err)
		}
		rest = rest[n:]
	}
	if err := due(ctx, q, records); err != nil {
		return err
	}
	now := time.Now()
	if err := tellMissed(ctx, q, records, now); err != nil {
		return err
	}
	return tellCalls(ctx, q, records, now)
}

// due leaves the records of which carriers are owed something to settlement.
func due(ctx context.Context, q querier, records []cdr.Record) error {
	for i := range records {
		if r := &records[i]; r.Carried() {
			if _, err := q.ExecContext(ctx, `INSERT INTO settlement_due (record) VALUES ($1) ON CONFLICT DO NOTHING`, r.ID); err != nil {
				return fmt.Errorf("leave call %s to settlement: %w", r.CallID, err)
			}
		}
	}
	return nil
}

func scanRecord(row scanner) (r cdr.Record, err error) {
	var fromKind, toKind, cause, more string
	var start, answer, end int64
	err = row.Scan(&r.ID, &r.CallID, &r.Side, &r.Center, &r.From.Account, &fromKind, &r.From.Number.CallingCode, &r.From.Number.National, &r.From.Text,
		&r.To.Account, &toKind, &r.To.Number.CallingCode, &r.To.Number.National, &r.To.Text,
		&r.Dialled, &start, &answer, &end, &cause, &r.Charge.Currency, &r.Charge.Micros, &r.Carrier, &r.Trunk, &r.Withheld, &r.Payer, &more)
	if err != nil {
		return r, err
	}
	r.Start, r.Answer, r.End, r.Cause = at(start), at(answer), at(end), cdr.ParseCause(cause)
	r.From.Number.Kind, r.To.Number.Kind = kindOf(fromKind), kindOf(toKind)
	return r, readDetail(&r, more)
}

// kindOf reads a kind; strangers have none.
func kindOf(s string) numbering.Kind {
	k, err := numbering.ParseKind(s)
	if err != nil {
		return 0
	}
	return k
}

// Record finds one call that an account made, received or paid.
func (c *Calls) Record(ctx context.Context, account, id string) (cdr.Record, bool, error) {
	r, err := scanRecord(c.db.read.QueryRowContext(ctx, `SELECT `+cdrColumns+` FROM cdr WHERE id = $1 AND (from_account = $2 OR to_account = $2 OR payer = $2)`, id, account))
	found, err := one(err)
	return r, found, err
}

// History lists an account's calls, newest first. The cursor is the start and
// the id of the last record of the page before.
func (c *Calls) History(ctx context.Context, account, cursor string, limit int) (cdr.Page, error) {
	started, id := int64(1)<<62, ""
	if cursor != "" {
		when, rest, ok := strings.Cut(cursor, ".")
		n, err := strconv.ParseInt(when, 10, 64)
		if !ok || err != nil {
			return cdr.Page{}, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
		started, id = n, rest
	}
	limit = min(max(limit, 1), 200)
	page := cdr.Page{Items: []cdr.Record{}}
	older := ` AND (started < $2 OR started = $2 AND id < $3) ORDER BY started DESC, id DESC LIMIT $4`
	rows, err := c.db.read.QueryContext(ctx, `SELECT `+cdrColumns+` FROM (
		SELECT * FROM (SELECT `+cdrColumns+` FROM cdr WHERE from_account = $1`+older+`) a
		UNION ALL
		SELECT * FROM (SELECT `+cdrColumns+` FROM cdr WHERE to_account = $1 AND from_account <> $1`+older+`) b
		) h ORDER BY started DESC, id DESC LIMIT $4`, account, started, id, limit+1)
	err = each(rows, err, func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		page.Items = append(page.Items, r)
		return err
	})
	if err == nil && len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next = strconv.FormatInt(us(last.Start), 10) + "." + last.ID
	}
	return page, err
}
