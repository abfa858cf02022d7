package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/platform/store"
)

// refusing is a store that never takes one record, and with it no group that
// holds it.
type refusing struct {
	mu    sync.Mutex
	kept  map[string]int
	all   chan struct{}
	wants int
}

func (s *refusing) AppendRecords(_ context.Context, records []cdr.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if r.ID == "poison" {
			return errors.New("refused")
		}
	}
	for _, r := range records {
		s.kept[r.ID]++
	}
	if len(s.kept) == s.wants {
		close(s.all)
	}
	return nil
}

func (s *refusing) History(context.Context, string, string, int) (cdr.Page, error) {
	return cdr.Page{}, nil
}

// TestARefusedRecordTakesNoOthersWithIt: the rest of its group is stored.
func TestARefusedRecordTakesNoOthersWithIt(t *testing.T) {
	s := &refusing{kept: map[string]int{}, all: make(chan struct{}), wants: 3}
	r := store.NewRecorder(s)
	for _, id := range []string{"a", "poison", "b", "c"} {
		r.Record(cdr.Record{ID: id})
	}
	select {
	case <-s.all:
	case <-time.After(20 * time.Second):
		t.Fatal("the others are not stored")
	}
}
