package edge

import (
	"bytes"
	"strings"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/trunk"
)

// fromTrunk takes a call of a carrier; false if it comes by no trunk. A carrier
// proves itself by its certificate, by digest, or by the address it calls from.
func (b *board) fromTrunk(in *sip.Incoming, at center.ID) bool {
	x, ok := b.comes(in, at)
	switch {
	case !ok:
		return false
	case x.Trunk.ID == "":
		return true // it was answered
	}
	if err := b.edge.cfg.Trunks.Take(x.Trunk.ID, b.wall(), false); err != nil {
		in.Respond(&sip.Reply{Status: 503, Reason: "This trunk has its calls", Headers: []byte("Retry-After: 5\r\n")})
		return true
	}
	// The place is given back with the caller's leg; a call that does not begin
	// has none.
	if !b.enter(in, at, x) {
		b.edge.cfg.Trunks.Give(x.Trunk.ID)
	}
	return true
}

// comes finds the trunk a call comes in by. One without an ID says that the
// request has been answered.
func (b *board) comes(in *sip.Incoming, at center.ID) (x trunk.Coming, ok bool) {
	t := b.edge.cfg.Trunks
	if t == nil {
		return x, false
	}
	if names := in.Flow.Names(); len(names) > 0 {
		if x, ok = t.ByName(at, names); ok {
			return x, true
		}
	}
	realm := b.edge.cfg.Realm
	if user := in.Msg.Claims(realm); user != "" {
		if x, ok = t.ByUser(at, user, in.Flow.Remote); ok {
			ha1 := sip.NewHA1(x.Trunk.InUser, realm, x.Trunk.InPassword)
			_, proof := b.shard.Authenticate(in.Msg, &in.Flow, realm, func([]byte) (sip.HA1, bool) { return ha1, true })
			switch proof {
			case sip.Proven:
				return x, true
			case sip.Wrong:
				in.Respond(&sip.Reply{Status: 403, Reason: "Wrong user or password"})
			default:
				in.Challenge(realm, proof == sip.Stale, false)
			}
			return trunk.Coming{}, true
		}
	}
	// An address proves a carrier, but telephones may stand behind it too: who
	// claims to be one of ours proves that, and an emergency call is never taken
	// for a carrier's, which may make none.
	if in.Msg.Claims(realm) != "" || b.Urgent(in.Msg) || b.oursCalls(in) {
		return x, false
	}
	u, _ := sip.ParseURI(in.Msg.RequestURI())
	return b.whose(in, at, t.ByAddress(at, in.Flow.Remote, string(sip.Unescape(nil, u.User))))
}

// whose is the trunk that a call comes in by, of those it may be: the first that
// may call what it calls.
func (b *board) whose(in *sip.Incoming, at center.ID, list []trunk.Coming) (x trunk.Coming, ok bool) {
	if len(list) == 0 {
		return x, false
	}
	for _, x := range list[:len(list)-1] {
		if a, _ := b.entry(in, at, x); b.edge.cfg.Menus != nil && b.edge.cfg.Menus.Answers(&a) || b.edge.cfg.Tables().Decide(&a).Cause != cdr.Forbidden {
			return x, true
		}
	}
	return list[len(list)-1], true
}

// oursCalls reports whether the caller names himself as a telephone of ours.
func (b *board) oursCalls(in *sip.Incoming) bool {
	from, ok := sip.ParseURI(in.Msg.From.URI)
	return ok && b.edge.cfg.Registrar.Knows(string(sip.Unescape(nil, from.User)))
}

// enter begins a call that came in by a trunk, and reports whether it began.
func (b *board) enter(in *sip.Incoming, at center.ID, x trunk.Coming) bool {
	a, rec := b.entry(in, at, x)
	who := callerShown(&a.Caller, rec.From.Text)
	if taken, begun := b.speaks(in, &a, &rec, "", who, x.Carrier); taken {
		return begun
	}
	return b.begin(in, &a, &rec, "", who, x.Carrier)
}

// entry is what a call that came in by a trunk asks for.
func (b *board) entry(in *sip.Incoming, at center.ID, x trunk.Coming) (routing.Attempt, cdr.Record) {
	tables := b.edge.cfg.Tables()
	c := x.Carrier
	country := ""
	if where, ok := tables.Centers.Get(at); ok && len(where.Countries) > 0 {
		country = where.Countries[0]
	}
	written := b.calledBy(in, x.Trunk)
	dialled := c.In.Read(tables.Plans, country, written)
	if dialled == "" {
		dialled = written // it is refused, in words that name it
	}
	caller, from, hidden := b.callerBy(in, x, country)
	a := routing.Attempt{
		Center: at, Role: routing.Entry, Entered: true, Dialled: dialled, DialCountry: country, Carrier: c.ID, Caller: caller, Now: b.wall(), Forwards: diverted(in.Msg, x),
	}
	a.Caller.Private = hidden
	return a, cdr.Record{
		CallID: ident.New("call", a.Now), Side: cdr.Entry, Center: at, Dialled: clip(written, 120), From: from, Carrier: c.ID, Trunk: x.Trunk.ID,
	}
}

// calledBy is the number a carrier calls: the user part of the Request-URI. A
// registrar puts the address in its place that we registered, which says whom
// it calls no more: that is in P-Called-Party-ID (RFC 7315 §4.2), else in To.
func (b *board) calledBy(in *sip.Incoming, x carrier.Trunk) string {
	user := numberOf(in.Msg.RequestURI())
	if !x.Register || user != x.User {
		return user
	}
	for _, v := range [...][]byte{in.Msg.Other("P-Called-Party-ID"), in.Msg.Header(sip.HTo)} {
		if a, ok := sip.ParseAddress(v); ok {
			if n := numberOf(a.URI); n != "" && n != user {
				return n
			}
		}
	}
	return user
}

// numberOf is the number in a sip: or tel: URI.
func numberOf(uri []byte) string {
	u, ok := sip.ParseURI(uri)
	if !ok {
		return ""
	}
	user, _, _ := strings.Cut(string(sip.Unescape(nil, u.User)), ";")
	return clip(user, 120)
}

// callerBy reads who calls: P-Asserted-Identity where the carrier sends it,
// else From (RFC 3325 §9.1). What a carrier asserts is the number of its own
// customer: nothing here is paid on the strength of it.
func (b *board) callerBy(in *sip.Incoming, x trunk.Coming, country string) (p routing.Party, from cdr.Party, hidden bool) {
	hidden = withheld(in.Msg)
	who := asserted(in.Msg)
	if who.user == "" || strings.EqualFold(who.user, "anonymous") {
		if u, ok := sip.ParseURI(in.Msg.From.URI); ok {
			who.user = string(sip.Unescape(nil, u.User))
		}
	}
	number, _, _ := strings.Cut(who.user, ";")
	tables := b.edge.cfg.Tables()
	read := ""
	if number != "" && !strings.EqualFold(number, "anonymous") {
		read = x.Carrier.InCaller.Read(tables.Plans, country, number)
	}
	if read == "" {
		return p, cdr.Party{Text: clip(strings.ToLower(plain(number)), 120)}, hidden || number == "" || strings.EqualFold(number, "anonymous")
	}
	p = tables.Caller(read)
	from.Number = p.Number // of whose telephone it is, and no more: he has proved nothing
	from.Text = numbering.Spaced(read)
	return p, from, hidden
}

// callerShown is what terminals are told of a caller from outside: no name, for
// whoever it is has not proved that he is the holder of his number.
func callerShown(p *routing.Party, text string) caller {
	if !p.Number.Zero() {
		return caller{user: p.Number.Canonical()}
	}
	if p.E164 != "" {
		return caller{user: p.E164}
	}
	return caller{user: text}
}

// withheld reports whether a caller asks for his number not to be shown, by
// Privacy (RFC 3323 §4.2) or by the name he gives in From (§4.1.1.3).
func withheld(m *sip.Msg) bool {
	for _, v := range []string{"id", "user", "header", "full"} {
		if m.HasToken(sip.HPrivacy, v) {
			return true
		}
	}
	u, ok := sip.ParseURI(m.From.URI)
	return ok && (bytes.EqualFold(u.Host, []byte("anonymous.invalid")) || bytes.EqualFold(u.User, []byte("anonymous")))
}

// diverted is how often a call was forwarded before it came, as a carrier that
// is believed in it says (RFC 5806 §4.2.1).
func diverted(m *sip.Msg, x trunk.Coming) int {
	if !x.Carrier.Diverts {
		return 0
	}
	v := m.Other("Diversion")
	if len(v) == 0 {
		return 0
	}
	if n, ok := sip.Param(v, "counter"); ok {
		if count, good := sip.Decimal(n); good {
			return int(min(count, 100))
		}
	}
	return 1
}
