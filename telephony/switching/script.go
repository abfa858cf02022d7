package switching

import (
	"strings"
	"time"
)

// Script is what a call that we place, or a caller whom we answer ourselves, is
// said and asked: flow data, which the call interprets one Node at a time,
// beginning with the first.
type Script struct {
	Nodes []Node
}

// Node is one step of a script.
type Node struct {
	// Name is told outside when the node begins.
	Name string
	// Say is said first, one prompt after the other.
	Say []Prompt
	// Keys are those the node waits for, while it speaks and after; a node
	// without any goes on by itself.
	Keys string
	// Wait is how long it waits after it has spoken.
	Wait time.Duration
	// Times is how often it speaks while no key comes; 0 is once.
	Times int
	// Then is the node after a key, or after what was said; Else the node when
	// no key came. "" hangs up.
	Then, Else string
	// Most is how many digits the node takes, from the first key that is pressed,
	// while it speaks too, to one of Ends, or until none came for Gap. What was
	// pressed is asked about: with it, whoever gave the script gives the next.
	Most int
	Ends string
	Gap  time.Duration
	// Secret: nobody is shown what is pressed.
	Secret bool
	// Fresh: what was pressed before counts no more.
	Fresh bool
	// Asks: once it has spoken, it asks how to go on.
	Asks bool
}

// Secret is what somebody pressed. It is not shown.
type Secret string

// String hides it.
func (Secret) String() string { return "(pressed)" }

// GoString hides it too.
func (Secret) GoString() string { return "(pressed)" }

// What is told of a call of ours, beside the names of its nodes.
const (
	ToldRinging  = "ringing"
	ToldAnswered = "answered"
)

// scriptMost is the longest a call of ours lasts after its answer.
const scriptMost = 4 * time.Minute // of one that nobody pays for

// Of a caller whom we answer.
const (
	idleMost  = 2 * time.Minute  // he may be without a call
	askedMost = 30 * time.Second // until we are told how to go on
	mostAhead = 40               // digits that he presses before he is asked
)

// script is where a call of ours stands in its script.
type script struct {
	*Script
	node   int
	said   int // prompts of this round
	rounds int
	told   bool // that it rings
	leg    LegID
	heard  []byte
	ahead  []byte // pressed before it was asked for
	asked  bool   // how to go on
	lent   bool   // the caller talks to somebody
}

// originated begins a call that nobody made: one leg, with an offer of ours.
func (c *Call) originated(now Mono, e *Event, out *Commands) {
	if e.Plan == nil || len(e.Plan.Targets) == 0 || e.Script == nil {
		return
	}
	c.plan, c.run = *e.Plan, script{Script: e.Script}
	c.targets = append(c.targets[:0], e.Plan.Targets[0])
	c.plan.Targets = nil
	c.run.leg = e.Leg
	if c.plan.Priced {
		c.phase, c.leased = reserving, c.plan.priced()
		out.add(Command{Op: OpReserve, Plan: &c.plan})
		c.set(TimerHold, now+Mono(holdMost), out)
		return
	}
	c.ring(now, out)
}

// ring rings the one that a call of ours is for.
func (c *Call) ring(now Mono, out *Commands) {
	id := c.run.leg
	if id == NoLeg {
		id = c.NewLeg()
	}
	c.tries(id, &c.targets[0])
	c.legs = append(c.legs, leg{id: id, state: legPrepare})
	c.phase, c.media = placing, true
	ring := c.plan.RingFor
	if ring <= 0 {
		ring = ringDefault
	}
	c.set(TimerRing, now+Mono(min(ring, ringMost)), out)
	out.add(Command{Op: OpMediaOffer, Peer: id, Target: &c.targets[0]})
}

// place takes what happens until the script begins.
func (c *Call) place(now Mono, e *Event, out *Commands) {
	l := c.leg(e.Leg)
	if e.Kind == Recorded && len(c.legs) > 0 {
		l = &c.legs[0]
	}
	if l == nil {
		return
	}
	switch e.Kind {
	case MediaOffered:
		if l.state == legPrepare {
			l.state = legDialled
			out.add(Command{Op: OpDial, Leg: l.id, Target: &c.targets[0], SDP: e.SDP})
		}
	case Progress:
		if e.Stage != StageTrying {
			c.rang(l.id)
			c.sign()
		}
		l.stage = max(l.stage, e.Stage)
		if len(e.SDP) > 0 {
			c.kept = append(c.kept[:0], e.SDP...)
		}
		if e.Stage != StageTrying && !c.run.told {
			c.run.told = true
			out.add(Command{Op: OpTell, Note: ToldRinging})
		}
	case Answered:
		c.placed(now, l, e, out)
	case Recorded:
		c.cancel(TimerHold, out)
		c.limit(out)
		out.add(Command{Op: OpMediaAnswer, Leg: l.id, SDP: c.kept})
	case MediaAnswered:
		c.beginScript(now, out)
	case MediaFailed:
		c.finish(now, e.Cause, out)
	default:
	}
}

// placed takes the answer.
func (c *Call) placed(now Mono, l *leg, e *Event, out *Commands) {
	if l.state != legDialled {
		return
	}
	sdp := e.SDP
	if len(sdp) == 0 {
		sdp = c.kept // it was given early and not repeated
	}
	l.state = legSettled
	c.took(l.id)
	c.sign()
	c.cancel(TimerRing, out)
	c.answerAt, c.rec.Answer = now, c.wall(now)
	out.add(Command{Op: OpTell, Note: ToldAnswered})
	if len(sdp) == 0 {
		c.finish(now, CauseIncompatible, out)
		return
	}
	if c.plan.Priced {
		c.kept = append(c.kept[:0], sdp...)
		out.add(Command{Op: OpRecord, Record: &c.rec, Hold: c.lease.Hold})
		c.set(TimerHold, now+Mono(holdMost), out)
		return
	}
	if c.run.leg == Caller { // he pays for nothing, and goes on from here
		out.add(Command{Op: OpMediaAnswer, Leg: l.id, SDP: sdp})
		return
	}
	c.set(TimerCut, now+Mono(scriptMost), out)
	out.add(Command{Op: OpStopAt, At: now + Mono(scriptMost)})
	out.add(Command{Op: OpMediaAnswer, Leg: l.id, SDP: sdp})
}

// unanswered gives up on a party who did not answer in time.
func (c *Call) unanswered(now Mono, out *Commands) {
	cause := CauseNoResponse
	if c.run.told {
		cause = CauseNoAnswer
	}
	c.finish(now, cause, out)
}

// enter begins a node.
func (c *Call) enter(now Mono, node int, out *Commands) {
	if node < 0 || node >= len(c.run.Nodes) {
		c.finish(now, CauseNormal, out)
		return
	}
	c.run.node, c.run.said, c.run.rounds = node, 0, 0
	c.run.heard = c.run.heard[:0]
	n := &c.run.Nodes[node]
	if n.Name != "" {
		out.add(Command{Op: OpTell, Note: n.Name})
	}
	if n.Fresh {
		c.run.ahead = c.run.ahead[:0]
	}
	if ahead := c.run.ahead; n.Most > 0 && len(ahead) > 0 {
		c.run.ahead = nil
		for i, digit := range ahead {
			if c.pressed(now, n, digit, out); c.run.asked {
				c.run.ahead = ahead[i+1:]
				return
			}
		}
		if len(c.run.heard) > 0 {
			return
		}
	}
	c.speak(now, out)
}

// pressed takes a key that a node collects.
func (c *Call) pressed(now Mono, n *Node, digit byte, out *Commands) {
	ends := strings.IndexByte(n.Ends, digit) >= 0
	if len(c.run.heard) == 0 {
		if ends { // of what he was asked before
			return
		}
		c.cancel(TimerPrompt, out)
		out.add(Command{Op: OpPlay, Leg: c.legs[0].id})
	}
	if !ends {
		c.run.heard = append(c.run.heard, digit)
	}
	if ends || len(c.run.heard) >= n.Most {
		c.askOn(now, out)
		return
	}
	c.set(TimerKey, now+Mono(n.Gap), out)
}

// askOn asks how to go on.
func (c *Call) askOn(now Mono, out *Commands) {
	c.cancel(TimerKey, out)
	c.cancel(TimerPrompt, out)
	c.run.asked = true
	c.set(TimerHold, now+Mono(askedMost), out)
	out.add(Command{Op: OpAsk, Note: c.run.Nodes[c.run.node].Name, Heard: Secret(c.run.heard)})
	clear(c.run.heard)
	c.run.heard = c.run.heard[:0]
}

// directed goes on with what it is told.
func (c *Call) directed(now Mono, e *Event, out *Commands) {
	if !c.run.asked {
		return
	}
	c.cancel(TimerHold, out)
	if e.Kind == Lent {
		c.run.lent = true
		c.cancel(TimerRing, out)
		return
	}
	if e.Script == nil || len(e.Script.Nodes) == 0 {
		cause := CauseNormal
		if c.phase == greeting {
			cause = e.Cause
		}
		c.finish(now, cause, out)
		return
	}
	if c.phase == greeting {
		c.run = script{Script: e.Script}
		c.welcome(out)
		return
	}
	back := c.run.lent
	c.run = script{Script: e.Script, heard: c.run.heard, ahead: c.run.ahead}
	if back {
		c.set(TimerRing, now+Mono(idleMost), out)
	}
	c.enter(now, 0, out)
}

// secret reports whether what is pressed now is nobody's business.
func (c *Call) secret() bool {
	return c.phase == running && (c.run.asked || c.run.Nodes[c.run.node].Secret)
}

// begin begins the script. One without nodes is asked for.
func (c *Call) beginScript(now Mono, out *Commands) {
	c.phase = running
	if c.leg(Caller) != nil {
		c.set(TimerRing, now+Mono(idleMost), out)
	}
	if len(c.run.Nodes) == 0 {
		c.askFirst(now, out)
		return
	}
	c.enter(now, 0, out)
}

func (c *Call) askFirst(now Mono, out *Commands) {
	c.run.asked = true
	c.set(TimerHold, now+Mono(askedMost), out)
	out.add(Command{Op: OpAsk})
}

// greet asks what a caller is to hear, before he is answered.
func (c *Call) greet(now Mono, e *Event, out *Commands) {
	c.run, c.phase = script{Script: e.Script}, greeting
	if len(c.run.Nodes) == 0 {
		c.askFirst(now, out)
		return
	}
	c.welcome(out)
}

// welcome answers him ourselves.
func (c *Call) welcome(out *Commands) {
	c.media = true
	if c.late {
		out.add(Command{Op: OpMediaOffer, Peer: Caller})
		return
	}
	out.add(Command{Op: OpMediaOffer, Leg: Caller, SDP: c.offer})
}

// greetDescribed answers, and begins once sound can go there.
func (c *Call) greetDescribed(now Mono, l *leg, e *Event, out *Commands) {
	switch {
	case e.Kind == MediaFailed:
		c.finish(now, e.Cause, out)
		return
	case l.state == legIn:
		l.state = legUp
		c.answerAt, c.rec.Answer = now, c.wall(now)
		c.sign()
		out.add(Command{Op: OpAnswer, Leg: Caller, SDP: e.SDP})
		if c.late {
			c.set(TimerConfirm, now+Mono(confirmMost), out)
			return
		}
	}
	c.beginScript(now, out)
}

// follow goes to the node of a name.
func (c *Call) follow(now Mono, name string, out *Commands) {
	c.cancel(TimerKey, out)
	c.cancel(TimerPrompt, out)
	to := -1
	for i := range c.run.Nodes {
		if name != "" && c.run.Nodes[i].Name == name {
			to = i
			break
		}
	}
	c.enter(now, to, out)
}

// speak says the next prompt of the node, or goes on after the last.
func (c *Call) speak(now Mono, out *Commands) {
	n := &c.run.Nodes[c.run.node]
	if c.run.said < len(n.Say) {
		p := n.Say[c.run.said]
		c.run.said++
		c.set(TimerPrompt, now+Mono(promptMost), out)
		out.add(Command{Op: OpPlay, Leg: c.legs[0].id, Prompt: p})
		return
	}
	if n.Asks {
		c.askOn(now, out)
		return
	}
	if n.Keys == "" && n.Most == 0 {
		c.follow(now, n.Then, out)
		return
	}
	c.set(TimerKey, now+Mono(n.Wait), out)
}

// play takes what happens while the script runs.
func (c *Call) play(now Mono, e *Event, out *Commands) {
	if len(c.run.Nodes) == 0 { // it is being asked for
		if e.Kind == Digit && len(c.run.ahead) < mostAhead {
			c.run.ahead = append(c.run.ahead, e.Digit)
		}
		return
	}
	n := &c.run.Nodes[c.run.node]
	switch e.Kind {
	case Played:
		if c.timers&(1<<TimerPrompt) != 0 {
			c.cancel(TimerPrompt, out)
			c.speak(now, out)
		}
	case Digit:
		switch {
		case c.run.asked || n.Asks || n.Keys == "" && n.Most == 0:
			if len(c.run.ahead) < mostAhead {
				c.run.ahead = append(c.run.ahead, e.Digit)
			}
		case n.Most > 0:
			c.pressed(now, n, e.Digit, out)
		case strings.IndexByte(n.Keys, e.Digit) >= 0:
			c.follow(now, n.Then, out)
		}
	default: // what media had to say of a change is done with
	}
}

// keyOver takes that no key came in time.
func (c *Call) keyOver(now Mono, out *Commands) {
	n := &c.run.Nodes[c.run.node]
	if len(c.run.heard) > 0 {
		c.askOn(now, out)
		return
	}
	c.run.rounds++
	if c.run.rounds >= n.Times {
		c.follow(now, n.Else, out)
		return
	}
	c.run.said = 0
	c.speak(now, out)
}

// scripted takes what concerns a call of ours alone, and reports whether it was
// that.
func (c *Call) scripted(now Mono, e *Event, out *Commands) bool {
	switch c.phase {
	case placing:
		switch e.Kind {
		case MediaOffered, MediaAnswered, MediaFailed, Progress, Answered, Recorded:
			c.place(now, e, out)
			return true
		default:
		}
	case greeting:
		if e.Kind == Directed {
			c.directed(now, e, out)
			return true
		}
	case running:
		switch e.Kind {
		case Played, Digit:
			c.play(now, e, out)
			return true
		case Directed, Lent:
			c.directed(now, e, out)
			return true
		default:
		}
	default:
	}
	return false
}
