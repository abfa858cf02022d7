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
	Blocks    []Block  // what is in stock
	Reserved  []string // typed forms and roots that are never sold (operator's list)
	Service   []string // our own service and access numbers
	Review    bool     // company and premium numbers wait for a person
	Currency  money.Currency
}

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
//  2. The number is in stock, or its holder proved that it is his telephone.
//  3. A company root has at least five digits.
//  4. It is not on the operator's reserved list.
//  5. It can be confused with nothing (N4): held and sold numbers, emergency
//     and short codes, service numbers, what telephones here dial.
//  6. Company and premium numbers wait for review, where that is switched on.
func (p *Policy) judge(ctx context.Context, tx Claims, o *Order) (verdict, error) {
	for _, iso := range append([]string{o.Country}, o.Countries...) {
		if !slices.Contains(p.Countries, iso) {
			return rejected("country_closed", "%s has no communication center yet, so no number can be sold there. Choose one of %v.", iso, p.Countries), nil
		}
	}
	if v := p.offered(o); v.state == Rejected {
		return v, nil
	}
	typed := numbering.Forms(o.Number)[0]
	if slices.Contains(p.Reserved, typed) {
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
	case p.Review && (o.Number.Kind == numbering.Company || premium(o.Number.National)):
		return verdict{state: InReview, off: off, reason: fault.Reason{Code: "review", Text: "A person looks at this request. You get an answer within 5 days; the number is kept for you until then."}}, nil
	}
	if len(off) > 0 { // told before payment
		return verdict{state: Approved, off: off, reason: fault.Reason{Code: "typed_form_off", Text: fmt.Sprintf(
			"In %s the digits %s are an ordinary telephone number: there, people reach you as %s only.", strings.Join(off, ", "), typed, o.Number.Plus())}}, nil
	}
	return verdict{state: Approved, reason: p.warning(o.Number)}, nil
}

// offered checks rules 2 and 3.
func (p *Policy) offered(o *Order) verdict {
	if o.Number.Kind == numbering.Company && len(o.Number.National) < 5 {
		return rejected("root_short", "The root of a company number has at least 5 digits.")
	}
	if o.Proved {
		if o.Number.Kind == numbering.Individual && !p.Plans.Ownable(o.Number.CallingCode, o.Number.National) {
			return rejected("not_a_telephone", "%s is no fixed, mobile or VoIP number of %s.", o.Number.Plus(), o.Country)
		}
		return verdict{}
	}
	for _, b := range p.Blocks {
		if b.holds(o) {
			return verdict{}
		}
	}
	if o.Number.Kind == numbering.Individual && p.Plans.Ownable(o.Number.CallingCode, o.Number.National) {
		return rejected("proof_needed", "%s is an existing kind of telephone number. Only its holder can take it, after proving it by a call; that is not open yet. Choose a number from the list.", o.Number.Plus())
	}
	return rejected("not_in_stock", "%s is not for sale. Choose a number from the list.", o.Number.Display())
}

// warning is told with an approval (N7).
func (p *Policy) warning(n numbering.Number) fault.Reason {
	if code, iso, found := p.Plans.StartsWithEmergency(n, p.Countries); found {
		return fault.Reason{Code: "begins_like_emergency", Text: fmt.Sprintf(
			"%s begins like the emergency number %s of %s: a telephone that dials early may call it.", n.Display(), code, iso)}
	}
	return fault.Reason{}
}

// CheckBlocks refuses stock that the rules of N1 and N2 forbid.
func (p *Policy) CheckBlocks() error {
	for _, b := range p.Blocks {
		if b.Kind == numbering.Company {
			if b.Length < 5 || len(b.Prefix) > b.Length {
				return fault.New(fault.Invalid, "root_short", "The root range %s… of %d digits is not allowed: roots have at least 5 digits.", b.Prefix, b.Length)
			}
			continue
		}
		if err := p.Plans.CheckBlock(b.Country, b.Prefix, b.Length); err != nil {
			return err
		}
	}
	return nil
}

// Price is the rule of prices: what a number costs today and each year.
// An individual number is 5.00, a company number 20.00, five times that where
// it is easy to remember.
func (p *Policy) Price(n numbering.Number) Price {
	x := Price{Class: classOf(n), Setup: money.Of(p.Currency, 5, 0)}
	if n.Kind == numbering.Company {
		x.Setup = money.Of(p.Currency, 20, 0)
	}
	if x.Class == Premium {
		x.Setup.Micros *= 5
	}
	x.Yearly.Currency = p.Currency
	return x
}

func classOf(n numbering.Number) Class {
	if premium(n.National) {
		return Premium
	}
	return Plain
}

// Price is what a number costs, without tax.
type Price struct {
	Class  Class
	Setup  money.Amount
	Yearly money.Amount
}

// Today is what the buyer pays first: setup and the first year.
func (p Price) Today() money.Amount {
	return money.Amount{Currency: p.Setup.Currency, Micros: p.Setup.Micros + p.Yearly.Micros}
}

// premium reports numbers that are easy to remember: the last four digits
// alike, or a run up or down.
func premium(national string) bool {
	if len(national) < 4 {
		return false
	}
	tail := national[len(national)-4:]
	step := int(tail[1]) - int(tail[0])
	if step < -1 || step > 1 {
		return false
	}
	for i := 1; i < len(tail); i++ {
		if int(tail[i])-int(tail[i-1]) != step {
			return false
		}
	}
	return true
}
