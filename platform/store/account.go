package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
)

const accountColumns = `id, email, password, name, role, country, language, time_zone, created, confirmed, languages, company, tax_id, address, erased, barred, barred_why`

func (t memberTx) InsertAccount(ctx context.Context, a member.Account, password string) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO account (`+accountColumns+`) VALUES (`+places(1, 17)+`) ON CONFLICT (email) DO NOTHING`,
		a.ID, a.Email, password, a.Name, string(a.Role), a.Country, a.Language, a.TimeZone, us(a.Created), us(a.Confirmed), pack(a.Languages),
		a.Business.Company, a.Business.TaxID, a.Business.Address, us(a.Erased), us(a.Barred), a.BarredWhy))
}

func scanAccount(row scanner) (a member.Account, password string, found bool, err error) {
	var created, confirmed, erased, barred int64
	var languages string
	found, err = one(row.Scan(&a.ID, &a.Email, &password, &a.Name, &a.Role, &a.Country, &a.Language, &a.TimeZone, &created, &confirmed, &languages,
		&a.Business.Company, &a.Business.TaxID, &a.Business.Address, &erased, &barred, &a.BarredWhy))
	if err != nil || !found {
		return a, password, found, err
	}
	a.Created, a.Confirmed, a.Erased, a.Barred = at(created), at(confirmed), at(erased), at(barred)
	a.Languages, err = list(languages)
	return a, password, true, err
}

func (t memberTx) Account(ctx context.Context, id string) (member.Account, bool, error) {
	a, _, found, err := scanAccount(t.q.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE id = $1`, id))
	return a, found, err
}

func (t memberTx) AccountByEmail(ctx context.Context, email string) (member.Account, string, bool, error) {
	return scanAccount(t.q.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE email = $1 AND erased = 0`, email))
}

func (t memberTx) Password(ctx context.Context, account string) (password string, err error) {
	_, err = one(t.q.QueryRowContext(ctx, `SELECT password FROM account WHERE id = $1`, account).Scan(&password))
	return password, err
}

func (t memberTx) SetPassword(ctx context.Context, account, password string) error {
	_, err := t.q.ExecContext(ctx, `UPDATE account SET password = $1 WHERE id = $2`, password, account)
	return err
}

// SetEmail looks before it writes, as PostgreSQL gives a whole transaction up
// over a broken UNIQUE. Two that want one address at the same moment can still
// meet it: then one of them fails, and the address is the other's.
func (t memberTx) SetEmail(ctx context.Context, account, email string, proved time.Time) (bool, error) {
	return changed(t.q.ExecContext(ctx, `UPDATE account SET email = $1, confirmed = $2 WHERE id = $3 AND erased = 0
		AND NOT EXISTS (SELECT 1 FROM account other WHERE other.email = $1 AND other.id <> $3)`, email, us(proved), account))
}

func (t memberTx) ChangeAccount(ctx context.Context, a member.Account) error {
	_, err := t.q.ExecContext(ctx, `UPDATE account SET name = $1, country = $2, language = $3, languages = $4, time_zone = $5, company = $6, tax_id = $7, address = $8
		WHERE id = $9 AND erased = 0`, a.Name, a.Country, a.Language, pack(a.Languages), a.TimeZone, a.Business.Company, a.Business.TaxID, a.Business.Address, a.ID)
	return err
}

const sessionColumns = `account, expires, id, created, seen, proved, browser, source`

func (t memberTx) InsertSession(ctx context.Context, hash string, s member.Session) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO session (hash, `+sessionColumns+`) VALUES (`+places(1, 9)+`)`,
		hash, s.Account, us(s.Expires), s.ID, us(s.Created), us(s.Seen), us(s.Proved), s.Browser, s.Source)
	return err
}

func scanSession(row scanner) (s member.Session, err error) {
	var expires, created, seen, proved int64
	err = row.Scan(&s.Account, &expires, &s.ID, &created, &seen, &proved, &s.Browser, &s.Source)
	s.Expires, s.Created, s.Seen, s.Proved = at(expires), at(created), at(seen), at(proved)
	return s, err
}

func (t memberTx) Session(ctx context.Context, hash string, now time.Time) (member.Session, bool, error) {
	s, err := scanSession(t.q.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM session WHERE hash = $1 AND expires > $2`, hash, us(now)))
	found, err := one(err)
	return s, found, err
}

func (t memberTx) DeleteSession(ctx context.Context, hash string) ([]string, error) {
	// What was switched on in it ends with it: a browser where nobody is signed in does not ring.
	_, err := t.q.ExecContext(ctx, `DELETE FROM push_browser WHERE session IN (SELECT id FROM session WHERE hash = $1 AND id <> '')`, hash)
	if err != nil {
		return nil, err
	}
	return t.ended(ctx, `hash = $1`, hash)
}

func (t memberTx) EndSessions(ctx context.Context, account, except, only string) ([]string, error) {
	_, err := t.q.ExecContext(ctx, `DELETE FROM push_browser WHERE account = $1 AND (session <> $2 OR $2 = '') AND (session = $3 OR $3 = '')`, account, except, only)
	if err != nil {
		return nil, err
	}
	return t.ended(ctx, `account = $1 AND (id <> $2 OR $2 = '') AND (id = $3 OR $3 = '')`, account, except, only)
}

// ended deletes sessions and returns the ids they had; those of long ago had none.
func (t memberTx) ended(ctx context.Context, which string, args ...any) (ids []string, err error) {
	rows, err := t.q.QueryContext(ctx, `DELETE FROM session WHERE `+which+` RETURNING id`, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		if id != "" {
			ids = append(ids, id)
		}
		return err
	})
	return ids, err
}

func (t memberTx) TouchSession(ctx context.Context, id string, seen, proved time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE session SET seen = $1, proved = CASE WHEN CAST($2 AS BIGINT) > 0 THEN CAST($2 AS BIGINT) ELSE proved END WHERE id = $3 AND id <> ''`, us(seen), us(proved), id)
	return err
}

// Sessions lists where an account is signed in, the latest first.
func (m *Members) Sessions(ctx context.Context, account string, now time.Time) ([]member.Session, error) {
	out := []member.Session{}
	rows, err := m.db.read.QueryContext(ctx, `SELECT `+sessionColumns+` FROM session WHERE account = $1 AND expires > $2 ORDER BY created DESC, id`, account, us(now))
	err = each(rows, err, func(rows *sql.Rows) error {
		s, err := scanSession(rows)
		out = append(out, s)
		return err
	})
	return out, err
}

func (t memberTx) InsertToken(ctx context.Context, hash string, x member.Token) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO account_token (hash, account, kind, email, expires) VALUES ($1, $2, $3, $4, $5)`,
		hash, x.Account, string(x.Kind), x.Email, us(x.Expires))
	return err
}

func scanToken(row scanner) (x member.Token, found bool, err error) {
	var expires int64
	found, err = one(row.Scan(&x.Account, &x.Kind, &x.Email, &expires))
	x.Expires = at(expires)
	return x, found, err
}

func (t memberTx) Token(ctx context.Context, hash string, now time.Time) (member.Token, bool, error) {
	return scanToken(t.q.QueryRowContext(ctx, `SELECT account, kind, email, expires FROM account_token WHERE hash = $1 AND expires > $2`, hash, us(now)))
}

func (t memberTx) TakeToken(ctx context.Context, hash string, now time.Time) (member.Token, bool, error) {
	return scanToken(t.q.QueryRowContext(ctx, `DELETE FROM account_token WHERE hash = $1 AND expires > $2 RETURNING account, kind, email, expires`, hash, us(now)))
}

func (t memberTx) DropTokens(ctx context.Context, account string, kind member.TokenKind, now time.Time) error {
	_, err := t.q.ExecContext(ctx, `DELETE FROM account_token WHERE account = $1 AND (kind = $2 OR $2 = '') OR expires <= $3`, account, string(kind), us(now))
	return err
}

func (t memberTx) Post(ctx context.Context, x letter.Letter) error { return postLetter(ctx, t.q, x) }

// Find is an account by its id or e-mail address.
func (m *Members) Find(ctx context.Context, who string) (member.Account, bool, error) {
	a, _, found, err := scanAccount(m.db.read.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE (id = $1 OR email = $2) AND erased = 0`, who, strings.ToLower(who)))
	return a, found, err
}
