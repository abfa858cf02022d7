package access_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/tariff"
	speaking "github.com/callisto-tel/callisto/telephony/access"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// desk is one member, whose telephone is +8225556789 and whose PIN is 271828.
type desk struct {
	*speaking.Desk

	t       *testing.T
	set     access.Settings
	holder  routing.Holder
	checked []string // whose PIN was asked for
	locked  bool
	rung    chan edge.CallBack
	carrier string // by which callers come in
	now     func() time.Time
	told    []string // that takes no PINs
	missed  []bell.Missed
	heard   time.Time // up to when they were read out
	ways    *routing.Ways
}

func (d *desk) Number(carrier, e164 string) (access.Number, bool) {
	n := access.Number{E164: "+13125550190", Carrier: "car_1", Country: "US", Language: "en"}
	return n, carrier == d.carrier && e164 == n.E164
}
func (d *desk) Numbers() []access.Number {
	return []access.Number{{E164: "+13125550190", Carrier: "car_1", Country: "US", Language: "en"}}
}
func (d *desk) AnswersAt(e164 string) bool { return e164 == "+13125550190" }
func (d *desk) Of(context.Context, string) (access.Settings, []access.Short, error) {
	return d.set, []access.Short{{Key: 7, To: "+4930901820"}}, nil
}

func (d *desk) Check(_ context.Context, account, digits string) (pin.Result, error) {
	d.checked = append(d.checked, account)
	switch {
	case d.locked:
		return pin.Locked, nil
	case account == "acc_jun" && digits == "271828":
		return pin.Right, nil
	}
	return pin.Wrong, nil
}

func (d *desk) Known(number string) (routing.Holder, bool) {
	return d.holder, number == "+8225556789"
}

func (d *desk) CallBack(x edge.CallBack) string {
	d.rung <- x
	return "call_1"
}

func (*desk) SignIn(context.Context, string, speaking.Telephone) error { return nil }
func (*desk) SignOut(context.Context, string) (bool, error)            { return false, nil }

func (d *desk) Unseen(_ context.Context, account string, n numbering.Number) ([]bell.Missed, error) {
	if account != "acc_jun" || n != d.holder.Number {
		d.t.Errorf("the missed calls of %s %v are asked for", account, n)
	}
	return d.missed, nil
}

func (d *desk) Heard(_ context.Context, account string, n numbering.Number, upTo time.Time) error {
	if account != "acc_jun" || n != d.holder.Number {
		d.t.Errorf("the missed calls of %s %v were read", account, n)
	}
	d.heard = upTo
	return nil
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, set: access.Settings{Recognise: true, SayPrice: true}, rung: make(chan edge.CallBack, 20), carrier: "car_1", now: time.Now}
	d.holder = routing.Holder{Number: numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "7550142"}, Country: "KR", Account: "acc_jun", Membership: "mem_jun", Registered: true, CallsAs: "Jun Park", Language: "ko"}
	sold := routing.NewNumbers()
	sold.Set(d.holder)
	d.ways = routing.NewWays()
	tables := &routing.Tables{Plans: plans, Sold: sold, Known: d, House: d, Ways: d.ways, Centers: center.NewDirectory(plans, []center.Center{{ID: "KR", Countries: []string{"KR"}}, {ID: "US", Countries: []string{"US"}}})}
	d.Desk = speaking.New(speaking.Config{
		Members: d, PINs: d, Tables: func() *routing.Tables { return tables }, Currency: "USD", Now: func() time.Time { return d.now() }, Caller: func() speaking.Caller { return d },
		Balance: func(context.Context, string) (money.Amount, error) { return money.Of("USD", 12, 50), nil },
		May:     func(context.Context, string) error { return nil },
		SignIns: d, Missed: d,
		Guessed: func(where string, wrong int) { d.told = append(d.told, fmt.Sprint(where, " ", wrong)) },
	})
	return d
}

func (d *desk) calls(from string, hidden bool) edge.Talk {
	d.t.Helper()
	a := routing.Attempt{Role: routing.Entry, Center: "US", Carrier: d.carrier, Dialled: "+13125550190", Caller: routing.Party{E164: from, Private: hidden}}
	if !d.Answers(&a) {
		d.t.Fatal("the access number is not answered")
	}
	return d.Takes(&a)
}

// next tells a talk what was pressed at a node, and returns the node that asks
// next with what is said at first; "call NUMBER" is a call, "refused" none.
func (d *desk) next(x edge.Talk, h edge.Heard) (asks, says string) {
	d.t.Helper()
	n := x.Next(d.t.Context(), h)
	switch {
	case n.Dial != nil:
		if n.Dial.Caller.Account != "acc_jun" || n.Dial.Caller.Number != d.holder.Number || n.Dial.Caller.Home != "KR" || n.Dial.Name != "Jun Park" || n.Dial.Country != "US" {
			d.t.Errorf("he calls as %+v", n.Dial)
		}
		return "call " + n.Dial.Dialled, ""
	case n.Script == nil:
		return "refused", ""
	}
	var say []string
	for _, p := range n.Script.Nodes[0].Say {
		say = append(say, string(p))
	}
	if node := n.Script.Nodes[0]; node.Secret != (node.Name == "pin") {
		d.t.Errorf("what is pressed at %s is shown or hidden wrongly", node.Name)
	}
	return n.Script.Nodes[0].Name, strings.Join(say, " ")
}

func at(node, keys string) edge.Heard { return edge.Heard{Node: node, Keys: switching.Secret(keys)} }

// TestKnownByHisTelephone: he hears his balance in his language, and dials.
func TestKnownByHisTelephone(t *testing.T) {
	d := newDesk(t)
	x := d.calls("+8225556789", false)
	asks, says := d.next(x, edge.Heard{})
	if asks != "dial" || says != "ko/access/welcome ko/access/balance ko/num/10 ko/num/2 ko/money/USD/1 ko/num/5 ko/num/10 ko/money/USD/minor/1 ko/access/dial" {
		t.Errorf("at %s he hears %s", asks, says)
	}
	for keys, want := range map[string]string{"5550100*82": "call 5550100#82", "7": "call +4930901820", "755014282": "go", "*67755014282": "go", "8": "call 8"} {
		if got, _ := d.next(x, at("dial", keys)); got != want {
			t.Errorf("%s is %s", keys, got)
		}
	}
	if got, _ := d.next(x, at("go", "")); !strings.HasPrefix(got, "call ") {
		t.Errorf("after the price it does %s", got)
	}
	for code, want := range map[edge.Ended]string{
		{Cause: cdr.Busy}: "access/busy", {Cause: cdr.NoAnswer}: "access/no_answer", {Cause: cdr.Unpaid, Answered: true}: "access/unpaid", {Cause: cdr.Unpaid}: "access/unpaid",
		{Cause: cdr.Normal, Answered: true}: "access/ended", {Cause: cdr.Forbidden, Code: "emergency_direct"}: "access/emergency", {Cause: cdr.Forbidden, Code: "cap_day"}: "refused/limits",
		{Cause: cdr.NotFound}: "access/unknown", {Cause: cdr.Failed}: "access/failed", {Cause: cdr.Unavailable}: "access/away",
	} {
		if asks, says := d.next(x, edge.Heard{Call: &code}); asks != "dial" || says != "ko/"+want+" ko/access/dial" {
			t.Errorf("after %+v: %s, %s", code, asks, says)
		}
	}
}

// TestAForgedNumberOpens no more than its holder allows.
func TestAForgedNumberOpens(t *testing.T) {
	d := newDesk(t)
	d.set.AskPIN = true
	x := d.calls("+8225556789", false)
	if asks, _ := d.next(x, edge.Heard{}); asks != "pin" {
		t.Errorf("with a PIN too it asks %q", asks)
	}
	if asks, _ := d.next(x, at("dial", "7")); asks != "bye" { // a node it was never at
		t.Errorf("without the PIN he gets to %q", asks)
	}
	if asks, _ := d.next(x, at("pin", "271828")); asks != "dial" {
		t.Errorf("with the PIN he gets to %q", asks)
	}
	d.set = access.Defaults() // who has chosen nothing
	for _, c := range []struct {
		from   string
		hidden bool
	}{{"+8225556789", false}, {"+8225556789", true}, {"+16465550199", false}, {"", false}} {
		if asks, says := d.next(d.calls(c.from, c.hidden), edge.Heard{}); asks != "id" || !strings.HasPrefix(says, "en/access/welcome") {
			t.Errorf("%+v: it asks %q", c, asks)
		}
	}
	d.set = access.Settings{Recognise: true}
	if asks, _ := d.next(d.calls("+8225556789", true), edge.Heard{}); asks != "id" {
		t.Errorf("of a number that is withheld it asks %q", asks)
	}
}

// TestNumberAndPIN: right ones let in, three wrong ones end the call, and a number
// that nobody has is asked for a PIN like any other.
func TestNumberAndPIN(t *testing.T) {
	d := newDesk(t)
	x := d.calls("+16465550199", false)
	for _, step := range []struct{ node, keys, want string }{
		{"", "", "id"}, {"id", "755014282", "pin"}, {"pin", "111111", "id"}, {"id", "99999999", "pin"}, {"pin", "271828", "id"}, {"id", "755014282", "pin"}, {"pin", "271828", "dial"}, {"dial", "7", "call +4930901820"},
	} {
		if got, _ := d.next(x, at(step.node, step.keys)); got != step.want {
			t.Errorf("%s at %s leads to %s, want %s", step.keys, step.node, got, step.want)
		}
	}
	if !slices.Equal(d.checked, []string{"acc_jun", "", "acc_jun"}) {
		t.Errorf("the PINs of %q were asked for", d.checked)
	}
	x = d.calls("+16465550199", false)
	asks, says := d.next(x, edge.Heard{})
	for range 3 {
		d.next(x, at("id", "755014282"))
		asks, says = d.next(x, at("pin", "111111"))
	}
	if asks != "bye" || !strings.HasPrefix(says, "en/access/wrong") {
		t.Errorf("after three wrong ones: %s %s", asks, says)
	}
	d.locked = true
	x = d.calls("+16465550199", false)
	d.next(x, edge.Heard{})
	d.next(x, at("id", "755014282"))
	if asks, says := d.next(x, at("pin", "271828")); asks != "id" || !strings.HasPrefix(says, "en/access/wrong") {
		t.Errorf("of a locked one, which must look like any other: %s %s", asks, says)
	}
}

// TestOneTelephoneGuesses not for ever, whosever PINs they are.
func TestOneTelephoneGuesses(t *testing.T) {
	d := newDesk(t)
	for range 12 {
		x := d.calls("+16465550199", false)
		d.next(x, edge.Heard{})
		for range 3 {
			d.next(x, at("id", "99999999"))
			d.next(x, at("pin", "111111"))
		}
	}
	if n := len(d.checked); n < 15 || n > 16 {
		t.Errorf("%d PINs were tried from one telephone", n)
	}
}

// TestEverNewTelephonesGuess: who shows another number each time is stopped too, with
// all others of his carrier who are not known by their telephones, for an hour.
func TestEverNewTelephonesGuess(t *testing.T) {
	d := newDesk(t)
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	d.now = func() time.Time { return now }
	for i := range 2 * pin.MostByCarrier {
		x := d.calls(fmt.Sprintf("+1646555%04d", i), false)
		d.next(x, edge.Heard{})
		d.next(x, at("id", "99999999"))
		asks, says := d.next(x, at("pin", "111111"))
		if later := i >= pin.MostByCarrier-1; later != (asks == "bye" && strings.HasPrefix(says, "en/access/later")) {
			t.Fatalf("the %dth hears %s and is asked %s", i+1, says, asks)
		}
	}
	if n := len(d.checked); n != pin.MostByCarrier || fmt.Sprint(d.told) != fmt.Sprintf("[car_1 %d]", pin.MostByCarrier) {
		t.Errorf("%d PINs were looked at, and told was %q", n, d.told)
	}
	if asks, says := d.next(d.calls("+16465550199", false), edge.Heard{}); asks != "bye" || !strings.HasPrefix(says, "en/access/later") {
		t.Errorf("a stranger hears %s and is asked %s", says, asks)
	}
	if asks, _ := d.next(d.calls("+8225556789", false), edge.Heard{}); asks != "dial" {
		t.Errorf("who is known by his telephone is asked %s", asks)
	}
	d.set.AskPIN = true
	x := d.calls("+8225556789", false)
	d.next(x, edge.Heard{})
	if asks, _ := d.next(x, at("pin", "271828")); asks != "dial" {
		t.Errorf("and, with his PIN too, %s", asks)
	}
	x = d.calls("+8225556789", false) // and cannot be somebody else then
	d.next(x, edge.Heard{})
	d.next(x, at("id", "755014282"))
	if asks, _ := d.next(x, at("pin", "271828")); asks != "bye" {
		t.Errorf("as another he is asked %s", asks)
	}
	d.carrier = "car_2"
	if asks, _ := d.next(d.calls("+16465550199", false), edge.Heard{}); asks != "id" {
		t.Errorf("by another carrier a stranger is asked %s", asks)
	}
	if asks, _ := d.next(d.seat("acc_jun"), edge.Heard{}); asks != "id" {
		t.Errorf("at a telephone of the house he is asked %s", asks)
	}
	d.carrier = "car_1"
	now = now.Add(pin.ClosedFor)
	x = d.calls("+16465550199", false)
	d.next(x, edge.Heard{})
	d.next(x, at("id", "755014282"))
	if asks, _ := d.next(x, at("pin", "271828")); asks != "dial" {
		t.Errorf("an hour later it is asked %s", asks)
	}
}

// TestEverNewCarriersGuess, and telephones of the house: all of them together are
// stopped too.
func TestEverNewCarriersGuess(t *testing.T) {
	d := newDesk(t)
	for i := range pin.MostOfHouse {
		d.carrier = fmt.Sprint("car_", i%8)
		x := d.calls(fmt.Sprintf("+1646555%04d", i), false)
		if i%8 == 0 {
			x = d.seat(fmt.Sprint("acc_", i))
		}
		d.next(x, edge.Heard{})
		d.next(x, at("id", "99999999"))
		d.next(x, at("pin", "111111"))
	}
	if fmt.Sprint(d.told) != fmt.Sprintf("[house %d]", pin.MostOfHouse) {
		t.Errorf("told was %q", d.told)
	}
	d.carrier = "car_9"
	for _, x := range []edge.Talk{d.calls("+16465550199", false), d.seat("acc_jun")} {
		if asks, says := d.next(x, edge.Heard{}); asks != "bye" || !strings.Contains(says, "/access/later") {
			t.Errorf("he hears %s and is asked %s", says, asks)
		}
	}
	if asks, _ := d.next(d.calls("+8225556789", false), edge.Heard{}); asks != "dial" {
		t.Errorf("who is known by his telephone is asked %s", asks)
	}
}

// seat is somebody who signs in at a telephone of an account.
func (d *desk) seat(account string) edge.Talk {
	return d.Takes(&routing.Attempt{Role: routing.Origin, Center: "KR", Dialled: routing.SignInCode, DialCountry: "KR",
		Caller: routing.Party{Account: account, Device: "dev_" + account, Number: d.holder.Number}})
}

// TestTelephonesAreMadeForNothing: PINs entered at desk phones are counted by whose
// telephones they are, however many he makes.
func TestTelephonesAreMadeForNothing(t *testing.T) {
	d := newDesk(t)
	for i := range 12 {
		x := d.Takes(&routing.Attempt{Role: routing.Origin, Center: "KR", Dialled: routing.SignInCode, DialCountry: "KR",
			Caller: routing.Party{Account: "acc_thief", Device: fmt.Sprint("dev_", i), Number: d.holder.Number}})
		d.next(x, edge.Heard{})
		for range 3 {
			d.next(x, at("id", "99999999"))
			d.next(x, at("pin", "111111"))
		}
	}
	if n := len(d.checked); n < 15 || n > 16 {
		t.Errorf("%d PINs were tried from telephones of one account", n)
	}
}

// TestHeIsRungBack: his call is refused, and five seconds later his telephone
// rings; he presses 1 and dials. Somebody who does that for ever is not rung, and not
// let in either.
func TestHeIsRungBack(t *testing.T) {
	d := newDesk(t)
	d.set.RingBack = true
	if asks, _ := d.next(d.calls("+8225556789", false), edge.Heard{}); asks != "refused" {
		t.Fatalf("it asks %q", asks)
	}
	var c edge.CallBack
	select {
	case c = <-d.rung:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody rings back")
	}
	if c.To != "+8225556789" || c.Caller.Account != "acc_jun" || c.Center != "US" {
		t.Errorf("rung is %+v", c)
	}
	if asks, says := d.next(c.Talk, edge.Heard{}); asks != "answered" || says != "ko/access/ask_back" {
		t.Errorf("he hears %s at %s", says, asks)
	}
	if asks, _ := d.next(c.Talk, at("ready", "")); asks != "dial" {
		t.Errorf("then it asks %q", asks)
	}
	d.set.AskPIN = true // whoever makes a telephone show his number may have had it forwarded to himself
	d.next(d.calls("+8225556789", false), edge.Heard{})
	select {
	case c = <-d.rung:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody rings back")
	}
	d.next(c.Talk, edge.Heard{})
	if asks, _ := d.next(c.Talk, at("ready", "")); asks != "pin" {
		t.Errorf("with a PIN to be asked for too, it asks %q", asks)
	}
	if asks, _ := d.next(c.Talk, at("pin", "271828")); asks != "dial" {
		t.Errorf("after his PIN it asks %q", asks)
	}
	for range 3 {
		d.next(d.calls("+8225556789", false), edge.Heard{})
	}
	if asks, _ := d.next(d.calls("+8225556789", false), edge.Heard{}); asks != "refused" {
		t.Errorf("the sixth time it does %q", asks)
	}
}

// TestRingMe: only a telephone that he has proved, and then whom he asked for.
func TestRingMe(t *testing.T) {
	d := newDesk(t)
	for telephone, target := range map[string]string{"+16465550199": "7", "+8225556789": "nonsense%"} {
		if _, err := d.Desk.CallBack(t.Context(), d.holder, telephone, target); err == nil {
			t.Errorf("%s is rung for %s", telephone, target)
		}
	}
	if id, err := d.Desk.CallBack(t.Context(), d.holder, "+8225556789", "+49 30 901820"); err != nil || id != "call_1" {
		t.Fatal(id, err)
	}
	c := <-d.rung
	d.next(c.Talk, edge.Heard{})
	if n := c.Talk.Next(t.Context(), at("ready", "")); n.Dial == nil || n.Dial.Dialled != "+4930901820" || n.Dial.Country != "KR" {
		t.Errorf("he is connected with %+v", n.Dial)
	}
}

// TestMissedCallsAreReadOut at the telephone of who missed them, the latest first: he
// calls back, goes on, or waits; with the first they are no longer new.
func TestMissedCallsAreReadOut(t *testing.T) {
	d := newDesk(t)
	ended := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	d.missed = []bell.Missed{{Caller: "755 0142 82", End: ended}, {Caller: "5550100#82", End: ended.Add(time.Minute)}, {End: ended}, {Caller: "bob@example.org", End: ended}}
	a := routing.Attempt{Role: routing.Origin, Center: "US", Dialled: "*56", DialCountry: "US", Caller: routing.Party{Account: "acc_jun", Device: "dev_1", Number: d.holder.Number}}
	dials := func() edge.Talk {
		t.Helper()
		if !d.Answers(&a) {
			t.Fatal("the code is not answered")
		}
		return d.Takes(&a)
	}
	x := dials()
	for i, step := range []struct{ node, keys, asks, says string }{
		{"", "", "missed", "access/missed num/4 access/missed_from digit/7 digit/5 digit/5 tone:pause digit/0 digit/1 digit/4 digit/2 tone:pause digit/8 digit/2 access/missed_keys"},
		{"missed", "1", "go", "access/free"},
		{"go", "", "call 755014282", ""},
		{"over", "", "missed", "access/busy access/missed_from digit/5 digit/5 digit/5 digit/0 digit/1 digit/0 digit/0 tone:pause digit/8 digit/2 access/missed_keys"},
		{"missed_next", "", "missed", "access/missed_hidden"},
		{"missed", "1", "missed", "access/missed_address"}, // nothing to call back
		{"missed", "", "bye", "goodbye"},
	} {
		h := at(step.node, step.keys)
		if step.node == "over" {
			h = edge.Heard{Call: &edge.Ended{Cause: cdr.Busy}}
		}
		asks, says := d.next(x, h)
		if asks != step.asks || strings.ReplaceAll(says, "ko/", "") != step.says {
			t.Errorf("step %d: he is asked %s and hears %s", i, asks, says)
		}
	}
	if want := ended.Add(time.Minute); !d.heard.Equal(want) {
		t.Errorf("read out up to %v, want %v", d.heard, want)
	}
	for range 30 {
		d.missed = append(d.missed, bell.Missed{End: ended})
	}
	x = dials()
	read := 0
	for asks, _ := d.next(x, edge.Heard{}); asks == "missed"; asks, _ = d.next(x, at("missed", "")) {
		read++
	}
	if read != 20 {
		t.Errorf("%d of 34 were read out", read)
	}
	d.missed, d.heard = nil, time.Time{}
	if asks, says := d.next(dials(), edge.Heard{}); asks != "bye" || says != "ko/access/missed_none ko/goodbye" || !d.heard.IsZero() {
		t.Errorf("of no calls he hears %s at %s", says, asks)
	}
	// From a telephone of anybody's, once it is known who he is, and then he dials.
	y := d.calls("+8225556789", false)
	if asks, _ := d.next(y, at("missed", "1")); asks == "missed" || strings.HasPrefix(asks, "call") {
		t.Errorf("before that he gets to %s", asks)
	}
	y = d.calls("+8225556789", false)
	d.next(y, edge.Heard{})
	if asks, says := d.next(y, at("dial", "*56")); asks != "dial" || says != "ko/access/missed_none ko/access/dial" {
		t.Errorf("at an access number he is asked %s and hears %s", asks, says)
	}
	for _, other := range []routing.Attempt{
		{Role: routing.Origin, Dialled: "*56"},                                                  // by no telephone
		{Role: routing.Entry, Dialled: "*56", Carrier: "car_1"},                                 // from outside
		{Role: routing.Origin, Dialled: "*57", Caller: routing.Party{Device: "dev_1"}},          // another code
		{Role: routing.Origin, Dialled: "+13125550191", Caller: routing.Party{Device: "dev_1"}}, // a number
	} {
		if d.Answers(&other) {
			t.Errorf("%+v is answered", other)
		}
	}
}

// TestACallBackIsNotSaidToBeFree if it costs something to be connected, and of a call
// back it is said whatever he chose.
func TestACallBackIsNotSaidToBeFree(t *testing.T) {
	d := newDesk(t)
	d.set.SayPrice = false
	d.missed = []bell.Missed{{Caller: "+49 30 901820"}}
	d.ways.SetCarriers([]carrier.Carrier{{ID: "chicago", Center: "US", Name: "Chicago", Reach: []string{"*"}, Presents: "+13125550100", Trunks: []carrier.Trunk{{ID: "chicago-1", Host: "192.0.2.1"}}}})
	for _, x := range []struct {
		price rating.Price
		says  string
	}{
		{rating.Price{Connect: 5_000_000, Next: 1}, "access/price num/5 money/USD/1"},
		{rating.Price{Connect: 1_000_000, Minute: 1_000_000, Next: 1}, "access/price num/2 money/USD/1"},
		{rating.Price{Next: 1}, "access/free"},
	} {
		deck, err := rating.NewDeck(nil, []rating.Row{{Prefix: "49", Price: x.price}})
		if err != nil {
			t.Fatal(err)
		}
		d.ways.SetDecks(&tariff.Decks{House: "USD", Lines: map[string]rating.Line{tariff.Members: {{Version: "v", Currency: "USD", Deck: deck}}}})
		y := d.calls("+8225556789", false)
		d.next(y, edge.Heard{})
		d.next(y, at("dial", "*56"))
		if asks, says := d.next(y, at("missed", "1")); asks != "go" || strings.ReplaceAll(says, "ko/", "") != x.says {
			t.Errorf("%+v: he is asked %s and hears %s", x.price, asks, says)
		}
	}
}
