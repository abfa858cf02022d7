package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestAlerts: what finished calls show is kept once until it is closed, survives a
// restart, and closes the range that rings members once, for who does not open it.
func TestAlerts(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, stop := context.WithCancel(t.Context())
		c := newClock()
		g := guardedHouse(t, cfg, c)
		who := g.person(t, "ada")
		db := g.db.Guard()
		fresh := make(chan guard.Alert, 10)
		watching := func() *guard.Service {
			return guard.New(db, db, db, guard.Config{Currency: "USD", Default: guard.OpenPolicy(), Fresh: g.members.Fresh, Now: c.now, Alerts: db, Alarm: func(a guard.Alert) { fresh <- a }})
		}
		s := watching()
		var running sync.WaitGroup
		running.Go(func() { s.Run(ctx) })
		call := guard.Call{ID: "back", Account: who.Account, Currency: "USD", E164: "+2245550123", Shown: "+224 555 0123"}
		list, err := guard.ReadRanges("1900,US,premium,yes,") // 224 is open
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetRanges(ctx, g.staff, list, 0); err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			s.Watched(cdr.Record{CallID: fmt.Sprint("ring_", i), Side: cdr.Entry, From: cdr.Party{Text: fmt.Sprintf("+224 555 0%03d", i)}, To: cdr.Party{Account: fmt.Sprint("acc_", i)},
				Start: c.now(), End: c.now().Add(time.Second), Cause: cdr.Cancelled})
		}
		a := <-fresh
		if a.Kind != guard.Wangiri || a.Subject != "+2245550" || a.Count < 15 {
			t.Fatalf("%+v", a)
		}
		if _, err := s.Admit(ctx, call); codeOf(err) != "destination_suspect" {
			t.Errorf("calling back: %v", err)
		}
		stop()
		running.Wait()
		next := watching()
		if err := next.Refresh(ctx); err == nil {
			t.Error("with a context that is over")
		}
		ctx = t.Context()
		if err := next.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := next.Admit(ctx, call); codeOf(err) != "destination_suspect" {
			t.Errorf("after a restart: %v", err)
		}
		v, err := next.Of(ctx, who, who.Account)
		if err != nil || len(v.Suspect) != 1 {
			t.Errorf("%+v %v", v, err)
		}
		if err := next.Open(ctx, who, "+2245550"); err != nil {
			t.Fatal(err)
		}
		if _, err := next.Admit(ctx, call); err != nil {
			t.Errorf("opened: %v", err)
		}
		// Twice is one, until it is closed.
		if again, err := db.Raise(ctx, a); err != nil || again {
			t.Errorf("a second time %t %v", again, err)
		}
		if _, err := next.SetAlert(ctx, who, a.ID, guard.Closed, ""); codeOf(err) != "operator_only" {
			t.Error(err)
		}
		if _, err := next.SetAlert(ctx, g.staff, a.ID, "forgotten", ""); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		if x, err := next.SetAlert(ctx, g.staff, a.ID, guard.Closed, "told the carrier"); err != nil || x.State != guard.Closed {
			t.Errorf("%+v %v", x, err)
		}
		if err := next.Close(ctx, who, "+2245550"); err != nil {
			t.Fatal(err)
		}
		if _, err := next.Admit(ctx, call); err != nil {
			t.Errorf("closed: %v", err)
		}
		b := a
		b.ID = "alr_z"
		if again, err := db.Raise(ctx, b); err != nil || !again {
			t.Errorf("after it was closed %t %v", again, err)
		}
		if err := next.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := next.Admit(ctx, call); codeOf(err) != "destination_suspect" {
			t.Errorf("it rings again after an alert that was closed: %v", err)
		}
		if _, err := next.SetAlert(ctx, g.staff, a.ID, guard.Raised, "again"); err != nil {
			t.Error(err)
		}
		open, _, err := next.AlertsOf(ctx, g.staff, guard.AlertFilter{State: guard.Raised, Limit: 10})
		if err != nil || len(open) != 1 || open[0].ID != "alr_z" || len(open[0].Evidence.Bars) == 0 {
			t.Errorf("%+v %v", open, err)
		}
		x, err := next.AlertOf(ctx, g.staff, a.ID)
		if err != nil || x.State != guard.Closed || x.Note != "again" || x.By != "boss" || !x.First.Equal(a.First) {
			t.Errorf("%+v %v", x, err)
		}
	})
}
