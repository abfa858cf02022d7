package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Names keeps the names of numbers.
type Names struct{ db *DB }

// Names gives the names their store.
func (d *DB) Names() *Names { return &Names{d} }

const nameColumns = `id, account, name, kind, number_kind, calling_code, national, dial, state, token, hash, missing, checked, created`

func nameRow(n *alias.Name) []any {
	kind := ""
	if !n.Number.Zero() {
		kind = n.Number.Kind.String()
	}
	return []any{n.ID, n.Account, n.Name, string(n.Kind), kind, n.Number.CallingCode, n.Number.National, n.Dial, string(n.State), n.Token, n.Hash,
		us(n.Missing), us(n.Checked), us(n.Created)}
}

func scanName(row scanner) (n alias.Name, err error) {
	var kind string
	var missing, checked, created int64
	err = row.Scan(&n.ID, &n.Account, &n.Name, &n.Kind, &kind, &n.Number.CallingCode, &n.Number.National, &n.Dial, &n.State, &n.Token, &n.Hash,
		&missing, &checked, &created)
	if err != nil {
		return n, err
	}
	if kind != "" {
		if n.Number.Kind, err = numbering.ParseKind(kind); err != nil {
			return n, err
		}
	}
	n.Missing, n.Checked, n.Created = at(missing), at(checked), at(created)
	return n, nil
}

func names(rows *sql.Rows, err error) (out []alias.Name, _ error) {
	err = each(rows, err, func(rows *sql.Rows) error {
		n, err := scanName(rows)
		out = append(out, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the names: %w", err)
	}
	return out, nil
}

// InsertName keeps a name with its letter, unless the account has it already.
func (s *Names) InsertName(ctx context.Context, n alias.Name, letters ...letter.Letter) error {
	return s.db.write(ctx, func(q querier) error {
		fresh, err := changed(q.ExecContext(ctx, `INSERT INTO held_name (`+nameColumns+`) VALUES (`+places(1, 14)+`) ON CONFLICT DO NOTHING`, nameRow(&n)...))
		if err != nil || !fresh {
			return err
		}
		return postLetters(ctx, q, letters)
	})
}

func postLetters(ctx context.Context, q querier, letters []letter.Letter) error {
	for _, l := range letters {
		if err := postLetter(ctx, q, l); err != nil {
			return err
		}
	}
	return nil
}

// Name reads one.
func (s *Names) Name(ctx context.Context, id string) (alias.Name, bool, error) {
	return s.one(ctx, `id = $1`, id)
}

// NameByHash finds the address that a letter asks for.
func (s *Names) NameByHash(ctx context.Context, hash string) (alias.Name, bool, error) {
	return s.one(ctx, `hash = $1 AND hash <> ''`, hash)
}

func (s *Names) one(ctx context.Context, where string, arg any) (alias.Name, bool, error) {
	n, err := scanName(s.db.read.QueryRowContext(ctx, `SELECT `+nameColumns+` FROM held_name WHERE `+where, arg))
	found, err := one(err)
	return n, found, err
}

// Names lists them, the oldest first.
func (s *Names) Names(ctx context.Context, f alias.Filter) ([]alias.Name, error) {
	limit := f.Limit
	if limit == 0 {
		limit = math.MaxInt32
	}
	return names(s.db.read.QueryContext(ctx, `SELECT `+nameColumns+` FROM held_name WHERE id > $1 AND ($2 = '' OR account = $2) AND ($3 = '' OR name = $3)
		AND (CAST($4 AS BIGINT) = 0 OR state <> 'removed') ORDER BY id LIMIT $5`, f.After, f.Account, f.Name, flag(f.Live), limit))
}

// SaveName writes a name that is still there, and removes others with it.
func (s *Names) SaveName(ctx context.Context, n alias.Name, others []string, letters ...letter.Letter) (saved bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		for _, id := range others {
			if _, err := q.ExecContext(ctx, `UPDATE held_name SET state = 'removed', hash = '', checked = $2 WHERE id = $1`, id, us(n.Checked)); err != nil {
				return err
			}
		}
		saved, err = changed(q.ExecContext(ctx, `UPDATE held_name SET state = $2, hash = $3, missing = $4, checked = $5 WHERE id = $1 AND state <> 'removed'
			AND (state <> 'proved' OR $2 <> 'waiting') AND ($2 <> 'proved' OR NOT EXISTS (SELECT 1 FROM held_name o WHERE o.name = held_name.name AND o.state = 'proved' AND o.id <> held_name.id))`,
			n.ID, string(n.State), n.Hash, us(n.Missing), us(n.Checked)))
		if err != nil {
			return err
		}
		if !saved {
			return errFull // nothing of it happened
		}
		return postLetters(ctx, q, letters)
	})
	if errors.Is(err, errFull) {
		return false, nil
	}
	return saved, err
}

// StaleNames takes those last looked at before t.
func (s *Names) StaleNames(ctx context.Context, t, now time.Time, most int) (out []alias.Name, err error) {
	err = s.db.write(ctx, func(q querier) error {
		out, err = names(q.QueryContext(ctx, `UPDATE held_name SET checked = $2 WHERE checked <= $1
			AND id IN (SELECT id FROM held_name WHERE checked <= $1 ORDER BY checked, id LIMIT $3) RETURNING `+nameColumns, us(t), us(now), most))
		return err
	})
	return out, err
}

// DropName forgets a name.
func (s *Names) DropName(ctx context.Context, id string) error {
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM held_name WHERE id = $1`, id)
		return err
	})
}

// AllNames yields every name that is proved.
func (r *Roster) AllNames(ctx context.Context, yield func(alias.Entry) error) error {
	rows, err := r.db.read.QueryContext(ctx, `SELECT `+nameColumns+` FROM held_name WHERE state = 'proved'`)
	return each(rows, err, func(rows *sql.Rows) error {
		n, err := scanName(rows)
		if err != nil {
			return err
		}
		return yield(n.Entry())
	})
}
