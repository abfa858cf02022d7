package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// autoTopUp is how a wallet is filled by itself.
type autoTopUp struct {
	Possible bool          `json:"possible" doc:"Cards are taken here"`
	On       bool          `json:"on"`
	Card     *savedCard    `json:"card,omitempty" doc:"Left out: none is saved"`
	Below    *money.Amount `json:"below,omitempty" doc:"Money is added when less is left to spend; what is held for calls under way counts as spent"`
	Add      *money.Amount `json:"add,omitempty" doc:"So much"`
	Most     *money.Amount `json:"most,omitempty" doc:"And so much at most in a month of UTC"`
	Added    money.Amount  `json:"added" doc:"This month, with what is about to be"`
	Waiting  bool          `json:"waiting" doc:"The card is being charged"`
	Stopped  string        `json:"stopped,omitempty" enum:"declined,expired,confirm" doc:"Why it was switched off, not by its holder: the card was refused too often, it expired, or its bank wants to hear it from its holder"`
}

type savedCard struct {
	Brand string `json:"brand" example:"visa"`
	Last4 string `json:"last4" example:"4242"`
	Until string `json:"expires" example:"2030-04" doc:"Its last month"`
}

type cardPage struct {
	URL string `json:"url" doc:"The card company's page, where the card is saved"`
}

func (f *face) registerAuto() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/wallet/auto_top_up", "auto-top-up", "Wallet", "How your wallet is filled by itself", 0)), f.autoTopUp)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/wallet/auto_top_up", "set-auto-top-up", "Wallet", "Have your wallet filled by itself from the card that you saved; needs your password", 0)), f.setAutoTopUp)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/wallet/auto_top_up", "stop-auto-top-up", "Wallet", "Have it filled no more; the card stays", http.StatusNoContent)), f.stopAutoTopUp)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/wallet/card", "save-card", "Wallet", "Begin to save a card: the answer says where", http.StatusCreated)), f.saveCard)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/wallet/card", "remove-card", "Wallet", "Have your card forgotten, here and at the card company", http.StatusNoContent)), f.removeCard)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/accounts/{id}/auto_top_up", "account-auto-top-up", "Operator", "How an account's wallet is filled by itself", 0)), f.accountAuto)
}

func (f *face) autoOf(ctx context.Context, account string) (*body[autoTopUp], error) {
	v, err := f.AutoTopUps.Auto(ctx, actor(ctx), account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := autoTopUp{Possible: v.Possible, On: v.On, Added: v.Added, Waiting: v.Waiting, Stopped: string(v.Stopped)}
	if c := v.Card; c.Method != "" {
		out.Card = &savedCard{c.Brand, c.Last4, c.Until}
	}
	if v.Rule.Below.Micros > 0 {
		out.Below, out.Add, out.Most = &v.Rule.Below, &v.Rule.Add, &v.Rule.Most
	}
	return &body[autoTopUp]{out}, nil
}

func (f *face) autoTopUp(ctx context.Context, _ *struct{}) (*body[autoTopUp], error) {
	who := actor(ctx)
	if err := f.AutoTopUps.LookCard(ctx, who); err != nil { // the card company's own message may be slower
		f.Log.WarnContext(ctx, "whether a card was saved is not known", "account", who.Account, "error", err)
	}
	return f.autoOf(ctx, who.Account)
}

func (f *face) accountAuto(ctx context.Context, in *ByID) (*body[autoTopUp], error) {
	return f.autoOf(ctx, in.ID)
}

func (f *face) setAutoTopUp(ctx context.Context, in *struct {
	Body struct {
		strictly

		Below string `json:"below" example:"10.00" doc:"In the currency of the wallet"`
		Add   string `json:"add" example:"25.00"`
		Most  string `json:"most" example:"100.00" doc:"In a month of UTC"`

		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}) (*body[autoTopUp], error) {
	who, err := f.proved(ctx, in.Body.Password)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	var r payment.AutoRule
	for text, a := range map[*string]*money.Amount{&in.Body.Below: &r.Below, &in.Body.Add: &r.Add, &in.Body.Most: &r.Most} {
		a.Micros, _ = money.ParseMicros(*text) // 0 is refused with what is possible
	}
	if err := f.AutoTopUps.SetAuto(ctx, who, r); err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.autoOf(ctx, who.Account)
}

func (f *face) stopAutoTopUp(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, f.fail(ctx, f.AutoTopUps.StopAuto(ctx, actor(ctx)))
}

func (f *face) saveCard(ctx context.Context, _ *struct{}) (*body[cardPage], error) {
	url, err := f.AutoTopUps.SaveCard(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[cardPage]{cardPage{url}}, nil
}

func (f *face) removeCard(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, f.fail(ctx, f.AutoTopUps.RemoveCard(ctx, actor(ctx)))
}
