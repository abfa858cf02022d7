package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/tariff"
)

// call is one call of your history.
type call struct {
	ID        string           `json:"id"`
	CallID    string           `json:"call_id" doc:"The same at every center the call crossed"`
	Direction string           `json:"direction" enum:"out,in"`
	From      string           `json:"from" doc:"Empty: the caller withheld his number"`
	To        string           `json:"to"`
	Name      string           `json:"name,omitempty" doc:"The other party's, by your contacts"`
	Missed    bool             `json:"missed" doc:"You were called and would have wanted to know; what you declined is not missed"`
	Dialled   string           `json:"dialled,omitempty" doc:"As you typed it; outgoing calls only"`
	Center    string           `json:"center"`
	Start     time.Time        `json:"start"`
	Answer    *time.Time       `json:"answer" doc:"null: it was not answered"`
	End       time.Time        `json:"end"`
	Seconds   float64          `json:"duration_seconds" doc:"Connected time"`
	Cause     string           `json:"cause" doc:"Why it ended"`
	Charge    *money.Amount    `json:"charge" doc:"What it cost you; of incoming calls, only one that you have forwarded"`
	Packages  []cdr.DrawnView  `json:"packages,omitempty" doc:"What packages paid for, before it cost money"`
	PDD       *float64         `json:"pdd_seconds" doc:"Until the caller had the first sign of ringing; null: he had none"`
	HungUp    cdr.Ender        `json:"hung_up_by,omitempty" enum:"caller,called,us" doc:"Who ended it; us: the network did, for the cause given"`
	Q850      int              `json:"q850,omitempty" doc:"ITU-T Q.850 cause"`
	Status    int              `json:"sip_status,omitempty" doc:"With which the caller was refused"`
	Quality   *cdr.QualityView `json:"quality" doc:"The worst direction of the sound; null: nothing is known"`
}

type explainIn struct {
	From    string `json:"from" doc:"The caller's world number"`
	To      string `json:"to" doc:"What is dialled"`
	Country string `json:"country,omitempty" doc:"Where the telephone is, ISO code; the caller's home country unless said"`
}

// route is what would happen to a call.
type route struct {
	Kind    string        `json:"kind" enum:"onnet,pstn,partner,uri,emergency,short,feature,none"`
	Number  *string       `json:"number" doc:"The world number it reaches"`
	Center  *string       `json:"center" doc:"The center of that number"`
	E164    *string       `json:"e164" doc:"The ordinary telephone it reaches, with +"`
	Legs    []routeLeg    `json:"legs" doc:"Where it would go, in the order tried; of several ways out, each as if those before it failed"`
	Price   *perUnit      `json:"price" doc:"0 micros where the call is free; null where it cannot be made"`
	Reason  *string       `json:"reason" doc:"For people; why it cannot be dialled, or what to know"`
	Code    string        `json:"code,omitempty" doc:"The reason for programs"`
	Refused *routeRefused `json:"refused,omitempty" doc:"There is a way, but what the payer may spend, and where, would refuse the call now; shown to the payer and the operator"`
	Package *routePackage `json:"package,omitempty" doc:"What pays for it before it costs money; shown to the payer and the operator"`
	Steps   []string      `json:"steps" doc:"How the decision came about, for people, in English"`
}

// routeRefused is what would keep a call from being made.
type routeRefused struct {
	Code string `json:"code" doc:"As destination_closed, cap_minute, cap_day"`
	Text string `json:"text" doc:"For the payer"`
	Open string `json:"open,omitempty" doc:"What the payer may open, as +8816: see PUT /api/v1/me/destinations"`
}

// routePackage is what packages of the payer have left for a call.
type routePackage struct {
	Name    string `json:"name" doc:"Of the one that is used first"`
	Seconds int64  `json:"seconds_left" doc:"In all that are for the number, beside what is held for calls under way"`
}

type routeLeg struct {
	Kind    string `json:"kind" enum:"center,device,sleeper,trunk,uri"`
	Center  string `json:"center,omitempty" doc:"Of a device or trunk; or the one the call goes on to"`
	Role    string `json:"role,omitempty" enum:"home,visit,exit"`
	URI     string `json:"uri,omitempty"`
	Carrier string `json:"carrier,omitempty" doc:"The operator's key alone sees it, as all of the following"`
	Trunk   string `json:"trunk,omitempty"`
	Name    string `json:"carrier_name,omitempty"`
	Host    string `json:"host,omitempty" doc:"The trunk's gateway"`
	Number  string `json:"number,omitempty" doc:"The called number as the carrier is sent it"`
	Shows   string `json:"shows,omitempty" doc:"The caller's number, likewise"`
	Forward bool   `json:"forward,omitempty" doc:"The called party has the call sent on there"`
}

// perUnit is a price; that of now, where it depends on the time of day.
type perUnit struct {
	Currency   money.Currency `json:"currency"`
	Micros     int64          `json:"micros"`
	PerSeconds int            `json:"per_seconds"`
	Connect    int64          `json:"connect_micros" doc:"When it is answered"`
	First      int32          `json:"first_seconds" doc:"The least that is charged"`
	Next       int32          `json:"next_seconds" doc:"Each further step"`
	Free       int32          `json:"free_seconds"`
	Band       string         `json:"band,omitempty" doc:"The time band it is now for the caller; empty: none, or the price has none"`
	Others     []bandPrice    `json:"other_times,omitempty" nullable:"false" doc:"What it costs in the other time bands, where that differs"`
}

// bandPrice is what a call costs at another time of the week.
type bandPrice struct {
	Band    string `json:"band" doc:"Empty: outside of all bands"`
	When    string `json:"when" doc:"In the caller's time zone"`
	Micros  int64  `json:"micros"`
	Connect int64  `json:"connect_micros"`
	First   int32  `json:"first_seconds"`
	Next    int32  `json:"next_seconds"`
	Free    int32  `json:"free_seconds"`
}

func (f *face) registerCalls() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/calls", "list-calls", "Calls", "Your calls, newest first", 0)), f.listCalls)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/routes/explain", "explain-route", "Calls", "What would happen to a call, decided by the code that decides real ones", 0)), f.explain)
}

func (f *face) listCalls(ctx context.Context, in *Paging) (*body[list[call]], error) {
	account := actor(ctx).Account
	p, err := f.Calls.History(ctx, account, in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	contacts, err := f.Contacts.Of(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	names := contact.NamesOf(contacts)
	return page(p.Items, p.Next, func(r cdr.Record) call { return f.showCall(r, account, names) }), nil
}

// showCall is a call as its record's view has it, and by the member's contacts.
func (f *face) showCall(r cdr.Record, account string, names contact.Names) call {
	v := cdr.View(&r, account)
	c := call{
		ID: v.ID, CallID: v.CallID, Direction: v.Direction, From: v.From, To: v.To, Dialled: v.Dialled, Center: v.Center, Start: v.Start, Answer: v.Answer, End: v.End,
		Seconds: v.Seconds, Cause: v.Cause, Charge: v.Charge, Packages: v.Packages, PDD: v.PDD, HungUp: v.HungUp, Q850: v.Q850, Status: v.Status, Quality: v.Quality,
		Name: names.Of(r.With(account)...), Missed: v.Direction == "in" && r.Missed(),
	}
	if c.Charge != nil && c.Charge.Zero() { // what is free has no currency of its own
		c.Charge = &money.Amount{Currency: f.Currency}
	}
	return c
}

func (f *face) explain(ctx context.Context, in *struct{ Body explainIn }) (*body[route], error) {
	who := actor(ctx)
	from, ok := routing.Find(f.Sold, in.Body.From)
	if !ok && who.Role == member.Operator {
		return nil, f.fail(ctx, fault.New(fault.Invalid, "caller_unknown", "No member has the number %q. Give a world number of ours as “from”.", in.Body.From).
			WithFields(fault.Field{Name: "from", Text: "No member has this number."}))
	}
	if !ok || !who.May(from.Account) {
		if who.Role != member.Operator || !ok {
			// The same words for a number of somebody else and for none: who exists is nobody's business.
			return nil, f.fail(ctx, fault.New(fault.Forbidden, "not_your_number", "%q is no number of yours. Give one of your own numbers as “from”.", in.Body.From).
				WithFields(fault.Field{Name: "from", Text: "Give one of your own numbers."}))
		}
	}
	if strings.TrimSpace(in.Body.To) == "" {
		return nil, f.fail(ctx, fault.New(fault.Invalid, "to_missing", "Say what is dialled.").WithFields(fault.Field{Name: "to", Text: "Say what is dialled."}))
	}
	country := strings.ToUpper(strings.TrimSpace(in.Body.Country))
	if country != "" && (len(country) != 2 || !isLetters(country)) {
		return nil, f.fail(ctx, fault.New(fault.Invalid, "country_unknown", "%q is no country code. Use two letters like KR.", in.Body.Country).
			WithFields(fault.Field{Name: "country", Text: "Use two letters like KR."}))
	}
	names := map[string]carrier.Carrier{}
	if who.Role == member.Operator {
		list, err := f.Carriers.Carriers(ctx, who)
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		for _, c := range list {
			names[c.ID] = c
		}
	}
	x := f.Router.Explain(from.Attempt(center.ID(f.Reader.Home(from.Country)), in.Body.To, country, f.Now()))
	out := f.showRoute(x, who.Role == member.Operator, from.Account)
	if payer, minute := x.Charged(from.Account, f.Now()); payer != "" && who.May(payer) {
		no, err := f.Foresight.Foresee(ctx, who, guard.Call{Account: payer, Currency: f.Currency, E164: x.E164, Minute: minute, Forward: x.Targets[0].Forward})
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		if no.Reason.Code != "" {
			out.Refused = &routeRefused{no.Reason.Code, no.Reason.Text, no.Open}
		}
		left, name, err := f.Packages.Left(ctx, payer, x.E164)
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		if left > 0 {
			out.Package = &routePackage{name, left}
		}
	}
	for i := range out.Legs {
		leg := &out.Legs[i]
		c := names[leg.Carrier]
		t, _ := c.Trunk(leg.Trunk)
		leg.Name, leg.Host = c.Name, t.Host
	}
	return &body[route]{out}, nil
}

func isLetters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
}

// showRoute shows a decision to the operator, or to the account that asked.
func (f *face) showRoute(d routing.Explanation, operator bool, account string) route {
	out := route{Kind: d.Kind.String(), Legs: []routeLeg{}, Steps: []string{}}
	if d.Number.Kind != 0 {
		out.Number = text(d.Number.Display())
	}
	out.Center = text(string(d.Center))
	if len(d.Targets) == 0 { // else it goes somewhere, whatever the reason was to go there
		out.Reason, out.Code = text(d.Reason.Text), d.Reason.Code
	}
	if hidden := d.Kind == routing.OnNet && !operator && d.Holder.Account != account; !hidden {
		out.E164 = text(d.E164)
		for i := range d.Legs {
			out.Legs = append(out.Legs, showLeg(&d.Legs[i], operator))
		}
	} else if len(d.Targets) > 0 { // where a member is, and where he has his calls sent, is nobody else's business
		out.Legs = append(out.Legs, routeLeg{Kind: "center", Center: string(d.Center), Role: "home"})
	}
	for _, step := range d.Steps {
		if operator || !step.Inside {
			out.Steps = append(out.Steps, step.Text)
		}
	}
	switch {
	case d.Kind == routing.OnNet, d.Kind == routing.Emergency, d.Kind == routing.Feature:
		out.Price = f.showPrice(&rating.Quote{}, f.Now()) // B2, C10: free to the caller, also where it is forwarded
	case d.Price.Known && len(d.Targets) > 0:
		out.Price = f.showPrice(&d.Price.Quote, f.Now().In(d.Zone))
	}
	return out
}

// showPrice is what a call costs that is answered at an instant.
func (f *face) showPrice(q *rating.Quote, at time.Time) *perUnit {
	now, band := q.Now(at)
	x := showRate(now)
	out := &perUnit{Currency: f.Currency, Micros: x.Micros, PerSeconds: 60, Connect: x.Connect, First: x.First, Next: x.Next, Free: x.Free, Band: band}
	for _, o := range q.Others(at) {
		y := showRate(o.Price)
		other := bandPrice{Band: o.Band.Name, Micros: y.Micros, Connect: y.Connect, First: y.First, Next: y.Next, Free: y.Free}
		if o.Band.Name != "" {
			other.When = tariff.When(o.Band)
		}
		out.Others = append(out.Others, other)
	}
	return out
}

func showLeg(t *routing.Leg, operator bool) routeLeg {
	var leg routeLeg
	switch t.Kind {
	case routing.ToCenter:
		leg = routeLeg{Kind: "center", Center: string(t.Center), Role: "home"}
		switch t.Role {
		case routing.Visit:
			leg.Role = "visit"
		case routing.Exit:
			leg.Role = "exit"
		default:
		}
	case routing.ToTrunk:
		leg = routeLeg{Kind: "trunk", Center: string(t.From)}
		if operator {
			leg.Carrier, leg.Trunk, leg.Number, leg.Shows = t.Carrier, t.Trunk, t.Number, t.Displayed()
		}
	case routing.ToURI:
		leg = routeLeg{Kind: "uri", URI: t.URI}
	case routing.ToSleeper:
		leg = routeLeg{Kind: "sleeper"}
	default: // a contact address is private to the terminal's owner
		leg = routeLeg{Kind: "device", Center: string(t.Binding.Center)}
	}
	leg.Forward = operator && t.Forward
	return leg
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
