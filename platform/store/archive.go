package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
)

// clause is a condition whose parameters go on from others of its statement.
type clause struct {
	parts []string
	args  *[]any
}

// and adds a condition; each ? in it stands for the next of args.
func (c *clause) and(text string, args ...any) {
	for _, a := range args {
		*c.args = append(*c.args, a)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(*c.args)), 1)
	}
	c.parts = append(c.parts, text)
}

func (c *clause) String() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// filter adds what a filter asks for, but for the account.
func (c *clause) filter(f *cdr.Filter) {
	if !f.Since.IsZero() {
		c.and("started >= ?", us(f.Since))
	}
	if !f.Before.IsZero() {
		c.and("started < ?", us(f.Before))
	}
	if f.Call != "" {
		c.and("(call_id = ? OR id = ?)", f.Call, f.Call)
	}
	if f.Carrier != "" {
		c.and("carrier = ?", f.Carrier)
	}
	if f.Cause != "" {
		c.and("cause = ?", f.Cause)
	}
	if f.Side != "" {
		c.and("side = ?", string(f.Side))
	}
	if f.Unanswered {
		c.and("answered = 0")
	}
	if d := f.Digits(); d != "" {
		c.number(d, f.Account)
	}
}

// number is that one side of the call is a number: in either order of country and
// the rest, or as it was written. An account does not find by it who called with
// his number withheld.
func (c *clause) number(digits, account string) {
	const plain = `REPLACE(REPLACE(REPLACE(REPLACE(%s, '+', ''), ' ', ''), '-', ''), '*', '#')`
	is := func(side string) string {
		return `(` + side + `_code || ` + side + `_number = ? OR ` + side + `_number || ` + side + `_code = ? OR ` + fmt.Sprintf(plain, side+"_text") + ` = ?)`
	}
	if account == "" {
		c.and(`(`+is("from")+` OR `+is("to")+` OR `+fmt.Sprintf(plain, "dialled")+` = ?)`, digits, digits, digits, digits, digits, digits, digits)
		return
	}
	c.and(`((withheld = 0 OR from_account = ?) AND `+is("from")+` OR `+is("to")+`)`, account, digits, digits, digits, digits, digits, digits)
}

// records reads records in an order of their start and id; more adds to the
// condition. Those of an account come from an index for each side.
func (c *Calls) records(ctx context.Context, f *cdr.Filter, more func(*clause), order string, limit int) (list []cdr.Record, err error) {
	args := make([]any, 0, 16)
	part := func(is string, of ...any) string {
		w := clause{args: &args}
		if is != "" {
			w.and(is, of...)
		}
		w.filter(f)
		more(&w)
		return `SELECT ` + cdrColumns + ` FROM cdr` + w.String() + ` ORDER BY ` + order + ` LIMIT ` + strconv.Itoa(limit)
	}
	text := ""
	if f.Account == "" {
		text = part("")
	} else {
		text = `SELECT ` + cdrColumns + ` FROM (SELECT * FROM (` + part("from_account = ?", f.Account) + `) a UNION ALL SELECT * FROM (` +
			part("to_account = ? AND from_account <> ?", f.Account, f.Account) + `) b) h ORDER BY ` + order + ` LIMIT ` + strconv.Itoa(limit)
	}
	rows, err := c.db.read.QueryContext(ctx, text, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		list = append(list, r)
		return err
	})
	return list, err
}

const (
	newestFirst = `started DESC, id DESC`
	oldestFirst = `started, id`
)

// Search lists records, newest first. The cursor is the start and the id of the
// last record of the page before.
func (c *Calls) Search(ctx context.Context, f cdr.Filter, cursor string, limit int) (cdr.Page, error) {
	if err := f.Check(); err != nil {
		return cdr.Page{}, err
	}
	more := func(*clause) {}
	if cursor != "" {
		when, id, ok := strings.Cut(cursor, ".")
		started, err := strconv.ParseInt(when, 10, 64)
		if !ok || err != nil {
			return cdr.Page{}, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
		more = func(w *clause) { w.and("(started < ? OR started = ? AND id < ?)", started, started, id) }
	}
	limit = min(max(limit, 1), 200)
	list, err := c.records(ctx, &f, more, newestFirst, limit+1)
	if err != nil {
		return cdr.Page{}, err
	}
	page := cdr.Page{Items: append([]cdr.Record{}, list[:min(limit, len(list))]...)}
	if len(list) > limit {
		last := page.Items[limit-1]
		page.Next = strconv.FormatInt(us(last.Start), 10) + "." + last.ID
	}
	return page, nil
}

// exportPage is how many records an export reads at a time: no transaction stays
// open between, so that a slow reader holds up nobody.
const exportPage = 1000

// Each hands over all records, oldest first.
func (c *Calls) Each(ctx context.Context, f cdr.Filter, give func(*cdr.Record) error) error {
	if err := f.Check(); err != nil {
		return err
	}
	more := func(*clause) {}
	for {
		list, err := c.records(ctx, &f, more, oldestFirst, exportPage)
		if err != nil {
			return err
		}
		for i := range list {
			if err := give(&list[i]); err != nil {
				return err
			}
		}
		if len(list) < exportPage {
			return nil
		}
		last := &list[len(list)-1]
		started, id := us(last.Start), last.ID
		more = func(w *clause) { w.and("(started > ? OR started = ? AND id > ?)", started, started, id) }
	}
}

// Call lists the records of one call, the first center first.
func (c *Calls) Call(ctx context.Context, id string) ([]cdr.Record, error) {
	return c.records(ctx, &cdr.Filter{}, func(w *clause) { w.and("call_id = ?", id) }, oldestFirst, 100)
}
