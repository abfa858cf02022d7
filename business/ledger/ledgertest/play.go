package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
)

// Game is one seed's play: random postings, holds, replays and mistakes, given to
// a book and to a model of it, whose answers must agree after each.
type Game struct {
	Book  *ledger.Service
	Rng   *rand.Rand
	Name  string // begins all ids, so that a store may have many games
	Now   func() time.Time
	Moves int

	ids   []string
	model map[string]*purse
	house string
	keys  []ledger.Posting          // that were tried
	done  map[string]ledger.Posting // that were booked, by key
	holds map[string]*promise
}

type purse struct {
	currency             money.Currency
	balance, held, floor int64
}

func (p *purse) available() int64 { return p.balance - p.held - p.floor }

type promise struct {
	account string
	micros  int64
	expires time.Time
	over    bool
}

// Play runs it to the end and returns the first difference.
func (g *Game) Play(ctx context.Context) error {
	g.model, g.done, g.holds = map[string]*purse{}, map[string]ledger.Posting{}, map[string]*promise{}
	g.house = g.Name + "house"
	for i, floor := range []int64{0, 0, -int64(g.Rng.IntN(500)), ledger.Unbounded} {
		id := fmt.Sprint(g.Name, "a", i)
		if floor == ledger.Unbounded {
			id = g.house
		}
		if err := g.Book.Open(ctx, ledger.Account{ID: id, Kind: ledger.Wallet, Currency: "USD", Floor: floor}); err != nil {
			return err
		}
		g.model[id] = &purse{currency: "USD", floor: floor}
		g.ids = append(g.ids, id)
	}
	for i := range g.Moves {
		var err error
		var what string
		switch g.Rng.IntN(9) {
		case 0, 1, 2:
			what, err = "post", g.post(ctx, i)
		case 3:
			what, err = "replay", g.replay(ctx)
		case 4, 5:
			what, err = "hold", g.hold(ctx, i)
		case 6:
			what, err = "raise", g.raise(ctx)
		case 7:
			what, err = "settle", g.settle(ctx, i)
		default:
			what, err = "release", g.release(ctx)
		}
		if err == nil {
			err = g.compare(ctx)
		}
		if err != nil {
			return fmt.Errorf("move %d, %s: %w", i, what, err)
		}
	}
	return nil
}

// compare holds every account against the model.
func (g *Game) compare(ctx context.Context) error {
	sum := int64(0)
	for id, m := range g.model {
		b, err := g.Book.Balance(ctx, id)
		if err != nil {
			return err
		}
		a, err := g.Book.Available(ctx, id)
		if err != nil {
			return err
		}
		if b.Micros != m.balance || a.Micros != m.available() || m.available() < 0 {
			return fmt.Errorf("%s has %d and %d available, the model %d and %d", id, b.Micros, a.Micros, m.balance, m.available())
		}
		sum += b.Micros
	}
	if sum != 0 {
		return fmt.Errorf("all balances sum to %d", sum)
	}
	return nil
}

// random is a posting of two or three accounts.
func (g *Game) random(key string) ledger.Posting {
	p := ledger.Posting{Key: key, Kind: "call"}
	order := g.Rng.Perm(len(g.ids))[:2+g.Rng.IntN(2)]
	rest := int64(0)
	for n, i := range order {
		x := g.Rng.Int64N(2001) - 1000
		if n == len(order)-1 {
			x = -rest
		}
		if x == 0 {
			x, rest = 1, rest-1 // it will not balance, or it does
		}
		rest += x
		p.Entries = append(p.Entries, ledger.Entry{Account: g.ids[i], Amount: money.Amount{Currency: "USD", Micros: x}})
	}
	return p
}

// expect is what a posting comes to, with a hold that is given back for it.
func (g *Game) expect(p ledger.Posting, back *promise) fault.Kind {
	sum := int64(0)
	for _, e := range p.Entries {
		sum += e.Amount.Micros
	}
	old, known := g.done[p.Key]
	switch {
	case sum != 0:
		return fault.Invalid
	case known && !same(old, p):
		return fault.Conflict
	case known:
		return fine
	}
	for _, e := range p.Entries {
		has := g.model[e.Account].available()
		if back != nil && back.account == e.Account {
			has += back.micros
		}
		if e.Amount.Micros < 0 && has+e.Amount.Micros < 0 {
			return fault.Unpaid
		}
	}
	return fine
}

func same(a, b ledger.Posting) bool { return a.Key == b.Key && slices.Equal(a.Entries, b.Entries) }

// booked notes that a posting is in the book.
func (g *Game) booked(p ledger.Posting) {
	if _, before := g.done[p.Key]; before {
		return
	}
	g.done[p.Key] = p
	for _, e := range p.Entries {
		g.model[e.Account].balance += e.Amount.Micros
	}
}

func (g *Game) post(ctx context.Context, i int) error {
	return g.try(ctx, g.random(fmt.Sprint(g.Name, "k", i)))
}

// try posts; a step that fails as it was told to changes nothing, and the same
// again succeeds.
func (g *Game) try(ctx context.Context, p ledger.Posting) error {
	g.keys = append(g.keys, p)
	want := g.expect(p, nil)
	_, err := g.Book.Post(ctx, p)
	for errors.Is(err, ErrInjected) {
		if err := g.compare(ctx); err != nil {
			return fmt.Errorf("after a failure: %w", err)
		}
		_, err = g.Book.Post(ctx, p)
	}
	if got := kind(err); got != want {
		return fmt.Errorf("%+v: %w, want %v", p, err, want)
	}
	if err == nil {
		g.booked(p)
	}
	return nil
}

// fine is no fault.
const fine = fault.Kind(255)

func kind(err error) fault.Kind {
	if err == nil {
		return fine
	}
	return fault.KindOf(err)
}

// replay says something again, or something else under the same key.
func (g *Game) replay(ctx context.Context) error {
	if len(g.keys) == 0 {
		return nil
	}
	p := g.keys[g.Rng.IntN(len(g.keys))]
	if g.Rng.IntN(3) == 0 {
		p = g.random(p.Key)
	}
	return g.try(ctx, p)
}

func (g *Game) hold(ctx context.Context, i int) error {
	id, least := fmt.Sprint(g.Name, "h", i), 1+g.Rng.Int64N(300)
	w := ledger.Want{Most: least + g.Rng.Int64N(300), Least: least}
	if g.Rng.IntN(2) == 0 {
		w.Part, w.Fair = 3, least
	}
	if old, p := g.any(); p != nil && !p.over && g.Rng.IntN(3) == 0 { // asked again
		got, err := g.Book.Hold(ctx, ledger.Hold{ID: old, Account: p.account, Amount: money.Amount{Currency: "USD"}, Expires: g.Now()}, w)
		if err == nil && got.Amount.Micros != p.micros {
			err = fmt.Errorf("%s held %d and holds %d", old, p.micros, got.Amount.Micros)
		}
		if errors.Is(err, ErrInjected) {
			return nil
		}
		return err
	}
	h := ledger.Hold{ID: id, Account: g.ids[g.Rng.IntN(len(g.ids)-1)], Amount: money.Amount{Currency: "USD"}, Expires: g.Now().Add(time.Hour)}
	m := g.model[h.Account]
	got, err := g.Book.Hold(ctx, h, w)
	for errors.Is(err, ErrInjected) {
		got, err = g.Book.Hold(ctx, h, w)
	}
	if m.available() < least {
		if kind(err) != fault.Unpaid {
			return fmt.Errorf("%d of %d: %w, want Unpaid", least, m.available(), err)
		}
		return nil
	}
	n := got.Amount.Micros
	if err != nil || n < least || n > w.Most || n > m.available() {
		return fmt.Errorf("%+v of %d holds %d: %w", w, m.available(), n, err)
	}
	m.held += n
	g.holds[id] = &promise{h.Account, n, h.Expires, false}
	return nil
}

// any is a hold there was, or is.
func (g *Game) any() (string, *promise) {
	ids := slices.Sorted(maps.Keys(g.holds))
	if len(ids) == 0 {
		return "", nil
	}
	id := ids[g.Rng.IntN(len(ids))]
	return id, g.holds[id]
}

func (g *Game) raise(ctx context.Context) error {
	id, p := g.any()
	if p == nil {
		return nil
	}
	w := ledger.Want{Most: 200, Least: 1 + g.Rng.Int64N(200)}
	got, err := g.Book.Raise(ctx, id, w, g.Now().Add(2*time.Hour))
	for errors.Is(err, ErrInjected) {
		got, err = g.Book.Raise(ctx, id, w, g.Now().Add(2*time.Hour))
	}
	if p.over {
		if kind(err) != fault.Unknown {
			return fmt.Errorf("%s is over: %w", id, err)
		}
		return nil
	}
	m := g.model[p.account]
	more := min(w.Most, m.available())
	if more < w.Least {
		more = 0
	}
	if err != nil || got.Amount.Micros != p.micros+more {
		return fmt.Errorf("%s holds %d, and %d more are asked for of %d: %d, %w", id, p.micros, w.Most, m.available(), got.Amount.Micros, err)
	}
	p.micros += more
	m.held += more
	return nil
}

func (g *Game) release(ctx context.Context) error {
	id, p := g.any()
	if p == nil {
		return nil
	}
	err := g.Book.Release(ctx, id)
	for errors.Is(err, ErrInjected) {
		err = g.Book.Release(ctx, id)
	}
	g.over(p)
	return err
}

func (g *Game) over(p *promise) {
	if !p.over {
		g.model[p.account].held -= p.micros
		p.over = true
	}
}

// settle books what was used, of a hold that may be over already, under a key
// that may have been used.
func (g *Game) settle(ctx context.Context, i int) error {
	id, p := g.any()
	if p == nil {
		return nil
	}
	x := 1 + g.Rng.Int64N(max(1, p.micros+20))
	post := ledger.Posting{Key: fmt.Sprint(g.Name, "s", id), Kind: "call", Entries: []ledger.Entry{
		{Account: p.account, Amount: money.Amount{Currency: "USD", Micros: -x}}, {Account: g.house, Amount: money.Amount{Currency: "USD", Micros: x}},
	}}
	switch old, known := g.done[post.Key]; g.Rng.IntN(4) {
	case 0, 1:
		if known {
			post = old
		}
	case 2: // somebody else pays
		post.Entries = g.random("").Entries
	default: // it was booked in another way
		if len(g.keys) > 0 {
			post = g.keys[g.Rng.IntN(len(g.keys))]
		}
	}
	var back *promise
	if !p.over {
		back = p
	}
	want := g.expect(post, back)
	_, err := g.Book.Settle(ctx, id, post)
	for errors.Is(err, ErrInjected) {
		if err := g.compare(ctx); err != nil {
			return fmt.Errorf("after a failure: %w", err)
		}
		_, err = g.Book.Settle(ctx, id, post)
	}
	if got := kind(err); got != want {
		return fmt.Errorf("%d for %s, which holds %+v: %w, want %v", x, id, *p, err, want)
	}
	if err == nil {
		g.over(p)
		g.booked(post)
	}
	return nil
}
