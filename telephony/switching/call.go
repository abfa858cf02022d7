package switching

import (
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Times that a call waits by itself.
const (
	ringDefault = 60 * time.Second // when the decision does not say
	ringMost    = 5 * time.Minute
	holdMost    = 5 * time.Second  // for money to be held, or a start to be kept
	confirmMost = 40 * time.Second // RFC 3261 §13.3.1.4 gives up after 64*T1 = 32 s
	modifyMost  = 40 * time.Second // likewise Timer B, 32 s
	promptMost  = 2 * time.Minute
	extendAhead = 30 * time.Second // before the money ends, ask for more
	warnAhead   = 10 * time.Second // before it ends for good, warn
	mostRounds  = 16               // decisions a call
	mostLegs    = 64               // legs a call, over its life,
	spareLegs   = 8                // of which so many are for what comes after ringing: transfers
	wakeMost    = 20 * time.Second // for a terminal that was woken to register
)

// phase is how far a call has come.
type phase uint8

const (
	fresh      phase = iota
	deciding         // routing was asked
	reserving        // money was asked for
	hunting          // targets are being rung
	recording        // answered; the start is being made durable
	answering        // answered; the answer is on its way to the caller
	talking          // two legs are bridged
	announcing       // the caller alone hears why not
	placing          // a call of ours: its only leg is being rung
	greeting         // we answer the caller ourselves
	running          // a call of ours, or one that we answered: it follows its script
	over
)

// Call is one call. It is owned by one thread; the zero Call is ready for
// Begin, and after OpDone it may begin again.
type Call struct {
	ref   Ref
	base  time.Time // the wall clock at Mono 0
	now   Mono      // of the event in hand
	phase phase
	next  LegID
	legs  []leg
	rec   Record
	tried []tried // of each leg of the record
	cause Cause   // why it ended

	attempt Attempt // with the outcomes so far
	plan    Plan    // the decision in force; Targets are in targets
	targets []Target
	rounds  int
	best    Cause // of the failed branches
	bestAt  int   // the ITU-T Q.850 cause that came with it

	offer []byte // the caller's, for further targets
	kept  []byte // an answer that waits, or was given early
	late  bool   // the caller brought no offer

	told   Stage
	early  LegID // whose sound the caller hears before the answer
	coming int   // early answers that media works on
	sought LegID // the leg that answered first

	run  script // of a call that we place
	a, b LegID  // who are bridged
	x    exchange

	answerAt Mono
	lease    Lease
	leased   priced // what it is for
	timers   uint16 // armed, by TimerID
	media    bool   // media knows the call
	plays    bool   // the announcement has begun
	waits    bool   // more money was asked for
	warned   bool   // the caller heard that the end is near
	roused   bool   // a terminal that was woken has come
}

// leg is one party of the call, as long as it exists.
type leg struct {
	id     LegID
	state  legState
	stage  Stage
	target int // in targets; -1 for legs that came in
}

type legState uint8

const (
	legIn      legState = iota // came in, not answered
	legAsleep                  // was told to register, and has not; not known to Legs
	legPrepare                 // its offer is being made
	legDialled                 // sent, not answered
	legUp                      // answered
	legSettled                 // answered and confirmed: its session may change
)

// Counts is what a call holds; of an ended one all are zero.
type Counts struct {
	Legs, Timers int
	Media, Over  bool
}

// Counts returns what the call holds now.
func (c *Call) Counts() Counts {
	n := Counts{Legs: len(c.legs), Media: c.media, Over: c.phase == over}
	for t := range Timers {
		if c.timers&(1<<t) != 0 {
			n.Timers++
		}
	}
	return n
}

// Begin makes c a fresh call known outside as r. wall is the time at now. rec
// is what is already known for the record; Start, Answer, End, Cause and the
// account and number called are filled in here. Memory of an earlier call is
// used again.
func (c *Call) Begin(r Ref, now Mono, wall time.Time, rec *Record) {
	clear(c.targets)
	clear(c.attempt.Outcomes)
	legs := c.rec.Legs[:0]
	*c = Call{ref: r, base: wall.Add(-time.Duration(now)), next: FirstDialled, rec: *rec,
		legs: c.legs[:0], targets: c.targets[:0], offer: c.offer[:0], kept: c.kept[:0], tried: c.tried[:0],
		attempt: Attempt{Outcomes: c.attempt.Outcomes[:0]}}
	c.rec.Start, c.rec.Legs = wall, legs
}

// Over reports whether the call has ended: OpDone was given.
func (c *Call) Over() bool { return c.phase == over }

// Ref returns what the call is known as.
func (c *Call) Ref() Ref { return c.ref }

// Record returns the call record as it stands.
func (c *Call) Record() *Record { return &c.rec }

// Plan is the decision in force; its targets are not in it.
func (c *Call) Plan() *Plan { return &c.plan }

// CallersOffer is the description that dialled legs are offered, as long as they are.
func (c *Call) CallersOffer() []byte {
	if c.phase != hunting {
		return nil
	}
	return c.offer
}

// NewLeg gives out the id for a further leg that comes in to this call.
func (c *Call) NewLeg() LegID {
	id := c.next
	c.next++
	return id
}

func (c *Call) wall(now Mono) time.Time { return c.base.Add(time.Duration(now)) }

func (c *Call) leg(id LegID) *leg {
	for i := range c.legs {
		if c.legs[i].id == id {
			return &c.legs[i]
		}
	}
	return nil
}

// forget takes a leg out.
func (c *Call) forget(id LegID) {
	for i := range c.legs {
		if c.legs[i].id == id {
			n := len(c.legs) - 1
			copy(c.legs[i:], c.legs[i+1:])
			c.legs = c.legs[:n]
			return
		}
	}
}

// Step takes one event and appends what is to be done to out.
func (c *Call) Step(now Mono, e Event, out *Commands) {
	c.now = now
	switch c.phase {
	case over:
		return // whatever comes late
	case fresh:
		if e.Kind == Originated {
			c.originated(now, &e, out)
			return
		}
		if e.Kind != Offered || e.Leg != Caller {
			return
		}
	default:
	}
	if e.Kind == Timer {
		if c.timers&(1<<e.Timer) == 0 {
			return // cancelled while it ran out
		}
		c.timers &^= 1 << e.Timer
		c.timer(now, e.Timer, out)
		return
	}
	if c.scripted(now, &e, out) {
		return
	}
	switch e.Kind {
	case Offered, Decided, Progress, Answered, Woken, NotWoken:
		c.hunt(now, &e, out)
	case Confirmed:
		c.confirmed(now, &e, out)
	case Modify, ModifyAccepted, ModifyRefused, Transfer:
		c.change(now, &e, out)
	case Ended:
		c.ended(now, &e, out)
	case MediaOffered, MediaAnswered, MediaFailed, MediaSettled:
		c.described(now, &e, out)
	case MediaSilent:
		if c.phase == talking && (e.Leg == c.a || e.Leg == c.b) {
			c.finish(now, CauseSilent, out)
		}
	case MediaStopped, CutOff:
		c.finish(now, CauseCutOff, out)
	case HangUp:
		cause := CauseOperator
		if e.Cause != CauseNone {
			cause = e.Cause
		}
		c.finish(now, cause, out)
	case Played:
		if c.phase == announcing && e.Leg == Caller {
			c.finish(now, c.best, out)
		}
	case Reserved, NotReserved, Extended, NotExtended, Recorded:
		c.money(now, &e, out)
	case Digit:
		if other := c.peer(e.Leg); c.phase == talking && other != NoLeg {
			out.add(Command{Op: OpDigit, Leg: other, Digit: e.Digit})
		}
	default: // Settled needs nothing done
	}
}

// timer takes a timer that ran out.
func (c *Call) timer(now Mono, t TimerID, out *Commands) {
	switch t {
	case TimerRing:
		if c.phase == placing {
			c.unanswered(now, out)
			return
		}
		if c.phase == running { // the caller has called nobody for too long
			c.finish(now, CauseNormal, out)
			return
		}
		c.ringOver(now, out)
	case TimerKey:
		c.keyOver(now, out)
	case TimerConfirm:
		c.finish(now, CauseTimeout, out)
	case TimerModify:
		c.drop(now, CauseTimeout, out)
	case TimerHold:
		c.finish(now, CauseInternal, out)
	case TimerExtend:
		c.ask(out)
	case TimerWarn:
		c.warn(out)
	case TimerCut:
		c.finish(now, CauseCutOff, out)
	case TimerWake:
		c.sleepOn(now, CauseAbsent, out)
	case TimerPrompt:
		if c.phase == running {
			c.speak(now, out)
			return
		}
		c.finish(now, c.best, out)
	default:
	}
}

func (c *Call) set(t TimerID, at Mono, out *Commands) {
	c.timers |= 1 << t
	out.add(Command{Op: OpSetTimer, Timer: t, At: at})
}

func (c *Call) cancel(t TimerID, out *Commands) {
	if c.timers&(1<<t) != 0 {
		c.timers &^= 1 << t
		out.add(Command{Op: OpCancelTimer, Timer: t})
	}
}

// end ends one leg and gives its ports back.
func (c *Call) end(id LegID, cause Cause, out *Commands) {
	out.add(Command{Op: OpEnd, Leg: id, Cause: cause})
	c.left(id, cause, &Event{})
	c.gone(id, out)
}

// gone forgets a leg that is no more.
func (c *Call) gone(id LegID, out *Commands) {
	if l := c.leg(id); l != nil && l.state == legAsleep { // of it, media knows nothing
		c.forget(id)
		out.add(Command{Op: OpLetSleep, Leg: id})
		return
	}
	c.forget(id)
	if c.media {
		out.add(Command{Op: OpMediaDrop, Leg: id})
	}
	if c.early == id {
		c.early = NoLeg
	}
}

// finish ends the call: every leg that still exists is told cause, everything
// is given back, and the record is handed over.
func (c *Call) finish(now Mono, cause Cause, out *Commands) {
	for i := range c.legs {
		switch c.legs[i].state {
		case legPrepare: // of those, Legs has never heard
		case legAsleep:
			out.add(Command{Op: OpLetSleep, Leg: c.legs[i].id})
		default:
			out.add(Command{Op: OpEnd, Leg: c.legs[i].id, Cause: cause})
		}
		c.left(c.legs[i].id, cause, &Event{})
	}
	c.legs = c.legs[:0]
	for t := range Timers {
		c.cancel(t, out)
	}
	if c.media {
		c.media = false
		out.add(Command{Op: OpMediaClose})
	}
	if c.phase == recording || c.phase == answering {
		c.rec.Answer = time.Time{} // the caller was never told
	}
	c.phase = over
	c.rec.End = c.wall(now)
	c.over(cause)
	out.add(Command{Op: OpSettle, Record: &c.rec, Hold: c.lease.Hold})
	out.add(Command{Op: OpDone})
}

// ended takes a leg that went by itself.
func (c *Call) ended(now Mono, e *Event, out *Commands) {
	id, cause := e.Leg, e.Cause
	l := c.leg(id)
	if l == nil {
		return // BYE glare, an answer to our own end: it is known
	}
	c.left(id, cause, e)
	if c.x.kind != xNone && c.exchangeLost(now, id, cause, out) {
		return
	}
	c.by(id, e)
	switch c.phase {
	case placing, running:
		c.forget(id)
		c.finish(now, cause, out)
	case hunting:
		if id == Caller {
			c.forget(id)
			c.finish(now, callerGone(cause), out)
			return
		}
		c.failed(now, id, cause, e.Q850, out)
	case talking:
		c.forget(id)
		c.finish(now, cause, out)
	default:
		c.forget(id)
		switch {
		case c.phase == announcing:
			// What the caller was told stays what the record says.
			cause = c.best
		case id == Caller:
			cause = callerGone(cause)
		case cause == CauseNormal:
			// It answered and was gone before the caller could be told.
			cause = CauseNoAnswer
		}
		c.finish(now, cause, out)
	}
}

// callerGone is the cause of a call whose caller left before the answer.
func callerGone(c Cause) Cause {
	if c == CauseNone || c == CauseNormal {
		return CauseCancelled
	}
	return c
}

func (o *Commands) add(c Command) { o.list = append(o.list, c) }

// callee notes in the record whom the plan found.
func (c *Call) callee() {
	if c.plan.Kind == 0 {
		return
	}
	if c.rec.To.Account == "" {
		c.rec.To.Account = c.plan.Holder.Account
	}
	if c.rec.To.Number == (cdr.Party{}.Number) {
		c.rec.To.Number = c.plan.Number
	}
	if c.rec.To.Text == "" && c.rec.To.Number.Zero() {
		c.rec.To.Text = numbering.Spaced(c.plan.E164)
		if c.plan.E164 == "" && len(c.targets) > 0 {
			c.rec.To.Text = c.targets[0].To
		}
	}
}
