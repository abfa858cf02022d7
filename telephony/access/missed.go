package access

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// MissedCalls are read out.
type MissedCalls interface {
	// Unseen lists those of a number that nobody has looked at, the latest first.
	Unseen(ctx context.Context, account string, n numbering.Number) ([]bell.Missed, error)
	// Heard says that they were read out, up to those that ended at a moment.
	Heard(ctx context.Context, account string, n numbering.Number, upTo time.Time) error
}

// readMost is how many calls are read out: nobody listens to more.
const readMost = 20

// missedWait is how long somebody thinks about a call that was read to him, before
// the next is.
const missedWait = 3 * time.Second

// The nodes of a call that was read out.
const (
	askMissed = "missed"
	onMissed  = "missed_next"
)

// readsMissed reports whether a caller wants to hear at his telephone what he missed.
func (d *Desk) readsMissed(a *routing.Attempt) bool {
	return a.Role == routing.Origin && a.Dialled == routing.MissedCode && a.Caller.Device != "" && d.cfg.Missed != nil
}

// atPhone begins to speak with who dialled the code: his telephone says who he is.
func (d *Desk) atPhone(a *routing.Attempt) edge.Talk {
	t := &talk{desk: d, at: access.Number{Country: a.DialCountry}, center: string(a.Center), language: access.LanguageOf(a.DialCountry), onlyMissed: true, hidden: a.Caller.Private}
	t.who, t.in = d.cfg.Tables().Sold.Typed(a.Caller.Number.Canonical())
	t.language = spoken(t.who.Language, t.language)
	return t
}

// missed says how many calls there are, and reads the first. With that they have been
// looked at, as on the page.
func (t *talk) missed(ctx context.Context) (edge.Next, error) {
	list, err := t.desk.cfg.Missed.Unseen(ctx, t.who.Account, t.who.Number)
	if err != nil {
		return edge.Next{}, err
	}
	if len(list) == 0 {
		return t.onward(t.say().Say("access/missed_none")), nil
	}
	upTo := list[0].End
	for i := range list {
		if list[i].End.After(upTo) {
			upTo = list[i].End
		}
	}
	if err := t.desk.cfg.Missed.Heard(ctx, t.who.Account, t.who.Number, upTo); err != nil {
		return edge.Next{}, err
	}
	v := t.say().Say("access/missed")
	v.Number(len(list))
	t.unread = list[:min(len(list), readMost)]
	return t.reading(v), nil
}

// reading reads the next call, after something else; one that can be called back asks
// for that.
func (t *talk) reading(v voice) edge.Next {
	if len(t.unread) == 0 {
		return t.onward(v)
	}
	m := t.unread[0]
	t.unread, t.to = t.unread[1:], ""
	to, err := access.Target(m.Caller)
	switch {
	case m.Caller == "":
		v.Say("access/missed_hidden")
	case err != nil:
		v.Say("access/missed_address")
	default:
		t.to = to
		v.Say("access/missed_from")
		v.Digits(strings.ReplaceAll(m.Caller, "#", " "))
	}
	node := switching.Node{Name: askMissed, Asks: true}
	if t.to != "" {
		node = switching.Node{Name: askMissed, Most: 1, Wait: missedWait, Gap: between, Else: onMissed}
		v.Say("access/missed_keys")
	}
	node.Say = v.prompts()
	return t.script(node, switching.Node{Name: onMissed, Asks: true})
}

// onward is what comes when all were read: another number, or the end.
func (t *talk) onward(v voice) edge.Next {
	if t.onlyMissed {
		return t.over(v)
	}
	return t.asksDial(v)
}
