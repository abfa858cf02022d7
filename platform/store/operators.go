package store

import "context"

// Operators counts the accounts that run the house.
func (d *DB) Operators(ctx context.Context) (n int, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM account WHERE role = 'operator'`).Scan(&n)
	return n, err
}
