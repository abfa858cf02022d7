package lab

import (
	"math"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/exchange"
	"github.com/callisto-tel/callisto/telephony/testcarrier"
)

// told collects what is told of a call.
type told struct {
	mu   sync.Mutex
	all  []string
	over chan edge.Placed
}

func newTold() *told { return &told{over: make(chan edge.Placed, 1)} }

func (x *told) told(what string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all = append(x.all, what)
}

func (x *told) end(t *testing.T) ([]string, edge.Placed) {
	t.Helper()
	select {
	case p := <-x.over:
		x.mu.Lock()
		defer x.mu.Unlock()
		return slices.Clone(x.all), p
	case <-time.After(60 * time.Second):
		t.Fatal("the call does not end")
		return nil, edge.Placed{}
	}
}

// speak places a call that speaks a code.
func (n *Network) speak(t *testing.T, c carrier.Carrier, number, language, code string) *told {
	t.Helper()
	x := newTold()
	_, err := n.Place(t.Context(), exchange.Call{Carrier: c, E164: number, Script: exchange.CodeScript(language, code), RingFor: 4 * time.Second,
		Told: x.told, Over: func(p edge.Placed) { x.over <- p }})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func newTestCarrier(t *testing.T) (*testcarrier.Carrier, carrier.Carrier) {
	t.Helper()
	c, err := testcarrier.New(testcarrier.Config{Addr: netip.MustParseAddr("127.0.0.1"), User: "callisto", Password: "geheim", Now: time.Now, Longest: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	by := byTrunk(carrier.Trunk{Host: c.Addr().String(), Transport: carrier.UDP, User: "callisto", Password: "geheim", Realm: testcarrier.Realm})
	by.Presents = "+8225550100"
	return c, by
}

// onlyCall is the one call the carrier got, once it has ended there too.
func onlyCall(t *testing.T, c *testcarrier.Carrier) testcarrier.Call {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		calls := c.Calls()
		if len(calls) == 1 && calls[0].Over {
			return calls[0]
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the carrier has %+v", calls)
		}
	}
}

// TestTheTestCarrierHearsTheCode: the call leaves by the trunk, the code is
// asked for with a key in the RTP, and what is heard at the other end, as sound,
// is the code.
func TestTheTestCarrierHearsTheCode(t *testing.T) {
	for language, code := range map[string]string{"en": "190372", "ar": "664321"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			there, c := newTestCarrier(t)
			what, p := n.speak(t, c, "+8225551234", language, code).end(t)
			if !slices.Equal(what, []string{"ringing", "answered", "asked", "spoken"}) || !p.Answered || !p.Heard || p.Cause != cdr.Normal || p.Status != 0 {
				t.Errorf("told %v, ended %+v", what, p)
			}
			if x := onlyCall(t, there); x.Code != code || x.Result != "heard" || x.Number != "+8225551234" || x.From != "+8225550100" {
				t.Errorf("the carrier heard %+v, the code is %s", x, code)
			}
			n.Settle()
			if live, ports := n.Edge().LiveCalls(), n.Ports(); live != 0 || ports != 0 {
				t.Errorf("%d calls and %d port pairs left", live, ports)
			}
		})
	}
}

// TestNumbersOfTheTestCarrier: each documented number does what it says.
func TestNumbersOfTheTestCarrier(t *testing.T) {
	want := map[string]cdr.Cause{
		"elsewhere": cdr.Failed, "not_found": cdr.NotFound, "no_answer": cdr.NoAnswer, "away": cdr.Unavailable, "busy": cdr.Busy, "out_of_order": cdr.Failed, "declined": cdr.Declined, "machine": cdr.Normal,
		"echo": cdr.Normal, "tone": cdr.Normal, "keys": cdr.Normal, "dropped": cdr.Normal, "wrong_sound": cdr.Normal,
	}
	for _, b := range testcarrier.Behaviours() {
		t.Run(b.Result, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			there, c := newTestCarrier(t)
			what, p := n.speak(t, c, "+8225555"[:8]+b.Ending, "en", "123456").end(t)
			answers := b.Status == 0 && !b.Rings
			if p.Cause != want[b.Result] || p.Answered != answers {
				t.Errorf("told %v, ended %+v", what, p)
			}
			if slices.Contains(what, "spoken") {
				t.Error("the code was spoken to nobody")
			}
			if answers && b.Result != "dropped" && !slices.Contains(what, "silent") {
				t.Errorf("told %v of a number that presses nothing", what)
			}
			if x := onlyCall(t, there); x.Result != b.Result || x.Code != "" {
				t.Errorf("the carrier says %+v", x)
			}
		})
	}
}

// TestASoftphoneHearsTheCode: baresip answers the call and records it; the
// digits are in the recording, loud enough, and are recognised in it.
func TestASoftphoneHearsTheCode(t *testing.T) {
	n := New(t, Options{})
	at := FreePort(t, loopback())
	b := Baresip{User: "+8225551234", Gateway: at, Hz: 700, Seconds: 24}.Start(t)
	b.Wait("baresip is ready", 5*time.Second)
	c := byTrunk(carrier.Trunk{Host: at.String(), Transport: carrier.UDP})
	script := exchange.CodeScript("en", "483920")
	script.Nodes = script.Nodes[1:] // a softphone without hands presses no key
	x := newTold()
	if _, err := n.Place(t.Context(), exchange.Call{Carrier: c, E164: "+8225551234", Script: script, RingFor: 5 * time.Second, Told: x.told, Over: func(p edge.Placed) { x.over <- p }}); err != nil {
		t.Fatal(err)
	}
	what, p := x.end(t)
	if !p.Answered || !p.Heard || p.Cause != cdr.Normal || p.Talked < 10*time.Second {
		t.Errorf("told %v, ended %+v", what, p)
	}
	b.Wait("terminated", 5*time.Second)
	samples := b.samples()
	sum, loud := 0.0, 0
	for i := 0; i+160 <= len(samples); i += 160 {
		level := 0.0
		for _, v := range samples[i : i+160] {
			level += v * v / 160
		}
		if level > 0.012*0.012 {
			loud++
			sum += level
		}
	}
	if level := math.Sqrt(sum / float64(max(loud, 1))); level < 0.08 || level > 0.35 || loud < 200 {
		t.Errorf("speech at level %.3f in %d frames", level, loud)
	}
	if codes := testcarrier.Codes(samples); !slices.Equal(codes, []string{"483920", "483920"}) {
		t.Errorf("the recording says %v", codes)
	}
}

// TestAKeyFromOutside: SIPp as the carrier's gateway presses 1, in the sound and
// by INFO; the code is spoken.
func TestAKeyFromOutside(t *testing.T) {
	for _, scenario := range []string{"gateway.xml", "gateway-info.xml"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			c, finished := gateway(t, n, scenario)
			what, p := n.speak(t, c, "+8225551234", "de", "123456").end(t)
			if !slices.Contains(what, "spoken") || p.Cause != cdr.Normal {
				t.Errorf("told %v, ended %+v", what, p)
			}
			finished()
		})
	}
}
