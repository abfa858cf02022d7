package sip

import "math/bits"

// Mono is a moment of the monotonic clock in nanoseconds. Only differences
// between two of them mean something.
type Mono int64

// Durations as differences of Mono.
const (
	Microsecond Mono = 1000
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
)

const (
	tick       = 10 * Millisecond // resolution of all timers
	wheelSlots = 256
	wheelRings = 4 // 2.56 s, 11 min, 46 h, 1.4 years
)

// timer is a node of the wheel, embedded in what it belongs to. owner and slot
// say whom to call.
type timer struct {
	prev, next *timer
	at         int64 // in ticks
	owner      ownerKind
	slot       uint32
}

type ownerKind uint8

const (
	ownerServer ownerKind = iota
	ownerClient
	ownerDialog
	ownerUser
)

func (t *timer) armed() bool { return t.next != nil }

// wheel is a hierarchical timing wheel. Setting, moving and clearing a timer
// cost the same however many there are, and allocate nothing.
type wheel struct {
	now  int64 // the last tick that was fired
	live int
	ring [wheelRings][wheelSlots]timer // list heads
	used [wheelRings][wheelSlots / 64]uint64
}

func newWheel(now Mono) *wheel {
	w := &wheel{now: int64(now / tick)}
	for r := range w.ring {
		for i := range w.ring[r] {
			h := &w.ring[r][i]
			h.prev, h.next = h, h
		}
	}
	return w
}

// set arms t for the first tick not before at, moving it if it is armed.
func (w *wheel) set(t *timer, at Mono) {
	if t.armed() {
		w.unlink(t)
	}
	t.at = int64((at + tick - 1) / tick)
	if t.at <= w.now {
		t.at = w.now + 1
	}
	w.link(t)
}

func (w *wheel) link(t *timer) {
	r, d := 0, t.at-w.now
	for d >= wheelSlots && r < wheelRings-1 {
		d >>= 8
		r++
	}
	i := (t.at >> (8 * r)) % wheelSlots
	h := &w.ring[r][i]
	t.prev, t.next = h.prev, h
	h.prev.next, h.prev = t, t
	w.used[r][i/64] |= 1 << (i % 64)
	w.live++
}

func (w *wheel) unlink(t *timer) {
	t.prev.next, t.next.prev = t.next, t.prev
	t.prev, t.next = nil, nil
	w.live--
}

func (w *wheel) clear(t *timer) {
	if t.armed() {
		w.unlink(t)
	}
}

// advance fires every timer due at now, in the order of their ticks.
func (w *wheel) advance(now Mono, fire func(*timer)) {
	target := int64(now / tick)
	for w.now < target {
		if w.live == 0 {
			w.now = target
			return
		}
		w.now++
		for r := 1; r < wheelRings && w.now&(1<<(8*r)-1) == 0; r++ {
			w.cascade(r, (w.now>>(8*r))%wheelSlots)
		}
		i := w.now % wheelSlots
		if w.used[0][i/64]&(1<<(i%64)) == 0 {
			continue
		}
		h := &w.ring[0][i]
		for h.next != h {
			t := h.next
			w.unlink(t)
			fire(t)
		}
		w.used[0][i/64] &^= 1 << (i % 64)
	}
}

// cascade moves the timers of a slot of an outer ring inwards.
func (w *wheel) cascade(r int, i int64) {
	h := &w.ring[r][i]
	w.used[r][i/64] &^= 1 << (i % 64)
	for h.next != h {
		t := h.next
		w.unlink(t)
		if t.at <= w.now {
			t.at = w.now // due in this very tick: its slot is fired next
		}
		w.link(t)
	}
}

// next returns when advance is needed next; ok is false without timers. The
// answer may be early (an outer ring turns), never late.
func (w *wheel) next() (at Mono, ok bool) {
	if w.live == 0 {
		return 0, false
	}
	start := (w.now + 1) % wheelSlots
	for d := int64(0); d < wheelSlots; {
		i := (start + d) % wheelSlots
		if rest := w.used[0][i/64] >> (i % 64); rest != 0 {
			d += int64(bits.TrailingZeros64(rest))
			if d < wheelSlots-1 {
				at := w.now + 1 + d
				return Mono(min(at, w.turn())) * tick, true
			}
			break
		}
		d += 64 - i%64
	}
	return Mono(w.turn()) * tick, true
}

// turn is the next tick at which an outer ring moves timers inwards.
func (w *wheel) turn() int64 { return (w.now | (wheelSlots - 1)) + 1 }
