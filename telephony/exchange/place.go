package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// Call is a call that the house places to an ordinary telephone.
type Call struct {
	Carrier carrier.Carrier
	E164    string // +8225551234
	Script  *switching.Script
	RingFor time.Duration
	Told    func(what string) // see edge.Placing
	Over    func(edge.Placed)
}

// SetCarriers replaces the carriers that calls may leave by.
func (x *Exchange) SetCarriers(list []carrier.Carrier) { x.trunks.SetCarriers(list) }

// TrunkState is how a trunk does now.
func (x *Exchange) TrunkState(trunk string) carrier.State { return x.trunks.State(trunk) }

// TrunkCalls is how many calls a trunk has now, both ways.
func (x *Exchange) TrunkCalls(trunk string) int { return x.trunks.Calls(trunk) }

// Place begins a call and returns its id. It may wait for the gateway's name to
// be looked up; an error says that no call was made and why.
func (x *Exchange) Place(ctx context.Context, c Call) (callID string, err error) {
	way, err := x.trunks.Reach(ctx, c.Carrier)
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, "carrier_unreachable", "The carrier "+c.Carrier.Name+" cannot be reached now. Try again later.", err)
	}
	tables := x.tables.Load()
	code, national, valid := tables.Plans.SplitE164(c.E164[1:])
	if !valid {
		return "", fmt.Errorf("%s is no telephone number", c.E164)
	}
	country := ""
	if at, ok := tables.Centers.Get(c.Carrier.Center); ok && len(at.Countries) > 0 {
		country = at.Countries[0]
	}
	shows := ""
	if cc, own, ok := tables.Plans.SplitE164(strings.TrimPrefix(c.Carrier.Presents, "+")); ok {
		shows = c.Carrier.OutCaller.Write(tables.Plans, country, cc, own)
	}
	return x.edge.Place(edge.Placing{
		Center: c.Carrier.Center, Way: way, Number: c.Carrier.Out.Write(tables.Plans, country, code, national), Shows: shows, Called: c.E164,
		Script: c.Script, RingFor: c.RingFor, Told: c.Told, Over: c.Over,
	}), nil
}

// SetPrompts has recordings, raw µ-law by name, take the place of what is spoken.
func (x *Exchange) SetPrompts(recorded map[string][]byte) { x.prompts.Replace(recorded) }

// CallBack rings a member's telephone, at his cost: see edge.CallBack.
func (x *Exchange) CallBack(c edge.CallBack) (callID string) { return x.edge.CallBack(c) }

// The names of the nodes of CodeScript, as told.
const (
	ToldAsked  = "asked"  // we have said who we are
	ToldSpoken = "spoken" // a key was pressed: the code is being spoken
	ToldSilent = "silent" // no key was pressed
)

// CodeScript speaks a code, twice, to a person: whoever does not press 1 is
// none, but an answering machine.
func CodeScript(language, code string) *switching.Script {
	say := func(name string) switching.Prompt { return switching.Prompt(speech.Language(language) + "/" + name) }
	var digits []switching.Prompt
	for _, d := range code {
		digits = append(digits, say("digit/"+string(d)))
	}
	return &switching.Script{Nodes: []switching.Node{
		{Name: ToldAsked, Say: []switching.Prompt{say("hello")}, Keys: "1", Wait: 6 * time.Second, Times: 3, Then: ToldSpoken, Else: ToldSilent},
		{Name: ToldSpoken, Say: slices.Concat([]switching.Prompt{say("code")}, digits, []switching.Prompt{say("again"), say("code")}, digits, []switching.Prompt{say("goodbye")})},
		{Name: ToldSilent, Say: []switching.Prompt{say("nothing")}},
	}}
}

// testScript says that it is a test.
func testScript() *switching.Script {
	return &switching.Script{Nodes: []switching.Node{{Name: "test", Say: []switching.Prompt{"en/test"}}}}
}

const testRings = 30 * time.Second

// TestCall places a call from a center by a carrier, says that it is a test, and
// reports what became of it. An error is only that ctx ended.
func (x *Exchange) TestCall(ctx context.Context, at center.ID, by carrier.Carrier, e164 string) (carrier.Report, error) {
	by.Center = at
	over := make(chan edge.Placed, 1)
	id, err := x.Place(ctx, Call{Carrier: by, E164: e164, Script: testScript(), RingFor: testRings, Over: func(p edge.Placed) { over <- p }})
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // the operator may know more than a member
		}
		return carrier.Report{Code: "unreachable", Text: "No call was made: " + err.Error() + "."}, ctx.Err()
	}
	select {
	case p := <-over:
		return report(p, by, e164), nil
	case <-ctx.Done():
		x.edge.HangUp(id)
		return carrier.Report{}, ctx.Err()
	}
}

// report says in words what became of a test call.
func report(p edge.Placed, by carrier.Carrier, e164 string) carrier.Report {
	r := carrier.Report{Code: p.Cause.String(), Answered: p.Answered, Heard: p.Heard, Delay: p.Delay, Status: p.Status}
	gave, host, transport := "", "", carrier.UDP
	if len(by.Trunks) > 0 {
		host, transport = by.Trunks[0].Host, by.Trunks[0].Transport
	}
	if p.Status != 0 {
		gave = fmt.Sprintf(" (%d %s)", p.Status, p.Phrase)
	}
	delay := fmt.Sprintf("It rang, or was answered, after %d ms.", p.Delay.Milliseconds())
	switch {
	case p.Answered && p.Heard:
		r.OK, r.Code = true, "answered"
		r.Text = e164 + " answered and its sound came through."
		r.Text += " " + delay
	case p.Answered && p.Cause == cdr.Media:
		r.Code, r.Text = "no_codec", "The carrier answered with a description of its sound that cannot be used: it needs PCMU or PCMA over RTP/AVP."
	case p.Answered:
		r.Code = "silent"
		r.Text = e164 + " answered, but no sound came back from where the carrier said it would. Check the firewall, and that the carrier sends sound from the address in its description."
		r.Text += " " + delay
	case p.Status == 401 || p.Status == 407:
		r.Code, r.Text = "unproven", "The carrier did not accept user name and password, or asked for those of another realm"+gave+"."
	case p.Status >= 300 && p.Status < 400:
		r.Code, r.Text = "redirected", "The carrier sent the call elsewhere"+gave+". Calls are not redirected: a number that costs could be behind it."
	case p.Status == 408 && p.Phrase == "", p.Status == 0 && p.Cause == cdr.Timeout:
		r.Code, r.Text = "no_response", "The gateway "+host+" does not answer. Check address, port, transport and firewall."
	case p.Status == 503 && p.Phrase == "":
		r.Code, r.Text = "refused", "Nobody listens at "+host+" over "+string(transport)+", or the connection broke. Check address, port and transport."
	case p.Cause == cdr.Busy:
		r.Text = "The carrier works, but " + e164 + " is busy" + gave + "."
	case p.Cause == cdr.NoAnswer:
		r.Text = "The carrier works, but nobody answered at " + e164 + gave + "."
		r.Text += " " + delay
	case p.Cause == cdr.Declined:
		r.Text = "The carrier works, but " + e164 + " declined the call" + gave + "."
	case p.Status != 0:
		r.Text = "The carrier refused the call" + gave + "."
	default:
		r.Text = "The call failed on our side: " + p.Cause.String() + "."
	}
	return r
}

// Lends has a telephone that is registered ring for who just signed in there.
func (x *Exchange) Lends(device string) { x.edge.Lends(device) }

// EndDevice ends the calls of a device that may call no more.
func (x *Exchange) EndDevice(device string) { x.edge.EndDevice(device) }

// EndSession ends the calls that browsers are in by a session.
func (x *Exchange) EndSession(session string) { x.edge.EndSession(session) }

// Disconnect closes the connection of a terminal that is registered no more, so that
// it learns of it. What is said to it last goes first.
func (x *Exchange) Disconnect(b *location.Binding) {
	if f, ok := x.core.Flow(b.Flow); ok && f.Conn != nil && b.Path == "" { // a proxy's is of others as well
		time.AfterFunc(time.Second, f.Conn.Close)
	}
}
