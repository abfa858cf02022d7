package store_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/platform/seal"
	"github.com/callisto-tel/callisto/platform/store"
)

// inbox is the other side: it takes messages, or answers as told.
type inbox struct {
	mu     sync.Mutex
	status map[string]int // by address; 0: no answer
	got    []map[string]string
	hangs  chan struct{} // the address "https://slow.example" waits for it
}

func (b *inbox) Send(ctx context.Context, url string, header map[string]string, body []byte) (int, error) {
	if url == "https://slow.example" {
		select {
		case <-b.hangs:
		case <-ctx.Done():
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m := map[string]string{"url": url, "body": string(body)}
	for k, v := range header {
		m[k] = v
	}
	b.got = append(b.got, m)
	if b.status[url] == 0 {
		return 0, errors.New("no answer")
	}
	return b.status[url], nil
}

func (b *inbox) count(url string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.got {
		if m["url"] == url {
			n++
		}
	}
	return n
}

// hooks is a house with its webhooks.
func (h *house) hooks(t *testing.T, dir string, box *inbox) *hook.Service {
	t.Helper()
	v, err := seal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return hook.New(hook.Config{Store: h.db.Hooks(), Vault: v, Sender: box, Now: h.clock.now})
}

// TestAnEventIsQueuedWithItsRecord, once, whatever is written again; and not for
// those who do not want it.
func TestAnEventIsQueuedWithItsRecord(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, clock := t.Context(), newClock()
		h := build(t, cfg, clock)
		box := &inbox{status: map[string]int{"https://a.example": 200}}
		s := h.hooks(t, cfg.Dir, box)
		before := full(1, "acc_a")
		if err := h.db.Calls().AppendRecords(ctx, []cdr.Record{before}); err != nil {
			t.Fatal(err)
		}
		a, secret, err := s.Add(ctx, member.System(), "https://a.example", nil)
		if err != nil || !strings.HasPrefix(secret, "whsec_") || strings.Contains(a.Sealed, secret[6:20]) {
			t.Fatal(a, secret, err)
		}
		list := []cdr.Record{full(2, "acc_a"), full(3, "acc_a")}
		again := list[0]
		again.ID = "cdr_again" // the same call under another id is the same record
		for range 2 {
			if err := h.db.Calls().AppendRecords(ctx, append(list, again)); err != nil {
				t.Fatal(err)
			}
		}
		got, _, err := s.Deliveries(ctx, member.System(), a.ID, "", "", 50)
		if err != nil || len(got) != 2 {
			t.Fatal(got, err)
		}
		clock.add(time.Since(clock.now()) + time.Minute) // what the store queues is of the real clock
		if err := s.Drain(ctx, a); err != nil {
			t.Fatal(err)
		}
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		for _, m := range box.got {
			var x struct {
				Type string
				Data cdr.RecordView
			}
			if err := json.Unmarshal([]byte(m["body"]), &x); err != nil || x.Type != hook.CallEnded || len(x.Data.Legs) != 2 || m["webhook-id"] != "evt_"+x.Data.ID {
				t.Errorf("%v %v", m, err)
			}
			if m["webhook-signature"] != hook.Sign(key, m["webhook-id"], clock.now(), []byte(m["body"])) {
				t.Error("the signature is wrong")
			}
		}
		if len(box.got) != 2 {
			t.Errorf("%d messages", len(box.got))
		}
		for _, wrong := range []string{"http://a.example", "https://", "ftp://a.example", "https://u:p@a.example", "a.example"} {
			if _, _, err := s.Add(ctx, member.System(), wrong, nil); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", wrong, err)
			}
		}
		if _, _, err := s.Add(ctx, member.Actor{Account: "acc_a"}, "https://a.example", nil); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		if err := s.Remove(ctx, member.System(), a.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.db.Calls().AppendRecords(ctx, []cdr.Record{full(4, "acc_a")}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAnAddressThatFails is tried less and less often, its deliveries die, and it
// is given up; the operator takes it into use again, and sends what died.
func TestAnAddressThatFails(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, clock := t.Context(), newClock()
		h := build(t, cfg, clock)
		box := &inbox{status: map[string]int{"https://bad.example": 500}}
		s := h.hooks(t, cfg.Dir, box)
		e, _, err := s.Add(ctx, member.System(), "https://bad.example", []string{hook.CallEnded})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.db.Calls().AppendRecords(ctx, []cdr.Record{full(2, "acc_a")}); err != nil {
			t.Fatal(err)
		}
		clock.add(time.Since(clock.now()) + time.Minute) // what the store queues is of the real clock
		begin := clock.now()
		state := func() hook.Delivery {
			list, _, err := s.Deliveries(ctx, member.System(), e.ID, "", "", 50)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0]
		}
		for range 20000 {
			if e, err = s.Endpoint(ctx, member.System(), e.ID); err != nil {
				t.Fatal(err)
			}
			if err := s.Drain(ctx, e); err != nil {
				t.Fatal(err)
			}
			d := state()
			if d.State == hook.Dead {
				break
			}
			clock.add(max(time.Second, d.Due.Sub(clock.now())))
		}
		d := state()
		if took := clock.now().Sub(begin); d.State != hook.Dead || d.Tries != 13 || d.Status != 500 || d.Error != "The other side answered 500." || took < 60*time.Hour || took > 90*time.Hour {
			t.Errorf("%+v after %s", d, took)
		}
		clock.add(3 * 24 * time.Hour)
		if _, err := s.Try(ctx, member.System(), e.ID); err != nil {
			t.Fatal(err)
		}
		if e, err = s.Endpoint(ctx, member.System(), e.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Drain(ctx, e); err != nil {
			t.Fatal(err)
		}
		if e, err = s.Endpoint(ctx, member.System(), e.ID); err != nil || e.Disabled.IsZero() || e.Why == "" {
			t.Fatalf("it is still in use: %+v %v", e, err)
		}
		if err := h.db.Calls().AppendRecords(ctx, []cdr.Record{full(3, "acc_a")}); err != nil {
			t.Fatal(err)
		}
		if list, _, _ := s.Deliveries(ctx, member.System(), e.ID, "", "", 50); len(list) != 2 {
			t.Errorf("what is not in use is queued for: %d", len(list))
		}
		box.status["https://bad.example"] = 204
		if e, err = s.Use(ctx, member.System(), e.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Resend(ctx, member.System(), e.ID, d.Event); err != nil {
			t.Fatal(err)
		}
		clock.add(time.Hour)
		if err := s.Drain(ctx, e); err != nil {
			t.Fatal(err)
		}
		if list, _, _ := s.Deliveries(ctx, member.System(), e.ID, d.Event, "", 1); list[0].State != hook.Sent || list[0].Status != 204 || list[0].Error != "" {
			t.Errorf("%+v", list[0])
		}
	})
}

// TestAnAddressThatIsGone says so once, and is not asked again.
func TestAnAddressThatIsGone(t *testing.T) {
	t.Parallel()
	clock, cfg := newClock(), cluster.SQLite(t)
	h, box := build(t, cfg, clock), &inbox{status: map[string]int{"https://gone.example": 410}}
	s := h.hooks(t, cfg.Dir, box)
	e, _, err := s.Add(t.Context(), member.System(), "https://gone.example", []string{hook.CallEnded})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Try(t.Context(), member.System(), e.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Drain(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if e, err = s.Endpoint(t.Context(), member.System(), e.ID); err != nil || e.Disabled.IsZero() || e.Why == "" {
			t.Errorf("it is still in use: %+v %v", e, err)
		}
		clock.add(time.Hour)
	}
	if n := box.count("https://gone.example"); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
}

// TestASlowAddressHoldsUpNobody.
func TestASlowAddressHoldsUpNobody(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		clock := newClock()
		h := build(t, cfg, clock)
		box := &inbox{status: map[string]int{"https://slow.example": 200, "https://fast.example": 200}, hangs: make(chan struct{})}
		s := h.hooks(t, cfg.Dir, box)
		ctx, stop := context.WithCancel(t.Context())
		var list []hook.Endpoint
		for _, url := range []string{"https://slow.example", "https://fast.example"} {
			e, _, err := s.Add(ctx, member.System(), url, nil)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, e)
		}
		for _, e := range list {
			for range 5 {
				if _, err := s.Try(ctx, member.System(), e.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		var done sync.WaitGroup
		done.Go(func() { s.Run(ctx) })
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		late := time.After(20 * time.Second)
		for box.count("https://fast.example") < 5 {
			select {
			case <-tick.C:
			case <-late:
				t.Fatal("it waits for the slow one")
			}
		}
		if n := box.count("https://slow.example"); n != 0 {
			t.Errorf("the slow one has %d", n)
		}
		stop()
		done.Wait()
	})
}

// leaving is the other side, with something that happens before it answers.
type leaving struct {
	*inbox

	happens func()
}

func (l *leaving) Send(ctx context.Context, url string, header map[string]string, body []byte) (int, error) {
	l.happens()
	return l.inbox.Send(ctx, url, header, body)
}

// TestARemovedAddressStaysAway, whatever it answers to what was on its way; one
// that is switched off meanwhile keeps the operator's reason.
func TestARemovedAddressStaysAway(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		v, err := seal.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		side := &leaving{inbox: &inbox{status: map[string]int{"https://gone.example": 410}}}
		s := hook.New(hook.Config{Store: h.db.Hooks(), Vault: v, Sender: side, Now: h.clock.now})
		sends := func(happens func(id string)) hook.Endpoint {
			t.Helper()
			e, _, err := s.Add(ctx, member.System(), "https://gone.example", []string{hook.CallEnded})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Try(ctx, member.System(), e.ID); err != nil {
				t.Fatal(err)
			}
			side.happens = func() { happens(e.ID) }
			if err := s.Drain(ctx, e); err != nil {
				t.Fatal(err)
			}
			return e
		}
		sends(func(id string) {
			if err := s.Remove(ctx, member.System(), id); err != nil {
				t.Error(err)
			}
		})
		if list, err := s.Endpoints(ctx, member.System()); err != nil || len(list) != 0 {
			t.Errorf("it is there again: %+v %v", list, err)
		}
		e := sends(func(id string) {
			if _, err := s.Use(ctx, member.System(), id, false); err != nil {
				t.Error(err)
			}
		})
		if e, err = s.Endpoint(ctx, member.System(), e.ID); err != nil || !strings.Contains(e.Why, "operator") {
			t.Errorf("%+v %v", e, err)
		}
	})
}
