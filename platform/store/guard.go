package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
)

// Guard is the store of limits of calls, closed destinations and refusals.
type Guard struct{ db *DB }

// Guard gives the guard its store.
func (d *DB) Guard() *Guard { return &Guard{d} }

// Standing reads all that decides what an account may do. Money that came by card
// or transfer, and did not go back whole, by us or by the card company, says that
// it has paid.
func (g *Guard) Standing(ctx context.Context, account string) (s guard.Standing, err error) {
	var class, own, ceiling, why sql.NullString
	var created, changed, until sql.NullInt64
	found, err := one(g.db.read.QueryRowContext(ctx, `SELECT a.id, a.created, g.class, g.own, g.ceiling, g.changed, s.until, s.why,
		EXISTS (SELECT 1 FROM incoming i WHERE i.account = a.id AND i.state IN ('booked', 'used', 'kept') AND i.sent_back + i.taken < i.micros AND i.dispute NOT IN ('open', 'lost'))
		FROM account a LEFT JOIN guard_account g ON g.account = a.id LEFT JOIN guard_stop s ON s.account = a.id WHERE a.id = $1`, account).
		Scan(&s.ID, &created, &class, &own, &ceiling, &changed, &until, &why, &s.Paid))
	if err != nil {
		return s, err
	}
	if !found {
		return s, fault.New(fault.Unknown, "account_unknown", "There is no account %s.", account)
	}
	s.Created, s.Class, s.Changed, s.Until, s.Why = at(created.Int64), guard.Class(class.String), at(changed.Int64), at(until.Int64), why.String
	if err := limitsOf(&s.Account, own.String, ceiling.String); err != nil {
		return s, err
	}
	rows, err := g.db.read.QueryContext(ctx, `SELECT what FROM guard_open WHERE account = $1`, account)
	err = each(rows, err, func(rows *sql.Rows) error {
		var what string
		err := rows.Scan(&what)
		s.Opened = append(s.Opened, what)
		return err
	})
	return s, err
}

func limitsOf(a *guard.Account, own, ceiling string) error {
	for _, x := range []struct {
		text string
		to   *guard.Limits
	}{{own, &a.Own}, {ceiling, &a.Ceiling}} {
		if x.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(x.text), x.to); err != nil {
			return fmt.Errorf("the limits of %s: %w", a.ID, err)
		}
	}
	return nil
}

const guardColumns = `account, class, own, ceiling, changed`

func scanGuarded(row scanner) (a guard.Account, err error) {
	var own, ceiling string
	var changed int64
	if err := row.Scan(&a.ID, &a.Class, &own, &ceiling, &changed); err != nil {
		return a, err
	}
	a.Changed = at(changed)
	return a, limitsOf(&a, own, ceiling)
}

// Changed lists what was kept of accounts since an instant.
func (g *Guard) Changed(ctx context.Context, since time.Time) (list []guard.Account, err error) {
	rows, err := g.db.read.QueryContext(ctx, `SELECT `+guardColumns+` FROM guard_account WHERE changed >= $1`, us(since))
	err = each(rows, err, func(rows *sql.Rows) error {
		a, err := scanGuarded(rows)
		list = append(list, a)
		return err
	})
	return list, err
}

// SaveOwn keeps what the holder of an account set.
func (g *Guard) SaveOwn(ctx context.Context, account string, own guard.Limits, now time.Time) (guard.Account, error) {
	return g.save(ctx, `own = excluded.own`, guard.Account{ID: account, Own: own, Changed: now})
}

// SaveCeiling keeps what the operator set of an account.
func (g *Guard) SaveCeiling(ctx context.Context, account string, c guard.Class, top guard.Limits, now time.Time) (guard.Account, error) {
	return g.save(ctx, `class = excluded.class, ceiling = excluded.ceiling`, guard.Account{ID: account, Class: c, Ceiling: top, Changed: now})
}

// save writes a row, or of one that is there what is named, and returns it.
func (g *Guard) save(ctx context.Context, set string, a guard.Account) (out guard.Account, err error) {
	own, err := json.Marshal(a.Own)
	if err != nil {
		return out, err
	}
	ceiling, err := json.Marshal(a.Ceiling)
	if err != nil {
		return out, err
	}
	err = g.db.write(ctx, func(q querier) (err error) {
		out, err = scanGuarded(q.QueryRowContext(ctx, `INSERT INTO guard_account (`+guardColumns+`) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account) DO UPDATE SET `+set+`, changed = excluded.changed RETURNING `+guardColumns, a.ID, string(a.Class), string(own), string(ceiling), us(a.Changed)))
		return err
	})
	return out, err
}

// Open opens a destination for an account, or closes it.
func (g *Guard) Open(ctx context.Context, account, what string, open bool, now time.Time) error {
	return g.db.write(ctx, func(q querier) error {
		var err error
		if open {
			_, err = q.ExecContext(ctx, `INSERT INTO guard_open (account, what, opened) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, account, what, us(now))
		} else {
			_, err = q.ExecContext(ctx, `DELETE FROM guard_open WHERE account = $1 AND what = $2`, account, what)
		}
		return err
	})
}

// Stop keeps calls that cost from an account until an instant; the zero one lets
// it call.
func (g *Guard) Stop(ctx context.Context, account string, until time.Time, why string) error {
	return g.db.write(ctx, func(q querier) error {
		if until.IsZero() {
			_, err := q.ExecContext(ctx, `DELETE FROM guard_stop WHERE account = $1`, account)
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO guard_stop (account, until, why) VALUES ($1, $2, $3)
			ON CONFLICT (account) DO UPDATE SET until = excluded.until, why = excluded.why`, account, us(until), why)
		return err
	})
}

// Spent is what an account's calls did cost, and what is held for them.
func (g *Guard) Spent(ctx context.Context, account string, c money.Currency, day, month int64) (guard.Spent, error) {
	return spent(ctx, g.db.read, account, c, day, month, "")
}

func spent(ctx context.Context, q querier, account string, c money.Currency, day, month int64, but string) (s guard.Spent, err error) {
	err = q.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(CASE WHEN day = $3 THEN micros ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(micros), 0) AS BIGINT),
		(SELECT CAST(COALESCE(SUM(micros), 0) AS BIGINT) FROM ledger_hold WHERE account = $5 AND id <> $6), (SELECT COUNT(*) FROM (SELECT id FROM ledger_hold WHERE account = $5 AND id <> $6 UNION SELECT hold FROM package_hold WHERE account = $1 AND hold <> $6) h)
		FROM call_spend WHERE account = $1 AND currency = $2 AND day >= $4`, account, string(c), day, month, ledger.WalletID(account, c), but).
		Scan(&s.Day, &s.Month, &s.Held, &s.Calls)
	return s, err
}

// Spend counts what a call did cost.
func (t chargingTx) Spend(ctx context.Context, account string, charge money.Amount, day int64) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO call_spend (account, currency, day, micros, calls) VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (account, currency, day) DO UPDATE SET micros = call_spend.micros + excluded.micros, calls = call_spend.calls + 1`,
		account, string(charge.Currency), day, charge.Micros)
	return err
}

// Spent is what Guard.Spent is, as this transaction sees it.
func (t chargingTx) Spent(ctx context.Context, account string, c money.Currency, day, since int64, but string) (guard.Spent, error) {
	return spent(ctx, t.q, account, c, day, since, but)
}

// Rule reads the newest version.
func (g *Guard) Rule(ctx context.Context, name string) (guard.Rule, bool, error) {
	r := guard.Rule{Name: name}
	var when int64
	found, err := one(g.db.read.QueryRowContext(ctx, `SELECT version, value, actor, at FROM guard_rule WHERE name = $1 ORDER BY version DESC LIMIT 1`, name).
		Scan(&r.Version, &r.Value, &r.By, &when))
	r.At = at(when)
	return r, found, err
}

// PutRule keeps a version; false if there is such a one already.
func (g *Guard) PutRule(ctx context.Context, r guard.Rule) (fresh bool, err error) {
	err = g.db.write(ctx, func(q querier) error {
		fresh, err = changed(q.ExecContext(ctx, `INSERT INTO guard_rule (name, version, value, actor, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			r.Name, r.Version, r.Value, r.By, us(r.At)))
		return err
	})
	return fresh, err
}

// blocksKept is how long refusals are kept.
const blocksKept = 400 * 24 * time.Hour

// AddBlock keeps a refusal, and forgets those of long ago.
func (g *Guard) AddBlock(ctx context.Context, b guard.Block) error {
	return g.db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `DELETE FROM guard_block WHERE at < $1`, us(b.At.Add(-blocksKept))); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO guard_block (id, at, account, call_id, called, forwarded, code, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			b.ID, us(b.At), b.Account, b.Call, b.To, flag(b.Forward), b.Reason.Code, b.Reason.Text)
		return err
	})
}

// Blocks lists refusals, the latest first.
func (g *Guard) Blocks(ctx context.Context, f guard.BlockFilter) ([]guard.Block, error) {
	const columns = `SELECT id, at, account, call_id, called, forwarded, code, text FROM guard_block `
	list := []guard.Block{}
	query, args := columns+`WHERE account = $1 AND ($2 = '' OR code = $2) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`, []any{f.Account, f.Code, f.Before, f.Limit}
	switch {
	case f.Account == "":
		query, args = columns+`WHERE ($1 = '' OR code = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, args[1:]
	case len(f.Calls) > 0:
		query, args = columns+`WHERE account = $1 AND call_id IN (`+places(2, len(f.Calls))+`) ORDER BY id DESC`, []any{f.Account}
		for _, c := range f.Calls {
			args = append(args, c)
		}
	}
	rows, err := g.db.read.QueryContext(ctx, query, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		var b guard.Block
		var when int64
		err := rows.Scan(&b.ID, &when, &b.Account, &b.Call, &b.To, &b.Forward, &b.Reason.Code, &b.Reason.Text)
		b.At = at(when)
		list = append(list, b)
		return err
	})
	return list, err
}
