package bell

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/letter"
)

// How missed calls are told.
const (
	lease     = time.Minute
	perTurn   = 50
	missedFor = 24 * time.Hour      // how long one is worth a message
	kept      = 14 * 24 * time.Hour // how long one is remembered, so that no record of it counts again
	turnEvery = time.Second
	sweepEach = time.Hour
	// LetterEvery is the shortest time between two letters to an account: what was
	// missed meanwhile is in the next one.
	LetterEvery = 10 * time.Minute
	mostCalls   = 100 // in a letter
)

// Run tells of missed calls until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	var swept time.Time
	for {
		if err := s.Turn(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "missed calls could not be told", "error", err)
		}
		if now := s.cfg.Now(); now.Sub(swept) > sweepEach {
			swept = now
			if err := s.cfg.Queue.SweepMissed(ctx, now.Add(-kept)); err != nil && ctx.Err() == nil {
				s.cfg.Log.WarnContext(ctx, "old missed calls could not be forgotten", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Turn tells what is due, once.
func (s *Service) Turn(ctx context.Context) error {
	return errors.Join(s.pushes(ctx), s.letters(ctx))
}

func (s *Service) pushes(ctx context.Context) error {
	list, err := s.cfg.Queue.TakePushes(ctx, s.cfg.Now(), lease, perTurn)
	if err != nil {
		return err
	}
	// Side by side: a push service that takes its time keeps up nobody else; and all
	// is over before others may take the same ones.
	ctx, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	var all sync.WaitGroup
	errs := make([]error, len(list))
	slots := make(chan struct{}, mostEach)
	for i := range list {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			errs[i] = s.push(ctx, list[i])
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// push sends one message and notes what came of it. Sent twice, after a crash, it
// is shown once: it has the same tag.
func (s *Service) push(ctx context.Context, p Push) error {
	now := s.cfg.Now()
	left := missedFor - now.Sub(p.Start)
	if left <= 0 {
		return s.cfg.Queue.PushDone(ctx, p)
	}
	w := &woken{Call: Call{Sleeper: Sleeper{Account: p.Missed.Account, Membership: p.Membership, Number: p.Number}, ID: p.Call, Caller: p.Caller}, person: p.Person}
	var err error
	if w.Name, err = s.named(ctx, w.Call); err != nil {
		return err
	}
	payload, err := s.note(missedWords, "missed", w, time.Time{})
	if err != nil {
		return err
	}
	o := s.cfg.Pusher.Send(ctx, p.Browser.Subscription, payload, left, topicOf(p.Call))
	s.noted(ctx, p.Browser, o)
	done := context.WithoutCancel(ctx)
	if !o.Later {
		return s.cfg.Queue.PushDone(done, p)
	}
	return s.cfg.Queue.PushLater(done, p, now.Add(max(o.After, wait(p.Tries))))
}

// wait is how long after the tries-th time it is tried again.
func wait(tries int) time.Duration {
	return min(15*time.Second<<min(max(tries-1, 0), 10), time.Hour)
}

func (s *Service) letters(ctx context.Context) error {
	now := s.cfg.Now()
	list, err := s.cfg.Queue.Digests(ctx, now.Add(-LetterEvery), perTurn)
	if err != nil {
		return err
	}
	for _, d := range list {
		if len(d.Calls) > mostCalls {
			d.Calls = d.Calls[:mostCalls]
		}
		list, wrong := s.cfg.Contacts(ctx, d.Person.Account)
		if wrong == nil {
			wrong = s.cfg.Queue.PostDigest(ctx, d, s.letter(d, contact.NamesOf(list)), now)
		}
		err = errors.Join(err, wrong)
	}
	return err
}

// letter is what a member is written of missed calls: of one who and when, of more
// a list. Who is among his contacts is named.
func (s *Service) letter(d Digest, names contact.Names) letter.Letter {
	zone, err := time.LoadLocation(d.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	first := &d.Calls[0]
	l := letter.Letter{Key: "missed:" + first.Account + ":" + first.Call, Account: d.Person.Account, To: d.Email, Language: d.Language, Kind: letterWords, Fields: map[string]string{
		"number": first.Number.Display(), "caller": orDash(nameAndNumber(names.Of(first.Caller), first.Caller)), "when": stamp(first.Start.In(zone)), "link": s.cfg.Link("/calls"),
	}}
	if len(d.Calls) == 1 {
		if first.Caller == "" {
			l.Kind += "_private"
		}
		return l
	}
	lines := make([]string, 0, len(d.Calls))
	for i := range d.Calls {
		c := &d.Calls[i]
		lines = append(lines, stamp(c.Start.In(zone))+"   "+orDash(nameAndNumber(names.Of(c.Caller), c.Caller))+" → "+c.Number.Display())
	}
	l.Kind = digestWords
	l.Fields["count"], l.Fields["list"] = strconv.Itoa(len(d.Calls)), strings.Join(lines, "\n")
	return l
}

// stamp is a time as readers of every language know it.
func stamp(t time.Time) string { return t.Format("2006-01-02 15:04 -0700") }

// nameAndNumber is somebody by name and number, as far as they are known.
func nameAndNumber(name, number string) string {
	if name == "" {
		return number
	}
	return name + ", " + number
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
