package node

import (
	"context"
	"errors"
	"time"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/platform/store"
)

// worths are the exchange rates as they are when one is asked for.
type worths func() map[money.Currency]rating.Exchange

// Worth is what a currency was worth at an instant.
func (w worths) Worth(c money.Currency, at time.Time) (money.Rate, bool) { return w()[c].At(at) }

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
	rates := known.Exchange()
	s, err := accountingOf(db, func() map[money.Currency]rating.Exchange { return rates }, cfg, money.Currency(cfg.Currency), now)
	return s, db.Close, err
}
