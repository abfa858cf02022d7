package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
)

// Recorder takes call records without making the caller wait, and commits them
// in groups: up to 64, or what came within 2 ms.
type Recorder struct {
	store cdr.Store
	queue chan cdr.Record
	done  sync.WaitGroup
}

const (
	recordBatch = 64
	recordWait  = 2 * time.Millisecond
	recordQueue = 16 * 1024
)

// NewRecorder starts the goroutine that stores records; Close ends it.
func NewRecorder(store cdr.Store) *Recorder {
	r := &Recorder{store: store, queue: make(chan cdr.Record, recordQueue)}
	r.done.Go(r.run)
	return r
}

// Record takes a record; false says that the queue is full (the database
// stands still), and that the caller keeps the record.
func (r *Recorder) Record(rec cdr.Record) bool {
	select {
	case r.queue <- rec:
		return true
	default:
		return false
	}
}

// Close stores what is waiting. Nothing may be recorded afterwards.
func (r *Recorder) Close() {
	close(r.queue)
	r.done.Wait()
}

func (r *Recorder) run() {
	batch := make([]cdr.Record, 0, recordBatch)
	for first := range r.queue {
		batch = append(batch[:0], first)
		timer := time.NewTimer(recordWait)
	collect:
		for len(batch) < recordBatch {
			select {
			case next, open := <-r.queue:
				if !open {
					break collect
				}
				batch = append(batch, next)
			case <-timer.C:
				break collect
			}
		}
		timer.Stop()
		r.commit(batch)
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
