package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/member"
)

// like finds a text within others, whatever is in it.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// Search finds accounts by a part of their name, address or numbers. A name
// with letters beyond ASCII is also looked for as it was typed, since SQLite
// knows no other capital letters.
func (t memberTx) Search(ctx context.Context, x member.Search) ([]member.Account, error) {
	before := x.Before
	if before == "" {
		before = "~" // after every id
	}
	digits := ""
	if len(x.Digits) >= 2 {
		digits = like(x.Digits)
	}
	out := []member.Account{}
	rows, err := t.q.QueryContext(ctx, `SELECT `+accountColumns+` FROM account WHERE erased = 0 AND id < $1
		AND (LOWER(email) LIKE $2 ESCAPE '\' OR LOWER(name) LIKE $2 ESCAPE '\' OR name LIKE $3 ESCAPE '\' OR id = $4
			OR EXISTS (SELECT 1 FROM number_order o WHERE o.account = account.id AND o.state IN ('paid', 'sold')
				AND (o.calling_code || o.national LIKE $5 ESCAPE '\' OR o.national || o.calling_code LIKE $5 ESCAPE '\')))
		ORDER BY id DESC LIMIT $6`, before, like(strings.ToLower(x.Text)), like(x.Text), x.Text, digits, x.Limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		a, _, _, err := scanAccount(rows)
		out = append(out, a)
		return err
	})
	return out, err
}

func (t memberTx) BarAccount(ctx context.Context, account string, since time.Time, why string) error {
	_, err := t.q.ExecContext(ctx, `UPDATE account SET barred = $1, barred_why = $2 WHERE id = $3 AND erased = 0`, us(since), why, account)
	return err
}

func (t memberTx) AddRemark(ctx context.Context, x member.Remark) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO account_event (id, account, code, text, actor, name, at) VALUES (`+places(1, 7)+`)`,
		x.ID, x.Account, x.Code, x.Text, x.Actor, x.Name, us(x.At))
	return err
}

func (t memberTx) Remarks(ctx context.Context, account string) ([]member.Remark, error) {
	out := []member.Remark{}
	rows, err := t.q.QueryContext(ctx, `SELECT id, account, code, text, actor, name, at FROM account_event WHERE account = $1 ORDER BY id DESC`, account)
	err = each(rows, err, func(rows *sql.Rows) error {
		var x member.Remark
		var when int64
		err := rows.Scan(&x.ID, &x.Account, &x.Code, &x.Text, &x.Actor, &x.Name, &when)
		x.At = at(when)
		out = append(out, x)
		return err
	})
	return out, err
}
