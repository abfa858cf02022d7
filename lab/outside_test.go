package lab

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/tariff"
)

// serveGateway runs SIPp as the gateway of a trunk until the test ends.
func serveGateway(t *testing.T, n *Network, scenario string, calls int, args ...string) netip.AddrPort {
	t.Helper()
	at := FreePort(t, loopback())
	SIPp{Scenario: scenario, Users: make([]Member, 1), Local: at, Remote: n.Addr("KR"), Calls: calls, Rate: 10, Args: args}.Serve(t)
	awaitBound(t, at)
	return at
}

// carrierAt is a carrier of a center with trunks to gateways.
func carrierAt(id string, at center.ID, gateways ...netip.AddrPort) carrier.Carrier {
	c := byTrunk(carrier.Trunk{})
	c.ID, c.Center, c.Name, c.Trunks, c.Shows = id, at, id, nil, carrier.ShowOwn
	for _, g := range gateways {
		c.Trunks = append(c.Trunks, carrier.Trunk{ID: id + "-" + g.String(), Host: g.String(), Transport: carrier.UDP, From: []string{g.String()}})
	}
	return c
}

// call has a member of Korea dial a number; any answer but an answer fails.
func (n *Network) call(t *testing.T, from Member, number string) {
	t.Helper()
	SIPp{Scenario: "caller.xml", Users: []Member{from}, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return number }}.Run(t)
}

// records sorts the records of one call by side.
func bySide(list []cdr.Record) map[cdr.Side]cdr.Record {
	out := map[cdr.Side]cdr.Record{}
	for _, r := range list {
		out[r.Side] = r
	}
	return out
}

// TestAMemberCallsAnOrdinaryTelephone: the call leaves by a trunk of its own
// center, and by one of the called country's.
func TestAMemberCallsAnOrdinaryTelephone(t *testing.T) {
	for name, x := range map[string]struct {
		number string
		at     center.ID
		rows   int
	}{"here": {"0255543" + "21", "KR", 1}, "in the called country": {"+12125550100", "US", 2}} {
		t.Run(name, func(t *testing.T) {
			n := New(t, Options{})
			n.Carriers(carrierAt("seoul", "KR", serveGateway(t, n, "gateway-plain.xml", 1)), carrierAt("chicago", "US", serveGateway(t, n, "gateway-plain.xml", 1)))
			m := n.Member("Minji", "KR", "82", "25551234")
			n.call(t, m, x.number)
			got := bySide(n.Records.Wait(t, x.rows))
			last := got[cdr.Origin]
			if x.rows == 2 {
				last = got[cdr.Exit]
			}
			if !last.Answered() || last.Cause != cdr.Normal || last.Carrier != map[center.ID]string{"KR": "seoul", "US": "chicago"}[x.at] || last.Trunk == "" {
				t.Errorf("the record of where it left: %+v", last)
			}
			for side, r := range got {
				if len(r.Legs) != 1 || r.HungUp != cdr.ByCaller || r.PDD <= 0 || !r.Legs[0].Answered() {
					t.Errorf("%s: %+v", side, r)
				} else if l := r.Legs[0]; l.Carrier != last.Carrier || l.Trunk != last.Trunk { // the caller's center is told
					t.Errorf("%s: the leg went by %q: %+v", side, l.Carrier, l)
				}
			}
			if o := got[cdr.Origin]; o.From.Account != "acc_"+m.Number.Canonical() || o.To.Text != numbering.Spaced(e164Of(x.number)) {
				t.Errorf("the caller's record: %+v", o)
			}
			n.settled(t)
		})
	}
}

func e164Of(dialled string) string {
	if dialled[0] == '+' {
		return dialled
	}
	return "+82" + dialled[1:]
}

// settled fails the test if anything of a call is left.
func (n *Network) settled(t *testing.T) {
	t.Helper()
	n.Settle()
	if live, ports := n.Edge().LiveCalls(), n.Ports(); live != 0 || ports != 0 {
		t.Errorf("%d calls and %d port pairs left", live, ports)
	}
}

// TestTheNextCarrierTakesTheCall: one gateway is full, at the next address
// nobody listens, one says nothing at all, and the last answers.
func TestTheNextCarrierTakesTheCall(t *testing.T) {
	n := New(t, Options{})
	full, nobody, silent := serveGateway(t, n, "gateway-full.xml", 1), FreePort(t, loopback()), mute(t)
	good := serveGateway(t, n, "gateway-plain.xml", 1)
	n.Carriers(carrierAt("full", "KR", full), carrierAt("nobody", "KR", nobody), carrierAt("silent", "KR", silent), carrierAt("good", "KR", good))
	n.call(t, n.Member("Minji", "KR", "82", "25551234"), "025554321")
	r := n.Records.Wait(t, 1)[0]
	if !r.Answered() || r.Carrier != "good" {
		t.Errorf("%+v", r)
	}
	if waited := r.Answer.Sub(r.Start); waited < routing.ReplyIn || waited > 2*routing.ReplyIn {
		t.Errorf("answered after %s: the silent gateway has %s", waited, routing.ReplyIn)
	}
	type leg struct {
		carrier string
		cause   cdr.Cause
		status  int
		q850    int
	}
	var legs []leg
	for i := range r.Legs {
		l := &r.Legs[i]
		legs = append(legs, leg{l.Carrier, l.Cause, l.Status, l.Q850})
		if l.Kind != cdr.ToTrunk || l.Number != "+8225554321" || l.Start.Before(r.Start) || l.End.Before(l.Start) || l.Answered() != (l.Carrier == "good") {
			t.Errorf("a leg: %+v", l)
		}
	}
	if want := []leg{{"full", cdr.Failed, 503, 34}, {"nobody", cdr.Failed, 0, 38}, {"silent", cdr.Timeout, 0, 18}, {"good", cdr.Normal, 0, 16}}; !slices.Equal(legs, want) {
		t.Errorf("the legs %+v, want %+v", legs, want)
	}
	last := r.Legs[len(r.Legs)-1]
	if r.PDD < routing.ReplyIn || last.PDD() > time.Second || r.HungUp != cdr.ByCaller || r.Q850 != 16 || r.Status != 0 {
		t.Errorf("delay %s and %s, ended by %s with %d %d", r.PDD, last.PDD(), r.HungUp, r.Q850, r.Status)
	}
	if want := (cdr.Decision{Kind: "pstn", Way: cdr.ToTrunk, Why: string(routing.ChosenNext), Micros: r.Decision.Micros}); r.Decision != want {
		t.Errorf("the decision %+v", r.Decision)
	}
	n.settled(t)
}

// TestACarrierCallsAMember: by a number that came with it, and known by the
// telephone it calls from; and nobody else's number, whatever it says.
func TestACarrierCallsAMember(t *testing.T) {
	n := New(t, Options{})
	gateway := FreePort(t, loopback())
	c := carrierAt("seoul", "KR", gateway)
	n.Carriers(c)
	m, other := n.Member("Minji", "KR", "82", "25551234"), n.Member("Jun", "KR", "82", "7000001")
	n.Change(func(x *routing.Tables) {
		x.Lines, x.Known = did{"8225550111": m.Number}, did{"+821012345678": other.Number}.holders(n)
	})
	at := FreePort(t, loopback())
	n.register(t, []Member{m}, n.Addr("KR"), at, 10)
	SIPp{Scenario: "called.xml", Users: []Member{m}, Local: at, Remote: n.Addr("KR"), Calls: 1, Rate: 1}.Serve(t)
	from := func(scenario, called, caller string) {
		SIPp{Scenario: scenario, Users: make([]Member, 1), Local: gateway, Remote: n.Addr("KR"), Calls: 1, Rate: 1,
			Extra: func(int) string { return called + ";" + caller }}.Run(t)
	}
	from("trunk-caller.xml", "+8225550111", "+821012345678")
	r := n.Records.Wait(t, 1)[0]
	if r.Side != cdr.Entry || !r.Answered() || r.Carrier != "seoul" || r.From.Number != other.Number || r.From.Account != "" || r.To.Account != "acc_"+m.Number.Canonical() {
		t.Errorf("%+v", r)
	}
	from("trunk-refused.xml", "+8227000001", "+821012345678") // a member's, but not this trunk's
	from("trunk-refused.xml", "+8225554321", "+821012345678") // an ordinary telephone
	for _, r := range n.Records.Wait(t, 3)[1:] {
		if r.Cause != cdr.Forbidden || r.Answered() {
			t.Errorf("%+v", r)
		}
	}
	n.settled(t)
	if calls := n.TrunkCalls(c.Trunks[0].ID); calls != 0 {
		t.Errorf("%d calls are still counted on the trunk", calls)
	}
}

// TestTwoAccountsAtOneProvider: calls of both come from the same gateway; a call is
// the one's whose number it is to. Forwarded on by the other, its record still says
// by whom it came in, and the carrier is told why it was forwarded.
func TestTwoAccountsAtOneProvider(t *testing.T) {
	n := New(t, Options{})
	gateway := FreePort(t, loopback())
	first, second := carrierAt("a-first", "KR", gateway), carrierAt("b-second", "KR", gateway)
	out := carrierAt("out", "KR", seeing(t, n, "Diversion: <sip:[+]15055550199@.*;reason=unconditional;counter=1;privacy=full", "xxx"))
	out.Diverts = true
	n.Carriers(out, first, second)
	m := n.Member("Minji", "KR", "82", "25551234")
	h, _ := n.Sold.Typed(m.Number.Canonical())
	h.Private, h.Forward = true, &member.Forwarding{Always: []string{"+821099998888"}}
	n.Sold.Set(h)
	n.Change(func(x *routing.Tables) { x.Lines = ownedBy{"b-second", m.Number} })
	SIPp{Scenario: "trunk-caller.xml", Users: make([]Member, 1), Local: gateway, Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+8225550111;+821012345678" }}.Run(t)
	if r := n.Records.Wait(t, 1)[0]; !r.Answered() || r.Side != cdr.Entry || r.Carrier != "b-second" || r.Trunk != second.Trunks[0].ID {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// ownedBy is one number of a carrier.
type ownedBy struct {
	carrier string
	number  numbering.Number
}

// Line finds it.
func (o ownedBy) Line(e164 string) (routing.Line, bool) {
	return routing.Line{Carrier: o.carrier, Number: o.number}, e164 == "8225550111"
}

// TestACarriersCallerIsNotShown: who withholds his number from the carrier's
// side withholds it from the member too, also where another center's carrier
// brings the call, and his history does not tell it either.
func TestACarriersCallerIsNotShown(t *testing.T) {
	for name, x := range map[string]struct {
		entry        center.ID
		caller, more string
	}{
		"here": {"KR", "+821012345678", "Privacy: id"}, "from another center": {"US", "+821012345678", "Privacy: user"},
		"asserted": {"US", "Anonymous", "P-Asserted-Identity: <tel:+821012345678>"},
	} {
		t.Run(name, func(t *testing.T) {
			n := New(t, Options{})
			gateway := FreePort(t, loopback())
			c := carrierAt("in", x.entry, gateway)
			c.Reach = []string{"82"}
			n.Carriers(c)
			m := n.Member("Minji", "KR", "82", "25551234")
			h, _ := n.Sold.Typed(m.Number.Canonical())
			h.OwnPhone = true
			n.Sold.Set(h)
			at := FreePort(t, loopback())
			n.register(t, []Member{m}, n.Addr("KR"), at, 10)
			SIPp{Scenario: "gateway-sees.xml", Users: []Member{m}, Local: at, Remote: n.Addr("KR"), Calls: 1, Rate: 1,
				Args: []string{"-key", "see", "From: .*anonymous@anonymous.invalid", "-key", "unseen", "1012345678"}}.Serve(t)
			SIPp{Scenario: "trunk-caller.xml", Users: make([]Member, 1), Local: gateway, Remote: n.Addr(x.entry), Calls: 1, Rate: 1,
				Extra: func(int) string { return "+8225551234;" + x.caller + ";" + x.more }}.Run(t)
			rows := 1
			if x.entry != "KR" {
				rows = 2
			}
			for _, r := range n.Records.Wait(t, rows) {
				if !r.Answered() || r.Caller("acc_"+m.Number.Canonical()) != "" {
					t.Errorf("%s: the member is told %q: %+v", r.Side, r.Caller("acc_"+m.Number.Canonical()), r)
				}
			}
			n.settled(t)
		})
	}
}

// did is which number of ours a telephone number stands for.
type did map[string]numbering.Number

// Line finds one.
func (d did) Line(e164 string) (routing.Line, bool) {
	n, ok := d[e164]
	return routing.Line{Carrier: "seoul", Number: n}, ok
}

func (d did) holders(n *Network) knownBy { return knownBy{d, n} }

type knownBy struct {
	did
	n *Network
}

// Known finds the member a telephone belongs to.
func (k knownBy) Known(number string) (routing.Holder, bool) {
	return k.n.Sold.Typed(k.did[number].Canonical())
}

// seeing is a gateway that refuses an INVITE without what it has to see in it,
// or with what it must not.
func seeing(t *testing.T, n *Network, see, unseen string) netip.AddrPort {
	t.Helper()
	return serveGateway(t, n, "gateway-sees.xml", 1, "-key", "see", see, "-key", "unseen", unseen)
}

// TestWhoIsShownOutside: the caller's own telephone number in the carrier's
// format; the set number for one that is no telephone's; and none at all, to a
// carrier that must keep it to itself, for a caller who withholds it.
func TestWhoIsShownOutside(t *testing.T) {
	for name, x := range map[string]struct {
		own         bool
		dial        string
		assert      bool
		see, unseen string
	}{
		"own":          {true, "025554321", false, "From: <sip:[+]8225551234@", "Privacy|Asserted"},
		"set":          {false, "025554321", true, "Asserted-Identity: <sip:[+]15055550199@", "25551234@"},
		"withheld":     {true, "*67025554321", false, "sip:anonymous@anonymous.invalid", "25551234@|Asserted"},
		"and asserted": {true, "%2331%23025554321", true, "Asserted-Identity: <sip:[+]8225551234@.*Privacy: id", "From: <sip:[+]82"},
	} {
		t.Run(name, func(t *testing.T) {
			n := New(t, Options{})
			c := carrierAt("seoul", "KR", seeing(t, n, x.see, x.unseen))
			c.Assert = x.assert
			n.Carriers(c)
			m := n.Member("Minji", "KR", "82", "25551234")
			if h, _ := n.Sold.Typed(m.Number.Canonical()); x.own {
				h.OwnPhone = true
				n.Sold.Set(h)
			}
			n.call(t, m, x.dial)
			if r := n.Records.Wait(t, 1)[0]; !r.Answered() {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestAnEmergencyCall leaves by the emergency trunk, also when the caller has
// all the calls outside that he may have and the trunk all that it takes, and is
// not counted.
func TestAnEmergencyCall(t *testing.T) {
	n := New(t, Options{})
	c := carrierAt("seoul", "KR", serveGateway(t, n, "gateway-plain.xml", 2))
	c.Trunks[0].Capacity = 1
	n.Carriers(c)
	jun := n.Member("Jun", "KR", "82", "7000001")
	busy := Baresip{User: jun.User, Password: jun.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 5, Dial: "025554321"}.Start(t)
	busy.Wait("Call established", 4*time.Second)
	n.Ways.SetEmergency(map[string][]string{"KR": {"seoul"}})
	n.Edge().LimitOutside(0)
	n.call(t, n.Member("Minji", "KR", "82", "25551234"), "119")
	r := n.Records.Wait(t, 1)[0]
	if !r.Answered() || r.Carrier != "seoul" || r.To.Text != "119" {
		t.Errorf("%+v", r)
	}
	busy.Finish(10 * time.Second)
	n.settled(t)
}

// TestWithoutAnEmergencyTrunkTheCallerIsTold at once, aloud.
func TestWithoutAnEmergencyTrunkTheCallerIsTold(t *testing.T) {
	n := New(t, Options{})
	m := n.Member("Minji Kim", "KR", "82", "25551234")
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 8, Dial: "119"}.Start(t)
	a.Wait("no emergency trunk in KR", 8*time.Second)
	a.Finish(15 * time.Second)
	if heard := a.Recorded(); heard < 2*time.Second {
		t.Errorf("the caller heard %s of the announcement", heard)
	}
	if r := n.Records.Wait(t, 1)[0]; r.Answered() || r.Cause != cdr.NotDialable {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestAForwardedCall: a member who is nowhere has his calls sent to a telephone;
// the call leaves for a caller from outside too, says whose it was, and counts
// as the member's.
func TestAForwardedCall(t *testing.T) {
	n := New(t, Options{})
	entry := FreePort(t, loopback())
	out := carrierAt("out", "KR", seeing(t, n, "INVITE sip:[+]821099998888@.*From: <sip:[+]821012345678@.*Diversion: <sip:[+]8225551234@", "anonymous"))
	out.Diverts = true
	in := carrierAt("in", "US", entry)
	in.Reach = []string{"82"}
	n.Carriers(out, in)
	m := n.Member("Minji", "KR", "82", "25551234")
	h, _ := n.Sold.Typed(m.Number.Canonical())
	h.OwnPhone, h.Forward = true, &member.Forwarding{Unreachable: []string{"+821099998888"}}
	n.Sold.Set(h)
	SIPp{Scenario: "trunk-caller.xml", Users: make([]Member, 1), Local: entry, Remote: n.Addr("US"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+8225551234;+821012345678" }}.Run(t)
	got := bySide(n.Records.Wait(t, 2))
	if r := got[cdr.Entry]; !r.Answered() || r.Carrier != "in" || r.Center != "US" {
		t.Errorf("where it came in: %+v", r)
	}
	if r := got[cdr.Home]; !r.Answered() || r.Carrier != "out" || r.To.Account != "acc_"+m.Number.Canonical() || r.Center != "KR" {
		t.Errorf("at home: %+v", r)
	}
	n.settled(t)
}

// TestAForwardedCallIsNotSentBack by the number it came in by, though it came
// by another center.
func TestAForwardedCallIsNotSentBack(t *testing.T) {
	n := New(t, Options{})
	entry := FreePort(t, loopback())
	in := carrierAt("in", "US", entry)
	in.Reach = []string{"82"}
	n.Carriers(carrierAt("out", "KR", serveGateway(t, n, "gateway-plain.xml", 1)), in)
	m := n.Member("Minji", "KR", "82", "25551234")
	h, _ := n.Sold.Typed(m.Number.Canonical())
	h.OwnPhone, h.Forward = true, &member.Forwarding{Unreachable: []string{"+8225551234"}}
	n.Sold.Set(h)
	SIPp{Scenario: "trunk-refused.xml", Users: make([]Member, 1), Local: entry, Remote: n.Addr("US"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "+8225551234;+821012345678" }}.Run(t)
	for _, r := range n.Records.Wait(t, 2) {
		if r.Answered() || r.Carrier == "out" || r.Cause != cdr.Unavailable || r.HungUp != cdr.ByUs || r.Status != 480 || r.Q850 != 20 {
			t.Errorf("%+v", r)
		}
	}
	n.settled(t)
}

// TestHowManyCallsAMemberHasOutside: the one too many is refused, in words.
func TestHowManyCallsAMemberHasOutside(t *testing.T) {
	n := New(t, Options{})
	n.Carriers(carrierAt("seoul", "KR", serveGateway(t, n, "gateway-plain.xml", 1)))
	n.Edge().LimitOutside(0)
	m := n.Member("Minji", "KR", "82", "25551234")
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 4, Dial: "025554321"}.Start(t)
	a.Wait("403", 4*time.Second)
	if r := n.Records.Wait(t, 1)[0]; r.Answered() || r.Cause != cdr.Forbidden {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestForwardedCallsEnd: the telephone a member's calls go on to has its own
// calls sent back to him. A carrier that says how often a call was forwarded
// stops it by that; with one that does not, it ends when the member has all the
// calls outside that he may have.
func TestForwardedCallsEnd(t *testing.T) {
	for name, x := range map[string]struct {
		says         bool
		limit, times int
	}{"counted": {true, 100, 4}, "not counted": {false, 3, 4}} {
		t.Run(name, func(t *testing.T) {
			n := New(t, Options{})
			n.Edge().LimitOutside(x.limit)
			out, in := carrierAt("out", "KR", n.Addr("US")), carrierAt("in", "US", n.Addr("KR"))
			out.Diverts, in.Diverts, in.Reach = x.says, x.says, []string{"82"}
			in.In.Rules = []carrier.Rule{{Prefix: "+821099998888", With: "+8225551234"}} // as that telephone's own forwarding does
			n.Carriers(out, in)
			m := n.Member("Minji", "KR", "82", "25551234")
			h, _ := n.Sold.Typed(m.Number.Canonical())
			h.OwnPhone, h.Forward = true, &member.Forwarding{Unreachable: []string{"+821099998888"}}
			n.Sold.Set(h)
			jun := n.Member("Jun", "KR", "82", "7000001")
			a := Baresip{User: jun.User, Password: jun.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 12, Dial: "2555123482"}.Start(t)
			a.Wait("session closed", 10*time.Second)
			n.settled(t)
			rounds := 0
			for _, r := range n.Records.All() {
				if r.Answered() {
					t.Errorf("answered: %+v", r)
				}
				if r.Side == cdr.Entry {
					rounds++
				}
			}
			if rounds == 0 || rounds > x.times {
				t.Errorf("it came back %d times", rounds)
			}
		})
	}
}

// TestACallThatCostsIsNotGivenAway: nothing charges calls yet, so one with a
// price is refused before any gateway hears of it; so is one without any.
func TestACallThatCostsIsNotGivenAway(t *testing.T) {
	n := New(t, Options{})
	c := carrierAt("seoul", "KR", mute(t))
	n.SetCarriers([]carrier.Carrier{c})
	n.Ways = routing.NewWays() // nothing is free
	n.Ways.SetCarriers([]carrier.Carrier{c})
	deck, err := rating.NewDeck(nil, []rating.Row{{Prefix: "82", Price: rating.Price{Minute: 20_000, Next: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	n.Ways.SetDecks(&tariff.Decks{House: "USD", Lines: map[string]rating.Line{tariff.Members: {{Currency: "USD", Deck: deck}}}})
	n.Change(func(x *routing.Tables) { x.Ways = n.Ways })
	m := n.Member("Minji", "KR", "82", "25551234")
	for _, x := range []struct{ dial, says string }{{"025554321", "402"}, {"+4930901820", "no price"}} {
		a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 7, Dial: x.dial}.Start(t)
		a.Wait(x.says, 7*time.Second)
	}
	for _, r := range n.Records.Wait(t, 2) {
		if r.Answered() || r.Trunk != "" {
			t.Errorf("%+v", r)
		}
	}
	// Whoever calls a member that cannot pay for forwarding hears of the member.
	away := n.Member("Jun", "KR", "82", "7000001")
	h, _ := n.Sold.Typed(away.Number.Canonical())
	h.Forward = &member.Forwarding{Unreachable: []string{"+8225554321"}}
	n.Sold.Set(h)
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 5, Dial: away.Number.Canonical()}.Start(t)
	a.Wait("480", 5*time.Second)
	n.settled(t)
}

// TestATelephoneBehindACarriersAddress is a telephone all the same: it calls as
// a member, and in an emergency at once.
func TestATelephoneBehindACarriersAddress(t *testing.T) {
	n := New(t, Options{})
	c := carrierAt("seoul", "KR", serveGateway(t, n, "gateway-plain.xml", 2))
	c.Trunks[0].From = []string{"127.0.0.1"}
	n.Carriers(c)
	n.Ways.SetEmergency(map[string][]string{"KR": {"seoul"}})
	m := n.Member("Minji", "KR", "82", "25551234")
	n.call(t, m, "025554321")
	n.call(t, m, "119")
	for _, r := range n.Records.Wait(t, 2) {
		if r.Side != cdr.Origin || !r.Answered() || r.From.Account != "acc_"+m.Number.Canonical() {
			t.Errorf("%+v", r)
		}
	}
}
