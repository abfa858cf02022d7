package settlement

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// mostWhy bounds why a statement was removed.
const mostWhy = 500

// Remove forgets a statement on which nothing was decided, such as one of the wrong
// month. That there was one, who removed it and why is kept.
func (s *Service) Remove(ctx context.Context, by member.Actor, id, why string) (x Statement, err error) {
	if err := by.OperatorOnly(); err != nil {
		return x, err
	}
	if why = strings.TrimSpace(why); why == "" || utf8.RuneCountInString(why) > mostWhy {
		wrong := fault.New(fault.Invalid, "why", "Say in a few words why it is removed, in at most %d letters.", mostWhy)
		return x, wrong.WithFields(fault.Field{Name: "why", Text: wrong.Reason.Text})
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		var found bool
		if x, found, err = tx.LockStatement(ctx, id); err != nil {
			return err
		}
		switch {
		case !found:
			return fault.New(fault.Unknown, "statement_unknown", "There is no such statement.")
		case x.State == Agreed:
			return fault.New(fault.Conflict, "statement_agreed", "The statement is agreed and booked already.")
		case x.State != Open:
			return fault.New(fault.Conflict, "statement_disputed", "The statement is disputed: what the carrier was told of it has to stay.")
		}
		x.Note, x.By, x.At = why, by.Name, s.now()
		return tx.RemoveStatement(ctx, x)
	})
	return x, err
}

// Removed lists the statements of a month that were removed, with why in their
// notes; of all carriers if none is named.
func (s *Service) Removed(ctx context.Context, by member.Actor, carrier string, m Month) ([]Statement, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.statements.Removed(ctx, carrier, m)
}
