package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/numbering"
)

// TelephoneNumbers keeps the telephone numbers that are rented out.
type TelephoneNumbers struct{ db *DB }

// TelephoneNumbers gives them their store.
func (d *DB) TelephoneNumbers() *TelephoneNumbers { return &TelephoneNumbers{d} }

const didColumns = `e164, carrier, country, area, setup, yearly, state, rental, account, membership, kind, calling_code, national, fee, until, told, added`

func scanDID(row scanner) (n did.Number, err error) {
	var kind string
	var until, added int64
	err = row.Scan(&n.E164, &n.Carrier, &n.Country, &n.Area, &n.Setup, &n.Yearly, &n.State, &n.Rental, &n.Account, &n.Membership, &kind, &n.For.CallingCode, &n.For.National,
		&n.Fee, &until, &n.Told, &added)
	if err != nil {
		return n, err
	}
	n.Until, n.Added = at(until), at(added)
	if kind != "" {
		n.For.Kind, err = numbering.ParseKind(kind)
	}
	return n, err
}

// Number reads one.
func (s *TelephoneNumbers) Number(ctx context.Context, e164 string) (did.Number, bool, error) {
	n, err := scanDID(s.db.read.QueryRowContext(ctx, `SELECT `+didColumns+` FROM did WHERE e164 = $1`, e164))
	found, err := one(err)
	return n, found, err
}

// Numbers lists them in order of their digits.
func (s *TelephoneNumbers) Numbers(ctx context.Context, f did.Filter) ([]did.Number, error) {
	out := []did.Number{}
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+didColumns+` FROM did WHERE e164 > $1 AND ($2 = '' OR country = $2) AND ($3 = '' OR state = $3)
		AND ($4 = '' OR account = $4) AND ($5 = '' OR membership = $5) AND ($6 = '' OR carrier = $6) AND (CAST($7 AS BIGINT) = 0 OR until > 0 AND until <= $7) ORDER BY e164 LIMIT $8`,
		f.After, f.Country, string(f.State), f.Account, f.Membership, f.Carrier, us(f.Due), f.Limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		n, err := scanDID(rows)
		out = append(out, n)
		return err
	})
	return out, err
}

// PutNumbers adds to the stock, or changes carrier, area and prices.
func (s *TelephoneNumbers) PutNumbers(ctx context.Context, list []did.Number) error {
	return s.db.write(ctx, func(q querier) error {
		for _, n := range list {
			_, err := q.ExecContext(ctx, `INSERT INTO did (`+didColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 'free', '', '', '', '', '', '', 0, 0, 0, $7)
				ON CONFLICT (e164) DO UPDATE SET carrier = $2, area = $4, setup = $5, yearly = $6 WHERE did.state <> 'renting'`,
				n.E164, n.Carrier, n.Country, n.Area, n.Setup, n.Yearly, us(n.Added))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveNumber takes one out that nobody has.
func (s *TelephoneNumbers) RemoveNumber(ctx context.Context, e164 string) (gone bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		gone, err = changed(q.ExecContext(ctx, `DELETE FROM did WHERE e164 = $1 AND state = 'free'`, e164))
		return err
	})
	return gone, err
}

// MoveNumber changes a number that is still as it was.
func (s *TelephoneNumbers) MoveNumber(ctx context.Context, was, now did.Number, l *did.Letter) (moved bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		if moved, err = s.move(ctx, q, was, now); err != nil || !moved || l == nil {
			return err
		}
		return shopTx{q: q}.Write(ctx, was.Account, l.Kind, l.Key, l.Fields)
	})
	return moved, err
}

// PayNumber changes a number that is still as it was, and notes what was paid
// for it.
func (s *TelephoneNumbers) PayNumber(ctx context.Context, was, now did.Number, f did.Fee) (moved bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		if moved, err = s.move(ctx, q, was, now); err != nil {
			return err
		}
		fresh, err := changed(q.ExecContext(ctx, `INSERT INTO did_fee (`+feeColumns+`) VALUES (`+places(1, 15)+`) ON CONFLICT (rental, begins) DO NOTHING`,
			f.Rental, us(f.From), f.E164, f.Account, f.For.Kind.String(), f.For.CallingCode, f.For.National, string(f.Currency), f.Setup, f.Yearly,
			f.Tax.Name, f.Tax.Rate, f.Tax.Micros, f.Tax.Country, us(f.Paid)))
		if err != nil || !fresh {
			return err
		}
		return outbox{q}.Enqueue(ctx, did.TopicFee, f.Ref())
	})
	return moved, err
}

const feeColumns = `rental, begins, e164, account, kind, calling_code, national, currency, setup, yearly, tax_name, tax_rate, tax, tax_country, paid`

// Fee reads what was paid for the year of a rental that begins on a day.
func (s *TelephoneNumbers) Fee(ctx context.Context, rental string, day time.Time) (f did.Fee, found bool, err error) {
	var kind string
	var begins, paid int64
	found, err = one(s.db.read.QueryRowContext(ctx, `SELECT `+feeColumns+` FROM did_fee WHERE rental = $1 AND begins >= $2 AND begins < $3`, rental, us(day), us(day.Add(24*time.Hour))).
		Scan(&f.Rental, &begins, &f.E164, &f.Account, &kind, &f.For.CallingCode, &f.For.National, &f.Currency, &f.Setup, &f.Yearly,
			&f.Tax.Name, &f.Tax.Rate, &f.Tax.Micros, &f.Tax.Country, &paid))
	if err != nil || !found {
		return f, false, err
	}
	f.From, f.Paid = at(begins), at(paid)
	f.For.Kind, err = numbering.ParseKind(kind)
	return f, true, err
}

// move changes a number that is still as it was; for an account that was erased
// it is not rented.
func (s *TelephoneNumbers) move(ctx context.Context, q querier, was, now did.Number) (bool, error) {
	kind := ""
	if !now.For.Zero() {
		kind = now.For.Kind.String()
	}
	renter := ""
	if now.State == did.Renting || now.State.Rings() {
		renter = now.Account
	}
	var erased int64 // locked, so that an account is erased before it or with it
	if _, err := one(q.QueryRowContext(ctx, `SELECT erased FROM account WHERE id = $1`+s.db.lock(), renter).Scan(&erased)); err != nil || erased > 0 {
		return false, err
	}
	return changed(q.ExecContext(ctx, `UPDATE did SET state = $1, rental = $2, account = $3, membership = $4, kind = $5, calling_code = $6, national = $7, fee = $8, until = $9, told = $10
		WHERE e164 = $11 AND state = $12 AND rental = $13 AND until = $14 AND told = $15`,
		string(now.State), now.Rental, now.Account, now.Membership, kind, now.For.CallingCode, now.For.National, now.Fee, us(now.Until), now.Told,
		was.E164, string(was.State), was.Rental, us(was.Until), was.Told))
}

// AllTelephoneNumbers yields those that ring.
func (r *Roster) AllTelephoneNumbers(ctx context.Context, yield func(did.Number) error) error {
	rows, err := r.db.read.QueryContext(ctx, `SELECT `+didColumns+` FROM did WHERE state IN ('rented', 'late')`)
	return each(rows, err, func(rows *sql.Rows) error {
		n, err := scanDID(rows)
		if err != nil {
			return err
		}
		return yield(n)
	})
}
