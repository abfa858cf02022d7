package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// stockNumber is a number for sale.
type stockNumber struct {
	Country  string       `json:"country" doc:"ISO 3166-1 alpha-2"`
	National string       `json:"national" doc:"Area code and subscriber number, or a company's root"`
	Number   string       `json:"number" doc:"As it is typed: country code last"`
	Kind     string       `json:"kind" enum:"individual,company"`
	Class    string       `json:"class" enum:"plain,easy,premium" doc:"How easy it is to remember"`
	Price    money.Amount `json:"price" doc:"What is paid first, without tax: setup and the first year"`
	Setup    money.Amount `json:"setup" doc:"Once"`
	Yearly   money.Amount `json:"yearly" doc:"Each year; 0: none"`
}

type searchIn struct {
	Country  string `query:"country" doc:"ISO code (KR) or calling code (82)" maxLength:"4"`
	Kind     string `query:"kind" enum:"individual,company" doc:"Individual unless said"`
	Contains string `query:"contains" doc:"Digits the number holds; * and ? are wildcards" maxLength:"16"`
	Starts   string `query:"starts" maxLength:"16"`
	Ends     string `query:"ends" maxLength:"16"`
	Class    string `query:"class" enum:"plain,easy,premium" doc:"All unless said"`
	Paging
}

func (f *face) registerNumbers() {
	find := op(http.MethodGet, "/api/v1/numbers", "search-numbers", "Numbers", "Search numbers for sale", 0)
	f.describeProblems(&find)
	huma.Register(f.api, find, f.searchNumbers)
}

func (f *face) searchNumbers(ctx context.Context, in *searchIn) (*body[list[stockNumber]], error) {
	kind := numbering.Individual
	if in.Kind != "" {
		var err error
		if kind, err = numbering.ParseKind(in.Kind); err != nil {
			return nil, f.fail(ctx, badKind(in.Kind))
		}
	}
	p, err := f.Shop.Search(ctx, shop.Query{
		Country: in.Country, Kind: kind, Contains: in.Contains, Starts: in.Starts, Ends: in.Ends, Class: shop.Class(in.Class), Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(p.Items, p.Next, func(i shop.StockItem) stockNumber {
		return stockNumber{Country: i.Country, National: i.Number.National, Number: i.Number.Display(), Kind: i.Number.Kind.String(),
			Class: string(i.Price.Class), Price: i.Price.Today(), Setup: i.Price.Setup, Yearly: i.Price.Yearly}
	}), nil
}

func badKind(kind string) error {
	return fault.New(fault.Invalid, "kind_unknown", "%q is no kind of number. There are \"individual\" and \"company\".", kind).
		WithFields(fault.Field{Name: "kind", Text: "Choose individual or company."})
}
