package edge

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// linkTag marks the listeners where other centers come in: "link:KR".
const linkTag = "link:"

// LinkTag is the listener tag for the links of a center.
func LinkTag(c center.ID) string { return linkTag + string(c) }

// Request is a request outside of dialogs. Whoever it comes from has to prove
// who he is: a terminal by its password, a center by its certificate.
func (b *board) Request(in *sip.Incoming) {
	tag := in.Flow.Listener.Tag
	at, link := strings.CutPrefix(tag, linkTag)
	switch in.Msg.Method {
	case sip.INVITE:
		if link {
			b.fromCenter(in, center.ID(at))
		} else if in.Flow.Listener.Transport.Web() { // browsers are nobody's trunks, wherever they are
			b.fromTerminal(in, center.ID(at))
		} else if !b.fromTrunk(in, center.ID(at)) && !b.fromAnybody(in, center.ID(at)) {
			b.fromTerminal(in, center.ID(at))
		}
	case sip.REGISTER:
		if link {
			in.Respond(&sip.Reply{Status: 403, Reason: "Terminals register elsewhere"})
			return
		}
		b.edge.cfg.Registrar.Register(in, center.ID(at))
	case sip.SUBSCRIBE:
		if b.edge.cfg.Notifier == nil {
			return // the core answers 405
		}
		if link {
			in.Respond(&sip.Reply{Status: 403, Reason: "Terminals subscribe elsewhere"})
			return
		}
		if cred, ok := b.edge.cfg.Registrar.Authenticate(in); ok {
			b.edge.cfg.Notifier.Subscribe(in, &cred)
		}
	case sip.OPTIONS: // a ping: tells nothing about anybody
		in.Respond(&sip.Reply{Status: 200, Contact: true, Headers: []byte("Accept: application/sdp\r\n" + sip.AllowLine)})
	default: // the core answers 405
	}
}

// fromTerminal is a call from a phone that is ours.
func (b *board) fromTerminal(in *sip.Incoming, at center.ID) {
	cred, ok := b.edge.cfg.Registrar.Authenticate(in)
	if !ok {
		return
	}
	if !b.replaces(in, &cred) {
		b.places(in, &cred, b.dialled(in), b.instance(in), at, withheld(in.Msg))
	}
}

// instance is which terminal of a number is called, and no other: a GRUU says so
// (RFC 5627 §4.3).
func (b *board) instance(in *sip.Incoming) string {
	u, ok := sip.ParseURI(in.Msg.RequestURI())
	gr, is := u.Param("gr")
	if !ok || !is || !b.edge.ours(b.shard.Core(), u.Host, &in.Flow) {
		return ""
	}
	return clip(string(sip.Unescape(nil, gr)), 200)
}

// places begins a call of a terminal. Whose a temporary GRUU is, only routing and the
// called side of the record learn: the caller reads what he dialled.
func (b *board) places(in *sip.Incoming, cred *member.Credential, dialled, instance string, at center.ID, private bool) {
	tables := b.edge.cfg.Tables()
	country := ""
	if c, ok := tables.Centers.Get(at); ok && len(c.Countries) > 0 {
		country = c.Countries[0]
	}
	if cred.Place != "" { // a terminal of pages: it says itself where it is
		country = cred.Place
	}
	user := cred.SIPUser
	if g, ok := b.edge.cfg.Registrar.Guest(cred.Device); ok && dialled != routing.SignInCode { // he calls at his tariff, from where the telephone is
		cred = &g
	}
	wish := dialled
	if t, hidden := b.edge.cfg.Registrar.Temporary(dialled); hidden {
		dialled, instance = t.Number, t.Instance()
	}
	a := routing.Attempt{
		Center: at, Role: routing.Origin, Dialled: dialled, Instance: instance, DialCountry: country, Now: b.wall(),
		Caller: routing.Party{
			Account: cred.Account, Membership: cred.Membership, Device: cred.Device, Number: cred.Number, Country: cred.Country, Home: cred.Home,
			Private: private || withholds(tables, cred.Number),
		},
	}
	rec := cdr.Record{
		CallID: ident.New("call", a.Now), Side: cdr.Origin, Center: at, Dialled: clip(wish, 120),
		From: cdr.Party{Account: cred.Account, Number: cred.Number, Text: cred.Shown},
	}
	if taken, _ := b.speaks(in, &a, &rec, user, shownAs(cred), nil); !taken {
		b.begin(in, &a, &rec, user, shownAs(cred), nil)
	}
}

// withholds reports whether calls of a number show none as a rule.
func withholds(t *routing.Tables, n numbering.Number) bool {
	h, ok := t.Sold.Typed(n.Canonical())
	return ok && h.Private
}

func shownAs(c *member.Credential) caller {
	return caller{user: c.Number.Canonical(), name: c.Name, terminal: c.SIPUser}
}

// dialled is what the caller wants: the user part of the Request-URI, or the
// whole address if it is somebody else's.
func (b *board) dialled(in *sip.Incoming) string { return b.addressed(in.Msg.RequestURI(), &in.Flow) }

// addressed is whom an address of a terminal's means.
func (b *board) addressed(uri []byte, f *sip.Flow) string {
	u, ok := sip.ParseURI(uri)
	if !ok || u.Scheme == sip.SchemeURN {
		return string(uri)
	}
	if u.Scheme == sip.SchemeTEL {
		return string(u.User)
	}
	user := u.User
	if i := bytes.IndexByte(user, ';'); i >= 0 { // parameters of a telephone number (RFC 3261 §19.1.6)
		user = user[:i]
	}
	if b.edge.ours(b.shard.Core(), u.Host, f) {
		return string(user)
	}
	scheme, at := "", ""
	if u.Scheme == sip.SchemeSIPS {
		scheme = "sips:"
	}
	if len(user) > 0 {
		at = "@"
	}
	port := ""
	if u.Port != 0 {
		port = ":" + strconv.Itoa(int(u.Port))
	}
	return scheme + string(user) + at + string(u.Host) + port
}

// fromCenter is a call that another center hands on. Who calls is what that
// center says; its certificate proved the center.
func (b *board) fromCenter(in *sip.Incoming, at center.ID) {
	peer, ok := b.edge.cfg.Links.Peer(&in.Flow)
	if !ok {
		in.Respond(&sip.Reply{Status: 403, Reason: "Only communication centers may call here"})
		return
	}
	u, ok := sip.ParseURI(in.Msg.RequestURI())
	number := string(sip.Unescape(nil, u.User))
	role, _ := u.Param("role")
	binding, _ := u.Param("binding")
	a := routing.Attempt{Center: at, Role: routing.Home, Dialled: number, Binding: string(binding), Now: b.wall()}
	side := cdr.Home
	switch {
	case !ok || number == "":
		in.Respond(&sip.Reply{Status: 400, Reason: "No number in the Request-URI"})
		return
	case string(role) == "visit" && len(binding) > 0:
		a.Role, side = routing.Visit, cdr.Visit
	case string(role) == "exit":
		a.Role, side = routing.Exit, cdr.Exit
		for name, to := range map[string]*string{"svc": &a.Service, "in": &a.DialCountry, "carrier": &a.Carrier, "payer": &a.Payer} {
			if v, ok := u.Param(name); ok {
				*to = clip(string(v), 64)
			}
		}
		a.Diversion = b.divertedBy(&u)
	case string(role) == "origin":
		b.fromPasser(in, at, &u)
		return
	case string(role) != "home":
		in.Respond(&sip.Reply{Status: 400, Reason: "A center needs a role"})
		return
	}
	id := clip(string(in.Msg.Header(sip.HCallistoCall)), 40)
	if id == "" {
		id = ident.New("call", a.Now)
	}
	who := asserted(in.Msg)
	a.Caller.Private = withheld(in.Msg)
	if gr, ok := u.Param("gr"); ok && a.Role == routing.Home {
		a.Instance = clip(string(sip.Unescape(nil, gr)), 200)
	}
	_, a.Entered = u.Param("entered")
	if v, ok := u.Param("hops"); ok {
		n, _ := sip.Decimal(v)
		a.Forwards = int(min(n, 100))
	}
	tables := b.edge.cfg.Tables()
	rec := cdr.Record{CallID: id, Side: side, Center: at, From: cdr.Party{Text: clip(who.user, 120)}, Dialled: clip(number, 120)}
	if h, ok := tables.Sold.Typed(who.user); ok {
		a.Caller.Number, a.Caller.Country = h.Number, h.Country
		rec.From.Number, rec.From.Text = h.Number, h.Number.Display()
	} else if strings.HasPrefix(who.user, "+") {
		a.Caller.E164 = who.user
		rec.From.Text = numbering.Spaced(clip(who.user, 120))
	}
	b.edge.cfg.Log.Debug("a call from a center", "center", string(peer), "call", id)
	b.begin(in, &a, &rec, "", who, nil)
}

// divertedBy reads who had the call forwarded, at the center that asks.
func (b *board) divertedBy(u *sip.URI) *routing.Diversion {
	by, ok := u.Param("by")
	why, _ := u.Param("why")
	h, known := b.edge.cfg.Tables().Sold.Typed(string(sip.Unescape(nil, by)))
	if !ok || !known {
		return nil
	}
	v := &routing.Diversion{By: h.Number, Why: routing.WhyAlways}
	for _, w := range []routing.Why{routing.WhyBusy, routing.WhyNoAnswer, routing.WhyUnreachable} {
		if string(why) == string(w) {
			v.Why = w
		}
	}
	return v
}

// asserted reads P-Asserted-Identity (RFC 3325 §9.1).
func asserted(m *sip.Msg) caller {
	v := m.Header(sip.HPAssertedIdentity)
	a, ok := sip.ParseAddress(v)
	if !ok {
		return caller{}
	}
	u, ok := sip.ParseURI(a.URI)
	if !ok {
		return caller{}
	}
	return caller{user: string(sip.Unescape(nil, u.User)), name: sip.Unquoted(a.Display)}
}

// begin accepts the INVITE and starts the call; false if it could not. user is the
// SIP user of a terminal of ours. What the call does at once may have ended it already.
func (b *board) begin(in *sip.Incoming, a *routing.Attempt, rec *cdr.Record, user string, who caller, by *carrier.Carrier) bool {
	return b.beginWith(in, a, rec, user, who, by, nil)
}

// beginWith begins a call that goes on as talk says, if there is one.
func (b *board) beginWith(in *sip.Incoming, a *routing.Attempt, rec *cdr.Record, user string, who caller, by *carrier.Carrier, talk Talk) bool {
	m := in.Msg
	var counted placer
	if a.Role == routing.Origin && a.Caller.Device != "" {
		counted = placer{a.Caller.Device, a.Caller.Account, b.Urgent(m)}
		if why := b.full(counted); why != "" {
			in.Respond(&sip.Reply{Status: 486, Reason: why})
			return false
		}
	}
	forward, ok := m.Number(sip.HMaxForwards)
	if !ok {
		forward = 70
	}
	d := in.Accept(true)
	if d == nil {
		return false
	}
	rec.ID = ident.New("cdr", a.Now)
	c := b.newCall()
	c.id, c.center, c.shown, c.forward = rec.CallID, a.Center, who, int(forward)-1
	c.called = b.calledAs(a)
	c.hops, c.private, c.carrier, c.trunk = a.Forwards, a.Caller.Private, rec.Carrier, rec.Trunk
	c.attempt = *a
	l := b.newLeg(c, switching.Caller)
	l.d, l.device, l.user, l.phone = d, a.Caller.Device, user, user
	l.session = b.edge.cfg.Registrar.SessionOf(m)
	switch a.Role {
	case routing.Origin: // of a center: who comes in for the one who passes a call on
		l.who, _ = b.said(&in.Flow, m)
		_, c.veiled = b.edge.cfg.Registrar.Temporary(rec.Dialled)
	case routing.Entry:
		l.trunk, l.alien, l.taken, l.by = !a.Open, a.Open, rec.Trunk, by
	default: // of a center
		u, _ := sip.ParseURI(m.RequestURI())
		_, c.veiled = u.Param("veiled")
	}
	d.User = l
	b.enters(c, counted)
	c.sw.Begin(b.ref(c), switching.Mono(b.shard.Now()), a.Now, rec)
	e := switching.Event{Kind: switching.Offered, Leg: switching.Caller, SDP: m.Body(), Attempt: &c.attempt}
	if c.talk = talk; talk != nil {
		e.Script = &switching.Script{}
		c.menu = a.Caller.Device
		b.menus.add(c.menu, 1)
	}
	b.deliver(c, e)
	return true
}

// calledAs is the number as legs are told: canonical if it is one of ours.
func (b *board) calledAs(a *routing.Attempt) string {
	t, err := numbering.ParseTyped(a.Dialled)
	if err != nil {
		return a.Dialled
	}
	if t.Kind == numbering.Plus {
		if h, ok := b.edge.cfg.Tables().Sold.Twin(t.Text); ok {
			return h.Number.Canonical()
		}
	}
	return t.Text
}

// clip shortens what was sent to what a call record keeps. An escaped user part
// may hold any byte; PostgreSQL takes neither NUL nor half a character, and a
// row it refuses holds up the records of all other calls.
func clip(s string, n int) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s[:min(len(s), n)], "\x00", ""), "")
}

// plain is the user part of a stranger's address if it is made of what such are made
// of, else nothing: letters, pages and displays show it as the name of who called, and
// line breaks or sentences in it would be read as ours.
func plain(user string) string {
	for _, r := range user {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._+-*#", r) {
			return ""
		}
	}
	return user
}

// Urgent tells an emergency call, which is served even when the shard lags.
func (b *board) Urgent(m *sip.Msg) bool {
	u, ok := sip.ParseURI(m.RequestURI())
	if !ok {
		return false
	}
	if u.Scheme == sip.SchemeURN {
		return true
	}
	t, err := numbering.ParseTyped(string(u.User))
	return err == nil && t.Kind == numbering.Digits && len(t.Text) <= 6 && b.emergency(t.Text)
}

func (b *board) emergency(digits string) bool {
	tables := b.edge.cfg.Tables()
	for _, iso := range tables.Centers.Countries() {
		if tables.Plans.Emergency(digits, iso) {
			return true
		}
	}
	return false
}

// Moved lets a telephone that comes from another address go on with its call,
// if it proves who it is, and a carrier from another of its own addresses.
func (b *board) Moved(d *sip.Dialog, in *sip.Incoming) bool {
	if _, link := b.edge.cfg.Links.Peer(&in.Flow); link {
		return true
	}
	l, ok := d.User.(*leg)
	if ok && l.by != nil { // from any address that is its carrier's
		for _, x := range b.edge.cfg.Trunks.ByAddress(l.call.center, in.Flow.Remote, "") {
			if x.Carrier.ID == l.by.ID {
				return true
			}
		}
	}
	if !ok || l.device == "" {
		return false
	}
	cred, ok := b.edge.cfg.Registrar.Authenticate(in)
	if ok && cred.Device != l.device { // or who is signed in there
		cred, ok = b.edge.cfg.Registrar.Guest(cred.Device)
	}
	return ok && cred.Device == l.device
}

// Event is something that happened in a leg's dialog.
func (b *board) Event(d *sip.Dialog, e sip.Event) {
	l, ok := d.User.(*leg)
	if !ok || l.d != d {
		return
	}
	c := l.call
	ev := switching.Event{Leg: l.id, SDP: e.SDP}
	switch e.Kind {
	case sip.EventProgress:
		ev.Kind, ev.Stage = switching.Progress, stage(e.Status)
		if c.passes.fresh == l.id {
			c.passing(e.Status)
		}
	case sip.EventAnswer:
		ev.Kind = switching.Answered
		b.policy(c, l) // the answer may have come from elsewhere
		b.carried(c, l, e.Msg)
		b.takenBy(c, l, e.Msg)
	case sip.EventFail:
		l.d = nil
		if b.otherwise(c, l, e.Status) {
			return
		}
		if c.passes.fresh == l.id {
			c.passed(e.Status)
		}
		b.release(l)
		ev.Kind, ev.Cause, ev.SDP = switching.Ended, cause(e.Status), nil
		c.refused(e.Status, e.Msg)
		switch {
		case e.Msg != nil:
			ev.Status = e.Status
			b.why(d, e.Msg, &ev)
			b.explain(c, d, e.Msg)
		case e.Status == 503:
			ev.Cause = b.unreached(l, d)
		}
	case sip.EventAck:
		ev.Kind = switching.Confirmed
	case sip.EventCancel:
		l.d = nil
		ev.Kind, ev.Cause, ev.SDP = switching.Ended, switching.CauseCancelled, nil
		b.why(d, e.Msg, &ev)
	case sip.EventOffer:
		b.policy(c, l)
		if b.learns(l, e.Msg) {
			b.meets(c, c.peer(l), l) // who is asked in turn
		}
		ev.Kind = switching.Modify
	case sip.EventUpdate:
		if b.learns(l, e.Msg) {
			b.tells(c, c.peer(l), l)
		}
		return
	case sip.EventModified:
		ev.Kind = switching.ModifyAccepted
	case sip.EventRefused:
		ev.Kind, ev.Cause, ev.SDP = switching.ModifyRefused, cause(e.Status), nil
	case sip.EventInfo:
		digit, ok := infoDigit(e.Msg)
		if !ok {
			return
		}
		ev.Kind, ev.Digit, ev.SDP = switching.Digit, digit, nil
		if c.parent != nil && l.id == switching.Caller {
			if b.toMenu(c, digit); !c.live {
				return
			}
		}
	case sip.EventRefer:
		b.refer(c, l, e.Msg)
		return
	case sip.EventBye:
		l.d = nil
		ev.Kind, ev.Cause, ev.SDP = switching.Ended, switching.CauseNormal, nil
		b.why(d, e.Msg, &ev)
		if e.Status != 200 {
			ev.Cause = switching.CauseExpired
		}
	}
	if b.deliver(c, ev); ev.Kind == switching.Ended && l.stays != switching.NoLeg && c.live {
		b.stayed(c, l)
	}
}

// unreached is the cause when the way to a party is broken: a terminal is away,
// a center or a carrier is out of order. One that stands has room for no more calls.
func (b *board) unreached(l *leg, d *sip.Dialog) switching.Cause {
	f := d.Flow()
	if f.Conn != nil && f.Conn.Alive() {
		return switching.CauseCongestion
	}
	if _, link := b.edge.cfg.Links.Peer(&f); link || l.trunk || l.alien {
		return switching.CauseNetwork
	}
	return switching.CauseAbsent
}

// explain keeps the words in which another center refused, for the caller.
func (b *board) explain(c *call, d *sip.Dialog, m *sip.Msg) {
	f := d.Flow()
	if _, link := b.edge.cfg.Links.Peer(&f); !link {
		return
	}
	if text, ok := sip.Param(m.Header(sip.HReason), "text"); ok && named[string(text)] == switching.CauseNone {
		c.reason = sip.Unquoted(text)
	}
}

func stage(status int) switching.Stage {
	switch status {
	case 180:
		return switching.StageRinging
	case 181:
		return switching.StageForward
	case 182:
		return switching.StageQueued
	}
	return switching.StageProgress
}

// infoDigit reads a DTMF digit of an INFO request: application/dtmf-relay
// ("Signal=5", with 10 to 15 for * # A B C D from some) or application/dtmf ("5").
func infoDigit(m *sip.Msg) (byte, bool) {
	kind, _, _ := strings.Cut(strings.ToLower(string(m.Header(sip.HContentType))), ";")
	body := strings.ToUpper(string(m.Body()))
	switch strings.TrimSpace(kind) {
	case "application/dtmf-relay":
		_, signal, ok := strings.Cut(body, "SIGNAL")
		if !ok {
			return 0, false
		}
		body, _, _ = strings.Cut(strings.TrimLeft(signal, " ="), "\n")
	case "application/dtmf":
	default:
		return 0, false
	}
	const digits = "0123456789*#ABCD"
	body = strings.TrimSpace(body)
	if n, err := strconv.Atoi(body); err == nil && n >= 0 && n < len(digits) {
		return digits[n], true
	}
	if len(body) != 1 || !strings.Contains(digits, body) {
		return 0, false
	}
	return body[0], true
}
