package shop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Policy is everything that decides whether a request is approved, in one
// place (S3). Change it here and nowhere else.
type Policy struct {
	Plans     *numbering.Plans
	Countries []string // with a center, in the order people see them
	Service   []string // our own service and access numbers
	Currency  money.Currency
	URL       string // how people reach the pages, for links in letters
	// Buyer says why an account may not order, if so. May be nil.
	Buyer    func(ctx context.Context, account string) error
	Taxes    Taxes         // nil: none
	Withdraw time.Duration // how long a buyer may withdraw; zero is WithdrawFor, below zero not at all
	// Proved reports whether an account has proved a telephone for a kind of
	// number; nil: nobody can.
	Proved func(ctx context.Context, account, e164 string, kind numbering.Kind) (bool, error)
	Catalogue

	prices   []PriceRule
	reserved map[string]string
	systems  map[string]System
	tails    classTails
}

// with returns the policy over another catalogue and other countries, ready
// to be asked.
func (p Policy) with(countries []string, c Catalogue) *Policy {
	p.Countries, p.Catalogue = countries, c
	p.prices, p.reserved, p.systems = rulesOf(c.Prices), map[string]string{}, map[string]System{}
	for _, r := range c.Reserved {
		p.reserved[r.Digits] = r.Why
	}
	for _, s := range c.Systems {
		p.systems[s.Country] = s
	}
	if p.tails == nil {
		p.tails = newClassTails()
	}
	p.Blocks = slices.Clone(c.Blocks)
	for i := range p.Blocks {
		if err := p.checkBlock(p.Blocks[i]); err != nil {
			p.Blocks[i].Fault = fault.ReasonOf(err).Text
		}
	}
	return &p
}

// MostRefused is how many requests of one account may be refused within an
// hour and within a day: who asks on and on learns which numbers are taken,
// and each answer is a stored order.
const (
	MostRefusedHour = 30
	MostRefusedDay  = 100
)

// verdict is what the policy says to a request.
type verdict struct {
	state  State // Approved, Rejected or InReview
	reason fault.Reason
	off    []string
}

// keep is how long the number is held.
func (v verdict) keep() time.Duration {
	if v.state == InReview {
		return ReviewFor
	}
	return HoldFor
}

func rejected(code, text string, args ...any) verdict {
	return verdict{state: Rejected, reason: fault.Reason{Code: code, Text: fmt.Sprintf(text, args...)}}
}

// judge applies the rules in order; the first that refuses decides.
//
//  1. The country has a center, and so has every country of a company.
//  2. The kind of number is sold there.
//  3. The number is in stock, or its holder proved that it is his telephone;
//     and a price rule covers it.
//  4. A company root has at least five digits.
//  5. It is not on the operator's reserved list.
//  6. It can be confused with nothing (N4): held and sold numbers, emergency
//     and short codes, service numbers, what telephones here dial.
//  7. Where the operator asks for papers, or has company or premium numbers
//     looked at, a person decides.
func (p *Policy) judge(ctx context.Context, tx Claims, o *Order) (verdict, error) {
	for _, iso := range append([]string{o.Country}, o.Countries...) {
		if !slices.Contains(p.Countries, iso) {
			return rejected("country_closed", "%s has no communication center yet, so no number can be sold there. Choose one of %s.", iso, strings.Join(p.Countries, ", ")), nil
		}
		if !p.systems[iso].Sells(o.Number.Kind) {
			return rejected("system_closed", "Numbers of this kind are not sold in %s at present. Choose another country.", iso), nil
		}
	}
	if v := p.offered(o); v.state == Rejected {
		return v, nil
	}
	if !p.orderPrice(o.Country, o.Number).Set {
		return rejected("no_price", "%s is not for sale. Choose a number from the list.", o.Number.Display()), nil
	}
	typed := numbering.Forms(o.Number)[0]
	if _, is := p.reserved[typed]; is {
		return rejected("reserved", "%s is reserved. Choose another number.", o.Number.Display()), nil
	}
	var failed error
	reason, off, refused := p.Plans.Refuse(o.Number, numbering.Grounds{
		Countries: p.Countries, Proved: o.Proved,
		Service: func(digits string) bool { return slices.Contains(p.Service, digits) },
		Claimed: func(form string) (numbering.Number, bool) {
			n, taken, err := tx.Claimed(ctx, form)
			if err != nil {
				failed = err
			}
			return n, taken
		},
	})
	switch {
	case failed != nil:
		return verdict{}, failed
	case refused:
		return verdict{state: Rejected, reason: reason}, nil
	case len(p.papersFor(o)) > 0:
		return verdict{state: InReview, off: off, reason: fault.Reason{Code: "papers", Text: "Papers are needed for this number: add them to the order. A person then looks at it, within 5 days; the number is kept for you until then."}}, nil
	case p.Review.Company && o.Number.Kind == numbering.Company, p.Review.Premium && o.Class == Premium:
		return verdict{state: InReview, off: off, reason: fault.Reason{Code: "review", Text: "A person looks at this request. You get an answer within 5 days; the number is kept for you until then."}}, nil
	}
	if len(off) > 0 { // told before payment
		other := o.Number.Plus()
		if o.Number.Kind == numbering.Company {
			other = o.Number.Display()
		}
		return verdict{state: Approved, off: off, reason: fault.Reason{Code: "typed_form_off", Text: fmt.Sprintf(
			"In %s the digits %s are an ordinary telephone number: there, people reach you as %s only.", strings.Join(off, ", "), typed, other)}}, nil
	}
	return verdict{state: Approved, reason: p.warning(o.Number)}, nil
}

// offered checks rules 2 and 3.
func (p *Policy) offered(o *Order) verdict {
	if o.Number.Kind == numbering.Company && len(o.Number.National) < 5 {
		if reason, code := p.Plans.RefuseCode(o.Number.National, o.Country); code {
			return verdict{state: Rejected, reason: reason}
		}
		return rejected("root_short", "The root of a company number has at least 5 digits.")
	}
	if o.Proved {
		if o.Number.Kind == numbering.Individual && !p.systems[o.Country].OwnPhone {
			return p.ownPhonesClosed(o)
		}
		if !p.Plans.Ownable(o.Number.CallingCode, o.Number.National) {
			return rejected("not_a_telephone", "%s is no fixed, mobile or VoIP number of %s.", numbering.Spaced(o.telephone()), o.Country)
		}
		return verdict{}
	}
	if p.blockOf(o.Country, o.Number) != nil {
		return verdict{}
	}
	if reason, code := p.Plans.RefuseCode(o.Number.National, o.Country); code {
		return verdict{state: Rejected, reason: reason}
	}
	if own := p.Plans.Ownable(o.Number.CallingCode, o.Number.National); own && o.Number.Kind == numbering.Individual && !p.systems[o.Country].OwnPhone {
		return p.ownPhonesClosed(o)
	} else if own {
		return rejected("proof_needed", "%s is an existing kind of telephone number, and only its holder can take it. If it is yours, prove it by a call, then ask again. Else choose a number from the list.", numbering.Spaced(o.telephone()))
	}
	return rejected("not_in_stock", "%s is not for sale. Choose a number from the list.", o.Number.Display())
}

func (p *Policy) ownPhonesClosed(o *Order) verdict {
	return rejected("own_phone_closed", "%s is an existing kind of telephone number, and those are not taken in %s at present. Choose a number from the list.", numbering.Spaced(o.telephone()), o.Country)
}

// prove notes whether the buyer has proved that the number is his own telephone.
// What is in stock is nobody's.
func (p *Policy) prove(ctx context.Context, o *Order) (err error) {
	if p.Proved != nil && p.blockOf(o.Country, o.Number) == nil && p.Plans.Ownable(o.Number.CallingCode, o.Number.National) {
		o.Proved, err = p.Proved(ctx, o.Account, o.telephone(), o.Number.Kind)
	}
	return err
}

// telephone is the ordinary telephone number that an own number or root was.
func (o *Order) telephone() string { return "+" + o.Number.CallingCode + o.Number.National }

// warning is told with an approval (N7).
func (p *Policy) warning(n numbering.Number) fault.Reason {
	if code, iso, found := p.Plans.StartsWithEmergency(n, p.Countries); found {
		return fault.Reason{Code: "begins_like_emergency", Text: fmt.Sprintf(
			"%s begins like the emergency number %s of %s: a telephone that dials early may call it.", n.Display(), code, iso)}
	}
	return fault.Reason{}
}

// papersFor lists what the buyer has to show.
func (p *Policy) papersFor(o *Order) (out []Paper) {
	for _, x := range p.Papers {
		if x.Kind == o.Number.Kind && (x.Country == o.Country || slices.Contains(o.Countries, x.Country)) {
			out = append(out, x)
		}
	}
	return out
}

// blockOf finds the block on sale that holds a number.
func (p *Policy) blockOf(country string, n numbering.Number) *Block {
	for i := range p.Blocks {
		if b := &p.Blocks[i]; b.onSale() && b.holds(country, n) {
			return b
		}
	}
	return nil
}

// checkBlock refuses stock that the rules of N1 and N2 forbid.
func (p *Policy) checkBlock(b Block) error {
	if b.Kind == numbering.Company {
		if b.Length < 5 || b.Length > 15 || len(b.Prefix) > b.Length || b.Prefix == "" || strings.Trim(b.Prefix, "0123456789") != "" {
			return fault.New(fault.Invalid, "root_short", "The root range %s… of %d digits is not allowed: roots have 5 to 15 digits, and a prefix no longer than that.", b.Prefix, b.Length)
		}
		if p.Plans.CallingCode(b.Country) == "" {
			return fault.New(fault.Invalid, "country_unknown", "%q is no country with a numbering plan.", b.Country)
		}
		return nil
	}
	return p.Plans.CheckBlock(b.Country, b.Prefix, b.Length)
}

// Price is what a number costs today and each year: the most particular rule
// decides.
func (p *Policy) Price(country string, n numbering.Number) Price {
	block := ""
	if b := p.blockOf(country, n); b != nil {
		block = b.ID
	}
	return p.price(block, country, n)
}

func (p *Policy) price(block, country string, n numbering.Number) Price {
	return p.classPrice(block, country, n.Kind, ClassOf(n.National))
}

// ownPrice is what somebody's own telephone number costs him: he had its easy
// digits before. The rules of the class own decide; without one it is plain.
func (p *Policy) ownPrice(country string, kind numbering.Kind) Price {
	for _, r := range p.prices {
		if r.Class == Own && r.matches("", country, kind, Own) {
			return p.priced(r, Own)
		}
	}
	x := p.classPrice("", country, kind, Plain)
	x.Class = Own
	return x
}

// orderPrice is the price of an order: what is in nobody's stock and an
// existing kind of telephone number is its holder's own.
func (p *Policy) orderPrice(country string, n numbering.Number) Price {
	if p.blockOf(country, n) == nil && p.Plans.Ownable(n.CallingCode, n.National) {
		return p.ownPrice(country, n.Kind)
	}
	return p.Price(country, n)
}

// renewal is what a sold number costs for another year by today's rules, its
// block on sale or not; where no rule covers it, as much as the year before.
func (p *Policy) renewal(o *Order) int64 {
	x := Price{}
	if o.Proved {
		x = p.ownPrice(o.Country, o.Number.Kind)
	} else {
		block := ""
		for i := range p.Blocks {
			if p.Blocks[i].holds(o.Country, o.Number) {
				block = p.Blocks[i].ID
			}
		}
		x = p.price(block, o.Country, o.Number)
	}
	if !x.Set || x.Yearly.Currency != o.AmountDue.Currency {
		return o.Fee
	}
	return x.Yearly.Micros
}

func (p *Policy) priced(r PriceRule, class Class) Price {
	in := func(micros int64) money.Amount { return money.Amount{Currency: p.Currency, Micros: micros} }
	return Price{Class: class, Setup: in(r.Setup), Yearly: in(r.Yearly), Set: true}
}

func (p *Policy) classPrice(block, country string, kind numbering.Kind, class Class) Price {
	for _, r := range p.prices {
		if r.matches(block, country, kind, class) {
			return p.priced(r, class)
		}
	}
	return Price{Class: class, Setup: money.Amount{Currency: p.Currency}, Yearly: money.Amount{Currency: p.Currency}}
}
