package edge

import (
	"bytes"
	"slices"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// newNamed makes the causes by their names, which Reason carries between centers.
func newNamed() map[string]switching.Cause {
	m := make(map[string]switching.Cause, len(codes))
	for c := range codes {
		m[c.String()] = c
	}
	delete(m, switching.CauseNone.String())
	return m
}

var named = newNamed() //nolint:gochecknoglobals // constant table

// said is what a message says of why (RFC 3326): the ITU-T Q.850 cause, 0 for
// none, and the words.
func said(m *sip.Msg) (q850 int, text []byte) {
	if m == nil {
		return 0, nil
	}
	m.Each(sip.HReason, func(v []byte) bool {
		protocol, params, _ := bytes.Cut(v, []byte{';'})
		value, _ := sip.Param(params, "cause")
		n, ok := sip.Decimal(value)
		switch {
		case !ok:
		case bytes.EqualFold(bytes.TrimSpace(protocol), []byte("Q.850")) && n > 0 && n < 128:
			q850 = int(n)
			text, _ = sip.Param(params, "text")
		case bytes.EqualFold(bytes.TrimSpace(protocol), []byte("SIP")) && n == 200 && text == nil:
			text = []byte(switching.CauseElsewhere.String()) // §2: answered by another terminal
		}
		return true
	})
	return q850, text
}

// why fills in what a message says of the end of a leg. Another center says our
// own cause, and is believed.
func (b *board) why(d *sip.Dialog, m *sip.Msg, ev *switching.Event) {
	q850, text := said(m)
	ev.Q850 = q850
	f := d.Flow()
	if _, link := b.edge.cfg.Links.Peer(&f); !link {
		return
	}
	if c, ok := named[string(text)]; ok && (ev.Status == 0 || codes[c].status == ev.Status) {
		ev.Cause = c
	}
}

// sounded is how the sound of a leg was, once its ports are given back.
type sounded struct {
	leg     switching.LegID
	quality cdr.Quality
}

// sounded notes it, while there are counters.
func (c *call) sounded(leg switching.LegID) {
	from, to := c.media.Quality(uint16(leg))
	if q := (cdr.Quality{From: cdr.Stream(from), To: cdr.Stream(to)}); q.Known() {
		c.sound = append(c.sound, sounded{leg, q})
	}
}

// went is by whom another center says that it had a leg carried.
type went struct {
	leg            switching.LegID
	carrier, trunk string
}

// carried notes that. Nobody else's word for it is taken.
func (b *board) carried(c *call, l *leg, m *sip.Msg) {
	if m == nil {
		return
	}
	f := l.d.Flow()
	if _, link := b.edge.cfg.Links.Peer(&f); !link {
		return
	}
	_, params, _ := bytes.Cut(m.Header(sip.HCallistoCall), []byte{';'})
	carrier, _ := sip.Param(params, "carrier")
	trunk, _ := sip.Param(params, "trunk")
	if len(carrier) > 0 {
		c.went = append(c.went, went{l.id, clip(string(carrier), 64), clip(string(trunk), 64)})
	}
}

// soundOf is how the sound of a leg was.
func (c *call) soundOf(leg switching.LegID) cdr.Quality {
	for i := range c.sound {
		if c.sound[i].leg == leg {
			return c.sound[i].quality
		}
	}
	return cdr.Quality{}
}

// way is how a call went: where it was answered, else where it was tried last.
func way(legs []cdr.Leg) cdr.LegKind {
	if i := slices.IndexFunc(legs, func(l cdr.Leg) bool { return l.Answered() }); i >= 0 {
		return legs[i].Kind
	}
	if len(legs) == 0 {
		return ""
	}
	return legs[len(legs)-1].Kind
}

// priced is what the price of a call is for: the telephone or partner's number
// that it leaves for, also where it is forwarded there.
func priced(p *switching.Plan) string {
	switch {
	case p.Price.Quote.Free():
		return ""
	case p.E164 == "" && len(p.Targets) > 0:
		return p.Targets[0].To
	default:
		return p.E164
	}
}

// detail completes a record that is handed over with what switching does not
// know. What it points to is its own.
func (b *board) detail(c *call, rec *cdr.Record) {
	plan := c.sw.Plan()
	price := plan.Price.Quote.Prices[0]
	if len(plan.Price.Quote.Bands) > 0 {
		at := rec.Answer
		if at.IsZero() {
			at = rec.Start
		}
		price, _ = plan.Price.Quote.Now(at.In(b.clock(c, &plan.Decision)))
	}
	rec.Decision = cdr.Decision{
		Kind: plan.Kind.String(), Why: string(plan.Chosen), Number: priced(plan), Plan: plan.Price.Plan, Version: plan.Price.Version, Prefix: plan.Price.Quote.Prefix, Micros: price.Minute,
	}
	if plan.Chosen == "" {
		rec.Decision.Why = plan.Reason.Code
	}
	rec.Legs = slices.Clone(rec.Legs)
	rec.Decision.Way = way(rec.Legs)
	for i := range rec.Legs {
		l := &rec.Legs[i]
		id, cause := c.sw.Tried(i)
		l.Quality = c.soundOf(id)
		for _, w := range c.went {
			if w.leg == id {
				l.Carrier, l.Trunk = w.carrier, w.trunk
			}
		}
		if l.Q850 == 0 && !l.End.IsZero() {
			l.Q850 = codes[cause].q850
		}
	}
	if rec.End.IsZero() {
		return // it has only begun
	}
	rec.Quality = c.soundOf(switching.Caller)
	if rec.Q850 == 0 {
		rec.Q850 = codes[c.sw.Cause()].q850
	}
	if !rec.Answered() && rec.HungUp != cdr.ByCaller && c.placed == nil && !plan.Answer {
		rec.Status = status(c.sw.Cause())
	}
}
