package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Packages are what members buy, and have.
type Packages interface {
	Offers(ctx context.Context, by member.Actor) ([]bundle.Offer, error)
	Allowances(ctx context.Context, by member.Actor, account string) ([]bundle.Allowance, error)
	Buy(ctx context.Context, by member.Actor, id, once string) (bundle.Allowance, error)
	SetWish(ctx context.Context, by member.Actor, id string, w bundle.Wish) (bundle.Allowance, error)
	// Left is what packages have for calls to a number, and the name of the one used first.
	Left(ctx context.Context, account, e164 string) (seconds int64, name string, err error)
}

// PackageDesk is where the operator puts them on sale.
type PackageDesk interface {
	All(ctx context.Context, by member.Actor) ([]bundle.Package, error)
	Add(ctx context.Context, by member.Actor, p bundle.Package) (bundle.Package, error)
	SetState(ctx context.Context, by member.Actor, id string, to bundle.State) error
}

func (f *face) packageRoutes() map[string]handler {
	return map[string]handler{
		"GET /packages":                      f.packages,
		"POST /packages":                     f.buyPackage,
		"POST /packages/{id}":                f.setPackage,
		"GET /operator/packages":             f.staffOnly(f.packageDesk),
		"POST /operator/packages":            f.staffOnly(f.addPackage),
		"POST /operator/packages/{id}/state": f.staffOnly(f.setPackageState),
	}
}

// packagesData is a member's packages, and those for sale.
type packagesData struct {
	Now     []bundle.Allowance
	Over    []bundle.Allowance
	Sale    []bundle.Offer
	Once    string // the id of the next purchase
	Done    string
	Problem string
}

// packageName is what a package is called in the reader's language.
func (p *page) packageName(x *bundle.Package) string { return x.NameIn(p.Tongue.Tag) }

// mostWheres is how many prefixes a page explains.
const mostWheres = 12

// covers says for which numbers a package is, with the countries they are of.
func (p *page) covers(list bundle.Prefixes) string {
	var d ratesData
	var yes, no []string
	for _, x := range list {
		digits, not := strings.CutPrefix(x, "-")
		if digits == "" {
			yes = append(yes, p.T("packages.everywhere"))
			continue
		}
		text := "\u2066+" + digits + "\u2069" // from left to right, whatever is around it
		if where := p.f.where(p, &d, digits); where != "" {
			text += " (" + where + ")"
		}
		if not {
			no = append(no, text)
		} else {
			yes = append(yes, text)
		}
	}
	more := func(list []string) string {
		if n := len(list) - mostWheres; n > 0 {
			return strings.Join(list[:mostWheres], " · ") + " · " + p.T("packages.more", "n", strconv.Itoa(n))
		}
		return strings.Join(list, " · ")
	}
	if len(no) > 0 {
		return more(yes) + ". " + p.T("packages.but", "list", more(no))
	}
	return more(yes)
}

// minutes are seconds as people count packages: whole minutes, or to the second
// where there is no whole one.
func (p *page) minutes(seconds int64) string {
	if seconds%60 == 0 || seconds > 3600 {
		return p.T("packages.minutes", "n", strconv.FormatInt(seconds/60, 10))
	}
	return p.T("packages.minutes", "n", clock(time.Duration(seconds)*time.Second))
}

// lastsFor is how long a package holds.
func (p *page) lastsFor(days int) string {
	if days == 0 {
		return p.T("packages.month")
	}
	return p.T("packages.days", "n", strconv.Itoa(days))
}

func (f *face) packages(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.packagesShown(r, p, packagesData{Done: r.URL.Query().Get("done")})
}

func (f *face) packagesShown(r *http.Request, p *page, d packagesData) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	p.Title = p.T("packages.title")
	list, err := f.Packages.Allowances(r.Context(), p.Who, p.Who.Account)
	if err != nil {
		return nil, err
	}
	now := f.Now()
	for _, a := range list {
		if a.Ends.After(now) {
			d.Now = append(d.Now, a)
		} else {
			d.Over = append(d.Over, a)
		}
	}
	d.Sale, err = f.Packages.Offers(r.Context(), p.Who)
	d.Once = bundle.NewPurchase(now)
	return packagesPage(p, d), err
}

func (f *face) packagesRefused(r *http.Request, p *page, err error) (templ.Component, error) {
	switch k := fault.KindOf(err); k {
	case fault.Invalid, fault.Conflict, fault.Unpaid, fault.Forbidden, fault.Unknown:
		p.Status = httpstatus.Of(k)
		return f.packagesShown(r, p, packagesData{Problem: p.why(err)})
	default:
		return nil, err
	}
}

func (f *face) buyPackage(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	a, err := f.Packages.Buy(r.Context(), p.Who, r.PostFormValue("package"), r.PostFormValue("once"))
	if err != nil {
		return f.packagesRefused(r, p, err)
	}
	return nil, redirect{"/packages?done=bought#" + a.ID}
}

// setPackage stops the renewal of a package or the letters about it, or has them
// again.
func (f *face) setPackage(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	var w bundle.Wish
	yes := r.PostFormValue("to") == "yes"
	if r.PostFormValue("what") == "renews" {
		w.Renews = &yes
	} else {
		w.Quiet = &yes
	}
	a, err := f.Packages.SetWish(r.Context(), p.Who, r.PathValue("id"), w)
	if err != nil {
		return f.packagesRefused(r, p, err)
	}
	return nil, redirect{"/packages?done=saved#" + a.ID}
}

// packageDeskData is all packages, and a new one that was refused.
type packageDeskData struct {
	List   []bundle.Package
	Typed  map[string]string
	Errors map[string]string
}

func (f *face) packageDesk(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.packageDeskShown(r, p, packageDeskData{})
}

func (f *face) packageDeskShown(r *http.Request, p *page, d packageDeskData) (templ.Component, error) {
	p.Title = p.T("operator.packages")
	var err error
	d.List, err = f.PackageDesk.All(r.Context(), p.Who)
	return packageDeskPage(p, d), err
}

// readNames reads names as "ko = 월드 100", one a line.
func readNames(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if language, name, ok := strings.Cut(line, "="); ok {
			out[strings.ToLower(strings.TrimSpace(language))] = strings.TrimSpace(name)
		}
	}
	return out
}

func (f *face) addPackage(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	x := bundle.Package{
		Name: r.PostFormValue("name"), Names: readNames(r.PostFormValue("names")), Prefixes: bundle.ReadPrefixes(r.PostFormValue("prefixes")), Renews: r.PostFormValue("renews") != "",
	}
	x.Price.Micros, _ = money.ReadMicros(r.PostFormValue("price")) // 0 is refused
	minutes, _ := strconv.ParseInt(strings.TrimSpace(r.PostFormValue("minutes")), 10, 64)
	x.Seconds = bundle.Seconds(minutes)
	if days := strings.TrimSpace(r.PostFormValue("days")); days != "" {
		if n, err := strconv.Atoi(days); err != nil || n == 0 {
			x.Days = -1 // refused
		} else {
			x.Days = n
		}
	}
	_, err := f.PackageDesk.Add(r.Context(), p.Who, x)
	if err == nil {
		return nil, redirect{"/operator/packages"}
	}
	if fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	d := packageDeskData{Typed: map[string]string{}, Errors: p.errorsOf(err)}
	for _, name := range []string{"name", "names", "price", "minutes", "prefixes", "days", "renews"} {
		d.Typed[name] = r.PostFormValue(name)
	}
	p.Status = http.StatusUnprocessableEntity
	return f.packageDeskShown(r, p, d)
}

func (f *face) setPackageState(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := f.PackageDesk.SetState(r.Context(), p.Who, r.PathValue("id"), bundle.State(r.PostFormValue("state"))); err != nil {
		return nil, err
	}
	return nil, redirect{"/operator/packages"}
}

func packageStates() []bundle.State { return []bundle.State{bundle.OnSale, bundle.Kept, bundle.Ended} }

// drawn is what a package paid for in a call, in words.
func (p *page) drawn(d cdr.Drawn) string {
	return p.T("packages.used_by_call", "time", clock(time.Duration(d.Seconds)*time.Second), "name", d.Name)
}

// packageLabel is what a field of a new package asks for.
func packageLabel(p *page, name string) string {
	text := p.T("packages.f_" + name)
	if name == "price" {
		text += " (" + string(p.f.Currency) + ")"
	}
	return text
}

// shortText is a list as far as a table has room for it.
func shortText(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return s[:strings.LastIndexByte(s[:most], ',')+1] + " …"
}

// packageLeft is what packages of an account have left for a call of its, in words;
// "" if it costs nothing or none is for it.
func (f *face) packageLeft(ctx context.Context, p *page, x *routing.Explanation, account string) (string, error) {
	if len(x.Targets) == 0 || !x.Price.Known || x.Price.Quote.Free() {
		return "", nil
	}
	left, name, err := f.Packages.Left(ctx, account, x.E164)
	if err != nil || left == 0 {
		return "", err
	}
	return p.T("packages.dial", "name", name, "left", p.minutes(left)), nil
}
