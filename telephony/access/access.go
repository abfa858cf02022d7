// Package access speaks with members who call an access number, or whom the
// house has rung: it finds out who they are, by their telephone or by number and
// PIN, takes the number they dial, says what it costs and what became of it. What
// is said is flow data for switching; here is decided what comes next.
package access

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/pace"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// Members is what members set.
type Members interface {
	// Number must not block.
	Number(carrier, e164 string) (access.Number, bool)
	Numbers() []access.Number
	Of(ctx context.Context, account string) (access.Settings, []access.Short, error)
}

// PINs are checked.
type PINs interface {
	Check(ctx context.Context, account, digits string) (pin.Result, error)
}

// Caller rings members.
type Caller interface {
	CallBack(x edge.CallBack) (callID string)
}

// Config is what a Desk needs.
type Config struct {
	Members Members
	PINs    PINs
	Tables  func() *routing.Tables
	Balance func(ctx context.Context, account string) (money.Amount, error)
	// May says why an account may not call, if so.
	May     func(ctx context.Context, account string) error
	Caller  func() Caller
	SignIns SignIns // nil: nobody signs in at telephones of others
	Missed  MissedCalls
	// Guessed is told that a carrier, or pin.House, takes no PINs for a while, after
	// so many wrong ones; it must not block. nil: nobody is.
	Guessed  func(where string, wrong int)
	Currency money.Currency
	Log      *slog.Logger
	Now      func() time.Time
}

// Desk speaks with callers.
type Desk struct {
	cfg    Config
	speech *speech.Speech
	pins   pin.Guesses

	mu    sync.Mutex
	wrong *pace.Pace[string] // who may be wrong how often, by where he calls from
	rings *pace.Pace[string] // who is rung how often, by account
}

// New returns a Desk.
func New(cfg Config) *Desk {
	return &Desk{
		cfg: cfg, speech: speech.New(),
		wrong: pace.New[string](pace.Limits{Burst: 15, Second: 15.0 / 3600, Most: 10_000}),
		rings: pace.New[string](pace.Limits{Burst: 5, Second: 20.0 / 3600, Most: 10_000}),
	}
}

// Answers reports whether a call is for an access number, from outside or from a
// telephone of ours, or by who signs in at a telephone or hears there what he missed.
func (d *Desk) Answers(a *routing.Attempt) bool {
	if a.Role != routing.Entry {
		_, ours := d.called(a)
		return ours || d.signsIn(a) || d.readsMissed(a)
	}
	_, ok := d.number(a)
	return ok
}

func (d *Desk) number(a *routing.Attempt) (access.Number, bool) {
	typed, err := numbering.ParseTyped(a.Dialled)
	if err != nil || typed.Kind != numbering.Plus {
		return access.Number{}, false
	}
	return d.cfg.Members.Number(a.Carrier, "+"+typed.Text)
}

// Takes begins to speak with a caller.
func (d *Desk) Takes(a *routing.Attempt) edge.Talk {
	if d.signsIn(a) {
		return d.atDesk(a)
	}
	if d.readsMissed(a) {
		return d.atPhone(a)
	}
	if n, ours := d.called(a); ours {
		return d.atNumber(a, n)
	}
	n, _ := d.number(a)
	return &talk{desk: d, at: n, center: string(a.Center), from: a.Caller.E164, hidden: a.Caller.Private, language: n.Language, carrier: a.Carrier, guesses: cmp.Or(a.Caller.E164, a.Carrier)}
}

func (d *Desk) take(p *pace.Pace[string], who string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return p.Take(who, d.cfg.Now())
}

// What callers are given time for.
const (
	mostTries = 3
	between   = 4 * time.Second // two digits, before the number counts as whole
	thinks    = 8 * time.Second
	longest   = 32 // digits of a number
	ringBack  = 5 * time.Second
	ringsFor  = 40 * time.Second
)

// The names of the nodes that ask.
const (
	askID    = "id"
	askPIN   = "pin"
	askDial  = "dial"
	askGo    = "go"
	askReady = "ready"
	askThere = "answered" // whether somebody whom we rang is there
)

// script is nodes, of which every one leads to the bye that ends them.
func (t *talk) script(nodes ...switching.Node) edge.Next {
	nodes = append(nodes, switching.Node{Name: "bye", Say: t.say().Say("goodbye").prompts()})
	return edge.Next{Script: &switching.Script{Nodes: nodes}}
}

// voice says things as prompts.
type voice struct{ *speech.Voice }

func (v voice) Say(names ...string) voice {
	v.Voice.Say(names...)
	return v
}

func (v voice) prompts() []switching.Prompt {
	out := make([]switching.Prompt, 0, len(v.Words()))
	for _, w := range v.Words() {
		out = append(out, switching.Prompt(w))
	}
	return out
}

func (t *talk) say() voice { return voice{t.desk.speech.In(t.language)} }

// asksID asks for the number of who calls.
func (t *talk) asksID(v voice) edge.Next {
	return t.script(switching.Node{Name: askID, Say: v.Say("access/id").prompts(), Most: longest, Ends: "#", Gap: between, Wait: thinks, Times: mostTries, Else: "bye"})
}

// asksPIN asks for his PIN. What he pressed before the question is part of it:
// who knows the way does not wait.
func (t *talk) asksPIN(v voice) edge.Next {
	return t.script(switching.Node{Name: askPIN, Say: v.Say("access/pin").prompts(), Most: pin.Long, Ends: "#", Gap: between, Wait: thinks, Times: mostTries, Else: "bye", Secret: true})
}

// asksDial asks whom he wants to call.
func (t *talk) asksDial(v voice) edge.Next {
	return t.script(switching.Node{Name: askDial, Say: v.Say("access/dial").prompts(), Most: longest, Ends: "#", Gap: between, Wait: thinks, Times: mostTries, Else: "bye"})
}

// over says something and ends.
func (t *talk) over(v voice) edge.Next {
	return edge.Next{Script: &switching.Script{Nodes: []switching.Node{{Name: "bye", Say: v.Say("goodbye").prompts()}}}}
}
