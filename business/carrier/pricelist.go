package carrier

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// ReadRates reads a list as CSV: prefix and price a minute, one a line,
// separated by commas, semicolons or tabs, the price as it is written in any
// country, and with the house's currency or none. The first line may be a
// heading: of one that names a prefix and a price, those columns are read and
// the others left out. Every line that cannot be read is named.
func ReadRates(text string, house money.Currency) ([]Rate, error) {
	text = table.Plain(text)
	l := rateList{house: house, separator: table.Separator(text), out: make([]Rate, 0, strings.Count(text, "\n")+1), price: 1, columns: 2, lines: map[string]int{}}
	n, first := 0, true
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		if heading := first && (l.heading(line) || !strings.ContainsAny(line, "0123456789")); !heading {
			l.read(n, line)
		}
		first = false
	}
	l.settle()
	if len(l.wrong) > 0 {
		return nil, fault.New(fault.Invalid, "rates_file", "Some lines cannot be read; nothing was changed.").WithFields(l.wrong...)
	}
	return l.out, nil
}

// mostWrong bounds how many lines are named.
const mostWrong = 20

// rateList is a list that is being read.
type rateList struct {
	house     money.Currency
	separator rune
	prefix    int // the columns
	price     int
	columns   int // how many a line has at least; 2 and no heading: exactly
	headed    bool
	out       []Rate
	lines     map[string]int // where each prefix stands
	wrong     faults
	marks     [2]bool // a price had a decimal point, a decimal comma
	open      []doubt
}

// doubt is a price that is one amount with a decimal mark, and another with
// thousands set apart: what the other prices of the list have says which.
type doubt struct {
	line, at int
	price    string
}

func (l *rateList) fault(line int, text string) {
	if len(l.wrong) < mostWrong {
		l.wrong.add(fmt.Sprintf("line %d", line), text)
	}
}

// heading takes the columns from a first line that names them.
func (l *rateList) heading(line string) bool {
	cells, err := table.Cells(line, l.separator)
	if err != nil {
		return false
	}
	for i := range cells {
		cells[i] = strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(cells[i]))
	}
	find := func(names ...string) int {
		for _, name := range names { // the plainest name of the list first
			if i := slices.Index(cells, name); i >= 0 {
				return i
			}
		}
		return -1
	}
	prefix := find("prefix", "code", "dial code", "destination code", "area code", "destination prefix")
	price := find("price", "rate", "price a minute", "rate a minute", "price per minute", "rate per minute", "price/min", "rate/min")
	if prefix < 0 || price < 0 {
		return false
	}
	l.prefix, l.price, l.columns, l.headed = prefix, price, max(prefix, price)+1, true
	return true
}

const badRate = "Write the beginning of the number and the price, as in 8210,0.035 or 8210;0,035."

func (l *rateList) read(n int, line string) {
	cells, err := table.Cells(line, l.separator)
	if err != nil || len(cells) < l.columns || !l.headed && len(cells) > l.columns || cells[l.price] == "" { // no price is not free
		l.fault(n, badRate)
		return
	}
	prefix := strings.TrimPrefix(strings.ReplaceAll(cells[l.prefix], " ", ""), "+")
	if strings.Trim(prefix, "0123456789") != "" {
		l.fault(n, badRate)
		return
	}
	price, ours := bare(cells[l.price], l.house)
	if !ours {
		l.fault(n, "Prices here are in "+string(l.house)+". Write them without a currency, or with this one.")
		return
	}
	if before := l.lines[prefix]; before > 0 {
		l.fault(n, fmt.Sprintf("%q stands in line %d already.", prefix, before))
		return
	}
	l.lines[prefix] = n
	micros, err := money.ReadMicros(price)
	switch {
	case errors.Is(err, money.ErrTwoWays):
		l.open = append(l.open, doubt{n, len(l.out), price})
	case err != nil:
		l.fault(n, badRate)
		return
	default:
		l.marks[0] = l.marks[0] || strings.Count(price, ".") == 1 && !strings.Contains(price, ",")
		l.marks[1] = l.marks[1] || strings.Count(price, ",") == 1 && !strings.Contains(price, ".")
	}
	l.out = append(l.out, Rate{prefix, micros})
}

// bare is a price without the currency it may be written with; false if that is
// another than the house's.
func bare(price string, house money.Currency) (string, bool) {
	number := strings.TrimFunc(price, func(r rune) bool {
		return !strings.ContainsRune("0123456789.,-", r) && !('٠' <= r && r <= '٩') && !('۰' <= r && r <= '۹')
	})
	if number == "" || number == price {
		return price, true
	}
	before, after, _ := strings.Cut(price, number)
	name := strings.ToUpper(strings.TrimSpace(strings.TrimSpace(before) + strings.TrimSpace(after)))
	sign := map[money.Currency]string{"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "KRW": "₩", "INR": "₹", "CHF": "FR."}[house]
	return number, name == "" || name == string(house) || sign != "" && name == sign
}

// settle reads the prices that can be read in two ways.
func (l *rateList) settle() {
	if l.marks == [2]bool{} && l.separator == ',' {
		l.marks[0] = true // where commas separate cells, points separate decimals
	}
	for _, d := range l.open {
		point := strings.Contains(d.price, ".")
		micros, err := money.ParseMicros(strings.Replace(d.price, ",", ".", 1))
		if err != nil || l.marks != [2]bool{point, !point} {
			l.fault(d.line, "This price can be read in two ways. Write it with four decimals, as in 1.2340 or 1,2340, and thousands without a mark.")
			continue
		}
		l.out[d.at].Micros = micros
	}
}
