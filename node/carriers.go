package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/opening"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/faces/web"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/exchange"
	"github.com/callisto-tel/callisto/telephony/testcarrier"
)

// openCarriers brings the carriers in and their trunks up, and opens the desk
// that proves telephone numbers through them.
func (n *Node) openCarriers(ctx context.Context) error {
	cfg := carrier.Config{
		Plans: n.plans, Centers: func() *center.Directory { return n.sites }, Trunks: n.telephony, Routes: waysOut{n}, Tester: n.telephony, Zones: n.telephony, InUse: n.carrierInUse,
		Telephone: func(user string) bool { _, known := n.roster.Devices.Get(user); return known }, Now: n.opts.Now,
	}
	if n.cfg.Dev {
		var err error
		if cfg.Fixed, err = n.openTestCarrier(); err != nil {
			return err
		}
	}
	n.carriers = carrier.New(n.store.Carriers(), n.seal, cfg)
	n.proofs = proof.New(n.store.Proofs(), proof.Config{
		Plans: n.plans, Carriers: n.carriers, Caller: n.telephony, Open: n.dials, Log: n.log, Now: n.opts.Now,
		After: n.wasProved,
		May:   func(ctx context.Context, account string) error { return n.members.MayOrder(ctx, account) }, // a call costs us
	})
	n.cards = publish.New(n.store.Published(), n.members, n.roster, n.opts.Now)
	n.dids = did.New(n.store.TelephoneNumbers(), n.book, did.Config{
		Plans: n.plans, Currency: n.currency(), URL: n.url(), Taxes: n.taxes, Members: n.members, Publish: n.roster, Now: n.opts.Now,
		Carrier: func(id string) bool { _, ok := n.carriers.Get(id); return ok },
		Brings:  func(id string) bool { c, ok := n.carriers.Get(id); return ok && c.Open() },
		Ours:    func(e164 string) bool { _, ours := n.roster.Numbers.Twin(e164[1:]); return ours },
	})
	if err := n.carriers.Load(ctx); err != nil {
		return err
	}
	if err := n.openTariffs(ctx); err != nil {
		return err
	}
	n.openSettlement()
	if !n.cfg.Dev {
		return nil
	}
	if err := n.seedTelephones(ctx); err != nil {
		return err
	}
	return n.seedAccess(ctx)
}

// seedAccess gives a new dev an access number in each country, which the test
// carrier brings. Those that are removed later stay away.
func (n *Node) seedAccess(ctx context.Context) error {
	const given = "sample_access_numbers"
	if _, done, err := n.store.Setting(ctx, given); err != nil || done || len(n.access.Numbers()) > 0 {
		return err
	}
	boss := member.System()
	boss.Role = member.Operator
	for center, e164 := range map[string]string{"KR": "+8225550190", "US": "+13125550190"} {
		if _, there := n.carriers.Get(testCarrierID + center); !there {
			continue
		}
		if err := n.access.Put(ctx, boss, access.Number{E164: e164, Carrier: testCarrierID + center}); err != nil {
			return fmt.Errorf("the sample access numbers: %w", err)
		}
	}
	_, err := n.store.KeepSetting(ctx, given, "yes")
	return err
}

// seedTelephones puts a few telephone numbers of the test carrier into the
// stock of a new dev.
func (n *Node) seedTelephones(ctx context.Context) error {
	if list, err := n.dids.Stock(ctx, member.System(), did.Filter{Limit: 1}); err != nil || len(list) > 0 {
		return err
	}
	for center, prefix := range map[string]string{"KR": "+822555016", "US": "+1312555016"} {
		var list []did.Number
		for i := range 5 {
			list = append(list, did.Number{E164: fmt.Sprintf("%s%d", prefix, i), Area: map[string]string{"KR": "Seoul", "US": "Chicago"}[center], Setup: 1_000_000, Yearly: 12_000_000})
		}
		if _, there := n.carriers.Get(testCarrierID + center); !there {
			continue
		}
		if err := n.dids.Put(ctx, member.System(), testCarrierID+center, list); err != nil {
			return fmt.Errorf("the sample telephone numbers: %w", err)
		}
	}
	return nil
}

// rented tells members of the telephone numbers that ring them.
func (n *Node) rented(ctx context.Context, m member.Membership, e164 string) bool {
	return n.dids.Rings(ctx, m, e164)
}

// waysOut tells routing of carriers, and of who takes emergency calls where:
// whom a country was opened with, and after it the carriers of its center that
// are set to take them.
type waysOut struct{ n *Node }

// SetCarriers takes them in.
func (w waysOut) SetCarriers(list []carrier.Carrier) {
	w.n.ways.SetCarriers(list)
	opened, err := w.n.store.Openings().Openings(context.Background())
	if err != nil {
		// Those in force stay: nobody may be without them for a read that failed.
		w.n.log.Warn("who takes emergency calls of opened countries cannot be read", "error", err)
		return
	}
	byCountry := map[string][]string{}
	for _, o := range opened {
		if o.Emergency != "" && o.Emergency != opening.NoEmergency {
			byCountry[o.Country] = []string{o.Emergency}
		}
	}
	for _, c := range list {
		if at, ok := w.n.sites.Get(c.Center); ok && c.Emergency {
			for _, iso := range at.Countries {
				if !slices.Contains(byCountry[iso], c.ID) {
					byCountry[iso] = append(byCountry[iso], c.ID)
				}
			}
		}
	}
	w.n.ways.SetEmergency(byCountry)
}

// proved is what the shop asks: whether an account has proved a telephone.
func (n *Node) proved(ctx context.Context, account, e164 string, kind numbering.Kind) (bool, error) {
	purpose := proof.OwnPhone
	if kind == numbering.Company {
		purpose = proof.Root
	}
	return n.provedOwn(ctx, account, e164, purpose)
}

// provedOwn reports whether an account has proved a telephone that is its own:
// one that we rent out rings its renter, and is not his.
func (n *Node) provedOwn(ctx context.Context, account, e164 string, purpose proof.Purpose) (bool, error) {
	if ours, err := n.dids.Stocked(ctx, e164); ours || err != nil {
		return false, err
	}
	_, ok, err := n.proofs.Proved(ctx, account, e164, purpose)
	return ok, err
}

// provedFor is what memberships ask of a number besides the world number.
func (n *Node) provedFor(ctx context.Context, account, e164 string, purpose member.Purpose) bool {
	ok, err := n.provedOwn(ctx, account, e164, proof.Purpose(purpose))
	if err != nil {
		n.log.WarnContext(ctx, "proofs cannot be looked up", "error", err)
	}
	return ok && err == nil
}

// wasProved has a telephone count for the account's numbers at once.
func (n *Node) wasProved(ctx context.Context, p proof.Proof) {
	if err := n.members.ProvedNow(ctx, p.Account); err != nil {
		n.log.WarnContext(ctx, "a proved telephone could not be noted at its numbers", "proof", p.ID, "error", err)
	}
}

// dials reports whether telephones of a country are called: those of the
// countries with a center, and in dev, where no real one rings, all.
func (n *Node) dials(country string) bool {
	_, open := n.centers.ForCountry(country)
	return open || n.cfg.Dev
}

// openTestCarrier starts the carrier of dev, which every center calls by.
func (n *Node) openTestCarrier() (list []carrier.Carrier, err error) {
	user, password := "callisto", ident.Secret(16)
	n.tester, err = testcarrier.New(testcarrier.Config{
		Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), User: user, Password: password, Log: n.log, Now: n.opts.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("the test carrier: %w", err)
	}
	plus := carrier.Writing{Format: carrier.Plus}
	n.testCarrier = func(c center.Center) carrier.Carrier {
		return carrier.Carrier{
			ID: testCarrierID + string(c.ID), Center: c.ID, Kind: carrier.PSTN, Name: "Test carrier", Presents: shows(c), Shows: carrier.ShowOwn,
			Out: plus, OutCaller: plus, In: carrier.Writing{Format: carrier.World}, InCaller: plus, Short: true, Emergency: true, Diverts: true, Reach: []string{"*"}, Created: n.opts.Now().UTC(),
			Trunks: []carrier.Trunk{{
				ID: "trk_test_" + string(c.ID), Host: n.tester.Addr().String(), Transport: carrier.UDP, User: user, Password: password, Realm: testcarrier.Realm,
				From: []string{n.tester.Addr().String()},
			}},
		}
	}
	for _, c := range n.sites.All() {
		list = append(list, n.testCarrier(c))
	}
	return list, nil
}

// shows is the number a center of dev shows when it calls an ordinary telephone.
func shows(c center.Center) string {
	for _, iso := range c.Countries {
		if number := map[string]string{"KR": "+8225550100", "US": "+13125550100"}[iso]; number != "" {
			return number
		}
	}
	return "+13125550100"
}

// TestCall places a test call from a carrier's own center.
func (t telephony) TestCall(ctx context.Context, c carrier.Carrier, e164 string) (carrier.Report, error) {
	return t.Exchange.TestCall(ctx, c.Center, c, e164)
}

const proofRings = 45 * time.Second

// SpeakCode places a call that speaks a code.
func (t telephony) SpeakCode(ctx context.Context, c proof.Call) error {
	_, err := t.Place(ctx, exchange.Call{
		Carrier: c.Carrier, E164: c.E164, Script: exchange.CodeScript(c.Language, c.Code), RingFor: proofRings, Told: c.Told,
		Over: func(p edge.Placed) { c.Over(proof.End{Answered: p.Answered, Why: p.Cause.String()}) },
	})
	return err
}

// testCalls shows what the test carrier got; nil outside of dev.
func (n *Node) testCalls() web.TestCarrier {
	if n.tester == nil {
		return nil
	}
	return testCalls{n.tester, n}
}

type testCalls struct {
	*testcarrier.Carrier
	n *Node
}

// Call has the test carrier call a number of ours, at its home center, as the
// carrier of that country would, and press keys there.
func (t testCalls) Call(number, from, keys string) error {
	if !testcarrier.CanPress(keys) {
		return access.NoKeys()
	}
	cc, national, err := t.n.plans.Own(from)
	if err != nil {
		return err
	}
	h, sold := routing.Find(t.n.roster.Numbers, number)
	if !sold {
		if e164, at, rented := t.rented(number); rented {
			return t.Carrier.Call(t.n.telephony.Addr(at), e164, "+"+cc+national, keys)
		}
		return fault.New(fault.Unknown, "number_unknown", "%s is no number of ours. Check the digits.", number)
	}
	at, open := t.n.centers.ForCountry(h.Country)
	if !open {
		return fault.New(fault.Unavailable, "center_closed", "There is no communication center for %s now. Try again later.", h.Number.Display())
	}
	return t.Carrier.Call(t.n.telephony.Addr(at), h.Number.Canonical(), "+"+cc+national, keys)
}

// AccessNumbers are those that it brings.
func (t testCalls) AccessNumbers() (list []string) {
	for _, x := range t.n.access.Numbers() {
		if strings.HasPrefix(x.Carrier, testCarrierID) {
			list = append(list, x.E164)
		}
	}
	return list
}

// rented finds a telephone number that this carrier brings, at which the house
// answers or which somebody rents, and the center where it comes in.
func (t testCalls) rented(number string) (e164 string, at center.ID, ok bool) {
	cc, national, err := t.n.plans.Own(number)
	if err != nil {
		return "", "", false
	}
	e164 = "+" + cc + national
	for _, x := range t.n.access.Numbers() {
		if x.E164 == e164 && strings.HasPrefix(x.Carrier, testCarrierID) {
			c, ok := t.n.carriers.Get(x.Carrier)
			return e164, c.Center, ok
		}
	}
	l, ok := t.n.roster.Line(cc + national)
	if !ok || l.Number.Zero() || !strings.HasPrefix(l.Carrier, testCarrierID) {
		return "", "", false
	}
	c, ok := t.n.carriers.Get(l.Carrier)
	return e164, c.Center, ok
}

// Door is by where, and as whom, a trunk calls it.
func (t testCalls) Door() web.CarrierDoor {
	d := t.Carrier.Door()
	return web.CarrierDoor{Address: d.Addr.String(), User: d.User, Password: d.Password, Realm: d.Realm}
}

// testCarrierID is how the ids of the test carrier begin, one for each center.
const testCarrierID = "car_test_"

// Calls lists them, newest first.
func (t testCalls) Calls() []web.CarrierCall {
	var out []web.CarrierCall
	for _, c := range t.Carrier.Calls() {
		out = append(out, web.CarrierCall{Number: c.Number, From: c.From, At: c.At, Result: c.Result, Over: c.Over, Code: c.Code, Keys: c.Keys, Said: c.Said, Placed: c.Placed})
	}
	return out
}

// Endings lists the numbers that do something else than answer.
func (t testCalls) Endings() []web.CarrierEnding {
	var out []web.CarrierEnding
	for _, b := range testcarrier.Behaviours() {
		out = append(out, web.CarrierEnding{Digits: b.Ending, Result: b.Result})
	}
	return out
}

// closeCarriers ends the test carrier and waits for what proofs still write.
func (n *Node) closeCarriers() {
	if n.tester != nil {
		n.tester.Close()
	}
	if n.proofs != nil {
		n.proofs.Close()
	}
}
