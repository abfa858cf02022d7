package member

import (
	"context"
	"fmt"
	"slices"

	"github.com/callisto-tel/callisto/business/fault"
)

// What terminals are called that an ID card or a passkey opened; pages say it
// in the reader's language.
const (
	CardTerminal    = "ID card"
	PasskeyTerminal = "Passkey"
	KeypadTerminal  = "Telephone and PIN"
)

// Loan is for what a telephone is lent.
type Loan struct {
	SignIn string
	Name   string
	Place  string // ISO: where the terminal is
	Only   bool   // while it is registered, nothing else of its number rings
	Host   string // the device of the telephone at which he signed in; "": a browser
}

// Lend makes a telephone that nobody has a password for. It ends by
// RevokeDevice.
func (s *Service) Lend(ctx context.Context, membership string, l Loan) (Device, error) {
	var out NewDevice
	var cred Credential
	err := s.store.Do(ctx, func(tx Tx) error {
		m, n, err := s.mayAdd(ctx, tx, System(), membership, "")
		if err == nil {
			out, cred, err = s.newDevice(ctx, tx, m, n, Card, l.Name, l)
		}
		return err
	})
	if err != nil {
		return Device{}, err
	}
	if err := s.publish.Device(ctx, cred); err != nil {
		return out.Device, fmt.Errorf("tell the centers of the device %s: %w", cred.SIPUser, err)
	}
	return out.Device, nil
}

// Lent finds what the registrar knows of a telephone that was lent.
func (s *Service) Lent(ctx context.Context, membership, device string) (c Credential, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		all, err := tx.Credentials(ctx, membership)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(c Credential) bool { return c.Device == device })
		if i < 0 {
			return fault.New(fault.Unknown, "device_unknown", "There is no device %s.", device)
		}
		c = all[i]
		return nil
	})
	return c, err
}
