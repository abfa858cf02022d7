package switching

import (
	"strings"
	"time"
)

// Script is what a call that we place says and asks: flow data, which the call
// interprets one Node at a time, beginning with the first.
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
}

// What is told of a call of ours, beside the names of its nodes.
const (
	ToldRinging  = "ringing"
	ToldAnswered = "answered"
)

// scriptMost is the longest a call of ours lasts after its answer.
const scriptMost = 4 * time.Minute

// script is where a call of ours stands in its script.
type script struct {
	*Script
	node   int
	said   int // prompts of this round
	rounds int
	told   bool // that it rings
}

// originated begins a call that nobody made: one leg, with an offer of ours.
func (c *Call) originated(now Mono, e *Event, out *Commands) {
	if e.Plan == nil || len(e.Plan.Targets) == 0 || e.Script == nil || len(e.Script.Nodes) == 0 {
		return
	}
	c.plan, c.run = *e.Plan, script{Script: e.Script}
	c.targets = append(c.targets[:0], e.Plan.Targets[0])
	c.plan.Targets = nil
	id := c.NewLeg()
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
	case MediaAnswered:
		c.phase = running
		c.enter(now, 0, out)
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
	if name := c.run.Nodes[node].Name; name != "" {
		out.add(Command{Op: OpTell, Note: name})
	}
	c.speak(now, out)
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
	if n.Keys == "" {
		c.follow(now, n.Then, out)
		return
	}
	c.set(TimerKey, now+Mono(n.Wait), out)
}

// play takes what happens while the script runs.
func (c *Call) play(now Mono, e *Event, out *Commands) {
	n := &c.run.Nodes[c.run.node]
	switch e.Kind {
	case Played:
		if c.timers&(1<<TimerPrompt) != 0 {
			c.cancel(TimerPrompt, out)
			c.speak(now, out)
		}
	case Digit:
		if strings.IndexByte(n.Keys, e.Digit) >= 0 && n.Keys != "" {
			c.follow(now, n.Then, out)
		}
	default: // what media had to say of a change is done with
	}
}

// keyOver takes that no key came in time.
func (c *Call) keyOver(now Mono, out *Commands) {
	n := &c.run.Nodes[c.run.node]
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
		case MediaOffered, MediaAnswered, MediaFailed, Progress, Answered:
			c.place(now, e, out)
			return true
		default:
		}
	case running:
		if e.Kind == Played || e.Kind == Digit {
			c.play(now, e, out)
			return true
		}
	default:
	}
	return false
}
