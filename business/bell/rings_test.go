package bell

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
)

// TestWhatRings: each thing says whether and why, now and with every browser closed.
func TestWhatRings(t *testing.T) {
	t.Parallel()
	desk, soft := member.Device{ID: "desk", Name: "Desk"}, member.Device{ID: "soft", Name: "Softphone"}
	gone := member.Device{ID: "gone", Name: "Gone", Revoked: time.Unix(1, 0)}
	lent := member.Device{ID: "lent", Kind: member.Card, Lent: "sign-in"}
	web := member.Device{ID: "web", Kind: member.Browser}
	laptop := Browser{ID: "brw_1", Name: "Firefox", Instance: "00000000-aaaa"}
	at := func(m map[string][]location.Binding) func(string) []location.Binding {
		return func(d string) []location.Binding { return m[d] }
	}
	for name, x := range map[string]struct {
		w    world
		want []Row
	}{
		"nothing is there": {world{devices: []member.Device{desk, gone, lent}, at: at(nil)}, []Row{
			{Kind: KindTelephone, Name: "Desk", Device: "desk", Now: Verdict{false, WhyAway}, Closed: Verdict{false, WhyAway}},
			{Kind: KindBrowser, Now: Verdict{false, WhyNoPush}, Closed: Verdict{false, WhyNoPush}},
		}},
		"a page is open, and one rings when it is closed": {world{devices: []member.Device{desk, soft, web}, browsers: []Browser{laptop}, at: at(map[string][]location.Binding{
			"desk": {{ID: "1"}}, "soft": {{ID: "2", Wakes: true}}, "web": {{ID: "3", InstanceID: "<urn:uuid:00000000-aaaa>"}},
		})}, []Row{
			{Kind: KindTelephone, Name: "Desk", Device: "desk", Now: Verdict{true, WhyRegistered}, Closed: Verdict{true, WhyRegistered}},
			{Kind: KindTelephone, Name: "Softphone", Device: "soft", Now: Verdict{true, WhyWoken}, Closed: Verdict{true, WhyWoken}},
			{Kind: KindBrowser, Name: "Firefox", Device: "web", Browser: "brw_1", Now: Verdict{true, WhyOpen}, Closed: Verdict{true, WhyPush}},
			{Kind: KindBrowser, Device: "web", Now: Verdict{false, WhyNoPush}, Closed: Verdict{false, WhyNoPush}},
		}},
		"a card is signed in elsewhere, and only there": {world{devices: []member.Device{desk, web, lent}, browsers: []Browser{laptop}, at: at(map[string][]location.Binding{
			"desk": {{ID: "1"}}, "lent": {{ID: "2", Only: true}},
		})}, []Row{
			{Kind: KindTelephone, Name: "Desk", Device: "desk", Now: Verdict{false, WhyElsewhere}, Closed: Verdict{false, WhyElsewhere}},
			{Kind: KindBrowser, Name: "Firefox", Device: "web", Browser: "brw_1", Now: Verdict{false, WhyElsewhere}, Closed: Verdict{false, WhyElsewhere}},
			{Kind: KindBrowser, Device: "web", Now: Verdict{false, WhyNoPush}, Closed: Verdict{false, WhyNoPush}},
			{Kind: KindCard, Device: "lent", Now: Verdict{true, WhyRegistered}, Closed: Verdict{false, WhyNoPush}},
		}},
		"all calls are sent on": {world{devices: []member.Device{desk, web}, forward: member.Forwarding{Always: []string{"+821"}, Busy: []string{"+822"}}, at: at(map[string][]location.Binding{"desk": {{ID: "1"}}})}, []Row{
			{Kind: KindTelephone, Name: "Desk", Device: "desk", Now: Verdict{false, WhySentOn}, Closed: Verdict{false, WhySentOn}},
			{Kind: KindBrowser, Device: "web", Now: Verdict{false, WhySentOn}, Closed: Verdict{false, WhySentOn}},
			{Kind: KindForward, Name: "+821", Now: Verdict{true, WhyAlways}, Closed: Verdict{true, WhyAlways}},
		}},
		"some calls are sent on": {world{devices: []member.Device{web}, forward: member.Forwarding{NoAnswer: []string{"+821"}, Unreachable: []string{"+822"}}, at: at(nil)}, []Row{
			{Kind: KindBrowser, Device: "web", Now: Verdict{false, WhyNoPush}, Closed: Verdict{false, WhyNoPush}},
			{Kind: KindForward, Name: "+821", Now: Verdict{true, WhyNoAnswer}, Closed: Verdict{true, WhyNoAnswer}},
			{Kind: KindForward, Name: "+822", Now: Verdict{true, WhyUnreachable}, Closed: Verdict{true, WhyUnreachable}},
		}},
		"what is not proved, or has no price": {world{devices: []member.Device{web}, forward: member.Forwarding{Unreachable: []string{"+53", "+823"}}, unproved: []string{"+823", "+824"}, at: at(nil)}, []Row{
			{Kind: KindBrowser, Device: "web", Now: Verdict{false, WhyNoPush}, Closed: Verdict{false, WhyNoPush}},
			{Kind: KindForward, Name: "+53", Now: Verdict{false, WhyNoPrice}, Closed: Verdict{false, WhyNoPrice}},
			{Kind: KindForward, Name: "+823", Unproved: true, Now: Verdict{true, WhyUnreachable}, Closed: Verdict{true, WhyUnreachable}},
			{Kind: KindForward, Name: "+824", Unproved: true, Now: Verdict{false, WhyUnproved}, Closed: Verdict{false, WhyUnproved}},
		}},
	} {
		x.w.priced = func(to string) bool { return to != "+53" }
		got := x.w.rows()
		want := append(x.want, Row{Kind: KindAccess, Now: Verdict{false, WhyAccess}, Closed: Verdict{false, WhyAccess}})
		if len(got) != len(want) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: row %d is %+v, want %+v", name, i, got[i], want[i])
			}
		}
	}
}
