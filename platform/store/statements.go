package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
)

const statementColumns = `id, name, sum, content, account, uploaded, applied`

func scanStatement(row scanner) (s cashier.Statement, err error) {
	var content string
	var uploaded, applied int64
	if err = row.Scan(&s.ID, &s.Name, &s.Sum, &content, &s.Account, &uploaded, &applied); err != nil {
		return s, err
	}
	s.Uploaded, s.Applied = at(uploaded), at(applied)
	if s.Content, err = base64.StdEncoding.DecodeString(content); err != nil {
		return s, fmt.Errorf("the statement %s cannot be read: %w", s.ID, err)
	}
	return s, nil
}

// InsertStatement keeps a bank statement; the same file again gives the stored one.
func (p *Payments) InsertStatement(ctx context.Context, s cashier.Statement) (cashier.Statement, error) {
	var out cashier.Statement
	err := p.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO statement (`+statementColumns+`) VALUES (`+places(1, 7)+`) ON CONFLICT (sum) DO NOTHING`,
			s.ID, s.Name, s.Sum, base64.StdEncoding.EncodeToString(s.Content), s.Account, us(s.Uploaded), us(s.Applied))
		if err != nil {
			return err
		}
		out, err = scanStatement(q.QueryRowContext(ctx, `SELECT `+statementColumns+` FROM statement WHERE sum = $1`, s.Sum))
		return err
	})
	return out, err
}

// Statement reads one.
func (p *Payments) Statement(ctx context.Context, id string) (cashier.Statement, bool, error) {
	s, err := scanStatement(p.db.read.QueryRowContext(ctx, `SELECT `+statementColumns+` FROM statement WHERE id = $1`, id))
	found, err := one(err)
	return s, found, err
}

// Statements lists the newest, without what is in them.
func (p *Payments) Statements(ctx context.Context, limit int) ([]cashier.Statement, error) {
	out := []cashier.Statement{}
	rows, err := p.db.read.QueryContext(ctx, `SELECT id, name, sum, '', account, uploaded, applied FROM statement ORDER BY id DESC LIMIT $1`, limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		s, err := scanStatement(rows)
		out = append(out, s)
		return err
	})
	return out, err
}

// MarkApplied notes that a statement's lines were booked.
func (p *Payments) MarkApplied(ctx context.Context, id string, when time.Time) error {
	return p.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE statement SET applied = $1 WHERE id = $2`, us(when), id)
		return err
	})
}
