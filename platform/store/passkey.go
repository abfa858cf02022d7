package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/callisto-tel/callisto/business/member"
)

func (t memberTx) Passkeys(ctx context.Context, account string) ([]member.Passkey, error) {
	out := []member.Passkey{}
	rows, err := t.q.QueryContext(ctx, `SELECT id, account, credential, name, data, created, used FROM passkey WHERE account = $1 ORDER BY id`, account)
	err = each(rows, err, func(rows *sql.Rows) error {
		var p member.Passkey
		var created, used int64
		err := rows.Scan(&p.ID, &p.Account, &p.Credential, &p.Name, &p.Data, &created, &used)
		p.Created, p.Used = at(created), at(used)
		out = append(out, p)
		return err
	})
	return out, err
}

func (t memberTx) InsertPasskey(ctx context.Context, p member.Passkey) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO passkey (id, account, credential, name, data, created, used) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (credential) DO NOTHING`, p.ID, p.Account, p.Credential, p.Name, p.Data, us(p.Created), us(p.Used)))
}

func (t memberTx) ChangePasskey(ctx context.Context, p member.Passkey) error {
	_, err := t.q.ExecContext(ctx, `UPDATE passkey SET name = $1, data = $2, used = $3 WHERE id = $4`, p.Name, p.Data, us(p.Used), p.ID)
	return err
}

func (t memberTx) DeletePasskey(ctx context.Context, id string) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM passkey WHERE id = $1`, id)
	return err
}

func (t memberTx) InsertQuestion(ctx context.Context, hash, account, data string, now, expires time.Time) error {
	if _, err := t.q.ExecContext(ctx, `DELETE FROM passkey_question WHERE expires <= $1`, us(now)); err != nil {
		return err
	}
	_, err := t.q.ExecContext(ctx, `INSERT INTO passkey_question (hash, account, data, expires) VALUES ($1, $2, $3, $4)`, hash, account, data, us(expires))
	return err
}

func (t memberTx) TakeQuestion(ctx context.Context, hash string, now time.Time) (account, data string, found bool, err error) {
	found, err = one(t.q.QueryRowContext(ctx, `DELETE FROM passkey_question WHERE hash = $1 AND expires > $2 RETURNING account, data`, hash, us(now)).Scan(&account, &data))
	return account, data, found, err
}
