//go:build linux

package main

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/bench/sip/load"
	"github.com/callisto-tel/callisto/bench/sip/office"
)

// TestLoad keeps the bench alive: every kind of run in small, without a word
// about time.
func TestLoad(t *testing.T) {
	members := office.Members(firstNumber, 50)
	o, err := office.Open(t.Context(), netip.MustParseAddrPort(host+":0"), t.TempDir(), members)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	shut := func() int64 {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		closed = true
		stored, lost, err := o.Shut(ctx)
		if err != nil || lost > 0 {
			t.Errorf("shut: %v, %d records lost", err, lost)
		}
		return stored
	}
	defer func() {
		if !closed {
			shut()
		}
	}()
	p, err := load.New(load.Target{Addr: o.Addr("KR"), Realm: office.Realm}, netip.MustParseAddr("127.0.0.1"), accounts(members[:25]), accounts(members[25:]))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	calls := int64(0)
	for _, c := range []struct {
		name string
		run  func(load.Plan) (load.Result, error)
		plan load.Plan
	}{
		{"register", p.Register, load.Plan{Count: 100, Outstanding: 10}},
		{"register at a rate", p.Register, load.Plan{Count: 100, Rate: 2000}},
		{"call", p.Call, load.Plan{Count: 100, Outstanding: 10, Prove: true}},
		{"call with challenges", p.Call, load.Plan{Count: 50, Outstanding: 10, Prove: true, Forget: true}},
		{"call at a rate", p.Call, load.Plan{Count: 50, Rate: 500, Ring: 10 * time.Millisecond, Talk: 20 * time.Millisecond, Prove: true}},
	} {
		r, err := c.run(c.plan)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.plan.Prove {
			calls += int64(c.plan.Count)
		}
		t.Logf("%s: %+v", c.name, r)
	}
	out, err := load.New(load.Target{Addr: o.Addr("KR"), Realm: office.Realm}, netip.MustParseAddr("127.0.0.1"), accounts(members[:25]), outsiders(accounts(members[25:])))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	o.Trade(out.Gateway())
	plan := load.Plan{Count: 100, Outstanding: 10, Prove: true}
	if r, err := out.Call(plan); err != nil {
		t.Fatalf("by a trunk: %+v %v", r, err)
	}
	calls += int64(plan.Count)
	if stored := shut(); stored != calls {
		t.Errorf("%d call records, want %d", stored, calls)
	}
}

// benchmark does the work b.N times over real sockets; its allocations are the
// server's, for the load makes next to none.
func benchmark(b *testing.B, do func(*load.Phones, load.Plan) (load.Result, error), plan load.Plan) {
	b.Helper()
	list := office.Members(firstNumber, 200)
	o, err := office.Open(b.Context(), netip.MustParseAddrPort(host+":0"), b.TempDir(), list)
	if err != nil {
		b.Fatal(err)
	}
	p, err := load.New(load.Target{Addr: o.Addr("KR"), Realm: office.Realm}, netip.MustParseAddr("127.0.0.1"), accounts(list[:100]), accounts(list[100:]))
	if err != nil {
		b.Fatal(err)
	}
	run := func(do func(*load.Phones, load.Plan) (load.Result, error), count int) {
		plan.Count = count
		if _, err := do(p, plan); err != nil {
			b.Fatal(err)
		}
	}
	run((*load.Phones).Register, 1000)
	run(do, 1000)
	b.ReportAllocs()
	b.ResetTimer()
	run(do, b.N)
	b.StopTimer()
	p.Close()
	if _, _, err := o.Shut(context.Background()); err != nil {
		b.Error(err)
	}
}

func BenchmarkRegister(b *testing.B) {
	benchmark(b, (*load.Phones).Register, load.Plan{Outstanding: 64})
}

func BenchmarkCall(b *testing.B) {
	benchmark(b, (*load.Phones).Call, load.Plan{Outstanding: 64, Prove: true})
}
