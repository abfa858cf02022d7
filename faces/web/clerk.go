package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tariff"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

func (f *face) clerkRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/members":             f.staffOnly(f.memberList),
		"GET /operator/members/{id}":        f.staffOnly(f.memberFile),
		"POST /operator/members/{id}/{act}": f.staffOnly(f.actOnMember),
	}
}

// memberListData is a page of the accounts that were looked for.
type memberListData struct {
	Search  string
	List    []member.Account
	Next    string
	Problem string
}

// More is the address of the next page.
func (d memberListData) More() string {
	return "/operator/members?" + url.Values{"q": {d.Search}, "cursor": {d.Next}}.Encode()
}

func (f *face) memberList(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := memberListData{Search: r.URL.Query().Get("q")}
	var err error
	d.List, d.Next, err = f.Clerk.Find(r.Context(), p.Who, d.Search, r.URL.Query().Get("cursor"), perPage)
	if k := fault.KindOf(err); err != nil && k != fault.Invalid {
		return nil, err
	}
	p.Title = p.T("operator.members")
	if err != nil {
		p.Status, d.Problem = httpstatus.Of(fault.KindOf(err)), p.fieldText(err)
	}
	return membersPage(p, d), nil
}

// memberData is everything staff may know of a member: no secret is among it.
type memberData struct {
	member.Account
	Lines    []line
	Orders   []shop.Order
	More     bool // orders than these
	Balance  money.Amount
	Book     []ledger.Line
	Sessions []member.Session
	Keys     []member.APIKey
	Passkeys []member.Passkey
	Remarks  []member.Remark
	Plans    []choice
	Plan     string
	Problem  string
	Wallet   wallet.View
	Auto     payment.AutoView
	Packages []bundle.Allowance // that hold now, or will
}

// lastLines is how much of the book a member's file shows.
const lastLines = 10

func (f *face) memberOf(r *http.Request, p *page) (d memberData, err error) {
	ctx, id := r.Context(), r.PathValue("id")
	if d.Account, err = f.Accounts.Account(ctx, p.Who, id); err != nil {
		return d, err
	}
	var errs [6]error
	var next string
	d.Orders, next, errs[0] = f.Orders.Orders(ctx, p.Who, id, "", perPage)
	d.Sessions, errs[1] = f.Sessions.Sessions(ctx, p.Who, id)
	d.Keys, errs[2] = f.Keys.APIKeys(ctx, p.Who, id)
	d.Passkeys, errs[3] = f.Ring.Passkeys(ctx, p.Who, id)
	d.Remarks, errs[4] = f.Clerk.Remarks(ctx, p.Who, id)
	d.More = next != ""
	if err := f.plansFor(r, p, &d); err != nil {
		return d, err
	}
	var ms []member.Membership
	ms, errs[5] = f.Members.Memberships(ctx, p.Who, id)
	if err := errors.Join(errs[:]...); err != nil {
		return d, err
	}
	for _, m := range ms {
		devices, err := f.Members.Devices(ctx, p.Who, m.ID)
		if err != nil {
			return d, err
		}
		d.Lines = append(d.Lines, line{Membership: m, Devices: devices, Home: f.Reader.Home(m.Country)})
	}
	purse := ledger.WalletID(id, f.Currency)
	if d.Balance, err = f.Wallet.Balance(ctx, purse); fault.KindOf(err) == fault.Unknown { // an operator has none
		return d, nil
	}
	if err == nil {
		d.Book, _, err = f.Wallet.History(ctx, purse, "", lastLines)
	}
	if err == nil {
		d.Wallet, err = f.Wallets.Of(ctx, p.Who, id)
	}
	if err == nil {
		d.Auto, err = f.AutoTopUps.Auto(ctx, p.Who, id)
	}
	if err == nil {
		d.Packages, err = f.Packages.Allowances(ctx, p.Who, id)
	}
	d.Packages = slices.DeleteFunc(d.Packages, func(a bundle.Allowance) bool { return !a.Ends.After(f.Now()) })
	return d, err
}

// plansFor finds the plans an account may have, and that which it has.
func (f *face) plansFor(r *http.Request, p *page, d *memberData) error {
	list, err := f.Sell.Plans(r.Context(), p.Who)
	if err != nil {
		return err
	}
	d.Plans = []choice{{tariff.Members, p.T("plans.standard")}}
	for _, x := range list {
		d.Plans = append(d.Plans, choice{x.ID, x.Name})
	}
	d.Plan, _, err = f.Sell.PlanOf(r.Context(), p.Who, d.ID)
	return err
}

func (f *face) memberFile(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.memberOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = d.Name
	return memberPage(p, d), nil
}

// actOnMember does what staff decided about an account and shows it again.
func (f *face) actOnMember(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	ctx, id, text := r.Context(), r.PathValue("id"), r.PostFormValue("text")
	var err error
	switch r.PathValue("act") {
	case "bar":
		_, err = f.Clerk.Bar(ctx, p.Who, id, text)
	case "lift":
		_, err = f.Clerk.Lift(ctx, p.Who, id, text)
	case "note":
		err = f.Clerk.Note(ctx, p.Who, id, text)
	case "plan":
		err = f.Sell.Give(ctx, p.Who, id, r.PostFormValue("plan"))
	default:
		return f.nothingHere(nil, r, p)
	}
	return f.atMember(r, p, err)
}

// atMember goes back to a member's file, or shows it with what was refused.
func (f *face) atMember(r *http.Request, p *page, err error) (templ.Component, error) {
	if err == nil {
		return nil, redirect{"/operator/members/" + r.PathValue("id")}
	}
	if k := fault.KindOf(err); k != fault.Conflict && k != fault.Invalid {
		return nil, err
	}
	d, derr := f.memberOf(r, p)
	if derr != nil {
		return nil, derr
	}
	p.Status, p.Title, d.Problem = httpstatus.Of(fault.KindOf(err)), d.Name, p.fieldText(err)
	return memberPage(p, d), nil
}
