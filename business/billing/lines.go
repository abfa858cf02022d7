package billing

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
)

// Call is one call of an invoice, as who paid it may see it.
type Call struct {
	Seq     int64
	Booked  time.Time
	Answer  time.Time // zero: there is no record of it
	Lasted  time.Duration
	To      string
	Kind    string // pstn, onnet, partner, forwarded, internet, other
	Country string // "": not one
	Amount  money.Amount
}

// call tells what a charge was for.
func (s *Service) call(account string, c Charge) Call {
	out := Call{Seq: c.Seq, Booked: c.At, Kind: "other", To: strings.TrimPrefix(c.Memo, "Call to "), Amount: s.amount(c.Micros)}
	r := c.Record
	if r == nil {
		return out
	}
	out.Answer, out.Lasted, out.To = r.Answer, r.Duration(), r.Called(account)
	leg := forwarded(r)
	switch {
	case leg != nil && r.To.Account == account, r.Payer != "" && r.From.Account != account: // who pays has it forwarded
		out.Kind = "forwarded"
		if leg != nil {
			out.To = cmp.Or(leg.To, leg.Number)
			out.Country = s.country(out.To)
		}
	case r.Decision.Kind == "partner":
		out.Kind = "partner"
	case r.Decision.Kind == "uri":
		out.Kind = "internet"
	case r.To.Number.Canonical() != "" || r.Decision.Kind == "onnet":
		out.Kind = "onnet"
	case strings.HasPrefix(out.To, "+"):
		out.Kind, out.Country = "pstn", s.country(out.To)
	}
	return out
}

// forwarded is the leg by which somebody had a call brought elsewhere.
func forwarded(r *cdr.Record) *cdr.Leg {
	for i := range r.Legs {
		if l := &r.Legs[i]; l.Forward && l.Answered() {
			return l
		}
	}
	return nil
}

func (s *Service) country(number string) string {
	digits := strings.ReplaceAll(number, " ", "")
	if s.cfg.Country == nil || !strings.HasPrefix(digits, "+") {
		return ""
	}
	return s.cfg.Country(digits)
}

// summary sums calls by where they went.
type summary struct {
	lines map[[2]string]*paper.Line
	total int64
}

func (s *summary) add(c Call) {
	if s.lines == nil {
		s.lines = map[[2]string]*paper.Line{}
	}
	key := [2]string{c.Kind, c.Country}
	l := s.lines[key]
	if l == nil {
		l = &paper.Line{What: "calls", Kind: c.Kind, Country: c.Country, Amount: money.Amount{Currency: c.Amount.Currency}}
		s.lines[key] = l
	}
	l.Calls++
	l.Seconds += int64((c.Lasted + time.Second - 1) / time.Second)
	l.Amount.Micros += c.Amount.Micros
	s.total += c.Amount.Micros
}

// list is in an order that is always the same: by kind, and the country.
func (s *summary) list() []paper.Line {
	out := make([]paper.Line, 0, len(s.lines))
	for _, l := range s.lines {
		out = append(out, *l)
	}
	order := []string{"pstn", "forwarded", "onnet", "partner", "internet", "other"}
	slices.SortFunc(out, func(a, b paper.Line) int {
		return cmp.Or(slices.Index(order, a.Kind)-slices.Index(order, b.Kind), cmp.Compare(a.Country, b.Country))
	})
	return out
}

// pays reports whether an entry is money that came, or went back, rather than
// something bought.
func (m Move) pays() bool {
	switch m.Kind {
	case "deposit", "claim", "refund", "reversal", "promotion", "credit", "write_off":
		return true
	default:
		return m.Micros > 0
	}
}

// statement tells what a wallet did besides calls.
func (s *Service) statement(before, calls, after int64, moves []Move) *paper.Owed {
	a := &paper.Owed{Before: s.amount(before), Payments: s.amount(0), Calls: s.amount(-calls), After: s.amount(after), Fees: []paper.Fee{}}
	for _, m := range moves {
		if m.pays() {
			a.Payments.Micros += m.Micros
			continue
		}
		a.Fees = append(a.Fees, paper.Fee{Invoice: m.Invoice, Text: m.Memo, Amount: s.amount(m.Micros)})
	}
	return a
}

// arrived is how much of entries after one counts towards what was owed then.
// What pays an order that was made since, and what turns such a one back, does
// not; what came and went again does not either.
func arrived(moves []Move, after int64) (sum int64) {
	type ref struct{ pays, fees int64 }
	refs := map[string]ref{}
	for _, m := range moves {
		if m.Seq <= after {
			continue
		}
		r := refs[m.Ref]
		if m.pays() {
			r.pays += m.Micros
		} else {
			r.fees += m.Micros
		}
		refs[m.Ref] = r
	}
	for _, r := range refs {
		if r.pays > 0 {
			r.pays = max(0, r.pays+r.fees)
		}
		sum += r.pays
	}
	return sum
}

// left is what of a bill is still to be paid: what it asked without what arrived,
// and no more than is owed now. Less than the smallest unit is nothing.
func (b Bill) left(moves []Move, balance int64) int64 {
	n := min(b.Asked-arrived(moves, b.Upto), -balance)
	if n < b.Currency.Unit() {
		return 0
	}
	return n
}
