package accounting

import (
	"context"
	"encoding/csv"
	"io"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/table"
)

// Columns are the heading of the CSV. Further ones are only ever added at the end.
func Columns() []string {
	return []string{"posting", "day", "kind", "account", "chart_account", "currency", "debit", "credit", "tax", "document", "memo", "at", "reference"}
}

// csv writes every entry of a period.
func (s *Service) csv(ctx context.Context, to io.Writer, o Order) error {
	w := csv.NewWriter(to)
	w.UseCRLF = true
	if err := w.Write(Columns()); err != nil {
		return err
	}
	err := s.store.Each(ctx, o.From, o.To, func(p Posting) error {
		for _, e := range p.Entries {
			debit, credit := "", money.Amount{Micros: e.Amount.Micros}.String()
			if e.Amount.Micros < 0 {
				debit, credit = money.Amount{Micros: -e.Amount.Micros}.String(), ""
			}
			tax := ""
			if rest, ok := strings.CutPrefix(e.Account, "tax:"); ok {
				tax, _, _ = strings.Cut(rest, ":")
			}
			err := w.Write([]string{
				p.ID, p.At.UTC().Format(time.DateOnly), p.Kind, table.Safe(e.Account), s.cfg.Chart.Of(e.Account), string(e.Amount.Currency), debit, credit, tax, table.Safe(p.Document), table.Safe(p.Memo),
				p.At.UTC().Format(time.RFC3339Nano), table.Safe(p.Ref),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}
