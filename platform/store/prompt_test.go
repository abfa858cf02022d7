package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/prompt"
	"github.com/callisto-tel/callisto/platform/store"
)

// TestARecordedPrompt is played in the place of the own, in every process, until it
// is taken away.
func TestARecordedPrompt(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		plays := map[string][]byte{}
		s := prompt.New(h.db.Prompts(), prompt.Config{
			Encode: func(in []int16) []byte { return make([]byte, len(in)) }, Use: func(all map[string][]byte) { plays = all },
			Now: h.clock.now,
		})
		boss := member.Actor{Account: "boss", Role: member.Operator}
		wav := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x40\x1f\x00\x00"), make([]byte, 8000)...)
		for i := 0; i < 8000; i += 4 {
			wav[44+i+1] = 0x20
		}
		if err := s.Put(ctx, h.person(t, "ada"), "en/hello", wav); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member replaces a prompt: %v", err)
		}
		if err := s.Put(ctx, boss, "en/nonsense", wav); fault.KindOf(err) != fault.Unknown {
			t.Errorf("what nobody says is replaced: %v", err)
		}
		for range 2 {
			if err := s.Put(ctx, boss, "ko/access/dial", wav); err != nil {
				t.Fatal(err)
			}
		}
		if r, ok := s.Recorded("ko/access/dial"); !ok || len(plays["ko/access/dial"]) != 4000 || r.By != "boss" {
			t.Errorf("plays %d, %+v", len(plays["ko/access/dial"]), r.By)
		}
		if err := s.Remove(ctx, boss, "ko/access/dial"); err != nil || len(plays) != 0 {
			t.Errorf("taken away, %d are played: %v", len(plays), err)
		}
	})
}

// TestHowAMemberIsKnown is kept, and to be known by less needs fresh proof.
func TestHowAMemberIsKnown(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		who := h.person(t, "ada")
		s := access.New(h.db.Access(), access.Config{Plans: h.policy.Plans, Fresh: h.members.Fresh, Now: h.clock.now,
			Carrier: func(id string) bool { return id == "car_1" }, Taken: func(context.Context, string) (bool, error) { return false, nil }})
		if set, shorts, err := s.Of(ctx, who.Account); err != nil || set != access.Defaults() || len(shorts) != 0 {
			t.Errorf("at first: %+v %v %v", set, shorts, err)
		}
		stale := who
		stale.Proved = h.clock.now().Add(-24 * time.Hour)
		strict := access.Settings{Recognise: true, AskPIN: true}
		if err := s.Set(ctx, stale, strict); err != nil {
			t.Errorf("to be known by more: %v", err)
		}
		if err := s.Set(ctx, stale, access.Settings{Recognise: true}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("to be known by less without proof: %v", err)
		}
		if set, _, err := s.Of(ctx, who.Account); err != nil || set != strict {
			t.Errorf("then: %+v %v", set, err)
		}
		for _, x := range []access.Short{{Key: 0, To: "2"}, {Key: 100, To: "2"}, {Key: 1, To: "*67"}, {Key: 1, To: "x@y.example"}} {
			if err := s.SetShort(ctx, who, x); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", x, err)
			}
		}
		for _, to := range []string{"+49 30 901820", "5550100#82", ""} {
			if err := s.SetShort(ctx, who, access.Short{Key: 7, To: to}); err != nil {
				t.Errorf("%s: %v", to, err)
			}
			if _, shorts, err := s.Of(ctx, who.Account); err != nil || to == "" && len(shorts) != 0 || to != "" && len(shorts) != 1 {
				t.Errorf("after %q: %v %v", to, shorts, err)
			}
		}
		boss := member.Actor{Account: "boss", Role: member.Operator}
		for _, n := range []access.Number{{E164: "+82 2 555 0100", Carrier: "car_2"}, {E164: "02 555 0100", Carrier: "car_1"}, {E164: "+82 2 555 0100", Carrier: "car_1", Language: "tlh"}} {
			if err := s.Put(ctx, boss, n); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", n, err)
			}
		}
		if err := s.Put(ctx, boss, access.Number{E164: "+82 2 555 0100", Carrier: "car_1"}); err != nil {
			t.Fatal(err)
		}
		if n, ok := s.Number("car_1", "+8225550100"); !ok || n.Country != "KR" || n.Language != "ko" {
			t.Errorf("it is %+v", n)
		}
		if _, ok := s.Number("car_2", "+8225550100"); ok {
			t.Error("another carrier brings it too")
		}
		if err := s.Remove(ctx, boss, "+8225550100"); err != nil || len(s.Numbers()) != 0 {
			t.Errorf("removed: %v", err)
		}
	})
}
