package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/setup"
	"github.com/callisto-tel/callisto/platform/store"
)

// setups is the service over the house; signed holds the telephones that are registered.
func (h *house) setups(signed map[string]bool) *setup.Service {
	return setup.New(h.db.Setups(), h.members, setup.Config{Now: h.clock.now, SignedIn: func(d string, _ time.Time) bool { return signed[d] }, Open: func() bool { return true }})
}

const (
	deskMAC  = "001565abcdef"
	otherMAC = "001565000001"
)

func yealink(mac, network string) setup.Caller {
	return setup.Caller{Kind: setup.Yealink, MAC: mac, Agent: "Yealink SIP-T46S 66.86.0.15 " + mac, Network: network}
}

func fileOf(mac string) setup.Want { return setup.Want{Kind: setup.Yealink, MAC: mac} }

// TestALinkBelongsToItsFirstTelephone: the first that fetches, and no other; the
// password goes along until it has signed in, and is in no table.
func TestALinkBelongsToItsFirstTelephone(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		who, m := h.lineOf(t, "ada", "7012345")
		signed := map[string]bool{}
		s := h.setups(signed)
		made, err := s.Make(ctx, who, m.ID, setup.Ask{Kind: setup.Yealink, MAC: "00:15:65:AB:cd:ef", Name: "Desk"})
		if err != nil {
			t.Fatal(err)
		}
		if len(made.Token) < 26 || made.Link.MAC != deskMAC {
			t.Errorf("%+v", made)
		}
		fetch := func(c setup.Caller, w setup.Want) (setup.Account, string) {
			t.Helper()
			a, err := s.Fetch(ctx, made.Token, c, w)
			return a, code(err)
		}
		for want, x := range map[string]struct {
			c setup.Caller
			w setup.Want
		}{
			"setup_browser": {setup.Caller{Agent: "Mozilla/5.0"}, fileOf(deskMAC)},
			"setup_other":   {yealink(otherMAC, "192.0.2.0/24"), fileOf(deskMAC)},
			"setup_unknown": {setup.Caller{Kind: setup.Yealink}, setup.Want{Kind: setup.Snom, MAC: deskMAC}},
		} {
			if _, got := fetch(x.c, x.w); got != want {
				t.Errorf("instead of %s: %q", want, got)
			}
		}
		if _, got := fetch(yealink(deskMAC, "192.0.2.0/24"), setup.Want{Kind: setup.Yealink, Common: true}); got != "" {
			t.Errorf("the common file: %s", got)
		}
		first, got := fetch(yealink(deskMAC, "192.0.2.0/24"), fileOf(deskMAC))
		if got != "" || first.Password == "" || first.SIPUser == "" || first.Number != m.Number {
			t.Fatalf("%+v %s", first, got)
		}
		if second, _ := fetch(yealink(deskMAC, "198.51.100.0/24"), fileOf(deskMAC)); second.Password == "" || second.Password == first.Password {
			t.Errorf("the answer was lost, the telephone asks again: %+v", second)
		}
		signed[made.Link.Device] = true
		if third, got := fetch(yealink(deskMAC, "192.0.2.0/24"), fileOf(deskMAC)); got != "" || third.Password != "" {
			t.Errorf("it has signed in: %+v %s", third, got)
		}
		signed[made.Link.Device] = false
		if fourth, got := fetch(yealink(deskMAC, "192.0.2.0/24"), fileOf(deskMAC)); got != "" || fourth.Password != "" {
			t.Errorf("the password goes along again: %+v %s", fourth, got)
		}
		for _, c := range []setup.Caller{yealink(otherMAC, "192.0.2.0/24"), yealink("", "192.0.2.0/24"), {Kind: setup.Snom, MAC: deskMAC}} {
			if _, got := fetch(c, fileOf(deskMAC)); got != "setup_other" {
				t.Errorf("%+v: %q", c, got)
			}
		}
		list, err := s.Links(ctx, who, m.ID)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		if l := list[0]; l.State(h.clock.now()) != setup.Fetched || l.Times != 4 || l.Refused != 4 || l.Network != "192.0.2.0/24" || !strings.HasPrefix(l.Agent, "Yealink") || l.RefusedAt.IsZero() {
			t.Errorf("%+v", l)
		}
		h.clock.add(30 * 24 * time.Hour) // it starts anew years later
		if _, got := fetch(yealink(deskMAC, "192.0.2.0/24"), fileOf(deskMAC)); got != "" {
			t.Errorf("a later restart: %s", got)
		}
		if err := h.members.RevokeDevice(ctx, who, made.Link.Device); err != nil {
			t.Fatal(err)
		}
		if _, got := fetch(yealink(deskMAC, "192.0.2.0/24"), fileOf(deskMAC)); got != "setup_device_revoked" {
			t.Errorf("after its telephone was removed: %q", got)
		}
	})
}

// TestLinksEnd: by use, by time, by their holder, by a newer one, and with the account.
func TestLinksEnd(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		who, m := h.lineOf(t, "ada", "7012345")
		s := h.setups(nil)
		app := setup.Caller{Kind: setup.Linphone, Agent: "Linphone/5.2", Network: "192.0.2.0/24", Header: true}
		scan := setup.Want{Kind: setup.Linphone}
		linphone := func(device string) setup.Made {
			t.Helper()
			made, err := s.Make(ctx, who, m.ID, setup.Ask{Kind: setup.Linphone, Name: "Mobile", Device: device})
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		fetch := func(made setup.Made, c setup.Caller) string {
			t.Helper()
			_, err := s.Fetch(ctx, made.Token, c, scan)
			return code(err)
		}
		used := linphone("")
		noHeader := app
		noHeader.Header = false
		for _, step := range []struct {
			c    setup.Caller
			want string
		}{{noHeader, "setup_scan"}, {app, ""}, {setup.Caller{Kind: setup.Linphone, Agent: "Linphone/6.0", Network: app.Network, Header: true}, "setup_used"}} {
			if got := fetch(used, step.c); got != step.want {
				t.Errorf("%q instead of %q", got, step.want)
			}
		}
		old := linphone("")
		h.clock.add(setup.WaitFor)
		if got := fetch(old, app); got != "setup_expired" {
			t.Errorf("after 7 days: %q", got)
		}
		back := linphone("")
		if _, err := s.TakeBack(ctx, h.person(t, "eve"), back.Link.ID); code(err) != "setup_no_link" {
			t.Errorf("a stranger takes it back: %v", err)
		}
		if _, err := s.TakeBack(ctx, who, back.Link.ID); err != nil {
			t.Error(err)
		}
		if got := fetch(back, app); got != "setup_revoked" {
			t.Errorf("taken back: %q", got)
		}
		again := linphone(used.Link.Device)
		if newer := linphone(used.Link.Device); fetch(again, app) != "setup_revoked" || fetch(newer, app) != "" {
			t.Error("two links of a telephone work")
		}
		if got := fetch(setup.Made{Token: "guess"}, app); got != "setup_unknown" {
			t.Errorf("a guess: %q", got)
		}
		for _, a := range []setup.Ask{{Kind: "cisco", Name: "x"}, {Kind: setup.Snom, MAC: "12:34", Name: "x"}, {Kind: setup.Linphone}} {
			if _, err := s.Make(ctx, who, m.ID, a); code(err) != "fields" {
				t.Errorf("%+v: %v", a, err)
			}
		}
		if _, err := s.Make(ctx, h.person(t, "mallory"), m.ID, setup.Ask{Kind: setup.Linphone, Name: "x"}); fault.KindOf(err) != fault.Unknown {
			t.Errorf("a stranger's link: %v", err)
		}
		who.Proved = h.clock.now()
		if err := h.members.Erase(ctx, who, true); err != nil {
			t.Fatal(err)
		}
		if list, err := h.db.Setups().LinksOf(ctx, m.ID); err != nil || len(list) > 0 {
			t.Errorf("after erasing: %v %v", list, err)
		}
	})
}

// TestOneOfManyScans gets the settings.
func TestOneOfManyScans(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		who, m := h.lineOf(t, "ada", "7012345")
		made, err := h.setups(nil).Make(t.Context(), who, m.ID, setup.Ask{Kind: setup.Linphone, Name: "Mobile"})
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string)
		for i := range 8 { // each in a process of its own
			go func() {
				_, err := h.setups(nil).Fetch(t.Context(), made.Token, setup.Caller{Kind: setup.Linphone, Agent: fmt.Sprint("Linphone/", i), Header: true}, setup.Want{Kind: setup.Linphone})
				got <- code(err)
			}()
		}
		n := map[string]int{}
		for range 8 {
			n[<-got]++
		}
		if n[""] != 1 || n["setup_used"] != 7 {
			t.Errorf("%v", n)
		}
	})
}

// TestALostAnswer: whoever fetched first may fetch again with a password until he
// has signed in with one, since nobody can tell him the last; and it counts for
// nothing that his telephone was registered before, with another.
func TestALostAnswer(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		who, m := h.lineOf(t, "ada", "7012345")
		registered := h.clock.now() // and never since
		s := setup.New(h.db.Setups(), h.members, setup.Config{Now: h.clock.now, Open: func() bool { return true },
			SignedIn: func(_ string, since time.Time) bool { return !registered.Before(since) }})
		h.clock.add(time.Minute)
		app := setup.Caller{Kind: setup.Linphone, Agent: "Linphone/6.0", Network: "192.0.2.0/24", Header: true}
		other := app
		other.Network = "198.51.100.0/24"
		for _, x := range []struct {
			ask  setup.Ask
			c    setup.Caller
			w    setup.Want
			long time.Duration // within which an answer may be lost
			then string        // to whoever comes later
		}{
			{setup.Ask{Kind: setup.Yealink, MAC: deskMAC, Name: "Desk"}, yealink(deskMAC, "192.0.2.0/24"), fileOf(deskMAC), time.Hour, ""},
			{setup.Ask{Kind: setup.Linphone, Name: "Mobile"}, app, setup.Want{Kind: setup.Linphone}, 5 * time.Minute, "setup_used"},
		} {
			for _, ends := range []string{"registers", "time passes"} {
				made, err := s.Make(ctx, who, m.ID, x.ask)
				if err != nil {
					t.Fatal(err)
				}
				seen := []string{""}
				for range 3 {
					a, err := s.Fetch(ctx, made.Token, x.c, x.w)
					if err != nil || slices.Contains(seen, a.Password) {
						t.Errorf("%s: its answer was lost, and it gets %q, %v", x.ask.Kind, a.Password, err)
					}
					seen = append(seen, a.Password)
					h.clock.add(x.long/3 - time.Second)
				}
				if _, err := s.Fetch(ctx, made.Token, other, x.w); err == nil {
					t.Errorf("%s: so does another", x.ask.Kind)
				}
				if ends == "registers" {
					registered = h.clock.now()
				} else {
					h.clock.add(3 * time.Second)
				}
				if a, err := s.Fetch(ctx, made.Token, x.c, x.w); a.Password != "" || code(err) != x.then {
					t.Errorf("%s, after it %s: %q, %v", x.ask.Kind, ends, a.Password, err)
				}
				h.clock.add(time.Minute)
			}
		}
	})
}

// blocks are members of whom one telephone's password takes for ever to make.
type blocks struct {
	setup.Members
	device  string
	begun   chan struct{}
	release chan struct{}
}

func (b *blocks) NewPassword(ctx context.Context, by member.Actor, id string) (member.NewDevice, error) {
	if id == b.device {
		b.begun <- struct{}{}
		<-b.release
	}
	return b.Members.NewPassword(ctx, by, id)
}

// counts is a store whose transactions are counted.
type counts struct {
	setup.Store
	n *atomic.Int32
}

func (c counts) Do(ctx context.Context, f func(setup.Tx) error) error {
	c.n.Add(1)
	return c.Store.Do(ctx, f)
}

// TestNoTelephoneWaitsForAnother: one that is being answered holds up itself and
// nobody else, and who guesses addresses does not even begin a transaction.
func TestNoTelephoneWaitsForAnother(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		who, m := h.lineOf(t, "ada", "7012345")
		b := &blocks{Members: h.members, begun: make(chan struct{}), release: make(chan struct{})}
		var transactions atomic.Int32
		s := setup.New(counts{h.db.Setups(), &transactions}, b, setup.Config{Now: h.clock.now, SignedIn: func(string, time.Time) bool { return false }, Open: func() bool { return true }})
		link := func(mac string) setup.Made {
			t.Helper()
			made, err := s.Make(ctx, who, m.ID, setup.Ask{Kind: setup.Yealink, MAC: mac, Name: "Desk"})
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		slow, quick := link(deskMAC), link(otherMAC)
		b.device = slow.Link.Device
		passwords := make(chan string, 2)
		fetch := func() {
			a, err := s.Fetch(ctx, slow.Token, yealink(deskMAC, "192.0.2.0/24"), fileOf(deskMAC))
			if err != nil {
				t.Error(err)
			}
			passwords <- a.Password
		}
		go fetch()
		<-b.begun
		go fetch() // the same telephone once more: after the first
		before := transactions.Load()
		for i := range 50 {
			if _, err := s.Fetch(ctx, fmt.Sprint("guess", i), yealink(otherMAC, "192.0.2.0/24"), fileOf(otherMAC)); code(err) != "setup_unknown" {
				t.Errorf("a guess: %v", err)
			}
		}
		if n := transactions.Load() - before; n != 0 {
			t.Errorf("50 guesses made %d transactions", n)
		}
		if a, err := s.Fetch(ctx, quick.Token, yealink(otherMAC, "192.0.2.0/24"), fileOf(otherMAC)); err != nil || a.Password == "" {
			t.Errorf("another telephone: %+v %v", a, err)
		}
		if n := transactions.Load() - before; n != 1 {
			t.Errorf("the second answer of one telephone does not wait for its first: %d transactions instead of 1", n)
		}
		b.release <- struct{}{}
		first := <-passwords
		<-b.begun
		b.release <- struct{}{}
		if second := <-passwords; first == "" || second == "" || first == second {
			t.Errorf("%q, then %q", first, second)
		}
	})
}

// TestLinksAtOnce: no more of a number wait than may, however many are asked for
// at once and of whichever process; and no telephone is left over.
func TestLinksAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		who, m := h.lineOf(t, "ada", "7012345")
		before := h.alive(t, who, m.ID)
		const at = 12 // at once
		for range setup.MostOpen - 2 {
			if _, err := h.setups(nil).Make(ctx, who, m.ID, setup.Ask{Kind: setup.Linphone, Name: "Mobile"}); err != nil {
				t.Fatal(err)
			}
		}
		rush := &gather{Members: h.members}
		rush.all.Add(at)
		got := make(chan string)
		for range at {
			go func() {
				s := setup.New(h.db.Setups(), rush, setup.Config{Now: h.clock.now, Open: func() bool { return true }})
				_, err := s.Make(ctx, who, m.ID, setup.Ask{Kind: setup.Linphone, Name: "Mobile"})
				got <- code(err)
			}()
		}
		n := map[string]int{}
		for range at {
			n[<-got]++
		}
		if n[""] != 2 || n["setup_many"] != at-2 {
			t.Errorf("%v", n)
		}
		if now := h.alive(t, who, m.ID); now-before != setup.MostOpen {
			t.Errorf("%d telephones were made for %d links", now-before, setup.MostOpen)
		}
	})
}

// gather has all who were let in by the first look come to the second together.
type gather struct {
	setup.Members
	all sync.WaitGroup
}

func (g *gather) AddDevice(ctx context.Context, by member.Actor, membership, name, country string) (member.NewDevice, error) {
	g.all.Done()
	g.all.Wait()
	return g.Members.AddDevice(ctx, by, membership, name, country)
}

// alive counts a number's telephones that are not revoked.
func (h *house) alive(t *testing.T, who member.Actor, membership string) (n int) {
	t.Helper()
	all, err := h.members.Devices(t.Context(), who, membership)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Revoked.IsZero() {
			n++
		}
	}
	return n
}
