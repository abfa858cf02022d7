package switching

import "errors"

// ErrLater says that a result is not known yet and will come as an event.
var ErrLater = errors.New("the result comes later")

// Legs is the signalling side. Its methods queue messages and return: what
// comes of them comes as events. They may call Outside.Deliver for the same
// call (a next hop refused at once); the event is then taken in turn. SDP
// must be copied if it is kept.
type Legs interface {
	Dial(r Ref, leg LegID, to *Target, sdp []byte)
	Progress(r Ref, leg LegID, s Stage, sdp []byte)
	Answer(r Ref, leg LegID, sdp []byte)
	Confirm(r Ref, leg LegID, sdp []byte)
	Modify(r Ref, leg LegID, sdp []byte)
	Respond(r Ref, leg LegID, c Cause, sdp []byte)
	End(r Ref, leg LegID, c Cause)
}

// Keys passes on the digits that are told by signalling.
type Keys interface {
	Press(r Ref, leg LegID, digit byte)
}

// Media is the sound. Offer and Answer return the description for the other
// side, which may live in a buffer that the next call of Media reuses, or
// ErrLater, after which MediaOffered or MediaAnswered follows; any other error
// is a failure. CauseOf says which. t is where a leg that will be dialled goes,
// so that its sound is reached the right way; nil for legs that exist. Close gives back all legs, ports and
// prompts of a call.
type Media interface {
	Offer(r Ref, from, to LegID, t *Target, sdp []byte) ([]byte, error)
	Answer(r Ref, from, to LegID, sdp []byte) ([]byte, error)
	Bridge(r Ref, a, b LegID)
	Play(r Ref, leg LegID, p Prompt)
	Drop(r Ref, leg LegID)
	StopAt(r Ref, at Mono)
	Close(r Ref)
}

// Settler answers an offer that concerns nobody but its sender: a browser says
// where it is now. False: it is for the other side.
type Settler interface {
	Settle(r Ref, leg LegID, sdp []byte) ([]byte, bool)
}

// Money is the payer's account. Results come as events.
type Money interface {
	Reserve(r Ref, p *Plan)
	Extend(r Ref, hold string)
	Record(r Ref, start *Record)
	Settle(r Ref, rec *Record)
}

// Desk is the shard: routing tables and the timer wheel. Decide returns
// ErrLater when a table misses something; Decided then follows.
type Desk interface {
	Decide(r Ref, a *Attempt) (*Plan, error)
	SetTimer(r Ref, id TimerID, at Mono)
	CancelTimer(r Ref, id TimerID)
	Done(r Ref)
}

// Waker wakes terminals that sleep: they are told to register.
type Waker interface {
	Wake(r Ref, leg LegID, t *Target)
	LetSleep(r Ref, leg LegID)
}

// Watch is told how far a call of ours is. What became of it in the end, the
// record tells.
type Watch interface {
	Told(r Ref, what string)
	// Asked is what a script has to go on by.
	Asked(r Ref, node string, heard Secret)
}

// Failed is implemented by errors that know their cause.
type Failed interface{ Cause() Cause }

// CauseOf returns the cause an error carries, else CauseInternal.
func CauseOf(err error) Cause {
	var f Failed
	if errors.As(err, &f) {
		return f.Cause()
	}
	return CauseInternal
}

// Outside is what a shard's calls act on. It is owned by the shard's thread.
type Outside struct {
	Legs  Legs
	Keys  Keys
	Media Media
	Money Money
	Desk  Desk
	Watch Watch // nil: we place no calls
	Waker Waker // nil: nobody sleeps
	// Settler, when set, is asked first whether a change concerns the other side.
	Settler Settler
	// Trace, when set, sees every event and, after it, its commands.
	Trace func(c *Call, e *Event, done []Command)

	out   Commands
	busy  bool
	late  []delivery
	at    int  // what is next in out
	taken int  // and in late
	ends  bool // the call in hand was struck by a defect
}

type delivery struct {
	call *Call
	ref  Ref
	e    Event
}

// Deliver gives a call an event, runs what it commands, gives it the results
// that are known at once, and so on until nothing is left. It allocates
// nothing in the steady path. Called from within itself it queues the event.
func (o *Outside) Deliver(c *Call, now Mono, e Event) {
	if o.busy {
		e.SDP = o.out.keep(e.SDP)
		o.late = append(o.late, delivery{c, c.ref, e})
		return
	}
	o.busy, o.ends, o.at, o.taken = true, false, 0, 0
	defer o.struck(c, c.ref, now)
	o.out.Reset()
	o.step(c, now, &e)
	o.work(c, now)
}

// work does what is left to do.
func (o *Outside) work(c *Call, now Mono) {
	for o.at < len(o.out.list) || o.taken < len(o.late) {
		if o.at < len(o.out.list) {
			cmd := o.out.list[o.at]
			o.at++
			o.run(c, now, &cmd)
			continue
		}
		d := o.late[o.taken]
		o.taken++
		if d.call == c && d.ref == c.ref {
			o.step(c, now, &d.e)
			continue
		}
		// Another call was struck; it is rare enough to nest.
		o.other(d, now)
	}
	clear(o.late)
	o.late = o.late[:0]
	o.busy = false
}

// struck is what a defect leaves to do while it makes its way out of Deliver, to
// whoever catches it: the call in hand ends, for what it was about was done by
// half, and every other goes on. What fails then is not tried again.
func (o *Outside) struck(c *Call, r Ref, now Mono) {
	if !o.busy {
		return
	}
	defer o.struck(c, r, now)
	if !o.ends && c.ref == r && !c.Over() {
		o.ends = true
		o.out.list = o.out.list[:o.at]
		o.step(c, now, &Event{Kind: HangUp, Cause: CauseInternal})
	}
	o.work(c, now)
}

// other delivers an event to a call other than the one in hand.
func (o *Outside) other(d delivery, now Mono) {
	if d.call.ref != d.ref {
		return
	}
	n := Outside{Legs: o.Legs, Keys: o.Keys, Media: o.Media, Money: o.Money, Desk: o.Desk, Watch: o.Watch, Waker: o.Waker, Settler: o.Settler, Trace: o.Trace}
	n.Deliver(d.call, now, d.e)
}

func (o *Outside) step(c *Call, now Mono, e *Event) {
	at, secret := len(o.out.list), c.secret()
	c.Step(now, *e, &o.out)
	if o.Trace != nil {
		seen := *e // e itself must not escape to the heap
		if secret && seen.Kind == Digit {
			seen.Digit = '?'
		}
		o.Trace(c, &seen, o.out.list[at:])
	}
}

func (o *Outside) run(c *Call, now Mono, cmd *Command) {
	r := c.ref
	switch cmd.Op {
	case OpDial:
		o.Legs.Dial(r, cmd.Leg, cmd.Target, cmd.SDP)
	case OpProgress:
		o.Legs.Progress(r, cmd.Leg, cmd.Stage, cmd.SDP)
	case OpAnswer:
		o.Legs.Answer(r, cmd.Leg, cmd.SDP)
	case OpConfirm:
		o.Legs.Confirm(r, cmd.Leg, cmd.SDP)
	case OpModify:
		o.Legs.Modify(r, cmd.Leg, cmd.SDP)
	case OpRespond:
		o.Legs.Respond(r, cmd.Leg, cmd.Cause, cmd.SDP)
	case OpEnd:
		o.Legs.End(r, cmd.Leg, cmd.Cause)
	case OpDigit:
		o.Keys.Press(r, cmd.Leg, cmd.Digit)
	case OpMediaOffer:
		if o.Settler != nil && c.x.kind == xOffer && c.x.asker == cmd.Leg {
			if answer, ok := o.Settler.Settle(r, cmd.Leg, cmd.SDP); ok {
				o.described(c, now, MediaSettled, &Command{Peer: cmd.Leg}, answer, nil)
				return
			}
		}
		sdp, err := o.Media.Offer(r, cmd.Leg, cmd.Peer, cmd.Target, cmd.SDP)
		o.described(c, now, MediaOffered, cmd, sdp, err)
	case OpMediaAnswer:
		sdp, err := o.Media.Answer(r, cmd.Leg, cmd.Peer, cmd.SDP)
		o.described(c, now, MediaAnswered, cmd, sdp, err)
	case OpBridge:
		o.Media.Bridge(r, cmd.Leg, cmd.Peer)
	case OpPlay:
		o.Media.Play(r, cmd.Leg, cmd.Prompt)
	case OpMediaDrop:
		o.Media.Drop(r, cmd.Leg)
	case OpStopAt:
		o.Media.StopAt(r, cmd.At)
	case OpMediaClose:
		o.Media.Close(r)
	default:
		o.runRest(c, now, cmd)
	}
}

// runRest runs the commands that are not for Legs or Media.
func (o *Outside) runRest(c *Call, now Mono, cmd *Command) {
	r := c.ref
	switch cmd.Op {
	case OpReserve:
		o.Money.Reserve(r, cmd.Plan)
	case OpExtend:
		o.Money.Extend(r, cmd.Hold)
	case OpRecord:
		o.Money.Record(r, cmd.Record)
	case OpSettle:
		o.Money.Settle(r, cmd.Record)
	case OpDecide:
		d, err := o.Desk.Decide(r, cmd.Attempt)
		if errors.Is(err, ErrLater) {
			return
		}
		e := Event{Kind: Decided, Plan: d}
		if err != nil || d == nil {
			e.Plan, e.Cause = nil, CauseOf(err)
		}
		o.step(c, now, &e)
	case OpSetTimer:
		o.Desk.SetTimer(r, cmd.Timer, cmd.At)
	case OpCancelTimer:
		o.Desk.CancelTimer(r, cmd.Timer)
	case OpDone:
		o.Desk.Done(r)
	case OpTell:
		if o.Watch != nil {
			o.Watch.Told(r, cmd.Note)
		}
	case OpAsk:
		if o.Watch != nil {
			o.Watch.Asked(r, cmd.Note, cmd.Heard)
		}
	case OpWake:
		if o.Waker == nil {
			o.step(c, now, &Event{Kind: NotWoken, Leg: cmd.Leg, Cause: CauseAbsent})
			return
		}
		o.Waker.Wake(r, cmd.Leg, cmd.Target)
	case OpLetSleep:
		if o.Waker != nil {
			o.Waker.LetSleep(r, cmd.Leg)
		}
	default:
	}
}

// described steps with the outcome of a media command.
func (o *Outside) described(c *Call, now Mono, k Kind, cmd *Command, sdp []byte, err error) {
	if errors.Is(err, ErrLater) {
		return
	}
	e := Event{Kind: k, Leg: cmd.Peer}
	if cmd.Peer == NoLeg {
		e.Leg = cmd.Leg
	}
	if err != nil {
		e.Kind, e.Cause = MediaFailed, CauseOf(err)
	} else {
		e.SDP = o.out.keep(sdp)
	}
	o.step(c, now, &e)
}
