package idcard

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
)

// Cards are the rows of cards, in a transaction.
type Cards interface {
	// Offers are what the operator changed; what is not there is as it begins.
	Offers(ctx context.Context) ([]Offer, error)
	PutOffer(ctx context.Context, o Offer, at time.Time) error
	// CountCards counts those of an account that are neither revoked nor over.
	CountCards(ctx context.Context, account string, at time.Time) (int, error)
	// AddCard keeps a new one, and leaves its invoice to be written if it cost something.
	AddCard(ctx context.Context, c Card) (fresh bool, err error)
	// LockCard reads one that nobody else changes until the end.
	LockCard(ctx context.Context, id string) (Card, bool, error)
	// PutCard keeps what changes of one: state, key, serial, when.
	PutCard(ctx context.Context, c Card) error
	// SetChoice keeps what a holder wants of a number.
	SetChoice(ctx context.Context, membership string, c Choice) error
}

// SignIns are the rows of sign-ins and of what was asked, in a transaction.
type SignIns interface {
	Ask(ctx context.Context, hash, subject, origin string, now, until time.Time) error
	// TakeQuestion gives a question to one taker only.
	TakeQuestion(ctx context.Context, hash string, now time.Time) (subject, origin string, found bool, err error)
	// LiveOf finds the sign-in of a card that lasts.
	LiveOf(ctx context.Context, card string) (SignIn, bool, error)
	CountLive(ctx context.Context, membership string) (int, error)
	// AddSignIn is false if the card is signed in already.
	AddSignIn(ctx context.Context, s SignIn, hash string) (fresh bool, err error)
	// Touch notes that a terminal is there; false if its sign-in is over.
	Touch(ctx context.Context, id string, seen time.Time) (bool, error)
	// EndSignIn is false if it is over already.
	EndSignIn(ctx context.Context, id, how string, at time.Time) (bool, error)
}

// Tx is one transaction.
type Tx interface {
	ledger.Tx
	Cards
	SignIns
}

// Store runs transactions and answers questions. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	// CardsOf lists those of an account, or all for "", the newest first.
	CardsOf(ctx context.Context, account, before string, limit int) ([]Card, error)
	Card(ctx context.Context, id string) (Card, bool, error)
	Choice(ctx context.Context, membership string) (Choice, bool, error)
	// SignInsOf lists those of an account, the newest first.
	SignInsOf(ctx context.Context, account, before string, limit int) ([]SignIn, error)
	SignInBy(ctx context.Context, hash string) (SignIn, bool, error)
	Watch
}

// Watch is what has to be seen to.
type Watch interface {
	// Live lists all that last.
	Live(ctx context.Context) ([]SignIn, error)
	// LiveAt lists those that last at telephones of an account, of others.
	LiveAt(ctx context.Context, account string) ([]SignIn, error)
	// LeftOver lists telephones that were lent before an instant and are not
	// revoked though no sign-in has them any more.
	LeftOver(ctx context.Context, before time.Time) (devices []string, err error)
}

// Members lends telephones.
type Members interface {
	Membership(ctx context.Context, by member.Actor, id string) (member.Membership, error)
	Memberships(ctx context.Context, by member.Actor, account string) ([]member.Membership, error)
	Account(ctx context.Context, by member.Actor, id string) (member.Account, error)
	MayOrder(ctx context.Context, account string) error
	Fresh(by member.Actor) error
	Lend(ctx context.Context, membership string, l member.Loan) (member.Device, error)
	RevokeDevice(ctx context.Context, by member.Actor, id string) error
}
