package routing

import (
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
)

// Explanation is a decision with how it came about.
type Explanation struct {
	Decision
	Steps []Step         // in the order they were taken
	Legs  []Leg          // where the call would go, in the order tried
	Zone  *time.Location // whose time of day the price depends on
}

// Leg is one place the call would go to, and the center that sends it there.
type Leg struct {
	From center.ID
	Target
}

// mostLegs bounds an explanation.
const mostLegs = 16

// Explain decides as Decide does and says each step. Where a call has several
// ways out, it lists them as if each earlier one failed.
func (t *Tables) Explain(a *Attempt) Explanation {
	x := Explanation{Zone: t.Plans.Clock(a.Caller.Number.CallingCode, a.Caller.Number.National)}
	asked := *a
	asked.Trace = &x.Steps
	x.Decision = t.Decide(&asked)
	t.Say(&x.Decision)
	t.follow(a, x.Targets, &x.Legs)
	return x
}

// follow lists targets, what comes after them, and what the centers they go to
// would do.
func (t *Tables) follow(a *Attempt, targets []Target, legs *[]Leg) {
	outcomes := slices.Clip(a.Outcomes) // who asks keeps his own
	for len(targets) > 0 && len(*legs) < mostLegs {
		leaves := false
		for i := range targets {
			*legs = append(*legs, Leg{a.Center, targets[i]})
			if targets[i].Kind == ToCenter && targets[i].Role == Exit {
				there := t.there(a, &targets[i])
				t.follow(there, t.Decide(there).Targets, legs)
			}
			leaves = leaves || targets[i].Kind == ToTrunk || targets[i].Role == Exit
			outcomes = append(outcomes, Outcome{targets[i], cdr.Failed})
		}
		if !leaves {
			return
		}
		next := *a
		next.Outcomes = outcomes
		targets = t.Decide(&next).Targets
	}
}

// there is the question that a center is asked by another.
func (t *Tables) there(a *Attempt, to *Target) *Attempt {
	return &Attempt{
		Center: to.Center, Role: Exit, Dialled: to.To, DialCountry: to.In, Caller: a.Caller, Carrier: to.Carrier, Payer: to.Payer, Service: to.Service,
		Forwards: a.Forwards, Now: a.Now,
	}
}

// Charged is who pays for the call, and what a minute of it comes to at first; ""
// if it costs nobody anything.
func (x *Explanation) Charged(caller string, now time.Time) (payer string, minute int64) {
	if len(x.Targets) == 0 || !x.Price.Known || x.Price.Quote.Free() {
		return "", 0
	}
	if payer = x.Targets[0].Payer; payer == "" {
		payer = caller
	}
	return payer, x.Price.Quote.FirstMinute(now.In(x.Zone))
}
