package store

import (
	"context"
	"fmt"

	"github.com/callisto-tel/callisto/business/contact"
)

// Contacts keeps whom members call.
type Contacts struct{ db *DB }

// Contacts gives the contacts their store.
func (d *DB) Contacts() *Contacts { return &Contacts{d} }

// Contacts lists those of an account by name.
func (s *Contacts) Contacts(ctx context.Context, account string) ([]contact.Contact, error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT id, account, name, number, created FROM contact WHERE account = $1 ORDER BY name, id`, account)
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []contact.Contact
	for rows.Next() {
		var c contact.Contact
		var created int64
		if err := rows.Scan(&c.ID, &c.Account, &c.Name, &c.Number, &created); err != nil {
			return nil, fmt.Errorf("read a contact: %w", err)
		}
		c.Created = at(created)
		out = append(out, c)
	}
	return out, rows.Err()
}

// AddContact keeps one, if the account has fewer than it may.
func (s *Contacts) AddContact(ctx context.Context, c contact.Contact, most int) (bool, error) {
	return s.change(ctx, "keep a contact", `INSERT INTO contact (id, account, name, number, created)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT) WHERE (SELECT COUNT(*) FROM contact WHERE account = $2) < $6`,
		c.ID, c.Account, c.Name, c.Number, us(c.Created), most)
}

// ChangeContact changes one of the account's.
func (s *Contacts) ChangeContact(ctx context.Context, c contact.Contact) (bool, error) {
	return s.change(ctx, "change a contact", `UPDATE contact SET name = $3, number = $4 WHERE account = $1 AND id = $2`, c.Account, c.ID, c.Name, c.Number)
}

// RemoveContact forgets one of the account's.
func (s *Contacts) RemoveContact(ctx context.Context, account, id string) (bool, error) {
	return s.change(ctx, "remove a contact", `DELETE FROM contact WHERE account = $1 AND id = $2`, account, id)
}

func (s *Contacts) change(ctx context.Context, what, query string, args ...any) (done bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		done, err = changed(q.ExecContext(ctx, query, args...))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return done, err
}
