package rtp

import (
	"net/netip"
	"time"
)

// How well a source fits what the signalling said. Greater is better.
type fit uint8

const (
	fitAny   fit = iota // nothing fits
	fitPort             // another address, the port announced
	fitIP               // the address announced or the one signalling comes from, another port
	fitExact            // address and port as announced
)

// window is how long after the first packet a source may still be replaced by
// a better fitting one. Then it is locked and all others are dropped: following
// whoever sent last is RTP bleed (CVE-2017-14099, CVE-2025-53399).
const window = int64(3 * time.Second)

// doubt is how long a source at the address of the party's own signalling waits
// for the announced one, where the two differ: a telephone that picked the wrong
// one of its addresses, or asked a STUN server, is heard nearly at once.
const doubt = int64(200 * time.Millisecond)

// blindMost is how many packets, 60 s of sound, a line sends to an address that
// signalling comes not from before it heard anything from there: whoever calls
// may name the address of somebody who wants nothing of it, and say that he only
// listens, so that his silence ends no call. It is as long as it rings for: there
// are telephones that send nothing until they are answered. Then one of blindRest
// goes out, by which a party that is there is still found.
const (
	blindMost = 3000
	blindRest = 50
)

// never is the patience for sources that are not taken at all.
const never = int64(1<<63 - 1)

// patience is how long to wait for a better source before taking one of a
// given fit. A terminal whose announced address can be true has no reason to
// send from elsewhere: another port of it has to wait the window out, another
// address is a stranger. One behind a NAT announces an address that cannot be
// true: then the address signalling comes from is as good as it gets.
func patience(f fit, nat bool) int64 {
	switch {
	case f == fitExact, f == fitIP && nat:
		return 0
	case f == fitPort && nat:
		return window / 2
	case f == fitIP, nat:
		return window
	default:
		return never
	}
}

// Remote is what signalling says of the other end of a line.
type Remote struct {
	RTP, RTCP netip.AddrPort
	// Signal is where its signalling comes from; invalid if unknown.
	Signal netip.Addr
	// Strict takes RTP from nowhere but RTP: for trunks and other centers.
	Strict bool
	// Mux: RTCP comes on the RTP port (RFC 5761).
	Mux bool
	// Raw: the line carries no RTP (T.38).
	Raw bool
}

// latch decides whose packets one socket takes.
type latch struct {
	want   netip.AddrPort
	signal netip.Addr
	strict bool
	nat    bool // want cannot be where its packets come from
	apart  bool // signalling comes from another address than want: it may be untrue
	open   bool // still learning
	locked bool
	since  int64 // when the first packet came after opening; 0: none yet
	from   netip.AddrPort
	fits   fit
	heard  int64 // when from was last heard
}

// expect sets what signalling says. reopen lets the latch learn again; it may
// be given only for a request known to come from the party itself. A source
// that is in use keeps being taken until a better one shows up, unless the
// announced address moved away from under it.
func (t *latch) expect(want netip.AddrPort, signal netip.Addr, strict, reopen bool) {
	moved := want != t.want
	t.want, t.signal, t.strict = want, signal, strict
	t.nat = !strict && behindNAT(want, signal)
	t.apart = !strict && signal.IsValid() && signal != want.Addr()
	switch {
	case moved:
		*t = latch{want: want, signal: signal, strict: strict, nat: t.nat, apart: t.apart, open: true}
	case reopen && !strict:
		t.open, t.locked, t.since = true, false, 0
	}
}

// behindNAT reports whether packets will not come from want: it is no address
// at all or that of many, or a private one while signalling comes from another
// address.
func behindNAT(want netip.AddrPort, signal netip.Addr) bool {
	a := want.Addr()
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	return signal.IsValid() && signal != a && (a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() || carrierNAT(a))
}

// carrierNAT reports whether a is of the carriers' NAT range (RFC 6598).
func carrierNAT(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	b := a.As4()
	return b[0] == 100 && b[1]&0xC0 == 64
}

func (t *latch) fit(src netip.AddrPort) fit {
	switch {
	case src == t.want:
		return fitExact
	case src.Addr() == t.want.Addr() || src.Addr() == t.signal:
		return fitIP
	case src.Port() == t.want.Port():
		return fitPort
	default:
		return fitAny
	}
}

// accept reports whether a packet from src is to be taken at now.
func (t *latch) accept(src netip.AddrPort, now int64) bool {
	if src == t.from && (t.open || t.locked) {
		t.heard = now
		if t.open {
			t.settle(now)
		}
		return true
	}
	if !t.open && !t.locked {
		return false // nobody is expected yet
	}
	f := t.fit(src)
	if f != fitExact && (t.locked || t.strict) {
		return false
	}
	if t.since == 0 {
		t.since = now
	}
	switch {
	case f == fitExact:
		// What signalling said comes true, be it late.
	case !t.from.IsValid():
		wait := patience(f, t.nat)
		if t.apart && src.Addr() == t.signal {
			wait = min(wait, doubt)
		}
		if now-t.since < wait {
			return false
		}
	case f > t.fits && patience(f, t.nat) != never:
		// Better than what is in use.
	case f == t.fits && f == fitIP && now-t.heard > int64(500*time.Millisecond):
		// As good, and the one in use has fallen silent: a NAT that moved.
	default:
		return false
	}
	t.from, t.fits, t.heard = src, f, now
	t.settle(now)
	return true
}

// settle locks the source in use: an exact one at once, another when the
// window has passed.
func (t *latch) settle(now int64) {
	if t.since == 0 {
		t.since = now
	}
	if t.fits == fitExact || now-t.since >= window {
		t.open, t.locked = false, true
	}
}

// target is where to send: to the source in use, else to the announced address
// if that can be true.
func (t *latch) target() netip.AddrPort {
	if t.from.IsValid() {
		return t.from
	}
	if t.nat {
		return netip.AddrPort{}
	}
	return t.want
}

// heardAt reports whether the source in use is at an address.
func (t *latch) heardAt(a netip.Addr) bool { return t.from.Addr() == a }
