package access

import (
	"context"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/edge"
)

// SignIns make a telephone of ours somebody's for a while, who gave id and PIN
// on its keypad.
type SignIns interface {
	SignIn(ctx context.Context, membership string, at Telephone) error
	// SignOut is false if nobody was signed in there.
	SignOut(ctx context.Context, device string) (bool, error)
}

// Telephone is one at which somebody signs in.
type Telephone struct {
	Device  string
	Number  string // as people write it
	Country string // ISO: where it is
}

// signsIn reports whether a caller wants to sign in at the telephone, or out.
func (d *Desk) signsIn(a *routing.Attempt) bool {
	return a.Role == routing.Origin && a.Dialled == routing.SignInCode && a.Caller.Device != "" && d.cfg.SignIns != nil
}

// atDesk begins to speak with who dialled the code. PINs are counted by
// the account whose telephone it is: telephones are made for nothing.
func (d *Desk) atDesk(a *routing.Attempt) edge.Talk {
	t := &talk{desk: d, at: access.Number{Country: a.DialCountry}, center: string(a.Center), guesses: a.Caller.Account, language: access.LanguageOf(a.DialCountry)}
	if h, ok := d.cfg.Tables().Sold.Typed(a.Caller.Number.Canonical()); ok {
		t.language = spoken(h.Language, t.language)
	}
	t.seat = &Telephone{Device: a.Caller.Device, Number: a.Caller.Number.Display(), Country: a.DialCountry}
	return t
}

// sits begins: who is signed in is signed out, else somebody says who he is.
func (t *talk) sits(ctx context.Context) (edge.Next, error) {
	was, err := t.desk.cfg.SignIns.SignOut(ctx, t.seat.Device)
	if err != nil {
		return edge.Next{}, err
	}
	if was {
		return t.over(t.say().Say("access/signed_out")), nil
	}
	return t.stranger(), nil
}

// seated makes the telephone his.
func (t *talk) seated(ctx context.Context) (edge.Next, error) {
	err := t.desk.cfg.SignIns.SignIn(ctx, t.who.Membership, *t.seat)
	if k := fault.KindOf(err); err != nil && k != fault.Internal {
		return t.over(t.say().Say("access/failed")), nil
	}
	if err != nil {
		return edge.Next{}, err
	}
	return t.over(t.say().Say("access/signed_in")), nil
}
