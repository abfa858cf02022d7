package node

import (
	"context"
	"errors"
	"time"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/tariff"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/platform/store"
)

// worths are exchange rates by their times.
type worths func(ctx context.Context) ([]tariff.Exchanged, error)

// Worth is what a currency was worth at an instant, by the latest rate before it.
func (w worths) Worth(c money.Currency, at time.Time) (rate money.Rate, ok bool) {
	list, err := w(context.Background())
	if err != nil {
		return 0, false
	}
	var best tariff.Exchanged
	for _, x := range list {
		if x.Currency == c && !x.From.After(at) && (!ok || x.From.After(best.From) || x.From.Equal(best.From) && x.At.After(best.At)) {
			best, ok = x, true
		}
	}
	return best.Rate, ok
}

// accountingOf hands the book of a database to accountants.
func accountingOf(db *store.DB, rates worths, cfg config.Config, house money.Currency, now func() time.Time) (*accounting.Service, error) {
	chart, err := cfg.Accounting.ChartOf()
	if err != nil {
		return nil, err
	}
	c := accounting.Config{House: house, Chart: chart, Seller: cfg.Seller.Name, Now: now}
	c.Begins, c.BeginsDay = cfg.Accounting.Begins()
	c.Consultant, c.Client = cfg.Accounting.Datev()
	return accounting.New(db.Accounting(), rates, c), nil
}

// ExportBook writes the book of a folder or database, which may be in use, by the
// settings of a configuration.
func ExportBook(ctx context.Context, data, database string, cfg config.Config, now func() time.Time) (*accounting.Service, func() error, error) {
	db, err := openReader(ctx, data, database)
	if err != nil {
		return nil, nil, err
	}
	known, err := db.Tariffs().All(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	all := func(context.Context) ([]tariff.Exchanged, error) { return known.Rates, nil }
	var s *accounting.Service
	s, err = accountingOf(db, all, cfg, money.Currency(cfg.Currency), now)
	return s, db.Close, err
}
