package node

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"sync"

	"github.com/callisto-tel/callisto/business/idcard"
	speaking "github.com/callisto-tel/callisto/telephony/access"
)

// openIDCards opens the ID cards. The key that certifies them is made at the
// first start and kept sealed: of several processes all have the first one's.
func (n *Node) openIDCards(ctx context.Context) error {
	_, fresh, err := ed25519.GenerateKey(nil)
	if err != nil {
		return fmt.Errorf("the key of the ID cards: %w", err)
	}
	seed, err := n.keptKey(ctx, "id_card_key", "id card key", fresh.Seed())
	if err != nil {
		return err
	}
	n.idcards = idcard.New(n.store.IDCards(), n.book, n.members, idcard.Config{
		Key: ed25519.NewKeyFromSeed(seed), Currency: n.currency(), Countries: n.centers.Countries, Log: n.log, Now: n.opts.Now,
		Tax: n.taxLikeCalls,
	})
	return nil
}

// keptKey is a key of the house that is made at the first start, fresh, and kept
// sealed in the database: of several processes all have the first one's.
func (n *Node) keptKey(ctx context.Context, setting, purpose string, fresh []byte) ([]byte, error) {
	kept, err := n.store.KeepSetting(ctx, setting, base64.StdEncoding.EncodeToString(n.seal.Seal(fresh, purpose)))
	if err != nil {
		return nil, err
	}
	sealed, err := base64.StdEncoding.DecodeString(kept)
	if err == nil {
		var key []byte
		if key, err = n.seal.Open(sealed, purpose); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("the %s in the database was sealed with another seal.key than that of the data folder; bring the right one back from a backup: %w", purpose, err)
}

// seats make telephones of ours somebody's for a while.
type seats struct {
	*Node
	one *sync.Mutex // sits down at a time: who sat there leaves first
}

// SignIn makes the telephone his who gave his PIN there.
func (n seats) SignIn(ctx context.Context, membership string, at speaking.Telephone) error {
	n.one.Lock()
	defer n.one.Unlock()
	if _, err := n.SignOut(ctx, at.Device); err != nil {
		return err
	}
	_, err := n.idcards.AtTelephone(ctx, membership, idcard.From{Place: at.Country, Address: at.Number, Host: at.Device})
	if err == nil {
		n.telephony.Lends(at.Device)
	}
	return err
}

// SignOut ends that, and tells whether there was anybody.
func (n seats) SignOut(ctx context.Context, device string) (bool, error) {
	c, ok := n.roster.Devices.Guest(device)
	if !ok {
		return false, nil
	}
	return true, n.idcards.LeaveTelephone(ctx, c.Device)
}
