package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// zone is the TXT records of the world.
type zone struct {
	mu     sync.Mutex
	texts  map[string][]string
	silent bool
}

func (z *zone) look(_ context.Context, name string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.silent {
		return nil, errors.New("no answer")
	}
	return z.texts[name], nil
}

func (z *zone) set(n *alias.Name, there bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	name, text := n.Record()
	z.texts[name] = nil
	if there {
		z.texts[name] = []string{"v=spf1 -all", text}
	}
}

type naming struct {
	*house
	*alias.Service
	zone       *zone
	look       alias.Records // of the world, unless a test says otherwise
	minji, jun member.Actor
}

func newNaming(t *testing.T, cfg store.Config) *naming {
	h := build(t, cfg, newClock())
	x := &naming{house: h, zone: &zone{texts: map[string][]string{}}, minji: h.person(t, "minji"), jun: h.person(t, "jun")}
	x.look = x.zone.look
	x.Service = alias.New(h.db.Names(), alias.Config{
		Sold: h.roster.Numbers, TXT: func(ctx context.Context, name string) ([]string, error) { return x.look(ctx, name) }, Tell: h.roster.Named, Now: h.clock.now, Link: func(p string) string { return "https://tel.example" + p },
		Ours: func(d string) bool { return d == "tel.example" },
		Proved: func(_ context.Context, account, e164 string) bool {
			return account == x.jun.Account && e164 == "+821055556666"
		},
		Reader: func(ctx context.Context, account string) (string, string, error) {
			a, err := h.members.Account(ctx, member.System(), account)
			return a.Email, a.Language, err
		},
	})
	return x
}

func (x *naming) letters(t *testing.T, kind string) (out []letter.Queued) {
	t.Helper()
	for _, who := range []member.Actor{x.minji, x.jun} {
		list, err := x.db.Letters().Of(t.Context(), who.Account)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			if l.Kind == kind {
				out = append(out, l)
			}
		}
	}
	return out
}

// owned is a number that somebody buys.
func (x *naming) owned(t *testing.T, who member.Actor) numbering.Number {
	t.Helper()
	return x.buy(t, who, shop.Request{Kind: numbering.Individual, Country: "KR", National: "7012345"}).Number
}

// TestADomainIsProvedKeptAndLost: by its record, looked for each day; it goes to
// whoever proves it once the first one's record is gone.
func TestADomainIsProvedKeptAndLost(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x, ctx := newNaming(t, cfg), t.Context()
		mine := x.owned(t, x.minji)
		n, err := x.Add(ctx, x.minji, "Bücher.Example.", mine.Canonical())
		if err != nil || n.Name != "xn--bcher-kva.example" || n.Kind != alias.Domain || n.Shown() != "bücher.example" {
			t.Fatalf("%+v %v", n, err)
		}
		if _, err := x.Check(ctx, x.minji, n.ID); code(err) != "record_missing" {
			t.Errorf("without a record: %v", err)
		}
		if _, err := x.Check(ctx, x.jun, n.ID); code(err) != "name_unknown" {
			t.Errorf("somebody else's: %v", err)
		}
		x.zone.set(&n, true)
		if n, err = x.Check(ctx, x.minji, n.ID); err != nil || n.State != alias.Proved {
			t.Fatalf("%+v %v", n, err)
		}
		for _, dialled := range []string{"xn--bcher-kva.example", "bücher.example"} {
			if got, ok := x.roster.Names.Named(dialled); !ok || got.Number != mine {
				t.Errorf("%s: %+v %t", dialled, got, ok)
			}
		}
		// Another cannot take it while the record is there.
		theirs, err := x.Add(ctx, x.jun, "bücher.example", "+821055556666")
		if err != nil || theirs.Dial != "+821055556666" {
			t.Fatalf("%+v %v", theirs, err)
		}
		name, text := theirs.Record()
		_, first := n.Record()
		x.zone.texts[name] = []string{first, text}
		if _, err := x.Check(ctx, x.jun, theirs.ID); code(err) != "name_held" {
			t.Errorf("while it is held: %v", err)
		}
		// A look-up that fails is no missing record.
		x.zone.silent = true
		x.clock.add(25 * time.Hour)
		if err := x.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		x.zone.silent = false
		if l := x.letters(t, "name_missing"); len(l) != 0 {
			t.Errorf("%d letters", len(l))
		}
		x.zone.texts[name] = []string{text}
		if _, err := x.Check(ctx, x.jun, theirs.ID); err != nil {
			t.Fatal(err)
		}
		if got, ok := x.roster.Names.Named("bücher.example"); !ok || got.Dial != "+821055556666" {
			t.Errorf("moved: %+v %t", got, ok)
		}
		if l := x.letters(t, "name_moved"); len(l) != 1 || l[0].Account != x.minji.Account {
			t.Errorf("%+v", l)
		}
		// The record goes: a letter, two weeks, and the name is nobody's.
		x.zone.texts[name] = nil
		for day := range 17 {
			x.clock.add(24*time.Hour + time.Minute)
			if err := x.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			if _, ok := x.roster.Names.Named("bücher.example"); ok != (day < 14) {
				t.Errorf("day %d: named %t", day, ok)
			}
		}
		if a, b := x.letters(t, "name_missing"), x.letters(t, "name_removed"); len(a) != 1 || len(b) != 1 || a[0].Fields["record"] != name {
			t.Errorf("%+v %+v", a, b)
		}
	})
}

// TestContestedDomainsDoNotHoldUpTheOthers: as many as are looked at in one sweep,
// with the records of two, leave time for those that are due after them.
func TestContestedDomainsDoNotHoldUpTheOthers(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x, ctx := newNaming(t, cfg), t.Context()
		mine := x.owned(t, x.minji)
		proves := func(name string) alias.Name {
			n, err := x.Add(ctx, x.minji, name, mine.Canonical())
			if err != nil {
				t.Fatal(err)
			}
			x.zone.set(&n, true)
			if n, err = x.Check(ctx, x.minji, n.ID); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for i := range 20 {
			name := string(rune('a'+i)) + "x.example"
			his := proves(name)
			hers, err := x.Add(ctx, x.jun, name, "+821055556666")
			if err != nil {
				t.Fatal(err)
			}
			at, first := his.Record()
			_, second := hers.Record()
			x.zone.texts[at] = []string{first, second}
		}
		x.clock.add(25 * time.Hour)
		lost := proves("lost.example")
		x.zone.set(&lost, false)
		x.clock.add(25 * time.Hour)
		for range 3 { // there are 41
			if err := x.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if l := x.letters(t, "name_missing"); len(l) != 1 {
			t.Errorf("%d letters of a record that is gone", len(l))
		}
	})
}

// TestAnAddressIsProvedByItsLetter: once, within a day; the last to have the
// letters has the name.
func TestAnAddressIsProvedByItsLetter(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x, ctx := newNaming(t, cfg), t.Context()
		mine := x.owned(t, x.minji)
		n, err := x.Add(ctx, x.minji, "Ann@Example.com", mine.Canonical())
		if err != nil || n.Name != "ann@example.com" {
			t.Fatalf("%+v %v", n, err)
		}
		again, err := x.Add(ctx, x.minji, "ann@example.com", mine.Canonical())
		if err != nil || again.ID != n.ID {
			t.Errorf("%+v %v", again, err)
		}
		l := x.letters(t, "name_confirm")
		if len(l) != 1 || l[0].To != "ann@example.com" {
			t.Fatalf("%+v", l)
		}
		_, token, _ := strings.Cut(l[0].Fields["link"], "token=")
		if _, err := x.Confirm(ctx, token+"x"); code(err) != "link_over" {
			t.Errorf("a wrong token: %v", err)
		}
		if _, err := x.Confirm(ctx, token); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Confirm(ctx, token); code(err) != "link_over" {
			t.Errorf("twice: %v", err)
		}
		if got, ok := x.roster.Names.Named("ann@example.com"); !ok || got.Number != mine {
			t.Errorf("%+v %t", got, ok)
		}
		// A roster that starts later reads it.
		dir := center.NewDirectory(x.policy.Plans, []center.Center{{ID: "KR", Countries: []string{"KR"}}})
		fresh := roster.New(x.policy.Plans, func() *center.Directory { return dir }, nil, nil)
		if err := fresh.Load(ctx, x.db.Roster()); err != nil {
			t.Fatal(err)
		}
		if _, ok := fresh.Names.Named("ann@example.com"); !ok {
			t.Error("it is not read at the start")
		}
		if err := x.Remove(ctx, x.jun, n.ID); code(err) != "name_unknown" {
			t.Errorf("somebody else's: %v", err)
		}
		if err := x.Remove(ctx, x.minji, n.ID); err != nil {
			t.Fatal(err)
		}
		if _, ok := x.roster.Names.Named("ann@example.com"); ok {
			t.Error("it is still called")
		}
	})
}

// TestNamesThatNobodyCanHave, and numbers that are not one's own.
func TestNamesThatNobodyCanHave(t *testing.T) {
	x, ctx := newNaming(t, cluster.SQLite(t)), t.Context()
	mine := x.owned(t, x.minji).Canonical()
	for _, c := range []struct{ name, number, want string }{
		{"gmail.com", mine, "name_of_many"}, {"co.uk", mine, "name_of_many"}, {"com", mine, "name_form"}, {"tel.example", mine, "name_ours"}, {"ann@tel.example", mine, "name_ours"},
		{"example", mine, "name_form"}, {"1.2.3.4", mine, "name_form"}, {"Ann <ann@example.com>", mine, "name_form"}, {"a b.example", mine, "name_form"}, {"ann@", mine, "name_form"},
		{"example.com\nx", mine, "name_form"}, {"xn--zzz-.example", mine, "name_form"}, {strings.Repeat("a", 64) + ".example", mine, "name_form"},
		{"example.com", "+821055556666", "number_not_yours"}, {"example.com", "1234567", "number_not_yours"}, {"example.com", "", "empty"},
	} {
		if _, err := x.Add(ctx, x.minji, c.name, c.number); code(err) != c.want {
			t.Errorf("%q for %q: %v", c.name, c.number, err)
		}
	}
	if _, err := x.Add(ctx, x.minji, "someone@gmail.com", mine); err != nil {
		t.Errorf("an address at a free-mail service: %v", err)
	}
	var last error
	for i := range 25 {
		_, last = x.Add(ctx, x.minji, "d"+strings.Repeat("x", i)+".example", mine)
	}
	if code(last) != "names_limit" {
		t.Errorf("the 25th of a day: %v", last)
	}
}

// TestNamesDoNotWaitForOthers: domains that somebody else holds, and domains
// whose name servers are silent, are looked at once a day as all others are,
// and several at once.
func TestNamesDoNotWaitForOthers(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x, ctx := newNaming(t, cfg), t.Context()
		mine := x.owned(t, x.minji)
		day := x.clock.now().UTC()
		put := func(account, name, id string, state alias.State, checked time.Time) alias.Name {
			t.Helper()
			n := alias.Name{ID: id, Account: account, Name: name, Kind: alias.Domain, Dial: "+821055556666", State: state, Token: id, Checked: checked, Created: day}
			if err := x.db.Names().InsertName(ctx, n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		var silent sync.Map
		for i := range 100 { // one waits for what another holds: both records are there
			name := fmt.Sprintf("n%d.example", i)
			a := put("acc_holder", name, fmt.Sprintf("nam_a%03d", i), alias.Proved, day.Add(time.Hour))
			b := put("acc_waiter", name, fmt.Sprintf("nam_b%03d", i), alias.Waiting, day.Add(-time.Second))
			record, text := a.Record()
			_, other := b.Record()
			x.zone.texts[record] = []string{text, other}
			if i%2 == 1 {
				silent.Store(record, true)
			}
		}
		n, err := x.Add(ctx, x.minji, "last.example", mine.Canonical())
		if err != nil {
			t.Fatal(err)
		}
		x.zone.set(&n, true)
		if n, err = x.Check(ctx, x.minji, n.ID); err != nil {
			t.Fatal(err)
		}
		x.zone.set(&n, false)
		x.clock.add(24*time.Hour + time.Minute)
		var now, most atomic.Int32
		four := make(chan struct{})
		x.look = func(ctx context.Context, name string) ([]string, error) {
			k := now.Add(1)
			defer now.Add(-1)
			most.Store(max(most.Load(), k))
			if k == 4 {
				select {
				case <-four:
				default:
					close(four)
				}
			}
			select { // nobody goes on before four have come
			case <-four:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if _, yes := silent.Load(name); yes {
				return nil, errors.New("no answer")
			}
			return x.zone.look(ctx, name)
		}
		for range 2 {
			if err := x.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if l := x.letters(t, "name_missing"); len(l) != 1 || l[0].Fields["name"] != "last.example" {
			t.Errorf("the last name was not looked at: %+v", l)
		}
		if n := most.Load(); n > 8 {
			t.Errorf("%d look-ups at once", n)
		}
		if stale, err := x.db.Names().StaleNames(ctx, x.clock.now().Add(-23*time.Hour), x.clock.now(), 1000); err != nil || len(stale) != 150 {
			t.Errorf("within the hour %d are due, of which 50 are silent waiting ones and 100 held ones: %v", len(stale), err)
		}
	})
}

// TestAProvedNameDoesNotWaitAgain: a sweep that read it while it waited does not
// undo its proof.
func TestAProvedNameDoesNotWaitAgain(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x, ctx := newNaming(t, cfg), t.Context()
		n, err := x.Add(ctx, x.minji, "ann.example", x.owned(t, x.minji).Canonical())
		if err != nil {
			t.Fatal(err)
		}
		x.zone.set(&n, true)
		if _, err := x.Check(ctx, x.minji, n.ID); err != nil {
			t.Fatal(err)
		}
		if saved, err := x.db.Names().SaveName(ctx, n, nil); err != nil || saved {
			t.Errorf("a name that waited was saved over the proved one: %t %v", saved, err)
		}
	})
}

// TestTheListOfNamesHasPages: every name once, and those that were removed not.
func TestTheListOfNamesHasPages(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		x, ctx := newNaming(t, cfg), t.Context()
		for i := range 7 {
			n := alias.Name{
				ID: fmt.Sprintf("nam_%d", i), Account: fmt.Sprintf("acc_%d", i), Name: "a.example", Kind: alias.Domain, Dial: "+821055556666", State: alias.Waiting, Token: "x",
				Created: x.clock.now().Add(-time.Duration(i) * time.Hour),
			}
			if i == 3 {
				n.State = alias.Removed
			}
			if err := x.db.Names().InsertName(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for cursor, pages := "", 0; ; pages++ {
			list, next, err := x.All(ctx, member.System(), cursor, 2)
			if err != nil || pages > 2 {
				t.Fatal(pages, err)
			}
			for _, n := range list {
				got = append(got, n.ID)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if strings.Join(got, " ") != "nam_0 nam_1 nam_2 nam_4 nam_5 nam_6" {
			t.Errorf("listed: %v", got)
		}
		if _, _, err := x.All(ctx, x.minji, "", 2); code(err) != "not_yours" {
			t.Errorf("a member lists all: %v", err)
		}
		if _, err := x.Names(ctx, x.minji, ""); code(err) != "not_yours" {
			t.Errorf("a member lists those of everybody: %v", err)
		}
	})
}
