package shop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Change is what an operator changes of the catalogue at once; what is empty
// stays as it is.
type Change struct {
	Systems       []System
	Blocks        []Block
	Prices        []PriceRule
	DropPrices    []string // ids
	Reserved      []Reserved
	DropReserved  []string // digits
	Papers        []Paper
	DropPapers    []string // ids
	Review        *Review
	Actor, Detail string // for the record of changes
}

// Catalogues keeps the catalogue.
type Catalogues interface {
	Catalogue(ctx context.Context) (Catalogue, error)
	ChangeCatalogue(ctx context.Context, c Change, at time.Time) error
}

// Desk is where the operator decides what the shop sells.
type Desk struct {
	shop    *Service
	store   Catalogues
	tell    func(ctx context.Context) error
	centers func() []string
	now     func() time.Time
	mu      sync.Mutex // one change at a time: each is checked against the one before
}

// NewDesk returns the desk of a shop. centers lists the countries with a
// center; tell, which may be nil, has the other processes read the catalogue
// again.
func NewDesk(s *Service, store Catalogues, centers func() []string, tell func(ctx context.Context) error, now func() time.Time) *Desk {
	if tell == nil {
		tell = func(context.Context) error { return nil }
	}
	return &Desk{shop: s, store: store, tell: tell, centers: centers, now: now}
}

// Load reads the catalogue and has the shop sell by it.
func (d *Desk) Load(ctx context.Context) error {
	c, err := d.store.Catalogue(ctx)
	if err != nil {
		return fmt.Errorf("read what is for sale: %w", err)
	}
	d.shop.Adopt(d.centers(), c)
	return nil
}

// Catalogue is what is for sale now, with the faults of blocks.
func (d *Desk) Catalogue(_ context.Context, by member.Actor) (Catalogue, error) {
	if err := by.OperatorOnly(); err != nil {
		return Catalogue{}, err
	}
	return d.shop.Catalogue(), nil
}

// change stores a change that check allows, and adopts it.
func (d *Desk) change(ctx context.Context, by member.Actor, detail string, make func(rules *Policy) (Change, error)) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := make(d.shop.rules())
	if err != nil {
		return err
	}
	c.Actor, c.Detail = by.Account, detail
	if err := d.store.ChangeCatalogue(ctx, c, d.now()); err != nil {
		return fmt.Errorf("change what is for sale: %w", err)
	}
	if err := d.Load(ctx); err != nil {
		return err
	}
	return d.tell(ctx)
}

// SetSystem opens or closes the number systems of a country.
func (d *Desk) SetSystem(ctx context.Context, by member.Actor, s System) error {
	return d.change(ctx, by, "system "+s.Country, func(rules *Policy) (Change, error) {
		if rules.Plans.CallingCode(s.Country) == "" {
			return Change{}, badField("country", "Use the two-letter code of a country, as in KR.")
		}
		return Change{Systems: []System{s}}, nil
	})
}

func badField(name, text string) error {
	return fault.Fields(fault.Field{Name: name, Text: text})
}

// AddBlock takes a block into stock.
func (d *Desk) AddBlock(ctx context.Context, by member.Actor, b Block) (Block, error) {
	b.ID = ident.New("blk", d.now())
	err := d.change(ctx, by, "block "+b.Country+" "+b.Prefix, func(rules *Policy) (Change, error) {
		return Change{Blocks: []Block{b}}, rules.checkNew(&b)
	})
	return b, err
}

// Propose is a block for people that could be taken into a country's stock now:
// allowed, quiet on every telephone, and not there yet. found is false where
// the plan leaves none.
func (d *Desk) Propose(_ context.Context, by member.Actor, country string) (b Block, found bool, err error) {
	if err := by.OperatorOnly(); err != nil {
		return Block{}, false, err
	}
	rules := d.shop.rules()
	b = Block{Kind: numbering.Individual, Country: country}
	b.Prefix, b.Length, found = rules.Plans.SuggestBlock(country, append(d.centers(), country), func(prefix string, length int) bool {
		return rules.checkNew(&Block{Kind: numbering.Individual, Country: country, Prefix: prefix, Length: length}) != nil
	})
	return b, found, nil
}

// checkNew is the rules for a block that comes into stock.
func (p *Policy) checkNew(b *Block) error {
	b.Note = strings.TrimSpace(b.Note)
	if b.Kind != numbering.Individual && b.Kind != numbering.Company {
		return badField("kind", "Use individual or company.")
	}
	if utf8.RuneCountInString(b.Note) > 200 {
		return badField("note", "Use at most 200 letters.")
	}
	if err := p.checkBlock(*b); err != nil {
		return err
	}
	for _, x := range p.Blocks {
		if x.ID != b.ID && x.Kind == b.Kind && x.Country == b.Country && x.Length == b.Length &&
			(strings.HasPrefix(x.Prefix, b.Prefix) || strings.HasPrefix(b.Prefix, x.Prefix)) {
			return fault.New(fault.Conflict, "block_overlaps", "The block %s… of %d digits is in stock already, and the new one would share numbers with it. Choose another prefix, or open that one again.", x.Prefix, x.Length)
		}
	}
	return nil
}

// CloseBlock takes a block off sale, or puts it back.
func (d *Desk) CloseBlock(ctx context.Context, by member.Actor, id string, closed bool) error {
	return d.change(ctx, by, "close block "+id, func(rules *Policy) (Change, error) {
		for _, b := range rules.Blocks {
			if b.ID == id {
				if !closed {
					if err := rules.checkNew(&b); err != nil {
						return Change{}, err
					}
				}
				b.Closed = closed
				return Change{Blocks: []Block{b}}, nil
			}
		}
		return Change{}, fault.New(fault.Unknown, "block_unknown", "There is no block %s.", id)
	})
}

// SetPrice adds a rule, or replaces the one for the same block, country, kind
// and class.
func (d *Desk) SetPrice(ctx context.Context, by member.Actor, r PriceRule) error {
	return d.change(ctx, by, "price", func(rules *Policy) (Change, error) {
		for _, x := range []struct {
			name   string
			micros int64
		}{{"setup", r.Setup}, {"yearly", r.Yearly}} {
			if x.micros < 0 || x.micros > mostPrice {
				return Change{}, badField(x.name, "Use an amount from 0 to 1,000,000.")
			}
			if x.micros%minor != 0 {
				return Change{}, badField(x.name, "Use at most two decimals.")
			}
		}
		if r.Country != "" && rules.Plans.CallingCode(r.Country) == "" {
			return Change{}, badField("country", "Use the two-letter code of a country, as in KR.")
		}
		if r.Class != "" && !slices.Contains(PriceClasses(), r.Class) {
			return Change{}, badField("class", "Use plain, easy, premium or own.")
		}
		if r.Block != "" && !slices.ContainsFunc(rules.Blocks, func(b Block) bool { return b.ID == r.Block }) {
			return Change{}, badField("block", "There is no such block.")
		}
		c := Change{Prices: []PriceRule{r}}
		if len(rules.Prices) == 0 { // the first own rule: the default ones become own ones, or everything else would be free
			c.Prices = append(slices.DeleteFunc(DefaultPrices(), r.replaces), r)
		}
		c.Prices[len(c.Prices)-1].ID = ident.New("prc", d.now())
		for _, x := range rules.Prices {
			if r.replaces(x) {
				c.DropPrices = append(c.DropPrices, x.ID)
			}
		}
		return c, nil
	})
}

// mostPrice is the dearest a number may be; minor is the smallest step.
const (
	mostPrice = 1_000_000 * money.Micros
	minor     = money.Micros / 100
)

// replaces reports whether x is about the same numbers.
func (r PriceRule) replaces(x PriceRule) bool {
	return x.Block == r.Block && x.Country == r.Country && x.Kind == r.Kind && x.Class == r.Class
}

// KeepPrices makes the prices of a shop without rules of its own its own, so
// that they are seen and changed. With rules it changes nothing.
func (d *Desk) KeepPrices(ctx context.Context, by member.Actor) error {
	return d.change(ctx, by, "default prices", func(rules *Policy) (Change, error) {
		if len(rules.Prices) > 0 {
			return Change{}, nil
		}
		return Change{Prices: DefaultPrices()}, nil
	})
}

// DropPrice takes a rule away.
func (d *Desk) DropPrice(ctx context.Context, by member.Actor, id string) error {
	return d.change(ctx, by, "drop price "+id, func(rules *Policy) (Change, error) {
		if !slices.ContainsFunc(rules.Prices, func(r PriceRule) bool { return r.ID == id }) {
			return Change{}, fault.New(fault.Unknown, "price_unknown", "There is no price rule %s.", id)
		}
		if len(rules.Prices) == 1 {
			return Change{}, fault.New(fault.Conflict, "last_price", "This is the last price rule; without any, numbers would cost what the program thinks. Change it instead.")
		}
		return Change{DropPrices: []string{id}}, nil
	})
}

// Reserve keeps numbers from ever being sold: typed forms, or roots.
func (d *Desk) Reserve(ctx context.Context, by member.Actor, digits, why string) error {
	return d.change(ctx, by, "reserve "+digits, func(*Policy) (Change, error) {
		typed, err := numbering.ParseTyped(digits)
		if err != nil || typed.Kind != numbering.Digits {
			return Change{}, badField("digits", "Write the digits as they are typed, country code last, or a company's root.")
		}
		return Change{Reserved: []Reserved{{Digits: typed.Text, Why: strings.TrimSpace(why)}}}, nil
	})
}

// Unreserve takes a number off the list.
func (d *Desk) Unreserve(ctx context.Context, by member.Actor, digits string) error {
	return d.change(ctx, by, "unreserve "+digits, func(*Policy) (Change, error) { return Change{DropReserved: []string{digits}}, nil })
}

// AskPaper has buyers of a kind of number in a country show a document.
func (d *Desk) AskPaper(ctx context.Context, by member.Actor, p Paper) error {
	return d.change(ctx, by, "paper "+p.Name, func(rules *Policy) (Change, error) {
		p.Name = strings.TrimSpace(p.Name)
		if p.Name == "" || utf8.RuneCountInString(p.Name) > 100 {
			return Change{}, badField("name", "Write what the document is called, up to 100 letters.")
		}
		if rules.Plans.CallingCode(p.Country) == "" {
			return Change{}, badField("country", "Use the two-letter code of a country, as in KR.")
		}
		p.ID = ident.New("ppr", d.now())
		return Change{Papers: []Paper{p}}, nil
	})
}

// DropPaper asks for a document no more.
func (d *Desk) DropPaper(ctx context.Context, by member.Actor, id string) error {
	return d.change(ctx, by, "drop paper "+id, func(*Policy) (Change, error) { return Change{DropPapers: []string{id}}, nil })
}

// SetReview says which requests wait for a person.
func (d *Desk) SetReview(ctx context.Context, by member.Actor, r Review) error {
	return d.change(ctx, by, "review", func(*Policy) (Change, error) { return Change{Review: &r}, nil })
}

// Seed fills an empty catalogue, once.
func (d *Desk) Seed(ctx context.Context, c Catalogue) error {
	have, err := d.store.Catalogue(ctx)
	if err != nil || len(have.Systems) > 0 {
		return err
	}
	change := Change{Systems: c.Systems, Blocks: c.Blocks, Prices: c.Prices, Reserved: c.Reserved, Papers: c.Papers, Review: &c.Review, Actor: member.System().Account, Detail: "seed"}
	return d.store.ChangeCatalogue(ctx, change, d.now())
}
