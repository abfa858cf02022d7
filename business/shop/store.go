package shop

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Orders are the rows of orders and their events, in a transaction.
type Orders interface {
	Order(ctx context.Context, id string) (Order, bool, error)
	InsertOrder(ctx context.Context, o Order) error
	// ChangeOrder writes o if its version is still the stored one, and counts
	// the version up.
	ChangeOrder(ctx context.Context, o Order) (bool, error)
	// Lock keeps others from changing an order until the transaction ends.
	Lock(ctx context.Context, id string) error
	// AddEvent numbers the event and stores it.
	AddEvent(ctx context.Context, e Event) error
	// Held counts the numbers an account keeps without having paid; until the
	// transaction ends, nobody else counts them.
	Held(ctx context.Context, account string) (int, error)
	// Refused counts the orders of an account that were rejected since then.
	Refused(ctx context.Context, account string, since time.Time) (int, error)
}

// Claims are the rows of claimed_form, in a transaction.
type Claims interface {
	// Claimed tells whose a form is.
	Claimed(ctx context.Context, form string) (numbering.Number, bool, error)
	// Claim takes a form for an order; false if it is taken.
	Claim(ctx context.Context, form, order string, n numbering.Number) (bool, error)
	// Unclaim frees all forms of an order.
	Unclaim(ctx context.Context, order string) error
}

// Outbox is the rows of work that must be finished once it was begun.
type Outbox interface {
	Enqueue(ctx context.Context, topic, key string) error
	Dequeue(ctx context.Context, topic, key string) error
}

// Tx is one transaction of the hub.
type Tx interface {
	Orders
	Claims
	Outbox
	Transfers
	Renewals
	Post
	// Registered tells whether the order's number was ever registered.
	Registered(ctx context.Context, order string) (bool, error)
	// Reached is when the order came to a state.
	Reached(ctx context.Context, order string, s State) (time.Time, bool, error)
	// EndRegistration revokes the devices of an order's membership.
	EndRegistration(ctx context.Context, order string, at time.Time) error
	// EndOffice revokes the devices of one office of a company.
	EndOffice(ctx context.Context, order, country string, at time.Time) error
}

// Post queues letters with the transaction that gives cause to them; a key is
// written once.
type Post interface {
	// Write writes to the address of an account, in its language.
	Write(ctx context.Context, account, kind, key string, fields map[string]string) error
	// WriteTo writes to an address that may be nobody's of ours.
	WriteTo(ctx context.Context, address, kind, key string, fields map[string]string) error
}

// Store runs transactions and answers questions. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	// Orders lists an account's orders ("": all) older than the cursor, newest
	// first.
	Orders(ctx context.Context, account, before string, limit int) ([]Order, error)
	// OrdersIn lists orders in a state, oldest first, above the cursor.
	OrdersIn(ctx context.Context, state State, after string, limit int) ([]Order, error)
	Events(ctx context.Context, order string) ([]Event, error)
	// Taken tells which of the forms are claimed.
	Taken(ctx context.Context, forms []string) (map[string]bool, error)
	Calendar
}

// Calendar is what has to be seen to in time.
type Calendar interface {
	// Expired lists orders whose hold ended before now and which settle nothing.
	Expired(ctx context.Context, now time.Time, limit int) ([]string, error)
	// Tenures lists sold numbers whose next date is not after until, by
	// ascending id above after.
	Tenures(ctx context.Context, until time.Time, after string, limit int) ([]Order, error)
	// Unproved lists sold own telephones that have to be proved again not after
	// until, by ascending id above after.
	Unproved(ctx context.Context, until time.Time, after string, limit int) ([]Order, error)
	// Tasks lists the keys waiting under a topic, oldest first.
	Tasks(ctx context.Context, topic string, limit int) ([]string, error)
}

// Book is what the shop needs of the ledger. Both are idempotent by the order.
type Book interface {
	PayFromWallet(ctx context.Context, s ledger.Sale) error
	// RefundOrder gives the price back to the wallet, or to the way it came.
	RefundOrder(ctx context.Context, order, memo, method string) error
}

// Taxes tells what tax is on a price for a buyer.
type Taxes interface {
	TaxOn(ctx context.Context, account string, kind numbering.Kind, net money.Amount) (Tax, error)
}

// Money is the ledger as the shop sees it.
type Money interface {
	Book
	Fees
}

// Publisher is told of sales, so that a number bought now rings now.
type Publisher interface {
	Sold(ctx context.Context, o Order) error
	Released(ctx context.Context, o Order) error
	// Paused takes a number out of service; Resumed brings it back with its
	// registration and telephones.
	Paused(ctx context.Context, o Order) error
	Resumed(ctx context.Context, o Order) error
	// Office opens or closes one office of a company.
	Office(ctx context.Context, o Order, country string, open bool) error
}

// The topics of the outbox. Others finish what follows a sale and a refund.
const (
	topicPay    = "order.pay"
	topicRefund = "order.refund"
	// TopicPaper is a sale whose invoice is to be written, TopicCredit a refund
	// whose credit note is.
	TopicPaper  = "order.paper"
	TopicCredit = "order.credit"
	// TopicRenewal is a yearly fee whose invoice is to be written.
	TopicRenewal = "order.renewal"
	// TopicSendBack is a refund whose money goes back the way it came.
	TopicSendBack = "order.send_back"
)
