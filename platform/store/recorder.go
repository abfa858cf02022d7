package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
)

// Recorder takes call records without making the caller wait, and commits them
// in groups: up to 512, or what came within a fifth of a second.
//
// Nobody waits for a record, so it may be that late: what a crash can take are
// the records of calls in progress, and those that ended in its last moment.
// Each commit costs as much as some ten calls, and each wake-up of the storing
// goroutine as much as one; hence two a group, not one a record.
type Recorder struct {
	store cdr.Store
	done  sync.WaitGroup
	some  chan struct{} // the first record of a group is there
	full  chan struct{} // a whole group is there
	quit  chan struct{}

	mu      sync.Mutex
	waiting []cdr.Record
}

const (
	recordBatch = 512
	recordWait  = 200 * time.Millisecond
	recordQueue = 16 * 1024
)

// NewRecorder starts the goroutine that stores records; Close ends it.
func NewRecorder(store cdr.Store) *Recorder {
	r := &Recorder{store: store, some: make(chan struct{}, 1), full: make(chan struct{}, 1), quit: make(chan struct{})}
	r.done.Go(r.run)
	return r
}

// Record takes a record; false says that too many wait already (the database
// stands still), and that the caller keeps the record.
func (r *Recorder) Record(rec cdr.Record) bool {
	r.mu.Lock()
	n := len(r.waiting)
	if n < recordQueue {
		r.waiting = append(r.waiting, rec)
	}
	r.mu.Unlock()
	switch n {
	case 0:
		signal(r.some)
	case recordBatch - 1:
		signal(r.full)
	}
	return n < recordQueue
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Close stores what is waiting. Nothing may be recorded afterwards.
func (r *Recorder) Close() {
	close(r.quit)
	r.done.Wait()
}

func (r *Recorder) run() {
	timer := time.NewTimer(recordWait)
	defer timer.Stop()
	var group []cdr.Record
	for open := true; open; {
		select {
		case <-r.some:
		case <-r.quit:
			open = false
		}
		timer.Reset(recordWait)
		if open {
			select {
			case <-r.full:
			case <-timer.C:
			case <-r.quit:
				open = false
			}
		}
		r.mu.Lock()
		group, r.waiting = r.waiting, group[:0]
		r.mu.Unlock()
		for rest := group; len(rest) > 0; {
			n := min(len(rest), recordBatch)
			r.commit(rest[:n])
			rest = rest[n:]
		}
		clear(group) // lets go of the texts
	}
}

// commit tries until it succeeds, less and less often: a record is money.
func (r *Recorder) commit(batch []cdr.Record) {
	wait := 50 * time.Millisecond
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := r.store.AppendRecords(ctx, batch)
		cancel()
		if err == nil {
			return
		}
		slog.Error("call records are not stored yet", "records", len(batch), "try", try, "err", err)
		if try == 3 && len(batch) > 1 { // perhaps one of them is what the database refuses
			if batch = r.singly(batch); len(batch) == 0 {
				return
			}
		}
		if try >= 20 {
			for i := range batch { // the log is the last place that keeps them
				slog.Error("call record lost", "record", batch[i])
			}
			return
		}
		<-time.After(wait)
		wait = min(2*wait, 5*time.Second)
	}
}

// singly stores what can be stored one by one and returns the rest.
func (r *Recorder) singly(batch []cdr.Record) []cdr.Record {
	var rest []cdr.Record
	for i := range batch {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		if err := r.store.AppendRecords(ctx, batch[i:i+1]); err != nil {
			rest = append(rest, batch[i])
		}
		cancel()
	}
	return rest
}
