package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/platform/notify"
	"github.com/callisto-tel/callisto/platform/store"
)

// pushes is a push service that answers as told.
type pushes struct {
	mu     sync.Mutex
	answer bell.Outcome
	got    []string // endpoint and payload
}

func (p *pushes) Public() string { return "key" }

func (p *pushes) Check(s bell.Subscription) error {
	if !strings.HasPrefix(s.Endpoint, "https://") {
		return errors.New("not there")
	}
	return nil
}

func (p *pushes) Send(_ context.Context, s bell.Subscription, payload []byte, _ time.Duration, _ string) bell.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, s.Endpoint+" "+string(payload))
	return p.answer
}

// take is what was sent since it was asked last.
func (p *pushes) take(answer bell.Outcome) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got, p.answer = nil, answer
	return got
}

func (h *house) bell(t *testing.T, p *pushes) *bell.Service {
	t.Helper()
	words, err := notify.LoadWords()
	if err != nil {
		t.Fatal(err)
	}
	s := bell.New(bell.Config{Store: h.db.Bell(), Queue: h.db.Bell(), Pusher: p, Words: words, Lines: h.members, Log: slog.New(slog.DiscardHandler), Now: h.clock.now,
		Contacts: func(ctx context.Context, account string) ([]contact.Contact, error) {
			return h.db.Contacts().Contacts(ctx, account)
		},
		Open: func(numbering.Number, string) bool { return false }, At: func(string) []location.Binding { return nil },
		Link: func(path string) string { return "https://tel.example" + path }})
	t.Cleanup(s.Close)
	return s
}

// letters are those of missed calls to an account.
func (h *house) missedLetters(t *testing.T, account string) (out []letter.Queued) {
	t.Helper()
	all, err := h.db.Letters().Of(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if strings.HasPrefix(l.Kind, "missed_call") {
			out = append(out, l)
		}
	}
	return out
}

// TestMissedCallsAreToldOnce: by push and by letter, as the holder chose, whatever
// records there are of a call and whatever answers; letters ten minutes apart.
func TestMissedCallsAreToldOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, &clock{t: time.Now().UTC().Add(time.Minute)}) // what is due is noted by the machine's clock
		p := &pushes{}
		s := h.bell(t, p)
		ann := h.person(t, "ann")
		m, _, err := h.members.Register(ctx, ann, registration(h.buy(t, ann, kr("7002846")).ID))
		if err != nil {
			t.Fatal(err)
		}
		session, who, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Ring(ctx, ann, bell.Subscription{Endpoint: "https://push.example/1"}, "", ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a session: %v", err)
		}
		if err := s.Ring(ctx, who, bell.Subscription{Endpoint: "https://push.example/1", P256DH: "k", Auth: "a"}, "one", "Firefox"); err != nil {
			t.Fatal(err)
		}
		n := 0
		misses := func(cause cdr.Cause, change ...func(*cdr.Record)) {
			t.Helper()
			n++
			r := cdr.Record{ID: fmt.Sprint("cdr_", n), CallID: fmt.Sprint("call_", n), Side: cdr.Origin, Center: "KR", From: cdr.Party{Text: "+82 2 555 0000"},
				To: cdr.Party{Account: ann.Account, Number: m.Number}, Dialled: m.Number.Canonical(), Start: h.clock.now(), End: h.clock.now(), Cause: cause}
			for _, f := range change {
				f(&r)
			}
			again := r // the other center's
			again.ID, again.Side = r.ID+"b", cdr.Home
			if err := h.db.Calls().AppendRecords(ctx, []cdr.Record{r, again}); err != nil {
				t.Fatal(err)
			}
		}
		turn := func() { t.Helper(); h.clock.add(time.Second); h.turnBell(t, s) }

		misses(cdr.NoAnswer)
		turn()
		if got := p.take(bell.Outcome{}); len(got) != 1 || !strings.Contains(got[0], "https://push.example/1 ") || !strings.Contains(got[0], "+82 2 555 0000") {
			t.Errorf("told by push: %q", got)
		}
		if l := h.missedLetters(t, ann.Account); len(l) != 0 {
			t.Errorf("a letter nobody asked for: %+v", l)
		}
		turn()
		misses(cdr.Declined)
		misses(cdr.NoAnswer, func(r *cdr.Record) { r.Answer = r.Start })
		misses(cdr.NoAnswer, func(r *cdr.Record) { r.To.Account = "" })
		misses(cdr.Forbidden)
		turn()
		if got := p.take(bell.Outcome{Later: true, After: 2 * time.Minute, Err: errors.New("busy")}); len(got) != 0 {
			t.Errorf("told of what was not missed: %q", got)
		}

		// A service that asks to wait is asked again then, and not before.
		misses(cdr.Cancelled, func(r *cdr.Record) { r.Withheld = true })
		turn()
		if got := p.take(bell.Outcome{}); len(got) != 1 || strings.Contains(got[0], "+82 2 555 0000") {
			t.Errorf("of a caller who withholds his number: %q", got)
		}
		turn()
		if got := p.take(bell.Outcome{}); len(got) != 0 {
			t.Errorf("too soon: %q", got)
		}
		h.clock.add(2 * time.Minute)
		turn()
		if got := p.take(bell.Outcome{Gone: true, Err: errors.New("gone")}); len(got) != 1 {
			t.Errorf("when it was asked to: %q", got)
		}

		// One that is gone is forgotten.
		misses(cdr.Busy)
		turn()
		if list, err := s.Browsers(ctx, who); err != nil || len(list) != 0 {
			t.Errorf("still there: %+v %v", list, err)
		}

		// By letter: one, and what comes within ten minutes in the next.
		if err := s.Choose(ctx, h.person(t, "eve"), m.ID, bell.Choice{Mail: true}); fault.KindOf(err) != fault.Unknown {
			t.Errorf("another's choice: %v", err)
		}
		if err := s.Choose(ctx, ann, m.ID, bell.Choice{Mail: true}); err != nil {
			t.Fatal(err)
		}
		misses(cdr.NoAnswer)
		turn()
		if l := h.missedLetters(t, ann.Account); len(l) != 1 || l[0].Kind != "missed_call" || l[0].To != "ann@example.com" || l[0].Fields["caller"] != "+82 2 555 0000" || l[0].Fields["number"] != m.Number.Display() {
			t.Errorf("a letter: %+v", l)
		}
		misses(cdr.NoAnswer)
		misses(cdr.Unavailable, func(r *cdr.Record) { r.Withheld = true })
		turn()
		if l := h.missedLetters(t, ann.Account); len(l) != 1 {
			t.Errorf("%d letters at once", len(l))
		}
		h.clock.add(bell.LetterEvery)
		turn()
		turn()
		if l := h.missedLetters(t, ann.Account); len(l) != 2 || l[0].Kind != "missed_calls" || l[0].Fields["count"] != "2" || strings.Count(l[0].Fields["list"], "\n") != 1 {
			t.Errorf("what came meanwhile: %+v", l)
		}

		// What was switched on in a session ends with it, and at most ten ring.
		if err := s.Ring(ctx, who, bell.Subscription{Endpoint: "https://push.example/2"}, "", ""); err != nil {
			t.Fatal(err)
		}
		if err := h.members.SignOut(ctx, session.Token); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Browsers(ctx, who); err != nil || len(list) != 0 {
			t.Errorf("rings where nobody is signed in: %+v %v", list, err)
		}
		if err := s.Ring(ctx, who, bell.Subscription{Endpoint: "https://push.example/3"}, "", ""); err == nil {
			t.Error("a session that has ended rings")
		}
		var last member.Actor
		for i := range bell.Most {
			if _, last, err = h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere); err != nil {
				t.Fatal(err)
			}
			if err := s.Ring(ctx, last, bell.Subscription{Endpoint: fmt.Sprint("https://push.example/x", i)}, "", ""); err != nil {
				t.Fatal(i, err)
			}
		}
		if _, who, err = h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere); err != nil {
			t.Fatal(err)
		}
		if err := s.Ring(ctx, who, bell.Subscription{Endpoint: "https://push.example/more"}, "", ""); fault.KindOf(err) != fault.Conflict {
			t.Errorf("one more than may: %v", err)
		}
		if err := s.Ring(ctx, last, bell.Subscription{Endpoint: "https://push.example/x9"}, "", ""); err != nil {
			t.Errorf("the same again: %v", err)
		}
		if err := h.members.EndSession(ctx, who, last.Session); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Browsers(ctx, who); err != nil || len(list) != bell.Most-1 {
			t.Errorf("%d after one was ended: %v", len(list), err)
		}
	})
}

func (h *house) turnBell(t *testing.T, s *bell.Service) {
	t.Helper()
	if err := s.Turn(t.Context()); err != nil {
		t.Error(err)
	}
}
