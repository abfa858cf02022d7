// Package index is a map in memory for many readers and few writers. Reading
// takes no lock; a change copies one of a thousand parts, so with a hundred
// thousand keys it copies about a hundred.
package index

import (
	"hash/maphash"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
)

const parts = 1024

// Map is the index. The zero Map is not usable; call New.
type Map[V any] struct {
	seed  maphash.Seed
	parts [parts]part[V]
	count atomic.Int64
}

type part[V any] struct {
	mu sync.Mutex // writers of this part
	m  atomic.Pointer[map[string]V]
}

// New returns an empty index.
func New[V any]() *Map[V] { return &Map[V]{seed: maphash.MakeSeed()} }

func (x *Map[V]) part(key string) *part[V] { return &x.parts[maphash.String(x.seed, key)%parts] }

// Get reads a key.
func (x *Map[V]) Get(key string) (v V, ok bool) {
	if m := x.part(key).m.Load(); m != nil {
		v, ok = (*m)[key]
	}
	return v, ok
}

// Set writes a key.
func (x *Map[V]) Set(key string, v V) {
	p := x.part(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	next := map[string]V{}
	if m := p.m.Load(); m != nil {
		next = maps.Clone(*m)
	}
	if _, had := next[key]; !had {
		x.count.Add(1)
	}
	next[key] = v
	p.m.Store(&next)
}

// SetAll writes many keys, each part once: one by one would copy a part of
// millions of keys a thousand times.
func (x *Map[V]) SetAll(all iter.Seq2[string, V]) {
	var fresh [parts]map[string]V
	for k, v := range all {
		i := maphash.String(x.seed, k) % parts
		if fresh[i] == nil {
			fresh[i] = map[string]V{}
		}
		fresh[i][k] = v
	}
	for i := range fresh {
		if fresh[i] == nil {
			continue
		}
		p := &x.parts[i]
		p.mu.Lock()
		next := fresh[i]
		if m := p.m.Load(); m != nil {
			next = maps.Clone(*m)
			maps.Copy(next, fresh[i])
			x.count.Add(-int64(len(*m)))
		}
		x.count.Add(int64(len(next)))
		p.m.Store(&next)
		p.mu.Unlock()
	}
}

// Delete forgets a key.
func (x *Map[V]) Delete(key string) {
	p := x.part(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.m.Load()
	if m == nil {
		return
	}
	if _, had := (*m)[key]; !had {
		return
	}
	next := maps.Clone(*m)
	delete(next, key)
	p.m.Store(&next)
	x.count.Add(-1)
}

// All yields every key as the parts are when it comes to them.
func (x *Map[V]) All(yield func(string, V) bool) {
	for i := range x.parts {
		if m := x.parts[i].m.Load(); m != nil {
			for k, v := range *m {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// Len is how many keys there are.
func (x *Map[V]) Len() int { return int(x.count.Load()) }
