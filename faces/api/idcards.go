package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// IDCards are ID cards and what was signed in with them. Files are written in
// browsers, where their keys are made.
type IDCards interface {
	Offers(ctx context.Context, by member.Actor) ([]idcard.Offer, error)
	Order(ctx context.Context, by member.Actor, o idcard.Order) (idcard.Card, error)
	Cards(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]idcard.Card, string, error)
	Revoke(ctx context.Context, by member.Actor, id string) error
	SignIns(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]idcard.SignIn, string, error)
	End(ctx context.Context, by member.Actor, id string) error
}

// CardDesk is what operator and holder set.
type CardDesk interface {
	SetOffer(ctx context.Context, by member.Actor, o idcard.Offer) error
	MarkSent(ctx context.Context, by member.Actor, id string) error
	Choice(ctx context.Context, by member.Actor, membership string) (idcard.Choice, error)
	SetChoice(ctx context.Context, by member.Actor, membership string, c idcard.Choice) error
}

type cardOfferOut struct {
	Kind    string       `json:"kind" enum:"file,printed"`
	Offered bool         `json:"offered"`
	Price   money.Amount `json:"price" doc:"Without tax"`
	Total   money.Amount `json:"total" doc:"With the tax that you pay"`
	Years   int          `json:"years" doc:"Such a card is valid so long"`
}

type cardOut struct {
	ID         string       `json:"id"`
	Account    string       `json:"account"`
	Membership string       `json:"membership"`
	Number     string       `json:"number"`
	Kind       string       `json:"kind" enum:"file,printed"`
	State      string       `json:"state" enum:"issued,written,revoked" doc:"issued: no file was written yet"`
	Algorithm  string       `json:"algorithm,omitempty" doc:"Of its key: Ed25519 or ES256"`
	Key        string       `json:"key,omitempty" doc:"The public half, base64url"`
	Written    int          `json:"times_written" doc:"Only the file written last opens anything"`
	Price      money.Amount `json:"price" doc:"That was paid, with tax"`
	Created    time.Time    `json:"created"`
	Until      time.Time    `json:"until"`
	Sent       *time.Time   `json:"sent,omitempty"`
	Revoked    *time.Time   `json:"revoked,omitempty"`
	RevokedBy  string       `json:"revoked_by,omitempty" enum:"holder,operator"`
}

func showCard(c *idcard.Card) cardOut {
	return cardOut{
		ID: c.ID, Account: c.Account, Membership: c.Membership, Number: c.Number.Display(), Kind: string(c.Kind), State: string(c.State), Algorithm: c.Algorithm, Key: c.Key,
		Written: c.Serial, Price: c.Price(), Created: c.Created.UTC(), Until: c.Until.UTC(), Sent: when(c.Sent), Revoked: when(c.Revoked), RevokedBy: c.RevokedBy,
	}
}

type cardSignInOut struct {
	ID         string     `json:"id"`
	Card       string     `json:"card,omitempty" doc:"Left out: it was a passkey"`
	Membership string     `json:"membership"`
	Number     string     `json:"number"`
	Way        string     `json:"way" enum:"file,passkey,telephone"`
	Country    string     `json:"country" doc:"Where the terminal is: emergency calls go to the services there"`
	Address    string     `json:"address"`
	Network    string     `json:"network"`
	Browser    string     `json:"browser"`
	Watched    bool       `json:"watched" doc:"It ends when the card is taken out"`
	Began      time.Time  `json:"began"`
	Until      time.Time  `json:"until" doc:"When it ends by itself"`
	Ended      *time.Time `json:"ended" doc:"null: it lasts"`
	How        string     `json:"how,omitempty" enum:"removed,signed_out,over,lost,afar,elsewhere,revoked,rewritten,host"`
}

func showCardSignIn(s *idcard.SignIn) cardSignInOut {
	return cardSignInOut{
		ID: s.ID, Card: s.Card, Membership: s.Membership, Number: s.Number.Display(), Way: string(s.Way), Country: s.Place, Address: s.Address, Network: s.Network, Browser: s.Browser,
		Watched: s.Watched, Began: s.Began.UTC(), Until: s.Until.UTC(), Ended: when(s.Ended), How: s.How,
	}
}

type cardChoiceOut struct {
	Only  bool    `json:"only_here" doc:"While its holder is signed in with a card, only that terminal rings"`
	Hours float64 `json:"hours" doc:"After so long he is signed out, at most 12"`
}

func (f *face) registerIDCards() {
	reg := func(tag, method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, tag, summary, status))
		f.describeProblems(&o)
		return o
	}
	const mine, staff = "Members", "Operator"
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/cards/offers", "card-offers", "ID cards that can be ordered; to the operator, all kinds", 0), f.cardOffers)
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/me/cards", "my-cards", "Your ID cards, the newest first", 0), f.myCards)
	huma.Register(f.api, reg(mine, http.MethodPost, "/api/v1/me/cards", "order-card", "Order an ID card, paid from your wallet; its file is written on your page", http.StatusCreated), f.orderCard)
	huma.Register(f.api, reg(mine, http.MethodPost, "/api/v1/cards/{id}/revocation", "revoke-card", "Revoke an ID card: from now on it opens nothing", http.StatusNoContent), f.revokeCard)
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/me/card-sign-ins", "my-card-sign-ins", "Where you were signed in with a card or passkey at a terminal, the newest first", 0), f.myCardSignIns)
	huma.Register(f.api, reg(mine, http.MethodDelete, "/api/v1/me/card-sign-ins", "end-card-sign-ins", "Sign out of every terminal", http.StatusNoContent), f.endCardSignIns)
	huma.Register(f.api, reg(mine, http.MethodDelete, "/api/v1/me/card-sign-ins/{id}", "end-card-sign-in", "Sign out of a terminal", http.StatusNoContent), f.endCardSignIn)
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/members/{id}/card-choice", "card-choice", "What rings while a number is signed in with a card, and for how long that lasts", 0), f.cardChoice)
	huma.Register(f.api, reg(mine, http.MethodPut, "/api/v1/members/{id}/card-choice", "set-card-choice", "Choose that, for sign-ins from now on", 0), f.setCardChoice)
	huma.Register(f.api, reg(staff, http.MethodGet, "/api/v1/cards", "list-cards", "Every ID card, the newest first", 0), f.listCards)
	huma.Register(f.api, reg(staff, http.MethodPut, "/api/v1/cards/offers/{id}", "set-card-offer", "Offer a kind of ID card (file, printed), or stop", http.StatusNoContent), f.setCardOffer)
	huma.Register(f.api, reg(staff, http.MethodPost, "/api/v1/cards/{id}/sent", "card-sent", "A printed card was posted", http.StatusNoContent), f.cardSent)
}

func (f *face) cardOffers(ctx context.Context, _ *struct{}) (*body[list[cardOfferOut]], error) {
	all, err := f.IDCards.Offers(ctx, actor(ctx))
	out := list[cardOfferOut]{Items: []cardOfferOut{}}
	for i := range all {
		o := &all[i]
		out.Items = append(out.Items, cardOfferOut{string(o.Kind), o.Offered, o.Net, o.Total(), o.Years})
	}
	return &body[list[cardOfferOut]]{out}, f.fail(ctx, err)
}

func (f *face) cardsOf(ctx context.Context, account string, in Paging) (*body[list[cardOut]], error) {
	all, next, err := f.IDCards.Cards(ctx, actor(ctx), account, in.Cursor, in.Limit)
	out := list[cardOut]{Items: []cardOut{}, Next: next}
	for i := range all {
		out.Items = append(out.Items, showCard(&all[i]))
	}
	return &body[list[cardOut]]{out}, f.fail(ctx, err)
}

func (f *face) myCards(ctx context.Context, in *Paging) (*body[list[cardOut]], error) {
	return f.cardsOf(ctx, actor(ctx).Account, *in)
}

func (f *face) listCards(ctx context.Context, in *Paging) (*body[list[cardOut]], error) {
	return f.cardsOf(ctx, "", *in)
}

func (f *face) orderCard(ctx context.Context, in *struct {
	Body struct {
		strictly

		Membership string `json:"membership" doc:"The number it is for"`
		Kind       string `json:"kind" enum:"file,printed"`
		Postal     string `json:"postal,omitempty" doc:"Where a printed one is sent"`
		Once       string `json:"once,omitempty" doc:"An id for the order, as card_ and 16 letters of 0-9a-v: sent again with it, it is the same order"`
	}
}) (*body[cardOut], error) {
	c, err := f.IDCards.Order(ctx, actor(ctx), idcard.Order{Membership: in.Body.Membership, Kind: idcard.Kind(in.Body.Kind), Postal: in.Body.Postal, Once: in.Body.Once})
	return &body[cardOut]{showCard(&c)}, f.fail(ctx, err)
}

func (f *face) revokeCard(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.IDCards.Revoke(ctx, actor(ctx), in.ID))
}

func (f *face) myCardSignIns(ctx context.Context, in *Paging) (*body[list[cardSignInOut]], error) {
	all, next, err := f.IDCards.SignIns(ctx, actor(ctx), actor(ctx).Account, in.Cursor, in.Limit)
	out := list[cardSignInOut]{Items: []cardSignInOut{}, Next: next}
	for i := range all {
		out.Items = append(out.Items, showCardSignIn(&all[i]))
	}
	return &body[list[cardSignInOut]]{out}, f.fail(ctx, err)
}

func (f *face) endCardSignIns(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, f.fail(ctx, f.IDCards.End(ctx, actor(ctx), ""))
}

func (f *face) endCardSignIn(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.IDCards.End(ctx, actor(ctx), in.ID))
}

func (f *face) cardChoice(ctx context.Context, in *ByID) (*body[cardChoiceOut], error) {
	c, err := f.CardDesk.Choice(ctx, actor(ctx), in.ID)
	return &body[cardChoiceOut]{cardChoiceOut{c.Only, c.Stay.Hours()}}, f.fail(ctx, err)
}

func (f *face) setCardChoice(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Only  bool    `json:"only_here,omitempty"`
		Hours float64 `json:"hours"`
	}
}) (*body[cardChoiceOut], error) {
	c := idcard.Choice{Only: in.Body.Only, Stay: time.Duration(min(max(in.Body.Hours, 0), 1000)*60) * time.Minute}
	err := f.CardDesk.SetChoice(ctx, actor(ctx), in.ID, c)
	return &body[cardChoiceOut]{cardChoiceOut{c.Only, c.Stay.Hours()}}, f.fail(ctx, err)
}

func (f *face) setCardOffer(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Offered bool   `json:"offered,omitempty"`
		Price   string `json:"price" example:"5.00" doc:"Without tax, in the currency of the house; 0 is free"`
		Years   int    `json:"years"`
	}
}) (*struct{}, error) {
	o := idcard.Offer{Kind: idcard.Kind(in.ID), Offered: in.Body.Offered, Years: in.Body.Years}
	var err error
	if o.Net.Micros, err = money.ParseMicros(in.Body.Price); err != nil {
		o.Net.Micros = -1 // refused
	}
	return nil, f.fail(ctx, f.CardDesk.SetOffer(ctx, actor(ctx), o))
}

func (f *face) cardSent(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.CardDesk.MarkSent(ctx, actor(ctx), in.ID))
}
