package access

import (
	"context"
	"strings"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/edge"
)

// sameEnd is how many last digits of what was dialled are compared with access
// numbers, before anything is looked up for it: every call of a member comes here.
const sameEnd = 6

// called finds the access number that a telephone of ours calls: it need not go out
// to a carrier and come in again.
func (d *Desk) called(a *routing.Attempt) (access.Number, bool) {
	list := d.cfg.Members.Numbers()
	if a.Role != routing.Origin || a.Caller.Device == "" || len(list) == 0 {
		return access.Number{}, false
	}
	typed, err := numbering.ParseTyped(a.Dialled)
	if err != nil {
		return access.Number{}, false
	}
	for _, n := range list {
		if !strings.HasSuffix(typed.Text, n.E164[max(0, len(n.E164)-sameEnd):]) {
			continue
		}
		asked := *a
		if x := d.cfg.Tables().Decide(&asked); x.Reason.Code == routing.HouseNumber && x.E164 == n.E164 {
			return n, true
		}
	}
	return access.Number{}, false
}

// atNumber begins to speak with who called an access number from a telephone of
// ours, which says who he is.
func (d *Desk) atNumber(a *routing.Attempt, n access.Number) edge.Talk {
	asked := *a
	hidden := a.Caller.Private || d.cfg.Tables().Decide(&asked).Private
	t := &talk{desk: d, at: n, center: string(a.Center), language: n.Language, ours: true, hidden: hidden}
	t.who, _ = d.cfg.Tables().Sold.Typed(a.Caller.Number.Canonical())
	t.language = spoken(t.who.Language, n.Language)
	return t
}

// entersKnown lets him in: his telephone has proved by its password that it is his,
// so that no PIN is asked for.
func (t *talk) entersKnown(ctx context.Context) (edge.Next, error) {
	set, shorts, err := t.desk.cfg.Members.Of(ctx, t.who.Account)
	if err != nil {
		return edge.Next{}, err
	}
	t.known, t.set, t.shorts = true, set, shorts
	return t.enter(ctx)
}
