// Package api is the HTTP interface for programs: JSON over HTTP (RFC 9110),
// described by OpenAPI 3.1 at /api/openapi.json and for people at /api/docs.
// Errors are problems of RFC 9457, keys travel as bearer tokens (RFC 6750),
// times are RFC 3339 in UTC. The face translates; every rule lives in business.
package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/opening"
	papers "github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tariff"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/faces/freight"
)

// Accounts signs people and programs in.
type Accounts interface {
	SignUp(ctx context.Context, in member.SignUp) (member.Account, error)
	SignIn(ctx context.Context, email, password string, from member.Source) (member.Session, member.Actor, error)
	Session(ctx context.Context, token string) (member.Actor, error)
	SignOut(ctx context.Context, token string) error
	Account(ctx context.Context, by member.Actor, id string) (member.Account, error)
	ChangeProfile(ctx context.Context, by member.Actor, in member.Profile) (member.Account, error)
}

// Identity is how the holder of an account proves that it is he, and that an address is his.
type Identity interface {
	Confirm(ctx context.Context, token string) error
	Resend(ctx context.Context, by member.Actor) error
	MoveEmail(ctx context.Context, by member.Actor, email string) error
	ChangePassword(ctx context.Context, by member.Actor, old, fresh string, from member.Source) error
	Recover(ctx context.Context, email string, from member.Source) error
	Reset(ctx context.Context, token, password string) error
}

// Sessions is where somebody is signed in.
type Sessions interface {
	Sessions(ctx context.Context, by member.Actor, account string) ([]member.Session, error)
	EndSession(ctx context.Context, by member.Actor, id string) error
	EndOtherSessions(ctx context.Context, by member.Actor) error
	Prove(ctx context.Context, by member.Actor, password string, from member.Source) (member.Actor, error)
	Fresh(by member.Actor) error
}

// Takeout writes everything that is known of an account.
type Takeout interface {
	Write(ctx context.Context, w io.Writer, by member.Actor) error
}

// Eraser ends accounts.
type Eraser interface {
	Erase(ctx context.Context, by member.Actor, giveUp bool) error
}

// Keys keeps the API keys.
type Keys interface {
	NewAPIKey(ctx context.Context, by member.Actor, account, name string) (string, member.APIKey, error)
	APIKey(ctx context.Context, key string) (member.Actor, error)
	APIKeys(ctx context.Context, by member.Actor, account string) ([]member.APIKey, error)
	RevokeAPIKey(ctx context.Context, by member.Actor, id string) error
}

// Members keeps memberships and their devices.
type Members interface {
	Form() form.Form
	Register(ctx context.Context, by member.Actor, in member.Registration) (member.Membership, member.NewDevice, error)
	Memberships(ctx context.Context, by member.Actor, account string) ([]member.Membership, error)
	Membership(ctx context.Context, by member.Actor, id string) (member.Membership, error)
	Devices(ctx context.Context, by member.Actor, membership string) ([]member.Device, error)
	AddDevice(ctx context.Context, by member.Actor, membership, name, country string) (member.NewDevice, error)
	RevokeDevice(ctx context.Context, by member.Actor, id string) error
}

// Lines changes memberships and devices.
type Lines interface {
	ChangeMembership(ctx context.Context, by member.Actor, id string, in member.Registration) (member.Membership, error)
	NumbersProved(ctx context.Context, by member.Actor, id string) (member.Membership, error)
	RenameDevice(ctx context.Context, by member.Actor, id, name string) error
	SetSound(ctx context.Context, by member.Actor, id string, sound member.Sound) error
	NewPassword(ctx context.Context, by member.Actor, id string) (member.NewDevice, error)
}

// Calling is how the calls of a number are treated.
type Calling interface {
	SetForwarding(ctx context.Context, by member.Actor, id string, f member.Forwarding) (member.Membership, error)
	SetCallerID(ctx context.Context, by member.Actor, id string, c member.CallerID) (member.Membership, error)
}

// Shop sells numbers.
type Shop interface {
	Search(ctx context.Context, q shop.Query) (shop.Page, error)
	Form(kind numbering.Kind) form.Form
	Request(ctx context.Context, by member.Actor, r shop.Request) (shop.Order, error)
	Select(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Withdraw(ctx context.Context, by member.Actor, id string) (shop.Order, error)
}

// Orders is what happens to an order besides the sale itself.
type Orders interface {
	Order(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Orders(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]shop.Order, string, error)
	Events(ctx context.Context, by member.Actor, id string) ([]shop.Event, error)
	Cancel(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Refund(ctx context.Context, by member.Actor, id, why string) (shop.Order, error)
	Review(ctx context.Context, by member.Actor, id string, approve bool, why string) (shop.Order, error)
	Queue(ctx context.Context, by member.Actor, state shop.State, cursor string, limit int) ([]shop.Order, string, error)
}

// Cashier takes money.
type Cashier interface {
	Offer() payment.Offer
	Pay(ctx context.Context, by member.Actor, id string, m payment.Method) (shop.Order, *cashier.Way, error)
	Way(ctx context.Context, o shop.Order) (*cashier.Way, error)
	Event(ctx context.Context, e payment.Event) error
	Payments(ctx context.Context, by member.Actor, f cashier.Filter) ([]payment.Incoming, string, error)
	Assign(ctx context.Context, by member.Actor, id, account, order string) (payment.Incoming, error)
}

// Statements are bank statements that are brought in.
type Statements interface {
	Upload(ctx context.Context, by member.Actor, name string, content []byte) (cashier.Preview, error)
	Preview(ctx context.Context, by member.Actor, id string) (cashier.Preview, error)
	Apply(ctx context.Context, by member.Actor, id string) (cashier.Preview, error)
}

// TopUps add money to wallets.
type TopUps interface {
	Range() payment.Range
	TopUp(ctx context.Context, by member.Actor, m payment.Method, amount money.Amount) (*cashier.Way, error)
	// Standing is the reference of the actor's own for transfers; nil: he has none yet.
	Standing(ctx context.Context, by member.Actor) (*cashier.Way, error)
}

// AutoTopUps fills wallets from cards that members saved.
type AutoTopUps interface {
	Auto(ctx context.Context, by member.Actor, account string) (payment.AutoView, error)
	// SaveCard is where a card is saved.
	SaveCard(ctx context.Context, by member.Actor) (url string, err error)
	LookCard(ctx context.Context, by member.Actor) error
	SetAuto(ctx context.Context, by member.Actor, r payment.AutoRule) error
	StopAuto(ctx context.Context, by member.Actor) error
	RemoveCard(ctx context.Context, by member.Actor) error
}

// Wallets is on which terms members spend, and when they are told that little is left.
type Wallets interface {
	Of(ctx context.Context, by member.Actor, account string) (wallet.View, error)
	SetNotice(ctx context.Context, by member.Actor, threshold *int64) error
	SetTerms(ctx context.Context, by member.Actor, t wallet.Terms) error
	Suspend(ctx context.Context, by member.Actor, account, why string) error
}

// Papers are invoices and credit notes.
type Papers interface {
	Paper(ctx context.Context, by member.Actor, number string) (papers.Paper, error)
	Papers(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]papers.Paper, string, error)
}

// Taxes is the table of taxes.
type Taxes interface {
	Rules(ctx context.Context, by member.Actor) ([]tax.Rule, error)
	Add(ctx context.Context, by member.Actor, r tax.Rule) (tax.Rule, error)
	Remove(ctx context.Context, by member.Actor, id string) error
}

// CardMessages reads what the card company writes, and believes nothing that it
// did not sign.
type CardMessages interface {
	Message(body []byte, signature string) (payment.Event, error)
}

// Clerk is what staff does with accounts.
type Clerk interface {
	Find(ctx context.Context, by member.Actor, text, cursor string, limit int) ([]member.Account, string, error)
	Bar(ctx context.Context, by member.Actor, account, why string) (member.Account, error)
	Lift(ctx context.Context, by member.Actor, account, note string) (member.Account, error)
	Note(ctx context.Context, by member.Actor, account, text string) error
	Remarks(ctx context.Context, by member.Actor, account string) ([]member.Remark, error)
}

// Wallet reads the book.
type Wallet interface {
	Balance(ctx context.Context, account string) (money.Amount, error)
	Available(ctx context.Context, account string) (money.Amount, error)
	History(ctx context.Context, account, cursor string, limit int) ([]ledger.Line, string, error)
}

// Router answers what would happen to a call; it is the code that decides real ones.
type Router interface {
	Explain(a *routing.Attempt) routing.Explanation
	// Priced is the question what a call costs, from a number of ours or a country.
	Priced(to, from, country string) (tariff.Question, error)
}

// Deps is everything the face needs. All are required but Log and Card.
type Deps struct {
	Accounts   Accounts
	Identity   Identity
	Sessions   Sessions
	Keys       Keys
	Clerk      Clerk
	Takeout    Takeout
	Eraser     Eraser
	Members    Members
	Lines      Lines
	Calling    Calling
	Phones     Phones
	Setups     Setups
	SetupLink  func(path string) string // the whole address
	Telephones Telephones
	Publisher  Publisher
	Shop       Shop
	Orders     Orders
	Tenure     Tenure
	Offices    Offices
	Desk       *shop.Desk
	Files      *shop.Files
	Cashier    Cashier
	TopUps     TopUps
	AutoTopUps AutoTopUps
	Wallets    Wallets

	Packages    Packages
	PackageDesk PackageDesk
	IDCards     IDCards
	CardDesk    CardDesk

	Bills      Bills
	Dunning    Dunning
	Accounting Accounting
	Statements Statements
	Papers     Papers
	Taxes      Taxes
	Card       CardMessages // nil: cards are not set up
	Wallet     Wallet
	Calls      Calls
	Hooks      Hooks
	Guard      Guard
	PINs       PINs
	Access     Access
	CallBacks  CallBacks
	Prompts    Prompts
	Sounds     Sounds
	Contacts   Contacts
	Bell       Bell
	GuardRules GuardRules
	Foresight  Foresight
	Alerts     Alerts
	Carriers   Carriers
	Decks      Decks
	Plans      Plans
	Settlement Settlement
	Asked      CarrierStatements
	Payouts    Payouts
	Trunks     Trunks
	Proofs     Proofs
	Names      Names
	Router     Router
	Sold       routing.Sold
	Answers    Answers
	Reader     Reader
	Currency   money.Currency
	Version    string
	Origin     string // how the outside reaches us; "": as each request did
	Dev        bool   // `callisto dev`: calls are sent on to telephones nobody proved
	Log        *slog.Logger
	Now        func() time.Time
	Openings   *opening.Service
}

// Reader answers the small questions that the node knows best.
type Reader interface {
	// SIPDomain is where the telephones of a country's numbers register: a domain or HOST:PORT.
	SIPDomain(country string) string
	// Transports lists what those telephones may use: "udp", "tcp", "tls".
	Transports(country string) []string
	// Home is the center and the country code of a country's numbers.
	Home(country string) string
}

type face struct {
	Deps
	api huma.API
}

// Mount puts the API under /api/ of a mux.
func Mount(mux *http.ServeMux, d Deps) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	inner := http.NewServeMux()
	f := build(inner, d)
	mux.Handle("/api/", f.replay(inner))
	mux.HandleFunc("/webhooks/", f.webhook)
}

// Describe returns the OpenAPI description without running anything, for the reference under docs/.
func Describe(version string) ([]byte, error) {
	f := build(http.NewServeMux(), Deps{Version: version, Log: slog.New(slog.DiscardHandler)})
	return json.MarshalIndent(f.api.OpenAPI(), "", "  ")
}

func build(mux *http.ServeMux, d Deps) *face {
	c := huma.DefaultConfig("Callisto", d.Version)
	c.Info.Description = "World numbers, membership and calls. Send your API key as Authorization: Bearer ck_…, and bodies as JSON with Content-Type: application/json. Money is {currency, micros}: 1,000,000 micros are one unit. " +
		"Lists answer {items, next}; pass next as cursor. A POST on orders may carry an Idempotency-Key: the same key and body give the same answer for 24 hours."
	c.OpenAPIPath = "/api/openapi"
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "An API key (ck_…) or the token of a session."},
	}
	words := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readJSON}
	c.Formats = map[string]huma.Format{"application/json": words, "json": words}
	c.Transformers = append(c.Transformers, asProblem)
	f := &face{Deps: d}
	f.api = humago.New(mux, c)
	f.api.UseMiddleware(f.locate, f.identify, f.needJSON)
	f.registerNumbers()
	f.registerOrders()
	f.registerTenure()
	f.registerCatalogue()
	f.registerOpenings()
	f.registerPayments()
	f.registerPapers()
	f.registerMembers()
	f.registerPhones()
	f.registerSetups()
	f.registerLines()
	f.registerAccounts()
	f.registerIdentity()
	f.registerClerk()
	f.registerWallet()
	f.registerAuto()
	f.registerCalls()
	f.registerRecords()
	f.registerWebhooks()
	f.registerLimits()
	f.registerPINs()
	f.registerAccess()
	f.registerPrompts()
	f.registerContacts()
	f.registerRinging()
	f.registerPackages()
	f.registerIDCards()
	f.registerAlerts()
	f.registerCarriers()
	f.registerDecks()
	f.registerSettlement()
	f.registerBilling()
	f.registerAccounting()
	f.registerProofs()
	f.registerNames()
	f.registerTelephones()
	f.registerPublisher()
	mux.HandleFunc("GET /api/docs", f.docs)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, http.StatusNotFound, "no_such_address", "There is nothing at "+r.Method+" "+r.URL.Path+". The addresses are listed at /api/docs.")
	})
	return f
}

// op describes one operation. Those of signed-in callers carry a security requirement, which identify enforces.
func op(method, path, id, tag, summary string, status int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary, DefaultStatus: status,
		// Business checks bodies and names each wrong field; a check here would answer before it, in other words.
		SkipValidateBody: true,
	}
}

func own(o huma.Operation) huma.Operation {
	o.Security = []map[string][]string{{"key": {}}}
	return o
}

// lengthy is an operation that may bring a file of up to most bytes, or work long
// on what is there: huma reads bodies for five seconds only, and a request whose
// time to be read is over is given up.
func lengthy(o huma.Operation, most int64) huma.Operation {
	o.MaxBodyBytes, o.BodyReadTimeout = most, freight.Upload
	o.Middlewares = append(o.Middlewares, func(c huma.Context, next func(huma.Context)) {
		if actor(c.Context()).Role == member.Operator {
			_, w := humago.Unwrap(c)
			freight.Receive(w)
		}
		next(c)
	})
	return o
}
