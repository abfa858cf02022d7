package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
)

// Telephones rents telephone numbers out.
type Telephones interface {
	OnOffer(ctx context.Context, country, after string, limit int) ([]did.Number, error)
	Of(ctx context.Context, by member.Actor, membership string) ([]did.Number, error)
	Rent(ctx context.Context, by member.Actor, membership, e164 string) (did.Number, error)
	LetGo(ctx context.Context, by member.Actor, membership, e164 string) error
	Put(ctx context.Context, by member.Actor, carrier string, list []did.Number) error
	Stock(ctx context.Context, by member.Actor, f did.Filter) ([]did.Number, error)
	Remove(ctx context.Context, by member.Actor, e164 string) error
}

// telephoneNumber is one on offer, or rented.
type telephoneNumber struct {
	E164    string       `json:"e164"`
	Country string       `json:"country" doc:"ISO code"`
	Area    string       `json:"area"`
	Setup   money.Amount `json:"setup" doc:"Paid once, without tax"`
	Yearly  money.Amount `json:"yearly" doc:"Paid each year, without tax; of a rented one what its renter pays"`
	State   string       `json:"state" enum:"free,renting,rented,late,resting"`
	Number  string       `json:"number,omitempty" doc:"The world number it rings"`
	Until   *time.Time   `json:"until,omitempty" doc:"Paid until then; or it rests until then, and only its last renter can have it back"`
	Carrier string       `json:"carrier,omitempty" doc:"The operator sees it"`
	Account string       `json:"account,omitempty" doc:"The operator sees it"`
}

type telephoneStock struct {
	Carrier string             `json:"carrier" doc:"The carrier that brings them"`
	Numbers []telephoneBrought `json:"numbers" minItems:"1" maxItems:"10000" nullable:"false"`
}

// telephoneBrought is one of them. Its prices are always said: what is left out
// would be free, also of a number that has a price.
type telephoneBrought struct {
	E164   string `json:"e164" doc:"With +"`
	Area   string `json:"area,omitempty" maxLength:"60"`
	Setup  *int64 `json:"setup_micros" nullable:"false" minimum:"0" doc:"Paid once, without tax"`
	Yearly *int64 `json:"yearly_micros" nullable:"false" minimum:"0" doc:"Paid each year, without tax; a renter's fee never rises"`
}

func (f *face) registerTelephones() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, op(http.MethodGet, "/api/v1/telephone_numbers", "list-telephone-numbers", "Numbers", "Ordinary telephone numbers that can be rented for a world number", 0), f.listTelephones)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/telephone_numbers/stock", "list-telephone-stock", "Operator", "All of them, for the operator", 0)), f.telephoneStock)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/telephone_numbers/stock", "add-telephone-numbers", "Operator", "Put numbers of a carrier into stock, or change carrier, area and prices: all or none", http.StatusNoContent)), f.putTelephones)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/telephone_numbers/stock/{e164}", "remove-telephone-number", "Operator", "Take a number out that nobody rents", http.StatusNoContent)), f.removeTelephone)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/members/{id}/telephone_numbers", "list-rented-telephone-numbers", "Numbers", "The telephone numbers of a world number", 0)), f.rentedTelephones)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/members/{id}/telephone_numbers", "rent-telephone-number", "Numbers", "Rent a telephone number for a year, paid from the wallet", http.StatusCreated)), f.rentTelephone)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/members/{id}/telephone_numbers/{e164}", "let-telephone-number-go", "Numbers", "Let a telephone number go: it rings no more at once, and rests for 90 days", http.StatusNoContent)), f.letTelephoneGo)
}

func (f *face) showTelephone(n did.Number) telephoneNumber {
	x := telephoneNumber{
		E164: n.E164, Country: n.Country, Area: n.Area, Setup: money.Amount{Currency: f.Currency, Micros: n.Setup}, Yearly: money.Amount{Currency: f.Currency, Micros: n.Yearly},
		State: string(n.State), Until: when(n.Until),
	}
	if n.State != did.Free {
		x.Yearly.Micros = n.Fee
		if !n.For.Zero() {
			x.Number = n.For.Display()
		}
	}
	return x
}

func (f *face) stockTelephone(n did.Number) telephoneNumber {
	x := f.showTelephone(n)
	x.Carrier, x.Account = n.Carrier, n.Account
	return x
}

// telephonePage is a page of them; the cursor is the last one's digits.
func telephonePage(items []did.Number, limit int, show func(did.Number) telephoneNumber) *body[list[telephoneNumber]] {
	next := ""
	if len(items) == limit {
		next = items[len(items)-1].E164
	}
	return page(items, next, show)
}

func (f *face) listTelephones(ctx context.Context, in *struct {
	Paging
	Country string `query:"country" maxLength:"2" doc:"ISO code; all countries unless said"`
}) (*body[list[telephoneNumber]], error) {
	items, err := f.Telephones.OnOffer(ctx, in.Country, in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return telephonePage(items, in.Limit, f.showTelephone), nil
}

func (f *face) telephoneStock(ctx context.Context, in *struct {
	Paging
	Country string `query:"country" maxLength:"2"`
	State   string `query:"state" enum:"free,renting,rented,late,resting"`
}) (*body[list[telephoneNumber]], error) {
	items, err := f.Telephones.Stock(ctx, actor(ctx), did.Filter{Country: in.Country, State: did.State(in.State), After: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return telephonePage(items, in.Limit, f.stockTelephone), nil
}

func (f *face) putTelephones(ctx context.Context, in *struct{ Body telephoneStock }) (*struct{}, error) {
	var numbers []did.Number
	for _, x := range in.Body.Numbers {
		if x.Setup == nil || x.Yearly == nil {
			return nil, f.fail(ctx, fault.Fields(fault.Field{Name: "numbers", Text: "Say both prices of each number; 0 is free."}))
		}
		numbers = append(numbers, did.Number{E164: x.E164, Area: x.Area, Setup: *x.Setup, Yearly: *x.Yearly})
	}
	return nil, f.fail(ctx, f.Telephones.Put(ctx, actor(ctx), in.Body.Carrier, numbers))
}

func (f *face) removeTelephone(ctx context.Context, in *struct {
	E164 string `path:"e164"`
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Telephones.Remove(ctx, actor(ctx), in.E164))
}

func (f *face) rentedTelephones(ctx context.Context, in *ByID) (*body[list[telephoneNumber]], error) {
	items, err := f.Telephones.Of(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, "", f.showTelephone), nil
}

func (f *face) rentTelephone(ctx context.Context, in *struct {
	ByID
	Body struct {
		E164 string `json:"e164" doc:"One on offer, with +"`
	}
}) (*body[telephoneNumber], error) {
	n, err := f.Telephones.Rent(ctx, actor(ctx), in.ID, in.Body.E164)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[telephoneNumber]{f.showTelephone(n)}, nil
}

func (f *face) letTelephoneGo(ctx context.Context, in *struct {
	ByID
	E164 string `path:"e164"`
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Telephones.LetGo(ctx, actor(ctx), in.ID, in.E164))
}
