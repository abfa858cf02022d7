package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/money"
)

// Tx is one transaction of the book, given by the store.
type Tx interface {
	// Open inserts an account if it is not there.
	Open(ctx context.Context, a Account) error
	// Book writes a posting unless its key is taken: then fresh is false, and the
	// digest of the one that took it is returned. Its entries are applied as they
	// stand in turn, each account locked until the commit; a hold that was taken for
	// it, if there is one, is given back to its account at that account's turn.
	// refused is an entry whose account is missing, of another currency, or may not
	// go so low: the transaction must not be committed then.
	Book(ctx context.Context, p Posted, digest string, turn []Entry, back Hold) (old string, fresh bool, refused *Entry, err error)
	// ByKey finds a posting with its entries.
	ByKey(ctx context.Context, key string) (Posted, bool, error)
	// Account reads an account as this transaction sees it.
	Account(ctx context.Context, id string) (Account, bool, error)
	// Lock is Account, with everybody else who wants to change it waiting.
	Lock(ctx context.Context, id string) (Account, bool, error)
	Holds
}

// Holds are what a transaction may do with holds. Whoever touches one waits for
// others who do, and only then for its account: always in this order.
type Holds interface {
	// Hold reads one.
	Hold(ctx context.Context, id string) (Hold, bool, error)
	// NewHold stores one whose amount is not known yet; fresh is false if it is
	// there, or its account is not.
	NewHold(ctx context.Context, h Hold) (fresh bool, err error)
	// PutHold changes the amount and the end of one, and holds more of its account,
	// which must be locked.
	PutHold(ctx context.Context, h Hold, more int64) error
	// TakeHold removes one; Unhold has its account hold so much less.
	TakeHold(ctx context.Context, id string) (Hold, bool, error)
	Unhold(ctx context.Context, account string, micros int64) error
}

// Store runs transactions and answers questions. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	Account(ctx context.Context, id string) (Account, bool, error)
	// Lines lists entries of an account numbered below before (0: the newest),
	// newest first.
	Lines(ctx context.Context, account string, before int64, limit int) ([]Line, error)
	Audit(ctx context.Context) (Report, error)
	// Expired lists holds whose end was before an instant, the oldest first.
	Expired(ctx context.Context, before time.Time, limit int) ([]Hold, error)
}

// Service is the book.
type Service struct {
	store Store
	now   func() time.Time
	last  atomic.Pointer[Audit]
}

// New returns the book over a store.
func New(store Store, now func() time.Time) *Service { return &Service{store: store, now: now} }

// Open opens an account; opening it again changes nothing.
func (s *Service) Open(ctx context.Context, a Account) error {
	a.Balance, a.Opened = 0, s.now()
	if a.Floor > 0 {
		return fault.New(fault.Invalid, "floor", "The floor of an account may not be above zero.")
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.Open(ctx, a) })
}

// Post books a posting. The same key with the same body returns the stored
// answer; with another body it is a Conflict. Too little money is Unpaid.
func (s *Service) Post(ctx context.Context, p Posting) (Posted, error) {
	var out Posted
	err := s.store.Do(ctx, func(tx Tx) (err error) {
		out, err = s.PostIn(ctx, tx, p)
		return err
	})
	return out, err
}

// mostEntries is how many entries a posting may have.
const mostEntries = 1000

// PostIn is Post in a transaction that does more.
func (s *Service) PostIn(ctx context.Context, tx Tx, p Posting) (Posted, error) {
	if err := check(p); err != nil {
		return Posted{}, err
	}
	digest, err := digestOf(p)
	if err != nil {
		return Posted{}, err
	}
	return s.post(ctx, tx, p, digest, Hold{})
}

// check holds what makes a posting a posting.
func check(p Posting) error {
	if p.Key == "" || p.Kind == "" || len(p.Entries) < 2 {
		return fault.New(fault.Invalid, "posting", "A posting needs a key, a kind and at least two entries.")
	}
	if len(p.Entries) > mostEntries {
		return fault.New(fault.Invalid, "posting", "A posting has at most %d entries.", mostEntries)
	}
	sums := map[money.Currency]money.Amount{}
	for _, e := range p.Entries {
		if e.Amount.Zero() || e.Amount.Currency == "" || e.Account == "" {
			return fault.New(fault.Invalid, "posting", "Every entry needs an account, a currency and an amount other than zero.")
		}
		sum := sums[e.Amount.Currency]
		sum.Currency = e.Amount.Currency
		next, err := sum.Add(e.Amount)
		if err != nil {
			return fault.Wrap(fault.Invalid, "posting", "The amounts are too large.", err)
		}
		sums[e.Amount.Currency] = next
	}
	for c, sum := range sums {
		if !sum.Zero() {
			return fault.New(fault.Invalid, "unbalanced", "Debits and credits in %s differ by %s.", string(c), sum.String())
		}
	}
	return nil
}

func digestOf(p Posting) (string, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("digest of posting %s: %w", p.Key, err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

// post runs in a transaction: the key first, then the accounts by ascending
// id, so that two postings never wait for each other in a circle. A hold that was
// taken for it is given back.
func (s *Service) post(ctx context.Context, tx Tx, p Posting, digest string, hold Hold) (Posted, error) {
	now := s.now()
	posted := Posted{ID: ident.New("pst", now), At: now, Posting: p}
	turn := slices.SortedStableFunc(slices.Values(p.Entries), func(a, b Entry) int { return cmp.Compare(a.Account, b.Account) })
	old, fresh, refused, err := tx.Book(ctx, posted, digest, turn, hold)
	switch {
	case err != nil:
		return Posted{}, err
	case refused != nil:
		return Posted{}, s.refusal(ctx, tx, *refused)
	case fresh:
		return posted, nil
	case old != digest:
		return Posted{}, fault.New(fault.Conflict, "key_reused", "The key %s was used for another posting.", p.Key)
	}
	stored, _, err := tx.ByKey(ctx, p.Key)
	if err == nil && hold.ID != "" {
		err = tx.Unhold(ctx, hold.Account, hold.Amount.Micros)
	}
	return stored, err
}

// refusal says why an entry was not possible.
func (s *Service) refusal(ctx context.Context, tx Tx, e Entry) error {
	a, found, err := tx.Account(ctx, e.Account)
	switch {
	case err != nil:
		return err
	case !found:
		return fault.New(fault.Unknown, "ledger_account", "There is no ledger account %s.", e.Account)
	case a.Currency != e.Amount.Currency:
		return fault.New(fault.Invalid, "ledger_currency", "The account %s is kept in %s, not in %s.", e.Account, string(a.Currency), string(e.Amount.Currency))
	default:
		return tooLittle(a, -e.Amount.Micros)
	}
}

// Reverse books the opposite of a posting, once.
func (s *Service) Reverse(ctx context.Context, key, of, memo string) (Posted, error) {
	return s.reverse(ctx, key, of, memo, func(Posted) []Entry { return nil })
}

// reverse adds to the opposite of a posting what more is to happen with it.
func (s *Service) reverse(ctx context.Context, key, of, memo string, more func(Posted) []Entry) (Posted, error) {
	var out Posted
	err := s.store.Do(ctx, func(tx Tx) error {
		orig, found, err := tx.ByKey(ctx, of)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Unknown, "posting_unknown", "There is no posting %s to turn back.", of)
		}
		back := Posting{Key: key, Kind: "reversal", Ref: orig.Ref, Memo: memo, Reverses: of}
		for _, e := range orig.Entries {
			back.Entries = append(back.Entries, Entry{Account: e.Account, Amount: e.Amount.Neg()})
		}
		back.Entries = append(back.Entries, more(orig)...)
		digest, err := digestOf(back)
		if err != nil {
			return err
		}
		out, err = s.post(ctx, tx, back, digest, Hold{})
		return err
	})
	return out, err
}

// Balance returns what an account holds.
func (s *Service) Balance(ctx context.Context, account string) (money.Amount, error) {
	a, err := s.account(ctx, account)
	return money.Amount{Currency: a.Currency, Micros: a.Balance}, err
}

func (s *Service) account(ctx context.Context, id string) (Account, error) {
	a, found, err := s.store.Account(ctx, id)
	if err == nil && !found {
		err = fault.New(fault.Unknown, "ledger_account", "There is no ledger account %s.", id)
	}
	return a, err
}

// Available returns what of an account may be spent: its balance without what is
// held, and above its floor.
func (s *Service) Available(ctx context.Context, account string) (money.Amount, error) {
	a, err := s.account(ctx, account)
	if err != nil {
		return money.Amount{}, err
	}
	return money.Amount{Currency: a.Currency, Micros: a.Available()}, nil
}

// History returns an account's lines, newest first, and the cursor of the next
// page ("" at the end).
func (s *Service) History(ctx context.Context, account, cursor string, limit int) ([]Line, string, error) {
	var before int64
	if cursor != "" {
		n, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil || n < 1 {
			return nil, "", fault.New(fault.Invalid, "cursor", "The cursor is not one of ours. Start at the first page.")
		}
		before = n
	}
	limit = min(max(limit, 1), 200)
	lines, err := s.store.Lines(ctx, account, before, limit+1)
	if err != nil || len(lines) <= limit {
		return lines, "", err
	}
	lines = lines[:limit]
	return lines, strconv.FormatInt(lines[limit-1].Seq, 10), nil
}

// Verify checks the whole book.
func (s *Service) Verify(ctx context.Context) (Report, error) { return s.store.Audit(ctx) }

// Audit is one check of the whole book.
type Audit struct {
	Report
	At     time.Time
	Failed error // it could not be checked
}

// AuditNow checks the book and keeps what it found until the next time.
func (s *Service) AuditNow(ctx context.Context) Audit {
	r, err := s.store.Audit(ctx)
	a := Audit{Report: r, At: s.now(), Failed: err}
	s.last.Store(&a)
	return a
}

// LastAudit is what AuditNow found last; false before its first end.
func (s *Service) LastAudit() (Audit, bool) {
	if a := s.last.Load(); a != nil {
		return *a, true
	}
	return Audit{}, false
}

// PromotionAccount is where given-away money comes from.
func PromotionAccount(c money.Currency) string { return "promotion:" + string(c) }

// revenueParts is how many accounts share the revenue of a currency: every
// posting locks the row of its accounts until it is committed, and one row for
// all sales would make them wait for each other.
const revenueParts = 16

// RevenueAccount is where the price of a sale goes: one of the parts of the
// revenue, always the same for one reference. Their sum is the revenue.
func RevenueAccount(c money.Currency, ref string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(ref)) // a hash never fails
	return revenuePart(c, h.Sum32()%revenueParts)
}

func revenuePart(c money.Currency, part uint32) string {
	return fmt.Sprintf("revenue:numbers:%s:%02d", c, part)
}

// CallRevenueAccount is where the charge of a call goes, in as many parts.
func CallRevenueAccount(c money.Currency, ref string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(ref)) // a hash never fails
	return callPart(c, h.Sum32()%revenueParts)
}

func callPart(c money.Currency, part uint32) string {
	return fmt.Sprintf("revenue:calls:%s:%02d", c, part)
}

// DeferredAccount is what was paid for something that is not used yet.
func DeferredAccount(what string, c money.Currency) string {
	return "deferred:" + what + ":" + string(c)
}

// PackageRevenueAccount is where the price of packages goes as they are used.
func PackageRevenueAccount(c money.Currency) string { return "revenue:packages:" + string(c) }

// ClearingAccount is where money from outside comes in. It holds, with its sign
// turned, what the card company or the bank holds for us.
func ClearingAccount(method string, c money.Currency) string {
	return "clearing:" + method + ":" + string(c)
}

// UnmatchedAccount is money that came and is nobody's yet.
func UnmatchedAccount(c money.Currency) string { return "unmatched:" + string(c) }

// ClaimAccount is money that was taken back from us while what it paid for is
// still sold: a dispute, or a refund made at the provider.
func ClaimAccount(c money.Currency) string { return "claims:" + string(c) }

// LossAccount is claims that were lost.
func LossAccount(c money.Currency) string { return "losses:" + string(c) }

// TaxAccount is tax taken for a country, until it is handed on.
func TaxAccount(country string, c money.Currency) string { return "tax:" + country + ":" + string(c) }

// OpenHouse opens the accounts of the house in a currency.
func (s *Service) OpenHouse(ctx context.Context, c money.Currency) error {
	err := errors.Join(s.Open(ctx, Account{ID: PromotionAccount(c), Kind: Promotion, Currency: c, Floor: Unbounded}),
		s.Open(ctx, Account{ID: DeferredAccount("packages", c), Kind: Deferred, Currency: c, Floor: Unbounded}),
		s.Open(ctx, Account{ID: PackageRevenueAccount(c), Kind: Revenue, Currency: c, Floor: Unbounded}))
	for part := range uint32(revenueParts) {
		err = errors.Join(err, s.Open(ctx, Account{ID: revenuePart(c, part), Kind: Revenue, Currency: c, Floor: Unbounded}),
			s.Open(ctx, Account{ID: callPart(c, part), Kind: Revenue, Currency: c, Floor: Unbounded}))
	}
	for _, id := range []string{ClearingAccount("card", c), ClearingAccount("bank_transfer", c), UnmatchedAccount(c), ClaimAccount(c), LossAccount(c)} {
		err = errors.Join(err, s.Open(ctx, Account{ID: id, Kind: Clearing, Currency: c, Floor: Unbounded}))
	}
	return err
}

// OpenWallet opens the wallet of a member account and gives it a promotion,
// once: running it again changes nothing.
func (s *Service) OpenWallet(ctx context.Context, owner string, gift money.Amount) error {
	wallet := WalletID(owner, gift.Currency)
	if err := s.Open(ctx, Account{ID: wallet, Kind: Wallet, Owner: owner, Currency: gift.Currency}); err != nil {
		return err
	}
	if gift.Zero() {
		return nil
	}
	_, err := s.Post(ctx, Posting{Key: "promotion:" + owner, Kind: "promotion", Ref: owner, Memo: "Welcome credit", Entries: []Entry{
		{Account: PromotionAccount(gift.Currency), Amount: gift.Neg()},
		{Account: wallet, Amount: gift},
	}})
	return err
}

// Sale is what a wallet pays for an order, or for another year of its number.
type Sale struct {
	Owner, Order, Memo string
	Price              money.Amount // with tax
	Tax                int64        // micros of the price that are tax
	Country            string       // whose tax
}

// PayFromWallet books the price of an order, once per order.
func (s *Service) PayFromWallet(ctx context.Context, x Sale) error {
	return s.pay(ctx, "order:"+x.Order, "order", x)
}

// PayFee books a yearly fee, once per key.
func (s *Service) PayFee(ctx context.Context, key string, x Sale) error {
	return s.pay(ctx, key, "renewal", x)
}

// pay books what is ours to the revenue, what is tax to the country's account.
func (s *Service) pay(ctx context.Context, key, kind string, x Sale) error {
	c := x.Price.Currency
	var entries []Entry
	if net := x.Price.Micros - x.Tax; net != 0 {
		entries = append(entries, Entry{Account: RevenueAccount(c, x.Order), Amount: money.Amount{Currency: c, Micros: net}})
	}
	entries = append(entries, Entry{Account: WalletID(x.Owner, c), Amount: x.Price.Neg()})
	if x.Tax != 0 {
		account := TaxAccount(x.Country, c)
		if err := s.Open(ctx, Account{ID: account, Kind: Clearing, Currency: c, Floor: Unbounded}); err != nil {
			return err
		}
		entries = append(entries, Entry{Account: account, Amount: money.Amount{Currency: c, Micros: x.Tax}})
	}
	_, err := s.Post(ctx, Posting{Key: key, Kind: kind, Ref: x.Order, Memo: x.Memo, Entries: entries})
	return err
}

// RefundOrder turns the price of an order back, once. The money is in the
// wallet then, or, if a method is named, on its way back through its clearing
// account: in the same posting, so that it cannot be spent between.
func (s *Service) RefundOrder(ctx context.Context, order, memo, method string) error {
	_, err := s.reverse(ctx, "refund:"+order, "order:"+order, memo, func(orig Posted) []Entry {
		if method == "" {
			return nil
		}
		for _, e := range orig.Entries {
			if strings.HasPrefix(e.Account, "wallet:") {
				return []Entry{{Account: e.Account, Amount: e.Amount}, {Account: ClearingAccount(method, e.Amount.Currency), Amount: e.Amount.Neg()}}
			}
		}
		return nil
	})
	return err
}

// Transfer moves an amount from one account to another.
type Transfer struct {
	Key, Kind, Ref, Memo string
	From, To             string
	Amount               money.Amount
}

// TransferUpTo books as much of a transfer as may be taken from its account, once
// per key, and returns what that was.
func (s *Service) TransferUpTo(ctx context.Context, t Transfer) (money.Amount, error) {
	took := money.Amount{Currency: t.Amount.Currency}
	err := s.store.Do(ctx, func(tx Tx) error {
		took.Micros = 0
		a, err := s.locked(ctx, tx, t.From, t.Amount.Currency)
		if err != nil {
			return err
		}
		old, found, err := tx.ByKey(ctx, t.Key)
		if err != nil {
			return err
		}
		if found {
			for _, e := range old.Entries {
				took.Micros = max(took.Micros, e.Amount.Micros)
			}
			return nil
		}
		if took.Micros = min(a.Available(), t.Amount.Micros); took.Micros <= 0 {
			took.Micros = 0
			return nil
		}
		p := Posting{Key: t.Key, Kind: t.Kind, Ref: t.Ref, Memo: t.Memo, Entries: []Entry{{Account: t.From, Amount: took.Neg()}, {Account: t.To, Amount: took}}}
		digest, err := digestOf(p)
		if err != nil {
			return err
		}
		_, err = s.post(ctx, tx, p, digest, Hold{})
		return err
	})
	return took, err
}

// Transfer books one, once per key.
func (s *Service) Transfer(ctx context.Context, t Transfer) error {
	_, err := s.Post(ctx, Posting{Key: t.Key, Kind: t.Kind, Ref: t.Ref, Memo: t.Memo, Entries: []Entry{
		{Account: t.From, Amount: t.Amount.Neg()}, {Account: t.To, Amount: t.Amount},
	}})
	return err
}
