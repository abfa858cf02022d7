package tariff

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// List is the lines of a deck in the order of their digits, 24 bytes a line: a
// million of them are read, compared and stored without more.
type List struct {
	Bands  []rating.Band
	rows   []row
	prices []rating.Price
	index  map[rating.Price]uint32
}

// row is a line; key has the order of digits.
type row struct {
	key   uint64
	price uint32
	line  uint32 // of the file
	day   int32  // from which it counts, since 1970; 0: from the start of the version
	band  uint8
}

// MostRows bounds a deck.
const MostRows = 1_000_000

// order packs digits so that numbers have the order of the digits: each is one
// more, in base 11, and an end is 0.
func order(digits string) uint64 {
	k := uint64(0)
	for i := range rating.MaxPrefix {
		k *= 11
		if i < len(digits) {
			k += uint64(digits[i]-'0') + 1
		}
	}
	return k
}

// digitsOf turns it back, into dst.
func digitsOf(dst []byte, k uint64) []byte {
	var all [rating.MaxPrefix]byte
	n := 0
	for i := rating.MaxPrefix - 1; i >= 0; i-- {
		if d := k % 11; d > 0 {
			all[i], n = byte('0'+d-1), max(n, i+1) //nolint:gosec // a digit
		}
		k /= 11
	}
	return append(dst, all[:n]...)
}

func (l *List) add(r row, p rating.Price) {
	v, ok := l.index[p]
	if !ok {
		if l.index == nil {
			l.index = map[rating.Price]uint32{}
		}
		v = uint32(len(l.prices)) //nolint:gosec // as many as rows
		l.index[p] = v
		l.prices = append(l.prices, p)
	}
	r.price = v
	l.rows = append(l.rows, r)
}

func (l *List) sort() {
	slices.SortFunc(l.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.band, b.band), cmp.Compare(a.day, b.day), cmp.Compare(a.line, b.line))
	})
}

// Len is how many lines it has.
func (l *List) Len() int { return len(l.rows) }

// All goes through the lines in order.
func (l *List) All() iter.Seq[rating.Row] {
	return func(yield func(rating.Row) bool) {
		for i := range l.rows {
			if !yield(l.row(i)) {
				return
			}
		}
	}
}

func (l *List) row(i int) rating.Row {
	r := &l.rows[i]
	return rating.Row{Prefix: string(digitsOf(nil, r.key)), Band: int(r.band), Price: l.prices[r.price]}
}

// ListOf makes a list of lines.
func ListOf(bands []rating.Band, rows []rating.Row) *List {
	l := &List{Bands: bands, rows: make([]row, 0, len(rows))}
	for i := range rows {
		l.add(row{key: order(rows[i].Prefix), band: uint8(rows[i].Band), line: uint32(i + 1)}, rows[i].Price) //nolint:gosec // few
	}
	l.sort()
	return l
}

// Deck is the list as calls are rated by it.
func (l *List) Deck() (*rating.Deck, error) {
	rows := make([]rating.Packed, len(l.rows))
	var digits [rating.MaxPrefix]byte
	for i := range l.rows {
		r := &l.rows[i]
		d := digitsOf(digits[:0], r.key)
		k := uint64(1)
		for _, c := range d {
			k = k*10 + uint64(c-'0')
		}
		rows[i] = rating.Packed{Key: k, Price: r.price, Digits: uint8(len(d)), Band: r.band} //nolint:gosec // 15 at most
	}
	return rating.Assemble(l.Bands, l.prices, rows)
}

const heading = "prefix,price,connect,increments,free,band"

// Write writes the list as CSV, which Read takes again.
func (l *List) Write(w io.Writer) error {
	dated := slices.ContainsFunc(l.rows, func(r row) bool { return r.day != 0 })
	b := append(make([]byte, 0, 32<<10), heading...)
	if dated {
		b = append(b, ",from"...)
	}
	b = append(b, '\n')
	for i := range l.rows {
		r := &l.rows[i]
		p := &l.prices[r.price]
		b = append(digitsOf(b, r.key), ',')
		b = append(decimal(b, p.Minute), ',')
		if p.Connect > 0 {
			b = decimal(b, p.Connect)
		}
		b = append(b, ',')
		b = append(steps(b, p), ',')
		if p.Free > 0 {
			b = strconv.AppendInt(b, int64(p.Free), 10)
		}
		b = append(b, ',')
		if r.band > 0 {
			b = append(b, l.Bands[r.band-1].Name...)
		}
		if dated {
			b = append(b, ',')
			if r.day != 0 {
				b = dayTime(r.day).AppendFormat(b, time.DateOnly)
			}
		}
		b = append(b, '\n')
		if len(b) > 31<<10 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}

// steps writes the increments: 60/60.
func steps(b []byte, p *rating.Price) []byte {
	next := max(p.Next, 1)
	first := p.First
	if first == 0 {
		first = next
	}
	b = append(strconv.AppendInt(b, int64(first), 10), '/')
	return strconv.AppendInt(b, int64(next), 10)
}

// dayTime is when a day begins.
func dayTime(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// Steps are the increments of a price for people: "60/60".
func Steps(p rating.Price) string { return string(steps(nil, &p)) }

// decimal writes micro-units, without zeros at the end.
func decimal(b []byte, micros int64) []byte {
	b = strconv.AppendInt(b, micros/money.Micros, 10)
	if micros %= money.Micros; micros > 0 {
		s := strconv.FormatInt(money.Micros+micros, 10)
		b = append(append(b, '.'), strings.TrimRight(s[1:], "0")...)
	}
	return b
}

// Pack is the list as it is stored: its CSV, compressed. A million lines are 8 MB
// in one row, stored in less than a second; as rows of their own they took six
// seconds and 48 MB, in one transaction that others wait for.
func (l *List) Pack() ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err == nil {
		err = errors.Join(l.Write(z), z.Close())
	}
	return out.Bytes(), err
}

// Unpack reads what Pack wrote.
func Unpack(body []byte, bands []rating.Band) (*List, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the deck as it is stored: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("the deck as it is stored: %w", err)
	}
	l := &List{Bands: bands, rows: make([]row, 0, bytes.Count(text, []byte("\n")))}
	first, n := true, uint32(0)
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if n++; first || len(line) == 0 {
			first = false
			continue
		}
		if err := l.parse(line, n); err != nil {
			return nil, fmt.Errorf("line %d of the deck as it is stored: %w", n, err)
		}
	}
	return l, nil
}

var errStored = errors.New("it cannot be read") //nolint:gochecknoglobals // sentinel

// parse reads one line that Write wrote.
func (l *List) parse(line []byte, n uint32) error {
	var cells [7][]byte
	for i := range cells {
		at := bytes.IndexByte(line, ',')
		if at < 0 {
			if cells[i], line = line, nil; i < 5 {
				return errStored
			}
			break
		}
		cells[i], line = line[:at], line[at+1:]
	}
	if len(cells[0]) > rating.MaxPrefix {
		return errStored
	}
	r := row{key: order(string(cells[0])), line: n}
	var p rating.Price
	var ok [4]bool
	p.Minute, ok[0] = micros(cells[1])
	p.Connect, ok[1] = micros(cells[2])
	first, next, found := bytes.Cut(cells[3], []byte("/"))
	a, aerr := strconv.Atoi(string(first))
	b, berr := strconv.Atoi(string(next))
	ok[2] = found && aerr == nil && berr == nil
	if p.Next = int32(b); a != b { //nolint:gosec // looked at below
		p.First = int32(a) //nolint:gosec // looked at below
	}
	free, ferr := 0, error(nil)
	if len(cells[4]) > 0 {
		free, ferr = strconv.Atoi(string(cells[4]))
	}
	p.Free, ok[3] = int32(free), ferr == nil //nolint:gosec // looked at below
	if len(cells[5]) > 0 {
		at := slices.IndexFunc(l.Bands, func(b rating.Band) bool { return b.Name == string(cells[5]) })
		if at < 0 {
			return errStored
		}
		r.band = uint8(at + 1) //nolint:gosec // few
	}
	if len(cells[6]) > 0 {
		var known bool
		if r.day, known = day(string(cells[6])); !known {
			return errStored
		}
	}
	if slices.Contains(ok[:], false) || !p.Valid() {
		return errStored
	}
	l.add(r, p)
	return nil
}

// micros reads a plain decimal: digits, and up to six behind a point.
func micros(b []byte) (n int64, ok bool) {
	if len(b) > 18 {
		return 0, false
	}
	frac := -1
	for _, c := range b {
		switch {
		case c == '.' && frac < 0:
			frac = 0
		case c < '0' || c > '9' || frac == 6:
			return 0, false
		default:
			n = n*10 + int64(c-'0')
			if frac >= 0 {
				frac++
			}
		}
	}
	for frac = max(frac, 0); frac < 6; frac++ {
		if n > 1<<59 {
			return 0, false
		}
		n *= 10
	}
	return n, true
}
