package lab

import (
	"net/netip"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
)

// TestTheQualityOfACall: a real softphone behind a way that loses a twelfth of
// the sound and shakes the rest. The record has what the way did, on the side
// where it did it, and nothing on the other.
func TestTheQualityOfACall(t *testing.T) {
	n := New(t, Options{})
	caller, called := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "KR", "82", "25551235")
	b := Baresip{User: called.User, Password: called.Password, Server: n.server("KR", "udp"), Hz: 1200, Seconds: 18}.Start(t)
	b.Wait("200 OK", 5*time.Second)
	way := NewLossy(t, netip.MustParseAddrPort(n.server("KR", "udp")), 1.0/12, 45*time.Millisecond)
	a := Baresip{User: caller.User, Password: caller.Password, Server: way.Addr().String(), Hz: 500, Seconds: 15, Dial: called.Number.Canonical()}.Start(t)
	a.Wait("Call established", 8*time.Second)
	a.Finish(25 * time.Second)
	r := n.Records.Wait(t, 1)[0]
	b.Finish(25 * time.Second)
	expectTone(t, "called", b, 500)
	passed, lost := way.Counts()
	if passed[0] < 400 || lost[0] < 15 || len(r.Legs) != 1 {
		t.Fatalf("%v came through and %v did not; %+v", passed, lost, r)
	}
	from, to := r.Quality.From, r.Quality.To
	near := func(what string, got, want, most int64) {
		t.Helper()
		if got < want-most || got > want+most {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	near("packets of the caller", from.Packets, int64(passed[0]), 5)
	near("lost of the caller", from.Lost, int64(lost[0]), 4)
	near("jitter of the caller, in ms", from.Jitter.Milliseconds(), 15, 6) // a third of the spread
	if from.Codec == "" || from.Gap < 20*time.Millisecond || from.Gap > time.Second {
		t.Errorf("codec %q, gap %s", from.Codec, from.Gap)
	}
	// What the softphone reports of the sound it got.
	near("lost of a thousand, as the caller reports", int64(to.Loss), int64(1000*lost[1]/(lost[1]+passed[1])), 45)
	if to.Jitter < 5*time.Millisecond || to.Jitter > 30*time.Millisecond || from.RTT <= 0 || from.RTT > 200*time.Millisecond {
		t.Errorf("reported jitter %s, round trip %s", to.Jitter, from.RTT)
	}
	good := r.Legs[0].Quality
	if good.From.Packets < 400 || good.From.Loss > 2 || good.From.Jitter > 8*time.Millisecond || good.From.MOS < 420 {
		t.Errorf("of the called: %+v", good.From)
	}
	if r.Quality.MOS() > 395 || r.Quality.MOS() < 300 {
		t.Errorf("the caller's estimate is %d, the called's %d", r.Quality.MOS(), good.MOS())
	}
	if r.HungUp != cdr.ByCaller {
		t.Errorf("ended by %s", r.HungUp)
	}
	t.Logf("caller %+v; called %+v", r.Quality, good)
}
