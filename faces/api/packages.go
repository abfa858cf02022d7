package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
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

type packageOut struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Names    map[string]string `json:"names,omitempty" doc:"By language, where it has another"`
	Price    money.Amount      `json:"price" doc:"Without tax"`
	Tax      *money.Amount     `json:"tax,omitempty" doc:"On it, for you"`
	Minutes  float64           `json:"minutes"`
	Prefixes []string          `json:"prefixes" nullable:"false" doc:"Of the telephone numbers it is for, of which the longest counts; with a minus in front: not those; empty: all"`
	Days     *int              `json:"days" doc:"It lasts so long; null: a month by the calendar"`
	Renews   bool              `json:"renews" doc:"By itself, until its holder stops it"`
	State    string            `json:"state" enum:"sale,kept,ended" doc:"kept: nobody buys it any more, who has it renews it; ended: neither"`
	Created  time.Time         `json:"created"`
}

func showPackage(p *bundle.Package) packageOut {
	out := packageOut{
		ID: p.ID, Name: p.Name, Names: p.Names, Price: p.Price, Minutes: float64(p.Seconds) / 60, Prefixes: shownPrefixes(p.Prefixes), Renews: p.Renews, State: string(p.State), Created: p.Created.UTC(),
	}
	if p.Days > 0 {
		out.Days = &p.Days
	}
	return out
}

// shownPrefixes are as they are read: everywhere is *.
func shownPrefixes(list bundle.Prefixes) []string {
	out := slices.Clone([]string(list))
	if i := slices.Index(out, ""); i >= 0 {
		out[i] = "*"
	}
	return out
}

type allowanceOut struct {
	ID       string       `json:"id"`
	Package  string       `json:"package"`
	Name     string       `json:"name"`
	Price    money.Amount `json:"price" doc:"That was paid, with tax"`
	Begins   time.Time    `json:"begins"`
	Ends     time.Time    `json:"ends"`
	Period   int          `json:"period" doc:"How many came before it"`
	Seconds  int64        `json:"seconds"`
	Used     int64        `json:"seconds_used"`
	Held     int64        `json:"seconds_held" doc:"For calls under way"`
	Left     int64        `json:"seconds_left"`
	Renews   bool         `json:"renews" doc:"The next period is paid from the wallet at its end"`
	Quiet    bool         `json:"quiet" doc:"No letter says that 80 % or all is used"`
	Prefixes []string     `json:"prefixes" nullable:"false"`
}

func showAllowance(a *bundle.Allowance) allowanceOut {
	return allowanceOut{
		ID: a.ID, Package: a.Package, Name: a.Name, Price: a.Price(), Begins: a.Begins.UTC(), Ends: a.Ends.UTC(), Period: a.Period, Seconds: a.Total, Used: a.Used, Held: a.Held,
		Left: a.Available(), Renews: a.Renews, Quiet: a.Quiet, Prefixes: shownPrefixes(a.Prefixes),
	}
}

func (f *face) registerPackages() {
	reg := func(tag, method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, tag, summary, status))
		f.describeProblems(&o)
		return o
	}
	const mine, staff = "Wallet", "Operator"
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/packages", "list-packages", "Packages of minutes that are for sale; to the operator, all", 0), f.listPackages)
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/me/packages", "my-packages", "Packages that you bought, the latest end first", 0), f.myPackages)
	huma.Register(f.api, reg(mine, http.MethodPost, "/api/v1/me/packages", "buy-package", "Buy a package from your wallet", http.StatusCreated), f.buyPackage)
	huma.Register(f.api, reg(mine, http.MethodPut, "/api/v1/me/packages/{id}", "set-package", "Stop the renewal of a package, or the letters about it", 0), f.setPackage)
	huma.Register(f.api, reg(staff, http.MethodPost, "/api/v1/packages", "add-package", "Put a package on sale; it is not changed any more", http.StatusCreated), f.addPackage)
	huma.Register(f.api, reg(staff, http.MethodPut, "/api/v1/packages/{id}/state", "set-package-state", "Take a package off sale, end its renewals, or put it on sale again", http.StatusNoContent), f.setPackageState)
	huma.Register(f.api, reg(staff, http.MethodGet, "/api/v1/accounts/{id}/packages", "account-packages", "Packages that an account bought", 0), f.accountPackages)
}

func (f *face) listPackages(ctx context.Context, _ *struct{}) (*body[list[packageOut]], error) {
	who := actor(ctx)
	out := list[packageOut]{Items: []packageOut{}}
	if who.Role == member.Operator {
		all, err := f.PackageDesk.All(ctx, who)
		for i := range all {
			out.Items = append(out.Items, showPackage(&all[i]))
		}
		return &body[list[packageOut]]{out}, f.fail(ctx, err)
	}
	all, err := f.Packages.Offers(ctx, who)
	for i := range all {
		x := showPackage(&all[i].Package)
		if all[i].Tax.Micros != 0 {
			x.Tax = &money.Amount{Currency: x.Price.Currency, Micros: all[i].Tax.Micros}
		}
		out.Items = append(out.Items, x)
	}
	return &body[list[packageOut]]{out}, f.fail(ctx, err)
}

func (f *face) packagesOf(ctx context.Context, account string) (*body[list[allowanceOut]], error) {
	all, err := f.Packages.Allowances(ctx, actor(ctx), account)
	out := list[allowanceOut]{Items: []allowanceOut{}}
	for i := range all {
		out.Items = append(out.Items, showAllowance(&all[i]))
	}
	return &body[list[allowanceOut]]{out}, f.fail(ctx, err)
}

func (f *face) myPackages(ctx context.Context, _ *struct{}) (*body[list[allowanceOut]], error) {
	return f.packagesOf(ctx, actor(ctx).Account)
}

func (f *face) accountPackages(ctx context.Context, in *ByID) (*body[list[allowanceOut]], error) {
	return f.packagesOf(ctx, in.ID)
}

func (f *face) buyPackage(ctx context.Context, in *struct {
	Body struct {
		strictly

		Package string `json:"package" doc:"Its id"`
		Once    string `json:"once,omitempty" doc:"An id for the purchase, as alw_ and 16 letters of 0-9a-v: sent again with it, it is the same purchase"`
	}
}) (*body[allowanceOut], error) {
	a, err := f.Packages.Buy(ctx, actor(ctx), in.Body.Package, in.Body.Once)
	return &body[allowanceOut]{showAllowance(&a)}, f.fail(ctx, err)
}

func (f *face) setPackage(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Renews *bool `json:"renews,omitempty"`
		Quiet  *bool `json:"quiet,omitempty"`
	}
}) (*body[allowanceOut], error) {
	a, err := f.Packages.SetWish(ctx, actor(ctx), in.ID, bundle.Wish{Renews: in.Body.Renews, Quiet: in.Body.Quiet})
	return &body[allowanceOut]{showAllowance(&a)}, f.fail(ctx, err)
}

func (f *face) addPackage(ctx context.Context, in *struct {
	Body struct {
		strictly

		Name     string            `json:"name" example:"World 100"`
		Names    map[string]string `json:"names,omitempty" doc:"By language: ko, es, fr, de, zh, ja, ar"`
		Price    string            `json:"price" example:"9.00" doc:"Without tax, in the currency of the house"`
		Minutes  int64             `json:"minutes"`
		Prefixes []string          `json:"prefixes" example:"[\"49\",\"-49900\"]" doc:"Of the telephone numbers it is for, of which the longest counts; with a minus in front: not those; * is everywhere"`
		Days     int               `json:"days,omitempty" doc:"It lasts so long; left out: a month by the calendar"`
		Renews   bool              `json:"renews,omitempty"`
	}
}) (*body[packageOut], error) {
	p := bundle.Package{Name: in.Body.Name, Names: in.Body.Names, Seconds: bundle.Seconds(in.Body.Minutes), Days: in.Body.Days, Renews: in.Body.Renews}
	p.Price.Micros, _ = money.ParseMicros(in.Body.Price) // 0 is refused
	for _, x := range in.Body.Prefixes {
		p.Prefixes = append(p.Prefixes, bundle.ReadPrefixes(x)...)
	}
	p, err := f.PackageDesk.Add(ctx, actor(ctx), p)
	return &body[packageOut]{showPackage(&p)}, f.fail(ctx, err)
}

func (f *face) setPackageState(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		State string `json:"state" enum:"sale,kept,ended"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.PackageDesk.SetState(ctx, actor(ctx), in.ID, bundle.State(in.Body.State)))
}
