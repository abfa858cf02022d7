package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Bell is the store of browsers that ring when they are closed, and of missed
// calls that somebody is to be told of.
type Bell struct{ db *DB }

// Bell gives it.
func (d *DB) Bell() *Bell { return &Bell{d} }

const browserColumns = `b.id, b.account, b.session, b.endpoint, b.p256dh, b.auth, b.instance, b.name, b.created`

// live is what a browser must be to ring: somebody is signed in there.
const live = ` EXISTS (SELECT 1 FROM session s WHERE s.id = b.session AND s.account = b.account AND s.expires > `

func scanBrowser(row scanner, more ...any) (b bell.Browser, err error) {
	var created int64
	err = row.Scan(append([]any{&b.ID, &b.Account, &b.Session, &b.Endpoint, &b.P256DH, &b.Auth, &b.Instance, &b.Name, &created}, more...)...)
	b.Created = at(created)
	return b, err
}

// PutBrowser keeps one by its endpoint: of whoever is signed in there now. One
// whose session is over makes room.
func (s *Bell) PutBrowser(ctx context.Context, b bell.Browser, most int, now time.Time) (ok bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, `DELETE FROM push_browser AS b WHERE b.endpoint = $1 OR b.account = $2 AND (b.session = $3 OR NOT `+live+`$4))`, b.Endpoint, b.Account, b.Session, us(now)); err != nil {
			return err
		}
		// A session that ended meanwhile gets none.
		ok, err = changed(q.ExecContext(ctx, `INSERT INTO push_browser (id, account, session, endpoint, p256dh, auth, instance, name, created)
			SELECT CAST($1 AS TEXT), s.account, s.id, CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS BIGINT) FROM session s
			WHERE s.id = $3 AND s.account = $2 AND (SELECT COUNT(*) FROM push_browser WHERE account = $2) < $10 ON CONFLICT (endpoint) DO NOTHING`,
			b.ID, b.Account, b.Session, b.Endpoint, b.P256DH, b.Auth, b.Instance, b.Name, us(b.Created), most))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keep a browser that rings: %w", err)
	}
	return ok, nil
}

// DropBrowser forgets one of an account's.
func (s *Bell) DropBrowser(ctx context.Context, account, id, endpoint string) (was bool, err error) {
	err = s.db.write(ctx, func(q querier) error {
		was, err = changed(q.ExecContext(ctx, `DELETE FROM push_browser WHERE account = $1 AND (id = $2 OR endpoint = $3)`, account, id, endpoint))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("forget a browser that rings: %w", err)
	}
	return was, nil
}

// Browsers lists those of an account.
func (s *Bell) Browsers(ctx context.Context, account string, now time.Time) ([]bell.Browser, error) {
	out := []bell.Browser{}
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+browserColumns+` FROM push_browser b WHERE b.account = $1 AND `+live+`$2) ORDER BY b.created, b.id`, account, us(now))
	err = each(rows, err, func(rows *sql.Rows) error {
		b, err := scanBrowser(rows)
		out = append(out, b)
		return err
	})
	return out, err
}

// Sleeping lists the browser phones of accounts that have some.
func (s *Bell) Sleeping(ctx context.Context, now time.Time) ([]bell.Sleeper, error) {
	var out []bell.Sleeper
	rows, err := s.db.read.QueryContext(ctx, `SELECT m.account, m.id, d.id, d.kind, d.calling_code, d.national FROM device d JOIN membership m ON m.id = d.membership
		WHERE d.terminal = 'browser' AND d.revoked = 0 AND m.account IN (SELECT b.account FROM push_browser b WHERE `+live+`$1))`, us(now))
	err = each(rows, err, func(rows *sql.Rows) error {
		var x bell.Sleeper
		var kind string
		err := rows.Scan(&x.Account, &x.Membership, &x.Device, &kind, &x.Number.CallingCode, &x.Number.National)
		x.Number.Kind = kindOf(kind)
		out = append(out, x)
		return err
	})
	return out, err
}

// Choice reads what the holder of a number chose.
func (s *Bell) Choice(ctx context.Context, membership string) (c bell.Choice, found bool, err error) {
	found, err = one(s.db.read.QueryRowContext(ctx, `SELECT push, mail FROM missed_choice WHERE membership = $1`, membership).Scan(&c.Push, &c.Mail))
	return c, found, err
}

// SetChoice keeps it.
func (s *Bell) SetChoice(ctx context.Context, membership string, c bell.Choice) error {
	return s.exec(ctx, `INSERT INTO missed_choice (membership, push, mail) VALUES ($1, $2, $3) ON CONFLICT (membership) DO UPDATE SET push = excluded.push, mail = excluded.mail`,
		membership, flag(c.Push), flag(c.Mail))
}

func (s *Bell) exec(ctx context.Context, text string, args ...any) error {
	return s.db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, text, args...)
		return err
	})
}

// Person reads who is told.
func (s *Bell) Person(ctx context.Context, account string) (p bell.Person, found bool, err error) {
	found, err = one(s.db.read.QueryRowContext(ctx, `SELECT id, email, language, time_zone FROM account WHERE id = $1 AND erased = 0`, account).Scan(&p.Account, &p.Email, &p.Language, &p.TimeZone))
	return p, found, err
}

// tellMissed leaves missed calls to be told by push and by letter, in the
// transaction of their records; nothing, where nobody wants to know.
func tellMissed(ctx context.Context, q querier, records []cdr.Record, now time.Time) error {
	for i := range records {
		r := &records[i]
		if !r.Missed() {
			continue
		}
		n := r.To.Number
		is, err := changed(q.ExecContext(ctx, `INSERT INTO missed_call (call, account, membership, kind, code, national, caller, started, mail)
			SELECT CAST($1 AS TEXT), m.account, m.id, m.kind, CAST($5 AS TEXT), m.national, CAST($6 AS TEXT), CAST($7 AS BIGINT), CASE WHEN c.mail = 1 THEN 'waiting' ELSE 'none' END
			FROM membership m LEFT JOIN missed_choice c ON c.membership = m.id
			WHERE m.account = $2 AND m.kind = $3 AND m.national = $4 AND (m.kind = 'company' OR m.calling_code = $5)
				AND (c.mail = 1 OR (c.push IS NULL OR c.push = 1) AND EXISTS (SELECT 1 FROM push_browser b WHERE b.account = m.account))
			ON CONFLICT DO NOTHING`, r.CallID, r.To.Account, n.Kind.String(), n.National, n.CallingCode, r.Caller(r.To.Account), us(r.Start)))
		if err == nil && is {
			_, err = q.ExecContext(ctx, `INSERT INTO missed_push (call, account, browser, tries, due)
				SELECT x.call, x.account, b.id, 0, CAST($3 AS BIGINT) FROM missed_call x JOIN push_browser b ON b.account = x.account LEFT JOIN missed_choice c ON c.membership = x.membership
				WHERE x.call = $1 AND x.account = $2 AND (c.push IS NULL OR c.push = 1) ON CONFLICT DO NOTHING`, r.CallID, r.To.Account, us(now))
		}
		if err != nil {
			return fmt.Errorf("leave the missed call %s to be told: %w", r.CallID, err)
		}
	}
	return nil
}

// TakePushes gives what is due and lets nobody else have it until the lease is
// over. What is for a browser that is no more is forgotten.
func (s *Bell) TakePushes(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]bell.Push, error) {
	var none bool
	if err := s.db.read.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM missed_push WHERE due <= $1)`, us(now)).Scan(&none); err != nil || none {
		return nil, err
	}
	if err := s.exec(ctx, `DELETE FROM missed_push WHERE due <= $1 AND NOT EXISTS (SELECT 1 FROM push_browser b WHERE b.id = browser AND `+live+`$1))`, us(now)); err != nil {
		return nil, err
	}
	var list []bell.Push
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+browserColumns+`, x.call, x.account, x.membership, x.kind, x.code, x.national, x.caller, x.started, a.email, a.language, a.time_zone, p.tries, p.due
		FROM missed_push p JOIN missed_call x ON x.call = p.call AND x.account = p.account JOIN push_browser b ON b.id = p.browser JOIN account a ON a.id = x.account
		WHERE p.due <= $1 ORDER BY p.due LIMIT $2`, us(now), limit)
	due := []int64{}
	err = each(rows, err, func(rows *sql.Rows) error {
		var x bell.Push
		var started, when int64
		var kind string
		var err error
		x.Browser, err = scanBrowser(rows, &x.Call, &x.Missed.Account, &x.Membership, &kind, &x.Number.CallingCode, &x.Number.National, &x.Caller, &started, &x.Email, &x.Language, &x.TimeZone, &x.Tries, &when)
		x.Start, x.Person.Account, x.Number.Kind = at(started), x.Missed.Account, kindOf(kind)
		list, due = append(list, x), append(due, when)
		return err
	})
	if err != nil {
		return nil, err
	}
	var taken []bell.Push
	err = s.db.write(ctx, func(q querier) error {
		taken = taken[:0]
		for i, x := range list {
			ok, err := changed(q.ExecContext(ctx, `UPDATE missed_push SET due = $4, tries = tries + 1 WHERE call = $1 AND account = $2 AND browser = $3 AND due = $5`,
				x.Call, x.Missed.Account, x.Browser.ID, us(now.Add(lease)), due[i]))
			if err != nil {
				return err
			}
			if ok {
				x.Tries++
				taken = append(taken, x)
			}
		}
		return nil
	})
	return taken, err
}

// PushDone forgets what was sent, or never will be.
func (s *Bell) PushDone(ctx context.Context, p bell.Push) error {
	return s.exec(ctx, `DELETE FROM missed_push WHERE call = $1 AND account = $2 AND browser = $3`, p.Call, p.Missed.Account, p.Browser.ID)
}

// PushLater notes when it is tried again.
func (s *Bell) PushLater(ctx context.Context, p bell.Push, due time.Time) error {
	return s.exec(ctx, `UPDATE missed_push SET due = $4 WHERE call = $1 AND account = $2 AND browser = $3`, p.Call, p.Missed.Account, p.Browser.ID, us(due))
}

// Digests lists what is to be told by letter.
func (s *Bell) Digests(ctx context.Context, since time.Time, limit int) ([]bell.Digest, error) {
	var people []bell.Person
	rows, err := s.db.read.QueryContext(ctx, `SELECT DISTINCT a.id, a.email, a.language, a.time_zone FROM missed_call x JOIN account a ON a.id = x.account
		WHERE x.mail = 'waiting' AND a.erased = 0 AND NOT EXISTS (SELECT 1 FROM missed_letter l WHERE l.account = x.account AND l.sent > $1) LIMIT $2`, us(since), limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var p bell.Person
		err := rows.Scan(&p.Account, &p.Email, &p.Language, &p.TimeZone)
		people = append(people, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]bell.Digest, 0, len(people))
	for _, p := range people {
		d := bell.Digest{Person: p}
		rows, err := s.db.read.QueryContext(ctx, `SELECT call, account, membership, kind, code, national, caller, started FROM missed_call WHERE mail = 'waiting' AND account = $1 ORDER BY started, call`, p.Account)
		err = each(rows, err, func(rows *sql.Rows) error {
			var x bell.Missed
			var started int64
			var kind string
			err := rows.Scan(&x.Call, &x.Account, &x.Membership, &kind, &x.Number.CallingCode, &x.Number.National, &x.Caller, &started)
			x.Start, x.Number.Kind = at(started), kindOf(kind)
			d.Calls = append(d.Calls, x)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(d.Calls) > 0 {
			out = append(out, d)
		}
	}
	return out, nil
}

// PostDigest queues a letter and notes what it tells as told.
func (s *Bell) PostDigest(ctx context.Context, d bell.Digest, l letter.Letter, now time.Time) error {
	return s.db.write(ctx, func(q querier) error {
		told := 0
		for i := range d.Calls {
			ok, err := changed(q.ExecContext(ctx, `UPDATE missed_call SET mail = 'sent' WHERE call = $1 AND account = $2 AND mail = 'waiting'`, d.Calls[i].Call, d.Person.Account))
			if err != nil {
				return err
			}
			if ok {
				told++
			}
		}
		switch told {
		case len(d.Calls):
		case 0:
			return nil // another told them meanwhile
		default:
			return fmt.Errorf("missed calls of %s were told meanwhile", d.Person.Account)
		}
		if _, err := q.ExecContext(ctx, `INSERT INTO missed_letter (account, sent) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET sent = excluded.sent`, d.Person.Account, us(now)); err != nil {
			return err
		}
		return postLetter(ctx, q, l)
	})
}

// SweepMissed forgets calls from before, and what is left of browsers whose
// sessions are over.
func (s *Bell) SweepMissed(ctx context.Context, before time.Time) error {
	return s.db.write(ctx, func(q querier) error {
		for _, text := range []string{
			`DELETE FROM missed_push WHERE (call, account) IN (SELECT call, account FROM missed_call WHERE started < $1)`,
			`DELETE FROM missed_call WHERE started < $1`,
			`DELETE FROM push_browser AS b WHERE NOT ` + live + `$1)`,
		} {
			if _, err := q.ExecContext(ctx, text, us(before)); err != nil {
				return err
			}
		}
		return nil
	})
}

// waitingMost bounds what is counted and listed: a lamp needs no more.
const waitingMost = 99

// longestRinging, in µs, is more than any call rings: what began so long before its
// called party looked had ended by then. With it a count reads what came since, and not
// two weeks of calls.
const longestRinging = "3600000000"

// unseen are the records of calls missed since a moment ($2) that an account ($1) has
// not looked at: of a number, or of all if it is zero. Several centers may have
// written of one call.
func unseen(account string, n numbering.Number, since time.Time) (where string, args []any) {
	args = []any{account, us(since), waitingMost}
	one := ""
	if !n.Zero() {
		one = ` AND to_kind = $4 AND to_code = $5 AND to_number = $6`
		args = append(args, n.Kind.String(), n.CallingCode, n.National)
	}
	causes := make([]string, 0, 5)
	for _, c := range cdr.MissedCauses() {
		causes = append(causes, "'"+c.String()+"'")
	}
	return ` FROM cdr WHERE to_account = $1 AND from_account <> $1 AND answered = 0
		AND started > (SELECT MAX(since) FROM (SELECT CAST($2 AS BIGINT) AS since UNION ALL SELECT upto - ` + longestRinging + ` FROM missed_seen WHERE account = $1) f) AND cause IN (` + strings.Join(causes, ", ") + `)
		AND ended > COALESCE((SELECT upto FROM missed_seen WHERE account = $1), 0)
		AND NOT EXISTS (SELECT 1 FROM missed_heard h WHERE h.account = $1 AND h.kind = to_kind AND h.code = to_code AND h.national = to_number AND h.upto >= ended)` + one, args
}

// Waiting counts the calls missed since a moment that an account has not looked at:
// of a number, or of all if it is zero.
func (s *Bell) Waiting(ctx context.Context, account string, n numbering.Number, since time.Time) (count int, err error) {
	where, args := unseen(account, n, since)
	err = s.db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT DISTINCT call_id`+where+` LIMIT $3) x`, args...).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("count the missed calls of %s: %w", account, err)
	}
	return count, nil
}

// Unseen lists them, the latest first.
func (s *Bell) Unseen(ctx context.Context, account string, n numbering.Number, since time.Time) ([]bell.Missed, error) {
	where, args := unseen(account, n, since)
	//nolint:gosec // only our own text
	rows, err := s.db.read.QueryContext(ctx, `SELECT call_id, MAX(withheld), MAX(from_text), MAX(from_kind), MAX(from_code), MAX(from_number), MIN(started), MAX(ended)`+where+`
		GROUP BY call_id ORDER BY MIN(started) DESC, call_id LIMIT $3`, args...)
	var list []bell.Missed
	err = each(rows, err, func(rows *sql.Rows) error {
		m := bell.Missed{Account: account, Number: n}
		var r cdr.Record
		var kind string
		var started, ended int64
		err := rows.Scan(&m.Call, &r.Withheld, &r.From.Text, &kind, &r.From.Number.CallingCode, &r.From.Number.National, &started, &ended)
		r.From.Number.Kind = kindOf(kind)
		m.Caller = r.Caller(account)
		m.Start, m.End = at(started), at(ended)
		list = append(list, m)
		return err
	})
	return list, err
}

// Looked notes that an account has looked at its missed calls up to a moment.
func (s *Bell) Looked(ctx context.Context, account string, upTo time.Time) error {
	return s.exec(ctx, `INSERT INTO missed_seen (account, upto) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET upto = excluded.upto WHERE missed_seen.upto < excluded.upto`, account, us(upTo))
}

// Heard notes the same of one number of an account.
func (s *Bell) Heard(ctx context.Context, account string, n numbering.Number, upTo time.Time) error {
	return s.exec(ctx, `INSERT INTO missed_heard (account, kind, code, national, upto) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, kind, code, national) DO UPDATE SET upto = excluded.upto WHERE missed_heard.upto < excluded.upto`, account, n.Kind.String(), n.CallingCode, n.National, us(upTo))
}
