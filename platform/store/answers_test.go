package store_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/platform/store"
)

func TestAnAnswerIsKeptOncePerKey(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		a, day := h.db.Answers(), 24*time.Hour
		var first atomic.Int64
		var wg sync.WaitGroup
		for range 20 { // twenty at once: one works, the others wait or are told
			wg.Go(func() {
				_, fresh, err := a.Claim(context.Background(), "acc_a", "k", "digest", h.clock.now(), day)
				if err != nil {
					t.Error(err)
				}
				if fresh {
					first.Add(1)
				}
			})
		}
		wg.Wait()
		if first.Load() != 1 {
			t.Fatalf("%d requests were the first with their key", first.Load())
		}
		want := store.Answer{Digest: "digest", Status: 201, Type: "application/json", Body: []byte(`{"a":"é"}`)}
		if err := a.Keep(ctx, "acc_a", "k", want); err != nil {
			t.Fatal(err)
		}
		got, fresh, err := a.Claim(ctx, "acc_a", "k", "other", h.clock.now(), day)
		if err != nil || fresh || got.Digest != "digest" || got.Status != 201 || string(got.Body) != string(want.Body) {
			t.Errorf("got %+v, %v, %v", got, fresh, err)
		}
		if _, fresh, err := a.Claim(ctx, "acc_b", "k", "digest", h.clock.now(), day); err != nil || !fresh {
			t.Errorf("another account's key: %v, %v", fresh, err)
		}
		if err := a.Drop(ctx, "acc_b", "k"); err != nil {
			t.Fatal(err)
		}
		if _, fresh, err := a.Claim(ctx, "acc_b", "k", "digest", h.clock.now(), day); err != nil || !fresh {
			t.Errorf("a dropped key: %v, %v", fresh, err)
		}
		h.clock.add(time.Minute)
		if x, fresh, err := a.Claim(ctx, "acc_b", "k", "digest", h.clock.now(), day); err != nil || fresh || x.Status != 0 {
			t.Errorf("worked on for a minute: %+v, %v, %v", x, fresh, err)
		}
		h.clock.add(2 * time.Minute) // whoever worked on it is no more
		if _, fresh, err := a.Claim(ctx, "acc_b", "k", "digest", h.clock.now(), day); err != nil || !fresh {
			t.Errorf("a key whose work was never finished: %v, %v", fresh, err)
		}
		if _, fresh, err := a.Claim(ctx, "acc_a", "k", "digest", h.clock.now(), day); err != nil || fresh {
			t.Errorf("an answered key after that time: %v, %v", fresh, err)
		}
		h.clock.add(25 * time.Hour)
		if _, fresh, err := a.Claim(ctx, "acc_a", "k", "other", h.clock.now(), day); err != nil || !fresh {
			t.Errorf("a key of yesterday: %v, %v", fresh, err)
		}
	})
}
