package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/setup"
	"github.com/callisto-tel/callisto/platform/store"
)

// setups is the service over the house; signed holds the telephones that are registered.
func (h *house) setups(signed map[string]bool) *setup.Service {
	return setup.New(h.db.Setups(), h.members, setup.Config{Now: h.clock.now, SignedIn: func(d string) bool { return signed[d] }, Open: func() bool { return true }})
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
		}{{noHeader, "setup_scan"}, {app, ""}, {app, "setup_used"}} {
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
		for range 8 { // each in a process of its own
			go func() {
				_, err := h.setups(nil).Fetch(t.Context(), made.Token, setup.Caller{Kind: setup.Linphone, Header: true}, setup.Want{Kind: setup.Linphone})
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
