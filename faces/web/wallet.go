package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

func (f *face) walletRoutes() map[string]handler {
	return map[string]handler{
		"GET /wallet":           f.wallet,
		"POST /wallet/top-up":   f.topUp,
		"POST /wallet/transfer": f.ownReference,
		"POST /wallet/notice":   f.setNotice,

		"POST /wallet/card":        f.saveCard,
		"POST /wallet/card/remove": f.removeCard,
		"POST /wallet/auto":        f.setAuto,
		"POST /wallet/auto/stop":   f.stopAuto,

		"POST /operator/members/{id}/terms":   f.staffOnly(f.setTerms),
		"POST /operator/members/{id}/suspend": f.staffOnly(f.suspend),
	}
}

// walletData is the page of a member's wallet.
type walletData struct {
	wallet.View
	Offer  payment.Offer
	Range  payment.Range
	Bank   *cashier.Way // his own reference; nil: not asked for yet
	Lines  []ledger.Line
	Claims []billing.Claim
	Next   string
	Auto   payment.AutoView
	Rule   [3]string // of it, as the form has it
	Typed  string    // the amount that was refused
	At     string    // the form that was refused
	Errors map[string]string
	Done   string // what was just done
}

// wrong is what to say at a form.
func (d walletData) wrong(form, field string) string {
	if d.At != form {
		return ""
	}
	return d.Errors[field]
}

// typed is what was typed into a form that was refused.
func (d walletData) typed(form string) string {
	if d.At != form {
		return ""
	}
	return d.Typed
}

func (f *face) walletOf(r *http.Request, p *page) (walletData, error) {
	d := walletData{Offer: f.Cashier.Offer(), Range: f.TopUps.Range(), Done: r.URL.Query().Get("done")}
	if err := p.must(); err != nil {
		return d, err
	}
	ctx, id := r.Context(), ledger.WalletID(p.Who.Account, f.Currency)
	var err error
	if d.View, err = f.Wallets.Of(ctx, p.Who, p.Who.Account); err != nil {
		return d, err
	}
	if d.Claims, err = f.Bills.Claims(ctx, p.Who, p.Who.Account); err != nil {
		return d, err
	}
	if d.Bank, err = f.TopUps.Standing(ctx, p.Who); err != nil {
		return d, err
	}
	if d.Auto, err = f.AutoTopUps.Auto(ctx, p.Who, p.Who.Account); err != nil {
		return d, err
	}
	d.Rule = f.ruleTexts(r, d.Auto)
	if d.Lines, d.Next, err = f.Wallet.History(ctx, id, r.URL.Query().Get("cursor"), perPage); err != nil && fault.KindOf(err) != fault.Unknown {
		return d, err
	}
	p.Title = p.T("wallet.title")
	return d, nil
}

func (f *face) wallet(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if r.URL.Query().Get("paid") == "card" && p.SignedIn() { // the card company's own message may be slower than who comes back
		if err := f.TopUps.LookTopUp(r.Context(), p.Who); err != nil {
			f.Log.WarnContext(r.Context(), "a member came back from paying", "account", p.Who.Account, "error", err)
		}
		return nil, redirect{"/wallet?done=top-up"}
	}
	if r.URL.Query().Get("saved") == "card" && p.SignedIn() {
		if err := f.AutoTopUps.LookCard(r.Context(), p.Who); err != nil {
			f.Log.WarnContext(r.Context(), "a member came back from saving a card", "account", p.Who.Account, "error", err)
		}
		return nil, redirect{"/wallet?done=card#auto"}
	}
	d, err := f.walletOf(r, p)
	if err != nil {
		return nil, err
	}
	return walletPage(p, d), nil
}

// walletRefused shows the wallet with what was refused at a form.
func (f *face) walletRefused(r *http.Request, p *page, form string, refused error) (templ.Component, error) {
	switch k := fault.KindOf(refused); k {
	case fault.Invalid, fault.Conflict, fault.Unavailable, fault.Unpaid, fault.Limited:
		d, err := f.walletOf(r, p)
		if err != nil {
			return nil, err
		}
		d.At, d.Errors, d.Typed, p.Status = form, p.errorsOf(refused), r.PostFormValue("amount"), httpstatus.Of(k)
		return walletPage(p, d), nil
	default:
		return nil, refused
	}
}

// topUp sends a member to where he pays by card.
func (f *face) topUp(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	micros, err := money.ReadMicros(r.PostFormValue("amount"))
	if err != nil {
		micros = 0 // which the range refuses with what is possible
	}
	w, err := f.TopUps.TopUp(r.Context(), p.Who, payment.Card, money.Amount{Currency: f.Currency, Micros: micros})
	if err != nil {
		return f.walletRefused(r, p, "top-up", err)
	}
	return nil, redirect{w.URL}
}

// ownReference gives a member what to write on his transfers.
func (f *face) ownReference(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	if _, err := f.TopUps.TopUp(r.Context(), p.Who, payment.BankTransfer, money.Amount{}); err != nil {
		return f.walletRefused(r, p, "transfer", err)
	}
	return nil, redirect{"/wallet#transfer"}
}

// setNotice says below what a member is told that little is left: nothing typed
// is never.
func (f *face) setNotice(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	threshold := int64(-1)
	if typed := strings.TrimSpace(r.PostFormValue("amount")); typed != "" {
		threshold, _ = money.ReadMicros(typed) // 0 is refused
	}
	if err := f.Wallets.SetNotice(r.Context(), p.Who, &threshold); err != nil {
		return f.walletRefused(r, p, "notice", err)
	}
	return nil, redirect{"/wallet?done=notice#notice"}
}

// setTerms agrees terms with a member.
func (f *face) setTerms(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	t := wallet.Terms{Account: r.PathValue("id"), Kind: wallet.Kind(r.PostFormValue("kind"))}
	t.Credit.Micros, _ = money.ReadMicros(r.PostFormValue("credit")) // 0 is refused
	var err error
	if t.Days, err = strconv.Atoi(cmp.Or(strings.TrimSpace(r.PostFormValue("days")), "0")); err != nil {
		t.Days = -1 // refused
	}
	return f.atMember(r, p, f.Wallets.SetTerms(r.Context(), p.Who, t))
}

// suspend keeps a member from beginning calls that cost, or lets him again.
func (f *face) suspend(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.atMember(r, p, f.Wallets.Suspend(r.Context(), p.Who, r.PathValue("id"), r.PostFormValue("text")))
}
