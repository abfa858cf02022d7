package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/store"
)

// belongings stands in for what the node joins: orders and wallet.
type belongings struct{ h *house }

func (b belongings) Left(ctx context.Context, account string) (member.Left, error) {
	m, err := b.h.book.Balance(ctx, ledger.WalletID(account, "USD"))
	left := member.Left{Money: m}
	list, _, lerr := b.h.shop.Orders(ctx, member.System(), account, "", 100)
	for _, o := range list {
		if o.State == shop.Sold && o.Standing != shop.Quarantined {
			left.Numbers = append(left.Numbers, o.ID)
		}
	}
	if lerr != nil {
		err = lerr
	}
	return left, err
}

func (b belongings) GiveUp(ctx context.Context, by member.Actor) error {
	left, err := b.Left(ctx, by.Account)
	if err != nil {
		return err
	}
	for _, id := range left.Numbers {
		if _, err := b.h.shop.GiveUp(ctx, by, id); err != nil {
			return err
		}
	}
	return b.h.book.Transfer(ctx, ledger.Transfer{Key: "forfeit:" + by.Account, Kind: "forfeit", Ref: by.Account, Memo: "Given up",
		From: ledger.WalletID(by.Account, "USD"), To: ledger.RevenueAccount("USD", by.Account), Amount: left.Money})
}

func TestAnAccountIsErased(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		dir := center.NewDirectory(h.policy.Plans, []center.Center{{ID: "KR", Countries: []string{"KR"}}})
		h.members = member.New(h.db.Members(), h.book, h.roster, member.Config{Plans: h.policy.Plans, Centers: func() *center.Directory { return dir }, Realm: "test",
			Gift: money.Of("USD", 50, 0), Cost: member.Cost{Time: 1, Memory: 64}, Now: h.clock.now, Estate: belongings{h}})
		ann := h.person(t, "ann")
		o := h.buy(t, ann, kr("7002846"))
		m, first, err := h.members.Register(ctx, ann, registration(o.ID))
		if err != nil {
			t.Fatal(err)
		}
		session, who, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		key, apiKey, err := h.members.NewAPIKey(ctx, who, who.Account, "script")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.members.AddPasskey(ctx, who, member.Passkey{Credential: "abc", Name: "laptop", Data: "{}"}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.members.AddPasskey(ctx, who, member.Passkey{Credential: "abc", Name: "laptop", Data: "{}"}); fault.ReasonOf(err).Code != "passkey_known" {
			t.Errorf("a passkey twice: %v", err)
		}
		stale := who
		stale.Proved = h.clock.now().Add(-2 * member.FreshFor)
		if err := h.members.Erase(ctx, stale, true); fault.ReasonOf(err).Code != "prove_again" {
			t.Errorf("from a browser left open: %v", err)
		}
		has, err := h.book.Balance(ctx, ledger.WalletID(ann.Account, "USD"))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.wallets().SetTerms(ctx, member.System(), wallet.Terms{Account: ann.Account, Kind: wallet.Postpaid, Credit: usd(9e6), Days: 14}); err != nil {
			t.Fatal(err)
		}
		h.moves(t, who, has.Micros+5e6)
		if err := h.members.Erase(ctx, who, true); fault.ReasonOf(err).Code != "debt" || !strings.Contains(err.Error(), "5.00 USD") {
			t.Errorf("with a debt: %v", err)
		}
		h.moves(t, who, -has.Micros-5e6)
		if err := h.members.Erase(ctx, who, false); fault.ReasonOf(err).Code != "something_left" {
			t.Errorf("with money and a number: %v", err)
		}
		if _, err := h.members.Session(ctx, session.Token); err != nil {
			t.Fatalf("a refusal changed something: %v", err)
		}
		var ended []string
		h.roster.OnSignedOut(func(ids []string) { ended = ids })
		if err := h.members.Erase(ctx, who, true); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ended, []string{session.ID, apiKey.ID}) {
			t.Errorf("ended is %v", ended)
		}
		h.gone(t, session.Token, key, first.Device.SIPUser)
		a, err := h.members.Account(ctx, member.System(), ann.Account)
		all := strings.ToLower(fmt.Sprintf("%+v", a))
		if err != nil || a.Erased.IsZero() || strings.Contains(all, "ann") || a.Email != "erased:"+ann.Account || a.Country != "" {
			t.Errorf("what stays of the account: %+v %v", a, err)
		}
		if left, err := h.members.Devices(ctx, member.System(), m.ID); err == nil && len(left) > 0 && left[0].Name != "" {
			t.Errorf("what stays of the telephones: %+v", left)
		}
		if h.wallet(t, ann) != money.Of("USD", 0, 0) {
			t.Error("money is left in a wallet without an owner")
		}
		h.booksAreRight(t)
		again := h.person(t, "ann") // the address is free
		if again.Account == ann.Account {
			t.Error("the same account came back")
		}
	})
}

// gone checks that nothing of an account opens anything.
func (h *house) gone(t *testing.T, session, key, sipUser string) {
	t.Helper()
	ctx := t.Context()
	if _, err := h.members.Session(ctx, session); fault.KindOf(err) != fault.Unproven {
		t.Errorf("the session: %v", err)
	}
	if _, err := h.members.APIKey(ctx, key); fault.KindOf(err) != fault.Unproven {
		t.Errorf("the key: %v", err)
	}
	if _, _, err := h.members.SignIn(ctx, "ann@example.com", "correct horse ann", elsewhere); fault.KindOf(err) != fault.Unproven {
		t.Errorf("the password: %v", err)
	}
	if _, ok := h.roster.Devices.Get(sipUser); ok {
		t.Error("the telephone may still register")
	}
	if x, ok := h.roster.Numbers.Typed("700284682"); ok {
		t.Errorf("the number still rings: %+v", x)
	}
	for _, l := range h.mail(t) {
		if l.To != "erased" || len(l.Fields) > 0 {
			t.Errorf("a letter still waits for it: %+v", l)
		}
	}
}
