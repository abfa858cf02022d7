package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Guard keeps calls from costing more than they should.
type Guard interface {
	Of(ctx context.Context, by member.Actor, account string) (guard.View, error)
	SetLimits(ctx context.Context, by member.Actor, l guard.Limits) error
	Open(ctx context.Context, by member.Actor, what string) error
	Close(ctx context.Context, by member.Actor, what string) error
	SetAccount(ctx context.Context, by member.Actor, account string, c guard.Class, top guard.Limits) error
	Resume(ctx context.Context, by member.Actor, account string) error
	BlocksOf(ctx context.Context, by member.Actor, f guard.BlockFilter) ([]guard.Block, string, error)
}

// GuardRules are what holds for everybody.
type GuardRules interface {
	Policy() (guard.Policy, guard.Rule)
	SetPolicy(ctx context.Context, by member.Actor, p guard.Policy) error
	Ranges() (*guard.List, guard.Rule)
	SetRanges(ctx context.Context, by member.Actor, list *guard.List, seen int64) error
}

// Foresight says beforehand what would keep a call from being made.
type Foresight interface {
	Foresee(ctx context.Context, by member.Actor, c guard.Call) (guard.Foreseen, error)
}

// Limits are what calls may cost; what is left out has no limit.
type Limits struct {
	Day    *int64 `json:"day_micros,omitempty" doc:"In a day of UTC, with what is held for calls under way"`
	Month  *int64 `json:"month_micros,omitempty" doc:"In a month of UTC"`
	Minute *int64 `json:"minute_micros,omitempty" doc:"The first minute of a call, with what it costs to connect"`
	Calls  *int   `json:"calls,omitempty" doc:"Calls that cost, at once"`
}

type limitsOut struct {
	Class    string         `json:"class" enum:"new,known,trusted"`
	Set      string         `json:"class_set,omitempty" doc:"What the operator said of the account; left out: it goes by itself"`
	Currency money.Currency `json:"currency"`
	Limits   Limits         `json:"limits" doc:"Those that hold"`
	Own      Limits         `json:"own" doc:"What its holder set"`
	Ceiling  Limits         `json:"ceiling" doc:"What its holder may set at most"`
	Day      int64          `json:"spent_today_micros"`
	Month    int64          `json:"spent_this_month_micros"`
	Held     int64          `json:"held_micros" doc:"For calls under way"`
	Calls    int            `json:"calls" doc:"That hold money now"`
	Opened   []string       `json:"opened" nullable:"false" doc:"Closed destinations that the account has opened: +8816, LV"`
	MayOpen  bool           `json:"may_open" doc:"A new account may not open any"`
	Until    *time.Time     `json:"stopped_until,omitempty" doc:"Calls that cost are stopped until then"`
	Why      string         `json:"stopped_why,omitempty"`
}

type destination struct {
	Prefix  string `json:"prefix"`
	Country string `json:"country,omitempty"`
	Kind    string `json:"kind" enum:"satellite,premium,personal,caribbean,network,abused,other"`
	Never   bool   `json:"never" doc:"Nobody opens it"`
	Note    string `json:"note,omitempty"`
}

type destinations struct {
	Items   []destination `json:"items" nullable:"false"`
	Version int64         `json:"version" doc:"0: the list that a house begins with"`
}

type destinationChange struct {
	What   string `json:"what" enum:"added,removed,changed"`
	Prefix string `json:"prefix"`
}

type destinationsTaken struct {
	Version int64               `json:"version"`
	Changes []destinationChange `json:"changes" nullable:"false"`
}

type refusedCall struct {
	ID      string       `json:"id"`
	At      time.Time    `json:"at"`
	Account string       `json:"account"`
	Call    string       `json:"call_id"`
	To      string       `json:"to"`
	Forward bool         `json:"forwarded" doc:"The account did not dial it, but has calls forwarded there"`
	Reason  fault.Reason `json:"reason"`
}

type callPolicy struct {
	NewDays   int        `json:"new_days" doc:"An account is new for so many days"`
	UntilPaid bool       `json:"until_paid" doc:"And until it has paid by card or transfer"`
	New       Limits     `json:"new"`
	Known     Limits     `json:"known"`
	Trusted   Limits     `json:"trusted"`
	Pace      guard.Pace `json:"pace" doc:"How fast calls that cost may follow each other; 0 is no limit"`
}

func (f *face) registerLimits() {
	reg := func(tag, method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, tag, summary, status))
		f.describeProblems(&o)
		return o
	}
	const mine, staff = "Calls", "Operator"
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/me/limits", "get-limits", "What your calls may cost, and what they did cost today and this month", 0), f.myLimits)
	huma.Register(f.api, reg(mine, http.MethodPut, "/api/v1/me/limits", "set-limits", "Set what your calls may cost; to allow more than before needs your password", 0), f.setMyLimits)
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/destinations", "list-destinations", "Destinations that are closed until their caller opens them", 0), f.listDestinations)
	huma.Register(f.api, reg(mine, http.MethodPut, "/api/v1/me/destinations/{what}", "open-destination", "Open a destination: a prefix of the list as +8816, or a country as LV; needs your password", http.StatusNoContent), f.openDestination)
	huma.Register(f.api, reg(mine, http.MethodDelete, "/api/v1/me/destinations/{what}", "close-destination", "Close a destination that you opened", http.StatusNoContent), f.closeDestination)
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/me/refused-calls", "my-refused-calls", "Your calls that were refused or ended by a limit, the latest first", 0), f.myRefused)
	huma.Register(f.api, reg(staff, http.MethodGet, "/api/v1/refused-calls", "list-refused-calls", "Everybody's calls that were refused or ended by a limit, the latest first", 0), f.allRefused)
	huma.Register(f.api, reg(staff, http.MethodGet, "/api/v1/accounts/{id}/limits", "get-account-limits", "What an account's calls may cost, and did", 0), f.accountLimits)
	huma.Register(f.api, reg(staff, http.MethodPut, "/api/v1/accounts/{id}/limits", "set-account-limits", "Say what an account is, and what its holder may set at most", 0), f.setAccountLimits)
	huma.Register(f.api, reg(staff, http.MethodPost, "/api/v1/accounts/{id}/resume-calls", "resume-calls", "Let an account whose calls are stopped call again", http.StatusNoContent), f.resumeCalls)
	huma.Register(f.api, reg(staff, http.MethodGet, "/api/v1/call-limits", "get-call-limits", "What holds for each class of accounts", 0), f.callLimits)
	huma.Register(f.api, reg(staff, http.MethodPut, "/api/v1/call-limits", "set-call-limits", "Change what holds for each class of accounts", 0), f.setCallLimits)
	put := reg(staff, http.MethodPut, "/api/v1/destinations", "set-destinations", "Replace the list of closed destinations by a CSV, or only say what it would change", 0)
	put.MaxBodyBytes = 2*guard.MostList + 1<<20
	huma.Register(f.api, put, f.setDestinations)
}

func showLimits(l guard.Limits) Limits { return Limits(l) }

func (l Limits) guard() guard.Limits { return guard.Limits(l) }

func (f *face) limitsOf(ctx context.Context, account string) (*body[limitsOut], error) {
	v, err := f.Guard.Of(ctx, actor(ctx), account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := limitsOut{Class: string(v.Class), Set: string(v.Set), Currency: f.Currency, Limits: showLimits(v.Limits), Own: showLimits(v.Own), Ceiling: showLimits(v.Ceiling),
		Day: v.Spent.Day, Month: v.Spent.Month, Held: v.Spent.Held, Calls: v.Spent.Calls, Opened: []string{}, MayOpen: v.MayOpen, Until: when(v.Until), Why: v.Why}
	for _, o := range v.Opened {
		out.Opened = append(out.Opened, o.What)
	}
	return &body[limitsOut]{out}, nil
}

func (f *face) myLimits(ctx context.Context, _ *struct{}) (*body[limitsOut], error) {
	return f.limitsOf(ctx, actor(ctx).Account)
}

func (f *face) setMyLimits(ctx context.Context, in *struct {
	Body struct {
		strictly

		Limits
		Password string `json:"password,omitempty" doc:"Yours, if more is allowed than before and you did not sign in within the last ten minutes"`
	}
}) (*body[limitsOut], error) {
	who, err := f.proved(ctx, in.Body.Password)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	if err := f.Guard.SetLimits(ctx, who, in.Body.guard()); err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.limitsOf(ctx, who.Account)
}

func showDestinations(list *guard.List, r guard.Rule) destinations {
	out := destinations{Items: []destination{}, Version: r.Version}
	for _, x := range list.All {
		out.Items = append(out.Items, destination{x.Prefix, x.Country, string(x.Kind), x.Never, x.Note})
	}
	return out
}

func (f *face) listDestinations(context.Context, *struct{}) (*body[destinations], error) {
	return &body[destinations]{showDestinations(f.GuardRules.Ranges())}, nil
}

// ByDestination is a closed destination in an address: a prefix with +, or a country.
type ByDestination struct {
	What string `path:"what" maxLength:"16"`
}

func (f *face) openDestination(ctx context.Context, in *struct {
	ByDestination
	Body struct {
		strictly

		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}) (*struct{}, error) {
	who, err := f.proved(ctx, in.Body.Password)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return nil, f.fail(ctx, f.Guard.Open(ctx, who, in.What))
}

func (f *face) closeDestination(ctx context.Context, in *ByDestination) (*struct{}, error) {
	return nil, f.fail(ctx, f.Guard.Close(ctx, actor(ctx), in.What))
}

func (f *face) refused(ctx context.Context, filter guard.BlockFilter) (*body[list[refusedCall]], error) {
	items, next, err := f.Guard.BlocksOf(ctx, actor(ctx), filter)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, next, func(b guard.Block) refusedCall {
		return refusedCall{b.ID, b.At.UTC(), b.Account, b.Call, b.To, b.Forward, b.Reason}
	}), nil
}

func (f *face) myRefused(ctx context.Context, in *Paging) (*body[list[refusedCall]], error) {
	return f.refused(ctx, guard.BlockFilter{Account: actor(ctx).Account, Before: in.Cursor, Limit: in.Limit})
}

func (f *face) allRefused(ctx context.Context, in *struct {
	Paging
	Account string `query:"account"`
	Code    string `query:"code" doc:"Of the reason, as cap_day"`
}) (*body[list[refusedCall]], error) {
	if err := actor(ctx).OperatorOnly(); err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.refused(ctx, guard.BlockFilter{Account: in.Account, Code: in.Code, Before: in.Cursor, Limit: in.Limit})
}

func (f *face) accountLimits(ctx context.Context, in *ByID) (*body[limitsOut], error) {
	return f.limitsOf(ctx, in.ID)
}

func (f *face) setAccountLimits(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Class string `json:"class,omitempty" enum:"new,known,trusted" doc:"Left out: it goes by itself"`
		Limits
	}
}) (*body[limitsOut], error) {
	if err := f.Guard.SetAccount(ctx, actor(ctx), in.ID, guard.Class(in.Body.Class), in.Body.guard()); err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.limitsOf(ctx, in.ID)
}

func (f *face) resumeCalls(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Guard.Resume(ctx, actor(ctx), in.ID))
}

func (f *face) callLimits(ctx context.Context, _ *struct{}) (*body[callPolicy], error) {
	if err := actor(ctx).OperatorOnly(); err != nil {
		return nil, f.fail(ctx, err)
	}
	p, _ := f.GuardRules.Policy()
	return &body[callPolicy]{callPolicy{p.NewDays, p.NewPaid, showLimits(p.New), showLimits(p.Known), showLimits(p.Trusted), p.Pace}}, nil
}

func (f *face) setCallLimits(ctx context.Context, in *struct{ Body callPolicy }) (*body[callPolicy], error) {
	b := in.Body
	err := f.GuardRules.SetPolicy(ctx, actor(ctx), guard.Policy{NewDays: b.NewDays, NewPaid: b.UntilPaid, New: b.New.guard(), Known: b.Known.guard(), Trusted: b.Trusted.guard(), Pace: b.Pace})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.callLimits(ctx, nil)
}

func (f *face) setDestinations(ctx context.Context, in *struct {
	Body struct {
		strictly

		CSV     string `json:"csv" doc:"prefix, country, kind, never, note; see docs/guard.md"`
		Version int64  `json:"version" doc:"Of the list that it replaces"`
		Preview bool   `json:"preview,omitempty" doc:"Only say what it would change"`
	}
}) (*body[destinationsTaken], error) {
	who := actor(ctx)
	if err := who.OperatorOnly(); err != nil { // nobody else has lists read
		return nil, f.fail(ctx, err)
	}
	next, err := guard.ReadRanges(in.Body.CSV)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	old, rule := f.GuardRules.Ranges()
	out := destinationsTaken{Version: rule.Version, Changes: []destinationChange{}}
	for _, c := range old.Changes(next) {
		prefix := c.New.Prefix
		if c.What == "removed" {
			prefix = c.Old.Prefix
		}
		out.Changes = append(out.Changes, destinationChange{c.What, prefix})
	}
	if !in.Body.Preview {
		if err := f.GuardRules.SetRanges(ctx, who, next, in.Body.Version); err != nil {
			return nil, f.fail(ctx, err)
		}
		_, rule = f.GuardRules.Ranges()
		out.Version = rule.Version
	}
	return &body[destinationsTaken]{out}, nil
}
