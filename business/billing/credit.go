package billing

import (
	"context"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
)

// mostReason is how long a reason may be.
const mostReason = 200

// reasoned refuses what gives no reason.
func reasoned(field, text string) (string, error) {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if text == "" || utf8.RuneCountInString(text) > mostReason {
		return "", fault.Fields(fault.Field{Name: field, Text: "Say why, in at most 200 letters."})
	}
	return text, nil
}

// taxShare is the tax in the first part of an invoice, so that parts that make up
// the whole have all of its tax. It is rounded down to the smallest unit.
func taxShare(b Bill, part int64) int64 {
	if part >= b.Calls {
		return b.Tax
	}
	n := new(big.Int).Mul(big.NewInt(b.Tax), big.NewInt(part))
	n.Div(n, big.NewInt(b.Calls))
	return n.Int64() / b.Currency.Unit() * b.Currency.Unit()
}

// Credit gives an amount of an invoice of calls back, or all that is left of it
// (nil), into the wallet. once is the id that the credit note gets: what is asked
// again with it is done once.
func (s *Service) Credit(ctx context.Context, by member.Actor, number string, amount *money.Amount, reason, once string) (c Credit, err error) {
	if err := by.OperatorOnly(); err != nil {
		return c, err
	}
	if reason, err = reasoned("reason", reason); err != nil {
		return c, err
	}
	if once == "" {
		once = NewCredit(s.cfg.Now())
	}
	if !ident.Is("crn", once) {
		return c, fault.New(fault.Invalid, "once", "The form is not one of ours. Load the page again.")
	}
	if amount != nil {
		if amount.Currency != s.cfg.Currency || amount.Micros <= 0 {
			return c, wrongAmount("Give an amount above zero.")
		}
		if _, err := amount.Minor(); err != nil {
			return c, wrongAmount("Give whole cents, or credit all that is left.")
		}
	}
	b, err := s.Bill(ctx, by, number)
	if err != nil {
		return c, err
	}
	inv, err := s.drafts.Paper(ctx, by, number)
	if err != nil {
		return c, err
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		if _, err := tx.LockStanding(ctx, b.Account); err != nil { // as every other that changes it
			return err
		}
		old, found, err := tx.Credit(ctx, once)
		if err != nil {
			return err
		}
		if found {
			if c = old; old.Invoice != number || amount != nil && old.Micros != amount.Micros {
				return fault.New(fault.Conflict, "credit_given", "This form has credited something else already. Load the page again.")
			}
			return nil
		}
		if b, _, err = tx.LockBill(ctx, number); err != nil {
			return err
		}
		c, err = s.part(b, amount)
		if err != nil {
			return err
		}
		c.ID, c.Invoice, c.Reason, c.By, c.At = once, number, reason, by.Name, s.cfg.Now()
		return s.credit(ctx, tx, b, &c, inv)
	})
	return c, err
}

func wrongAmount(text string) error {
	wrong := fault.New(fault.Invalid, "amount", "%s", text)
	return wrong.WithFields(fault.Field{Name: "amount", Text: text})
}

// part is what of a bill is given back, with the tax in it.
func (s *Service) part(b Bill, amount *money.Amount) (c Credit, err error) {
	if b.State == WrittenOff {
		return c, fault.New(fault.Conflict, "written_off", "Invoice %s was written off: what was not paid of it is not given back.", b.Number)
	}
	left := b.Calls - b.Credited
	if left <= 0 {
		return c, fault.New(fault.Conflict, "nothing_left", "Nothing is left of this invoice to be credited.")
	}
	if c.Micros = left; amount != nil {
		if c.Micros = amount.Micros; c.Micros > left {
			wrong := fault.New(fault.Conflict, "too_much", "Only %s is left of this invoice.", s.amount(left).String())
			return c, wrong.WithFields(fault.Field{Name: "amount", Text: wrong.Reason.Text})
		}
	}
	c.Tax = taxShare(b, b.Credited+c.Micros) - taxShare(b, b.Credited)
	return c, nil
}

// credit books and writes a credit note.
func (s *Service) credit(ctx context.Context, tx Tx, b Bill, c *Credit, inv paper.Paper) error {
	year := c.At.UTC().Year()
	seq, err := tx.Next(ctx, paper.CreditNote, year)
	if err != nil {
		return err
	}
	c.Paper = paper.Number(paper.CreditNote, year, seq)
	data := inv.Data
	data.Account, data.Invoice, data.Reason, data.Paid, data.Method = nil, b.Number, c.Reason, c.At, "wallet"
	data.Lines = []paper.Line{{What: "credit", Kind: "calls", Amount: s.amount(c.Micros)}}
	data.Net, data.Tax.Amount, data.Total = s.amount(c.Micros-c.Tax), s.amount(c.Tax), s.amount(c.Micros)
	if err := tx.Insert(ctx, paper.Paper{Number: c.Paper, Kind: paper.CreditNote, Order: orderOf(b.Account), Period: c.ID, Account: b.Account, Issued: c.At, Data: data}); err != nil {
		return err
	}
	if err := tx.PutCredit(ctx, *c); err != nil {
		return err
	}
	b.Credited += c.Micros
	if err := tx.ChangeBill(ctx, b); err != nil {
		return err
	}
	entries := []ledger.Entry{{Account: s.wallet(b.Account), Amount: s.amount(c.Micros)}}
	if net := c.Micros - c.Tax; net != 0 {
		entries = append(entries, ledger.Entry{Account: revenueOf(b), Amount: s.amount(-net)})
	}
	if c.Tax != 0 {
		entries = append(entries, ledger.Entry{Account: ledger.TaxAccount(b.TaxOf, b.Currency), Amount: s.amount(-c.Tax)})
	}
	if _, err := s.book.PostIn(ctx, tx, ledger.Posting{Key: "credit:" + c.ID, Kind: "credit", Ref: c.Paper, Memo: "Credit note " + c.Paper, Entries: entries}); err != nil {
		return err
	}
	fields := s.fields(b, c.Micros)
	fields["paper"], fields["reason"] = c.Paper, c.Reason
	return tx.Write(ctx, b.Account, "calls_credit", "credit:"+c.ID, fields)
}
