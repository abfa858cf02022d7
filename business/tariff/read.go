package tariff

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/table"
)

// MostBytes bounds a file, and mostLine a line of it.
const (
	MostBytes   = 64 << 20
	mostLine    = 16 << 10
	mostColumns = 200
	mostWrong   = 20
)

// Form is what is said of a list beside its file.
type Form struct {
	Currency money.Currency
	Bands    []rating.Band
}

func bad(field, text string) error {
	return fault.New(fault.Invalid, "deck_"+field, text).WithFields(fault.Field{Name: field, Text: text})
}

// Read reads a list as CSV, one destination a line, separated by commas,
// semicolons or tabs: the prefix and the price a minute, and what else its
// heading names. Prices are as they are written in any country, with the list's
// currency or none. Every line that cannot be read is named.
func Read(text string, f Form) (*List, error) {
	text, err := plain(text)
	if err != nil {
		return nil, err
	}
	r := reader{form: f, separator: table.Separator(text), list: &List{Bands: f.Bands}, slashes: strings.NewReplacer("+", "/", "-", "/", ":", "/", " ", "")}
	r.list.rows = make([]row, 0, min(MostRows, strings.Count(text, "\n")+1))
	r.usual()
	n, first := uint32(0), true
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		if len(line) > mostLine {
			r.fault(n, "The line is longer than a line of a price list can be.")
		} else if heading := first && (r.heading(line) || !strings.ContainsAny(line, "0123456789")); !heading {
			r.read(n, line)
		}
		first = false
		if r.list.Len() > MostRows {
			return nil, fault.New(fault.Invalid, "rates_many", "At most %d destinations.", MostRows)
		}
	}
	r.settle()
	r.list.sort()
	r.twice()
	if len(r.wrong) > 0 {
		return nil, fault.New(fault.Invalid, "rates_file", "Some lines cannot be read; nothing was changed.").WithFields(r.wrong...)
	}
	return r.list, nil
}

// plain is a text without its mark of Excel. What Excel writes in UTF-16, or in
// the letters of a western country, is read too.
func plain(text string) (string, error) {
	if big := strings.HasPrefix(text, "\xfe\xff"); big || strings.HasPrefix(text, "\xff\xfe") {
		text = fromUTF16(text[2:], big)
	}
	text = table.Plain(text)
	if strings.IndexByte(text, 0) >= 0 {
		return "", fault.New(fault.Invalid, "rates_text", "The file is no text. Save it from the spreadsheet as CSV and import that.")
	}
	if !utf8.ValidString(text) {
		var b strings.Builder
		b.Grow(len(text) + len(text)/8)
		for i := range len(text) {
			b.WriteRune(rune(text[i]))
		}
		text = b.String()
	}
	return text, nil
}

func fromUTF16(text string, big bool) string {
	units := make([]uint16, len(text)/2)
	for i := range units {
		a, b := uint16(text[2*i]), uint16(text[2*i+1])
		if !big {
			a, b = b, a
		}
		units[i] = a<<8 | b
	}
	return string(utf16.Decode(units))
}

// What a column says, and the names it may have: in lower case, with spaces.
const (
	cPrefix = iota
	cPrice
	cConnect
	cSteps
	cFirst
	cNext
	cFree
	cBand
	cFrom
	columns
)

func columnNames() [columns][]string {
	return [columns][]string{
		{"prefix", "code", "dial code", "destination code", "area code", "destination prefix", "dial prefix", "vorwahl", "präfix", "prefijo", "préfixe", "indicatif", "국가번호", "번호", "区号", "前缀", "国番号", "المفتاح"},
		{"price", "rate", "price a minute", "rate a minute", "price per minute", "rate per minute", "price/min", "rate/min", "price / min", "rate / min", "cost", "preis", "minutenpreis", "precio", "prix", "tarif", "tarifa", "요금", "단가", "价格", "费率", "料金", "السعر"},
		{"connect", "connection fee", "connect fee", "connection charge", "connection cost", "setup fee", "setup", "call fee", "fee", "verbindungsgebühr"},
		{"increments", "increment", "billing increment", "billing increments", "billing", "interval", "intervals", "pulse", "rounding", "taktung", "takt"},
		{"first", "first increment", "initial increment", "first step", "minimum", "minimum time", "minimum duration", "min duration", "interval 1", "first interval", "initial interval"},
		{"next", "next increment", "subsequent increment", "additional increment", "next step", "interval n", "next interval", "subsequent interval"},
		{"free", "free seconds", "free time", "grace", "grace period", "grace time"},
		{"band", "time band", "period", "time period", "time class", "timeband"},
		{"from", "effective", "effective date", "valid from", "start date", "effective from", "gültig ab", "effective day"},
	}
}

// reader is a list that is being read.
type reader struct {
	form      Form
	separator rune
	slashes   *strings.Replacer
	at        [columns]int // where each column is; -1: nowhere
	least     int          // cells a line has at least
	headed    bool
	list      *List
	cells     []string
	wrong     []fault.Field
	marks     [2]bool // a price had a decimal point, a decimal comma
	open      []doubt
}

// doubt is a price that is one amount with a decimal mark, and another with
// thousands set apart: what the other prices of the list have says which.
type doubt struct {
	line    uint32
	at      int // among the rows
	connect bool
	price   string
}

func (r *reader) fault(line uint32, text string) {
	if len(r.wrong) < mostWrong {
		r.wrong = append(r.wrong, fault.Field{Name: fmt.Sprintf("line %d", line), Text: text})
	}
}

// usual has prefix and price stand first.
func (r *reader) usual() {
	for i := range r.at {
		r.at[i] = -1
	}
	r.at[cPrefix], r.at[cPrice], r.least = 0, 1, 2
}

// split finds the cells of a line. It keeps to the memory it has.
func (r *reader) split(line string) bool {
	r.cells = r.cells[:0]
	line = strings.TrimSuffix(line, "\r")
	if strings.IndexByte(line, '"') >= 0 {
		if strings.Count(line, string(r.separator)) > mostColumns {
			return false
		}
		cells, err := table.Cells(line, r.separator)
		r.cells = append(r.cells, cells...)
		return err == nil
	}
	for cell := range strings.SplitSeq(line, string(r.separator)) {
		if len(r.cells) == mostColumns {
			return false
		}
		r.cells = append(r.cells, strings.TrimSpace(cell))
	}
	return true
}

// heading takes the columns from a first line that names them.
func (r *reader) heading(line string) bool {
	if !r.split(line) {
		return false
	}
	cells := slices.Clone(r.cells)
	for i := range cells {
		cells[i] = strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(cells[i]))
	}
	found := [columns]int{}
	for c, names := range columnNames() {
		found[c] = -1
		for _, name := range names { // the plainest name of the list first
			if found[c] = slices.Index(cells, name); found[c] >= 0 {
				break
			}
		}
	}
	if found[cPrefix] < 0 || found[cPrice] < 0 {
		return false
	}
	r.at, r.headed = found, true
	r.least = max(found[cPrefix], found[cPrice]) + 1
	return true
}

func (r *reader) cell(column int) string {
	if at := r.at[column]; at >= 0 && at < len(r.cells) {
		return r.cells[at]
	}
	return ""
}

const badRate = "Write the beginning of the number and the price, as in 8210,0.035 or 8210;0,035."

func (r *reader) read(n uint32, line string) {
	if !r.split(line) || len(r.cells) < r.least || !r.headed && len(r.cells) > r.least || r.cell(cPrice) == "" { // no price is not free
		r.fault(n, badRate)
		return
	}
	x := row{line: n}
	var ok bool
	if x.key, ok = prefix(r.cell(cPrefix)); !ok {
		r.fault(n, badRate)
		return
	}
	var p rating.Price
	if p.Minute, ok = r.money(n, cPrice); !ok {
		return
	}
	if r.cell(cConnect) != "" {
		if p.Connect, ok = r.money(n, cConnect); !ok {
			return
		}
	}
	if text := r.more(&x, &p); text != "" {
		r.fault(n, text)
		return
	}
	r.list.add(x, p)
}

// prefix reads the beginning of a number, as it may be written.
func prefix(s string) (uint64, bool) {
	s = strings.TrimPrefix(s, "+")
	k, n := uint64(0), 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ' || c == '-':
		case c < '0' || c > '9' || n == rating.MaxPrefix:
			return 0, false
		default:
			k = k*11 + uint64(c-'0') + 1
			n++
		}
	}
	for ; n < rating.MaxPrefix; n++ {
		k *= 11
	}
	return k, true
}

// more reads what else a line says of a price; it returns what is wrong.
func (r *reader) more(x *row, p *rating.Price) string {
	first, next := r.cell(cFirst), r.cell(cNext)
	if s := r.cell(cSteps); s != "" {
		first, next, _ = strings.Cut(r.slashes.Replace(s), "/")
		if next == "" {
			next = first
		}
	}
	var a, b, free int32
	if !whole(first, &a) || !whole(next, &b) || next != "" && b == 0 {
		return "Write the increments as seconds, as in 60/60, 30/6 or 1/1."
	}
	if p.Next = b; a != b && a > 0 {
		p.First = a
	}
	if p.Next == 1 && p.First <= 1 {
		p.First = 0
	}
	p.Next = max(p.Next, 1)
	if !whole(r.cell(cFree), &free) {
		return "Write the free time as seconds, as in 3."
	}
	p.Free = free
	if name := r.cell(cBand); name != "" && !strings.EqualFold(name, "any") && name != "*" {
		at := slices.IndexFunc(r.form.Bands, func(b rating.Band) bool { return strings.EqualFold(b.Name, name) })
		if at < 0 {
			return fmt.Sprintf("There is no time band %q. Say when it is in the field for time bands.", name)
		}
		x.band = uint8(at + 1) //nolint:gosec // few
	}
	if s := r.cell(cFrom); s != "" {
		t, ok := day(s)
		if !ok {
			return "Write the day from which the price counts as in 2027-01-31."
		}
		x.day = t
	}
	if !p.Valid() {
		return "The price is more than a million a minute, or a step longer than an hour."
	}
	return ""
}

// whole reads seconds; "" is none.
func whole(s string, n *int32) bool {
	if s == "" {
		return true
	}
	v, err := strconv.ParseInt(strings.TrimSuffix(s, "s"), 10, 32)
	*n = int32(v)
	return err == nil && v >= 0 && v <= rating.MaxStep
}

// day reads a date whose parts cannot be confused.
func day(s string) (int32, bool) {
	if at := strings.IndexByte(s, 'T'); at == 10 {
		s = s[:at]
	}
	s, _, _ = strings.Cut(s, " 00:00")
	for _, layout := range []string{"2006-01-02", "2006/01/02", "2006.01.02", "02.01.2006", "2.1.2006", "02-Jan-2006", "2 Jan 2006", "02 Jan 2006", "Jan 2, 2006", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return int32(t.Unix() / 86400), t.Year() > 1970 && t.Year() < 2200 //nolint:gosec // looked at
		}
	}
	return 0, false
}

// money reads an amount in the list's currency.
func (r *reader) money(n uint32, column int) (int64, bool) {
	s := r.cell(column)
	if v, mark, ok := simple(s); ok {
		if mark >= 0 {
			r.marks[mark] = true
		}
		return v, true
	}
	price, ours := bare(s, r.form.Currency)
	if strings.HasPrefix(s, "=") || strings.HasPrefix(s, "@") { // a formula
		r.fault(n, badRate)
		return 0, false
	}
	if !ours {
		r.fault(n, "Prices here are in "+string(r.form.Currency)+". Write them without a currency, or with this one.")
		return 0, false
	}
	v, err := money.ReadMicros(price)
	switch {
	case errors.Is(err, money.ErrTwoWays):
		r.open = append(r.open, doubt{n, r.list.Len(), column == cConnect, price})
	case err != nil:
		r.fault(n, badRate)
		return 0, false
	default:
		r.marks[0] = r.marks[0] || strings.Count(price, ".") == 1 && !strings.Contains(price, ",")
		r.marks[1] = r.marks[1] || strings.Count(price, ",") == 1 && !strings.Contains(price, ".")
	}
	return v, true
}

// simple reads what most lines have: digits with at most one mark, which only a
// decimal one can be; mark is 0 for a point, 1 for a comma, -1 for none.
func simple(s string) (v int64, mark int, ok bool) {
	at := strings.IndexAny(s, ".,")
	if mark = -1; at < 0 {
		v, ok = micros([]byte(s))
		return v, mark, ok && s != "" && len(s) <= 12
	}
	if s[at] == ',' {
		mark = 1
	} else {
		mark = 0
	}
	frac := strings.TrimRight(s[at+1:], "0")
	if decimals := len(s) - at - 1; at == 0 || at > 12 || decimals == 0 || decimals == 3 && s[0] != '0' || len(frac) > 6 || strings.Trim(frac, "0123456789") != "" || strings.Trim(s[:at], "0123456789") != "" {
		return 0, 0, false
	}
	for i := range at {
		v = v*10 + int64(s[i]-'0')
	}
	for i := range 6 {
		v *= 10
		if i < len(frac) {
			v += int64(frac[i] - '0')
		}
	}
	return v, mark, true
}

// bare is a price without the currency it may be written with; false if that is
// another than the list's.
func bare(price string, list money.Currency) (string, bool) {
	number := strings.TrimFunc(price, func(r rune) bool {
		return !strings.ContainsRune("0123456789.,-", r) && !('٠' <= r && r <= '٩') && !('۰' <= r && r <= '۹')
	})
	if number == "" || number == price {
		return price, true
	}
	before, after, _ := strings.Cut(price, number)
	name := strings.ToUpper(strings.TrimSpace(strings.TrimSpace(before) + strings.TrimSpace(after)))
	sign := map[money.Currency]string{"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "KRW": "₩", "INR": "₹", "CHF": "FR."}[list]
	return number, name == "" || name == string(list) || sign != "" && name == sign
}

// settle reads the prices that can be read in two ways.
func (r *reader) settle() {
	if r.marks == [2]bool{} && r.separator == ',' {
		r.marks[0] = true // where commas separate cells, points separate decimals
	}
	for _, d := range r.open {
		point := strings.Contains(d.price, ".")
		v, err := money.ParseMicros(strings.Replace(d.price, ",", ".", 1))
		if err != nil || r.marks != [2]bool{point, !point} {
			r.fault(d.line, "This price can be read in two ways. Write it with four decimals, as in 1.2340 or 1,2340, and thousands without a mark.")
			continue
		}
		if d.at >= r.list.Len() || r.list.rows[d.at].line != d.line {
			continue // the line was wrong in another way
		}
		x := r.list.rows[d.at]
		p := r.list.prices[x.price]
		if d.connect {
			p.Connect = v
		} else {
			p.Minute = v
		}
		kept := r.list.rows
		r.list.rows = nil
		r.list.add(x, p)
		kept[d.at] = r.list.rows[0]
		r.list.rows = kept
	}
}

// twice names the lines whose prefix stands before in the list, for the same
// band and day.
func (r *reader) twice() {
	for i := 1; i < len(r.list.rows) && len(r.wrong) < mostWrong; i++ {
		a, b := &r.list.rows[i-1], &r.list.rows[i]
		if a.key == b.key && a.band == b.band && a.day == b.day {
			r.fault(b.line, fmt.Sprintf("%q stands in line %d already.", digitsOf(nil, b.key), a.line))
		}
	}
}
