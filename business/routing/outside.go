package routing

import (
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// outbound is what a call leaves for.
type outbound struct {
	cc, national string // of an ordinary telephone
	text         string // else a partner's number or a code, as it is
	partner      string // whose number it is: another's may look the same
	service      string // what an exit is asked for
	country      string // of a code
	forwarded    bool
	payer        string // of a call that is forwarded
}

// dest names it in targets and outcomes.
func (o *outbound) dest() string {
	if o.text != "" {
		return o.text
	}
	return "+" + o.cc + o.national
}

// is reports whether a target was one of this call.
func (o *outbound) is(x *Target) bool {
	return x.To == o.dest() && (o.partner == "" || x.Carrier == o.partner)
}

// stops reports whether an outcome is the far side's own answer, after which no
// other carrier is tried: busy, declined, no answer, no such number. A carrier
// that is out of order, full, silent or does not want the call is no such
// answer.
func stops(c cdr.Cause) bool {
	switch c {
	case cdr.Busy, cdr.Declined, cdr.NoAnswer, cdr.Unavailable, cdr.NotFound, cdr.Cancelled, cdr.Elsewhere, cdr.Normal:
		return true
	default:
		return false
	}
}

// stops is the same for where the call goes: whoever answers an emergency call of
// one carrier may be at fault, and another carrier reaches him all the same.
func (o *outbound) stops(c cdr.Cause) bool {
	if o.service == EmergencyService {
		return c == cdr.Cancelled || c == cdr.Elsewhere || c == cdr.Normal
	}
	return stops(c)
}

// chosen is why a carrier was taken.
func (o *outbound) chosen(a *Attempt, c *carrier.Carrier, again bool, offers int) Chosen {
	switch {
	case o.service == EmergencyService:
		return ChosenEmergency
	case again:
		return ChosenNext
	case o.service == ShortService:
		return ChosenShort
	case o.partner != "":
		return ChosenPartner
	case c.ENUM != "" && a.HintsFor == o.dest() && slices.Contains(a.Hints, c.ID):
		return ChosenHint
	case offers == 1:
		return ChosenOnly
	default:
		return ChosenCheapest
	}
}

func (t *Tables) ways() *ways {
	if t.Ways == nil {
		return NewWays().now.Load() // of tests alone
	}
	return t.Ways.now.Load()
}

// ordinary sends a call to an ordinary telephone (C3): by a trunk of the called
// country's center, the cheapest first; by another center's only if that has
// none.
func (t *Tables) ordinary(a *Attempt, cc, national string) Decision {
	if e164 := "+" + cc + national; a.Role == Origin && t.House != nil && t.House.AnswersAt(e164) {
		return house(a, e164) // it has no way out: it would come in again
	}
	if a.Role == Origin && t.Lines != nil {
		if l, ok := t.Lines.Line(cc + national); ok && !l.Number.Zero() {
			return t.line(a, cc+national, l) // rather than out and in again
		}
	}
	return t.leave(a, outbound{cc: cc, national: national})
}

// house is a call to a number at which the house itself answers members.
func house(a *Attempt, e164 string) Decision {
	if a.Trace != nil {
		a.step("%s is an access number: the house itself answers a member's telephone there, and knows him.", e164)
	}
	return Decision{Kind: Feature, E164: e164, Cause: cdr.NotDialable, Reason: fault.Reason{Code: HouseNumber, Text: numbering.Spaced(e164) + " is an access number. The house answers it itself, free, and only at a member's telephone."}}
}

func (t *Tables) leave(a *Attempt, o outbound) Decision {
	w := t.ways()
	d := Decision{Kind: PSTN, E164: o.dest()}
	if refused, ok := t.mayLeave(a, &o, d); !ok {
		return refused
	}
	if a.Role != Exit {
		payer := a.Caller.Account
		if o.forwarded {
			payer = o.payer
		}
		if d.Price = w.price(a.Now, payer, d.E164[1:]); !d.Price.Known {
			if a.Trace != nil {
				a.stepOf(&o, "%s is an ordinary telephone, and there is no price for it.", d.E164)
			}
			d.Cause = cdr.NotDialable
			d.Reason = fault.Reason{Code: "no_price", Text: "Calls to " + numbering.Spaced(d.E164) + " have no price here yet, so they are not connected. Ask the operator of this network."}
			return d
		}
	}
	var rm room
	now := a.Now
	if w.banded {
		now = now.In(t.Plans.Clock(a.Caller.Number.CallingCode, a.Caller.Number.National))
	}
	offers := w.hinted(w.find(rm[:0], d.E164[1:], now), a, d.E164[1:])
	if len(offers) == 0 {
		d.Cause = cdr.NotDialable
		d.Reason = fault.Reason{Code: "no_carrier", Text: "There is no carrier here that takes calls to " + numbering.Spaced(d.E164) + ". Ask the operator of this network."}
		if a.Trace != nil {
			a.stepOf(&o, "%s is an ordinary telephone, and no carrier takes it.", d.E164)
		}
		return d
	}
	iso, _ := t.Plans.Valid(o.cc, o.national)
	if a.Trace != nil {
		if iso == "" {
			a.stepOf(&o, "%s is a telephone of no country.", d.E164)
		} else {
			a.stepOf(&o, "%s is an ordinary telephone in %s.", d.E164, iso)
		}
		w.told(a, d.E164[1:], offers)
	}
	return t.by(a, d, &o, offers, exitOf(w, offers, t, iso))
}

// exitOf is the center of the called country, if it has a carrier for it; ""
// is any.
func exitOf(w *ways, offers []offer, t *Tables, iso string) center.ID {
	home, ok := t.Centers.ForCountry(iso)
	if !ok {
		return ""
	}
	for _, o := range offers {
		if w.carriers[o.carrier].Center == home {
			return home
		}
	}
	return ""
}

// mayLeave refuses who may not call outside: only members may, and those who
// have their calls forwarded.
func (t *Tables) mayLeave(a *Attempt, o *outbound, d Decision) (Decision, bool) {
	if a.Caller.Account != "" || o.forwarded || a.Role == Exit {
		return d, true
	}
	if a.Trace != nil {
		a.step("The caller is no member: no call of his leaves here.")
	}
	d.Cause, d.Reason = cdr.Forbidden, fault.Reason{Code: "members_only", Text: "Only members call ordinary telephones and other networks from here."}
	return d, false
}

// by adds the next target of a call that leaves: a trunk of this center, or the
// center that has it. What was tried before is not tried again.
func (t *Tables) by(a *Attempt, d Decision, o *outbound, offers []offer, at center.ID) Decision {
	w, dest := t.ways(), o.dest()
	if a.Role == Exit {
		at = a.Center
	}
	var cause cdr.Cause
	for i := range a.Outcomes {
		x := &a.Outcomes[i]
		if !o.is(&x.Target) {
			continue
		}
		if cause == cdr.NoCause || weight(x.Cause) > weight(cause) {
			cause = x.Cause
		}
		if o.stops(x.Cause) {
			if a.Trace != nil {
				a.inside("The far side answered %s: no other carrier is tried.", x.Cause)
			}
			return d.failed(x.Cause, dest)
		}
	}
	best, found := w.best(offers, at, func(i int32) bool { return tried(a, &w.carriers[i], o) })
	if !found {
		if cause == cdr.NoCause {
			cause = cdr.Failed
		}
		return d.failed(cause, dest)
	}
	c := &w.carriers[best.carrier]
	d.Targets, d.RingFor, d.ReplyIn, d.Private = make([]Target, 1), ringOutside, ReplyIn, a.Caller.Private && !d.Urgent
	d.Chosen = o.chosen(a, c, cause != cdr.NoCause, len(offers))
	target := &d.Targets[0]
	target.To, target.Private, target.Payer = dest, a.Caller.Private && !d.Urgent, a.Payer
	if c.Center != a.Center {
		target.Kind, target.Center, target.Role, target.Service = ToCenter, c.Center, Exit, o.service
		if o.service != "" {
			target.Carrier, target.In = c.ID, o.country
		}
		// The exit may try several carriers before it says anything.
		d.RingFor, d.ReplyIn = ringOutside+2*waitFurther, 0
		if a.Trace != nil {
			switch {
			case o.service == EmergencyService:
				a.stepOf(o, "The center %s has the trunk for emergency calls: the call leaves there.", c.Center)
			case o.service != "":
				a.stepOf(o, "The center %s has the trunk for it: the call leaves there.", c.Center)
			default:
				a.stepOf(o, "The center %s has the cheapest carrier: the call leaves there.", c.Center)
			}
		}
		return d
	}
	target.Kind, target.Carrier = ToTrunk, c.ID
	for i := range c.Trunks {
		if !triedTrunk(a, c.Trunks[i].ID, o) {
			target.Trunk = c.Trunks[i].ID
			break
		}
	}
	country := t.mainCountry(c.Center)
	if o.text != "" {
		target.Number = c.Out.WriteText(o.text)
	} else {
		target.Number = c.Out.Write(t.Plans, country, o.cc, o.national)
	}
	target.Shows = t.shows(&a.Caller, c, country)
	if a.Trace != nil {
		a.inside("By %s, which is called %s and shown %s.", c.Name, target.Number, shown(target))
	}
	return d
}

func shown(t *Target) string {
	if t.Shows == "" || t.Private {
		return "no number"
	}
	return t.Shows
}

// failed is a call that no carrier, or not the far side, took.
func (d Decision) failed(c cdr.Cause, dest string) Decision {
	d.Targets, d.Chosen, d.RingFor, d.ReplyIn, d.Cause = nil, "", 0, 0, c
	d.Reason = fault.Reason{Code: c.String(), Text: "The call to " + dest + " was not answered."}
	if !stops(c) {
		d.Reason.Text = "No carrier could connect the call to " + dest + " now. Try again later."
	}
	return d
}

// tried reports whether nothing of a carrier is left to try: each of its trunks
// here, or the center where they are.
func tried(a *Attempt, c *carrier.Carrier, o *outbound) bool {
	if c.Center != a.Center {
		for i := range a.Outcomes {
			if x := &a.Outcomes[i].Target; x.Kind == ToCenter && x.Role == Exit && x.Center == c.Center && o.is(x) {
				return true
			}
		}
		return false
	}
	for i := range c.Trunks {
		if !triedTrunk(a, c.Trunks[i].ID, o) {
			return false
		}
	}
	return true
}

func triedTrunk(a *Attempt, trunk string, o *outbound) bool {
	for i := range a.Outcomes {
		if x := &a.Outcomes[i].Target; x.Kind == ToTrunk && x.Trunk == trunk && o.is(x) {
			return true
		}
	}
	return false
}

// mainCountry is the country of a center.
func (t *Tables) mainCountry(id center.ID) string {
	if c, ok := t.Centers.Get(id); ok && len(c.Countries) > 0 {
		return c.Countries[0]
	}
	return ""
}

// shows is the number of a caller as a carrier wants it written: his own where he
// has an ordinary one and the carrier takes it, else the one the operator set;
// a partner without such is shown the world number.
func (t *Tables) shows(p *Party, c *carrier.Carrier, country string) string {
	n := p.Number
	if c.Shows == carrier.ShowOwn {
		if p.E164 != "" {
			if cc, national, ok := t.Plans.SplitE164(strings.TrimPrefix(p.E164, "+")); ok {
				return c.OutCaller.Write(t.Plans, country, cc, national)
			}
		}
		if h, ok := t.shownAs(n); ok {
			if t.brings(h.Shows, n) {
				if cc, national, ok := t.Plans.SplitE164(h.Shows[1:]); ok {
					return c.OutCaller.Write(t.Plans, country, cc, national)
				}
			}
			if n.Kind == numbering.Individual && h.OwnPhone {
				return c.OutCaller.Write(t.Plans, country, n.CallingCode, n.National)
			}
		}
	}
	if c.Presents != "" {
		if cc, national, ok := t.Plans.SplitE164(c.Presents[1:]); ok {
			return c.OutCaller.Write(t.Plans, country, cc, national)
		}
	}
	if c.Kind == carrier.Partner && !n.Zero() {
		return c.OutCaller.WriteWorld(n)
	}
	return ""
}

// brings reports whether a telephone number comes in for n: only then its calls
// show it. A company's offices share theirs.
func (t *Tables) brings(e164 string, n numbering.Number) bool {
	if e164 == "" || t.Lines == nil {
		return false
	}
	l, ok := t.Lines.Line(e164[1:])
	return ok && (l.Number == n || l.Number.Kind == numbering.Company && l.Number.Kind == n.Kind && l.Number.National == n.National)
}

// shownAs finds whose calls show n.
func (t *Tables) shownAs(n numbering.Number) (Holder, bool) {
	if n.Zero() {
		return Holder{}, false
	}
	return t.Sold.Typed(n.Canonical())
}

// partner resolves digits behind the prefix of another VoIP company (C4).
func (t *Tables) partner(a *Attempt, digits string) (Decision, bool) {
	return t.toPartner(a, digits, false)
}

func (t *Tables) toPartner(a *Attempt, digits string, forwarded bool) (Decision, bool) {
	w := t.ways()
	i, rest, ok := w.partner(digits)
	if !ok {
		return Decision{}, false
	}
	return t.atPartner(a, w, i, rest, forwarded), true
}

func (t *Tables) atPartner(a *Attempt, w *ways, i int32, number string, forwarded bool) Decision {
	c := &w.carriers[i]
	d := Decision{Kind: Partner}
	o := outbound{text: number, partner: c.ID, service: PartnerService, forwarded: forwarded}
	if a.Trace != nil {
		a.stepOf(&o, "%s is the prefix of %s: its number is %s.", c.Prefix, c.Name, number)
	}
	if refused, may := t.mayLeave(a, &o, d); !may {
		return refused
	}
	switch {
	case c.Sells != nil:
		d.Price = fixed(*c.Sells)
	case w.free:
		d.Price = Price{Known: true}
	case a.Role != Exit:
		d.Cause = cdr.NotDialable
		d.Reason = fault.Reason{Code: "no_price", Text: "Calls to " + c.Name + " have no price here yet, so they are not connected. Ask the operator of this network."}
		return d
	}
	return t.by(a, d, &o, []offer{{carrier: i}}, c.Center)
}

// emergency sends a call to the emergency service where the terminal is (C10).
func (t *Tables) emergency(a *Attempt, digits, dial string) Decision {
	if a.Trace != nil {
		a.step("%s is an emergency code in %s.", digits, place(dial))
	}
	w := t.ways()
	d := Decision{Kind: Emergency, Urgent: true, Price: Price{Known: true}}
	offers := w.emergency[dial]
	if len(offers) == 0 {
		d.Cause = cdr.NotDialable
		d.Reason = fault.Reason{Code: "emergency_unavailable", Text: "Emergency call " + digits + " cannot be connected: there is no emergency trunk in " + place(dial) + " yet. Use another telephone, at once."}
		return d
	}
	o := outbound{text: t.Plans.EmergencyAt(digits, dial), service: EmergencyService, country: dial}
	if a.Trace != nil && o.text != digits {
		a.step("The network of %s knows %s for it.", dial, o.text)
	}
	return t.by(a, d, &o, offers, "")
}

// short sends a call to a short code by a trunk of its country. Crisis lines
// are free.
func (t *Tables) short(a *Attempt, digits, country string) Decision {
	w := t.ways()
	d := Decision{Kind: Short, Cause: cdr.NotDialable}
	crisis := t.Plans.Crisis(digits, country)
	if a.Trace != nil {
		a.step("%s is a short code in %s.", digits, place(country))
	}
	o := outbound{text: digits, service: ShortService, country: country}
	if refused, may := t.mayLeave(a, &o, d); !may && !crisis {
		return refused
	}
	at, _ := t.Centers.ForCountry(country)
	var offers []offer
	for i := range w.carriers {
		if c := &w.carriers[i]; c.Short && c.Center == at {
			offers = append(offers, offer{carrier: int32(i)})
		}
	}
	switch {
	case len(offers) == 0:
		d.Reason = fault.Reason{Code: "short_closed", Text: digits + " is a short code. No carrier here takes it."}
		return d
	case crisis || w.free || a.Role == Exit:
		d.Price = Price{Known: true}
	default:
		d.Reason = fault.Reason{Code: "no_price", Text: "Calls to the short code " + digits + " have no price here yet, so they are not connected. Ask the operator of this network."}
		return d
	}
	d.Cause = cdr.NoCause
	return t.by(a, d, &o, offers, at)
}

// outer sends a call to the SIP service of somebody else's domain.
func (t *Tables) outer(a *Attempt, scheme, user, host string) Decision {
	d := Decision{Kind: URI, Cause: cdr.NotDialable}
	if t.Ways == nil {
		d.Reason = fault.Reason{Code: "not_open", Text: "Calls to e-mail addresses, domain names and SIP addresses of others are not open here yet. Dial a number."}
		return d
	}
	if a.Trace != nil {
		a.step("Nobody proved %s here: its own SIP service is asked.", host)
	}
	o := outbound{text: host}
	if refused, may := t.mayLeave(a, &o, d); !may {
		return refused
	}
	uri := scheme + host
	if user != "" {
		uri = scheme + user + "@" + host
	}
	d.Cause, d.Price, d.Chosen = cdr.NoCause, Price{Known: true}, ChosenDomain
	d.Targets, d.RingFor, d.Private = []Target{{Kind: ToURI, URI: uri, To: uri, Private: a.Caller.Private}}, ringOutside, a.Caller.Private
	return d.after(a)
}

// atExit sends a call on that another center asked this one for.
func (t *Tables) atExit(a *Attempt) Decision {
	switch a.Service {
	case EmergencyService:
		return t.emergency(a, a.Dialled, a.DialCountry)
	case ShortService:
		return t.short(a, a.Dialled, a.DialCountry)
	case PartnerService:
		w := t.ways()
		for i := range w.carriers {
			if w.carriers[i].ID == a.Carrier {
				return t.atPartner(a, w, int32(i), a.Dialled, false)
			}
		}
		return none(cdr.Failed, "no_carrier", "The partner asked for has no trunk here.")
	}
	typed, err := numbering.ParseTyped(a.Dialled)
	if err != nil || typed.Kind != numbering.Plus {
		return none(cdr.NotFound, "not_found", "A center asks for a call to an ordinary telephone by its + form.")
	}
	cc, national, valid := t.Plans.SplitE164(typed.Text)
	if !valid {
		if cc, national, valid = t.Plans.Global(typed.Text); !valid {
			return none(cdr.NotFound, "not_found", "+"+typed.Text+" is valid in no country's plan.")
		}
	}
	return t.ordinary(a, cc, national)
}
