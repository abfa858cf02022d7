package edge

import (
	"reflect"
	"testing"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

func boardAlone(tb testing.TB) *board {
	tb.Helper()
	core, err := sip.New(sip.Config{Handler: func(*sip.Shard) sip.Handler { return nil }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(core.Close)
	return &board{edge: &Edge{outside: map[string]int{}}, shard: core.Shards()[0], menus: tally{}, urgent: tally{}, placed: tally{}}
}

// comesAndGoes is a call as far as its place is concerned.
func (b *board) comesAndGoes(id string) *call {
	c := b.newCall()
	c.id, c.center, c.shown, c.called, c.reason, c.private, c.urgent = id, center.ID("KR"), caller{user: "2555123482", name: "Minji"}, "755014282", "busy", true, true
	c.skipped, c.went, c.turned = append(c.skipped, "trunk"), append(c.went, went{trunk: "trunk"}), append(c.turned, turned{leg: switching.FirstDialled})
	c.payers, c.sound, c.sleepers = append(c.payers, "acc_1"), append(c.sound, sounded{leg: switching.Caller}), append(c.sleepers, sleeper{leg: switching.Caller})
	b.newLeg(c, switching.Caller)
	b.newLeg(c, switching.FirstDialled)
	b.enters(c, placer{device: "dev_1", account: "acc_1"})
	b.Done(b.ref(c))
	return c
}

// TestTheNextCallHasNothingOfTheOneBefore, but the room that it took: its place, its
// legs and its lists.
func TestTheNextCallHasNothingOfTheOneBefore(t *testing.T) {
	b := boardAlone(t)
	first := b.comesAndGoes("call_1")
	old := b.ref(first)
	if next := b.newCall(); next != first || b.call(old) != nil || b.ref(next) == old {
		t.Error("the next call is taken for the one before, or has another place")
	}
	facts := reflect.ValueOf(first.facts)
	for i := range facts.NumField() {
		f := facts.Field(i)
		if f.Kind() == reflect.Slice && f.Len() != 0 || f.Kind() != reflect.Slice && !f.IsZero() {
			t.Errorf("it has %s of the call before", facts.Type().Field(i).Name)
		}
		if f.Kind() == reflect.Slice && (f.Cap() == 0 || !f.Slice(0, 1).Index(0).IsZero()) {
			t.Errorf("the room of %s is lost, or holds on to what was in it", facts.Type().Field(i).Name)
		}
	}
	if len(first.legs) != 0 || len(first.spare) != 2 || len(b.placed) != 0 {
		t.Errorf("left are %d legs, %d spare ones, %v", len(first.legs), len(first.spare), b.placed)
	}
	b.Done(b.ref(first))
	if n := testing.AllocsPerRun(100, func() { b.comesAndGoes("call_2") }); n != 0 {
		t.Errorf("a call in a place that is there allocates %v times", n)
	}
}

func BenchmarkPlace(b *testing.B) {
	board := boardAlone(b)
	b.ReportAllocs()
	for b.Loop() {
		board.comesAndGoes("call_1")
	}
}
