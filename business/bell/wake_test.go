package bell

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/numbering"
)

// slow is a house whose store, and whose push service of one account, answer only
// when they are let.
type slow struct {
	Store
	Queue
	store, push chan struct{}
	gone        bool // bobby's browser was found to be no more
	mu          sync.Mutex
	sent        []string
	due         []Push
}

func (s *slow) Person(_ context.Context, account string) (Person, bool, error) {
	<-s.store
	return Person{Account: account}, true, nil
}

func (s *slow) Browsers(_ context.Context, account string, _ time.Time) ([]Browser, error) {
	return []Browser{{ID: "b", Account: account, Subscription: Subscription{Endpoint: account}}}, nil
}

// number is that of an account: their names are of different lengths.
func number(account string) numbering.Number {
	return numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: strconv.Itoa(25551000 + len(account))}
}

func (s *slow) Sleeping(context.Context, time.Time) (list []Sleeper, err error) {
	for _, account := range []string{"ann", "bobby", "mallory"} {
		if account != "bobby" || !s.gone {
			list = append(list, Sleeper{Account: account, Number: number(account)})
		}
	}
	return list, nil
}

func (s *slow) DropBrowser(context.Context, string, string, string) (bool, error) {
	s.gone = true
	return true, nil
}

func (s *slow) Choice(context.Context, string) (Choice, bool, error) { return Choice{}, true, nil }

func (s *slow) TakePushes(context.Context, time.Time, time.Duration, int) ([]Push, error) {
	return s.due, nil
}

func (s *slow) PushDone(context.Context, Push) error { return nil }

func (s *slow) Digests(context.Context, time.Time, int) ([]Digest, error) { return nil, nil }

func (s *slow) Public() string { return "" }

func (s *slow) Check(Subscription) error { return nil }

func (s *slow) Short(l letter.Letter) (title, body string, err error) { return l.Kind, "", nil }

func (s *slow) Send(_ context.Context, to Subscription, payload []byte, _ time.Duration, _ string) Outcome {
	switch to.Endpoint {
	case "mallory":
		<-s.push
	case "bobby":
		return Outcome{Gone: true}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, _, _ := strings.Cut(strings.TrimPrefix(string(payload), `{"kind":"`), `"`)
	s.sent = append(s.sent, to.Endpoint+" "+kind)
	return Outcome{}
}

func (s *slow) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.sent, ", ")
}

func newSlow(t *testing.T) (*slow, *Service) {
	t.Helper()
	h := &slow{store: make(chan struct{}), push: make(chan struct{})}
	s := New(Config{Store: h, Queue: h, Pusher: h, Words: h, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Contacts: func(context.Context, string) ([]contact.Contact, error) { return nil, nil },
		Open:     func(numbering.Number, string) bool { return false }})
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h, s
}

// wakes has a call ring for an account.
func (s *Service) wakes(call, account string, vain func()) bool {
	return s.Wake(number(account).Canonical(), Call{ID: call}, vain)
}

// rests has it ring no more.
func (s *Service) rests(call, account string) { s.Rest(call, number(account).Canonical(), false) }

// TestTheLastBrowserIsGone while a call rings: nothing is kept of the call, though
// there is nobody to wake any more when it ends.
func TestTheLastBrowserIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := newSlow(t)
		close(h.store)
		vain := false
		if !s.wakes("c", "bobby", func() { vain = true }) {
			t.Fatal("nobody is woken")
		}
		synctest.Wait()
		if _, asleep := s.Asleep(number("bobby").Canonical()); asleep || !vain {
			t.Errorf("asleep %v, in vain %v", asleep, vain)
		}
		s.rests("c", "bobby")
		if len(s.woken) != 0 || s.wakes("d", "bobby", func() {}) {
			t.Errorf("kept %v", s.woken)
		}
		s.Close()
	})
}

// TestCallIsOverBeforeAnybodyIsFound: it rings nowhere, and nothing of it is kept.
func TestCallIsOverBeforeAnybodyIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := newSlow(t)
		if !s.wakes("c", "ann", func() {}) {
			t.Fatal("nobody is woken")
		}
		s.rests("c", "ann")
		close(h.store)
		synctest.Wait()
		if got := h.told(); got != "" || len(s.woken) != 0 {
			t.Errorf("told %q, kept %v", got, s.woken)
		}
		s.wakes("d", "ann", func() {})
		synctest.Wait()
		s.rests("d", "ann")
		synctest.Wait()
		if got := h.told(); got != "ann call, ann over" || len(s.woken) != 0 || len(s.busy) != 0 {
			t.Errorf("told %q, kept %v, %v", got, s.woken, s.busy)
		}
		s.Close()
	})
}

// TestSlowPushServiceOfOneAccount keeps nobody else from being rung or told.
func TestSlowPushServiceOfOneAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := newSlow(t)
		close(h.store)
		n := 0
		for i := range 2 * atOnce {
			if s.wakes(string(rune('a'+i)), "mallory", func() {}) {
				n++
			}
		}
		synctest.Wait()
		if n != mostEach || len(s.woken) != n {
			t.Errorf("%d calls of one account are told of at once, %d kept", n, len(s.woken))
		}
		if !s.wakes("c", "ann", func() {}) {
			t.Error("nobody else is rung")
		}
		synctest.Wait()
		h.due = []Push{{Missed: Missed{Call: "x", Account: "mallory", Start: time.Now()}, Browser: Browser{Subscription: Subscription{Endpoint: "mallory"}}},
			{Missed: Missed{Call: "y", Account: "ann", Start: time.Now()}, Browser: Browser{Subscription: Subscription{Endpoint: "ann"}}}}
		go func() { _ = s.Turn(context.Background()) }()
		synctest.Wait()
		if got := h.told(); got != "ann call, ann missed" {
			t.Errorf("told %q", got)
		}
		close(h.push)
		synctest.Wait()
		s.Close()
	})
}
