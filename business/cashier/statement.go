package cashier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/statement"
)

// Statement is a bank statement that was brought in.
type Statement struct {
	ID       string
	Name     string // of the file
	Sum      string // SHA-256 of it
	Content  []byte
	Account  string // who brought it
	Uploaded time.Time
	Applied  time.Time // zero: only looked at
}

// Statements are the statements that were brought in.
type Statements interface {
	// InsertStatement returns the stored one if the same file came before.
	InsertStatement(ctx context.Context, s Statement) (Statement, error)
	Statement(ctx context.Context, id string) (Statement, bool, error)
	Statements(ctx context.Context, limit int) ([]Statement, error)
	MarkApplied(ctx context.Context, id string, at time.Time) error
}

// Verdict is what a line of a statement would do, or did.
type Verdict struct {
	statement.Line
	Key   string // id of the money
	Will  string // pays, wallet, unmatched, known, skipped
	Order string
	Why   string
}

// Preview is a statement with what its lines would do. With faults it does
// nothing.
type Preview struct {
	Statement
	Verdicts []Verdict
	Faults   []statement.Fault
	Counts   map[string]int // verdicts by Will
}

// Upload takes a statement and shows what it would do. Nothing is booked.
func (s *Service) Upload(ctx context.Context, by member.Actor, name string, content []byte) (Preview, error) {
	if err := by.OperatorOnly(); err != nil {
		return Preview{}, err
	}
	if s.cfg.Bank == nil {
		return Preview{}, fault.New(fault.Unavailable, "bank_unset", "No bank account is set up (bank in the configuration), so there is nothing to bring in.")
	}
	if len(content) > statement.Most {
		return Preview{}, fault.New(fault.Invalid, "too_large", "The file is larger than 2 MB. Ask the bank for shorter periods.")
	}
	now := s.cfg.Now()
	sum := sha256.Sum256(content)
	st := Statement{ID: ident.New("stm", now), Name: short(name), Sum: hex.EncodeToString(sum[:]), Content: content, Account: by.Account, Uploaded: now}
	if _, faults := statement.Read(content); len(faults) > 0 {
		return Preview{Statement: st, Faults: faults}, nil // not kept: there is nothing to come back for
	}
	st, err := s.store.InsertStatement(ctx, st)
	if err != nil {
		return Preview{}, err
	}
	return s.preview(ctx, st)
}

func short(name string) string {
	name = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name), "")
	if r := []rune(name); len(r) > 100 {
		name = string(r[:100])
	}
	return name
}

// Preview shows a statement that was brought in before.
func (s *Service) Preview(ctx context.Context, by member.Actor, id string) (Preview, error) {
	if err := by.OperatorOnly(); err != nil {
		return Preview{}, err
	}
	st, found, err := s.store.Statement(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	if !found {
		return Preview{}, fault.New(fault.Unknown, "statement_unknown", "There is no statement %s.", id)
	}
	return s.preview(ctx, st)
}

// Statements lists the newest.
func (s *Service) Statements(ctx context.Context, by member.Actor) ([]Statement, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.store.Statements(ctx, 50)
}

func (s *Service) preview(ctx context.Context, st Statement) (Preview, error) {
	out := Preview{Statement: st, Counts: map[string]int{}}
	read, faults := statement.Read(st.Content)
	if own := strings.ReplaceAll(s.iban(), " ", ""); len(faults) == 0 && read.Account != "" && !strings.EqualFold(read.Account, own) {
		faults = []statement.Fault{{Text: fmt.Sprintf("This is the statement of another account (%s); ours is %s.", read.Account, own)}}
	}
	if out.Faults = faults; len(faults) > 0 {
		return out, nil
	}
	seen := map[string]bool{}
	for _, x := range read.Lines {
		v, err := s.verdict(ctx, x)
		if err != nil {
			return out, err
		}
		if v.Will != "skipped" && seen[v.Key] {
			v.Will, v.Why = "known", "It stands twice in this statement."
		}
		seen[v.Key] = true
		out.Counts[v.Will]++
		out.Verdicts = append(out.Verdicts, v)
	}
	return out, nil
}

func (s *Service) iban() string {
	if s.cfg.Bank == nil {
		return ""
	}
	return s.cfg.Bank.IBAN
}

// verdict says what a line would do now.
func (s *Service) verdict(ctx context.Context, x statement.Line) (Verdict, error) {
	sum := sha256.Sum256([]byte(s.iban() + "|" + x.ID)) // banks' ids have any letters, and are unique for an account only
	v := Verdict{Line: x, Key: "bank:" + hex.EncodeToString(sum[:12])}
	if x.Skipped != "" {
		v.Will, v.Why = "skipped", x.Skipped
		return v, nil
	}
	if x.Amount.Currency != s.cfg.Currency {
		v.Will, v.Why = "skipped", "other currency"
		return v, nil
	}
	_, err := s.incoming(ctx, v.Key)
	switch {
	case err == nil:
		v.Will, v.Why = "known", "It was booked before."
		return v, nil
	case fault.KindOf(err) != fault.Unknown:
		return v, err
	}
	ref, found := payment.FindReference(x.Text)
	if !found {
		v.Will, v.Why = "unmatched", "It has no reference of ours."
		return v, nil
	}
	var t Transfer
	err = s.store.Do(ctx, func(tx Tx) (err error) {
		t, found, err = tx.TransferBy(ctx, ref)
		return err
	})
	if err != nil {
		return v, err
	}
	if !found {
		v.Will, v.Why = "unmatched", "Nobody was given the reference "+ref+"."
		return v, nil
	}
	if _, ok := payment.TopUpOf(t.Order); ok {
		v.Order, v.Will = t.Order, "wallet"
		return v, nil
	}
	v.Order, v.Will = t.Order, "pays"
	o, err := s.shop.Payable(ctx, member.System(), t.Order)
	switch {
	case fault.KindOf(err) == fault.Conflict && err != nil:
		v.Will, v.Why = "wallet", fault.ReasonOf(err).Text
	case err != nil:
		return v, err
	case o.AmountDue != x.Amount:
		v.Will, v.Why = "wallet", fmt.Sprintf("%s is due, and %s came.", o.AmountDue, x.Amount)
	}
	return v, nil
}

// Apply books every line of a statement that was not booked before. Doing it
// again, or after a crash in the midst of it, books nothing twice.
func (s *Service) Apply(ctx context.Context, by member.Actor, id string) (Preview, error) {
	p, err := s.Preview(ctx, by, id)
	if err != nil {
		return p, err
	}
	if len(p.Faults) > 0 {
		return p, fault.New(fault.Invalid, "statement", "The statement has wrong lines; nothing was booked. %s", p.Faults[0].Text)
	}
	for _, v := range p.Verdicts {
		if v.Will == "known" || v.Will == "skipped" {
			continue
		}
		in := payment.Incoming{ID: v.Key, Method: payment.BankTransfer, Amount: v.Amount, Payer: strings.TrimSpace(v.Payer + " " + v.IBAN), Reference: v.Text, Order: v.Order}
		if account, ok := payment.TopUpOf(v.Order); ok {
			in.Account = account
		} else if v.Order != "" {
			o, err := s.shop.Order(ctx, member.System(), v.Order)
			if err != nil {
				return p, err
			}
			in.Account = o.Account
		}
		if err := s.take(ctx, in, func(Tx) error { return nil }); err != nil {
			return p, fmt.Errorf("book line %d of %s: %w", v.Row, id, err)
		}
	}
	if err := s.store.MarkApplied(ctx, id, s.cfg.Now()); err != nil {
		return p, err
	}
	return s.Preview(ctx, by, id)
}
