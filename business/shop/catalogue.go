package shop

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Catalogue is what is for sale: the countries and their number systems, the
// blocks in stock, prices, what is reserved and what papers are asked for. It
// is a value: a change makes a new one, which the shop then adopts.
type Catalogue struct {
	Systems  []System
	Blocks   []Block
	Prices   []PriceRule
	Reserved []Reserved
	Papers   []Paper
	Review   Review
}

// System is the numbers of a country: people and companies have different
// ones, each opened and closed by itself (N3).
type System struct {
	Country    string // ISO
	Individual bool   // identification blocks and own telephones of people are sold
	OwnPhone   bool   // people may turn their own telephone number into a world number
	Company    bool
}

// Sells reports whether a kind of number is sold in the country.
func (s System) Sells(k numbering.Kind) bool {
	switch k {
	case numbering.Individual:
		return s.Individual
	case numbering.Company:
		return s.Company
	default:
		return false
	}
}

// PriceRule is what numbers of a country, a kind and a class cost. Empty
// fields match all; the rule that names most wins, a block before a country, a
// country before a kind, a kind before a class.
type PriceRule struct {
	ID      string
	Block   string // of one block alone
	Country string
	Kind    numbering.Kind
	Class   Class
	Setup   int64 // micros of the shop's currency, once
	Yearly  int64 // micros, each year
}

// weight orders the rules: what names more counts more.
func (r PriceRule) weight() (w int) {
	for _, named := range []bool{r.Block != "", r.Country != "", r.Kind != 0, r.Class != ""} {
		w <<= 1
		if named {
			w |= 1
		}
	}
	return w
}

func (r PriceRule) matches(block, country string, kind numbering.Kind, class Class) bool {
	return (r.Block == "" || r.Block == block) && (r.Country == "" || r.Country == country) &&
		(r.Kind == 0 || r.Kind == kind) && (r.Class == "" || r.Class == class)
}

// Reserved is a form that is never sold: the typed form of an individual
// number, or a company's root.
type Reserved struct {
	Digits string
	Why    string // for the operator
}

// Paper is a document that buyers of a kind of number in a country must show.
type Paper struct {
	ID      string
	Country string
	Kind    numbering.Kind
	Name    string // as the buyer reads it: "Extract from the register of companies"
}

// Review says which requests wait for a person.
type Review struct {
	Company bool
	Premium bool
}

// Class is how easy a number is to remember; prices follow it.
type Class string

// The classes.
const (
	Plain   Class = "plain"
	Easy    Class = "easy"    // ends in a doubled pair (4242), a mirrored one (4224) or three alike (4222)
	Premium Class = "premium" // ends in four alike or a run of four
	Own     Class = "own"     // somebody's own telephone number, whatever its digits
)

// Classes lists those of numbers in stock, the dearest last.
func Classes() []Class { return []Class{Plain, Easy, Premium} }

// PriceClasses lists those that have prices.
func PriceClasses() []Class { return append(Classes(), Own) }

// ClassOf is decided by the last four digits.
func ClassOf(national string) Class {
	if len(national) < 4 {
		return Plain
	}
	a, b, c, d := national[len(national)-4], national[len(national)-3], national[len(national)-2], national[len(national)-1]
	step := int(b) - int(a)
	switch {
	case step >= -1 && step <= 1 && int(c)-int(b) == step && int(d)-int(c) == step:
		return Premium
	case a == c && b == d, a == d && b == c, b == c && c == d:
		return Easy
	}
	return Plain
}

// classTails is every ending of four digits of each class, made once.
type classTails map[Class]map[string]bool

func newClassTails() classTails {
	t := classTails{}
	for _, c := range Classes() {
		t[c] = map[string]bool{}
	}
	for i := range 10_000 {
		tail := string([]byte{'0' + byte(i/1000), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)})
		c := ClassOf(tail)
		for n := 0; n <= 4; n++ { // beginnings too: a search asks before all digits are there
			t[c][tail[:n]] = true
		}
	}
	return t
}

// classFilter keeps numbers of a class while they are counted out.
type classFilter struct {
	tails map[string]bool
	short bool // whether numbers of less than four digits pass
}

func (f classFilter) feasible(digits []byte, more int) bool {
	if len(digits)+more < 4 {
		return f.short
	}
	if more >= 4 {
		return true
	}
	return f.tails[string(digits[len(digits)+more-4:])]
}

// Price is what a number costs, without tax.
type Price struct {
	Class  Class
	Setup  money.Amount
	Yearly money.Amount
	Set    bool // a rule says so; without one the number is not sold
}

// Today is what the buyer pays first: setup and the first year.
func (p Price) Today() money.Amount {
	return money.Amount{Currency: p.Setup.Currency, Micros: p.Setup.Micros + p.Yearly.Micros}
}

// DefaultPrices are the rules of a shop whose operator set none: an individual
// number 5.00, a company number 20.00, five times that where it is premium.
func DefaultPrices() []PriceRule {
	const unit = money.Micros
	return []PriceRule{
		{ID: "default-individual", Kind: numbering.Individual, Setup: 5 * unit},
		{ID: "default-individual-premium", Kind: numbering.Individual, Class: Premium, Setup: 25 * unit},
		{ID: "default-company", Kind: numbering.Company, Setup: 20 * unit},
		{ID: "default-company-premium", Kind: numbering.Company, Class: Premium, Setup: 100 * unit},
	}
}

// rulesOf is the rules a catalogue sells by.
func rulesOf(rules []PriceRule) []PriceRule {
	if len(rules) == 0 {
		rules = DefaultPrices()
	}
	return InOrder(rules)
}

// InOrder sorts price rules so that the first that matches decides.
func InOrder(rules []PriceRule) []PriceRule {
	out := slices.Clone(rules)
	slices.SortStableFunc(out, func(a, b PriceRule) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), strings.Compare(a.ID, b.ID))
	})
	return out
}

// Standing is how a sold number stands.
type Standing string

// The standings of a sold number.
const (
	InService   Standing = ""            // it rings
	Grace       Standing = "grace"       // the yearly fee is overdue; it still rings
	Suspended   Standing = "suspended"   // the operator stopped it: a dispute, abuse
	Unproved    Standing = "unproved"    // an own telephone that was not proved again: silent until it is
	Quarantined Standing = "quarantined" // given up or unpaid; it does not ring and is not sold yet
)

// Rings reports whether calls to the number are carried.
func (s Standing) Rings() bool { return s == InService || s == Grace }

// Note is what staff wrote about an order; buyers never see it.
type Note struct {
	Order string
	Actor string
	Name  string
	Text  string
	At    time.Time
}
