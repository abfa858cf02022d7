package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/node"
)

type settleCmd struct {
	Month settleMonthCmd `cmd:"" help:"Print what the answered calls of a month come to, by carrier and direction. Works while the node runs."`
}

type settleMonthCmd struct {
	Month   string `arg:"" optional:"" help:"The month in UTC: 2026-11; the one that is unless said."`
	Carrier string `help:"Only this carrier, by its id." placeholder:"ID"`
	Data    string `help:"The node's folder." default:"callisto-data" placeholder:"DIR"`
	DB      string `help:"The node's database, if it is PostgreSQL." placeholder:"URL"`
}

// Run reads the lines that are booked.
func (c settleMonthCmd) Run(ctx context.Context, s streams) error {
	m := settlement.MonthOf(time.Now())
	if c.Month != "" {
		var err error
		if m, err = settlement.ParseMonth(c.Month); err != nil {
			return err
		}
	}
	list, err := node.SettledMonth(ctx, c.Data, c.DB, c.Carrier, m)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintf(s.out, "No calls by carriers in %s.\n", m)
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "carrier\tdirection\tcalls\tseconds\tamount\tunpriced")
	for _, t := range list {
		amount := "–"
		if t.Currency != "" {
			amount = money.Amount{Currency: t.Currency, Micros: t.Micros}.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%d\n", t.Carrier, t.Direction, t.Calls, t.Seconds, amount, t.Unpriced)
	}
	return w.Flush()
}
