package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
)

func (t settlementTx) Booked(ctx context.Context, carrier string, d settlement.Direction, m settlement.Month, c money.Currency) (n int64, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(micros), 0) AS BIGINT) FROM settlement_line WHERE carrier = $1 AND direction = $2 AND month = $3 AND currency = $4`,
		carrier, string(d), string(m), string(c)).Scan(&n)
	return n, err
}

const sheetColumns = `id, carrier, direction, month, currency, lines, theirs, ours, state, disputed, causes, agreed, note, actor, at`

func scanSheet(row scanner) (s settlement.Statement, err error) {
	var causes string
	var when int64
	err = row.Scan(&s.ID, &s.Carrier, &s.Direction, &s.Month, &s.Currency, &s.Lines, &s.Theirs, &s.Ours, &s.State, &s.Disputed, &causes, &s.Agreed, &s.Note, &s.By, &when)
	s.At = at(when)
	for c := range strings.FieldsSeq(causes) {
		s.Causes = append(s.Causes, settlement.Cause(c))
	}
	return s, err
}

func sheetRow(s *settlement.Statement) []any {
	var causes []string
	for _, c := range s.Causes {
		causes = append(causes, string(c))
	}
	return []any{
		s.ID, s.Carrier, string(s.Direction), string(s.Month), string(s.Currency), s.Lines, s.Theirs, s.Ours, string(s.State), s.Disputed, strings.Join(causes, " "), s.Agreed, s.Note, s.By, us(s.At),
	}
}

func (t settlementTx) LockStatement(ctx context.Context, id string) (settlement.Statement, bool, error) {
	s, err := scanSheet(t.q.QueryRowContext(ctx, `UPDATE settlement_statement SET id = id WHERE id = $1 RETURNING `+sheetColumns, id))
	found, err := one(err)
	return s, found, err
}

func (t settlementTx) ChangeStatement(ctx context.Context, s settlement.Statement) error {
	_, err := t.q.ExecContext(ctx, `UPDATE settlement_statement SET ours = $2, state = $3, disputed = $4, causes = $5, agreed = $6, note = $7, actor = $8, at = $9 WHERE id = $1`,
		append([]any{s.ID}, sheetRow(&s)[7:]...)...)
	return err
}

func (t settlementTx) AgreedStatement(ctx context.Context, carrier string, d settlement.Direction, m settlement.Month, c money.Currency) (id string, found bool, err error) {
	found, err = one(t.q.QueryRowContext(ctx, `SELECT id FROM settlement_statement WHERE carrier = $1 AND direction = $2 AND month = $3 AND currency = $4 AND state = 'agreed'`,
		carrier, string(d), string(m), string(c)).Scan(&id))
	return id, found, err
}

func (t settlementTx) RemoveStatement(ctx context.Context, s settlement.Statement) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO settlement_removed (id, carrier, direction, month, currency, lines, theirs, why, actor, at) VALUES (`+places(1, 10)+`)`,
		s.ID, s.Carrier, string(s.Direction), string(s.Month), string(s.Currency), s.Lines, s.Theirs, s.Note, s.By, us(s.At))
	if err != nil {
		return err
	}
	_, err = t.q.ExecContext(ctx, `DELETE FROM settlement_statement WHERE id = $1`, s.ID)
	return err
}

// Removed lists those of a month that were removed, the latest first.
func (s *Settlement) Removed(ctx context.Context, carrier string, m settlement.Month) (list []settlement.Statement, err error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT id, carrier, direction, month, currency, lines, theirs, why, actor, at FROM settlement_removed
		WHERE month = $1 AND ($2 = '' OR carrier = $2) ORDER BY at DESC, id DESC LIMIT 500`, string(m), carrier)
	err = each(rows, err, func(rows *sql.Rows) error {
		var x settlement.Statement
		var when int64
		err := rows.Scan(&x.ID, &x.Carrier, &x.Direction, &x.Month, &x.Currency, &x.Lines, &x.Theirs, &x.Note, &x.By, &when)
		x.At = at(when)
		list = append(list, x)
		return err
	})
	return list, err
}

// PutStatement keeps a statement with its lines.
func (s *Settlement) PutStatement(ctx context.Context, x settlement.Statement, lines []settlement.Theirs) error {
	body, err := packTheirs(lines)
	if err != nil {
		return fmt.Errorf("keep the statement %s: %w", x.ID, err)
	}
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO settlement_statement (`+sheetColumns+`, body) VALUES (`+places(1, 16)+`)`, append(sheetRow(&x), body)...)
		return err
	})
}

// packTheirs writes lines as compressed CSV.
func packTheirs(lines []settlement.Theirs) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := csv.NewWriter(z)
	for i := range lines {
		x := &lines[i]
		if err := w.Write([]string{strconv.Itoa(x.N), x.Number, strconv.FormatInt(us(x.At), 10), strconv.FormatInt(x.Seconds, 10), strconv.FormatInt(x.Micros, 10)}); err != nil {
			return "", err
		}
	}
	w.Flush()
	err := errors.Join(w.Error(), z.Close())
	return base64.StdEncoding.EncodeToString(b.Bytes()), err
}

// StatementLines reads the lines of a statement.
func (s *Settlement) StatementLines(ctx context.Context, id string) (list []settlement.Theirs, err error) {
	var body string
	if err := s.db.read.QueryRowContext(ctx, `SELECT body FROM settlement_statement WHERE id = $1`, id).Scan(&body); err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(body)))
	if err != nil {
		return nil, fmt.Errorf("the lines of the statement %s: %w", id, err)
	}
	r := csv.NewReader(z)
	r.ReuseRecord = true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		x, perr := theirs(row)
		if err = errors.Join(err, perr); err != nil {
			return nil, fmt.Errorf("the lines of the statement %s: %w", id, err)
		}
		list = append(list, x)
	}
}

func theirs(row []string) (x settlement.Theirs, err error) {
	if len(row) != 5 {
		return x, errors.New("a line has not five cells")
	}
	var n [4]int64
	for i, at := range []int{0, 2, 3, 4} {
		if n[i], err = strconv.ParseInt(row[at], 10, 64); err != nil {
			return x, err
		}
	}
	return settlement.Theirs{N: int(n[0]), Number: strings.Clone(row[1]), At: at(n[1]), Seconds: n[2], Micros: n[3]}, nil
}

// Statements lists those of a month, the latest first.
func (s *Settlement) Statements(ctx context.Context, carrier string, m settlement.Month) (list []settlement.Statement, err error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+sheetColumns+` FROM settlement_statement WHERE month = $1 AND ($2 = '' OR carrier = $2) ORDER BY at DESC, id DESC LIMIT 500`, string(m), carrier)
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanSheet(rows)
		list = append(list, x)
		return err
	})
	return list, err
}

// Statement reads one.
func (s *Settlement) Statement(ctx context.Context, id string) (settlement.Statement, bool, error) {
	x, err := scanSheet(s.db.read.QueryRowContext(ctx, `SELECT `+sheetColumns+` FROM settlement_statement WHERE id = $1`, id))
	found, err := one(err)
	return x, found, err
}

// Payee is where a carrier's money goes.
func (s *Settlement) Payee(ctx context.Context, carrier string) (p settlement.Payee, found bool, err error) {
	found, err = one(s.db.read.QueryRowContext(ctx, `SELECT carrier, name, iban, bic FROM settlement_payee WHERE carrier = $1`, carrier).Scan(&p.Carrier, &p.Name, &p.IBAN, &p.BIC))
	return p, found, err
}

// PutPayee says where.
func (s *Settlement) PutPayee(ctx context.Context, p settlement.Payee) error {
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO settlement_payee (carrier, name, iban, bic) VALUES ($1, $2, $3, $4)
			ON CONFLICT (carrier) DO UPDATE SET name = excluded.name, iban = excluded.iban, bic = excluded.bic`, p.Carrier, p.Name, p.IBAN, p.BIC)
		return err
	})
}

const payoutColumns = `id, carrier, currency, micros, name, iban, bic, reference, state, netted, actor, at`

func scanPayout(row scanner) (p settlement.Payout, err error) {
	var when int64
	err = row.Scan(&p.ID, &p.Carrier, &p.Amount.Currency, &p.Amount.Micros, &p.Payee.Name, &p.Payee.IBAN, &p.Payee.BIC, &p.Reference, &p.State, &p.Netted, &p.By, &when)
	p.At, p.Payee.Carrier = at(when), p.Carrier
	return p, err
}

// Payouts lists payments, the latest first.
func (s *Settlement) Payouts(ctx context.Context, state settlement.PayoutState, limit int) (list []settlement.Payout, err error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+payoutColumns+` FROM settlement_payout WHERE $1 = '' OR state = $1 ORDER BY at DESC, id DESC LIMIT $2`, string(state), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		p, err := scanPayout(rows)
		list = append(list, p)
		return err
	})
	return list, err
}

func (t settlementTx) PutPayout(ctx context.Context, p settlement.Payout) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO settlement_payout (`+payoutColumns+`) VALUES (`+places(1, 12)+`)`,
		p.ID, p.Carrier, string(p.Amount.Currency), p.Amount.Micros, p.Payee.Name, p.Payee.IBAN, p.Payee.BIC, p.Reference, string(p.State), flag(p.Netted), p.By, us(p.At))
	return err
}

func (t settlementTx) LockPayout(ctx context.Context, id string) (settlement.Payout, bool, error) {
	p, err := scanPayout(t.q.QueryRowContext(ctx, `UPDATE settlement_payout SET id = id WHERE id = $1 RETURNING `+payoutColumns, id))
	found, err := one(err)
	return p, found, err
}

func (t settlementTx) ChangePayout(ctx context.Context, p settlement.Payout) error {
	_, err := t.q.ExecContext(ctx, `UPDATE settlement_payout SET state = $2, actor = $3 WHERE id = $1`, p.ID, string(p.State), p.By)
	return err
}

func (t settlementTx) OrderedPayouts(ctx context.Context, carrier string, c money.Currency) (n int64, err error) {
	err = t.q.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(micros), 0) AS BIGINT) FROM settlement_payout WHERE state = 'ordered' AND carrier = $1 AND currency = $2`, carrier, string(c)).Scan(&n)
	return n, err
}

// Balances are what a carrier is owed and owes, by currency.
func (s *Settlement) Balances(ctx context.Context, carrier string) ([]settlement.Balance, error) {
	var list []settlement.Balance
	of := func(c money.Currency) *settlement.Balance {
		for i := range list {
			if list[i].Currency == c {
				return &list[i]
			}
		}
		list = append(list, settlement.Balance{Currency: c})
		return &list[len(list)-1]
	}
	payable, receivable := strings.TrimSuffix(settlement.PayableAccount(carrier, ""), ":"), strings.TrimSuffix(settlement.ReceivableAccount(carrier, ""), ":")
	rows, err := s.db.read.QueryContext(ctx, `SELECT id, currency, balance FROM ledger_account WHERE kind IN ('payable', 'receivable')
		AND (id = $1 || ':' || currency OR id = $2 || ':' || currency) ORDER BY currency, id`, payable, receivable)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		var c money.Currency
		var n int64
		if err := rows.Scan(&id, &c, &n); err != nil {
			return err
		}
		if strings.HasPrefix(id, payable+":") {
			of(c).Payable = n
		} else {
			of(c).Receivable = -n
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows, err = s.db.read.QueryContext(ctx, `SELECT currency, CAST(SUM(micros) AS BIGINT) FROM settlement_payout WHERE state = 'ordered' AND carrier = $1 GROUP BY currency`, carrier)
	err = each(rows, err, func(rows *sql.Rows) error {
		var c money.Currency
		var n int64
		err := rows.Scan(&c, &n)
		of(c).Ordered = n
		return err
	})
	return list, err
}
