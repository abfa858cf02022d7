package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// Roster reads at start what every center keeps in memory.
type Roster struct{ db *DB }

// Roster gives the roster its source.
func (d *DB) Roster() *Roster { return &Roster{d} }

// SoldOrders yields every number that is sold.
func (r *Roster) SoldOrders(ctx context.Context, yield func(shop.Order) error) error {
	rows, err := r.db.read.QueryContext(ctx, `SELECT `+orderColumns+` FROM number_order WHERE state = 'sold' AND standing IN ('', 'grace')`)
	return each(rows, err, func(rows *sql.Rows) error {
		o, err := scanOrder(rows)
		if err != nil {
			return err
		}
		return yield(o)
	})
}

// AllMemberships yields every membership of a number that is sold.
func (r *Roster) AllMemberships(ctx context.Context, yield func(member.Membership) error) error {
	rows, err := r.db.read.QueryContext(ctx, `SELECT `+membershipColumns+` FROM membership WHERE `+ofSold)
	return each(rows, err, func(rows *sql.Rows) error {
		m, err := scanMembership(rows)
		if err != nil {
			return err
		}
		return yield(m)
	})
}

const credentialQuery = `SELECT d.sip_user, d.id, d.membership, m.account, d.kind, d.calling_code, d.national, d.country, m.name, d.md5, d.sha256, d.terminal, d.place, d.only_here, d.host, d.sound
	FROM device d JOIN membership m ON m.id = d.membership JOIN number_order o ON o.id = m.order_id
	WHERE d.revoked = 0 AND o.state = 'sold'`

// AllCredentials yields every live credential of a number that rings.
func (r *Roster) AllCredentials(ctx context.Context, yield func(member.Credential) error) error {
	rows, err := r.db.read.QueryContext(ctx, credentialQuery+` AND o.standing IN ('', 'grace')`)
	return credentials(rows, err, yield)
}

// Line reads the membership of an order and its live credentials.
func (r *Roster) Line(ctx context.Context, order string) (m member.Membership, found bool, list []member.Credential, err error) {
	m, err = scanMembership(r.db.read.QueryRowContext(ctx, `SELECT `+membershipColumns+` FROM membership WHERE order_id = $1`, order))
	if found, err = one(err); err != nil || !found {
		return m, found, nil, err
	}
	rows, err := r.db.read.QueryContext(ctx, credentialQuery+` AND o.id = $1`, order)
	err = credentials(rows, err, func(c member.Credential) error { list = append(list, c); return nil })
	return m, true, list, err
}

func credentials(rows *sql.Rows, err error, yield func(member.Credential) error) error {
	return each(rows, err, func(rows *sql.Rows) error {
		var c member.Credential
		var kind, md5, sha string
		err := rows.Scan(&c.SIPUser, &c.Device, &c.Membership, &c.Account, &kind, &c.Number.CallingCode, &c.Number.National, &c.Country, &c.Name, &md5, &sha, &c.Kind, &c.Place, &c.Only, &c.Host, &c.Sound)
		if err != nil {
			return err
		}
		if c.Number.Kind, err = numbering.ParseKind(kind); err != nil {
			return err
		}
		if n, err := hex.Decode(c.MD5[:], []byte(md5)); err != nil || n != len(c.MD5) {
			return fmt.Errorf("the credential of %s cannot be read", c.SIPUser)
		}
		if n, err := hex.Decode(c.SHA256[:], []byte(sha)); err != nil || n != len(c.SHA256) {
			return fmt.Errorf("the credential of %s cannot be read", c.SIPUser)
		}
		return yield(c)
	})
}
