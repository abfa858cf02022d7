package member

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 3261 telephones know nothing else (RFC 8760)
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Purpose is what a number of a membership is for, when it is proved.
type Purpose string

// The purposes.
const (
	ForContact   Purpose = "contact"
	ForOtherVoIP Purpose = "other_voip"
)

// Own is a number of a membership besides the world number itself.
type Own struct {
	Text    string // as the holder wrote it
	E164    string // "" is no number a call can prove
	Dial    string // as it is dialled; "" is none that a call can be sent to
	Purpose Purpose
	Proved  bool
}

// Used reports whether calls can be sent on there: it is proved, or any number will
// do, as in dev.
func (o Own) Used(anyNumber bool) bool { return o.Dial != "" && (o.Proved || anyNumber) }

// Own lists them.
func (m Membership) Own() []Own {
	var out []Own
	add := func(text string, p Purpose) {
		o := Own{Text: text, Purpose: p, Dial: dialOf(text)}
		if typed, err := numbering.ParseTyped(text); err == nil && typed.Kind == numbering.Plus {
			o.E164 = "+" + typed.Text
			o.Proved = slices.Contains(m.Proved, o.E164)
		}
		out = append(out, o)
	}
	if m.ContactPSTN != "" {
		add(m.ContactPSTN, ForContact)
	}
	for _, v := range m.OtherVoIP {
		add(v, ForOtherVoIP)
	}
	return out
}

// proveNumbers writes down which numbers have been proved: what was, as long
// as it is still named, and what the account has proved since.
func (s *Service) proveNumbers(ctx context.Context, m *Membership) {
	var proved []string
	for _, o := range m.Own() {
		if o.E164 != "" && (o.Proved || s.cfg.Proved != nil && s.cfg.Proved(ctx, m.Account, o.E164, o.Purpose)) && !slices.Contains(proved, o.E164) {
			proved = append(proved, o.E164)
		}
	}
	m.Proved = proved
}

// NumbersProved looks again which numbers of a membership its holder has proved.
func (s *Service) NumbersProved(ctx context.Context, by Actor, id string) (Membership, error) {
	m, err := s.Membership(ctx, by, id)
	if err != nil {
		return m, err
	}
	was := m.Proved
	if s.proveNumbers(ctx, &m); slices.Equal(was, m.Proved) {
		return m, nil
	}
	err = s.store.Do(ctx, func(tx Tx) error {
		if m, err = mine(ctx, tx, by, id); err != nil {
			return err
		}
		s.proveNumbers(ctx, &m)
		return tx.ChangeMembership(ctx, m)
	})
	if err != nil {
		return m, err
	}
	return m, s.told(ctx, m)
}

// ChangeMembership writes everything about a registration anew but its number.
func (s *Service) ChangeMembership(ctx context.Context, by Actor, id string, in Registration) (Membership, error) {
	fresh, wrong := s.checkRegistration(in)
	var m Membership
	var credentials []Credential
	err := s.store.Do(ctx, func(tx Tx) error {
		old, err := mine(ctx, tx, by, id)
		if err != nil {
			return err
		}
		b, found, err := tx.Bought(ctx, old.Order)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Conflict, "not_sold", "%s is not yours any more.", old.Number.Display())
		}
		if wrong := append(slices.Clone(wrong), checkOffices(fresh.Offices, b)...); len(wrong) > 0 {
			return fault.Fields(wrong...)
		}
		m = fresh
		m.ID, m.Account, m.Order, m.Number, m.Country, m.Created, m.Proved = old.ID, old.Account, old.Order, old.Number, old.Country, old.Created, old.Proved
		m.Forward, m.CallerID, m.Unlisted = old.Forward, old.CallerID, old.Unlisted
		s.proveNumbers(ctx, &m)
		if credentials = nil; m.Name != old.Name { // telephones show it
			if credentials, err = tx.Credentials(ctx, id); err != nil {
				return err
			}
		}
		return tx.ChangeMembership(ctx, m)
	})
	if err != nil {
		return Membership{}, err
	}
	for _, c := range credentials {
		c.Name = m.Name
		err = errors.Join(err, s.publish.Device(ctx, c))
	}
	return m, errors.Join(err, s.told(ctx, m))
}

// RenameDevice gives a telephone another name.
func (s *Service) RenameDevice(ctx context.Context, by Actor, id, name string) error {
	if name = strings.TrimSpace(name); !readable(name, 60) {
		return fault.New(fault.Invalid, "fields", "A device needs a name.").WithFields(fault.Field{Name: "name", Text: "Write a name of 1 to 60 letters."})
	}
	return s.store.Do(ctx, func(tx Tx) error {
		if _, _, err := s.myDevice(ctx, tx, by, id); err != nil {
			return err
		}
		return tx.RenameDevice(ctx, id, name)
	})
}

// SetSound says how a telephone's sound is protected from its next call on.
func (s *Service) SetSound(ctx context.Context, by Actor, id string, sound Sound) error {
	if !sound.Valid() {
		return fault.New(fault.Invalid, "fields", "A telephone's sound is protected automatically, by SRTP, by DTLS-SRTP, or not at all.").
			WithFields(fault.Field{Name: "sound", Text: "Choose one of those that are listed."})
	}
	var cred Credential
	err := s.store.Do(ctx, func(tx Tx) error {
		d, m, err := s.myDevice(ctx, tx, by, id)
		if err != nil {
			return err
		}
		cred = Credential{}
		all, err := tx.Credentials(ctx, m.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(c Credential) bool { return c.Device == id })
		switch {
		case i < 0:
			return fault.New(fault.Conflict, "device_revoked", "%s is revoked. Add a telephone instead.", d.Name)
		case d.Kind != Telephone:
			return fault.New(fault.Conflict, "device_encrypts", "%s is a browser: its sound is always encrypted.", d.Name)
		}
		cred = all[i]
		cred.Sound = sound
		return tx.SetSound(ctx, id, sound)
	})
	if err != nil {
		return err
	}
	if err := s.publish.Device(ctx, cred); err != nil {
		return fmt.Errorf("tell the centers of the device %s: %w", cred.SIPUser, err)
	}
	return nil
}

// myDevice reads a device its owner may change.
func (s *Service) myDevice(ctx context.Context, tx Tx, by Actor, id string) (Device, Membership, error) {
	unknown := fault.New(fault.Unknown, "device_unknown", "There is no device %s.", id)
	d, found, err := tx.Device(ctx, id)
	if err != nil {
		return d, Membership{}, err
	}
	if !found {
		return d, Membership{}, unknown
	}
	m, err := mine(ctx, tx, by, d.Membership)
	if err != nil && fault.KindOf(err) == fault.Unknown {
		return d, m, unknown
	}
	return d, m, err
}

// NewPassword gives a telephone another password. The old one ends at once,
// and so does whatever registered with it.
func (s *Service) NewPassword(ctx context.Context, by Actor, id string) (NewDevice, error) {
	out := NewDevice{Password: ident.Secret(15)}
	var cred Credential
	err := s.store.Do(ctx, func(tx Tx) error {
		d, m, err := s.myDevice(ctx, tx, by, id)
		if err != nil {
			return err
		}
		all, err := tx.Credentials(ctx, m.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(c Credential) bool { return c.Device == id })
		if i < 0 {
			return fault.New(fault.Conflict, "device_revoked", "%s is revoked. Add a telephone instead.", d.Name)
		}
		if d.Kind != Telephone {
			return fault.New(fault.Conflict, "device_without_password", "%s has no password: it belongs to whoever is signed in. Add a telephone for a password of its own.", d.Name)
		}
		out.Device, cred = d, all[i]
		secret := []byte(d.SIPUser + ":" + s.cfg.Realm + ":" + out.Password)
		cred.MD5, cred.SHA256 = md5.Sum(secret), sha256.Sum256(secret) //nolint:gosec // see the import
		return tx.SetCredential(ctx, cred)
	})
	if err != nil {
		return NewDevice{}, err
	}
	gone := cred
	gone.Revoked = true
	if err := errors.Join(s.publish.Device(ctx, gone), s.publish.Device(ctx, cred)); err != nil {
		return out, fmt.Errorf("tell the centers of the device %s: %w", cred.SIPUser, err)
	}
	return out, nil
}
