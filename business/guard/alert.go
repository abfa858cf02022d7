package guard

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
)

// AlertKind is what an alert is about.
type AlertKind string

// The kinds of alert.
const (
	TooFast AlertKind = "too_fast" // an account's calls were stopped
	Wangiri AlertKind = "wangiri"  // a range rings many members once
	SIMBox  AlertKind = "sim_box"  // an account carries other people's calls
	Spike   AlertKind = "spike"    // an account spends far more than ever
	Pumping AlertKind = "pumping"  // several accounts talk long to one dear range
	Guesses AlertKind = "guesses"  // many wrong PINs at access numbers
)

// State is what the operator did with an alert.
type State string

// The states.
const (
	Raised State = "open"
	Seen   State = "acknowledged"
	Closed State = "closed"
)

// Alert is what the operator should look at.
type Alert struct {
	ID       string
	Kind     AlertKind
	Subject  string // an account, a range as +88213, a carrier, or "house"
	First    time.Time
	Last     time.Time
	Count    int    // calls; of Guesses wrong PINs
	Text     string // more of it, for people
	Evidence Evidence
	State    State
	Note     string
	By       string // account of who changed it last
	Changed  time.Time
}

// Evidence is what an alert was raised by.
type Evidence struct {
	Facts []Fact   `json:"facts,omitempty"`
	Bars  []int    `json:"bars,omitempty"` // calls in each stretch of Step, the last at the end
	Step  int      `json:"step,omitempty"` // seconds
	Calls []string `json:"calls,omitempty"`
}

// Fact is one number of it.
type Fact struct {
	Name  string `json:"name"` // calls, numbers, accounts, short, hours, seconds, incoming, mobile, spent, usual, wrong
	Value int64  `json:"value"`
}

// Alerts keeps alerts.
type Alerts interface {
	// Raise keeps an alert. One of the kind and subject that is not closed is
	// brought up to date, and fresh is false.
	Raise(ctx context.Context, a Alert) (fresh bool, err error)
	// Alerts lists them, the latest first; kind and state "" are all.
	Alerts(ctx context.Context, f AlertFilter) ([]Alert, error)
	Alert(ctx context.Context, id string) (Alert, bool, error)
	SetAlert(ctx context.Context, a Alert) error
	// Days are what an account's calls did cost on each day since one that it
	// spent anything.
	Days(ctx context.Context, account string, since int64) (map[int64]int64, error)
}

// AlertFilter is which alerts are meant.
type AlertFilter struct {
	Kind   AlertKind
	State  State
	Before string // id of the last one seen
	Limit  int
}

// mostNoteText bounds what is written about an alert.
const mostNoteText = 2000

// AlertsOf lists alerts for the operator. next is the cursor of the page after.
func (s *Service) AlertsOf(ctx context.Context, by member.Actor, f AlertFilter) (list []Alert, next string, err error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, "", err
	}
	limit := min(max(f.Limit, 1), 200)
	f.Limit = limit + 1
	list, err = s.cfg.Alerts.Alerts(ctx, f)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// AlertOf is one of them.
func (s *Service) AlertOf(ctx context.Context, by member.Actor, id string) (Alert, error) {
	if err := by.OperatorOnly(); err != nil {
		return Alert{}, err
	}
	a, found, err := s.cfg.Alerts.Alert(ctx, id)
	if err == nil && !found {
		err = fault.New(fault.Unknown, "alert_unknown", "There is no alert %s.", id)
	}
	return a, err
}

// SetAlert has the operator say what he made of an alert.
func (s *Service) SetAlert(ctx context.Context, by member.Actor, id string, state State, note string) (Alert, error) {
	a, err := s.AlertOf(ctx, by, id)
	if err != nil {
		return a, err
	}
	if state != Raised && state != Seen && state != Closed {
		return a, fault.Fields(fault.Field{Name: "state", Text: "An alert is open, acknowledged or closed."})
	}
	if utf8.RuneCountInString(note) > mostNoteText {
		return a, fault.Fields(fault.Field{Name: "note", Text: "Write at most 2000 letters."})
	}
	a.State, a.Note, a.By, a.Changed = state, note, by.Account, s.cfg.Now()
	if err := s.cfg.Alerts.SetAlert(ctx, a); err != nil {
		return a, err
	}
	if a.Kind == Wangiri && state == Closed {
		s.suspects.remove(a.Subject)
	}
	return a, nil
}

// Guessed has an alert raised: a carrier, or the house, saw so many wrong PINs that
// nobody is asked for one there for a while. It does not block.
func (s *Service) Guessed(where string, wrong int) {
	now := s.cfg.Now()
	select {
	case s.alarms <- Alert{Kind: Guesses, Subject: where, First: now, Last: now, Count: wrong, Evidence: Evidence{Facts: []Fact{{"wrong", int64(wrong)}}}}:
	default: // there are alarms enough
	}
}

// raise keeps an alert and tells whoever is to be told.
func (s *Service) raise(ctx context.Context, a Alert) {
	if s.cfg.Alerts == nil {
		return
	}
	now := s.cfg.Now()
	a.ID, a.State, a.Changed = ident.New("alr", now), Raised, now
	if a.Kind == Wangiri {
		s.suspects.add(a.Subject, now.Add(suspectFor))
	}
	fresh, err := s.cfg.Alerts.Raise(ctx, a)
	switch {
	case err != nil:
		s.cfg.Log.ErrorContext(ctx, "an alert cannot be kept", "kind", a.Kind, "subject", a.Subject, "error", err)
	case fresh:
		s.cfg.Log.WarnContext(ctx, "this looks like fraud", "kind", a.Kind, "subject", a.Subject, "calls", a.Count)
		if s.cfg.Alarm != nil {
			s.cfg.Alarm(a)
		}
	}
}
