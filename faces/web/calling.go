package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/proof"
)

// Calling is how the calls of a number are treated.
type Calling interface {
	SetForwarding(ctx context.Context, by member.Actor, id string, f member.Forwarding) (member.Membership, error)
	SetCallerID(ctx context.Context, by member.Actor, id string, c member.CallerID) (member.Membership, error)
	// Telephone reads one that calls could be sent on to, and AddNumber adds it.
	Telephone(number string) (dial string, err error)
	AddNumber(ctx context.Context, by member.Actor, id, number string) (member.Own, error)
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
		"POST /lines/{id}/numbers":    f.addNumber,
		"POST /lines/{id}/caller-id":  f.setCallerID,
	}
}

// callingData is the page on which a member says how his calls are treated.
type callingData struct {
	member.Membership
	Chosen   member.Forwarding
	InForce  member.Forwarding
	Unproved []string      // chosen, and no call goes there
	When     []forwardWhen // as they are ticked
	Rings    []choice      // seconds before nobody has answered
	After    string
	Own      []ownCall
	Typed    string   // another number,
	Asked    *ownCall // and what calls there would cost
	Done     bool
	Errors   map[string]string
	Shows    []choice // telephone numbers his calls can show
}

// Cases are the ones in which calls are sent on now.
func (d *callingData) Cases() []forwardWhen {
	return slices.DeleteFunc(whens(d.InForce), func(w forwardWhen) bool { return len(w.To) == 0 })
}

// whens are the cases of a forwarding.
func whens(x member.Forwarding) []forwardWhen {
	return []forwardWhen{{"unreachable", x.Unreachable}, {"no_answer", x.NoAnswer}, {"busy", x.Busy}, {"always", x.Always}}
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

// callingTyped is what was typed into the page.
type callingTyped struct {
	ticks  *member.Forwarding
	number string
	wrong  map[string]string
	done   bool
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
	return f.callingShown(r.Context(), p, m, callingTyped{number: strings.TrimSpace(r.URL.Query().Get("number")), done: r.URL.Query().Has("done")})
}

func (f *face) callingShown(ctx context.Context, p *page, m member.Membership, in callingTyped) (templ.Component, error) {
	p.Title = p.T("calling.title")
	d := callingData{Membership: m, Chosen: m.Forwarding(), Errors: in.wrong, Done: in.done, Typed: in.number}
	ticks := d.Chosen
	if in.ticks != nil {
		ticks = *in.ticks
	}
	d.When, d.After = whens(ticks), strconv.Itoa(int(ticks.After/time.Second))
	d.InForce, d.Unproved = m.InForce(f.Dev)
	d.Unproved = slices.DeleteFunc(d.Unproved, d.InForce.Goes)
	for _, s := range []int{5, 10, 15, 20, 30, 45} {
		d.Rings = append(d.Rings, choice{strconv.Itoa(s), p.T("calling.seconds", "seconds", strconv.Itoa(s))})
	}
	seen := map[string]bool{}
	for _, o := range m.Own() {
		if o.Dial != "" && !seen[o.Dial] {
			seen[o.Dial] = true
			d.Own = append(d.Own, f.ownCall(&m, o))
		}
	}
	if in.number != "" && in.wrong == nil {
		dial, err := f.Calling.Telephone(in.number)
		if err != nil {
			p.Status, d.Errors = http.StatusUnprocessableEntity, p.errorsOf(err)
		} else {
			x := f.ownCall(&m, member.Own{Text: numbering.Spaced(dial), Dial: dial})
			d.Asked = &x
		}
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

// ownCall is a number with what a call there costs.
func (f *face) ownCall(m *member.Membership, o member.Own) ownCall {
	x := ownCall{Own: o, Used: o.Used(f.Dev)}
	x.Price, x.Known = f.Rates.CallPrice(m.Account, m.Number, o.Dial)
	return x
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
		return f.callingWrong(r.Context(), p, m, callingTyped{ticks: &x}, err)
	}
	return nil, redirect{"/lines/" + m.ID + "/calls?done=1"}
}

func (f *face) callingWrong(ctx context.Context, p *page, m member.Membership, in callingTyped, err error) (templ.Component, error) {
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	p.Status, in.wrong = http.StatusUnprocessableEntity, p.errorsOf(err)
	return f.callingShown(ctx, p, m, in)
}

// addNumber adds a telephone that calls can be sent on to, and goes where it is
// proved.
func (f *face) addNumber(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	number := strings.TrimSpace(r.PostFormValue("number"))
	own, err := f.Calling.AddNumber(r.Context(), p.Who, m.ID, number)
	if err != nil {
		return f.callingWrong(r.Context(), p, m, callingTyped{number: number}, err)
	}
	if !own.Proved {
		return nil, redirect{proveAddress(own.E164, proof.Purpose(own.Purpose))}
	}
	return nil, redirect{"/lines/" + m.ID + "/calls?done=1"}
}

func (f *face) setCallerID(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, err := f.callingOf(r, p)
	if err != nil {
		return nil, err
	}
	c := member.CallerID{Withhold: r.PostFormValue("withhold") != "", Shows: r.PostFormValue("shows")}
	if _, err := f.Calling.SetCallerID(r.Context(), p.Who, m.ID, c); err != nil {
		return f.callingWrong(r.Context(), p, m, callingTyped{}, err)
	}
	return nil, redirect{"/lines/" + m.ID + "/calls?done=1"}
}

// to reports whether calls go on to a number in this case.
func (w forwardWhen) to(dial string) bool { return slices.Contains(w.To, dial) }
