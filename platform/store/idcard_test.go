package store_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

const pages = "https://tel.example"

// cards is the service over the house.
func (h *house) cards() *idcard.Service {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return idcard.New(h.db.IDCards(), h.book, h.members, idcard.Config{Key: key, Currency: "USD", Countries: func() []string { return []string{"KR", "US"} }, Now: h.clock.now,
		Tax: func(_ context.Context, _ string, net money.Amount) (shop.Tax, error) {
			return shop.Tax{Name: "VAT", Rate: 100_000, Country: "KR", Micros: net.Micros / 10}, nil
		}})
}

// stick is a card's file, as a terminal has it open.
type stick struct {
	certificate string
	sign        func(text string) string
}

// writes has a member order a card and write its file.
func writes(t testing.TB, s *idcard.Service, who member.Actor, m member.Membership) (idcard.Card, stick) {
	t.Helper()
	c, err := s.Order(context.Background(), who, idcard.Order{Membership: m.ID, Kind: idcard.File})
	if err != nil {
		t.Fatal(err)
	}
	return c, rewrites(t, s, who, c.ID)
}

func rewrites(t testing.TB, s *idcard.Service, who member.Actor, id string) stick {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, certificate, err := s.Write(context.Background(), who, id, idcard.Ed25519, base64.RawURLEncoding.EncodeToString(public))
	if err != nil {
		t.Fatal(err)
	}
	return stick{certificate, func(text string) string {
		return base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(text)))
	}}
}

func seoul() idcard.From {
	return idcard.From{Place: "KR", Address: "Sejong-daero 110, Seoul", Network: "192.0.2.0/24", Browser: "Chromium", Origin: pages}
}

// goes signs in at a terminal of our pages.
func (k stick) goes(t testing.TB, s *idcard.Service, card string, change func(*idcard.Answer)) (idcard.Opened, error) {
	t.Helper()
	nonce, err := s.Ask(context.Background(), k.certificate, seoul())
	if err != nil {
		return idcard.Opened{}, err
	}
	a := idcard.Answer{Certificate: k.certificate, Nonce: nonce, Signature: k.sign(idcard.Asked(pages, card, nonce)), From: seoul()}
	if change != nil {
		change(&a)
	}
	return s.SignIn(context.Background(), a)
}

func refused(t testing.TB, what string, err error, code string) {
	t.Helper()
	if got := fault.ReasonOf(err).Code; got != code {
		t.Errorf("%s: %q, want %q (%v)", what, got, code, err)
	}
}

// rings tells whether a telephone is known to the centers.
func (h *house) knows(device string) bool {
	return len(h.roster.Devices.Where(func(c member.Credential) bool { return c.Device == device })) == 1
}

// TestAStolenCardOpensNothing: the file without its passphrase (then nobody can
// sign), an answer that was used, answered late, made for other pages or for
// another card, a certificate that was changed, an older file, a revoked card.
func TestAStolenCardOpensNothing(t *testing.T) {
	t.Parallel()
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		s, ctx := h.cards(), t.Context()
		ann, m := h.lineOf(t, "ann", "7000011")
		c, file := writes(t, s, ann, m)
		other, foreign := writes(t, s, ann, m)

		try := func(what, code string, change func(*idcard.Answer)) {
			t.Helper()
			_, err := file.goes(t, s, c.ID, change)
			refused(t, what, err, code)
		}
		try("without the key", "card_refused", func(a *idcard.Answer) { a.Signature = foreign.sign(idcard.Asked(pages, c.ID, a.Nonce)) })
		try("no signature", "card_refused", func(a *idcard.Answer) { a.Signature = "" })
		try("signed for other pages", "card_refused", func(a *idcard.Answer) { a.Signature = file.sign(idcard.Asked("https://evil.example", c.ID, a.Nonce)) })
		try("brought to other pages", "card_late", func(a *idcard.Answer) { a.From.Origin = "https://evil.example" })
		try("another card's certificate", "card_late", func(a *idcard.Answer) { a.Certificate = foreign.certificate })
		try("late", "card_late", func(*idcard.Answer) { h.clock.add(61 * time.Second) })
		try("nowhere", "fields", func(a *idcard.Answer) { a.From.Address = "" })
		body, signature, _ := strings.Cut(file.certificate, ".")
		bent := strings.Replace(body, body[10:14], "AAAA", 1) + "." + signature
		_, err := s.Ask(ctx, bent, seoul())
		refused(t, "a bent certificate", err, "card_foreign")
		_, err = s.Ask(ctx, "x", seoul())
		refused(t, "no certificate", err, "card_foreign")

		var used idcard.Answer
		first, err := file.goes(t, s, c.ID, func(a *idcard.Answer) { used = *a })
		if err != nil || !h.knows(first.Device) {
			t.Fatalf("the right file: %v, its telephone is known: %v", err, h.knows(first.Device))
		}
		_, err = s.SignIn(ctx, used)
		refused(t, "replayed", err, "card_late")
		try("a copy, while he is signed in", "card_in_use", nil)
		second, err := file.goes(t, s, c.ID, func(a *idcard.Answer) { a.Take = true })
		if err != nil || h.knows(first.Device) || !h.knows(second.Device) {
			t.Fatalf("at another terminal: %v", err)
		}
		if in, err := s.At(ctx, first.Token); err != nil || in.How != idcard.HowElsewhere {
			t.Errorf("the first terminal is told %q %v", in.How, err)
		}
		newer := rewrites(t, s, ann, c.ID)
		if in, _ := s.At(ctx, second.Token); in.How != idcard.HowRewritten || h.knows(second.Device) {
			t.Errorf("written anew, the sign-in is %q", in.How)
		}
		try("the older file", "card_rewritten", nil)
		third, err := newer.goes(t, s, c.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Revoke(ctx, h.person(t, "bob"), c.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("somebody else revokes it: %v", err)
		}
		if err := s.Revoke(ctx, ann, c.ID); err != nil || h.knows(third.Device) {
			t.Errorf("revoked: %v, it rings: %v", err, h.knows(third.Device))
		}
		_, err = newer.goes(t, s, c.ID, nil)
		refused(t, "revoked", err, "card_revoked")
		if _, err := foreign.goes(t, s, other.ID, nil); err != nil {
			t.Errorf("the other card still works: %v", err)
		}
		h.clock.add(6 * 365 * 24 * time.Hour)
		_, err = s.Ask(ctx, foreign.certificate, seoul())
		refused(t, "after its time", err, "card_over")
		list, _, err := s.SignIns(ctx, ann, ann.Account, "", 10)
		if err != nil || len(list) != 4 || !slices.ContainsFunc(list, func(s idcard.SignIn) bool {
			return s.How == idcard.HowRevoked && s.ID == third.ID && s.Address == "Sejong-daero 110, Seoul" && s.Network == "192.0.2.0/24"
		}) {
			t.Errorf("his list of sign-ins: %+v %v", list, err)
		}
		if _, _, err := s.SignIns(ctx, h.person(t, "cyd"), ann.Account, "", 10); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("somebody else reads them: %v", err)
		}
	})
}

// TestASignInEnds: when a watched card is silent, when its time is over, from
// the terminal, and from afar; and one card is signed in once, however many try.
func TestASignInEnds(t *testing.T) {
	t.Parallel()
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		s, ctx := h.cards(), t.Context()
		ann, m := h.lineOf(t, "ann", "7000011")
		c, file := writes(t, s, ann, m)
		in := func(watched bool) idcard.Opened {
			t.Helper()
			o, err := file.goes(t, s, c.ID, func(a *idcard.Answer) { a.Watched = watched })
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		sweep := func() {
			t.Helper()
			if err := s.Sweep(ctx); err != nil {
				t.Error(err)
			}
		}
		over := func(o idcard.Opened, how string) {
			t.Helper()
			got, err := s.At(ctx, o.Token)
			if err != nil || got.How != how || h.knows(o.Device) != (how == "") {
				t.Errorf("it is %q %v, its telephone is known: %v; want %q", got.How, err, h.knows(o.Device), how)
			}
		}
		o := in(true)
		for range 3 {
			h.clock.add(7 * time.Second)
			if _, err := s.Seen(ctx, o.Token); err != nil {
				t.Fatal(err)
			}
			sweep()
		}
		over(o, "")
		h.clock.add(9 * time.Second)
		sweep()
		over(o, idcard.HowLost)

		o = in(false)
		h.clock.add(80 * time.Second) // the page is loaded anew
		sweep()
		over(o, "")
		if err := s.Leave(ctx, o.Token, true); err != nil {
			t.Error(err)
		}
		over(o, idcard.HowRemoved)

		if err := s.SetChoice(ctx, ann, m.ID, idcard.Choice{Only: true, Stay: 13 * time.Hour}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("13 hours: %v", err)
		}
		if err := s.SetChoice(ctx, ann, m.ID, idcard.Choice{Only: true, Stay: time.Minute}); err != nil {
			t.Fatal(err)
		}
		o = in(false)
		cred := h.roster.Devices.Where(func(c member.Credential) bool { return c.Device == o.Device })
		if len(cred) != 1 || !cred[0].Only || cred[0].Place != "KR" {
			t.Errorf("the centers know %+v", cred)
		}
		if _, err := h.members.NewPassword(ctx, ann, o.Device); fault.ReasonOf(err).Code != "device_without_password" {
			t.Errorf("a password for a terminal that has none: %v", err)
		}
		kept := 0
		if err := h.db.Roster().AllCredentials(ctx, func(c member.Credential) error { // as after a restart
			if c.Device == o.Device && c.Only && c.Place == "KR" {
				kept++
			}
			return nil
		}); err != nil || kept != 1 {
			t.Errorf("in the database the terminal is not as it was: %d %v", kept, err)
		}
		h.clock.add(61 * time.Second)
		over(o, idcard.HowOver)

		o = in(false)
		if err := s.End(ctx, h.person(t, "bob"), o.ID); err != nil {
			t.Error(err)
		}
		over(o, "")
		if err := s.End(ctx, ann, ""); err != nil {
			t.Error(err)
		}
		over(o, idcard.HowAfar)

		var wg sync.WaitGroup
		done := make(chan idcard.Opened, 8)
		for range 8 {
			wg.Go(func() {
				if o, err := file.goes(t, s, c.ID, nil); err == nil {
					done <- o
				} else if fault.ReasonOf(err).Code != "card_in_use" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(done) != 1 {
			t.Errorf("%d terminals at once", len(done))
		}
		over(<-done, "")
		lost, err := h.members.Lend(ctx, m.ID, member.Loan{SignIn: "sgn_nobody", Name: member.CardTerminal, Place: "KR"})
		if err != nil {
			t.Fatal(err)
		}
		h.clock.add(2 * time.Minute)
		sweep()
		if h.knows(lost.ID) {
			t.Error("a telephone that was lent to no sign-in is left over")
		}
	})
}

// TestAGuestLeavesWithTheTelephone: who is signed in at a telephone of somebody else
// is so until that one is removed, or the one that he was lent.
func TestAGuestLeavesWithTheTelephone(t *testing.T) {
	t.Parallel()
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		s, ctx := h.cards(), t.Context()
		ann, m := h.lineOf(t, "ann", "7000011")
		bob, his := h.lineOf(t, "bob", "7000012")
		desk, err := h.members.AddDevice(ctx, bob, his.ID, "Desk", "")
		if err != nil {
			t.Fatal(err)
		}
		other, err := h.members.AddDevice(ctx, bob, his.ID, "Hall", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			who  member.Actor
			what func(in idcard.Opened) string
			how  string
		}{
			{bob, func(idcard.Opened) string { return other.Device.ID }, ""},
			{ann, func(in idcard.Opened) string { return in.Device }, idcard.HowAfar},
			{bob, func(in idcard.Opened) string { return in.ID }, idcard.HowHost},
			{bob, func(idcard.Opened) string { return desk.Device.ID }, idcard.HowHost},
		} {
			in, err := s.AtTelephone(ctx, m.ID, idcard.From{Place: "KR", Address: "7000012", Host: desk.Device.ID})
			if err != nil {
				t.Fatal(err)
			}
			h.clock.add(time.Hour) // telephones are silent for long
			if err := s.Sweep(ctx); err != nil || !h.knows(in.Device) {
				t.Fatalf("he is not signed in: %v", err)
			}
			guests, err := s.Guests(ctx, bob)
			if err != nil || len(guests) != 1 || guests[0].ID != in.ID || guests[0].Host != desk.Device.ID || !guests[0].Until.Equal(in.Until) {
				t.Errorf("who owns the telephone is told of %+v, %v", guests, err)
			}
			if own, err := s.Guests(ctx, ann); err != nil || len(own) != 0 {
				t.Errorf("the guest is told of himself: %+v, %v", own, err)
			}
			what := x.what(in)
			if what == in.ID { // the host ends it, and nobody else may
				if err := s.End(ctx, member.Actor{Account: "acc_else", Role: member.Customer}, what); err != nil || !h.knows(in.Device) {
					t.Errorf("somebody else ended it: %v", err)
				}
				err = s.End(ctx, x.who, what)
			} else {
				err = h.members.RevokeDevice(ctx, x.who, what)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Sweep(ctx); err != nil {
				t.Error(err)
			}
			list, _, err := s.SignIns(ctx, ann, ann.Account, "", 1)
			if err != nil || len(list) != 1 || list[0].ID != in.ID || list[0].How != x.how || h.knows(in.Device) != (x.how == "") {
				t.Errorf("it ended %+v, %v, and its telephone is known: %v; want %q", list, err, h.knows(in.Device), x.how)
			}
			if _, ok := h.roster.Devices.Guest(desk.Device.ID); ok != (x.how == "") {
				t.Errorf("the centers take the desk's calls for his: %v, after %q", ok, x.how)
			}
			if err := s.LeaveTelephone(ctx, in.Device); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestACardIsOrdered, free and for money, once however often it is asked for.
func TestACardIsOrdered(t *testing.T) {
	t.Parallel()
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		s, ctx := h.cards(), t.Context()
		ann, m := h.lineOf(t, "ann", "7000011")
		had := h.wallet(t, ann).Micros
		order := idcard.Order{Membership: m.ID, Kind: idcard.Printed, Postal: "Ann Kim\nSejong-daero 110\nSeoul", Once: idcard.NewOrder(h.clock.now())}
		_, err := s.Order(ctx, ann, order)
		refused(t, "printed, while it is not offered", err, "card_off")
		if err := s.SetOffer(ctx, ann, idcard.Offer{Kind: idcard.Printed}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member sets prices: %v", err)
		}
		op := member.Actor{Account: "acc_op", Role: member.Operator}
		if err := s.SetOffer(ctx, op, idcard.Offer{Kind: idcard.Printed, Offered: true, Net: usd(5_000_000), Years: 3}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			c, err := s.Order(ctx, ann, order)
			if err != nil || c.State != idcard.Issued || c.Price().Micros != 5_500_000 || !c.Until.Equal(h.clock.now().AddDate(3, 0, 0)) {
				t.Fatalf("%+v %v", c, err)
			}
		}
		if has := h.wallet(t, ann).Micros; has != had-5_500_000 {
			t.Errorf("it cost %d", had-has)
		}
		order.Once, order.Postal = "", ""
		_, err = s.Order(ctx, ann, order)
		refused(t, "to nowhere", err, "fields")
		_, err = s.Order(ctx, h.person(t, "bob"), idcard.Order{Membership: m.ID, Kind: idcard.File})
		refused(t, "of somebody else's number", err, "membership_unknown")
		if err := s.SetOffer(ctx, op, idcard.Offer{Kind: idcard.Printed, Offered: true, Net: usd(500_000_000), Years: 3}); err != nil {
			t.Fatal(err)
		}
		order.Postal = "Ann Kim\nSejong-daero 110\nSeoul"
		if _, err = s.Order(ctx, ann, order); fault.KindOf(err) != fault.Unpaid {
			t.Errorf("without the money: %v", err)
		}
		if list, _, err := s.Cards(ctx, ann, ann.Account, "", 10); err != nil || len(list) != 1 {
			t.Errorf("he has %d cards %v", len(list), err)
		}
		stale := ann
		stale.Proved = h.clock.now().Add(-time.Hour)
		_, _, err = s.Write(ctx, stale, order.Once, idcard.Ed25519, "")
		refused(t, "written by a session that is not fresh", err, "prove_again")
		h.booksAreRight(t)
	})
}

// TestACardOfAnOlderBrowser has a key on P-256.
func TestACardOfAnOlderBrowser(t *testing.T) {
	t.Parallel()
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg, newClock())
		s, ctx := h.cards(), t.Context()
		ann, m := h.lineOf(t, "ann", "7000011")
		c, err := s.Order(ctx, ann, idcard.Order{Membership: m.ID, Kind: idcard.File})
		if err != nil {
			t.Fatal(err)
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Write(ctx, ann, c.ID, idcard.ES256, base64.RawURLEncoding.EncodeToString(append(point[:64:64], point[64]^1)))
		refused(t, "a point beside the curve", err, "card_key")
		_, certificate, err := s.Write(ctx, ann, c.ID, idcard.ES256, base64.RawURLEncoding.EncodeToString(point))
		if err != nil {
			t.Fatal(err)
		}
		file := stick{certificate, func(text string) string {
			sum := sha256.Sum256([]byte(text))
			r, z, err := ecdsa.Sign(rand.Reader, key, sum[:])
			if err != nil {
				t.Error(err)
			}
			both := make([]byte, 64)
			for i, x := range []*big.Int{r, z} {
				x.FillBytes(both[32*i : 32*i+32])
			}
			return base64.RawURLEncoding.EncodeToString(both)
		}}
		if _, err := file.goes(t, s, c.ID, nil); err != nil {
			t.Error(err)
		}
		ticket, lines, err := s.Proved(ctx, ann.Account, pages)
		if err != nil || len(lines) != 1 || lines[0].Number != m.Number.Display() {
			t.Fatalf("%+v %v", lines, err)
		}
		_, his := h.lineOf(t, "bob", "7000022")
		_, err = s.Enter(ctx, ticket, his.ID, seoul())
		refused(t, "into somebody else's number", err, "card_late")
		ticket, _, _ = s.Proved(ctx, ann.Account, pages)
		if o, err := s.Enter(ctx, ticket, m.ID, seoul()); err != nil || o.Way != idcard.ByPasskey || !h.knows(o.Device) {
			t.Errorf("by passkey: %+v %v", o, err)
		}
		_, err = s.Enter(ctx, ticket, m.ID, seoul())
		refused(t, "a ticket twice", err, "card_late")
	})
}
