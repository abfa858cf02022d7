package index

import (
	"fmt"
	"maps"
	"sync"
	"testing"
)

func TestManyReadersAndWriters(t *testing.T) {
	m := New[int]()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 3000 {
				key := fmt.Sprint(i % 500)
				if (i+w)%3 == 0 {
					m.Delete(key)
				} else {
					m.Set(key, i%500)
				}
				if v, ok := m.Get(key); ok && v != i%500 {
					t.Errorf("%s holds %d", key, v)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for key, v := range m.All {
		if n++; key != fmt.Sprint(v) {
			t.Errorf("%s holds %d", key, v)
		}
	}
	if n != m.Len() {
		t.Errorf("counted %d, Len %d", n, m.Len())
	}
}

func TestManyAtOnce(t *testing.T) {
	x := New[int]()
	x.Set("a", 1)
	x.Set("z", 9)
	x.SetAll(maps.All(map[string]int{"a": 2, "b": 3}))
	for k, want := range map[string]int{"a": 2, "b": 3, "z": 9} {
		if v, ok := x.Get(k); !ok || v != want {
			t.Errorf("%s is %d", k, v)
		}
	}
	if x.Len() != 3 {
		t.Errorf("%d keys", x.Len())
	}
}
