package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/wallet"
)

// Wallets is the store of what holds for wallets.
type Wallets struct{ db *DB }

// Wallets gives the wallets their store.
func (d *DB) Wallets() *Wallets { return &Wallets{d} }

type walletTx struct {
	ledgerTx
	autoTx
	outbox

	lock string
}

// Do runs a transaction.
func (w *Wallets) Do(ctx context.Context, f func(wallet.Tx) error) error {
	return w.db.write(ctx, func(q querier) error { return f(walletTx{ledgerTx{q}, autoTx{q, w.db.lock()}, outbox{q}, w.db.lock()}) })
}

func (t walletTx) Wallet(ctx context.Context, id string) (a ledger.Account, entries int64, found bool, err error) {
	if a, found, err = t.Lock(ctx, id); err != nil || !found {
		return a, 0, found, err
	}
	err = t.ledgerTx.q.QueryRowContext(ctx, `SELECT entries FROM ledger_account WHERE id = $1`, id).Scan(&entries)
	return a, entries, true, err
}

func (t walletTx) SetFloor(ctx context.Context, id string, floor int64) error {
	_, err := t.ledgerTx.q.ExecContext(ctx, `UPDATE ledger_account SET lowest = $2 WHERE id = $1`, id, floor)
	return err
}

func (t walletTx) PutTerms(ctx context.Context, x wallet.Terms, by member.Remark) error {
	_, err := t.ledgerTx.q.ExecContext(ctx, `INSERT INTO wallet_terms (account, kind, credit, days, suspended, changed) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account) DO UPDATE SET kind = excluded.kind, credit = excluded.credit, days = excluded.days, suspended = excluded.suspended, changed = excluded.changed`,
		x.Account, string(x.Kind), x.Credit.Micros, x.Days, x.Suspended, us(x.Changed))
	if err != nil {
		return err
	}
	return memberTx{q: t.ledgerTx.q}.AddRemark(ctx, by)
}

const watchColumns = `account, threshold, seen, low, cut`

func watchOf(ctx context.Context, q querier, account, lock string) (wallet.Watch, error) {
	w := wallet.Watch{Account: account, Low: true}
	var threshold sql.NullInt64
	_, err := one(q.QueryRowContext(ctx, `SELECT `+watchColumns+` FROM wallet_watch WHERE account = $1`+lock, account).Scan(&w.Account, &threshold, &w.Seen, &w.Low, &w.Cut))
	if threshold.Valid {
		w.Threshold = &threshold.Int64
	}
	return w, err
}

func (t walletTx) Watch(ctx context.Context, account string) (wallet.Watch, error) {
	return watchOf(ctx, t.ledgerTx.q, account, t.lock)
}

func (t walletTx) PutWatch(ctx context.Context, w wallet.Watch) error {
	bit := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	_, err := t.ledgerTx.q.ExecContext(ctx, `INSERT INTO wallet_watch (`+watchColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account) DO UPDATE SET threshold = excluded.threshold, seen = excluded.seen, low = excluded.low, cut = excluded.cut`,
		w.Account, w.Threshold, w.Seen, bit(w.Low), bit(w.Cut))
	return err
}

func (t walletTx) Highest(ctx context.Context, id string, beyond int64) (int64, bool, error) {
	var n sql.NullInt64
	err := t.ledgerTx.q.QueryRowContext(ctx, `SELECT MAX(balance) FROM ledger_entry WHERE account = $1 AND seq > $2`, id, beyond).Scan(&n)
	return n.Int64, n.Valid, err
}

func (t walletTx) Tell(ctx context.Context, n wallet.News) error {
	data, err := json.Marshal(n.Low)
	if err != nil {
		return fmt.Errorf("the event %s: %w", n.Key, err)
	}
	if err := tell(ctx, t.ledgerTx.q, hook.WalletLow, "evt_"+strings.ReplaceAll(n.Key, ":", "_"), n.Account, string(data), n.At); err != nil {
		return fmt.Errorf("queue the event %s: %w", n.Key, err)
	}
	return shopTx{q: t.ledgerTx.q}.Write(ctx, n.Account, n.Letter, n.Key, n.Fields)
}

func (t walletTx) Terms(ctx context.Context, account string) (wallet.Terms, bool, error) {
	return termsOf(ctx, t.ledgerTx.q, account)
}

// Terms are an account's; false: none were agreed.
func (w *Wallets) Terms(ctx context.Context, account string) (wallet.Terms, bool, error) {
	return termsOf(ctx, w.db.read, account)
}

func termsOf(ctx context.Context, q querier, account string) (x wallet.Terms, found bool, err error) {
	var changed int64
	found, err = one(q.QueryRowContext(ctx, `SELECT account, kind, credit, days, suspended, changed FROM wallet_terms WHERE account = $1`, account).
		Scan(&x.Account, &x.Kind, &x.Credit.Micros, &x.Days, &x.Suspended, &changed))
	x.Changed = at(changed)
	return x, found, err
}

// Watched is how far a wallet was looked at.
func (w *Wallets) Watched(ctx context.Context, account string) (wallet.Watch, error) {
	return watchOf(ctx, w.db.read, account, "")
}

// Moved lists accounts whose wallets have entries that were not looked at.
func (w *Wallets) Moved(ctx context.Context, c money.Currency, after string, limit int) (list []string, err error) {
	rows, err := w.db.read.QueryContext(ctx, `SELECT a.owner FROM ledger_account a LEFT JOIN wallet_watch w ON w.account = a.owner
		WHERE a.kind = 'wallet' AND a.currency = $1 AND a.owner > $2 AND a.entries > COALESCE(w.seen, 0) AND EXISTS (SELECT 1 FROM account x WHERE x.id = a.owner)
		ORDER BY a.owner LIMIT $3`, string(c), after, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var account string
		err := rows.Scan(&account)
		list = append(list, account)
		return err
	})
	return list, err
}

// Account reads a wallet's account of the book.
func (w *Wallets) Account(ctx context.Context, id string) (ledger.Account, bool, error) {
	return ledgerAccount(ctx, w.db.read, id)
}

// Standing is why an account may not begin calls that cost, and whether it has
// packages.
func (t chargingTx) Standing(ctx context.Context, account string, now time.Time) (why string, packages bool, err error) {
	err = t.ledgerTx.q.QueryRowContext(ctx, `SELECT COALESCE((SELECT suspended FROM wallet_terms WHERE account = $1), ''),
		EXISTS (SELECT 1 FROM allowance WHERE account = $1 AND ends > $2)`, account, us(now)).Scan(&why, &packages)
	return why, packages, err
}
