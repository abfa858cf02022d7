package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Members is the store of accounts, memberships and devices.
type Members struct{ db *DB }

// Members gives the member service its store.
func (d *DB) Members() *Members { return &Members{d} }

// Do runs a transaction.
func (m *Members) Do(ctx context.Context, f func(member.Tx) error) error {
	return m.db.write(ctx, func(q querier) error { return f(memberTx{q, outbox{q}}) })
}

// View runs reads only, beside the writer.
func (m *Members) View(_ context.Context, f func(member.Tx) error) error {
	return f(memberTx{m.db.read, outbox{m.db.read}})
}

type memberTx struct {
	q querier
	outbox
}

func (t memberTx) InsertAPIKey(ctx context.Context, hash string, k member.APIKey) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO api_key (id, hash, account, name, prefix, created, revoked) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
		k.ID, hash, k.Account, k.Name, k.Prefix, us(k.Created))
	return err
}

const keySQL = `SELECT id, account, name, prefix, created, used, revoked FROM api_key WHERE `

func scanKey(row scanner) (k member.APIKey, err error) {
	var created, used, revoked int64
	err = row.Scan(&k.ID, &k.Account, &k.Name, &k.Prefix, &created, &used, &revoked)
	k.Created, k.Used, k.Revoked = at(created), at(used), at(revoked)
	return k, err
}

func (t memberTx) APIKey(ctx context.Context, hash string) (member.APIKey, bool, error) {
	k, err := scanKey(t.q.QueryRowContext(ctx, keySQL+`hash = $1`, hash))
	found, err := one(err)
	return k, found, err
}

func (t memberTx) APIKeyByID(ctx context.Context, id string) (member.APIKey, bool, error) {
	k, err := scanKey(t.q.QueryRowContext(ctx, keySQL+`id = $1`, id))
	found, err := one(err)
	return k, found, err
}

func (t memberTx) RevokeAPIKey(ctx context.Context, id string, when time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE api_key SET revoked = $1 WHERE id = $2 AND revoked = 0`, us(when), id)
	return err
}

func (t memberTx) TouchAPIKey(ctx context.Context, id string, when time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE api_key SET used = $1 WHERE id = $2`, us(when), id)
	return err
}

func (t memberTx) Bought(ctx context.Context, order string) (member.Bought, bool, error) {
	o, err := scanOrder(t.q.QueryRowContext(ctx, `SELECT `+orderColumns+` FROM number_order WHERE id = $1 AND state = 'sold' AND settling = 0`, order))
	found, err := one(err)
	return member.Bought{Order: o.ID, Account: o.Account, Number: o.Number, Country: o.Country, Countries: o.Countries, Rings: o.Standing.Rings()}, found, err
}

const membershipColumns = `id, account, order_id, kind, calling_code, national, country, contact_pstn, identification, other_voip, name,
	home_country, languages, email, time_zone, offices, created, proved, forwarding, caller_id, unlisted`

func (t memberTx) InsertMembership(ctx context.Context, m member.Membership) (bool, error) {
	return changed(t.q.ExecContext(ctx, `INSERT INTO membership (`+membershipColumns+`, devices) VALUES (`+places(1, 21)+`, 0) ON CONFLICT (order_id) DO NOTHING`,
		m.ID, m.Account, m.Order, m.Number.Kind.String(), m.Number.CallingCode, m.Number.National, m.Country, m.ContactPSTN, m.Identification,
		pack(m.OtherVoIP), m.Name, m.HomeCountry, pack(m.Languages), m.Email, m.TimeZone, pack(m.Offices), us(m.Created), pack(m.Proved), packed(m.Forward), packed(m.CallerID), flag(m.Unlisted)))
}

// packed is a value as JSON; "" is none.
func packed[T any](v T) string {
	text, err := json.Marshal(v)
	if err != nil || string(text) == "null" || string(text) == "{}" {
		return ""
	}
	return string(text)
}

// SetCalling writes how calls of a number are treated. That nothing rings on is
// a choice too.
func (t memberTx) SetCalling(ctx context.Context, m member.Membership) error {
	forwarding := "{}"
	if text := packed(m.Forward); text != "" {
		forwarding = text
	}
	_, err := t.q.ExecContext(ctx, `UPDATE membership SET forwarding = $1, caller_id = $2 WHERE id = $3`, forwarding, packed(m.CallerID), m.ID)
	return err
}

// ofSold leaves out memberships whose sale was turned back, or is being: a
// telephone added now would outlive the refund.
const ofSold = `order_id IN (SELECT id FROM number_order WHERE state = 'sold' AND settling = 0)`

func scanMembership(row scanner) (m member.Membership, err error) {
	var kind, voip, languages, offices, proved, forwarding, callerID string
	var created, unlisted int64
	err = row.Scan(&m.ID, &m.Account, &m.Order, &kind, &m.Number.CallingCode, &m.Number.National, &m.Country, &m.ContactPSTN, &m.Identification,
		&voip, &m.Name, &m.HomeCountry, &languages, &m.Email, &m.TimeZone, &offices, &created, &proved, &forwarding, &callerID, &unlisted)
	if err != nil {
		return m, err
	}
	m.Created, m.Unlisted = at(created), unlisted == 1
	if m.Number.Kind, err = numbering.ParseKind(kind); err != nil {
		return m, err
	}
	if m.OtherVoIP, err = list(voip); err != nil {
		return m, err
	}
	if m.Languages, err = list(languages); err != nil {
		return m, err
	}
	if m.Proved, err = list(proved); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(offices), &m.Offices); err != nil {
		return m, fmt.Errorf("the offices of %s cannot be read: %w", m.ID, err)
	}
	if len(m.Offices) == 0 {
		m.Offices = nil
	}
	if forwarding != "" {
		m.Forward = &member.Forwarding{}
		if err := json.Unmarshal([]byte(forwarding), m.Forward); err != nil {
			return m, fmt.Errorf("the forwarding of %s cannot be read: %w", m.ID, err)
		}
	}
	if callerID != "" {
		if err := json.Unmarshal([]byte(callerID), &m.CallerID); err != nil {
			return m, fmt.Errorf("what calls of %s show cannot be read: %w", m.ID, err)
		}
	}
	return m, nil
}

func (t memberTx) Membership(ctx context.Context, id string) (member.Membership, bool, error) {
	m, err := scanMembership(t.q.QueryRowContext(ctx, `SELECT `+membershipColumns+` FROM membership WHERE id = $1 AND `+ofSold, id))
	found, err := one(err)
	return m, found, err
}

func (t memberTx) ChangeMembership(ctx context.Context, m member.Membership) error {
	_, err := t.q.ExecContext(ctx, `UPDATE membership SET contact_pstn = $1, identification = $2, other_voip = $3, name = $4, home_country = $5,
		languages = $6, email = $7, time_zone = $8, offices = $9, proved = $10 WHERE id = $11`,
		m.ContactPSTN, m.Identification, pack(m.OtherVoIP), m.Name, m.HomeCountry, pack(m.Languages), m.Email, m.TimeZone, pack(m.Offices), pack(m.Proved), m.ID)
	return err
}

func (t memberTx) NextDevice(ctx context.Context, membership string) (n int, err error) {
	err = t.q.QueryRowContext(ctx, `UPDATE membership SET devices = devices + 1 WHERE id = $1 RETURNING devices`, membership).Scan(&n)
	return n, err
}

func (t memberTx) InsertDevice(ctx context.Context, d member.Device, c member.Credential) error {
	_, err := t.q.ExecContext(ctx, `INSERT INTO device (id, membership, kind, calling_code, national, country, name, sip_user, md5, sha256, created, revoked, terminal, lent, place, only_here, host)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14, $15, $16)`, d.ID, d.Membership, d.Number.Kind.String(), d.Number.CallingCode, d.Number.National,
		c.Country, d.Name, d.SIPUser, hex.EncodeToString(c.MD5[:]), hex.EncodeToString(c.SHA256[:]), us(d.Created), string(d.Kind), d.Lent, c.Place, flag(c.Only), c.Host)
	return err
}

const deviceColumns = `id, membership, kind, calling_code, national, country, name, sip_user, created, revoked, terminal, lent, sound`

func scanDevice(row scanner) (d member.Device, err error) {
	var kind string
	var created, revoked int64
	if err = row.Scan(&d.ID, &d.Membership, &kind, &d.Number.CallingCode, &d.Number.National, &d.Country, &d.Name, &d.SIPUser, &created, &revoked, &d.Kind, &d.Lent, &d.Sound); err != nil {
		return d, err
	}
	d.Created, d.Revoked = at(created), at(revoked)
	d.Number.Kind, err = numbering.ParseKind(kind)
	return d, err
}

func (t memberTx) Device(ctx context.Context, id string) (member.Device, bool, error) {
	d, err := scanDevice(t.q.QueryRowContext(ctx, `SELECT `+deviceColumns+` FROM device WHERE id = $1`, id))
	found, err := one(err)
	return d, found, err
}

func (t memberTx) RenameDevice(ctx context.Context, id, name string) error {
	_, err := t.q.ExecContext(ctx, `UPDATE device SET name = $1 WHERE id = $2`, name, id)
	return err
}

func (t memberTx) SetSound(ctx context.Context, id string, s member.Sound) error {
	_, err := t.q.ExecContext(ctx, `UPDATE device SET sound = $1 WHERE id = $2 AND revoked = 0`, string(s), id)
	return err
}

func (t memberTx) SetCredential(ctx context.Context, c member.Credential) error {
	_, err := t.q.ExecContext(ctx, `UPDATE device SET md5 = $1, sha256 = $2 WHERE id = $3 AND revoked = 0`,
		hex.EncodeToString(c.MD5[:]), hex.EncodeToString(c.SHA256[:]), c.Device)
	return err
}

func (t memberTx) Credentials(ctx context.Context, membership string) ([]member.Credential, error) {
	var out []member.Credential
	rows, err := t.q.QueryContext(ctx, credentialQuery+` AND o.standing IN ('', 'grace') AND d.membership = $1`, membership)
	err = credentials(rows, err, func(c member.Credential) error { out = append(out, c); return nil })
	return out, err
}

func (t memberTx) RevokeDevice(ctx context.Context, id string, when time.Time) error {
	_, err := t.q.ExecContext(ctx, `UPDATE device SET revoked = $1 WHERE id = $2 AND revoked = 0`, us(when), id)
	return err
}

// Memberships lists an account's.
func (m *Members) Memberships(ctx context.Context, account string) ([]member.Membership, error) {
	out := []member.Membership{}
	rows, err := m.db.read.QueryContext(ctx, `SELECT `+membershipColumns+` FROM membership WHERE account = $1 AND `+ofSold+` ORDER BY created, id`, account)
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanMembership(rows)
		out = append(out, x)
		return err
	})
	return out, err
}

// Devices lists a membership's.
func (m *Members) Devices(ctx context.Context, membership string) ([]member.Device, error) {
	out := []member.Device{}
	rows, err := m.db.read.QueryContext(ctx, `SELECT `+deviceColumns+` FROM device WHERE membership = $1 ORDER BY created, LENGTH(sip_user), sip_user`, membership)
	err = each(rows, err, func(rows *sql.Rows) error {
		x, err := scanDevice(rows)
		out = append(out, x)
		return err
	})
	return out, err
}

// APIKeys lists an account's.
func (m *Members) APIKeys(ctx context.Context, account string) ([]member.APIKey, error) {
	out := []member.APIKey{}
	rows, err := m.db.read.QueryContext(ctx, keySQL+`account = $1 ORDER BY id`, account)
	err = each(rows, err, func(rows *sql.Rows) error {
		k, err := scanKey(rows)
		out = append(out, k)
		return err
	})
	return out, err
}

// Tasks lists unfinished work.
func (m *Members) Tasks(ctx context.Context, topic string, limit int) ([]string, error) {
	return tasks(ctx, m.db.read, topic, limit)
}
