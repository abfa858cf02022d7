package store

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/shop"
)

// InsertRenewal notes a yearly fee that was paid.
func (t shopTx) InsertRenewal(ctx context.Context, r shop.Renewal) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO renewal (order_id, begins, currency, net, tax_name, tax_rate, tax, tax_country, paid)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (order_id, begins) DO NOTHING`,
		r.Order, us(r.From), string(r.Net.Currency), r.Net.Micros, r.Tax.Name, r.Tax.Rate, r.Tax.Micros, r.Tax.Country, us(r.Paid))
	return err
}

// Renewal reads the fee of the year that begins on a day.
func (s *Shop) Renewal(ctx context.Context, order string, day time.Time) (r shop.Renewal, found bool, err error) {
	var from, paid int64
	r.Order = order
	found, err = one(s.db.read.QueryRowContext(ctx, `SELECT begins, currency, net, tax_name, tax_rate, tax, tax_country, paid FROM renewal
		WHERE order_id = $1 AND begins >= $2 AND begins < $3`, order, us(day), us(day.Add(24*time.Hour))).
		Scan(&from, &r.Net.Currency, &r.Net.Micros, &r.Tax.Name, &r.Tax.Rate, &r.Tax.Micros, &r.Tax.Country, &paid))
	r.From, r.Paid = at(from), at(paid)
	return r, found, err
}
