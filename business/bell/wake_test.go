package bell

import (
	"context"
	"log/slog"
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
	if to.Endpoint == "mallory" {
		<-s.push
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

func newSlow() (*slow, *Service) {
	s := &slow{store: make(chan struct{}), push: make(chan struct{})}
	return s, New(Config{Store: s, Queue: s, Pusher: s, Words: s, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Contacts: func(context.Context, string) ([]contact.Contact, error) { return nil, nil },
		Open:     func(numbering.Number, string) bool { return false }})
}

// TestCallIsOverBeforeAnybodyIsFound: it rings nowhere, and nothing of it is kept.
func TestCallIsOverBeforeAnybodyIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := newSlow()
		if !s.Wake(Call{ID: "c", Account: "ann"}, func() {}) {
			t.Fatal("nobody is woken")
		}
		s.Rest("c", "ann", false)
		close(h.store)
		synctest.Wait()
		if got := h.told(); got != "" || len(s.woken) != 0 {
			t.Errorf("told %q, kept %v", got, s.woken)
		}
		s.Wake(Call{ID: "d", Account: "ann"}, func() {})
		synctest.Wait()
		s.Rest("d", "ann", false)
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
		h, s := newSlow()
		close(h.store)
		n := 0
		for i := range 2 * atOnce {
			if s.Wake(Call{ID: string(rune('a' + i)), Account: "mallory"}, func() {}) {
				n++
			}
		}
		synctest.Wait()
		if n != mostEach || len(s.woken) != n {
			t.Errorf("%d calls of one account are told of at once, %d kept", n, len(s.woken))
		}
		if !s.Wake(Call{ID: "c", Account: "ann"}, func() {}) {
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
