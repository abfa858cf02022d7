// Package bundle is packages of minutes: what the operator sells, what members
// bought of it, and which of it pays for a call. People read “package”.
//
// What a package holds, covers and costs never changes once it is made: what a
// call used, and what was paid, can always be explained by it. What is bought is
// an allowance of seconds for one period; [charging] draws calls from it, and what
// is used and held of it together is never more than there is.
//
// [charging]: https://pkg.go.dev/github.com/callisto-tel/callisto/business/charging
package bundle

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
)

// State is what may be done with a package.
type State string

// The states.
const (
	OnSale State = "sale"  // members may buy it
	Kept   State = "kept"  // nobody buys it any more; who has it renews it
	Ended  State = "ended" // neither
)

// Bounds of packages.
const (
	MostMinutes  = 1_000_000
	MostDays     = 366
	MostPrefixes = 500
	mostName     = 60
	MostLive     = 20 // allowances of an account at once
)

// Package is what is sold.
type Package struct {
	ID       string
	Name     string
	Names    map[string]string // by language, where it has another
	Price    money.Amount      // without tax
	Seconds  int64
	Prefixes Prefixes
	Days     int  // it holds for so long; 0: a month by the calendar
	Renews   bool // by itself, until its holder stops it
	State    State
	Created  time.Time
	Changed  time.Time
}

// NameIn is its name in a language.
func (p *Package) NameIn(language string) string { return cmp.Or(p.Names[language], p.Name) }

// Prefixes are the telephone numbers that a package is for: digits they begin
// with, of which the longest counts. With a minus in front, these are not
// covered; "" is all.
type Prefixes []string

// Covers finds the prefix by which a number, with or without its +, is covered.
func (p Prefixes) Covers(e164 string) (prefix string, covered bool) {
	e164 = strings.TrimPrefix(e164, "+")
	longest := -1
	for _, x := range p {
		digits, not := strings.CutPrefix(x, "-")
		if len(digits) > longest && strings.HasPrefix(e164, digits) {
			longest, prefix, covered = len(digits), digits, !not
		}
	}
	return prefix, covered
}

// TopicPaper is what was bought and has no invoice yet.
const TopicPaper = "package_paper"

// Allowance is what somebody bought of a package, for one period.
type Allowance struct {
	ID       string
	Purchase string // the ID of the first period
	Period   int    // 0 is the first
	Account  string
	Package  string
	Name     string // of the package
	Names    map[string]string
	Prefixes Prefixes
	Net      money.Amount
	Tax      shop.Tax
	Anchor   time.Time // from which its periods are counted,
	Step     int       // and how many have passed since
	Begins   time.Time
	Ends     time.Time
	Total    int64 // seconds
	Used     int64
	Held     int64 // for calls under way
	Earned   int64 // of Net
	Looked   int64 // the day on which what was earned was booked last
	Told     int   // percent of which the holder was told that they are used
	Quiet    bool  // he does not want to be told
	Renews   bool
	Closed   bool // it is over, and all of it is booked
}

// NameIn is its name in a language.
func (a *Allowance) NameIn(language string) string { return cmp.Or(a.Names[language], a.Name) }

// Available is what calls can still have.
func (a *Allowance) Available() int64 { return a.Total - a.Used - a.Held }

// Left is what was not used, held or not.
func (a *Allowance) Left() int64 { return a.Total - a.Used }

// Live reports whether calls may begin on it at an instant.
func (a *Allowance) Live(at time.Time) bool { return !a.Begins.After(at) && a.Ends.After(at) }

// Price is what its holder paid, with tax.
func (a *Allowance) Price() money.Amount {
	return money.Amount{Currency: a.Net.Currency, Micros: a.Net.Micros + a.Tax.Micros}
}

// Pick lists which allowances pay for a call to a number, in the order they are
// used: the one that ends first, and of those that end together the one for the
// fewest numbers.
func Pick(list []Allowance, e164 string) []Allowance {
	type found struct {
		Allowance
		prefix int
	}
	var all []found
	for i := range list {
		if prefix, covered := list[i].Prefixes.Covers(e164); covered {
			all = append(all, found{list[i], len(prefix)})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(a.Ends.Compare(b.Ends), cmp.Compare(b.prefix, a.prefix), cmp.Compare(a.ID, b.ID))
	})
	out := make([]Allowance, len(all))
	for i := range all {
		out[i] = all[i].Allowance
	}
	return out
}

// Available is what there is in some of them together.
func Available(list []Allowance) (n int64) {
	for i := range list {
		n += max(0, list[i].Available())
	}
	return n
}

// Hold is seconds of an allowance that are promised to a call.
type Hold struct {
	Hold      string // its id, also of the money for it
	Allowance string
	Account   string
	Turn      int // in which they are used
	Seconds   int64
	Owner     string // the process that settles it
	Expires   time.Time
}

// ends is when the period of a package is over that begins at an anchor, or some
// periods later: a month ends on the same day of the next one, or on its last.
func ends(anchor time.Time, days, step int) time.Time {
	if days > 0 {
		return anchor.AddDate(0, 0, days*step)
	}
	y, m, d := anchor.Date()
	first := time.Date(y, m+time.Month(step), 1, 0, 0, 0, 0, anchor.Location())
	last := first.AddDate(0, 1, -1).Day()
	clock := anchor.Sub(time.Date(y, m, d, 0, 0, 0, 0, anchor.Location()))
	return first.AddDate(0, 0, min(d, last)-1).Add(clock)
}
