package store_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/store/storetest"
)

var cluster storetest.Cluster //nolint:gochecknoglobals // one PostgreSQL for the test binary

func TestMain(m *testing.M) { os.Exit(storetest.Main(m, &cluster)) }

// clock is a time the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is the whole business over one database.
type house struct {
	db      *store.DB
	clock   *clock
	policy  shop.Policy
	book    *ledger.Service
	members *member.Service
	shop    *shop.Service
	roster  *roster.Roster
}

func plans(t testing.TB) *numbering.Plans {
	t.Helper()
	p, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// build opens the house; calling it again with the same config is a restart.
func build(t testing.TB, cfg store.Config, c *clock) *house {
	t.Helper()
	ctx := context.Background()
	p := plans(t)
	h := &house{db: storetest.Open(t, cfg), clock: c}
	dir := center.NewDirectory(p, []center.Center{{ID: "KR", Countries: []string{"KR"}}, {ID: "US", Countries: []string{"US"}}, {ID: "JP", Countries: []string{"JP"}}})
	centers := func() *center.Directory { return dir }
	h.book = ledger.New(h.db.Ledger(), c.now)
	if err := h.book.OpenHouse(ctx, "USD"); err != nil {
		t.Fatal(err)
	}
	h.roster = roster.New(p, centers, nil, nil)
	if err := h.roster.Load(ctx, h.db.Roster()); err != nil {
		t.Fatal(err)
	}
	h.policy = shop.Policy{Plans: p, Countries: dir.Countries(), Currency: "USD", Catalogue: shop.Catalogue{Reserved: []shop.Reserved{{Digits: "700000082"}}, Systems: []shop.System{
		{Country: "KR", Individual: true, OwnPhone: true, Company: true}, {Country: "US", Individual: true, OwnPhone: true, Company: true},
		{Country: "JP", Individual: true, OwnPhone: true, Company: true},
	}, Blocks: []shop.Block{
		{ID: "kr1", Kind: numbering.Individual, Country: "KR", Prefix: "70", Length: 7},
		{ID: "us1", Kind: numbering.Individual, Country: "US", Prefix: "20", Length: 8},
		{ID: "krc", Kind: numbering.Company, Country: "KR", Prefix: "5550", Length: 7},
		{ID: "usc", Kind: numbering.Company, Country: "US", Prefix: "5550", Length: 7},
	}}}
	h.shop = shop.New(h.db.Shop(), h.book, h.policy, h.roster, c.now)
	h.members = member.New(h.db.Members(), h.book, h.roster, member.Config{Plans: p, Centers: centers, Realm: "test",
		Gift: money.Of("USD", 50, 0), Cost: member.Cost{Time: 1, Memory: 64}, Now: c.now})
	return h
}

// person signs up and returns who acts.
func (h *house) person(t testing.TB, name string) member.Actor {
	t.Helper()
	a, err := h.members.SignUp(context.Background(), member.SignUp{Name: name, Email: name + "@example.com", Password: "correct horse " + name, Country: "KR"})
	if err != nil {
		t.Fatal(err)
	}
	return member.Actor{Account: a.ID, Name: a.Name, Role: a.Role, Proved: h.clock.now()}
}

func (h *house) wallet(t testing.TB, a member.Actor) money.Amount {
	t.Helper()
	m, err := h.book.Balance(context.Background(), ledger.WalletID(a.Account, "USD"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (h *house) booksAreRight(t testing.TB) {
	t.Helper()
	r, err := h.book.Verify(context.Background())
	if err != nil || !r.OK() {
		t.Errorf("the books are wrong: %v %v", err, r.Faults)
	}
}

// steps is the codes of an order's events.
func (h *house) steps(t testing.TB, id string) []string {
	t.Helper()
	events, err := h.shop.Events(context.Background(), member.System(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, e := range events {
		if e.Seq != i+1 || e.At.IsZero() || e.Actor == "" {
			t.Errorf("event %+v", e)
		}
		out = append(out, e.Code)
	}
	return out
}

func same(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// letterLink is the last part of the link in the newest letter of a kind.
func (h *house) letterLink(t testing.TB, kind string) string {
	t.Helper()
	now := time.Now().Add(time.Hour) // letters are queued by the real clock
	list, err := h.db.Letters().Take(context.Background(), now, time.Millisecond, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range slices.Backward(list) {
		if x.Kind == kind {
			return x.Fields["link"][strings.LastIndexByte(x.Fields["link"], '/')+1:]
		}
	}
	t.Fatalf("no letter %s among %d", kind, len(list))
	return ""
}
