package location

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/index"
)

// Table is the index of bindings in memory. Reading takes no lock; neither
// does refreshing a known binding, which is most of all writes. Only a new, a
// moved or a removed binding takes the writers' lock, shortly.
type Table struct {
	mu        sync.Mutex // writers of the indexes
	byID      *index.Map[*cell]
	byNumber  *index.Map[[]*cell]
	byDevice  *index.Map[[]*cell]
	bySession *index.Map[[]*cell] // browsers
	count     atomic.Int64

	waiting atomic.Int64 // how many wait for anybody: mostly nobody
	waits   sync.Mutex
	waiters map[string][]*waiter
}

// waiter waits for terminals of a number to register.
type waiter struct{ told func(Binding) }

// cell holds the newest state of one binding; nil once it was removed.
type cell struct{ now atomic.Pointer[Binding] }

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{byID: index.New[*cell](), byNumber: index.New[[]*cell](), byDevice: index.New[[]*cell](), bySession: index.New[[]*cell](), waiters: map[string][]*waiter{}}
}

// newer reports whether b replaces old: a later life of the same node always
// does, else what its owner wrote later.
func newer(old, b *Binding) bool {
	if old.Node == b.Node && old.Epoch != b.Epoch {
		return b.Epoch > old.Epoch
	}
	if !b.Updated.Equal(old.Updated) {
		return b.Updated.After(old.Updated)
	}
	return b.Expires.After(old.Expires) || b.Expires.Equal(old.Expires) && b.CSeq > old.CSeq
}

// Put applies a binding if it is newer than what is known of its id and
// reports whether it was.
func (t *Table) Put(b Binding) bool {
	if !t.put(b) {
		return false
	}
	if t.waiting.Load() > 0 {
		t.tell(b)
	}
	return true
}

// Await has told called with every binding of a number that is put from now on,
// until it is cancelled. It must not block.
func (t *Table) Await(number string, told func(Binding)) (cancel func()) {
	w := &waiter{told}
	t.waits.Lock()
	defer t.waits.Unlock()
	t.waiters[number] = append(t.waiters[number], w)
	t.waiting.Add(1)
	return func() {
		t.waits.Lock()
		defer t.waits.Unlock()
		rest := slices.DeleteFunc(slices.Clone(t.waiters[number]), func(x *waiter) bool { return x == w })
		if len(rest) == len(t.waiters[number]) {
			return // cancelled before
		}
		t.waiting.Add(-1)
		if t.waiters[number] = rest; len(rest) == 0 {
			delete(t.waiters, number)
		}
	}
}

func (t *Table) tell(b Binding) {
	t.waits.Lock()
	list := t.waiters[b.Number]
	t.waits.Unlock()
	for _, w := range list {
		w.told(b)
	}
}

func (t *Table) put(b Binding) bool {
	if c, ok := t.byID.Get(b.ID); ok {
		if done, applied := c.refresh(&b); done {
			return applied
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.byID.Get(b.ID); ok {
		if done, applied := c.refresh(&b); done {
			return applied
		}
		// It moved to another number, device or session, unless it is refreshed meanwhile.
		for old := c.now.Load(); old != nil && !t.drop(b.ID, c, old); old = c.now.Load() {
			if done, applied := c.refresh(&b); done {
				return applied
			}
		}
	}
	c := &cell{}
	c.now.Store(&b)
	t.byID.Set(b.ID, c)
	attach(t.byNumber, b.Number, c)
	attach(t.byDevice, b.DeviceID, c)
	attach(t.bySession, b.Session, c)
	t.count.Add(1)
	return true
}

// refresh replaces the state in place. done is false when the indexes must
// change too.
func (c *cell) refresh(b *Binding) (done, applied bool) {
	for {
		old := c.now.Load()
		if old == nil {
			return false, false
		}
		if !newer(old, b) {
			return true, false
		}
		if old.Number != b.Number || old.DeviceID != b.DeviceID || old.Session != b.Session {
			return false, false
		}
		if c.now.CompareAndSwap(old, b) {
			return true, true
		}
	}
}

func attach(x *index.Map[[]*cell], key string, c *cell) {
	if key == "" {
		return
	}
	list, _ := x.Get(key)
	x.Set(key, append(slices.Clone(list), c))
}

func detach(x *index.Map[[]*cell], key string, c *cell) {
	if key == "" {
		return
	}
	list, _ := x.Get(key)
	rest := slices.DeleteFunc(slices.Clone(list), func(o *cell) bool { return o == c })
	if len(rest) == 0 {
		x.Delete(key)
		return
	}
	x.Set(key, rest)
}

// drop takes a cell out; the caller holds the lock. It fails when the cell was
// refreshed since old was read.
func (t *Table) drop(id string, c *cell, old *Binding) bool {
	if !c.now.CompareAndSwap(old, nil) {
		return false
	}
	t.byID.Delete(id)
	detach(t.byNumber, old.Number, c)
	detach(t.byDevice, old.DeviceID, c)
	detach(t.bySession, old.Session, c)
	t.count.Add(-1)
	return true
}

// Remove forgets a binding and returns what it was.
func (t *Table) Remove(id string) (Binding, bool) {
	return t.removeIf(id, func(*Binding) bool { return true })
}

func (t *Table) removeIf(id string, is func(*Binding) bool) (Binding, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.byID.Get(id)
	if !ok {
		return Binding{}, false
	}
	for {
		old := c.now.Load()
		if old == nil || !is(old) {
			return Binding{}, false
		}
		if t.drop(id, c, old) {
			return *old, true
		}
	}
}

// ByNumber appends the live bindings of a number (canonical form) to dst.
func (t *Table) ByNumber(dst []Binding, number string, now time.Time) []Binding {
	list, _ := t.byNumber.Get(number)
	return live(dst, list, now)
}

// ByDevice appends the live bindings of a device to dst.
func (t *Table) ByDevice(dst []Binding, device string, now time.Time) []Binding {
	list, _ := t.byDevice.Get(device)
	return live(dst, list, now)
}

func live(dst []Binding, list []*cell, now time.Time) []Binding {
	for _, c := range list {
		if b := c.now.Load(); b != nil && b.Expires.After(now) {
			dst = append(dst, *b)
		}
	}
	return dst
}

// Get returns a live binding by its id.
func (t *Table) Get(id string, now time.Time) (Binding, bool) {
	c, ok := t.byID.Get(id)
	if !ok {
		return Binding{}, false
	}
	b := c.now.Load()
	if b == nil || !b.Expires.After(now) {
		return Binding{}, false
	}
	return *b, true
}

// RemoveDevice forgets every binding of a device (it was revoked), and of whom it
// is lent to, and returns them.
func (t *Table) RemoveDevice(device string) []Binding {
	list, _ := t.byDevice.Get(device)
	return t.remove(list, func(b *Binding) bool { return true })
}

// RemoveSession forgets every binding of the browsers of a session (it has ended),
// and returns them.
func (t *Table) RemoveSession(session string) []Binding {
	list, _ := t.bySession.Get(session)
	return t.remove(list, func(b *Binding) bool { return b.Session == session })
}

func (t *Table) remove(list []*cell, which func(*Binding) bool) []Binding {
	var out []Binding
	for _, c := range list {
		if b := c.now.Load(); b != nil {
			for _, id := range [...]string{b.ID, LentID(b.ID)} {
				if was, ok := t.removeIf(id, which); ok {
					out = append(out, was)
				}
			}
		}
	}
	return out
}

// Sweep forgets what expired before now and returns how many those were. It takes
// the lock once per binding, so that no registration waits for a whole sweep.
func (t *Table) Sweep(now time.Time) (gone int) {
	for id, c := range t.byID.All {
		if old := c.now.Load(); old != nil && !old.Expires.After(now) {
			t.mu.Lock()
			if t.drop(id, c, old) {
				gone++
			}
			t.mu.Unlock()
		}
	}
	return gone
}

// All calls yield for every binding held, expired ones not yet swept included.
func (t *Table) All(yield func(Binding) bool) {
	for _, c := range t.byID.All {
		if b := c.now.Load(); b != nil && !yield(*b) {
			return
		}
	}
}

// Len is how many bindings are held, expired ones not yet swept included.
func (t *Table) Len() int { return int(t.count.Load()) }
