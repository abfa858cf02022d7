package routing

import (
	"slices"
	"testing"
)

// TestWhereACallGoesOnIsSaid: who asks what would become of a call hears, while a
// terminal rings, to which telephones it goes on, and which are left out.
func TestWhereACallGoesOnIsSaid(t *testing.T) {
	t.Parallel()
	w := world(t)
	said := func(national string, change func(*Holder)) []Step {
		h, ok := w.Sold.Typed(national + "82")
		if !ok {
			t.Fatalf("nobody has %s", national)
		}
		change(&h)
		w.Sold.(*Numbers).Set(h)
		caller, _ := w.Sold.Typed("2555123482")
		return w.Explain(caller.Attempt("KR", national+"82", "KR", noon())).Steps
	}
	has := func(steps []Step, text string) bool { return slices.Contains(steps, Step{Text: text, Inside: true}) }
	unproved := "Nobody has proved +8225557777: it is called all the same, as no real telephone rings here."
	idle := "Its holder chose to have calls sent on to +8225558888, and has not proved it: none is sent there."
	ringing := said("7000012", func(h *Holder) { h.Unproved = []string{"+8225557777", "+8225558888"} })
	for _, text := range []string{
		"When its holder is busy or declines, the call goes on to +8225557777, and he pays for it.", "When nobody answers, the call goes on to +821098765432, and its holder pays for it.",
		"When no terminal can be reached, the call goes on to 7799100200, and its holder pays for it.", unproved, idle,
	} {
		if !has(ringing, text) {
			t.Errorf("of a number that rings it is not said: %s\n%v", text, ringing)
		}
	}
	away := said("7000013", func(h *Holder) { h.Unproved = []string{"+8225557777", "+8225558888"} })
	for _, text := range []string{"Its holder has such calls sent on to +8225557777, and pays for it.", unproved, idle} {
		if !has(away, text) {
			t.Errorf("of a number that is away it is not said: %s\n%v", text, away)
		}
	}
	served := said("7000013", func(h *Holder) { h.Forward, h.Unproved = nil, []string{"+8225558888"} })
	if !has(served, idle) || has(served, unproved) {
		t.Errorf("of one that nobody is sent on from: %v", served)
	}
}

// at is one access number.
type at string

func (a at) AnswersAt(e164 string) bool { return e164 == string(a) }

// TestAnAccessNumberIsTheHouses: no call of ours goes out to it, dialled or sent on.
func TestAnAccessNumberIsTheHouses(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.House = at("+8225557777")
	caller, _ := w.Sold.Typed("2555123482")
	for _, dialled := range []string{"+8225557777", "025557777"} {
		if x := w.Explain(caller.Attempt("KR", dialled, "KR", noon())); len(x.Targets) > 0 || x.Kind != Feature || x.Reason.Code != HouseNumber || x.E164 != "+8225557777" {
			t.Errorf("%s: %+v", dialled, x.Decision)
		}
	}
	if x := w.Explain(caller.Attempt("KR", "700001182", "KR", noon())); len(x.Targets) > 0 {
		t.Errorf("a call is sent on there: %+v", x.Targets)
	}
	if d := w.Decide(&Attempt{Center: "KR", Role: Exit, Dialled: "+8225557777", Caller: Party{Account: "acc", Country: "KR"}, Now: noon()}); len(d.Targets) == 0 {
		t.Error("what another center asks this one for is refused")
	}
}
