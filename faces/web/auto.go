package web

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// ruleFields are the fields of the rule by which a wallet is filled, in order.
func ruleFields() [3]string { return [3]string{"below", "add", "most"} }

// ruleTexts is the rule as its form has it: as it was just typed, as it was typed
// before its holder proved who he is, as it is, or as it may well be.
func (f *face) ruleTexts(r *http.Request, v payment.AutoView) (out [3]string) {
	for i, name := range ruleFields() {
		a := [3]money.Amount{v.Rule.Below, v.Rule.Add, v.Rule.Most}[i]
		switch {
		case r.Method == http.MethodPost && r.PostForm.Has(name):
			out[i] = r.PostFormValue(name)
		case r.URL.Query().Has(name):
			out[i] = r.URL.Query().Get(name)
		case a.Micros > 0:
			out[i] = plainAmount(a)
		default:
			within := f.TopUps.Range()
			out[i] = plainAmount([3]money.Amount{within.Least, within.Suggested[1], within.Suggested[3]}[i])
		}
	}
	return out
}

// saveCard sends a member to where he saves a card.
func (f *face) saveCard(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	where, err := f.AutoTopUps.SaveCard(r.Context(), p.Who)
	if err != nil {
		return f.walletRefused(r, p, "auto", err)
	}
	return nil, redirect{where}
}

func (f *face) removeCard(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return nil, f.autoDone(f.AutoTopUps.RemoveCard(r.Context(), p.Who))
}

func (f *face) stopAuto(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	return nil, f.autoDone(f.AutoTopUps.StopAuto(r.Context(), p.Who))
}

func (f *face) autoDone(err error) error {
	if err != nil {
		return err
	}
	return redirect{"/wallet?done=auto#auto"}
}

// setAuto has a member's wallet filled by itself, after he proved that it is he.
func (f *face) setAuto(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	var rule payment.AutoRule
	typed := url.Values{}
	for i, name := range ruleFields() {
		text := r.PostFormValue(name)
		typed.Set(name, text)
		[3]*money.Amount{&rule.Below, &rule.Add, &rule.Most}[i].Micros, _ = money.ReadMicros(text) // 0 is refused
	}
	err := f.AutoTopUps.SetAuto(r.Context(), p.Who, rule)
	switch {
	case err == nil:
		return nil, f.autoDone(nil)
	case fault.ReasonOf(err).Code == "prove_again":
		return nil, redirect{withNext(provePath, "/wallet?"+typed.Encode()+"#auto")}
	default:
		return f.walletRefused(r, p, "auto", err)
	}
}
