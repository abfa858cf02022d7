package switching

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/routing"
)

var update = flag.Bool("update", false, "write the ladders anew") //nolint:gochecknoglobals // a flag

// stage is an outside that writes down what it is told, in the words of the
// ladders. Media answers at once, with words that show the way they took,
// unless slow.
type stage struct {
	lines []string
	slow  bool
	fail  map[LegID]Cause // media for these legs
	now   Mono
	plan  *Plan
	timed [Timers]Mono // 0: not set
}

func (s *stage) say(f string, args ...any) {
	s.lines = append(s.lines, strings.TrimRight(fmt.Sprintf(f, args...), " "))
}

type failure Cause

func (f failure) Error() string { return "media: " + Cause(f).String() }
func (f failure) Cause() Cause  { return Cause(f) }

func (s *stage) Dial(_ Ref, l LegID, t *Target, sdp []byte) { s.say("dial %d %s %s", l, t.URI, sdp) }
func (s *stage) Progress(_ Ref, l LegID, g Stage, sdp []byte) {
	s.say("progress %d %s %s", l, g, sdp)
}
func (s *stage) Answer(_ Ref, l LegID, sdp []byte)  { s.say("answer %d %s", l, sdp) }
func (s *stage) Confirm(_ Ref, l LegID, sdp []byte) { s.say("confirm %d %s", l, sdp) }
func (s *stage) Modify(_ Ref, l LegID, sdp []byte)  { s.say("modify %d %s", l, sdp) }
func (s *stage) Respond(_ Ref, l LegID, c Cause, sdp []byte) {
	s.say("respond %d %s %s", l, c, sdp)
}
func (s *stage) Told(_ Ref, what string) { s.say("tell %s", what) }
func (s *stage) Asked(_ Ref, node string, heard Secret) {
	s.say("ask %s %q", node, string(heard))
}
func (s *stage) Press(_ Ref, l LegID, digit byte) { s.say("digit %d %c", l, digit) }
func (s *stage) End(_ Ref, l LegID, c Cause)      { s.say("end %d %s", l, c) }

func (s *stage) Offer(_ Ref, from, to LegID, _ *Target, sdp []byte) ([]byte, error) {
	s.say("media offer %d>%d %s", from, to, sdp)
	return s.result(to, sdp)
}
func (s *stage) result(to LegID, sdp []byte) ([]byte, error) {
	if c, ok := s.fail[to]; ok {
		return nil, failure(c)
	}
	if s.slow {
		return nil, ErrLater
	}
	return append(sdp[:len(sdp):len(sdp)], "'"...), nil
}
func (s *stage) MediaAnswer(from, to LegID, sdp []byte) ([]byte, error) {
	s.say("media answer %d>%d %s", from, to, sdp)
	return s.result(to, sdp)
}
func (s *stage) Bridge(_ Ref, a, b LegID)      { s.say("bridge %d-%d", a, b) }
func (s *stage) Play(_ Ref, l LegID, p Prompt) { s.say("play %d %s", l, p) }
func (s *stage) Drop(_ Ref, l LegID)           { s.say("media drop %d", l) }
func (s *stage) StopAt(_ Ref, at Mono)         { s.say("stop at %v", time.Duration(at)) }
func (s *stage) Close(Ref)                     { s.say("media close") }
func (s *stage) Reserve(Ref, *Plan)            { s.say("reserve") }
func (s *stage) Extend(_ Ref, hold string)     { s.say("extend %s", hold) }
func (s *stage) Record(_ Ref, r *Record)       { s.say("record") }
func (s *stage) Done(Ref)                      { s.say("done") }
func (s *stage) SetTimer(_ Ref, t TimerID, at Mono) {
	s.timed[t] = at
	s.say("timer %s %v", t, time.Duration(at))
}
func (s *stage) CancelTimer(_ Ref, t TimerID) {
	s.timed[t] = 0
	s.say("cancel %s", t)
}
func (s *stage) Settle(_ Ref, r *Record) {
	s.say("settle %s talked=%v pdd=%v by=%s", r.Cause, r.Duration(), r.PDD, r.HungUp)
	for i := range r.Legs {
		l := &r.Legs[i]
		at := func(t time.Time) string {
			if t.IsZero() {
				return "-"
			}
			return t.Sub(r.Start).String()
		}
		s.say("  leg %s%s from %s rang %s answered %s ended %s %s", l.Kind, map[bool]string{true: " " + l.Number}[l.Number != ""], at(l.Start), at(l.Ring), at(l.Answer), at(l.End), l.Cause)
	}
}
func (s *stage) Decide(_ Ref, a *Attempt) (*Plan, error) {
	var w []string
	for _, o := range a.Outcomes {
		w = append(w, o.Target.URI+"="+o.Cause.String())
	}
	s.say("decide %s", strings.Join(w, " "))
	if s.plan == nil {
		return nil, ErrLater
	}
	p := s.plan
	s.plan = nil
	return p, nil
}

// sound gives the stage's answers the signature of Media.
type sound struct{ *stage }

func (s sound) Answer(_ Ref, from, to LegID, sdp []byte) ([]byte, error) {
	return s.MediaAnswer(from, to, sdp)
}

func newOutside(s *stage) *Outside {
	return &Outside{Legs: s, Keys: s, Media: sound{s}, Money: s, Desk: s, Watch: s}
}

// TestLadders plays the scripts: a line "> [@time] event" is what happens, the
// lines "< command" after it are all that is done about it.
func TestLadders(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ladder")
	if err != nil || len(files) < 20 {
		t.Fatal("the ladders are missing:", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".ladder"), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(b))
			if *update {
				if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(b) {
				t.Errorf("it goes otherwise:\n%s", diff(string(b), got))
			}
		})
	}
}

// diff shows where two texts part.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range g {
		if i >= len(w) || w[i] != g[i] {
			return fmt.Sprintf("line %d\n got:  %s\nthe whole of it:\n%s", i+1, g[i], got)
		}
	}
	return "it stops early:\n" + got
}

// play runs a script and returns it with the commands that really came.
func play(t *testing.T, script string) string {
	s := &stage{fail: map[LegID]Cause{}}
	o := newOutside(s)
	var c Call
	s.now = Mono(time.Hour) // no time of the clock is special
	start := s.now
	c.Begin(1, s.now, time.Unix(1_700_000_000, 0).UTC(), &Record{})
	var out []string
	for _, line := range strings.Split(strings.TrimRight(script, "\n"), "\n") {
		text, ok := strings.CutPrefix(line, "> ")
		if !ok {
			if !strings.HasPrefix(line, "< ") {
				out = append(out, line)
			}
			continue
		}
		out = append(out, line)
		e := event(t, s, start, strings.Fields(text))
		s.lines = s.lines[:0]
		if e.Kind != KindNone {
			o.Deliver(&c, s.now, e)
		}
		for _, l := range s.lines {
			out = append(out, "< "+shift(l, start))
		}
	}
	if n := c.Counts(); !n.Over || n.Legs != 0 || n.Timers != 0 || n.Media {
		t.Errorf("at the end remain %+v", n)
	}
	return strings.Join(out, "\n") + "\n"
}

// shift shows times from the start of the script.
func shift(l string, start Mono) string {
	if i := strings.LastIndexByte(l, ' '); strings.HasPrefix(l, "timer ") || strings.HasPrefix(l, "stop at") {
		d, err := time.ParseDuration(l[i+1:])
		if err != nil {
			panic(err)
		}
		return l[:i+1] + (d - time.Duration(start)).String()
	}
	return l
}

func named[T ~uint8](t *testing.T, n int, name string) T {
	t.Helper()
	for i := range n {
		if s, ok := any(T(i)).(fmt.Stringer); ok && s.String() == name {
			return T(i)
		}
	}
	t.Fatalf("nothing is called %q", name)
	return 0
}

// event reads one line of a script.
func event(t *testing.T, s *stage, start Mono, w []string) Event {
	t.Helper()
	if at, ok := strings.CutPrefix(w[0], "@"); ok {
		d, err := time.ParseDuration(at)
		if err != nil {
			t.Fatal(err)
		}
		s.now, w = start+Mono(d), w[1:]
	}
	switch w[0] {
	case "slow-media":
		s.slow = true
		return Event{}
	case "media-fails":
		s.fail[legOf(t, w[1])] = named[Cause](t, int(causeCount), w[2])
		return Event{}
	case "next-plan": // given at once to the next decide
		s.plan = plan(t, w[1:])
		return Event{}
	}
	e := Event{Kind: named[Kind](t, int(kindCount), w[0])}
	switch e.Kind {
	case Decided:
		e.Plan = plan(t, w[1:])
		return e
	case Timer:
		e.Timer = named[TimerID](t, int(Timers), w[1])
		return e
	case Reserved, Extended:
		e.Lease.Hold = w[1]
		e.Lease.For, _ = time.ParseDuration(w[2])
		e.Lease.More = len(w) > 3
		return e
	case Originated:
		e.Plan, e.Script = plan(t, w[1:]), codeScript()
		return e
	case Digit:
		e.Digit = '5'
	case Offered:
		e.Attempt = &Attempt{Dialled: "5550100"}
	}
	for _, x := range w[1:] {
		key, val, _ := strings.Cut(x, "=")
		switch {
		case x[0] >= '0' && x[0] <= '9':
			e.Leg = legOf(t, x)
		case key == "key":
			e.Digit = val[0]
		case key == "replaces":
			e.Replaces = legOf(t, val)
		case key == "to":
			e.Target = &Target{URI: val}
		case e.Kind == Progress && e.Stage == StageTrying:
			e.Stage = named[Stage](t, int(StageRinging)+1, x)
		case x[0] >= 'A' && x[0] <= 'Z':
			e.SDP = []byte(x)
		default:
			e.Cause = named[Cause](t, int(causeCount), x)
		}
	}
	return e
}

// codeScript asks for a key and then says something.
func codeScript() *Script {
	return &Script{Nodes: []Node{
		{Name: "hello", Say: []Prompt{"who", "press-1"}, Keys: "1", Wait: 5 * time.Second, Times: 2, Then: "code", Else: "nothing"},
		{Name: "code", Say: []Prompt{"seven", "three"}},
		{Name: "nothing", Say: []Prompt{"goodbye"}},
	}}
}

func legOf(t *testing.T, s string) LegID {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return LegID(n)
}

func plan(t *testing.T, w []string) *Plan {
	p := &Plan{}
	for _, x := range w {
		key, val, _ := strings.Cut(x, "=")
		switch key {
		case "to":
			for _, u := range strings.Split(val, ",") {
				to := Target{URI: u}
				if strings.HasPrefix(u, "carrier") {
					to.Kind = routing.ToTrunk
				}
				p.Targets = append(p.Targets, to)
			}
		case "ring":
			p.RingFor, _ = time.ParseDuration(val)
		case "limit":
			p.Limit, _ = time.ParseDuration(val)
		case "announce":
			p.Announce = Prompt(val)
		case "answer":
			p.Answer = true
		case "priced":
			p.Priced = true
		case "cause":
			p.Cause = cdr.ParseCause(val)
		default:
			t.Fatalf("a plan has no %q", x)
		}
	}
	return p
}
