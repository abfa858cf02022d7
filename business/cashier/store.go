package cashier

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/shop"
)

// Checkouts are the card payments buyers were sent to, in a transaction.
type Checkouts interface {
	// InsertCheckout is false if its order has one that is open.
	InsertCheckout(ctx context.Context, c payment.Checkout) (bool, error)
	ChangeCheckout(ctx context.Context, c payment.Checkout) error
	// OpenCheckout is the order's that is opening or open.
	OpenCheckout(ctx context.Context, order string) (payment.Checkout, bool, error)
	CheckoutOf(ctx context.Context, session string) (payment.Checkout, bool, error)
	// Noted tells whether a message of the provider was worked on.
	Noted(ctx context.Context, id string) (bool, error)
	// NoteEvent is false if a message of the provider was noted before.
	NoteEvent(ctx context.Context, id, kind string, at time.Time) (bool, error)
}

// Incomings are money from outside and what was asked for it, in a transaction.
type Incomings interface {
	// InsertIncoming is false if this money is known.
	InsertIncoming(ctx context.Context, in payment.Incoming) (bool, error)
	Incoming(ctx context.Context, id string) (payment.Incoming, bool, error)
	ChangeIncoming(ctx context.Context, in payment.Incoming) error
	// InsertTransfer keeps a reference for an order; false if it or the order is taken.
	InsertTransfer(ctx context.Context, t Transfer) (bool, error)
	Transfer(ctx context.Context, order string) (Transfer, bool, error)
	TransferBy(ctx context.Context, reference string) (Transfer, bool, error)
}

// Outbox is the rows of work that must be finished once it was begun.
type Outbox interface {
	Enqueue(ctx context.Context, topic, key string) error
	Dequeue(ctx context.Context, topic, key string) error
}

// Tx is one transaction.
type Tx interface {
	Checkouts
	Incomings
	Outbox
	AutoTx
	// Write queues a letter to an account, once for each key.
	Write(ctx context.Context, account, kind, key string, fields map[string]string) error
	// ToppedUp tells programs that want it that money was added to a wallet.
	ToppedUp(ctx context.Context, in payment.Incoming, now time.Time) error
}

// Store runs transactions and answers questions. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	Tasks(ctx context.Context, topic string, limit int) ([]string, error)
	// Looks lists checkouts the provider is to be asked about.
	Looks(ctx context.Context, now time.Time, limit int) ([]payment.Checkout, error)
	// Incomings lists money, newest first.
	Incomings(ctx context.Context, f Filter) ([]payment.Incoming, error)
	Statements
	Autos
}

// Filter says which money to list.
type Filter struct {
	State  payment.IncomingState // "" is all
	Before string                // cursor
	Limit  int
}

// Transfer is what a buyer writes on a bank transfer.
type Transfer struct {
	Reference string
	Order     string
	Created   time.Time
}

// Gateway takes cards.
type Gateway interface {
	// Open opens a session for a checkout. The same checkout gives the same session.
	Open(ctx context.Context, c payment.Checkout, what string) (session, url string, err error)
	Session(ctx context.Context, session string) (payment.Session, error)
	// SessionOf finds the session that a payment belongs to.
	SessionOf(ctx context.Context, paymentID string) (payment.Session, bool, error)
	Expire(ctx context.Context, session string) error
	// Refund sends money back, once for each key.
	Refund(ctx context.Context, paymentID string, amount money.Amount, key string) error
	Cards
}

// Shop is what the cashier needs of the shop.
type Shop interface {
	Order(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Payable(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Pay(ctx context.Context, by member.Actor, id string, m payment.Method) (shop.Order, error)
	Start(ctx context.Context, by member.Actor, id string, m payment.Method, until time.Time) (shop.Order, error)
	Received(ctx context.Context, id string, m shop.Funds) (o shop.Order, why string, err error)
	Note(ctx context.Context, id, code, text string) error
	Abandon(ctx context.Context, id string, m payment.Method, why string) error
}

// Book is what the cashier needs of the ledger.
type Book interface {
	OpenWallet(ctx context.Context, owner string, gift money.Amount) error
	Transfer(ctx context.Context, t ledger.Transfer) error
	Available(ctx context.Context, account string) (money.Amount, error)
	// TransferUpTo is Transfer of as much as there is, and tells how much it was.
	TransferUpTo(ctx context.Context, t ledger.Transfer) (money.Amount, error)
	Reverse(ctx context.Context, key, of, memo string) (ledger.Posted, error)
}

// Accounts tells who somebody is.
type Accounts interface {
	// Find is an account by its id or e-mail address.
	Find(ctx context.Context, who string) (member.Account, error)
	// Verified reports whether the account's e-mail address was confirmed.
	Verified(ctx context.Context, account string) bool
}
