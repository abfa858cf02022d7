// Package ledgertest tests books: a store in memory, for tests that need a book
// and no database, and a model that is too simple to be wrong, against which any
// store is played.
package ledgertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
)

// Memory is a ledger.Store in memory. Its transactions run one after the other,
// and one that fails leaves nothing behind.
type Memory struct {
	// Fail, if set, is asked before each step of a transaction; its error is the
	// step's.
	Fail func() error

	mu       sync.Mutex
	accounts map[string]ledger.Account
	entries  map[string][]ledger.Line // by account
	postings map[string]kept          // by key
	holds    map[string]ledger.Hold
}

type kept struct {
	ledger.Posted

	digest string
}

// NewMemory returns an empty one.
func NewMemory() *Memory {
	return &Memory{accounts: map[string]ledger.Account{}, entries: map[string][]ledger.Line{}, postings: map[string]kept{}, holds: map[string]ledger.Hold{}}
}

// Do runs a transaction.
func (m *Memory) Do(_ context.Context, f func(ledger.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx := &memoryTx{m: m}
	err := f(tx)
	if err == nil {
		err = tx.step() // the commit
	}
	if err != nil {
		for i := len(tx.undo) - 1; i >= 0; i-- {
			tx.undo[i]()
		}
	}
	return err
}

// memoryTx does each step at once, and remembers how to take it back.
type memoryTx struct {
	m    *Memory
	undo []func()
}

func (t *memoryTx) step() error {
	if t.m.Fail != nil {
		return t.m.Fail()
	}
	return nil
}

func (t *memoryTx) setAccount(a ledger.Account) {
	old, found := t.m.accounts[a.ID]
	t.undo = append(t.undo, func() {
		if found {
			t.m.accounts[old.ID] = old
		} else {
			delete(t.m.accounts, a.ID)
		}
	})
	t.m.accounts[a.ID] = a
}

func (t *memoryTx) Book(ctx context.Context, p ledger.Posted, digest string, turn []ledger.Entry, back ledger.Hold) (old string, fresh bool, refused *ledger.Entry, err error) {
	if err := t.step(); err != nil {
		return "", false, nil, err
	}
	if old, taken := t.m.postings[p.Key]; taken {
		return old.digest, false, nil, nil
	}
	t.m.postings[p.Key] = kept{p, digest}
	t.undo = append(t.undo, func() { delete(t.m.postings, p.Key) })
	if back.ID != "" {
		if err := t.Unhold(ctx, back.Account, back.Amount.Micros); err != nil {
			return "", false, nil, err
		}
	}
	for i, e := range turn {
		if err := t.step(); err != nil {
			return "", false, nil, err
		}
		a, found := t.m.accounts[e.Account]
		if !found || a.Currency != e.Amount.Currency || e.Amount.Micros < 0 && a.Available()+e.Amount.Micros < 0 {
			return "", true, &turn[i], nil
		}
		a.Balance += e.Amount.Micros
		t.setAccount(a)
		lines := t.m.entries[a.ID]
		t.undo = append(t.undo, func() { t.m.entries[a.ID] = lines })
		t.m.entries[a.ID] = append(slices.Clip(lines), ledger.Line{
			Seq: int64(len(lines)) + 1, Posting: p.ID, At: p.At, Amount: e.Amount, Balance: money.Amount{Currency: a.Currency, Micros: a.Balance},
		})
	}
	return digest, true, nil, nil
}

func (t *memoryTx) Open(_ context.Context, a ledger.Account) error {
	if err := t.step(); err != nil {
		return err
	}
	if _, found := t.m.accounts[a.ID]; !found {
		t.setAccount(a)
	}
	return nil
}

func (t *memoryTx) ByKey(_ context.Context, key string) (ledger.Posted, bool, error) {
	if err := t.step(); err != nil {
		return ledger.Posted{}, false, err
	}
	p, found := t.m.postings[key]
	return p.Posted, found, nil
}

func (t *memoryTx) Account(_ context.Context, id string) (ledger.Account, bool, error) {
	if err := t.step(); err != nil {
		return ledger.Account{}, false, err
	}
	a, found := t.m.accounts[id]
	return a, found, nil
}

func (t *memoryTx) Lock(ctx context.Context, id string) (ledger.Account, bool, error) {
	return t.Account(ctx, id)
}

func (t *memoryTx) Hold(_ context.Context, id string) (ledger.Hold, bool, error) {
	if err := t.step(); err != nil {
		return ledger.Hold{}, false, err
	}
	h, found := t.m.holds[id]
	return h, found, nil
}

func (t *memoryTx) NewHold(_ context.Context, h ledger.Hold) (bool, error) {
	if err := t.step(); err != nil {
		return false, err
	}
	_, taken := t.m.holds[h.ID]
	if a, found := t.m.accounts[h.Account]; taken || !found || a.Currency != h.Amount.Currency {
		return false, nil
	}
	t.m.holds[h.ID] = h
	t.undo = append(t.undo, func() { delete(t.m.holds, h.ID) })
	return true, nil
}

func (t *memoryTx) PutHold(_ context.Context, h ledger.Hold, more int64) error {
	if err := t.step(); err != nil {
		return err
	}
	a := t.m.accounts[h.Account]
	if a.Available() < more {
		return fmt.Errorf("the account %s has less than is to be held", h.Account)
	}
	a.Held += more
	t.setAccount(a)
	old := t.m.holds[h.ID]
	t.undo = append(t.undo, func() { t.m.holds[h.ID] = old })
	t.m.holds[h.ID] = h
	return nil
}

func (t *memoryTx) TakeHold(_ context.Context, id string) (ledger.Hold, bool, error) {
	if err := t.step(); err != nil {
		return ledger.Hold{}, false, err
	}
	h, found := t.m.holds[id]
	if found {
		delete(t.m.holds, id)
		t.undo = append(t.undo, func() { t.m.holds[id] = h })
	}
	return h, found, nil
}

func (t *memoryTx) Unhold(_ context.Context, account string, micros int64) error {
	if err := t.step(); err != nil {
		return err
	}
	a := t.m.accounts[account]
	a.Held -= micros
	t.setAccount(a)
	return nil
}

// Account reads an account.
func (m *Memory) Account(_ context.Context, id string) (ledger.Account, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, found := m.accounts[id]
	return a, found, nil
}

// Lines lists entries of an account, newest first.
func (m *Memory) Lines(_ context.Context, account string, before int64, limit int) ([]ledger.Line, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []ledger.Line{}
	for _, l := range slices.Backward(m.entries[account]) {
		if len(out) < limit && (before == 0 || l.Seq < before) {
			out = append(out, l)
		}
	}
	return out, nil
}

// Expired lists holds whose end was before an instant, the oldest first.
func (m *Memory) Expired(_ context.Context, before time.Time, limit int) ([]ledger.Hold, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []ledger.Hold
	for _, h := range m.holds {
		if h.Expires.Before(before) {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b ledger.Hold) int { return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID)) })
	return out[:min(limit, len(out))], nil
}

// Audit checks the book: sums by account and in all, floors, and holds.
func (m *Memory) Audit(context.Context) (ledger.Report, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := ledger.Report{Postings: int64(len(m.postings)), Accounts: int64(len(m.accounts)), Holds: int64(len(m.holds))}
	held, byPosting := map[string]int64{}, map[string]map[money.Currency]int64{}
	for _, h := range m.holds {
		held[h.Account] += h.Amount.Micros
	}
	for id, a := range m.accounts {
		sum := int64(0)
		for _, l := range m.entries[id] {
			sum += l.Amount.Micros
			if byPosting[l.Posting] == nil {
				byPosting[l.Posting] = map[money.Currency]int64{}
			}
			byPosting[l.Posting][l.Amount.Currency] += l.Amount.Micros
			r.Entries++
		}
		if sum != a.Balance || held[id] != a.Held || a.Held < 0 || a.Available() < 0 {
			r.Faults = append(r.Faults, fmt.Sprintf("%s: balance %d, entries sum to %d; %d held, holds sum to %d; floor %d", id, a.Balance, sum, a.Held, held[id], a.Floor))
		}
	}
	for id, sums := range byPosting {
		for c, sum := range sums {
			if sum != 0 {
				r.Faults = append(r.Faults, fmt.Sprintf("debits and credits of posting %s differ in %s by %d", id, c, sum))
			}
		}
	}
	return r, nil
}

// ErrInjected is what a step fails with that was told to.
var ErrInjected = errors.New("this step was told to fail")
