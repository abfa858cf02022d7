package bus_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/bus"
)

func start(t testing.TB, cfg bus.Config) *bus.Bus {
	t.Helper()
	b, err := bus.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func join(t testing.TB, b *bus.Bus, node string) *bus.Bus {
	t.Helper()
	other, err := b.Join(node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	return other
}

type news struct {
	id      string
	removed bool
}

// node is a process: its table, and what came to it from the log.
type node struct {
	*bus.Locations
	table *location.Table
	heard chan news
	name  string
	epoch int64
}

func locations(t testing.TB, b *bus.Bus, name string, epoch int64, change func(*bus.LocationsConfig)) *node {
	t.Helper()
	n := &node{table: location.NewTable(), heard: make(chan news, 100_000), name: name, epoch: epoch}
	cfg := bus.LocationsConfig{Table: n.table, Epoch: epoch, Applied: func(b location.Binding, removed bool) { n.heard <- news{b.ID, removed} }}
	if change != nil {
		change(&cfg)
	}
	l, err := b.Locations(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	n.Locations = l
	return n
}

// register puts a binding as a registrar does.
func (n *node) register(id string, life time.Duration) location.Binding {
	now := time.Now()
	b := location.Binding{ID: id, Number: "2555123482", DeviceID: "dev_" + id, Contact: "sip:a@192.0.2.1", Center: "KR", Node: n.name, Epoch: n.epoch,
		Updated: now, Expires: now.Add(life)}
	n.table.Put(b)
	n.Put(b)
	return b
}

func (n *node) hears(t testing.TB, want news) {
	t.Helper()
	select {
	case got := <-n.heard:
		if got != want {
			t.Fatalf("%s heard %+v, want %+v", n.name, got, want)
		}
	case <-time.After(15 * time.Second):
		t.Fatalf("%s never heard %+v", n.name, want)
	}
}

func TestTwoTablesOnOneBus(t *testing.T) {
	b := start(t, bus.Config{Node: "a"})
	a := locations(t, b, "a", 1, nil)
	c := locations(t, join(t, b, "c"), "c", 1, nil)
	phone := a.register("b1", time.Hour)
	c.hears(t, news{"b1", false})
	if got := c.table.ByNumber(nil, "2555123482", time.Now()); len(got) != 1 || got[0].Node != "a" {
		t.Errorf("%+v", got)
	}
	// The phone goes over to the other node; the first one drops its flow
	// afterwards, which must not end the new registration.
	moved := c.register("b1", 2*time.Hour)
	a.hears(t, news{"b1", false})
	a.Remove(phone)
	a.register("b2", time.Hour) // a mark behind the removal
	c.hears(t, news{"b2", false})
	if got, ok := c.table.Get("b1", time.Now()); !ok || got.Node != "c" {
		t.Errorf("%+v %v", got, ok)
	}
	c.table.Remove("b1")
	c.Remove(moved)
	a.hears(t, news{"b1", true})
	if _, ok := a.table.Get("b1", time.Now()); ok {
		t.Error("it is still there")
	}
}

func TestANodeThatLeavesTakesItsTerminalsAlong(t *testing.T) {
	b := start(t, bus.Config{Node: "a"})
	a := locations(t, b, "a", 1, nil)
	c := locations(t, join(t, b, "c"), "c", 1, nil)
	a.register("b1", time.Hour)
	c.hears(t, news{"b1", false})
	c.register("b2", time.Hour)
	a.hears(t, news{"b2", false})
	if err := a.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.hears(t, news{"b1", true})
	if _, ok := c.table.Get("b2", time.Now()); !ok || c.table.Len() != 1 {
		t.Error("it took another node's terminal along")
	}
}

func TestReplayBeforeReady(t *testing.T) {
	dir := t.TempDir()
	first := start(t, bus.Config{Node: "a", Dir: dir})
	a := locations(t, first, "a", 1, nil)
	watcher := locations(t, join(t, first, "w"), "w", 1, nil)
	for i := range 500 {
		a.register(fmt.Sprint("b", i), time.Hour)
	}
	for i := range 500 {
		watcher.hears(t, news{fmt.Sprint("b", i), false})
	}
	late := locations(t, join(t, first, "late"), "late", 1, nil)
	if late.table.Len() != 500 { // at once, without waiting for anything
		t.Errorf("replayed %d", late.table.Len())
	}
	for _, l := range []*node{a, watcher, late} {
		l.Close()
	}
	first.Close()
	// A new life of the node: connections died, so its old bindings are not
	// taken over, except where the edge says that they are still good.
	second := start(t, bus.Config{Node: "a", Dir: dir})
	again := locations(t, second, "a", 2, func(c *bus.LocationsConfig) {
		c.Adopt = func(b *location.Binding) bool { return b.ID < "b2" }
	})
	adopted := 0
	for b := range again.table.All {
		if b.ID >= "b2" || b.Epoch != 2 {
			t.Fatalf("%+v", b)
		}
		adopted++
	}
	if adopted != 112 { // b0, b1, b10…b19, b100…b199
		t.Errorf("adopted %d", adopted)
	}
	other := locations(t, join(t, second, "x"), "x", 1, nil)
	for other.table.Len() != 112 {
		select {
		case <-other.heard:
			other.table.Sweep(time.Now())
		case <-time.After(15 * time.Second):
			t.Fatalf("the others know %d", other.table.Len())
		}
	}
}

// TestALeaseLivesAsLongAsItsOwner: records are written again at half of their
// lease, and go away when nobody does.
func TestALeaseLivesAsLongAsItsOwner(t *testing.T) {
	t.Parallel()
	b := start(t, bus.Config{Node: "a"})
	lease := func(c *bus.LocationsConfig) { c.Lease = 3 * time.Second }
	a := locations(t, b, "a", 1, lease)
	c := locations(t, join(t, b, "c"), "c", 1, lease)
	a.register("b1", time.Hour)
	c.hears(t, news{"b1", false})
	sleeps := a.register("b2", time.Hour)
	c.hears(t, news{"b2", false})
	sleeps.Wakes, sleeps.Updated = true, time.Now()
	a.table.Put(sleeps)
	a.Put(sleeps)
	c.hears(t, news{"b2", false})
	// Over two leases nothing is heard of its end: it was written again.
	select {
	case n := <-c.heard:
		t.Fatalf("heard %+v", n)
	case <-time.After(7 * time.Second):
	}
	if late := locations(t, join(t, b, "late"), "late", 1, lease); late.table.Len() != 2 {
		t.Error("the record is not in the log any more")
	}
	a.Close() // the node dies
	c.hears(t, news{"b1", true})
	select { // of a dead node stays who can be woken: b2, whose lease would be over too
	case n := <-c.heard:
		t.Errorf("heard %+v", n)
	case <-time.After(4 * time.Second):
	}
	if c.table.Len() != 1 {
		t.Error("a dead node's binding stays")
	}
}

func TestRefreshesAreNotAllWritten(t *testing.T) {
	b := start(t, bus.Config{Node: "a"})
	a := locations(t, b, "a", 1, nil)
	c := locations(t, join(t, b, "c"), "c", 1, nil)
	for range 100 {
		a.register("b1", time.Hour)
	}
	a.register("b2", time.Hour)
	c.hears(t, news{"b1", false})
	c.hears(t, news{"b2", false}) // the 99 refreshes between were not written
}

func TestASaleRingsInTheOtherProcess(t *testing.T) {
	b := start(t, bus.Config{Node: "a"})
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	dir := center.NewDirectory(plans, []center.Center{{ID: "KR", Countries: []string{"KR"}}, {ID: "US", Countries: []string{"US"}}})
	centers := func() *center.Directory { return dir }
	arrived := make(chan struct{}, 10)
	far := roster.New(plans, centers, nil, nil)
	farNews, err := join(t, b, "c").Changes(t.Context(), func(raw []byte) error {
		err := far.Receive(raw)
		arrived <- struct{}{}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer farNews.Close()
	nearNews, err := b.Changes(t.Context(), func([]byte) error { t.Error("our own news came back"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer nearNews.Close()
	near := roster.New(plans, centers, nearNews, nil)
	n := numbering.Number{Kind: numbering.Company, CallingCode: "82", National: "5550100"}
	revoked := member.Credential{SIPUser: "5550100-82-1", Device: "dev_1", Account: "acc_1", Number: n, Country: "KR"}
	steps := []error{
		near.Sold(t.Context(), shop.Order{Number: n, Country: "KR", Countries: []string{"US"}, Account: "acc_1"}),
		near.Device(t.Context(), revoked),
		near.Registered(t.Context(), member.Membership{ID: "mem_1", Account: "acc_1", Number: n}),
	}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-arrived:
		case <-time.After(15 * time.Second):
			t.Fatal("the news never came")
		}
	}
	for _, r := range []*roster.Roster{near, far} {
		for _, office := range []string{"5550100#82", "5550100#1"} {
			if h, ok := r.Numbers.Typed(office); !ok || !h.Registered || h.Membership != "mem_1" {
				t.Errorf("%s: %+v %v", office, h, ok)
			}
		}
		if c, ok := r.Devices.Get("5550100-82-1"); !ok || c.Home != "KR" {
			t.Errorf("%+v %v", c, ok)
		}
	}
	revoked.Revoked = true
	if err := near.Device(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if _, ok := far.Devices.Get("5550100-82-1"); ok {
		t.Error("a revoked device works elsewhere")
	}
}

func BenchmarkReplicate(b *testing.B) {
	server := start(b, bus.Config{Node: "a"})
	a := locations(b, server, "a", 1, nil)
	c := locations(b, join(b, server, "c"), "c", 1, nil)
	ids := make([]string, 0, b.N)
	for i := range b.N {
		ids = append(ids, fmt.Sprint("b", i))
	}
	b.ResetTimer()
	for chunk := range slices.Chunk(ids, 1000) {
		for _, id := range chunk {
			a.register(id, time.Hour)
		}
		for range chunk {
			<-c.heard
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bindings/s")
}
