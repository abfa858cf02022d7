package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/business/routing"
)

// dialData is the dial field, and what is known of what was put in it.
type dialData struct {
	Lines    []member.Membership
	From, To string
	Problem  string
	Found    *dialled
}

// dialled is who would be called, and at what price.
type dialled struct {
	routing.Explanation
	publish.Card

	Shown   string // the number or address
	Country string // ISO
	There   string // what time it is there; "" if that is not known
	Price   string
	Words   []string // more of the price, if it has more
	Package string   // what packages have left for it
	Address string   // of the number's public page; "" if it has none
	Refused guard.Foreseen
	Call    string // the address that a telephone program is opened with
	Domain  string // of it, where that is ours
}

// dial answers the dial field: who it is, what time it is there, what a call
// costs, and what else can be done with the number.
func (f *face) dial(r *http.Request, p *page) (d dialData, err error) {
	q := r.URL.Query()
	d.To, d.From = strings.TrimSpace(q.Get("to")), q.Get("from")
	all, err := f.Members.Memberships(r.Context(), p.Who, p.Who.Account)
	if err != nil {
		return d, err
	}
	d.Lines = all
	if d.To == "" || len(all) == 0 {
		return d, nil
	}
	from := all[0]
	for _, m := range all {
		if m.ID == d.From {
			from = m
		}
	}
	h, ok := routing.Find(f.Sold, from.Number.Canonical())
	if !ok {
		return d, nil
	}
	if len(d.To) > 200 {
		d.Problem = p.T("dial.long")
		return d, nil
	}
	home := center.ID(f.Reader.Home(h.Country))
	x := dialled{Shown: d.To, Explanation: f.Router.Explain(h.Attempt(home, d.To, h.Country, f.Now()))}
	if err := f.known(r, p, &x); err != nil {
		return d, err
	}
	if x.Kind != routing.OnNet {
		if x.Refused, err = f.foresee(r.Context(), p, &x.Explanation, h.Account); err != nil {
			return d, err
		}
		if x.Package, err = f.packageLeft(r.Context(), p, &x.Explanation, h.Account); err != nil {
			return d, err
		}
	}
	if (len(x.Targets) > 0 || x.Kind == routing.OnNet) && x.Refused.Reason.Code == "" {
		x.Domain = f.Reader.SIPDomain(h.Country)
		x.Call = x.link(d.To, x.Domain, h.Private)
	}
	d.Found = &x
	return d, nil
}

// link is the address that a telephone program is opened with; "" if there is none
// that all of them read alike.
func (x *dialled) link(to, domain string, withholds bool) string {
	typed, err := numbering.ParseTyped(to)
	if err != nil {
		return ""
	}
	number := typed.Text
	switch {
	case typed.Kind == numbering.Plus:
		number = "+" + number
	case typed.Kind < numbering.Sos:
	case x.Private && !withholds: // he asked for it within an address
		return ""
	case x.Kind == routing.OnNet:
		number = x.Number.Canonical()
	case x.Kind == routing.Emergency:
		number = "112"
	case x.Kind == routing.URI:
		return elsewhere(x.Targets[0].URI)
	default: // a name that stands for an ordinary telephone
		number = x.E164
	}
	if number == "" {
		return ""
	}
	return "sip:" + url.PathEscape(number) + "@" + domain
}

// pressed is where the link for calling leads: on a page that has a telephone that
// is given the number alone, which it dials by itself, and else a program is opened.
func (x *dialled) pressed(p *page) string {
	number, ours := strings.CutSuffix(x.Call, "@"+x.Domain)
	if !ours || !p.Phone() {
		return x.Call
	}
	return "tel:" + strings.TrimPrefix(number, "sip:")
}

// callBack is where the link leads that calls the other side of a call again; ""
// if there is nobody to call.
func (p *page) callBack(r *cdr.Record) string {
	to := otherSide(r, p.Who.Account)
	switch {
	case to == "":
		return ""
	case !p.Phone():
		return "/calls?" + url.Values{"to": {to}}.Encode()
	default:
		return "tel:" + url.PathEscape(to)
	}
}

// elsewhere is the address of somebody else's as it is linked: its user escaped,
// its host in A-labels.
func elsewhere(uri string) string {
	scheme, rest, _ := strings.Cut(uri, ":")
	user, host, has := strings.Cut(rest, "@")
	if !has {
		user, host = "", rest
	}
	name, port, _ := strings.Cut(host, ":")
	if _, err := netip.ParseAddr(name); err != nil {
		if name, err = idna.Lookup.ToASCII(name); err != nil {
			return ""
		}
	}
	if port != "" {
		name += ":" + port
	}
	if plain, err := url.PathUnescape(user); err == nil {
		user = plain
	}
	if user = strings.NewReplacer("@", "%40", ":", "%3A").Replace(url.PathEscape(user)); has {
		user += "@"
	}
	return scheme + ":" + user + name
}

// known adds who it is, where, and what he lets everybody see.
func (f *face) known(r *http.Request, p *page, x *dialled) (err error) {
	var code, national string
	switch {
	case x.Kind == routing.OnNet:
		n := x.Number
		x.Shown, x.Country, code, national = n.Display(), x.Holder.Country, n.CallingCode, n.National
		if x.Card, err = f.Publisher.Of(r.Context(), x.Holder.Membership); err != nil {
			return err
		}
		if !x.Card.Empty() {
			x.Address = publish.Address(n)
		}
		x.Price = p.T("calls.free") // to the caller, also where it is forwarded
	case x.E164 != "":
		x.Shown = numbering.Spaced(x.E164)
		var valid bool
		if code, national, valid = f.Plans.SplitE164(x.E164[1:]); valid {
			x.Country, _ = f.Plans.Valid(code, national)
		}
	}
	if code != "" {
		x.There = clocks(f.Plans.Zones(code, national), f.Now())
	}
	if x.Price == "" && x.Explanation.Price.Known && len(x.Targets) > 0 {
		a, err := f.Accounts.Account(r.Context(), p.Who, p.Who.Account)
		if err != nil {
			return err
		}
		his, known := f.Plans.Zone(a.TimeZone)
		if !known {
			his = x.Zone
		}
		said := p.priceWords(&x.Explanation.Price.Quote, x.Zone, his)
		x.Price, x.Words = said.Short, said.Lines
	}
	return nil
}

// clocks is what time it is in some zones: one, or from the earliest to the
// latest where that is within a few hours.
func clocks(zones []string, now time.Time) string {
	var first, last time.Time
	west, east := 0, 0
	for i, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return ""
		}
		t := now.In(zone)
		_, offset := t.Zone()
		if i == 0 || offset < west {
			first, west = t, offset
		}
		if i == 0 || offset > east {
			last, east = t, offset
		}
	}
	switch {
	case len(zones) == 0 || east-west > 6*3600:
		return ""
	case east == west:
		return first.Format("15:04")
	default:
		return first.Format("15:04") + "–" + last.Format("15:04")
	}
}
