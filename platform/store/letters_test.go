package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/store/storetest"
)

func TestALetterIsTakenOnceAndKeptUntilItIsSent(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		post := storetest.Open(t, cfg).Letters()
		for i := range 20 {
			for range 2 { // posted twice is once
				if err := post.Post(ctx, letter.Letter{Key: fmt.Sprint("k", i), To: "ann@example.com", Kind: "receipt", Language: "ko", Fields: map[string]string{"order": "ord_1"}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		now := time.Now().Add(time.Second)
		var mu sync.Mutex
		got := map[string]letter.Queued{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				list, err := post.Take(context.Background(), now, time.Minute, 20)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, x := range list {
					if _, twice := got[x.ID]; twice {
						t.Errorf("%s was taken twice", x.ID)
					}
					got[x.ID] = x
				}
			})
		}
		wg.Wait()
		if len(got) != 20 {
			t.Fatalf("%d letters", len(got))
		}
		n := 0
		for id, x := range got {
			if x.Tries != 1 || x.Fields["order"] != "ord_1" || x.Language != "ko" {
				t.Errorf("%+v", x)
			}
			switch n % 3 {
			case 0:
				if err := post.Sent(ctx, id, now); err != nil {
					t.Fatal(err)
				}
			case 1:
				if err := post.Later(ctx, id, time.Time{}, "550 no such person"); err != nil {
					t.Fatal(err)
				}
			} // the others are lost with who took them
			n++
		}
		again, err := post.Take(ctx, now.Add(2*time.Minute), time.Minute, 50)
		if err != nil || len(again) != 6 || again[0].Tries != 2 {
			t.Errorf("%d are tried again, %v", len(again), err)
		}
		failed, err := post.Unsent(ctx, time.Minute, 50)
		if err != nil || len(failed) != 7 || !failed[0].Failed() || failed[0].Failure != "550 no such person" {
			t.Errorf("%d failed, %v", len(failed), err)
		}
		if err := post.Again(ctx, failed[0].ID, now); err != nil {
			t.Fatal(err)
		}
		if back, err := post.Take(ctx, now, time.Minute, 50); err != nil || len(back) != 1 || back[0].ID != failed[0].ID {
			t.Errorf("%v %v", back, err)
		}
	})
}
