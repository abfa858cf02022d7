package proof

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Config is what the service needs.
type Config struct {
	Plans    *numbering.Plans
	Carriers Carriers
	Caller   Caller
	// May says why an account may not have telephones called, if so; nil: all may.
	May func(ctx context.Context, account string) error
	// Open reports whether telephones of a country may be called.
	Open func(country string) bool
	// After is told of each proof that has succeeded; nil: nobody is.
	After func(ctx context.Context, p Proof)
	// Code makes a code; nil draws six digits.
	Code func() string
	Log  *slog.Logger
	Now  func() time.Time
}

// Service makes proofs.
type Service struct {
	store Store
	cfg   Config

	mu    sync.Mutex
	steps map[string]string // what was told last of calls under way
	jobs  sync.WaitGroup
}

// New returns the service.
func New(store Store, cfg Config) *Service {
	if cfg.Code == nil {
		cfg.Code = draw
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, cfg: cfg, steps: map[string]string{}}
}

// Close waits for what is being written.
func (s *Service) Close() { s.jobs.Wait() }

func draw() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil { // crypto/rand never fails
		panic(err)
	}
	return fmt.Sprintf("%06d", n)
}

// hash of a code: it is good for minutes only, and for this proof alone.
func hash(id, code string) string {
	h := sha256.Sum256([]byte("proof " + id + " " + code))
	return hex.EncodeToString(h[:])
}

// Request is what somebody wants to prove.
type Request struct {
	Number   string // + form
	Purpose  Purpose
	Language string // the code is to be spoken in
}

// Begin calls a telephone.
func (s *Service) Begin(ctx context.Context, by member.Actor, r Request) (Proof, error) {
	if by.Account == "" {
		return Proof{}, fault.New(fault.Unproven, "sign_in", "Sign in to prove a telephone number.")
	}
	if s.cfg.May != nil {
		if err := s.cfg.May(ctx, by.Account); err != nil {
			return Proof{}, err
		}
	}
	code, national, err := s.cfg.Plans.Own(r.Number)
	if err != nil {
		return Proof{}, err
	}
	if !slices.Contains(Purposes(), r.Purpose) {
		return Proof{}, fault.New(fault.Invalid, "purpose_unknown", "%q is no purpose of a proof. There are own_phone, root, contact and other_voip.", string(r.Purpose)).
			WithFields(fault.Field{Name: "purpose", Text: "Use own_phone, root, contact or other_voip."})
	}
	country, _ := s.cfg.Plans.Valid(code, national)
	if !s.cfg.Open(country) {
		return Proof{}, fault.New(fault.Forbidden, "country_not_called", "Telephones in %s are not called at present.", country)
	}
	way, ok := s.cfg.Carriers.For(country)
	if !ok {
		return Proof{}, fault.New(fault.Unavailable, "no_carrier", "No telephone can be called at present: there is no carrier. Try again later.")
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	spoken := s.cfg.Code()
	p := Proof{
		ID: ident.New("prf", now), Account: by.Account, E164: "+" + code + national, Country: country, Purpose: r.Purpose, Language: language(r.Language),
		State: Calling, Created: now, Until: now.Add(callFor),
	}
	p.Hash = hash(p.ID, spoken)
	limits := limitsOf(p)
	full, since, err := s.store.InsertProof(ctx, p, limits, window)
	if err != nil {
		return Proof{}, err
	}
	if full != nil {
		return Proof{}, reached(full, since.Add(window))
	}
	err = s.cfg.Caller.SpeakCode(ctx, Call{
		Carrier: way, E164: p.E164, Language: p.Language, Code: spoken, Told: s.told(p.ID), Over: s.over(p.ID),
	})
	if err != nil { // no call was made: it counts for nothing
		if werr := s.store.WithdrawProof(context.WithoutCancel(ctx), p.ID, limits); werr != nil {
			s.cfg.Log.WarnContext(ctx, "a proof without a call could not be withdrawn", "proof", p.ID, "error", werr)
		}
		return Proof{}, err
	}
	return p, nil
}

// language keeps what looks like a language tag.
func language(s string) string {
	if s == "" || len(s) > 20 || strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "en"
	}
	return s
}

func limitsOf(p Proof) []Limit {
	return []Limit{
		{"account:" + p.Account, perAccount},
		{"number:" + p.E164, perNumber},
		{"prefix:" + p.E164[:len(p.E164)-4], perPrefix},
	}
}

// reached says which limit is, and when it ends.
func reached(l *Limit, again time.Time) error {
	at := again.UTC().Format("2 Jan, 15:04 UTC")
	kind, what, _ := strings.Cut(l.Key, ":")
	switch kind {
	case "number":
		return fault.New(fault.Limited, "number_called_enough", "%s was called %d times within a day. It can be called again from %s.", what, l.Most, at)
	case "prefix":
		return fault.New(fault.Limited, "prefix_called_enough", "Numbers that begin with %s were called %d times within a day. They can be called again from %s.", what, l.Most, at)
	default:
		return fault.New(fault.Limited, "account_called_enough", "Your account asked for %d calls within a day. You can ask for another from %s.", l.Most, at)
	}
}

// told returns who listens to a call's steps.
func (s *Service) told(id string) func(string) {
	return func(step string) {
		s.mu.Lock()
		s.steps[id] = step
		s.mu.Unlock()
		if step == "spoken" {
			s.move(id, Spoken, fault.Reason{}, CodeFor)
		}
	}
}

// over returns who listens to its end.
func (s *Service) over(id string) func(End) {
	return func(e End) {
		s.mu.Lock()
		last := s.steps[id]
		delete(s.steps, id)
		s.mu.Unlock()
		if last != "spoken" {
			s.move(id, Failed, why(e, last), CodeFor)
		}
	}
}

// move writes a change of a proof that is being called, off the caller's thread.
func (s *Service) move(id string, to State, reason fault.Reason, keep time.Duration) {
	s.jobs.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := s.store.MoveProof(ctx, id, Calling, to, reason, s.cfg.Now().Add(keep)); err != nil {
			s.cfg.Log.Error("what became of a proof's call could not be stored", "proof", id, "state", string(to), "error", err)
		}
	})
}

// why is the reason of a call that spoke no code.
func why(e End, last string) fault.Reason {
	r := fault.Reason{Code: "call_" + e.Why}
	switch {
	case e.Answered && last == "silent":
		r.Code, r.Text = "no_key", "The call was answered, but nobody pressed 1. Ask for another call, and press 1 when you are told to."
	case e.Answered:
		r.Code, r.Text = "hung_up", "The call was answered, but it ended before 1 was pressed. Ask for another call, and press 1 when you are told to."
	case e.Why == "busy":
		r.Text = "The telephone is busy. Ask for another call when it is free."
	case e.Why == "no_answer":
		r.Text = "Nobody answered. Ask for another call when you are at the telephone."
	case e.Why == "declined":
		r.Text = "The call was declined. Ask for another call, and take it."
	case e.Why == "not_found":
		r.Text = "There is no such telephone. Check the number."
	case e.Why == "unavailable":
		r.Text = "The telephone cannot be reached now. Ask for another call later."
	default:
		r.Code, r.Text = "call_failed", "The call did not go through. That is no fault of yours: try again later."
	}
	return r
}

// find returns a proof of an account's own; a stranger's does not exist for others.
func (s *Service) find(ctx context.Context, by member.Actor, id string) (Proof, error) {
	p, found, err := s.store.Proof(ctx, id)
	if err != nil {
		return Proof{}, err
	}
	if !found || !by.May(p.Account) {
		return Proof{}, fault.New(fault.Unknown, "proof_unknown", "There is no proof %s.", id)
	}
	return p.at(s.cfg.Now()), nil
}

// Proof returns one.
func (s *Service) Proof(ctx context.Context, by member.Actor, id string) (Proof, error) {
	return s.find(ctx, by, id)
}

// Step is what was told last of a proof's call: "ringing", "answered",
// "asked"; "" before anything was.
func (s *Service) Step(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.steps[id]
}

// Confirm takes the code.
func (s *Service) Confirm(ctx context.Context, by member.Actor, id, code string) (Proof, error) {
	p, err := s.find(ctx, by, id)
	if err != nil {
		return Proof{}, err
	}
	if by.Account != p.Account {
		return Proof{}, fault.New(fault.Forbidden, "not_yours", "Only the account that asked for the call can give the code.")
	}
	code = digits(code)
	if len(code) != 6 {
		return p, fault.New(fault.Invalid, "code_form", "The code has six digits.").WithFields(fault.Field{Name: "code", Text: "Enter six digits."})
	}
	now := s.cfg.Now()
	counted, err := s.store.GuessProof(ctx, id, hash(id, code), now, now.Add(ProvedFor))
	if err != nil {
		return p, err
	}
	if p, err = s.find(ctx, by, id); err != nil {
		return p, err
	}
	switch {
	case counted && p.State == Proved:
		if s.cfg.After != nil {
			s.cfg.After(ctx, p)
		}
		return p, nil
	case counted && p.GuessesLeft() > 0:
		return p, fault.New(fault.Conflict, "code_wrong", "That is not the code. You can try %d more times.", p.GuessesLeft()).
			WithFields(fault.Field{Name: "code", Text: "That is not the code."})
	case p.State == Proved:
		return p, fault.New(fault.Conflict, "code_used", "The code was used already: %s is proved.", p.E164)
	case p.State == Calling:
		return p, fault.New(fault.Conflict, "code_not_spoken", "The code has not been spoken yet. Take the call, and press 1.")
	case p.State == Spoken, p.Reason.Code == "guesses_used":
		return p, fault.New(fault.Conflict, "guesses_used", "A wrong code was entered %d times. Ask for another call.", MostGuesses)
	case p.Reason.Text != "":
		return p, fault.New(fault.Conflict, p.Reason.Code, "%s", p.Reason.Text)
	default:
		return p, fault.New(fault.Conflict, "code_expired", "The code was not entered in time. Ask for another call.")
	}
}

// digits keeps the digits of what was typed, of any script's.
func digits(s string) string {
	typed, err := numbering.ParseTyped(s)
	if err != nil || typed.Kind != numbering.Digits {
		return ""
	}
	return typed.Text
}

// Proved reports whether an account has proved a number for a purpose, and when.
func (s *Service) Proved(ctx context.Context, account, e164 string, purpose Purpose) (Proof, bool, error) {
	return s.store.ProvedProof(ctx, account, e164, purpose, s.cfg.Now())
}

// Sweep forgets the counts that count no more, and after a month the attempts
// that came to nothing.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.cfg.Now()
	return s.store.SweepProofs(ctx, now.Add(-window), now.Add(-keepFor))
}
