package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Calling is how the calls of a number are treated.
type Calling interface {
	SetForwarding(ctx context.Context, by member.Actor, id string, f member.Forwarding) (member.Membership, error)
	SetCallerID(ctx context.Context, by member.Actor, id string, c member.CallerID) (member.Membership, error)
}

// Rates is what calls cost.
type Rates interface {
	// CallPrice is what a minute to what is dialled costs an account now, by the
	// time of day of a number of its, where that is known.
	CallPrice(account string, number numbering.Number, dialled string) (money.Amount, bool)
}

func (f *face) callingRoutes() map[string]handler {
	return map[string]handler{
		"GET /lines/{id}/calls":       f.calling,
		"POST /lines/{id}/forwarding": f.setForwarding,
		"POST /lines/{id}/caller-id":  f.setCallerID,
	}
}

// callingData is the page on which a member says how his calls are treated.
type callingData struct {
	member.Membership
	When   []forwardWhen
	Rings  []choice // seconds before nobody has answered
	After  string
	Own    []ownCall
	Done   bool
	Errors map[string]string
	Shows  []choice // telephone numbers his calls can show
}

// forwardWhen is one case in which calls are forwarded.
type forwardWhen struct {
	Name string
	To   []string
}

// ownCall is a number calls can be forwarded to.
type ownCall struct {
	member.Own
	Price money.Amount
	Known bool // the price is
	Used  bool // it is proved, or need not be
}

func (f *face) callingOf(r *http.Request, p *page) (member.Membership, error) {
	if err := p.must(); err != nil {
		return member.Membership{}, err
	}
	return f.Lines.NumbersProved(r.Context(), p.Who, r.PathValue("id"))
}

func (f *face) calling(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	return f.callingShown(r.Context(), p, m, m.Forwarding(), nil, r.URL.Query().Has("done"))
}

func (f *face) callingShown(ctx context.Context, p *page, m member.Membership, x member.Forwarding, wrong map[string]string, done bool) (templ.Component, error) {
	p.Title = p.T("calling.title")
	d := callingData{Membership: m, Errors: wrong, Done: done, After: strconv.Itoa(int(x.After / time.Second))}
	d.When = []forwardWhen{{"always", x.Always}, {"busy", x.Busy}, {"no_answer", x.NoAnswer}, {"unreachable", x.Unreachable}}
	for _, s := range []int{5, 10, 15, 20, 30, 45} {
		d.Rings = append(d.Rings, choice{strconv.Itoa(s), p.T("calling.seconds", "seconds", strconv.Itoa(s))})
	}
	seen := map[string]bool{}
	for _, o := range m.Own() {
		if o.Dial == "" || seen[o.Dial] {
			continue
		}
		seen[o.Dial] = true
		own := ownCall{Own: o, Used: o.Proved || f.Dev}
		own.Price, own.Known = f.Rates.CallPrice(m.Account, m.Number, o.Dial)
		d.Own = append(d.Own, own)
	}
	rented, err := f.Telephones.Of(ctx, p.Who, m.ID)
	if err != nil {
		return nil, err
	}
	for _, n := range rented {
		if n.State.Rings() {
			d.Shows = append(d.Shows, choice{n.E164, numbering.Spaced(n.E164)})
		}
	}
	return callingPage(p, d), nil
}

func (f *face) setForwarding(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	seconds, _ := strconv.Atoi(r.PostFormValue("after_seconds"))
	x := member.Forwarding{
		Always: r.PostForm["always"], Busy: r.PostForm["busy"], NoAnswer: r.PostForm["no_answer"], Unreachable: r.PostForm["unreachable"],
		After: time.Duration(seconds) * time.Second,
	}
	if _, err := f.Calling.SetForwarding(r.Context(), p.Who, m.ID, x); err != nil {
		return f.callingWrong(r.Context(), p, m, x, err)
	}
	return nil, redirect{"/lines/" + m.ID + "/calls?done=1"}
}

func (f *face) callingWrong(ctx context.Context, p *page, m member.Membership, x member.Forwarding, err error) (templ.Component, error) {
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	p.Status = http.StatusUnprocessableEntity
	return f.callingShown(ctx, p, m, x, p.errorsOf(err), false)
}

func (f *face) setCallerID(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	c := member.CallerID{Withhold: r.PostFormValue("withhold") != "", Shows: r.PostFormValue("shows")}
	if _, err := f.Calling.SetCallerID(r.Context(), p.Who, m.ID, c); err != nil {
		return f.callingWrong(r.Context(), p, m, m.Forwarding(), err)
	}
	return nil, redirect{"/lines/" + m.ID + "/calls?done=1"}
}

// to reports whether calls go on to a number in this case.
func (w forwardWhen) to(dial string) bool { return slices.Contains(w.To, dial) }
