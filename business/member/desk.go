package member

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
)

// Remark is what staff did with an account or wrote about it. Its holder does
// not see it.
type Remark struct {
	ID      string
	Account string
	Code    string // barred, lifted, noted; terms, suspended, resumed
	Text    string
	Actor   string // account of who did it
	Name    string // his
	At      time.Time
}

// The codes of remarks.
const (
	Barred = "barred"
	Lifted = "lifted"
	Noted  = "noted"
)

// Search is what staff knows of whom they look for: a part of a name, of an
// address, or of a number's digits. Empty is everybody.
type Search struct {
	Text   string
	Digits string // of Text, if it can be a number
	Before string // id; "" is from the newest on
	Limit  int
}

const (
	mostSearch = 100
	mostRemark = 2000
)

// Find lists accounts, the newest first. next is the cursor of the page after.
func (s *Service) Find(ctx context.Context, by Actor, text, cursor string, limit int) (list []Account, next string, err error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, "", err
	}
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > mostSearch {
		return nil, "", fault.Fields(fault.Field{Name: "search", Text: "Use at most 100 letters."})
	}
	limit = min(max(limit, 1), 200)
	err = s.store.View(ctx, func(tx Tx) error {
		list, err = tx.Search(ctx, Search{Text: text, Digits: digitsOf(text), Before: cursor, Limit: limit + 1})
		return err
	})
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// digitsOf are the digits of what can be a number as people write it: with +,
// #, spaces and brackets.
func digitsOf(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	if strings.Trim(text, "0123456789+#-()./ ") != "" {
		return ""
	}
	return digits
}

// Bar keeps somebody from signing in, and ends his sessions; his keys open
// nothing. His telephones go on: a number is suspended by itself. The holder
// reads why when he tries to sign in.
func (s *Service) Bar(ctx context.Context, by Actor, account, why string) (Account, error) {
	if why = strings.TrimSpace(why); why == "" || utf8.RuneCountInString(why) > mostRemark {
		return Account{}, badRemark("why")
	}
	now := s.cfg.Now()
	var ended []string
	a, err := s.atDesk(ctx, by, account, Barred, why, func(tx Tx, a *Account) (err error) {
		if a.Role == Operator {
			return fault.New(fault.Conflict, "operator_stays", "This account runs the house: it is not kept from signing in.")
		}
		if !a.Barred.IsZero() {
			return fault.New(fault.Conflict, "barred_already", "This account is kept from signing in already.")
		}
		a.Barred, a.BarredWhy = now, why
		if err := tx.BarAccount(ctx, account, now, why); err != nil {
			return err
		}
		ended, err = tx.EndSessions(ctx, account, "", "")
		return err
	})
	if err != nil || len(ended) == 0 {
		return a, err
	}
	return a, s.publish.SignedOut(ctx, ended)
}

// Lift lets somebody sign in again.
func (s *Service) Lift(ctx context.Context, by Actor, account, note string) (Account, error) {
	if note = strings.TrimSpace(note); utf8.RuneCountInString(note) > mostRemark {
		return Account{}, badRemark("why")
	}
	return s.atDesk(ctx, by, account, Lifted, note, func(tx Tx, a *Account) error {
		if a.Barred.IsZero() {
			return fault.New(fault.Conflict, "not_barred", "This account is not kept from signing in.")
		}
		a.Barred, a.BarredWhy = time.Time{}, ""
		return tx.BarAccount(ctx, account, time.Time{}, "")
	})
}

// Note has staff write something about an account.
func (s *Service) Note(ctx context.Context, by Actor, account, text string) error {
	if text = strings.TrimSpace(text); text == "" || utf8.RuneCountInString(text) > mostRemark {
		return badRemark("note")
	}
	_, err := s.atDesk(ctx, by, account, Noted, text, func(Tx, *Account) error { return nil })
	return err
}

func badRemark(field string) error {
	return fault.Fields(fault.Field{Name: field, Text: fmt.Sprintf("Write 1 to %d letters.", mostRemark)})
}

// atDesk does something with an account, and leaves a remark that it was done.
func (s *Service) atDesk(ctx context.Context, by Actor, account, code, text string, do func(Tx, *Account) error) (a Account, err error) {
	if err := by.OperatorOnly(); err != nil {
		return Account{}, err
	}
	now := s.cfg.Now()
	err = s.store.Do(ctx, func(tx Tx) error {
		var found bool
		if a, found, err = tx.Account(ctx, account); err != nil {
			return err
		}
		if !found || !a.Erased.IsZero() {
			return fault.New(fault.Unknown, "account_unknown", "There is no account %s.", account)
		}
		if err := do(tx, &a); err != nil {
			return err
		}
		return tx.AddRemark(ctx, Remark{ID: ident.New("rmk", now), Account: account, Code: code, Text: text, Actor: by.Account, Name: by.Name, At: now})
	})
	return a, err
}

// Remarks lists what staff did and wrote, the latest first.
func (s *Service) Remarks(ctx context.Context, by Actor, account string) (list []Remark, err error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	err = s.store.View(ctx, func(tx Tx) error {
		list, err = tx.Remarks(ctx, account)
		return err
	})
	return list, err
}

// MayCome says why somebody may not come in, if so.
func (a Account) MayCome() error {
	if a.Barred.IsZero() {
		return nil
	}
	return fault.New(fault.Forbidden, "account_barred", "The operator keeps this account from signing in: %s", a.BarredWhy)
}
