package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// system is the number systems of a country.
type system struct {
	Country    string `json:"country" doc:"ISO 3166-1 alpha-2"`
	Individual bool   `json:"individual" doc:"Numbers for people are sold"`
	OwnPhone   bool   `json:"own_phone" doc:"People may turn their own telephone number into a world number"`
	Company    bool   `json:"company" doc:"Roots for companies are sold"`
}

type block struct {
	ID      string `json:"id"`
	Kind    string `json:"kind" enum:"individual,company"`
	Country string `json:"country"`
	Prefix  string `json:"prefix" doc:"How its numbers begin"`
	Length  int    `json:"length" doc:"How many digits they have, 1 to 15"`
	Closed  bool   `json:"closed" doc:"Nothing of it is sold any more"`
	Note    string `json:"note,omitempty"`
	Fault   string `json:"fault,omitempty" doc:"Why the numbering plan of today forbids it"`
}

type blockIn struct {
	Kind    string `json:"kind" enum:"individual,company"`
	Country string `json:"country" doc:"ISO code"`
	Prefix  string `json:"prefix"`
	Length  int    `json:"length"`
	Note    string `json:"note,omitempty" doc:"For staff"`
}

type priceRule struct {
	ID      string       `json:"id"`
	Block   string       `json:"block,omitempty"`
	Country string       `json:"country,omitempty"`
	Kind    string       `json:"kind,omitempty"`
	Class   string       `json:"class,omitempty"`
	Setup   money.Amount `json:"setup" doc:"Once"`
	Yearly  money.Amount `json:"yearly" doc:"Each year"`
}

type priceIn struct {
	Block   string `json:"block,omitempty" doc:"Of one block alone"`
	Country string `json:"country,omitempty" doc:"Empty: every country"`
	Kind    string `json:"kind,omitempty" enum:"individual,company"`
	Class   string `json:"class,omitempty" enum:"plain,easy,premium,own" doc:"own: somebody's own telephone number, whatever its digits; without a rule of its own it costs what a plain number does"`
	Setup   int64  `json:"setup_micros" doc:"Once; 1,000,000 is one unit, in steps of 10,000"`
	Yearly  int64  `json:"yearly_micros" doc:"Each year"`
}

type reservedForm struct {
	Digits string `json:"digits" doc:"As typed, country code last; or a root"`
	Why    string `json:"why,omitempty"`
}

type paper struct {
	ID      string `json:"id"`
	Country string `json:"country"`
	Kind    string `json:"kind" enum:"individual,company"`
	Name    string `json:"name" doc:"As the buyer reads it"`
}

type reviewRule struct {
	Company bool `json:"company" doc:"Requests for company numbers wait for a person"`
	Premium bool `json:"premium" doc:"Requests for premium numbers do"`
}

type catalogue struct {
	Systems  []system       `json:"systems"`
	Blocks   []block        `json:"blocks"`
	Prices   []priceRule    `json:"prices" doc:"The rule that names most decides: block, then country, kind, class"`
	Reserved []reservedForm `json:"reserved"`
	Papers   []paper        `json:"papers"`
	Review   reviewRule     `json:"review"`
}

// blockLine is what a file's line would do.
type blockLine struct {
	Line  int    `json:"line"`
	Block block  `json:"block"`
	Known bool   `json:"known" doc:"In stock already"`
	Fault string `json:"fault,omitempty" doc:"Why it cannot be taken"`
}

type blockFile struct {
	Added int         `json:"added" doc:"0 in a preview"`
	Lines []blockLine `json:"lines"`
}

func (f *face) registerCatalogue() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Operator", summary, status))
		f.describeProblems(&o)
		return o
	}
	const at = "/api/v1/catalogue"
	huma.Register(f.api, reg(http.MethodGet, at, "catalogue", "What is for sale", 0), f.catalogue)
	huma.Register(f.api, reg(http.MethodPut, at+"/systems/{country}", "set-system", "Open or close the number systems of a country", http.StatusNoContent), f.setSystem)
	huma.Register(f.api, reg(http.MethodPost, at+"/blocks", "add-block", "Take a block into stock", http.StatusCreated), f.addBlock)
	huma.Register(f.api, reg(http.MethodPost, at+"/blocks/import", "import-blocks", "Take a CSV file of blocks into stock, all or none; or preview it", 0), f.importBlocks)
	huma.Register(f.api, reg(http.MethodGet, at+"/proposals/{country}", "propose-block", "A block for people that the rules allow and that is not in stock", 0), f.proposeBlock)
	huma.Register(f.api, reg(http.MethodPut, at+"/blocks/{id}", "close-block", "Take a block off sale, or put it back", http.StatusNoContent), f.closeBlock)
	huma.Register(f.api, reg(http.MethodPost, at+"/prices", "set-price", "Set a price; the rule for the same numbers is replaced", http.StatusNoContent), f.setPrice)
	huma.Register(f.api, reg(http.MethodDelete, at+"/prices/{id}", "drop-price", "Take a price rule away", http.StatusNoContent), f.dropPrice)
	huma.Register(f.api, reg(http.MethodPost, at+"/reserved", "reserve-number", "Keep a number from being sold", http.StatusNoContent), f.reserve)
	huma.Register(f.api, reg(http.MethodDelete, at+"/reserved/{id}", "unreserve-number", "Let it be sold again", http.StatusNoContent), f.unreserve)
	huma.Register(f.api, reg(http.MethodPost, at+"/papers", "ask-paper", "Have buyers of a kind of number show a document", http.StatusNoContent), f.askPaper)
	huma.Register(f.api, reg(http.MethodDelete, at+"/papers/{id}", "drop-paper", "Ask for a document no more", http.StatusNoContent), f.dropPaper)
	huma.Register(f.api, reg(http.MethodPut, at+"/review", "set-review", "Which requests wait for a person", http.StatusNoContent), f.setReview)
}

func kindName(k numbering.Kind) string {
	if k == 0 {
		return ""
	}
	return k.String()
}

func showBlock(b shop.Block) block {
	return block{ID: b.ID, Kind: kindName(b.Kind), Country: b.Country, Prefix: b.Prefix, Length: b.Length, Closed: b.Closed, Note: b.Note, Fault: b.Fault}
}

func (f *face) proposeBlock(ctx context.Context, in *ByCountry) (*body[block], error) {
	country := strings.ToUpper(in.Country)
	b, found, err := f.Desk.Propose(ctx, actor(ctx), country)
	if err == nil && !found {
		err = fault.New(fault.Unknown, "no_block", "The plan of %s leaves no block of 6 to 9 digits.", country)
	}
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[block]{showBlock(b)}, nil
}

func (f *face) catalogue(ctx context.Context, _ *struct{}) (*body[catalogue], error) {
	c, err := f.Desk.Catalogue(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := catalogue{Systems: []system{}, Blocks: []block{}, Prices: []priceRule{}, Reserved: []reservedForm{}, Papers: []paper{}, Review: reviewRule(c.Review)}
	for _, s := range c.Systems {
		out.Systems = append(out.Systems, system(s))
	}
	for _, b := range c.Blocks {
		out.Blocks = append(out.Blocks, showBlock(b))
	}
	for _, p := range c.Prices {
		out.Prices = append(out.Prices, priceRule{ID: p.ID, Block: p.Block, Country: p.Country, Kind: kindName(p.Kind), Class: string(p.Class),
			Setup: money.Amount{Currency: f.Currency, Micros: p.Setup}, Yearly: money.Amount{Currency: f.Currency, Micros: p.Yearly}})
	}
	for _, r := range c.Reserved {
		out.Reserved = append(out.Reserved, reservedForm(r))
	}
	for _, p := range c.Papers {
		out.Papers = append(out.Papers, paper{ID: p.ID, Country: p.Country, Kind: kindName(p.Kind), Name: p.Name})
	}
	return &body[catalogue]{out}, nil
}

func (f *face) setSystem(ctx context.Context, in *struct {
	Country string `path:"country" maxLength:"2"`
	Body    struct {
		Individual bool `json:"individual"`
		OwnPhone   bool `json:"own_phone"`
		Company    bool `json:"company"`
	}
}) (*struct{}, error) {
	b := in.Body
	return nil, f.fail(ctx, f.Desk.SetSystem(ctx, actor(ctx), shop.System{Country: strings.ToUpper(in.Country), Individual: b.Individual, OwnPhone: b.OwnPhone, Company: b.Company}))
}

func (f *face) addBlock(ctx context.Context, in *struct{ Body blockIn }) (*body[block], error) {
	kind, err := numbering.ParseKind(in.Body.Kind)
	if err != nil {
		return nil, f.fail(ctx, badKind(in.Body.Kind))
	}
	b, err := f.Desk.AddBlock(ctx, actor(ctx), shop.Block{Kind: kind, Country: strings.ToUpper(in.Body.Country), Prefix: in.Body.Prefix, Length: in.Body.Length, Note: in.Body.Note})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[block]{showBlock(b)}, nil
}

func (f *face) importBlocks(ctx context.Context, in *struct {
	Preview bool `query:"preview" doc:"Change nothing, only say what each line would do"`
	Body    struct {
		CSV string `json:"csv" doc:"The file; its first line names the columns kind, country, prefix, length, and optionally setup, yearly, note"`
	}
}) (*body[blockFile], error) {
	lines, err := f.Desk.PreviewBlocks(ctx, actor(ctx), strings.NewReader(in.Body.CSV))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := blockFile{Lines: []blockLine{}}
	for _, l := range lines {
		out.Lines = append(out.Lines, blockLine{Line: l.Line, Block: showBlock(l.Block), Known: l.Known, Fault: l.Fault})
	}
	if !in.Preview {
		if out.Added, err = f.Desk.ImportBlocks(ctx, actor(ctx), strings.NewReader(in.Body.CSV)); err != nil {
			return nil, f.fail(ctx, err)
		}
	}
	return &body[blockFile]{out}, nil
}

func (f *face) closeBlock(ctx context.Context, in *struct {
	ByID
	Body struct {
		Closed bool `json:"closed"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Desk.CloseBlock(ctx, actor(ctx), in.ID, in.Body.Closed))
}

func (f *face) setPrice(ctx context.Context, in *struct{ Body priceIn }) (*struct{}, error) {
	r := shop.PriceRule{Block: in.Body.Block, Country: strings.ToUpper(in.Body.Country), Class: shop.Class(in.Body.Class), Setup: in.Body.Setup, Yearly: in.Body.Yearly}
	if in.Body.Kind != "" {
		var err error
		if r.Kind, err = numbering.ParseKind(in.Body.Kind); err != nil {
			return nil, f.fail(ctx, badKind(in.Body.Kind))
		}
	}
	return nil, f.fail(ctx, f.Desk.SetPrice(ctx, actor(ctx), r))
}

func (f *face) dropPrice(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Desk.DropPrice(ctx, actor(ctx), in.ID))
}

func (f *face) reserve(ctx context.Context, in *struct{ Body reservedForm }) (*struct{}, error) {
	return nil, f.fail(ctx, f.Desk.Reserve(ctx, actor(ctx), in.Body.Digits, in.Body.Why))
}

func (f *face) unreserve(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Desk.Unreserve(ctx, actor(ctx), in.ID))
}

func (f *face) askPaper(ctx context.Context, in *struct {
	Body struct {
		Country string `json:"country"`
		Kind    string `json:"kind" enum:"individual,company"`
		Name    string `json:"name"`
	}
}) (*struct{}, error) {
	kind, err := numbering.ParseKind(in.Body.Kind)
	if err != nil {
		return nil, f.fail(ctx, badKind(in.Body.Kind))
	}
	return nil, f.fail(ctx, f.Desk.AskPaper(ctx, actor(ctx), shop.Paper{Country: strings.ToUpper(in.Body.Country), Kind: kind, Name: in.Body.Name}))
}

func (f *face) dropPaper(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Desk.DropPaper(ctx, actor(ctx), in.ID))
}

func (f *face) setReview(ctx context.Context, in *struct{ Body reviewRule }) (*struct{}, error) {
	return nil, f.fail(ctx, f.Desk.SetReview(ctx, actor(ctx), shop.Review(in.Body)))
}
