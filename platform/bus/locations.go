package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/callisto-tel/callisto/business/location"
)

// The bucket is a replicated log of registrations, not a store: every node
// keeps its own table, writes there first, and enforces expiry itself. A record
// lives as long as its lease; its owner writes it again at half of that, so a
// record whose owner died goes away by itself.

// LocationsConfig is what Locations needs to know.
type LocationsConfig struct {
	Table *location.Table
	Epoch int64 // which life of this node
	// Lease is how long a record outlives its last writing; 10 minutes if
	// zero. (The log counts in whole seconds.)
	Lease time.Duration
	// Adopt decides whether a binding this node owned in an earlier life is
	// still good, and may change it; nil drops them: their connections died
	// with that life.
	Adopt func(*location.Binding) bool
	// Applied, if set, is told of every change that came from the log.
	Applied func(b location.Binding, removed bool)
	Now     func() time.Time
}

// Locations writes this node's bindings to the log, and the others' into its
// table. Put and Remove never block.
type Locations struct {
	cfg    LocationsConfig
	node   string
	js     jetstream.JetStream
	bucket string
	watch  jetstream.KeyWatcher
	queue  chan change
	resync atomic.Bool // the queue overflowed: write everything again
	stop   context.CancelFunc
	done   sync.WaitGroup
}

type change struct {
	id      string
	binding location.Binding
	removed bool
}

const (
	locationQueue = 64 * 1024
	deathTTL      = time.Minute // how long a deletion stays in the log
)

// Locations opens the log, replays it into the table, and returns when all of
// it is there.
func (b *Bus) Locations(ctx context.Context, cfg LocationsConfig) (*Locations, error) {
	if cfg.Lease < 2*time.Second {
		if cfg.Lease != 0 {
			return nil, errors.New("the lease of a registration is at least two seconds")
		}
		cfg.Lease = 10 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Locations{cfg: cfg, node: b.cfg.Node, js: b.js, bucket: b.cfg.Site + "-locations", queue: make(chan change, locationQueue)}
	kv, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: l.bucket, History: 1, Storage: b.storage(),
		LimitMarkerTTL: deathTTL, Description: "registered terminals"})
	if err != nil {
		return nil, fmt.Errorf("open the log of registrations: %w", err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	if l.watch, err = kv.WatchAll(run); err != nil {
		stop()
		return nil, fmt.Errorf("read the log of registrations: %w", err)
	}
	if err := l.replay(ctx); err != nil {
		stop()
		return nil, err
	}
	l.done.Go(func() { l.follow(run) })
	l.done.Go(func() { l.publish(run) })
	return l, nil
}

// replay reads what the log holds now.
func (l *Locations) replay(ctx context.Context) error {
	for {
		select {
		case e, open := <-l.watch.Updates():
			if !open {
				return errors.New("the log of registrations closed while it was read")
			}
			if e == nil { // all of it was there
				return nil
			}
			l.apply(e)
		case <-ctx.Done():
			return fmt.Errorf("read the log of registrations: %w", ctx.Err())
		}
	}
}

func (l *Locations) follow(ctx context.Context) {
	for {
		select {
		case e, open := <-l.watch.Updates():
			if !open {
				return
			}
			if e != nil {
				l.apply(e)
			}
		case <-ctx.Done():
			return
		}
	}
}

// apply takes one record of the log in. What this node owns it knows better
// than the log.
func (l *Locations) apply(e jetstream.KeyValueEntry) {
	now := l.cfg.Now()
	if e.Operation() != jetstream.KeyValuePut {
		if b, ok := l.cfg.Table.Get(e.Key(), now); ok && !l.mine(&b) {
			l.cfg.Table.Remove(e.Key())
			l.tell(b, true)
		}
		return
	}
	var b location.Binding
	if err := json.Unmarshal(e.Value(), &b); err != nil {
		slog.Warn("a registration in the log cannot be read", "key", e.Key(), "err", err)
		return
	}
	switch {
	case l.mine(&b) || !b.Expires.After(now):
		return
	case b.Node == l.node: // of an earlier life
		if b.Epoch > l.cfg.Epoch || l.cfg.Adopt == nil || !l.cfg.Adopt(&b) {
			l.push(change{id: b.ID, binding: b, removed: true})
			return
		}
		b.Epoch, b.Updated = l.cfg.Epoch, now
		if l.cfg.Table.Put(b) {
			l.Put(b)
		}
	default:
		if l.cfg.Table.Put(b) {
			l.tell(b, false)
		}
	}
}

func (l *Locations) tell(b location.Binding, removed bool) {
	if l.cfg.Applied != nil {
		l.cfg.Applied(b, removed)
	}
}

func (l *Locations) mine(b *location.Binding) bool {
	return b.Node == l.node && b.Epoch == l.cfg.Epoch
}

// Put tells the others of a binding this node put into its table. Most
// refreshes are not written: the log holds the binding still, and is brought
// up to date at half of its lease.
func (l *Locations) Put(b location.Binding) { l.push(change{id: b.ID, binding: b}) }

// Remove tells the others of a binding this node removed.
func (l *Locations) Remove(b location.Binding) {
	l.push(change{id: b.ID, binding: b, removed: true})
}

func (l *Locations) push(c change) {
	select {
	case l.queue <- c:
	default:
		l.resync.Store(true)
	}
}

// Leave tells the others at once that this node's terminals are gone: for a node
// that does not come back. One that is only started anew does not call it, and
// finds its registrations again.
func (l *Locations) Leave(ctx context.Context) error {
	for b := range l.cfg.Table.All {
		if l.mine(&b) {
			l.cfg.Table.Remove(b.ID)
			l.send(b.ID, nil, deathTTL)
		}
	}
	select {
	case <-l.js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("tell the others that this node leaves: %w", ctx.Err())
	}
}

// Close stops following and writing. The records stay until their lease ends.
func (l *Locations) Close() {
	l.stop()
	_ = l.watch.Stop()
	l.done.Wait()
}

// written is what the log holds of one of our bindings.
type written struct {
	b   location.Binding
	due int64 // second to write it again
}

// publish is the only goroutine that writes to the log.
func (l *Locations) publish(ctx context.Context) {
	state := map[string]*written{}
	due := map[int64][]string{}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	last := l.cfg.Now().Unix()
	for {
		select {
		case c := <-l.queue:
			l.handle(state, due, c)
		case <-tick.C:
			now := l.cfg.Now().Unix()
			for ; last <= now; last++ {
				for _, id := range due[last] {
					l.again(state, due, id, last)
				}
				delete(due, last)
			}
			if l.resync.CompareAndSwap(true, false) {
				l.everything(state, due)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (l *Locations) handle(state map[string]*written, due map[int64][]string, c change) {
	if c.removed {
		delete(state, c.id)
		if now, ok := l.cfg.Table.Get(c.id, l.cfg.Now()); ok && (now.Node != c.binding.Node || now.Epoch != c.binding.Epoch) {
			return // it lives on at another node, which wrote the log since
		}
		l.send(c.id, nil, deathTTL)
		return
	}
	if w := state[c.id]; w != nil && l.stillGood(w, &c.binding) {
		return
	}
	l.write(state, due, c.binding)
}

// stillGood reports whether the log needs no new record: it says the same, and
// neither its lease nor the expiry it tells is past its half.
func (l *Locations) stillGood(w *written, b *location.Binding) bool {
	a := w.b
	same := a.Contact == b.Contact && a.Flow == b.Flow && a.Center == b.Center && a.Epoch == b.Epoch && a.Number == b.Number &&
		a.DeviceID == b.DeviceID && a.CallID == b.CallID && a.Path == b.Path && a.Wakes == b.Wakes && !b.Expires.Before(a.Expires)
	now := l.cfg.Now()
	return same && now.Before(w.b.Updated.Add(w.b.Expires.Sub(w.b.Updated)/2)) && now.Unix() < w.due
}

// write puts a binding into the log and plans the next time, at half of the
// lease, a little earlier or later for each, so that they never come together.
func (l *Locations) write(state map[string]*written, due map[int64][]string, b location.Binding) {
	now := l.cfg.Now()
	left := b.Expires.Sub(now)
	if left <= 0 {
		delete(state, b.ID)
		return
	}
	ttl := max(min(l.cfg.Lease, left.Round(time.Second)), time.Second)
	if b.Wakes { // whoever sleeps does not register again because we were away
		ttl = max(left.Round(time.Second), time.Second)
	}
	raw, err := json.Marshal(b)
	if err != nil {
		slog.Error("a registration cannot be written", "err", err)
		return
	}
	l.send(b.ID, raw, ttl)
	wait := time.Duration(float64(ttl) * (0.4 + 0.1*rand.Float64()))
	w := &written{b: b, due: now.Add(wait).Unix() + 1}
	state[b.ID] = w
	due[w.due] = append(due[w.due], b.ID)
}

// again writes a binding whose half-time has come, if it still lives here.
func (l *Locations) again(state map[string]*written, due map[int64][]string, id string, second int64) {
	w := state[id]
	if w == nil || w.due != second {
		return
	}
	b, ok := l.cfg.Table.Get(id, l.cfg.Now())
	if !ok || !l.mine(&b) {
		delete(state, id)
		return
	}
	l.write(state, due, b)
}

// everything writes all that this node owns, after the queue overflowed, and
// buries what it wrote and no longer has.
func (l *Locations) everything(state map[string]*written, due map[int64][]string) {
	for b := range l.cfg.Table.All {
		if l.mine(&b) {
			l.write(state, due, b)
		}
	}
	for id := range state {
		if _, ok := l.cfg.Table.Get(id, l.cfg.Now()); !ok {
			delete(state, id)
			l.send(id, nil, deathTTL)
		}
	}
}

// send publishes to the bucket's subject: kv.Put would lose the TTL.
func (l *Locations) send(id string, raw []byte, ttl time.Duration) {
	m := nats.NewMsg("$KV." + l.bucket + "." + id)
	m.Data = raw
	if raw == nil {
		m.Header.Set("KV-Operation", "DEL")
	}
	if _, err := l.js.PublishMsgAsync(m, jetstream.WithMsgTTL(ttl)); err != nil {
		slog.Warn("a registration was not written to the log", "id", id, "err", err)
		l.resync.Store(true)
	}
}
