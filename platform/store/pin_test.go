package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/platform/store"
)

func pinsOf(h *house) *pin.Service {
	return pin.New(h.db.PINs(), pin.Config{
		Secrets: h.members, Fresh: h.members.Fresh, Now: h.clock.now, Link: func(path string) string { return "http://x" + path },
		Reader: func(ctx context.Context, account string) (string, string, error) {
			a, err := h.members.Account(ctx, member.System(), account)
			return a.Email, a.Language, err
		},
	})
}

// lockLetters counts the letters that tell of a lock.
func (h *house) lockLetters(t *testing.T) (n int) {
	t.Helper()
	for _, l := range h.mail(t) {
		if l.Kind == "pin_locked" && l.Fields["until"] != "" && l.Fields["link"] == "http://x/access" {
			n++
		}
	}
	return n
}

// TestAPINIsLockedAfterFive wrong ones in a row, for an hour and then for two, is
// not looked at while it is, and its holder is told by letter each time.
func TestAPINIsLockedAfterFive(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		p, who := pinsOf(h), h.person(t, "ada")
		check := func(digits string, want pin.Result) {
			t.Helper()
			if got, err := p.Check(ctx, who.Account, digits); err != nil || got != want {
				t.Errorf("%s is found %v (%v), want %v", digits, got, err, want)
			}
		}
		check("271828", pin.Wrong) // there is none yet
		for _, weak := range []string{"12345", "1234567", "000000", "123456", "987654", "121212", "123123", "135790x"} {
			if err := p.Set(ctx, who, weak); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s is taken: %v", weak, err)
			}
		}
		if err := p.Set(ctx, who, "271 828"); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			check("314159", pin.Wrong)
		}
		check("271828", pin.Right) // the count begins anew
		for round, long := range []time.Duration{time.Hour, 2 * time.Hour} {
			for range 4 {
				check("314159", pin.Wrong)
			}
			check("314159", pin.Locked)
			check("271828", pin.Locked)
			if s, err := p.Of(ctx, who); err != nil || !s.Until.Equal(h.clock.now().Add(long)) || s.Locked != round+1 {
				t.Errorf("round %d: %+v %v", round, s, err)
			}
			h.clock.add(long + time.Second)
		}
		check("271828", pin.Right)
		if n := h.lockLetters(t); n != 2 {
			t.Errorf("%d letters tell of the locks", n)
		}
		// Unlocking needs fresh proof, and ends what the next lock would take longer for.
		for range 5 {
			_, _ = p.Check(ctx, who.Account, "314159")
		}
		stale := who
		stale.Proved = h.clock.now().Add(-time.Hour)
		if err := p.Unlock(ctx, stale); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("unlocked without fresh proof: %v", err)
		}
		who.Proved = h.clock.now()
		if err := p.Unlock(ctx, who); err != nil {
			t.Fatal(err)
		}
		check("271828", pin.Right)
		if err := p.Remove(ctx, who); err != nil {
			t.Fatal(err)
		}
		check("271828", pin.Wrong)
	})
}

// TestManyGuessesAtOnce are five and no more, and one letter.
func TestManyGuessesAtOnce(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := context.Background()
		h := build(t, cfg, newClock())
		p, who := pinsOf(h), h.person(t, "ada")
		if err := p.Set(ctx, who, "271828"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		found := map[pin.Result]int{}
		for range 30 {
			wg.Go(func() {
				r, err := p.Check(ctx, who.Account, "314159")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				found[r]++
			})
		}
		wg.Wait()
		if found[pin.Wrong] > 4 || found[pin.Right] > 0 || found[pin.Locked] < 26 {
			t.Errorf("of 30 guesses: %v", found)
		}
		if r, err := p.Check(ctx, who.Account, "271828"); err != nil || r != pin.Locked {
			t.Errorf("after them the right one is found %v, %v", r, err)
		}
		if n := h.lockLetters(t); n != 1 {
			t.Errorf("%d letters tell of the lock", n)
		}
	})
}
