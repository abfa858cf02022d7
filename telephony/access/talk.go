package access

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// talk is what is spoken with one caller.
type talk struct {
	desk     *Desk
	at       access.Number
	center   string
	carrier  string // he comes by; "": from a telephone of ours
	from     string // his telephone, with +; "" nobody knows
	guesses  string // whose his wrong PINs are, beside the carrier's
	hidden   bool   // he asks for his number not to be shown, for what he calls from here too
	language string

	who        routing.Holder // as far as it is known: proved once in is set
	in         bool
	known      bool // by his telephone
	tries      int
	set        access.Settings
	shorts     []access.Short
	to         string     // that he dialled
	rung       bool       // we rang him
	unproved   bool       // because of a call that his number came with, and no more
	target     string     // whom he wants to call then; "": he says it
	seat       *Telephone // of ours, where he signs in
	onlyMissed bool       // at a telephone of ours, only what he missed
	ours       bool       // he called from a telephone of ours
	unread     []bell.Missed
}

// Next says how to go on.
func (t *talk) Next(ctx context.Context, h edge.Heard) edge.Next {
	n, err := t.next(ctx, h)
	if err != nil {
		t.desk.cfg.Log.Error("a caller at an access number cannot be served", "error", err)
		return t.over(t.say().Say("access/failed"))
	}
	return n
}

func (t *talk) next(ctx context.Context, h edge.Heard) (edge.Next, error) {
	keys := string(h.Keys)
	switch {
	case h.Call != nil:
		return t.ended(h.Call), nil
	case h.Node == "":
		return t.begin(ctx)
	case h.Node == askID:
		t.who, t.known = t.find(keys), false
		return t.asksPIN(t.say()), nil
	case h.Node == askPIN:
		return t.checked(ctx, keys)
	case h.Node == askReady && t.rung && t.target != "":
		t.in = true
		return t.dialled(t.target), nil
	case h.Node == askReady && t.rung && t.unproved && t.set.AskPIN:
		return t.asksPIN(t.say().Say("access/welcome")), nil
	case h.Node == askReady && t.rung:
		return t.enter(ctx)
	case h.Node == askDial && t.in && keys == routing.MissedCode && t.desk.cfg.Missed != nil:
		return t.missed(ctx)
	case h.Node == askMissed && t.in && t.to != "" && keys == "1":
		return t.places(t.to, true), nil // who called once, and hung up, may be dear to call back
	case (h.Node == askMissed || h.Node == onMissed) && t.in:
		return t.reading(t.say()), nil
	case h.Node == askDial && t.in:
		return t.dialled(access.Dialled(keys, t.shorts)), nil
	case h.Node == askGo && t.in:
		return edge.Next{Dial: t.dial()}, nil
	default:
		return t.over(t.say()), nil
	}
}

// begin greets who is known, and asks everybody else who he is.
func (t *talk) begin(ctx context.Context) (edge.Next, error) {
	if t.seat != nil {
		return t.sits(ctx)
	}
	if t.onlyMissed {
		return t.missed(ctx)
	}
	if t.ours {
		return t.entersKnown(ctx)
	}
	if t.rung {
		return t.script(switching.Node{Name: askThere, Say: t.say().Say("access/ask_back").prompts(), Keys: "1", Wait: thinks, Times: mostTries, Then: askReady, Else: "bye"},
			switching.Node{Name: askReady, Asks: true}), nil
	}
	if t.from != "" && !t.hidden {
		if h, ok := t.desk.cfg.Tables().Known.Known(t.from); ok && h.Registered {
			set, shorts, err := t.desk.cfg.Members.Of(ctx, h.Account)
			if err != nil {
				return edge.Next{}, err
			}
			if set.Recognise {
				return t.recognised(ctx, h, set, shorts)
			}
		}
	}
	return t.stranger(), nil
}

// stranger asks who he is, unless too many were wrong about that.
func (t *talk) stranger() edge.Next {
	if t.shut() {
		return t.over(t.say().Say("access/later"))
	}
	return t.asksID(t.say().Say("access/welcome"))
}

// shut reports whether PINs are not looked at where he comes from. Who was
// recognised by his telephone is not kept out by what strangers do: of his PIN
// there are five guesses.
func (t *talk) shut() bool { return !t.known && t.desk.pins.Closed(t.carrier, t.desk.cfg.Now()) }

func (t *talk) recognised(ctx context.Context, h routing.Holder, set access.Settings, shorts []access.Short) (edge.Next, error) {
	t.who, t.known, t.set, t.shorts = h, true, set, shorts
	t.language = spoken(h.Language, t.language)
	if set.RingBack { // busy, and no more than that where he was rung often enough
		if t.desk.take(t.desk.rings, h.Account) {
			t.ringBack()
		}
		return edge.Next{}, nil
	}
	if set.AskPIN {
		return t.asksPIN(t.say().Say("access/welcome")), nil
	}
	return t.enter(ctx)
}

// spoken is a member's language if it is spoken, else another.
func spoken(wanted, other string) string {
	if l := speech.Language(wanted); l != "en" || strings.HasPrefix(strings.ToLower(wanted), "en") {
		return l
	}
	return other
}

// find finds the member of a number that was pressed; nobody is as good as one
// with another PIN.
func (t *talk) find(keys string) routing.Holder {
	typed, err := numbering.ParseTyped(access.Dialled(keys, nil))
	if err != nil {
		return routing.Holder{}
	}
	tables := t.desk.cfg.Tables()
	if h, ok := tables.Sold.Typed(typed.Text); ok && h.Registered {
		return h
	}
	return routing.Holder{}
}

// checked takes a PIN.
func (t *talk) checked(ctx context.Context, keys string) (edge.Next, error) {
	if t.shut() {
		return t.over(t.say().Say("access/later")), nil
	}
	r := pin.Wrong
	if t.desk.take(t.desk.wrong, t.guesses) {
		var err error
		if r, err = t.desk.cfg.PINs.Check(ctx, t.who.Account, keys); err != nil {
			return edge.Next{}, err
		}
		if r != pin.Right {
			t.guessed()
		}
	}
	switch r {
	case pin.Right:
		set, shorts, err := t.desk.cfg.Members.Of(ctx, t.who.Account)
		if err != nil {
			return edge.Next{}, err
		}
		t.set, t.shorts, t.language = set, shorts, spoken(t.who.Language, t.language)
		return t.enter(ctx)
	case pin.Locked:
		// Not said: it would tell a stranger that there is a PIN. A letter tells
		// the holder.
	case pin.Wrong:
	}
	if t.shut() {
		return t.over(t.say().Say("access/later")), nil
	}
	if t.tries++; t.tries >= mostTries {
		return t.over(t.say().Say("access/wrong")), nil
	}
	var n edge.Next
	if t.known {
		n = t.asksPIN(t.say().Say("access/wrong"))
	} else {
		n = t.asksID(t.say().Say("access/wrong"))
	}
	n.Script.Nodes[0].Fresh = true
	return n, nil
}

// guessed counts a PIN that was wrong, and tells if that was one too many.
func (t *talk) guessed() {
	for _, where := range t.desk.pins.Wrong(t.carrier, t.desk.cfg.Now()) {
		if t.desk.cfg.Guessed != nil {
			t.desk.cfg.Guessed(where, pin.Bound(where))
		}
	}
}

// enter lets a member in: his balance, and then whom he wants to call.
func (t *talk) enter(ctx context.Context) (edge.Next, error) {
	if err := t.desk.cfg.May(ctx, t.who.Account); err != nil {
		return t.over(t.say().Say("access/failed")), nil //nolint:nilerr // that is the answer
	}
	if t.seat != nil {
		return t.seated(ctx)
	}
	has, err := t.desk.cfg.Balance(ctx, t.who.Account)
	if err != nil {
		return edge.Next{}, err
	}
	t.in = true
	v := t.say()
	if !t.known {
		v = v.Say("access/balance")
	} else {
		v = v.Say("access/welcome", "access/balance")
	}
	v.Money(has)
	return t.asksDial(v), nil
}

// caller is the member as if he called from a telephone of his at this center.
func (t *talk) caller() routing.Party {
	p := routing.Party{Account: t.who.Account, Membership: t.who.Membership, Number: t.who.Number, Country: t.who.Country, Private: t.who.Private || t.hidden}
	p.Home, _ = t.desk.cfg.Tables().Centers.ForCountry(t.who.Country)
	return p
}

func (t *talk) dial() *edge.Dialling {
	return &edge.Dialling{Caller: t.caller(), Name: t.who.CallsAs, Country: t.at.Country, Dialled: t.to}
}

// dialled says what a call costs, if he wants to hear it, and places it.
func (t *talk) dialled(to string) edge.Next { return t.places(to, t.set.SayPrice) }

func (t *talk) places(to string, sayPrice bool) edge.Next {
	t.to = to
	now := t.desk.cfg.Now()
	d := t.desk.cfg.Tables().Decide(&routing.Attempt{Center: center.ID(t.center), Role: routing.Origin, Dialled: to, DialCountry: t.at.Country, Now: now, Caller: t.caller()})
	if len(d.Targets) == 0 || d.Urgent || !sayPrice {
		return edge.Next{Dial: t.dial()} // what is wrong with it is said as of any call
	}
	v := t.say()
	if !d.Price.Quote.Free() { // with what it costs to connect
		v = v.Say("access/price")
		v.Money(speech.Up(money.Amount{Currency: t.desk.cfg.Currency, Micros: d.Price.Quote.FirstMinute(now.In(t.clock()))}))
	} else {
		v = v.Say("access/free")
	}
	return edge.Next{Script: &switching.Script{Nodes: []switching.Node{{Name: askGo, Say: v.prompts(), Asks: true}}}}
}

// clock is by which time of day he is charged.
func (t *talk) clock() *time.Location {
	return t.desk.cfg.Tables().Plans.Clock(t.who.Number.CallingCode, t.who.Number.National)
}

// ended says what became of a call, and reads on, or asks for another number.
func (t *talk) ended(e *edge.Ended) edge.Next {
	name := "access/ended"
	if !e.Answered {
		name = why(e)
	} else if e.Cause == cdr.Unpaid {
		name = "access/unpaid"
	}
	return t.reading(t.say().Say(name))
}

// why is the prompt for a call that was not answered.
func why(e *edge.Ended) string {
	if e.Code == edge.EmergencyDirect {
		return "access/emergency"
	}
	if name := edge.Spoken(e.Code); name != "" {
		return name
	}
	switch e.Cause {
	case cdr.Busy, cdr.Declined:
		return "access/busy"
	case cdr.NoAnswer:
		return "access/no_answer"
	case cdr.Unavailable, cdr.Timeout:
		return "access/away"
	case cdr.NotFound, cdr.NotDialable:
		return "access/unknown"
	case cdr.Unpaid:
		return "access/unpaid"
	case cdr.Cancelled:
		return "access/ended"
	default:
		return "access/failed"
	}
}

// ringBack rings the caller after he has hung up.
func (t *talk) ringBack() {
	x := &talk{desk: t.desk, at: t.at, center: t.center, carrier: t.carrier, guesses: t.guesses, language: t.language, who: t.who, known: true, set: t.set, shorts: t.shorts, rung: true, unproved: true}
	time.AfterFunc(ringBack, func() { t.desk.ring(x, t.from) })
}

// CallBack rings a telephone of a member, and once he has pressed 1 connects him
// with whom he wants to call; "" asks him. It returns the call's id.
func (d *Desk) CallBack(ctx context.Context, h routing.Holder, telephone, target string) (callID string, err error) {
	typed, err := numbering.ParseTyped(telephone)
	if err != nil {
		return "", err
	}
	if typed.Kind == numbering.Plus {
		telephone = "+" + typed.Text
	}
	known, ok := d.cfg.Tables().Known.Known(telephone)
	if !ok || known.Account != h.Account || !h.Registered {
		return "", access.Unproved(telephone)
	}
	if err := d.cfg.May(ctx, h.Account); err != nil {
		return "", err
	}
	at, ok := d.cfg.Tables().Centers.ForCountry(h.Country)
	if !ok {
		return "", access.NoCenter()
	}
	set, shorts, err := d.cfg.Members.Of(ctx, h.Account)
	if err != nil {
		return "", err
	}
	if target != "" {
		if target, err = access.Target(target); err != nil {
			return "", err
		}
	}
	if !d.take(d.rings, h.Account) {
		return "", access.RungEnough()
	}
	x := &talk{desk: d, at: access.Number{Country: h.Country}, center: string(at), language: spoken(h.Language, access.LanguageOf(h.Country)), who: h, set: set, shorts: shorts, rung: true, target: target}
	return d.ring(x, telephone), nil
}

func (d *Desk) ring(x *talk, telephone string) (callID string) {
	return d.cfg.Caller().CallBack(edge.CallBack{Center: center.ID(x.center), Caller: x.caller(), Country: x.at.Country, To: telephone, RingFor: ringsFor, Talk: x})
}
