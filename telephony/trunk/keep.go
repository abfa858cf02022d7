package trunk

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/telephony/sip"
)

const (
	pingEvery = 30 * sip.Second
	pingWaits = 8 * sip.Second        // for an answer
	misses    = 3                     // that make a trunk one that is down
	soon      = 200 * sip.Millisecond // its name is being looked up
	watch     = 5 * sip.Second        // how often connections are looked at
	rest      = 30 * sip.Second       // nothing is to be done
)

// keep is what is known of a gateway that is asked whether it is there, or
// where we register. It outlives changes of its carrier that leave the gateway
// as it was.
type keep struct {
	health   carrier.Health
	since    time.Time
	missed   int
	answer   carrier.Answer
	pingAt   sip.Mono
	pinging  bool
	reg      registration
	gone     bool // the trunk is no more: what comes is to be undone
	reported bool // its failing registration was logged
}

// tend asks gateways when it is time to, until ctx ends. All trunks share one
// timer.
func (t *Trunks) tend(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.kick: // first by SetCarriers: the core is there by then
		case <-timer.C:
		}
		if !t.tended() {
			timer.Reset(time.Hour)
			continue
		}
		now := t.cfg.Core().Now()
		timer.Reset(max(time.Duration(t.keep(now)-now), time.Millisecond))
	}
}

// tended reports whether any gateway is to be asked.
func (t *Trunks) tended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.ways {
		if w.trunk.Ping || w.registers() {
			return true
		}
	}
	return false
}

// poke has the gateways looked at at once.
func (t *Trunks) poke() {
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// keep does what is due and returns when it is to be called again.
func (t *Trunks) keep(now sip.Mono) sip.Mono {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := now + rest
	for _, w := range t.ways {
		if !w.trunk.Ping && !w.registers() {
			continue
		}
		if !t.here(w) {
			continue // the trunks of centers that are elsewhere are tended there
		}
		if w.trunk.Ping && !w.keep.pinging {
			if w.keep.pingAt <= now {
				w.keep.pingAt = now + pingEvery
				t.ping(w, now)
			}
			next = min(next, w.keep.pingAt)
		}
		if w.registers() {
			next = min(next, t.tendRegistration(w, now))
		}
	}
	return next
}

// registers reports whether we are to be registered there.
func (w *way) registers() bool { return w.trunk.Register && !w.carrier.Closed }

// here reports whether the center of a trunk listens in this process.
func (t *Trunks) here(w *way) bool {
	for _, l := range t.cfg.Core().Listeners() {
		if l.Tag == string(w.carrier.Center) {
			return true
		}
	}
	return false
}

// wayOf opens a way to ask by. ok is false if there is none; again is then when
// to try again, if nothing is to be said about it.
func (t *Trunks) wayOf(w *way, now sip.Mono) (f sip.Flow, code carrier.AnswerCode, again sip.Mono) {
	if len(w.addrs) == 0 && w.fault == nil {
		return f, "", now + soon
	}
	out, err := t.open(w)
	switch {
	case err == nil:
		return out.Flow, "", 0
	case len(w.addrs) == 0:
		return f, carrier.Nameless, 0
	}
	return f, carrier.Unreached, 0
}

// ping asks a gateway whether it is there (RFC 3261 §11). Any answer says so.
func (t *Trunks) ping(w *way, now sip.Mono) {
	f, code, again := t.wayOf(w, now)
	if again != 0 {
		w.keep.pingAt = again
		return
	}
	if code != "" {
		t.note(w, carrier.Answer{Code: code})
		return
	}
	k, id := w.keep, w.trunk.ID
	k.pinging = true
	l := f.Listener.HostPort()
	uri, host := w.address()
	t.ask(&sip.Asking{
		Flow: f, Method: sip.OPTIONS, URI: []byte(uri), From: []byte("<sip:callisto@" + l + ">"), To: []byte("<sip:" + host + ">"),
		Headers: []byte("Accept: application/sdp\r\n"), Patience: pingWaits,
		Done: func(x sip.Told) {
			t.mu.Lock()
			defer t.mu.Unlock()
			k.pinging = false
			if w := t.ways[id]; w != nil && w.keep == k {
				t.note(w, answerOf(x))
			}
			t.poke()
		},
	})
}

// ask sends a request on the core's first shard.
func (t *Trunks) ask(a *sip.Asking) {
	t.cfg.Core().Shards()[0].Post(func(s *sip.Shard) { s.Ask(a) })
}

// answerOf sorts an answer.
func answerOf(x sip.Told) carrier.Answer {
	a := carrier.Answer{Code: carrier.Answers, Status: x.Status}
	switch {
	case x.Msg != nil:
		a.Phrase = phrase(x.Msg.Reason())
	case x.Status == 503:
		a.Code = carrier.Unreached
	default:
		a.Code = carrier.Silent
	}
	return a
}

// phrase is somebody's words, made safe to show.
func phrase(b []byte) string {
	out := make([]rune, 0, 80)
	for _, r := range string(b) {
		if len(out) == 80 {
			break
		}
		if r >= ' ' && r != 0x7f && r != 0xfffd {
			out = append(out, r)
		}
	}
	return string(out)
}

// note takes an answer, or that there was none, and decides whether the gateway
// is there.
func (t *Trunks) note(w *way, a carrier.Answer) {
	k := w.keep
	a.At = t.cfg.Now()
	k.answer = a
	to := k.health
	switch a.Code {
	case carrier.Silent:
		w.turn()
		if k.missed++; k.missed >= misses {
			to = carrier.Down
		}
	case carrier.Unreached, carrier.Nameless:
		w.turn()
		to = carrier.Down
	default:
		k.missed, to = 0, carrier.Up
	}
	if to == k.health {
		return
	}
	level := t.cfg.Log.Info
	if to == carrier.Down {
		level = t.cfg.Log.Warn
	}
	level("a trunk is "+string(to), "carrier", w.carrier.Name, "trunk", w.trunk.ID, "host", w.trunk.Host, "why", a.Text())
	k.health, k.since = to, a.At
}

// turn has the next address of the gateway tried.
func (w *way) turn() {
	if len(w.addrs) > 1 {
		w.addrs = append(slices.Clone(w.addrs[1:]), w.addrs[0])
		w.flow = sip.Flow{}
	}
}

// Down reports whether a trunk is known to be down: calls pass it over while
// there are others.
func (t *Trunks) Down(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.ways[id]
	return w != nil && w.keep.health == carrier.Down
}

// State is how a trunk does; one that is not set is unknown.
func (t *Trunks) State(id string) carrier.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.ways[id]
	if w == nil {
		return carrier.State{Health: carrier.Unknown}
	}
	k := w.keep
	s := carrier.State{Health: k.health, Since: k.since, Answer: k.answer, Registry: k.reg.answer, Calls: w.load.calls}
	if w.registers() && k.reg.until.After(t.cfg.Now()) {
		s.Registered = k.reg.until
	}
	return s
}

// jitter is between half of d and d, so that many do not come at once (RFC 5626
// §4.5).
func jitter(d sip.Mono) sip.Mono { return d/2 + sip.Mono(rand.Int64N(int64(d/2)+1)) } //nolint:gosec // no secret
