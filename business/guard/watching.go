package guard

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/member"
)

// suspectFor is how long a range stays closed that rang many members once.
const suspectFor = 24 * time.Hour

// suspects are such ranges.
type suspects struct {
	mu    sync.RWMutex
	until map[string]time.Time // "+8821312"
}

// mostSuspects bounds them: an attacker has not more ranges than this.
const mostSuspects = 1000

func (s *suspects) add(what string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[string]time.Time{}
	}
	if len(s.until) < mostSuspects {
		s.until[what] = until
	}
}

func (s *suspects) remove(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, what)
}

// of is the suspected range that a number is in, with +.
func (s *suspects) of(e164 string, now time.Time) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.until) == 0 {
		return ""
	}
	for n := 2; n <= min(len(e164), rangeDigits+1); n++ {
		if until, ok := s.until[e164[:n]]; ok && until.After(now) {
			return e164[:n]
		}
	}
	return ""
}

// list are those of now.
func (s *suspects) list(now time.Time) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for what, until := range s.until {
		if until.After(now) {
			out = append(out, what)
		} else {
			delete(s.until, what)
		}
	}
	slices.Sort(out)
	return out
}

// watchQueue is how many finished calls may wait to be looked at.
const watchQueue = 8192

// Watched hands a finished call over to be looked at; it never blocks. When calls
// come faster than they are looked at, some are not: fraud shows in the others.
func (s *Service) Watched(r cdr.Record) {
	select {
	case s.stream <- r:
	default:
	}
}

func (s *Service) thresholds() Thresholds {
	if s.cfg.Watch == (Thresholds{}) {
		return UsualThresholds(s.cfg.Currency)
	}
	return s.cfg.Watch
}

// Thresholds are when something looks like fraud here, for the operator.
func (s *Service) Thresholds(by member.Actor) (Thresholds, error) {
	return s.thresholds(), by.OperatorOnly()
}

// Run looks at finished calls until ctx ends.
func (s *Service) Run(ctx context.Context) {
	w := NewWatch(s.thresholds())
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-s.alarms:
			s.raise(ctx, a)
		case r := <-s.stream:
			s.look(ctx, w, &r)
		}
	}
}

// look looks at one.
func (s *Service) look(ctx context.Context, w *Watch, r *cdr.Record) {
	c := s.ended(r)
	list := w.See(&c)
	day := Day(r.End)
	list = append(list, w.Spends(&c, day, func() (usual int64) {
		days, err := s.cfg.Alerts.Days(ctx, c.Payer, day-30)
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "what an account spends is not known", "account", c.Payer, "error", err)
			return 1 << 60 // no alarm rather than a false one
		}
		for d, n := range days {
			if d < day {
				usual = max(usual, n)
			}
		}
		return usual
	})...)
	for _, a := range list {
		s.raise(ctx, a)
	}
}

// ended is a record as far as fraud shows in it. Only the center where a call
// began knows its caller; each call counts once.
func (s *Service) ended(r *cdr.Record) Ended {
	c := Ended{ID: r.CallID, At: r.Start, Talked: r.Duration(), From: r.From.Account, Payer: r.Payer, To: r.To.Account, Micros: r.Charge.Micros}
	if !r.Answered() {
		c.Rang = r.End.Sub(r.Start)
	}
	if c.Payer == "" && !r.Charge.Zero() {
		c.Payer = c.From
	}
	if r.From.Number.Zero() {
		c.Caller = digits(r.From.Text)
	}
	if r.To.Number.Zero() && r.Side == cdr.Origin {
		c.Called = digits(r.To.Text)
		c.Mobile = s.cfg.Mobile != nil && c.Called != "" && s.cfg.Mobile(c.Called)
	}
	return c
}

// digits are those of a number with +; "" of anything else.
func digits(text string) string {
	if !strings.HasPrefix(text, "+") {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}
