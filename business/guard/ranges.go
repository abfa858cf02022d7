package guard

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/table"
)

// Range is a destination that is closed until its caller opens it: numbers that
// are dear, or that fraud leads to.
type Range struct {
	Prefix  string // digits, E.164 without +
	Country string // ISO code; "" of no country
	Kind    Kind
	Never   bool   // nobody opens it
	Note    string // for people
}

// Kind is why a destination is closed.
type Kind string

// The kinds.
const (
	Satellite Kind = "satellite"
	Premium   Kind = "premium"
	Personal  Kind = "personal"  // personal numbers and pagers
	Caribbean Kind = "caribbean" // looks like a domestic call of North America
	Network   Kind = "network"   // of one carrier
	Abused    Kind = "abused"    // fraud shares its revenue
	Other     Kind = "other"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Satellite, Premium, Personal, Caribbean, Network, Abused, Other} }

// Bounds of a list.
const (
	MostList   = 2 << 20 // bytes
	mostRanges = 20_000
	mostDigits = 15
	mostNote   = 200
	mostWrong  = 20 // lines that are named
)

// ranges is the list that a new house begins with, as CSV.
//
//go:embed ranges.csv
var ranges string

// List is the closed destinations: built once, then read by many.
type List struct {
	All []Range // by prefix
	at  map[string]int
}

// NewList makes a list of ranges, of which no two have the same prefix.
func NewList(all []Range) *List {
	l := &List{All: slices.Clone(all), at: make(map[string]int, len(all))}
	slices.SortFunc(l.All, func(a, b Range) int { return cmp.Compare(a.Prefix, b.Prefix) })
	for i := range l.All {
		l.at[l.All[i].Prefix] = i
	}
	return l
}

// Find is the range with the longest prefix of a number, E.164 without +. A range
// that is never opened holds also where a longer prefix is in the list.
func (l *List) Find(digits string) (found Range, closed bool) {
	for n := 1; n <= min(len(digits), mostDigits); n++ {
		if i, ok := l.at[digits[:n]]; ok && (!found.Never || l.All[i].Never) {
			found, closed = l.All[i], true
		}
	}
	return found, closed
}

// Get is the range of a prefix.
func (l *List) Get(prefix string) (Range, bool) {
	i, ok := l.at[prefix]
	if !ok {
		return Range{}, false
	}
	return l.All[i], true
}

// opened reports whether one of what an account has opened opens a range: its
// country, it, or a wider one.
func (r Range) opened(by []string) bool {
	for _, what := range by {
		if what == r.Country && what != "" || what != "" && what[0] == '+' && strings.HasPrefix(r.Prefix, what[1:]) {
			return true
		}
	}
	return false
}

// ReadRanges reads a list as CSV: prefix, and if there are such columns the
// country, the kind, whether it is never opened, and a note. Every line that
// cannot be read is named, up to twenty of them.
func ReadRanges(text string) (*List, error) {
	if len(text) > MostList {
		return nil, fault.New(fault.Invalid, "ranges_large", "The list is larger than 2 MB. Leave out what is no destination.")
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, fault.New(fault.Invalid, "ranges_text", "The list is no text in UTF-8. Save it as CSV in UTF-8.")
	}
	text = table.Plain(text)
	r := rangeReader{separator: table.Separator(text), columns: [5]int{0, 1, 2, 3, 4}, lines: map[string]int{}}
	n, first := 0, true
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		if n++; strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !first || !r.heading(line) {
			r.read(n, line)
		}
		if first = false; len(r.out) > mostRanges {
			return nil, fault.New(fault.Invalid, "ranges_many", "A list has at most %d destinations.", mostRanges)
		}
	}
	if len(r.wrong) > 0 {
		return nil, fault.New(fault.Invalid, "ranges_file", "Some lines cannot be read; nothing was changed.").WithFields(r.wrong...)
	}
	if len(r.out) == 0 {
		return nil, fault.New(fault.Invalid, "ranges_empty", "There is no destination in this list. Write at least one prefix.")
	}
	return NewList(r.out), nil
}

// rangeReader is a list that is being read.
type rangeReader struct {
	separator rune
	columns   [5]int // of prefix, country, kind, never, note; below zero: there is none
	out       []Range
	lines     map[string]int
	wrong     []fault.Field
}

func (r *rangeReader) fault(n int, text string) {
	if len(r.wrong) < mostWrong {
		r.wrong = append(r.wrong, fault.Field{Name: fmt.Sprintf("line %d", n), Text: text})
	}
}

// heading takes the columns from a first line that names the prefix.
func (r *rangeReader) heading(line string) bool {
	cells, err := table.Cells(strings.ToLower(line), r.separator)
	if err != nil || !slices.Contains(cells, "prefix") {
		return false
	}
	for i, name := range [...]string{"prefix", "country", "kind", "never", "note"} {
		r.columns[i] = slices.Index(cells, name)
	}
	return true
}

func (r *rangeReader) read(n int, line string) {
	cells, err := table.Cells(line, r.separator)
	cell := func(i int) string {
		if at := r.columns[i]; at >= 0 && at < len(cells) {
			return cells[at]
		}
		return ""
	}
	x := Range{Prefix: strings.TrimPrefix(strings.ReplaceAll(cell(0), " ", ""), "+"), Country: strings.ToUpper(cell(1)), Kind: Kind(strings.ToLower(cell(2))), Note: cell(4)}
	switch strings.ToLower(cell(3)) {
	case "", "no", "0", "false":
	case "yes", "1", "true", "never":
		x.Never = true
	default:
		r.fault(n, "The column never is yes or no.")
		return
	}
	if x.Kind == "" {
		x.Kind = Other
	}
	switch {
	case err != nil || len(x.Prefix) < 1 || len(x.Prefix) > mostDigits || strings.Trim(x.Prefix, "0123456789") != "" || x.Prefix[0] == '0':
		r.fault(n, "Write the beginning of the numbers in digits, as in 8816.")
	case x.Country != "" && (len(x.Country) != 2 || strings.Trim(x.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != ""):
		r.fault(n, "The country is a code of two letters, as LV, or nothing.")
	case !slices.Contains(Kinds(), x.Kind):
		r.fault(n, "The kind is satellite, premium, personal, caribbean, network, abused or other.")
	case utf8.RuneCountInString(x.Note) > mostNote:
		r.fault(n, "A note has at most 200 letters.")
	case r.lines[x.Prefix] > 0:
		r.fault(n, fmt.Sprintf("%q stands in line %d already.", x.Prefix, r.lines[x.Prefix]))
	default:
		r.lines[x.Prefix] = n
		r.out = append(r.out, x)
	}
}

// CSV writes a list as ReadRanges reads it.
func (l *List) CSV() string {
	var b strings.Builder
	b.WriteString("prefix,country,kind,never,note\n")
	for _, r := range l.All {
		never := "no"
		if r.Never {
			never = "yes"
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s,%s\n", r.Prefix, r.Country, r.Kind, never, quoted(r.Note))
	}
	return b.String()
}

// quoted is a cell as it stands in a list. One that a spreadsheet would reckon
// with is written so that it does not.
func quoted(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t", rune(s[0])) {
		s = " " + s
	}
	if strings.ContainsAny(s, "\",;\n\t") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// Change is one line that a new list changes.
type Change struct {
	What     string // added, removed, changed
	Old, New Range
}

// Changes are what is different in a new list, by prefix.
func (l *List) Changes(next *List) (list []Change) {
	for _, x := range next.All {
		switch old, had := l.Get(x.Prefix); {
		case !had:
			list = append(list, Change{What: "added", New: x})
		case old != x:
			list = append(list, Change{What: "changed", Old: old, New: x})
		}
	}
	for _, x := range l.All {
		if _, has := next.Get(x.Prefix); !has {
			list = append(list, Change{What: "removed", Old: x})
		}
	}
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Compare(cmp.Or(a.New.Prefix, a.Old.Prefix), cmp.Or(b.New.Prefix, b.Old.Prefix))
	})
	return list
}
