package switching

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/routing"
)

// menu is a caller whom we answer, with what he is asked.
type menu struct {
	*stage

	call  Call
	out   Outside
	trace []string
}

func newMenu() *menu {
	m := &menu{stage: &stage{fail: map[LegID]Cause{}}}
	m.out = Outside{Legs: m, Keys: m, Media: sound{m.stage}, Money: m, Desk: m, Watch: m, Trace: func(_ *Call, e *Event, done []Command) {
		m.trace = append(m.trace, fmt.Sprintf("%+v %+v", *e, done))
	}}
	rec := Record{CallID: "call_1"}
	m.call.Begin(1, 0, time.Unix(0, 0), &rec)
	m.gives(Event{Kind: Offered, Leg: Caller, SDP: []byte("sdp"), Attempt: &routing.Attempt{}, Script: &Script{}})
	return m
}

func (m *menu) gives(e Event) {
	m.lines = nil
	m.out.Deliver(&m.call, m.now, e)
}

func (m *menu) presses(keys string) {
	m.lines = nil
	for _, k := range keys {
		m.out.Deliver(&m.call, m.now, Event{Kind: Digit, Leg: Caller, Digit: byte(k)})
	}
}

func (m *menu) said(t *testing.T, want ...string) {
	t.Helper()
	got := slices.DeleteFunc(slices.Clone(m.lines), func(l string) bool {
		return strings.Contains(l, "timer") || strings.HasPrefix(l, "media") || strings.HasPrefix(l, "cancel")
	})
	if !slices.Equal(got, want) {
		t.Errorf("it does %q, want %q", got, want)
	}
}

func pinScript() *Script {
	return &Script{Nodes: []Node{{Name: "pin", Say: []Prompt{"pin"}, Most: 6, Ends: "#", Gap: time.Second, Wait: time.Second, Times: 2, Else: "bye", Secret: true}, {Name: "bye", Say: []Prompt{"bye"}}}}
}

// TestACallerIsAsked before he is answered what he hears, and his digits are asked
// about when there are enough, at the key that ends them, or when no more come.
func TestACallerIsAsked(t *testing.T) {
	m := newMenu()
	m.said(t, `ask  ""`)
	m.gives(Event{Kind: Directed, Script: pinScript()})
	if got := strings.Join(m.lines, "\n"); !strings.Contains(got, "answer 1") || !strings.Contains(got, "play 1 pin") {
		t.Fatalf("it does %q", m.lines)
	}
	m.presses("#12") // a key that ends what was asked before counts for nothing
	m.said(t, "play 1")
	m.presses("3456")
	m.said(t, `ask pin "123456"`)
	m.presses("#99") // ahead of the next question
	m.said(t)
	m.gives(Event{Kind: Directed, Script: &Script{Nodes: []Node{{Name: "dial", Say: []Prompt{"dial"}, Most: 9, Ends: "#", Gap: time.Second, Wait: time.Second}}}})
	m.said(t, "tell dial", "play 1")
	m.gives(Event{Kind: Timer, Timer: TimerKey})
	m.said(t, `ask dial "99"`)
	m.gives(Event{Kind: Lent})
	if m.timed[TimerRing] != 0 {
		t.Error("who is in a call is idle")
	}
	m.gives(Event{Kind: Directed, Script: pinScript()})
	m.gives(Event{Kind: Timer, Timer: TimerRing})
	if !m.call.Over() || m.call.Record().Answer.IsZero() {
		t.Errorf("who calls nobody for two minutes stays: %q", m.lines)
	}
	for _, l := range m.trace {
		if strings.Contains(l, "123456") || strings.Contains(l, fmt.Sprint("Digit:", '3')) {
			t.Errorf("the trace tells the PIN: %s", l)
		}
	}
}

// TestNobodyPresses anything: it is said again, and then goodbye.
func TestNobodyPresses(t *testing.T) {
	m := newMenu()
	m.gives(Event{Kind: Directed, Script: pinScript()})
	for range 2 {
		m.gives(Event{Kind: Played, Leg: Caller})
		m.gives(Event{Kind: Timer, Timer: TimerKey})
	}
	m.said(t, "tell bye", "play 1 bye")
	m.gives(Event{Kind: Played, Leg: Caller})
	if c := m.call.Counts(); !c.Over || c.Legs+c.Timers != 0 || c.Media {
		t.Errorf("it is left with %+v", c)
	}
}

// TestACallerIsRefused without an answer.
func TestACallerIsRefused(t *testing.T) {
	m := newMenu()
	m.gives(Event{Kind: Directed, Cause: CauseBusy})
	if !m.call.Over() || !m.call.Record().Answer.IsZero() || m.call.Cause() != CauseBusy {
		t.Errorf("it does %q", m.lines)
	}
}

// TestHeGoesAway while it is being found out what he hears, and while he hears it.
func TestHeGoesAway(t *testing.T) {
	for _, answered := range []bool{false, true} {
		m := newMenu()
		if answered {
			m.gives(Event{Kind: Directed, Script: pinScript()})
		}
		m.gives(Event{Kind: Ended, Leg: Caller, Cause: CauseNormal})
		if c := m.call.Counts(); !c.Over || c.Legs+c.Timers != 0 || c.Media {
			t.Errorf("answered %v: it is left with %+v", answered, c)
		}
		m.gives(Event{Kind: Directed, Script: pinScript()})
	}
}
