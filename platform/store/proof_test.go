package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/platform/store"
)

// switchboard takes the calls of proofs.
type switchboard struct {
	mu    sync.Mutex
	calls []proof.Call
	none  bool // there is no carrier
	err   error
}

func (s *switchboard) For(string) (carrier.Carrier, bool) {
	return carrier.Carrier{ID: "car_1"}, !s.none
}

func (s *switchboard) SpeakCode(_ context.Context, c proof.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.calls = append(s.calls, c)
	}
	return s.err
}

func (s *switchboard) last() proof.Call { return s.calls[len(s.calls)-1] }

type proving struct {
	*house
	*proof.Service
	board *switchboard
	minji member.Actor
}

func newProving(t *testing.T, cfg store.Config) *proving {
	h := build(t, cfg, newClock())
	b := &switchboard{}
	return &proving{h, proof.New(h.db.Proofs(), proof.Config{Plans: plans(t), Carriers: b, Caller: b, Open: func(iso string) bool { return iso == "KR" }, Now: h.clock.now}), b, h.person(t, "minji")}
}

// spoken begins a proof and has its code spoken.
func (x *proving) spoken(t *testing.T, by member.Actor, number string) (proof.Proof, string) {
	t.Helper()
	p, err := x.Begin(t.Context(), by, proof.Request{Number: number, Purpose: proof.OwnPhone, Language: "ko"})
	if err != nil {
		t.Fatal(err)
	}
	c := x.board.last()
	for _, step := range []string{"ringing", "answered", "asked", "spoken"} {
		c.Told(step)
	}
	c.Over(proof.End{Answered: true, Why: "normal"})
	x.Close()
	return p, c.Code
}

func wrongCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.ReasonOf(err).Code
}

func TestANumberIsProved(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, x := t.Context(), newProving(t, cfg)
		p, err := x.Begin(ctx, x.minji, proof.Request{Number: "+82 2-555-1234", Purpose: proof.OwnPhone, Language: "ko"})
		if err != nil || p.State != proof.Calling || p.E164 != "+8225551234" || p.Country != "KR" {
			t.Fatalf("%+v %v", p, err)
		}
		c := x.board.last()
		if c.E164 != p.E164 || c.Language != "ko" || len(c.Code) != 6 || strings.Contains(p.Hash, c.Code) {
			t.Errorf("the call %+v", c)
		}
		if _, err := x.Confirm(ctx, x.minji, p.ID, c.Code); code(err) != "code_not_spoken" {
			t.Errorf("before it was spoken: %v", err)
		}
		c.Told("ringing")
		if x.Step(p.ID) != "ringing" {
			t.Errorf("the step is %q", x.Step(p.ID))
		}
		c.Told("spoken")
		x.Close()
		if got, err := x.Proof(ctx, x.minji, p.ID); err != nil || got.State != proof.Spoken || !got.Until.Equal(x.clock.now().Add(proof.CodeFor)) {
			t.Errorf("spoken: %+v %v", got, err)
		}
		c.Over(proof.End{Answered: true, Why: "normal"})
		x.Close()

		jun := x.person(t, "jun")
		if _, err := x.Confirm(ctx, jun, p.ID, c.Code); code(err) != "proof_unknown" {
			t.Errorf("somebody else's: %v", err)
		}
		if _, err := x.Confirm(ctx, member.System(), p.ID, c.Code); code(err) != "not_yours" {
			t.Errorf("the operator: %v", err)
		}
		if got, err := x.Confirm(ctx, x.minji, p.ID, wrongCode(c.Code)); code(err) != "code_wrong" || got.Guesses != 1 {
			t.Errorf("a wrong code: %+v %v", got, err)
		}
		if _, err := x.Confirm(ctx, x.minji, p.ID, "12345"); code(err) != "code_form" {
			t.Errorf("five digits: %v", err)
		}
		if _, ok, _ := x.Proved(ctx, x.minji.Account, p.E164, proof.OwnPhone); ok {
			t.Error("it is proved before the code")
		}
		if got, err := x.Confirm(ctx, x.minji, p.ID, c.Code[:3]+" "+c.Code[3:]); err != nil || got.State != proof.Proved {
			t.Errorf("the code: %+v %v", got, err)
		}
		if _, err := x.Confirm(ctx, x.minji, p.ID, c.Code); code(err) != "code_used" {
			t.Errorf("once more: %v", err)
		}
		if got, ok, err := x.Proved(ctx, x.minji.Account, p.E164, proof.OwnPhone); !ok || got.ID != p.ID || err != nil {
			t.Errorf("proved: %+v %v %v", got, ok, err)
		}
		for name, ask := range map[string]func() (proof.Proof, bool, error){
			"another purpose": func() (proof.Proof, bool, error) {
				return x.Proved(ctx, x.minji.Account, p.E164, proof.Root)
			},
			"another number": func() (proof.Proof, bool, error) {
				return x.Proved(ctx, x.minji.Account, "+8225551235", proof.OwnPhone)
			},
			"another account": func() (proof.Proof, bool, error) { return x.Proved(ctx, jun.Account, p.E164, proof.OwnPhone) },
		} {
			if _, ok, err := ask(); ok || err != nil {
				t.Errorf("%s: %v %v", name, ok, err)
			}
		}
		x.clock.add(proof.ProvedFor)
		if _, ok, _ := x.Proved(ctx, x.minji.Account, p.E164, proof.OwnPhone); ok {
			t.Error("it is still proved after a day")
		}
		if got, _ := x.Proof(ctx, x.minji, p.ID); got.State != proof.Expired {
			t.Errorf("after a day: %+v", got)
		}
	})
}

func TestACodeIsGuessedFiveTimesAtMost(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, x := t.Context(), newProving(t, cfg)
		p, right := x.spoken(t, x.minji, "+82 2 555 1234")
		var counted, refused atomic.Int64
		var wg sync.WaitGroup
		for range 40 { // at once
			wg.Go(func() {
				switch _, err := x.Confirm(ctx, x.minji, p.ID, wrongCode(right)); code(err) {
				case "code_wrong":
					counted.Add(1)
				case "guesses_used":
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, _ := x.Proof(ctx, x.minji, p.ID); got.Guesses != proof.MostGuesses || counted.Load() >= proof.MostGuesses+1 || counted.Load()+refused.Load() != 40 {
			t.Errorf("%d guesses counted, %d refused, stored %+v", counted.Load(), refused.Load(), got)
		}
		if _, err := x.Confirm(ctx, x.minji, p.ID, right); code(err) != "guesses_used" {
			t.Errorf("the right code after them: %v", err)
		}
		if _, ok, _ := x.Proved(ctx, x.minji.Account, p.E164, proof.OwnPhone); ok {
			t.Error("it is proved")
		}

		p, right = x.spoken(t, x.minji, "+82 2 555 1235") // the right code, forty times at once: proved once
		var proved, used atomic.Int64
		for range 40 {
			wg.Go(func() {
				switch _, err := x.Confirm(ctx, x.minji, p.ID, right); code(err) {
				case "":
					proved.Add(1)
				case "code_used":
					used.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if proved.Load() != 1 || used.Load() != 39 {
			t.Errorf("proved %d times, refused %d times", proved.Load(), used.Load())
		}
	})
}

func TestACodeHasItsTime(t *testing.T) {
	x := newProving(t, cluster.SQLite(t))
	p, right := x.spoken(t, x.minji, "+82 2 555 1234")
	x.clock.add(proof.CodeFor)
	if _, err := x.Confirm(t.Context(), x.minji, p.ID, right); code(err) != "code_expired" {
		t.Errorf("too late: %v", err)
	}
	q, err := x.Begin(t.Context(), x.minji, proof.Request{Number: "+8225551234", Purpose: proof.OwnPhone})
	if err != nil {
		t.Fatal(err)
	}
	x.clock.add(time.Hour) // the process was stopped while it called
	if got, _ := x.Proof(t.Context(), x.minji, q.ID); got.State != proof.Expired {
		t.Errorf("an hour later: %+v", got)
	}
}

func TestOldProofsAreForgotten(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, x := t.Context(), newProving(t, cfg)
		p, right := x.spoken(t, x.minji, "+82 2 555 1234")
		if _, err := x.Confirm(ctx, x.minji, p.ID, right); err != nil {
			t.Fatal(err)
		}
		q, _ := x.spoken(t, x.minji, "+82 2 555 1234")
		x.clock.add(time.Hour)
		if err := x.Sweep(ctx); err != nil { // nothing is old yet: the third call is the last
			t.Fatal(err)
		}
		x.spoken(t, x.minji, "+82 2 555 1234")
		if _, err := x.Begin(ctx, x.minji, proof.Request{Number: "+8225551234", Purpose: proof.OwnPhone}); code(err) != "number_called_enough" {
			t.Errorf("the fourth call: %v", err)
		}
		x.clock.add(31 * 24 * time.Hour)
		if err := x.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Proof(ctx, x.minji, p.ID); err != nil {
			t.Errorf("what was proved is forgotten: %v", err)
		}
		if _, err := x.Proof(ctx, x.minji, q.ID); code(err) != "proof_unknown" {
			t.Errorf("what came to nothing stays: %v", err)
		}
	})
}

func TestWhyACallSpokeNoCode(t *testing.T) {
	x := newProving(t, cluster.SQLite(t))
	for i, c := range []struct {
		told string
		end  proof.End
		want string
	}{
		{"ringing", proof.End{Why: "busy"}, "call_busy"},
		{"ringing", proof.End{Why: "no_answer"}, "call_no_answer"},
		{"asked", proof.End{Answered: true, Why: "normal"}, "hung_up"},
		{"silent", proof.End{Answered: true, Why: "normal"}, "no_key"},
		{"", proof.End{Why: "failed"}, "call_failed"},
	} {
		number := fmt.Sprintf("+8225%d51234", i+3)
		p, err := x.Begin(t.Context(), x.minji, proof.Request{Number: number, Purpose: proof.OwnPhone})
		if err != nil {
			t.Fatal(err)
		}
		if call := x.board.last(); c.told != "" {
			call.Told(c.told)
		}
		x.board.last().Over(c.end)
		x.Close()
		got, _ := x.Proof(t.Context(), x.minji, p.ID)
		if got.State != proof.Failed || got.Reason.Code != c.want || got.Reason.Text == "" {
			t.Errorf("%+v: %+v", c, got)
		}
		if _, err := x.Confirm(t.Context(), x.minji, p.ID, x.board.last().Code); code(err) != c.want {
			t.Errorf("the code all the same: %v", err)
		}
	}
}

func TestCallsAreLimited(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, x := t.Context(), newProving(t, cfg)
		people := make([]member.Actor, 8)
		for i := range people {
			people[i] = x.person(t, fmt.Sprintf("p%d", i))
		}
		begin := func(by member.Actor, number string) error {
			_, err := x.Begin(ctx, by, proof.Request{Number: number, Purpose: proof.OwnPhone})
			return err
		}
		var made, full atomic.Int64
		var wg sync.WaitGroup
		for i := range 16 { // one number, many accounts, at once: three calls
			wg.Go(func() {
				switch err := begin(people[i%8], "+82 2 555 1234"); code(err) {
				case "":
					made.Add(1)
				case "number_called_enough":
					full.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 3 || full.Load() != 13 || len(x.board.calls) != 3 {
			t.Errorf("%d calls made, %d refused, %d placed", made.Load(), full.Load(), len(x.board.calls))
		}
		x.board.err = errors.New("no way") // a call that was not made does not count
		for range 20 {
			if err := begin(x.minji, "+82 2 555 1300"); err == nil || fault.KindOf(err) == fault.Limited {
				t.Fatalf("no way to the carrier: %v", err)
			}
		}
		x.board.err = nil
		for i := range 5 { // one account: five
			if err := begin(x.minji, fmt.Sprintf("+82 2 55%d 1234", i+1)); err != nil && i != 4 {
				t.Errorf("call %d of an account: %v", i, err)
			}
		}
		x.clock.add(24*time.Hour + time.Second)
		for i := range 11 { // one prefix: ten
			err := begin(people[i%8], fmt.Sprintf("+82 2 777 %04d", 1000+i))
			if want := map[bool]string{true: "prefix_called_enough"}[i == 10]; code(err) != want {
				t.Errorf("call %d of a prefix: %v", i, err)
			}
			if i == 10 && !strings.Contains(err.Error(), "25 Nov, 09:00 UTC") {
				t.Errorf("when it works again is not told: %v", err)
			}
		}
		for i := range 6 {
			err := begin(x.minji, fmt.Sprintf("+82 2 78%d 1234", i))
			if want := map[bool]string{true: "account_called_enough"}[i == 5]; code(err) != want {
				t.Errorf("call %d of an account the next day: %v", i, err)
			}
		}
	})
}

func TestWhoIsNeverCalled(t *testing.T) {
	x := newProving(t, cluster.SQLite(t))
	for number, want := range map[string]string{
		"112": "number_form", "+82 112": "number_invalid", "+82 60 700 1234": "not_a_telephone", "+1 900 234 5678": "not_a_telephone",
		"+1 312 555 0142": "country_not_called", "+1 876 234 5678": "country_not_called", "02-555-1234": "number_form", "": "empty",
	} {
		if _, err := x.Begin(t.Context(), x.minji, proof.Request{Number: number, Purpose: proof.OwnPhone}); code(err) != want {
			t.Errorf("%q: %v, want %s", number, err, want)
		}
	}
	if _, err := x.Begin(t.Context(), x.minji, proof.Request{Number: "+8225551234", Purpose: "fun"}); code(err) != "purpose_unknown" {
		t.Errorf("for fun: %v", err)
	}
	if _, err := x.Begin(t.Context(), member.Actor{}, proof.Request{Number: "+8225551234", Purpose: proof.Root}); code(err) != "sign_in" {
		t.Errorf("nobody: %v", err)
	}
	x.board.none = true
	if _, err := x.Begin(t.Context(), x.minji, proof.Request{Number: "+8225551234", Purpose: proof.Root}); code(err) != "no_carrier" {
		t.Errorf("without a carrier: %v", err)
	}
	if len(x.board.calls) != 0 {
		t.Errorf("%d were called", len(x.board.calls))
	}
}
