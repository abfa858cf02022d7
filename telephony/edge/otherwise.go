package edge

import (
	"slices"

	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// turned is a leg whose sound is offered otherwise than at first.
type turned struct {
	leg switching.LegID
	to  media.Protection
}

// turn is how a leg's sound is offered the second time, if it is.
func (c *call) turn(id switching.LegID) (media.Protection, bool) {
	i := slices.IndexFunc(c.turned, func(x turned) bool { return x.leg == id })
	if i < 0 {
		return media.AsOffered, false
	}
	return c.turned[i].to, true
}

// mayTurn keeps whom a leg was dialled for, if it can be offered its sound otherwise:
// a telephone that may be told keys, and nobody said whether it wants them.
func (b *board) mayTurn(c *call, l *leg, to *switching.Target, t sip.Transport) {
	if _, done := c.turn(l.id); !done && t.Private() && !t.Web() && b.chosen(l.phone, media.AsOffered) == media.AsOffered {
		kept := *to
		l.to = &kept
	}
}

// otherwise offers a telephone that refused the sound (RFC 3261 §21.4.26) the same once
// more, protected if it was plain, and plain if it was protected: what it has shows only
// in what it refuses.
func (b *board) otherwise(c *call, l *leg, status int) bool {
	to, offer := l.to, c.sw.CallersOffer()
	if status != 488 && status != 415 || to == nil || len(offer) == 0 || c.media == nil {
		return false
	}
	id, x := l.id, turned{l.id, media.Always}
	if c.media.Protects(uint16(id)) {
		x.to = media.Never
	}
	c.turned = append(c.turned, x)
	c.media.Drop(uint16(id))
	text, err := (*sound)(b).Offer(b.ref(c), switching.Caller, id, to, offer)
	if err != nil {
		return false
	}
	b.release(l)
	c.legs = without(c.legs, l)
	c.spare = append(c.spare, l)
	(*signalling)(b).Dial(b.ref(c), id, to, text)
	return true
}
