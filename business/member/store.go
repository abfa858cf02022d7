package member

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Accounts are the rows of accounts, in a transaction.
type Accounts interface {
	// InsertAccount is false if the e-mail address is taken.
	InsertAccount(ctx context.Context, a Account, password string) (bool, error)
	Account(ctx context.Context, id string) (Account, bool, error)
	AccountByEmail(ctx context.Context, email string) (a Account, password string, found bool, err error)
	SetPassword(ctx context.Context, account, password string) error
	// SetEmail is false if another account has the address. It counts as proved.
	SetEmail(ctx context.Context, account, email string, proved time.Time) (bool, error)
	// ChangeAccount writes what its holder says of himself.
	ChangeAccount(ctx context.Context, a Account) error
	// Password is the stored hash of an account.
	Password(ctx context.Context, account string) (string, error)
}

// Sessions are the rows of sessions, in a transaction. Only hashes are stored.
type Sessions interface {
	InsertSession(ctx context.Context, hash string, s Session) error
	Session(ctx context.Context, hash string, now time.Time) (Session, bool, error)
	// DeleteSession returns the id of what it ended.
	DeleteSession(ctx context.Context, hash string) (ended []string, err error)
	// EndSessions ends an account's sessions but the one with id except; only
	// narrows it to one. It returns the ids of those that ended.
	EndSessions(ctx context.Context, account, except, only string) (ended []string, err error)
	// TouchSession notes that a session is in use; proved, if not zero, that
	// its holder proved himself.
	TouchSession(ctx context.Context, id string, seen, proved time.Time) error
}

// Tokens are the rows of links sent by e-mail, in a transaction.
type Tokens interface {
	InsertToken(ctx context.Context, hash string, t Token) error
	Token(ctx context.Context, hash string, now time.Time) (Token, bool, error)
	// TakeToken gives a link to one taker only.
	TakeToken(ctx context.Context, hash string, now time.Time) (Token, bool, error)
	// DropTokens ends an account's links of a kind ("": all), and everybody's that are over.
	DropTokens(ctx context.Context, account string, kind TokenKind, now time.Time) error
	// Post queues a letter.
	Post(ctx context.Context, l letter.Letter) error
}

// Passkeys are the rows of passkeys and of what was asked of them, in a
// transaction.
type Passkeys interface {
	Passkeys(ctx context.Context, account string) ([]Passkey, error)
	// InsertPasskey is false if its credential is known.
	InsertPasskey(ctx context.Context, p Passkey) (bool, error)
	// ChangePasskey writes name, data and last use.
	ChangePasskey(ctx context.Context, p Passkey) error
	DeletePasskey(ctx context.Context, id string) error
	// InsertQuestion also drops those that are over.
	InsertQuestion(ctx context.Context, hash, account, data string, now, expires time.Time) error
	// TakeQuestion gives a question to one taker only.
	TakeQuestion(ctx context.Context, hash string, now time.Time) (account, data string, found bool, err error)
}

// Keys are the rows of API keys, in a transaction. Only hashes are stored.
type Keys interface {
	InsertAPIKey(ctx context.Context, hash string, k APIKey) error
	APIKey(ctx context.Context, hash string) (APIKey, bool, error)
	APIKeyByID(ctx context.Context, id string) (APIKey, bool, error)
	RevokeAPIKey(ctx context.Context, id string, at time.Time) error
	TouchAPIKey(ctx context.Context, id string, at time.Time) error
}

// Bought is a sold number as the order has it.
type Bought struct {
	Order     string
	Account   string
	Number    numbering.Number
	Country   string
	Countries []string // company: further offices
	Rings     bool     // it is in service: not suspended, not in quarantine
}

// Registrations are the rows of memberships and devices, in a transaction.
type Registrations interface {
	// Bought finds the sold number of an order; found is false unless the
	// order is in state sold.
	Bought(ctx context.Context, order string) (b Bought, found bool, err error)
	// InsertMembership is false if the order has one.
	InsertMembership(ctx context.Context, m Membership) (bool, error)
	Membership(ctx context.Context, id string) (Membership, bool, error)
	// NextDevice counts a membership's devices up and returns the new count.
	NextDevice(ctx context.Context, membership string) (int, error)
	InsertDevice(ctx context.Context, d Device, c Credential) error
	Device(ctx context.Context, id string) (Device, bool, error)
	RevokeDevice(ctx context.Context, id string, at time.Time) error
}

// Changes are what may change of memberships and devices, in a transaction.
type Changes interface {
	// ChangeMembership writes everything but number, order, owner and what SetCalling does.
	ChangeMembership(ctx context.Context, m Membership) error
	// SetCalling writes how its calls are treated.
	SetCalling(ctx context.Context, m Membership) error
	// Credentials are the live ones of a membership.
	Credentials(ctx context.Context, membership string) ([]Credential, error)
	RenameDevice(ctx context.Context, id, name string) error
	// SetSound writes how a live device's sound is protected.
	SetSound(ctx context.Context, id string, s Sound) error
	// SetCredential writes the digests of a device's password.
	SetCredential(ctx context.Context, c Credential) error
}

// Erasures are what erasing an account takes, in a transaction.
type Erasures interface {
	// AccountCredentials are the live ones of an account.
	AccountCredentials(ctx context.Context, account string) ([]Credential, error)
	// EraseAccount forgets whose it was.
	EraseAccount(ctx context.Context, account string, at time.Time) error
}

// Desk are the rows of what staff does, in a transaction.
type Desk interface {
	Search(ctx context.Context, x Search) ([]Account, error)
	// BarAccount keeps an account from signing in; a zero time lets it.
	BarAccount(ctx context.Context, account string, since time.Time, why string) error
	AddRemark(ctx context.Context, x Remark) error
	// Remarks are the latest first.
	Remarks(ctx context.Context, account string) ([]Remark, error)
}

// Tx is one transaction.
type Tx interface {
	Desk
	Accounts
	Sessions
	Tokens
	Passkeys
	Keys
	Registrations
	Changes
	Erasures
	// Enqueue and Dequeue are the outbox.
	Enqueue(ctx context.Context, topic, key string) error
	Dequeue(ctx context.Context, topic, key string) error
}

// Store runs transactions and answers questions. Do may run f twice; View
// reads only.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	View(ctx context.Context, f func(Tx) error) error
	Memberships(ctx context.Context, account string) ([]Membership, error)
	Devices(ctx context.Context, membership string) ([]Device, error)
	APIKeys(ctx context.Context, account string) ([]APIKey, error)
	Sessions(ctx context.Context, account string, now time.Time) ([]Session, error)
	Tasks(ctx context.Context, topic string, limit int) ([]string, error)
}

// Wallets is what sign-up needs of the ledger; it is idempotent.
type Wallets interface {
	OpenWallet(ctx context.Context, owner string, gift money.Amount) error
}

// Publisher is told of registrations and credentials, so that they count at
// once.
type Publisher interface {
	Registered(ctx context.Context, m Membership) error
	Device(ctx context.Context, c Credential) error
	// SignedOut is told which sessions and API keys have ended: the telephones of
	// browsers that were signed in by them end too.
	SignedOut(ctx context.Context, ids []string) error
}

// topicWallet is the outbox topic of wallets to open.
const topicWallet = "wallet.open"

// topicRecover is the outbox topic of addresses that asked for a new password.
const topicRecover = "password.recover"
