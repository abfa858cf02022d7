package testcarrier

import (
	"slices"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// desk takes the calls. It runs on the core's one shard.
type desk struct {
	c   *Carrier
	s   *sip.Shard
	ha1 sip.HA1
	own []*call // placed, and not over
}

// call is one being served.
type call struct {
	timer  sip.UserTimer
	d      *sip.Dialog // nil when it is over
	id     int
	placed bool // by the carrier itself
	keys   []press
	from   string
	itself bool // it was forwarded back here: two machines that would talk for ever
	does   Behaviour
	line   *line // its sound; nil before the answer to a call it got
	offer  []byte
	sdp    []byte
}

// Urgent is never the case.
func (k *desk) Urgent(*sip.Msg) bool { return false }

// Request is a call, or a ping.
func (k *desk) Request(in *sip.Incoming) {
	switch in.Msg.Method {
	case sip.OPTIONS:
		in.Respond(&sip.Reply{Status: 200, Contact: true})
	case sip.INVITE:
		user, proof := k.s.Authenticate(in.Msg, &in.Flow, Realm, func(user []byte) (sip.HA1, bool) { return k.ha1, string(user) == k.c.cfg.User })
		if proof == sip.Wrong {
			k.c.cfg.Log.Info("the test carrier was called with a wrong password", "user", string(user))
			number, from := parties(in)
			k.c.note(Call{Number: number, From: from, Result: "unproven", Over: true})
		}
		if proof != sip.Proven {
			in.Challenge(Realm, proof == sip.Stale, false)
			return
		}
		k.called(in)
	default: // the core answers 405
	}
}

// parties are who is called, and as whom the caller is shown.
func parties(in *sip.Incoming) (number, from string) {
	if u, ok := sip.ParseURI(in.Msg.RequestURI()); ok {
		number = string(sip.Unescape(nil, u.User))
	}
	if f, ok := sip.ParseURI(in.Msg.From.URI); ok {
		from = string(sip.Unescape(nil, f.User))
	}
	return number, from
}

// called begins to serve a call as its number says.
func (k *desk) called(in *sip.Incoming) {
	number, from := parties(in)
	if number == "" {
		in.Respond(&sip.Reply{Status: 404})
		return
	}
	for _, x := range k.own {
		x.itself = x.itself || x.from == from && x.line != nil && len(x.keys) == 0 // a menu that it called may call on, as that member
	}
	does := behaviour(number)
	x := &call{does: does, offer: append([]byte(nil), in.Msg.Body()...)}
	d := in.Accept(false)
	if d == nil {
		return
	}
	if does.Status != 0 {
		k.c.note(Call{Number: number, From: from, Result: does.Result, Over: true})
		var headers []byte
		if does.Status == 302 { // to a number that costs: nobody may follow
			headers = []byte("Contact: <sip:+19005550100@" + k.c.addr.String() + ">\r\n")
		}
		d.Refuse(does.Status, "", headers)
		return
	}
	x.id = k.c.note(Call{Number: number, From: from, Result: "ringing"})
	x.d, d.User = d, x
	x.timer.Owner = x
	d.Progress(180, nil)
	if !does.Rings {
		k.s.SetTimer(&x.timer, k.s.Now()+ringing)
	}
}

// place calls a number of ours. Whoever answers hears the greeting, and then
// himself, or the keys.
func (k *desk) place(id int, f sip.Flow, number, from, keys string) {
	x := &call{id: id, placed: true, from: from, does: Behaviour{Result: "answered", Says: SaysEcho}, keys: presses(keys)}
	if len(x.keys) > 0 {
		x.does.Says = SaysHello
	}
	l, offer, err := k.c.offer(x)
	if err != nil {
		k.c.change(id, func(c *Call) { c.Result, c.Over = "no_codec", true })
		return
	}
	x.line = l
	x.timer.Owner = x
	host := f.Remote.String()
	o := sip.Outgoing{Flow: f, User: x, SDP: offer}
	o.URI = append(sip.AppendUser([]byte("sip:"), number), "@"+host...)
	o.From = append(append(sip.AppendUser([]byte("<sip:"), from), "@"+f.Listener.HostPort()...), '>')
	o.To = append(append(sip.AppendUser([]byte("<sip:"), number), "@"+host...), '>')
	x.d = k.s.Invite(&o)
	k.own = append(k.own, x)
}

// Timer answers, or hangs up on whoever has been answered.
func (k *desk) Timer(t *sip.UserTimer) {
	x, ok := t.Owner.(*call)
	if !ok || x.d == nil {
		return
	}
	if x.line != nil {
		d := x.d
		if x.itself {
			x.line.ends("itself")
		}
		k.over(x, "")
		d.End(480, "")
		return
	}
	answer := k.c.answer
	if len(x.offer) == 0 { // who calls wants to be offered something (RFC 3261 §13.2.1)
		answer = k.c.offer
	}
	l, sdp, err := answer(x)
	if err != nil {
		k.c.cfg.Log.Warn("the test carrier cannot answer", "error", err)
		d := x.d
		k.over(x, "no_codec")
		d.Refuse(488, "", nil)
		return
	}
	x.line, x.sdp = l, sdp
	k.c.change(x.id, func(c *Call) { c.Result = "answered" })
	x.d.Answer(sdp)
	if x.does.Says == SaysDrop {
		k.s.SetTimer(&x.timer, k.s.Now()+dropAfter)
	}
}

// Event is what the caller did.
func (k *desk) Event(d *sip.Dialog, e sip.Event) {
	x, ok := d.User.(*call)
	if !ok || x.d != d {
		return
	}
	switch e.Kind {
	case sip.EventOffer: // whatever is offered, the sound stays as it was
		d.AcceptOffer(x.sdp)
	case sip.EventAck:
		if len(x.offer) == 0 && !x.line.agree(e.SDP) {
			x.line.ends("no_codec")
			k.over(x, "")
			d.End(488, "")
		}
	case sip.EventCancel:
		result := "cancelled"
		if x.does.Rings {
			result = x.does.Result
		}
		k.over(x, result)
	case sip.EventAnswer:
		k.c.change(x.id, func(c *Call) { c.Result = "answered" })
		if !x.line.agree(e.SDP) {
			x.line.ends("no_codec")
			k.over(x, "")
			d.End(488, "")
			return
		}
		longest := sip.Mono(k.c.cfg.Longest)
		if x.itself {
			longest = min(longest, dropAfter)
		}
		k.s.SetTimer(&x.timer, k.s.Now()+longest)
	case sip.EventFail:
		if x.placed {
			x.line.ends(refusal(e.Status))
		}
		k.over(x, "")
	case sip.EventBye:
		k.over(x, "")
	default:
	}
}

// over ends a call. What was heard, the line will say.
func (k *desk) over(x *call, result string) {
	x.d = nil
	k.own = slices.DeleteFunc(k.own, func(y *call) bool { return y == x })
	k.s.ClearTimer(&x.timer)
	if x.line != nil {
		x.line.hangUp()
		return
	}
	k.c.change(x.id, func(c *Call) { c.Result, c.Over = result, true })
}

// refusal is the name of the behaviour that a SIP status is like.
func refusal(status int) string {
	for _, b := range Behaviours() {
		if b.Status == status {
			return b.Result
		}
	}
	if status == 408 {
		return "no_answer"
	}
	return "refused"
}
