package location

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func at(s int) time.Time { return time.Unix(1_800_000_000+int64(s), 0) }

func binding(id, number string, updated, expires int) Binding {
	return Binding{ID: id, Number: number, DeviceID: "dev_" + number, Node: "a", Epoch: 1, Updated: at(updated), Expires: at(expires)}
}

func TestNewerWinsInAnyOrder(t *testing.T) {
	first, second := binding("b1", "1", 0, 100), binding("b1", "1", 5, 20) // the second shortens its life
	for _, order := range [][]Binding{{first, second}, {second, first}} {
		tab := NewTable()
		for _, b := range order {
			tab.Put(b)
		}
		if got, ok := tab.Get("b1", at(10)); !ok || !got.Expires.Equal(at(20)) {
			t.Errorf("got %+v %v", got, ok)
		}
	}
	tab := NewTable()
	tab.Put(second)
	old := first
	old.Epoch, old.Updated = 0, at(50)
	if tab.Put(old) {
		t.Error("an earlier life of the node replaced a later one")
	}
}

func TestExpiryIsOursToEnforce(t *testing.T) {
	tab := NewTable()
	tab.Put(binding("b1", "1", 0, 10))
	tab.Put(binding("b2", "1", 0, 30))
	if n := len(tab.ByNumber(nil, "1", at(10))); n != 1 {
		t.Errorf("%d live, want 1", n)
	}
	if n := tab.Sweep(at(10)); n != 1 || tab.Len() != 1 {
		t.Errorf("swept %d, left %d", n, tab.Len())
	}
	if _, ok := tab.Get("b1", at(0)); ok {
		t.Error("swept but there")
	}
}

func TestMovingToAnotherNumber(t *testing.T) {
	tab := NewTable()
	tab.Put(binding("b1", "1", 0, 10))
	tab.Put(binding("b1", "2", 1, 10))
	if len(tab.ByNumber(nil, "1", at(0))) != 0 || len(tab.ByNumber(nil, "2", at(0))) != 1 || tab.Len() != 1 {
		t.Error("the binding did not move")
	}
	if gone := tab.RemoveDevice("dev_2"); len(gone) != 1 || tab.Len() != 0 {
		t.Errorf("revoked %v, left %d", gone, tab.Len())
	}
}

func TestManyAtOnce(t *testing.T) {
	tab := NewTable()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				id := fmt.Sprint("b", i%50)
				switch (i + w) % 4 {
				case 0:
					tab.Remove(id)
				case 1:
					tab.Sweep(at(i % 3))
				default:
					tab.Put(binding(id, fmt.Sprint(i%7), i, i+5))
				}
				tab.ByNumber(nil, "3", at(0))
			}
		})
	}
	wg.Wait()
	n := 0
	for range tab.All {
		n++
	}
	if n != tab.Len() {
		t.Errorf("counted %d, Len %d", n, tab.Len())
	}
	if gone := tab.Sweep(at(10_000)); gone != n || tab.Len() != 0 || len(tab.ByNumber(nil, "3", time.Time{})) != 0 {
		t.Error("something is left in an index")
	}
}

func BenchmarkByNumber(b *testing.B) {
	tab := NewTable()
	for i := range 100_000 {
		tab.Put(binding(fmt.Sprint(i), fmt.Sprint(i), 0, 100))
	}
	dst := make([]Binding, 0, 4)
	now := at(1)
	b.ReportAllocs()
	for b.Loop() {
		dst = tab.ByNumber(dst[:0], "77777", now)
	}
}

func BenchmarkRefresh(b *testing.B) {
	tab := NewTable()
	for i := range 100_000 {
		tab.Put(binding(fmt.Sprint(i), fmt.Sprint(i), 0, 100))
	}
	next := binding("77777", "77777", 1, 200)
	b.ReportAllocs()
	for b.Loop() {
		next.Updated = next.Updated.Add(1)
		tab.Put(next)
	}
}

// TestASessionEnds: the browsers that registered in it are forgotten, and nobody
// else; one where somebody else signed in meanwhile is his.
func TestASessionEnds(t *testing.T) {
	tab := NewTable()
	for id, session := range map[string]string{"b1": "ses_1", "b2": "ses_1", "b3": "ses_2", "b4": ""} {
		b := binding(id, "1", 0, 10)
		b.Session = session
		tab.Put(b)
	}
	moved := binding("b2", "1", 1, 10)
	moved.Session = "ses_2"
	if !tab.Put(moved) {
		t.Error("the one who signs in next does not register")
	}
	if gone := tab.RemoveSession("ses_1"); len(gone) != 1 || gone[0].ID != "b1" || tab.Len() != 3 || len(tab.ByNumber(nil, "1", at(2))) != 3 {
		t.Errorf("ended %v, left %d", gone, tab.Len())
	}
	if gone := tab.RemoveSession(""); len(gone) != 0 {
		t.Errorf("telephones without a session ended: %v", gone)
	}
}

// TestTwoRegisterOneBrowserAtOnce: of two who sign in at one browser, whoever comes
// last is found, and nothing stays that can never be removed.
func TestTwoRegisterOneBrowserAtOnce(t *testing.T) {
	for round := range 1000 {
		tab := NewTable()
		var all sync.WaitGroup
		for g := range 4 {
			all.Go(func() {
				for i := range 50 {
					b := binding("b1", "1", i*4+g, 1000)
					b.Session = fmt.Sprint("ses_", (i/2+g)%2)
					tab.Put(b)
				}
			})
		}
		all.Wait()
		if b, ok := tab.Get("b1", at(500)); !ok || !b.Updated.Equal(at(199)) {
			t.Fatalf("round %d: %v, there is %+v", round, ok, b)
		}
		tab.Remove("b1")
		if left := tab.ByNumber(nil, "1", at(500)); len(left) > 0 || tab.Len() != 0 {
			t.Fatalf("round %d: when it is removed, %d are counted and it rings %+v", round, tab.Len(), left)
		}
	}
}

// TestASessionEndsWhileTheNextBegins: who signs in meanwhile stays.
func TestASessionEndsWhileTheNextBegins(t *testing.T) {
	for range 5000 {
		tab := NewTable()
		first, next := binding("b1", "1", 0, 1000), binding("b1", "1", 1, 1000)
		first.Session, next.Session = "ses_1", "ses_2"
		tab.Put(first)
		gone := make(chan []Binding)
		go func() { gone <- tab.RemoveSession("ses_1") }()
		tab.Put(next)
		for _, b := range <-gone {
			if b.Session != "ses_1" {
				t.Fatalf("the end of ses_1 removed %+v", b)
			}
		}
		if _, ok := tab.Get("b1", at(500)); !ok {
			t.Fatal("who signed in meanwhile is gone")
		}
	}
}
