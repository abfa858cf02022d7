//go:build linux

// Package load makes telephones in great number: they register and call each
// other through a server under test, over UDP, from one thread. It keeps to
// what a telephone has to do (RFC 3261) and parses no more than it needs, so
// that the server is what is measured. Every answer is looked at: a run in
// which one unit of work failed is no result.
package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Account is a telephone's account at the server.
type Account struct {
	User, Password string
	Dial           string // what others dial to reach it
}

// Target is the server under test.
type Target struct {
	Addr  netip.AddrPort
	Realm string
}

// Plan says what to do and how fast.
type Plan struct {
	Count int // units of work: registrations or calls
	// Outstanding is how many are under way at any time (closed loop); 0
	// begins them at Rate a second, at random moments, whatever becomes of
	// those before (open loop).
	Outstanding int
	Rate        float64
	// Ring and Talk are how long a called telephone rings and how long a call
	// lasts after the answer.
	Ring, Talk time.Duration
	// Prove makes callers answer challenges ahead: they use the nonce of the
	// first with an increasing count. Forget makes them forget it, so that
	// each call is challenged.
	Prove, Forget bool
}

// Result is what came out.
type Result struct {
	Done       int
	Elapsed    time.Duration
	Challenged int            // units that were challenged on the way
	Repeated   int            // messages that came more than once
	Failures   map[string]int // what went wrong, by what it was
	P50, P99   time.Duration  // from the first request to the 2xx (that answers the call)
	Busy       float64        // the share of its processor the load itself used
	invites    int            // as the called telephones counted
	acks, byes int
}

// Err is nil if every unit succeeded and the called side saw what the calling
// side did.
func (r *Result) Err(p Plan, calls bool) error {
	switch {
	case len(r.Failures) > 0:
		return fmt.Errorf("%d of %d succeeded: %v", r.Done, p.Count, r.Failures)
	case r.Done != p.Count:
		return fmt.Errorf("%d of %d succeeded", r.Done, p.Count)
	case calls && (r.invites < p.Count || r.acks < p.Count || r.byes < p.Count):
		return fmt.Errorf("of %d calls the called side saw %d INVITE, %d ACK, %d BYE", p.Count, r.invites, r.acks, r.byes)
	}
	return nil
}

// Phones are telephones behind two sockets: one for those that call, one for
// those that are called and register.
type Phones struct {
	target           Target
	server           string // its address
	registerURI      []byte
	toRegister       [32]byte // hexadecimal H(REGISTER:uri)
	calling, called  *port
	callers, callees []phone
	start            time.Time
	rng              *rand.Rand

	// Of the run.
	plan    Plan
	res     Result
	work    work
	units   []unit
	free    []int32
	begun   int
	nextAt  int64
	later   []delayed // FIFO: called telephones that ring
	hangups []delayed // FIFO: calls to end
	spare   [][]byte
	times   []int64
	moved   int64 // when something last moved on
	serial  uint32
	scratch []byte
}

// phone is one telephone with what it knows of its account.
type phone struct {
	Account
	ha1     [32]byte // hexadecimal
	toDial  [32]byte // hexadecimal H(INVITE:uri) of calling it
	nonce   []byte
	nc      uint32
	dialURI []byte
}

// unit is a registration or a call under way.
type unit struct {
	serial uint32
	state  state
	caller int32
	callee int32
	cseq   uint32
	begun  int64
	proved bool
	to     []byte // To value of the 2xx
	target []byte // its Contact
	routes []byte // Route lines of the dialog
}

type state uint8

const (
	idle state = iota
	asked
	talking
	ending
)

// work is what a unit consists of.
type work interface {
	begin(slot int32, now int64)
}

// delayed is something to do later: a message to send, or a unit to go on with.
type delayed struct {
	at     int64
	slot   int32
	serial uint32
	msg    []byte
}

// stall is how long nothing may move before the run is given up.
const stall = int64(5 * time.Second)

// New opens the sockets. host is the telephones' address.
func New(t Target, host netip.Addr, callers, callees []Account) (*Phones, error) {
	p := &Phones{target: t, server: t.Addr.String(), start: time.Now(), rng: rand.New(rand.NewPCG(5060, 1))}
	p.registerURI = []byte("sip:" + p.server)
	p.toRegister = hexMD5([]byte("REGISTER:sip:" + p.server))
	var err error
	if p.calling, err = open(host, t.Addr); err != nil {
		return nil, err
	}
	if p.called, err = open(host, t.Addr); err != nil {
		p.calling.close()
		return nil, err
	}
	p.callers, p.callees = p.furnish(callers), p.furnish(callees)
	return p, nil
}

// Gateway is where the called telephones are: a carrier's gateway may be said to
// be there.
func (p *Phones) Gateway() netip.AddrPort { return p.called.addr }

// Close closes the sockets.
func (p *Phones) Close() {
	p.calling.close()
	p.called.close()
}

func (p *Phones) furnish(list []Account) []phone {
	out := make([]phone, len(list))
	for i, a := range list {
		uri := "sip:" + a.Dial + "@" + p.target.Addr.String()
		out[i] = phone{
			Account: a, dialURI: []byte(uri),
			ha1: hexMD5([]byte(a.User + ":" + p.target.Realm + ":" + a.Password)), toDial: hexMD5([]byte("INVITE:" + uri)),
		}
	}
	return out
}

func (p *Phones) now() int64 { return int64(time.Since(p.start)) }

// Register has called telephones register, each with a challenge: REGISTER, 401, REGISTER, 200.
func (p *Phones) Register(plan Plan) (Result, error) {
	return p.run(plan, (*registering)(p), false)
}

// Call makes calls from the calling telephones to the called ones, which have
// to be registered.
func (p *Phones) Call(plan Plan) (Result, error) {
	return p.run(plan, (*dialling)(p), true)
}

// run does the plan.
func (p *Phones) run(plan Plan, w work, calls bool) (Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	size := plan.Outstanding
	if size == 0 {
		size = min(plan.Count, 60_000)
	}
	p.plan, p.res, p.work = plan, Result{Failures: map[string]int{}}, w
	p.units, p.free = make([]unit, size), make([]int32, 0, size)
	for i := size - 1; i >= 0; i-- {
		p.free = append(p.free, int32(i))
	}
	p.later, p.hangups, p.times, p.begun = p.later[:0], p.hangups[:0], make([]int64, 0, plan.Count), 0
	begin, used := p.now(), threadTime()
	p.nextAt, p.moved = begin, begin
	for p.res.Done+p.failed() < plan.Count {
		n := p.calling.read(p.answer) + p.called.read(p.ring)
		now := p.now()
		p.due(now)
		p.calling.flush()
		p.called.flush()
		if n > 0 {
			continue
		}
		if now-p.moved > stall {
			p.res.Failures["nothing came any more"] += plan.Count - p.res.Done - p.failed()
			break
		}
		p.wait(now)
	}
	p.res.Elapsed = time.Duration(p.now() - begin)
	p.res.Busy = float64(threadTime()-used) / float64(p.res.Elapsed)
	p.settle()
	slices.Sort(p.times)
	if n := len(p.times); n > 0 {
		p.res.P50, p.res.P99 = time.Duration(p.times[n/2]), time.Duration(p.times[n*99/100])
	}
	if err := errors.Join(p.calling.err, p.called.err); err != nil {
		return p.res, err
	}
	return p.res, p.res.Err(plan, calls)
}

// settle takes what the last calls still bring to the called side.
func (p *Phones) settle() {
	for end := p.now() + int64(50*time.Millisecond); p.now() < end; {
		if p.calling.read(p.answer)+p.called.read(p.ring) == 0 {
			p.sleep(int64(time.Millisecond))
		}
		p.calling.flush()
		p.called.flush()
	}
}

func (p *Phones) failed() (n int) {
	for _, k := range p.res.Failures {
		n += k
	}
	return n
}

// due begins what has to begin now, and does what was put off.
func (p *Phones) due(now int64) {
	for p.begun < p.plan.Count && len(p.free) > 0 {
		if p.plan.Outstanding == 0 {
			if now < p.nextAt {
				break
			}
			p.nextAt += int64(p.rng.ExpFloat64() / p.plan.Rate * 1e9)
		}
		slot := p.free[len(p.free)-1]
		p.free = p.free[:len(p.free)-1]
		p.begun++
		p.serial++
		u := &p.units[slot]
		u.serial, u.state, u.begun, u.proved = p.serial, asked, now, false
		p.work.begin(slot, now)
	}
	for len(p.later) > 0 && p.later[0].at <= now {
		p.called.send(p.later[0].msg)
		p.spare = append(p.spare, p.later[0].msg)
		p.later = p.later[1:]
	}
	for len(p.hangups) > 0 && p.hangups[0].at <= now {
		if u := &p.units[p.hangups[0].slot]; u.serial == p.hangups[0].serial && u.state == talking {
			p.hangUp(p.hangups[0].slot, u)
		}
		p.hangups = p.hangups[1:]
	}
}

// wait sleeps until something comes or is due.
func (p *Phones) wait(now int64) {
	at := p.moved + stall + 1
	if p.plan.Outstanding == 0 && p.begun < p.plan.Count {
		at = min(at, p.nextAt)
	}
	for _, q := range [...][]delayed{p.later, p.hangups} {
		if len(q) > 0 {
			at = min(at, q[0].at)
		}
	}
	if at > now {
		p.sleep(at - now)
	}
}

func (p *Phones) sleep(d int64) {
	ts := unix.NsecToTimespec(d)
	fds := [...]unix.PollFd{{Fd: int32(p.calling.fd), Events: unix.POLLIN}, {Fd: int32(p.called.fd), Events: unix.POLLIN}}
	_, _ = unix.Ppoll(fds[:], &ts, nil)
}

// threadTime is the processor time of this thread.
func threadTime() int64 {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

// finish ends a unit that succeeded.
func (p *Phones) finish(slot int32) {
	p.units[slot].state = idle
	p.free = append(p.free, slot)
	p.res.Done++
}

// fail ends a unit that did not.
func (p *Phones) fail(slot int32, why string) {
	p.units[slot].state = idle
	p.free = append(p.free, slot)
	p.res.Failures[why]++
}
