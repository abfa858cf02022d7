package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/settlement"
)

// Settlement is the store of what carriers are owed and owe.
type Settlement struct{ db *DB }

// Settlement gives settlement its store.
func (d *DB) Settlement() *Settlement { return &Settlement{d} }

type settlementTx struct{ ledgerTx }

// Do runs a transaction of the book and the lines.
func (s *Settlement) Do(ctx context.Context, f func(settlement.Tx) error) error {
	return s.db.write(ctx, func(q querier) error { return f(settlementTx{ledgerTx{q}}) })
}

const lineColumns = `id, carrier, trunk, direction, call_id, number, answered, lasted, zone, known, currency, micros, house, seconds, prefix, version, posting`

func (t settlementTx) PutLine(ctx context.Context, l settlement.Line) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO settlement_line (`+lineColumns+`, month) VALUES (`+places(1, 18)+`) ON CONFLICT (id) DO NOTHING`,
		l.ID, l.Carrier, l.Trunk, string(l.Direction), l.Call, l.Number, us(l.Answer), l.Lasted.Microseconds(), l.Zone, flag(l.Price.Known), string(l.Price.Amount.Currency), l.Price.Amount.Micros,
		l.Price.House, l.Price.Seconds, l.Price.Prefix, l.Price.Version, l.Posting, string(settlement.MonthOf(l.Answer))))
}

func (t settlementTx) PriceLine(ctx context.Context, id string, p settlement.Price) (bool, error) {
	return changed(t.q.ExecContext(ctx, `UPDATE settlement_line SET known = 1, currency = $2, micros = $3, house = $4, seconds = $5, prefix = $6, version = $7 WHERE id = $1 AND known = 0`,
		id, string(p.Amount.Currency), p.Amount.Micros, p.House, p.Seconds, p.Prefix, p.Version))
}

func (t settlementTx) BookLine(ctx context.Context, id, posting string) error {
	_, err := t.q.ExecContext(ctx, `UPDATE settlement_line SET posting = $2 WHERE id = $1`, id, posting)
	return err
}

func (t settlementTx) Drop(ctx context.Context, records []string) error {
	for _, id := range records {
		if _, err := t.q.ExecContext(ctx, `DELETE FROM settlement_due WHERE record = $1`, id); err != nil {
			return err
		}
	}
	return nil
}

// Due lists records that have no lines yet.
func (s *Settlement) Due(ctx context.Context, limit int) (ids []string, records []cdr.Record, err error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT record FROM settlement_due ORDER BY record LIMIT $1`, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	args := make([]any, len(ids))
	for i := range ids {
		args[i] = ids[i]
	}
	rows, err = s.db.read.QueryContext(ctx, `SELECT `+cdrColumns+` FROM cdr WHERE id IN (`+places(1, len(ids))+`)`, args...) //nolint:gosec // constants and $n only
	err = each(rows, err, func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		records = append(records, r)
		return err
	})
	return ids, records, err
}

func scanLine(row scanner) (l settlement.Line, err error) {
	var answered, lasted int64
	err = row.Scan(&l.ID, &l.Carrier, &l.Trunk, &l.Direction, &l.Call, &l.Number, &answered, &lasted, &l.Zone, &l.Price.Known, &l.Price.Amount.Currency, &l.Price.Amount.Micros,
		&l.Price.House, &l.Price.Seconds, &l.Price.Prefix, &l.Price.Version, &l.Posting)
	l.Answer, l.Lasted = at(answered), micros(lasted)
	return l, err
}

// where writes the conditions of a filter and their arguments.
func (s *Settlement) where(f settlement.Filter) (text string, args []any) {
	add := func(condition string, arg any) {
		args = append(args, arg)
		text += " AND " + strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args)))
	}
	add("month = ?", string(f.Month))
	if f.Carrier != "" {
		add("carrier = ?", f.Carrier)
	}
	if f.Direction != "" {
		add("direction = ?", string(f.Direction))
	}
	if f.Unpriced {
		text += " AND known = 0"
	}
	return strings.TrimPrefix(text, " AND "), args
}

// Lines lists lines of a filter.
func (s *Settlement) Lines(ctx context.Context, f settlement.Filter) (page settlement.Page, err error) {
	text, args := s.where(f)
	if f.Cursor != "" {
		when, id, ok := strings.Cut(f.Cursor, "~")
		n, err := strconv.ParseInt(when, 10, 64)
		if !ok || err != nil {
			return page, fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
		args = append(args, n, id)
		text += fmt.Sprintf(" AND (answered > $%d OR answered = $%d AND id > $%d)", len(args)-1, len(args)-1, len(args))
	}
	args = append(args, f.Limit+1)
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+lineColumns+` FROM settlement_line WHERE `+text+` ORDER BY answered, id LIMIT $`+strconv.Itoa(len(args)), args...) //nolint:gosec // constants and $n only
	err = each(rows, err, func(rows *sql.Rows) error {
		l, err := scanLine(rows)
		page.Items = append(page.Items, l)
		return err
	})
	if err == nil && len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.Next = strconv.FormatInt(us(last.Answer), 10) + "~" + last.ID
	}
	return page, err
}

// Each calls do with every line of a filter.
func (s *Settlement) Each(ctx context.Context, f settlement.Filter, do func(settlement.Line) error) error {
	text, args := s.where(f)
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+lineColumns+` FROM settlement_line WHERE `+text+` ORDER BY answered, id`, args...) //nolint:gosec // constants and $n only
	return each(rows, err, func(rows *sql.Rows) error {
		l, err := scanLine(rows)
		if err != nil {
			return err
		}
		return do(l)
	})
}

// Totals sum the lines of a month.
func (s *Settlement) Totals(ctx context.Context, carrier string, m settlement.Month) (list []settlement.Total, err error) {
	text, args := s.where(settlement.Filter{Carrier: carrier, Month: m})
	//nolint:gosec // constants and $n only
	rows, err := s.db.read.QueryContext(ctx,
		`SELECT carrier, direction, currency, COUNT(*), CAST(SUM(seconds) AS BIGINT), CAST(SUM(micros) AS BIGINT), CAST(SUM(house) AS BIGINT),
		CAST(SUM(1 - known) AS BIGINT) FROM settlement_line WHERE `+text+` GROUP BY carrier, direction, currency ORDER BY carrier, direction, currency`, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		var t settlement.Total
		err := rows.Scan(&t.Carrier, &t.Direction, &t.Currency, &t.Calls, &t.Seconds, &t.Micros, &t.House, &t.Unpriced)
		list = append(list, t)
		return err
	})
	return list, err
}

// Margins sum what calls that left brought in and cost. A call's charge counts for
// the first of its legs.
func (s *Settlement) Margins(ctx context.Context, m settlement.Month, by settlement.MarginBy, limit int) (list []settlement.Margin, err error) {
	key, ok := map[settlement.MarginBy]string{settlement.ByCarrier: "l.carrier", settlement.ByDestination: "l.prefix", settlement.ByCustomer: "COALESCE(r.payer, '')"}[by]
	if !ok {
		return nil, fault.New(fault.Invalid, "margin_by", "Margins are summed by carrier, destination or customer.")
	}
	//nolint:gosec // constants and $n only
	rows, err := s.db.read.QueryContext(ctx,
		`WITH f AS (SELECT call_id, MIN(id) AS id FROM settlement_line WHERE month = $1 AND direction = 'out' GROUP BY call_id),
		r AS (SELECT f.id, SUM(c.micros) AS micros, MAX(c.payer) AS payer FROM f JOIN cdr c ON c.call_id = f.call_id WHERE c.micros > 0 GROUP BY f.id)
		SELECT `+key+`, COUNT(*), CAST(SUM(l.seconds) AS BIGINT), CAST(COALESCE(SUM(r.micros), 0) AS BIGINT), CAST(SUM(l.house) AS BIGINT)
		FROM settlement_line l LEFT JOIN r ON r.id = l.id WHERE l.month = $1 AND l.direction = 'out' GROUP BY `+key+` ORDER BY 4 DESC, 1 LIMIT $2`, string(m), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var x settlement.Margin
		err := rows.Scan(&x.Key, &x.Calls, &x.Seconds, &x.Revenue, &x.Cost)
		list = append(list, x)
		return err
	})
	return list, err
}
