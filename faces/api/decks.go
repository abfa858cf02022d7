package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

// Decks keeps what calls cost.
type Decks interface {
	List(ctx context.Context, by member.Actor, owner, version string) (tariff.Version, *tariff.List, error)
	Set(ctx context.Context, by member.Actor, owner string, rows []rating.Row) error
	Propose(ctx context.Context, by member.Actor, owner, text string, f tariff.Form) (tariff.Draft, error)
	Compare(ctx context.Context, by member.Actor, owner, draft string) (tariff.Preview, error)
	Take(ctx context.Context, by member.Actor, owner, draft string, from time.Time, note string) ([]tariff.Version, error)
	Versions(ctx context.Context, by member.Actor, owner string) ([]tariff.Version, error)
	Withdraw(ctx context.Context, by member.Actor, owner, version string) (tariff.Version, error)
}

// Plans keeps who pays by which deck, and what currencies are worth.
type Plans interface {
	Plans(ctx context.Context, by member.Actor) ([]tariff.Plan, error)
	AddPlan(ctx context.Context, by member.Actor, name string) (tariff.Plan, error)
	Give(ctx context.Context, by member.Actor, account, plan string) error
	PlanOf(ctx context.Context, by member.Actor, account string) (id, name string, err error)
	Exchange(ctx context.Context, by member.Actor) ([]tariff.Exchanged, error)
	SetExchange(ctx context.Context, by member.Actor, list []tariff.Exchanged) error
	Explain(ctx context.Context, by member.Actor, q tariff.Question) (tariff.Explained, error)
}

func (f *face) registerDecks() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/carriers/{id}/rates", "list-rates", "Operator", "What a carrier asks for calls by destination, of the list in force; with the id “members”, or of a plan, what members pay", 0)), f.listRates)
	set := lengthy(reg(op(http.MethodPut, "/api/v1/carriers/{id}/rates", "set-rates", "Operator", "Replace what calls by a carrier cost, all at once and from now on; with the id “members”, or of a plan, what members pay", http.StatusNoContent)), tariff.MostBytes)
	huma.Register(f.api, set, f.setRates)
	draft := lengthy(reg(op(http.MethodPost, "/api/v1/decks/{id}/drafts", "propose-deck", "Operator", "Read a price list, of a carrier, a plan or “members”, and say what it would change; nothing is in force before it is taken", http.StatusCreated)), 2*tariff.MostBytes)
	huma.Register(f.api, draft, f.proposeDeck)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/decks/{id}/drafts/{draft}", "preview-deck", "Operator", "What a price list that was read would change", 0)), f.previewDeck)
	huma.Register(f.api, lengthy(reg(op(http.MethodPost, "/api/v1/decks/{id}/versions", "take-deck", "Operator", "Put a price list that was read in force, at an instant or at once", http.StatusCreated)), 0), f.takeDeck)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/decks/{id}/versions", "list-decks", "Operator", "Every price list there was and will be, the latest start first", 0)), f.listDecks)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/decks/{id}/versions/{version}/withdraw", "withdraw-deck", "Operator", "Withdraw a price list: of the one in force, the one before is in force again; of one to come, it does not", 0)), f.withdrawDeck)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/plans", "list-plans", "Operator", "The plans by which members pay, beside “members”, which is everybody's who has no other", 0)), f.listPlans)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/plans", "add-plan", "Operator", "Make a plan; its price list is that with its id under /decks", http.StatusCreated)), f.addPlan)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/accounts/{id}/plan", "give-plan", "Operator", "Give an account a plan: its calls from now on are charged by it", http.StatusNoContent)), f.givePlan)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/exchange-rates", "list-exchange-rates", "Operator", "What currencies are worth in the house's, the latest first", 0)), f.listExchange)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/exchange-rates", "set-exchange-rates", "Operator", "Say what currencies are worth, from an instant on or from now on", http.StatusNoContent)), f.setExchange)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/rate/explain", "explain-rate", "Calls", "What a call to an ordinary telephone costs, line by line", 0)), f.explainRate)
}

// CallRate is what calls to a destination cost.
type CallRate struct {
	Prefix  string `json:"prefix" doc:"The beginning of + forms, without the +; empty is everywhere"`
	Micros  int64  `json:"micros" minimum:"0" doc:"A minute, in micro-units of the list's currency"`
	Connect int64  `json:"connect_micros" minimum:"0" doc:"When it is answered"`
	First   int32  `json:"first_seconds" doc:"The least that is charged"`
	Next    int32  `json:"next_seconds" doc:"Each further step"`
	Free    int32  `json:"free_seconds"`
	Band    string `json:"band" doc:"The time band in which this counts; empty: at any other time"`
}

// callRateIn is one that is set. Its price is always said: what is left out
// would be free.
type callRateIn struct {
	Prefix  string `json:"prefix" doc:"The beginning of + forms, without the +; empty is everywhere"`
	Micros  *int64 `json:"micros" nullable:"false" minimum:"0" doc:"A minute, in micro-units of the house's currency"`
	Connect int64  `json:"connect_micros,omitempty" minimum:"0" doc:"When it is answered"`
	First   int32  `json:"first_seconds,omitempty" minimum:"0" maximum:"3600" doc:"The least that is charged; a step unless said"`
	Next    int32  `json:"next_seconds,omitempty" minimum:"0" maximum:"3600" doc:"Each further step; a second unless said"`
	Free    int32  `json:"free_seconds,omitempty" minimum:"0" maximum:"3600"`
}

func showRate(p rating.Price) CallRate {
	first := p.First
	if first == 0 {
		first = max(p.Next, 1)
	}
	return CallRate{Micros: p.Minute, Connect: p.Connect, First: first, Next: max(p.Next, 1), Free: p.Free}
}

func (f *face) listRates(ctx context.Context, in *ByID) (*body[list[CallRate]], error) {
	v, all, err := f.Decks.List(ctx, actor(ctx), in.ID, "")
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	rows := make([]rating.Row, 0, all.Len())
	for r := range all.All() {
		rows = append(rows, r)
	}
	return page(rows, "", func(r rating.Row) CallRate {
		out := showRate(r.Price)
		if out.Prefix = r.Prefix; r.Band > 0 {
			out.Band = v.Bands[r.Band-1].Name
		}
		return out
	}), nil
}

func (f *face) setRates(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Items []callRateIn `json:"items" maxItems:"1000000" nullable:"false"`
	}
}) (*struct{}, error) {
	if in.Body.Items == nil { // what is left out would remove every price there is
		return nil, f.fail(ctx, fault.New(fault.Invalid, "items_missing", "Say the prices as “items”; an empty list removes them all.").WithFields(fault.Field{Name: "items", Text: "Say the prices."}))
	}
	rows := make([]rating.Row, 0, len(in.Body.Items))
	for _, r := range in.Body.Items {
		if r.Micros == nil {
			return nil, f.fail(ctx, fault.New(fault.Invalid, "rate_missing", "%q has no price. Say one; 0 is free.", r.Prefix))
		}
		rows = append(rows, rating.Row{Prefix: r.Prefix, Price: rating.Price{Minute: *r.Micros, Connect: r.Connect, First: r.First, Next: max(r.Next, 1), Free: r.Free}})
	}
	return nil, f.fail(ctx, f.Decks.Set(ctx, actor(ctx), in.ID, rows))
}

// Band is a time of the week, in the caller's time zone.
type Band struct {
	Name string `json:"name"`
	When string `json:"when" doc:"As in Mon-Fri,Sun 22:00-06:00: the days on which it begins"`
}

func showBands(list []rating.Band) []Band {
	out := []Band{}
	for _, b := range list {
		out = append(out, Band{b.Name, tariff.When(b)})
	}
	return out
}

// Deck is a price list from an instant on.
type Deck struct {
	ID        string         `json:"id"`
	State     string         `json:"state" enum:"in_force,scheduled,past,withdrawn"`
	Currency  money.Currency `json:"currency"`
	Bands     []Band         `json:"bands" nullable:"false"`
	Rows      int            `json:"rows"`
	From      time.Time      `json:"from"`
	Note      string         `json:"note"`
	By        string         `json:"imported_by"`
	At        time.Time      `json:"imported_at"`
	Withdrawn *time.Time     `json:"withdrawn_at"`
}

func showDeck(v tariff.Version) Deck {
	return Deck{ID: v.ID, State: string(v.State), Currency: v.Currency, Bands: showBands(v.Bands), Rows: v.Rows, From: v.From.UTC(), Note: v.Note, By: v.By, At: v.At.UTC(), Withdrawn: when(v.Withdrawn)}
}

// DeckPreview is what a list would change.
type DeckPreview struct {
	Draft   string         `json:"draft" doc:"Kept for a day; take it under versions"`
	Rows    int            `json:"rows"`
	Against string         `json:"against" doc:"The list in force it is compared with; empty: none is"`
	Counts  map[string]int `json:"counts" doc:"Lines that are new, dearer, cheaper, other (as dear for three minutes, and not the same), removed, unchanged"`
	Changes []DeckChange   `json:"changes" nullable:"false" doc:"The hundred largest"`
	More    int            `json:"more"`
	Days    []time.Time    `json:"days" nullable:"false" doc:"Later days that its lines name: each becomes a list of its own"`
}

// DeckChange is one line that differs.
type DeckChange struct {
	What    string    `json:"what" enum:"new,dearer,cheaper,other,removed"`
	Prefix  string    `json:"prefix"`
	Band    string    `json:"band"`
	Old     *CallRate `json:"old"`
	New     *CallRate `json:"new"`
	Percent float64   `json:"percent" doc:"By which a call of three minutes is dearer, or below zero cheaper"`
}

func showPreview(p tariff.Preview) DeckPreview {
	out := DeckPreview{Draft: p.Draft.ID, Rows: p.Draft.Rows, Against: p.Against.ID, Counts: p.Counts, Changes: []DeckChange{}, More: p.More, Days: append([]time.Time{}, p.Days...)}
	for _, c := range p.Changes {
		x := DeckChange{What: c.What, Prefix: c.Prefix, Band: c.Band, Percent: float64(c.Percent) / 100}
		if c.What != tariff.IsNew {
			old := showRate(c.Old)
			old.Prefix, old.Band, x.Old = c.Prefix, c.Band, &old
		}
		if c.What != tariff.IsRemoved {
			next := showRate(c.New)
			next.Prefix, next.Band, x.New = c.Prefix, c.Band, &next
		}
		out.Changes = append(out.Changes, x)
	}
	return out
}

func (f *face) proposeDeck(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		CSV      string `json:"csv" doc:"prefix, price and what else its heading names: connect, increments (60/60), free, band, from"`
		Currency string `json:"currency,omitempty" doc:"The house's unless said; of a carrier's list any that has an exchange rate"`
		Bands    string `json:"bands,omitempty" doc:"Time bands that the list names, one a line: night = Mon-Sun 22:00-06:00"`
	}
}) (*body[DeckPreview], error) {
	bands, err := tariff.ParseBands(in.Body.Bands)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	d, err := f.Decks.Propose(ctx, actor(ctx), in.ID, in.Body.CSV, tariff.Form{Currency: money.Currency(in.Body.Currency), Bands: bands})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	p, err := f.Decks.Compare(ctx, actor(ctx), in.ID, d.ID)
	return &body[DeckPreview]{showPreview(p)}, f.fail(ctx, err)
}

func (f *face) previewDeck(ctx context.Context, in *struct {
	ByID
	Draft string `path:"draft"`
}) (*body[DeckPreview], error) {
	p, err := f.Decks.Compare(ctx, actor(ctx), in.ID, in.Draft)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[DeckPreview]{showPreview(p)}, nil
}

func (f *face) takeDeck(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Draft string     `json:"draft"`
		From  *time.Time `json:"from,omitempty" doc:"At once unless said"`
		Note  string     `json:"note,omitempty" maxLength:"500"`
	}
}) (*body[list[Deck]], error) {
	from := time.Time{}
	if in.Body.From != nil {
		from = *in.Body.From
	}
	all, err := f.Decks.Take(ctx, actor(ctx), in.ID, in.Body.Draft, from, in.Body.Note)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", showDeck), nil
}

func (f *face) listDecks(ctx context.Context, in *ByID) (*body[list[Deck]], error) {
	all, err := f.Decks.Versions(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", showDeck), nil
}

func (f *face) withdrawDeck(ctx context.Context, in *struct {
	ByID
	Version string `path:"version"`
}) (*body[Deck], error) {
	v, err := f.Decks.Withdraw(ctx, actor(ctx), in.ID, in.Version)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	v.State = tariff.Withdrawn
	return &body[Deck]{showDeck(v)}, nil
}

// SellPlan is a set of prices that accounts are given.
type SellPlan struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (f *face) listPlans(ctx context.Context, _ *struct{}) (*body[list[SellPlan]], error) {
	all, err := f.Plans.Plans(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", func(p tariff.Plan) SellPlan { return SellPlan{p.ID, p.Name} }), nil
}

func (f *face) addPlan(ctx context.Context, in *struct {
	Body struct {
		strictly

		Name string `json:"name"`
	}
}) (*body[SellPlan], error) {
	p, err := f.Plans.AddPlan(ctx, actor(ctx), in.Body.Name)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[SellPlan]{SellPlan{p.ID, p.Name}}, nil
}

func (f *face) givePlan(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Plan string `json:"plan" doc:"Its id, or “members”"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Plans.Give(ctx, actor(ctx), in.ID, in.Body.Plan))
}

// ExchangeRate is what one unit of a currency is worth in the house's.
type ExchangeRate struct {
	Currency money.Currency `json:"currency"`
	Rate     string         `json:"rate" doc:"Of one unit in the house's currency, as in 1.0842; at most twelve decimals"`
	From     time.Time      `json:"from"`
	By       string         `json:"by"`
}

func (f *face) listExchange(ctx context.Context, _ *struct{}) (*body[list[ExchangeRate]], error) {
	all, err := f.Plans.Exchange(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", func(x tariff.Exchanged) ExchangeRate {
		return ExchangeRate{x.Currency, x.Rate.String(), x.From.UTC(), x.By}
	}), nil
}

func (f *face) setExchange(ctx context.Context, in *struct {
	Body struct {
		strictly

		Items []struct {
			Currency string     `json:"currency"`
			Rate     string     `json:"rate" doc:"Of one unit in the house's currency, as in 1.0842"`
			From     *time.Time `json:"from,omitempty" doc:"Now unless said, and never before"`
		} `json:"items" minItems:"1" maxItems:"1000" nullable:"false"`
	}
}) (*struct{}, error) {
	all := make([]tariff.Exchanged, 0, len(in.Body.Items))
	for _, x := range in.Body.Items {
		r, err := money.ReadRate(x.Rate)
		if err != nil {
			return nil, f.fail(ctx, fault.New(fault.Invalid, "deck_rate", "%q is no rate. Write what one unit of the currency is worth here, as in 1.0842.", x.Rate).WithFields(fault.Field{Name: "rate", Text: "Write it as in 1.0842."}))
		}
		y := tariff.Exchanged{Currency: money.Currency(x.Currency), Rate: r}
		if x.From != nil {
			y.From = *x.From
		}
		all = append(all, y)
	}
	return nil, f.fail(ctx, f.Plans.SetExchange(ctx, actor(ctx), all))
}

type explainRateIn struct {
	To      string     `json:"to" doc:"The number that is called, with +"`
	From    string     `json:"from,omitempty" doc:"A world number: whose plan and time zone count"`
	Country string     `json:"country,omitempty" doc:"Of the caller, ISO code: whose time zone counts; that of from unless said"`
	Plan    string     `json:"plan,omitempty" doc:"The operator may name a plan, or a carrier to see what it asks, instead of a caller"`
	At      *time.Time `json:"at,omitempty" doc:"The answer; now unless said"`
	Seconds float64    `json:"seconds,omitempty" minimum:"0" maximum:"86400" doc:"How long it lasts; three minutes unless said"`
}

// RateExplained is what a call costs, and why.
type RateExplained struct {
	Plan     string       `json:"plan" doc:"members, or a plan's id"`
	PlanName string       `json:"plan_name"`
	Version  string       `json:"version" doc:"The list's"`
	Since    time.Time    `json:"in_force_since"`
	Prefix   string       `json:"prefix"`
	Zone     string       `json:"time_zone" doc:"The caller's, by which time bands count"`
	Answer   time.Time    `json:"answer"`
	Rate     CallRate     `json:"rate" doc:"At the answer"`
	Seconds  int64        `json:"seconds"`
	Charged  int64        `json:"charged_seconds"`
	Parts    []RatePart   `json:"parts" nullable:"false"`
	Charge   money.Amount `json:"charge"`
	Lines    []string     `json:"lines" nullable:"false" doc:"Each line of the charge, for people, in English"`
}

// RatePart is a stretch of a call.
type RatePart struct {
	Band    string `json:"band"`
	Seconds int64  `json:"seconds"`
	Micros  int64  `json:"micros_a_minute"`
}

func (f *face) explainRate(ctx context.Context, in *struct{ Body explainRateIn }) (*body[RateExplained], error) {
	who := actor(ctx)
	q, err := f.Router.Priced(in.Body.To, in.Body.From, strings.TrimSpace(in.Body.Country))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	q.Plan, q.For = in.Body.Plan, time.Duration(in.Body.Seconds*float64(time.Second))
	if in.Body.At != nil {
		q.Answer = *in.Body.At
	}
	x, err := f.Plans.Explain(ctx, who, q)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[RateExplained]{showExplained(x)}, nil
}

func showExplained(x tariff.Explained) RateExplained {
	p, band := x.Quote.Now(x.Answer)
	out := RateExplained{
		Plan: x.Plan, PlanName: x.Name, Version: x.Version.ID, Since: x.Version.From.UTC(), Prefix: x.Quote.Prefix, Zone: x.Answer.Location().String(), Answer: x.Answer,
		Rate: showRate(p), Seconds: x.Charge.Seconds, Charged: x.Charge.Charged, Parts: []RatePart{}, Charge: x.Amount, Lines: x.Lines,
	}
	out.Rate.Prefix, out.Rate.Band = x.Quote.Prefix, band
	for _, part := range x.Charge.Parts {
		out.Parts = append(out.Parts, RatePart{part.Band, part.Seconds, part.Minute})
	}
	return out
}
