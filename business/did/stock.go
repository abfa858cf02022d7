package did

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/table"
)

// mostAtOnce bounds one list, and MostList its bytes, as a form sends them.
const (
	mostAtOnce = 10_000
	MostList   = 4 << 20
)

// Line is a line of a list, and what is wrong with it.
type Line struct {
	Row    int
	Number Number
	Fault  string
}

// ReadList reads number,area,setup,yearly; one a line, separated by tabs,
// semicolons or commas, the same in all the list. The first may be a heading.
// The area may be empty; a price is always written, so that none slips into the
// place of another.
func (s *Service) ReadList(carrier, text string) (out []Line) {
	text = table.Plain(text)
	separator := table.Separator(text)
	for i, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, " \r")
		if strings.TrimSpace(line) == "" || i == 0 && !strings.ContainsAny(line, "0123456789") {
			continue
		}
		x := Line{Row: i + 1, Number: Number{Carrier: carrier}}
		if x.Fault = x.Number.read(line, separator); x.Fault == "" {
			x.Fault = s.check(&x.Number)
		}
		out = append(out, x)
	}
	return out
}

// read takes a line of a list, or says what is wrong with it.
func (n *Number) read(line string, separator rune) string {
	c, err := table.Cells(line, separator)
	if len(c) > 0 {
		n.E164 = c[0]
	}
	if err != nil || len(c) != 4 {
		return "Write number, area, setup price and yearly price, four cells a line, with the same separator in all the list."
	}
	n.Area = c[1]
	for i, price := range []*int64{&n.Setup, &n.Yearly} {
		switch *price, err = money.ReadMicros(c[2+i]); {
		case errors.Is(err, money.ErrTwoWays):
			return "This can be read in two ways. Write it with two decimals, like 5.00 or 5,00, and thousands without a mark."
		case err != nil || c[2+i] == "":
			return "Write a price like 12.50."
		}
	}
	return ""
}

// check completes a number of a list, or says what is wrong with it.
func (s *Service) check(n *Number) string {
	typed, err := numbering.ParseTyped(n.E164)
	if err != nil || typed.Kind != numbering.Plus {
		return "Write a telephone number with the + and the country code, as in +82 2 555 1234."
	}
	code, national, valid := s.cfg.Plans.SplitE164(typed.Text)
	if !valid {
		return "This is not a valid telephone number of its country. Check the digits."
	}
	n.E164 = "+" + typed.Text
	n.Country, _ = s.cfg.Plans.Valid(code, national)
	switch {
	case s.cfg.Ours(n.E164):
		return "This is the telephone of a world number that was sold."
	case utf8.RuneCountInString(n.Area) > 60 || strings.ContainsAny(n.Area, "<>\r\n"):
		return "Use at most 60 letters."
	case n.Setup < 0 || n.Yearly < 0:
		return "A price is not below zero."
	default:
		return ""
	}
}

// Put adds numbers to the stock, or changes carrier, area and prices of those
// that are there. One that is wrong keeps all out.
func (s *Service) Put(ctx context.Context, by member.Actor, carrier string, list []Number) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if !s.cfg.Carrier(carrier) {
		return fault.Fields(fault.Field{Name: "carrier", Text: "Choose the carrier that brings the numbers."})
	}
	if len(list) == 0 || len(list) > mostAtOnce {
		return fault.Fields(fault.Field{Name: "numbers", Text: "Give 1 to 10000 numbers."})
	}
	seen := map[string]bool{}
	fresh := make([]Number, 0, len(list))
	for _, n := range list {
		n.Carrier, n.State, n.Added = carrier, Free, s.cfg.Now()
		text := s.check(&n)
		if text == "" && seen[n.E164] {
			text = "It stands twice in the list."
		}
		if text != "" {
			return fault.Fields(fault.Field{Name: "numbers", Text: text})
		}
		seen[n.E164] = true
		fresh = append(fresh, n)
	}
	if err := s.store.PutNumbers(ctx, fresh); err != nil {
		return err
	}
	for _, n := range fresh { // a rented one may come by another carrier now
		now, found, err := s.store.Number(ctx, n.E164)
		if err != nil {
			return err
		}
		if found && now.State.Rings() {
			if err := s.publish(ctx, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Stock lists numbers for the operator.
func (s *Service) Stock(ctx context.Context, by member.Actor, f Filter) ([]Number, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	f.Limit = min(max(f.Limit, 1), 200)
	return s.store.Numbers(ctx, f)
}

// Remove takes a number out of the stock. A rented one stays.
func (s *Service) Remove(ctx context.Context, by member.Actor, e164 string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	gone, err := s.store.RemoveNumber(ctx, e164)
	if err != nil || gone {
		return err
	}
	if _, found, err := s.store.Number(ctx, e164); err != nil || !found {
		return unknown(e164)
	}
	return fault.New(fault.Conflict, "telephone_number_rented", "%s is rented, or rests for its last renter. It cannot be taken out now.", numbering.Spaced(e164))
}
