// Package web is the shop and the members' pages: rendered here, usable without
// scripts, a little livelier with htmx, in the language of the reader (RFC 5646).
// Sessions are cookies (RFC 6265); requests
// that change something must come from our own pages (http.CrossOriginProtection).
// The face translates; every rule lives in business.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/opening"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/platform/notify/sink"
	"github.com/callisto-tel/callisto/platform/passkey"
)

// Accounts signs people in.
type Accounts interface {
	SignUp(ctx context.Context, in member.SignUp) (member.Account, error)
	SignIn(ctx context.Context, email, password string, from member.Source) (member.Session, member.Actor, error)
	Session(ctx context.Context, token string) (member.Actor, error)
	SignOut(ctx context.Context, token string) error
	Account(ctx context.Context, by member.Actor, id string) (member.Account, error)
	ProfileForm() form.Form
	ChangeProfile(ctx context.Context, by member.Actor, in member.Profile) (member.Account, error)
}

// Identity is how the holder of an account proves that it is he, and that an address is his.
type Identity interface {
	Confirm(ctx context.Context, token string) error
	Resend(ctx context.Context, by member.Actor) error
	MoveEmail(ctx context.Context, by member.Actor, email string) error
	ChangePassword(ctx context.Context, by member.Actor, old, fresh string, from member.Source) error
	Recover(ctx context.Context, email string, from member.Source) error
	ResetOpen(ctx context.Context, token string) error
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

// Passkeys asks browsers for passkeys and checks the answers.
type Passkeys interface {
	BeginAdd(ctx context.Context, by member.Actor, site passkey.Site) (passkey.Question, error)
	Add(ctx context.Context, by member.Actor, site passkey.Site, token, name string, answer []byte) error
	Begin(ctx context.Context, account string, site passkey.Site) (passkey.Question, error)
	SignIn(ctx context.Context, site passkey.Site, token string, answer []byte, from member.Source) (member.Session, member.Actor, error)
	Prove(ctx context.Context, by member.Actor, site passkey.Site, token string, answer []byte) error
}

// Ring is the passkeys of an account.
type Ring interface {
	Passkeys(ctx context.Context, by member.Actor, account string) ([]member.Passkey, error)
	RenamePasskey(ctx context.Context, by member.Actor, id, name string) error
	RemovePasskey(ctx context.Context, by member.Actor, id string) error
}

// Takeout writes everything that is known of an account.
type Takeout interface {
	Write(ctx context.Context, w io.Writer, by member.Actor) error
}

// Eraser ends accounts.
type Eraser interface {
	Left(ctx context.Context, by member.Actor) (member.Left, error)
	Erase(ctx context.Context, by member.Actor, giveUp bool) error
}

// Keys keeps the API keys.
type Keys interface {
	NewAPIKey(ctx context.Context, by member.Actor, account, name string) (string, member.APIKey, error)
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

// Shop sells numbers.
type Shop interface {
	Search(ctx context.Context, q shop.Query) (shop.Page, error)
	Form(kind numbering.Kind) form.Form
	Request(ctx context.Context, by member.Actor, r shop.Request) (shop.Order, error)
	Select(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Cancel(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Withdraw(ctx context.Context, by member.Actor, id string) (shop.Order, error)
}

// Terms are what anybody may know before he asks.
type Terms interface {
	PriceList() []shop.PriceLine
	PapersNeeded(country string, k numbering.Kind) []shop.Paper
	Quote(ctx context.Context, by member.Actor, r shop.Request) (shop.Quote, error)
}

// Orders reads orders.
type Orders interface {
	Order(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Orders(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]shop.Order, string, error)
	Events(ctx context.Context, by member.Actor, id string) ([]shop.Event, error)
	// WithdrawUntil is zero where a sale cannot be withdrawn from.
	WithdrawUntil(ctx context.Context, by member.Actor, id string) (time.Time, error)
}

// Cashier takes money.
type Cashier interface {
	Offer() payment.Offer
	Pay(ctx context.Context, by member.Actor, id string, m payment.Method) (shop.Order, *cashier.Way, error)
	Way(ctx context.Context, o shop.Order) (*cashier.Way, error)
	// Look asks the card company now whether an order was paid.
	Look(ctx context.Context, order string) error
	Payments(ctx context.Context, by member.Actor, f cashier.Filter) ([]payment.Incoming, string, error)
	Assign(ctx context.Context, by member.Actor, id, account, order string) (payment.Incoming, error)
}

// TopUps add money to wallets.
type TopUps interface {
	Range() payment.Range
	TopUp(ctx context.Context, by member.Actor, m payment.Method, amount money.Amount) (*cashier.Way, error)
	// Standing is the reference of the actor's own for transfers; nil: he has none yet.
	Standing(ctx context.Context, by member.Actor) (*cashier.Way, error)
	// LookTopUp asks the card company now whether a payment was made.
	LookTopUp(ctx context.Context, by member.Actor) error
}

// AutoTopUps fills wallets from cards that members saved.
type AutoTopUps interface {
	Auto(ctx context.Context, by member.Actor, account string) (payment.AutoView, error)
	// SaveCard is where a card is saved, and LookCard asks the card company now whether it was.
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

// Papers are receipts, invoices and credit notes.
type Papers interface {
	ForOrder(ctx context.Context, by member.Actor, order string) (paper.Paper, error)
	Paper(ctx context.Context, by member.Actor, number string) (paper.Paper, error)
	Papers(ctx context.Context, by member.Actor, account, cursor string, limit int) ([]paper.Paper, string, error)
}

// Press draws papers as PDF.
type Press interface {
	Paper(x paper.Paper) ([]byte, error)
	Receipt(x paper.Paper) ([]byte, error)
}

// Taxes is the table of taxes.
type Taxes interface {
	Rules(ctx context.Context, by member.Actor) ([]tax.Rule, error)
	Add(ctx context.Context, by member.Actor, r tax.Rule) (tax.Rule, error)
	Remove(ctx context.Context, by member.Actor, id string) error
}

// Statements are bank statements that are brought in.
type Statements interface {
	Upload(ctx context.Context, by member.Actor, name string, content []byte) (cashier.Preview, error)
	Preview(ctx context.Context, by member.Actor, id string) (cashier.Preview, error)
	Apply(ctx context.Context, by member.Actor, id string) (cashier.Preview, error)
	Statements(ctx context.Context, by member.Actor) ([]cashier.Statement, error)
}

// Tenure is what happens to a number after its sale, and who decides of it.
type Tenure interface {
	GiveUp(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	TakeBack(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Offer(ctx context.Context, by member.Actor, id, email string) (shop.Transfer, error)
	WithdrawOffer(ctx context.Context, by member.Actor, id string) error
	OfferOf(ctx context.Context, by member.Actor, id string) (*shop.Transfer, error)
	Offered(ctx context.Context, by member.Actor, email, token string) (shop.Transfer, shop.Order, error)
	Accept(ctx context.Context, by member.Actor, email, token string) (shop.Order, error)
}

// Offices is the countries of a company.
type Offices interface {
	SwitchOn(ctx context.Context, by member.Actor, id, country string) (shop.Order, error)
	SwitchOff(ctx context.Context, by member.Actor, id, country string) (shop.Order, error)
}

// Staff is what the operator does with orders.
type Staff interface {
	Queue(ctx context.Context, by member.Actor, state shop.State, cursor string, limit int) ([]shop.Order, string, error)
	Review(ctx context.Context, by member.Actor, id string, approve bool, why string) (shop.Order, error)
	Suspend(ctx context.Context, by member.Actor, id string, stop bool, why string) (shop.Order, error)
	Refund(ctx context.Context, by member.Actor, id, why string) (shop.Order, error)
	AskProof(ctx context.Context, by member.Actor, id, why string) (shop.Order, error)
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

// Reader answers the small questions that the node knows best.
type Reader interface {
	// SIPDomain is where the telephones of a country's numbers register: a domain or HOST:PORT.
	SIPDomain(country string) string
	// Transports lists what those telephones may use: "udp", "tcp", "tls".
	Transports(country string) []string
	// Home is the center of a country's numbers.
	Home(country string) string
	// Countries are those with a center: where numbers are sold.
	Countries() []string
	// CountryOf reads an ISO code or a calling code.
	CountryOf(s string) (string, bool)
	// CallingCode is that of a country: "82"; "" of none.
	CallingCode(iso string) string
	// SignedIn reports whether a telephone is registered now.
	SignedIn(device string) bool
}

// Letters is the queue of letters, for the operator.
type Letters interface {
	Unsent(ctx context.Context, waited time.Duration, limit int) ([]letter.Queued, error)
	Again(ctx context.Context, id string, now time.Time) error
}

// Mailbox is what `callisto dev` shows of the letters it sent.
type Mailbox interface {
	Mails(to string) []sink.Mail
	Mail(id string) (sink.Mail, bool)
}

// Deps is everything the face needs. All are required but Log, Mailbox and TestCarrier.
type Deps struct {
	TestCarrier TestCarrier // nil outside of dev

	Packages    Packages
	PackageDesk PackageDesk

	IDCards     IDCards
	CardChoices CardChoices
	CardDesk    CardDesk
	CardPress   CardPress
	Terminals   Terminals
	Holders     Holders
	CardPhones  CardPhones

	Accounts    Accounts
	Identity    Identity
	Sessions    Sessions
	Passkeys    Passkeys
	Ring        Ring
	Keys        Keys
	Takeout     Takeout
	Eraser      Eraser
	Members     Members
	Lines       Lines
	Phones      Phones
	Setups      Setups
	Describer   Describer
	Calling     Calling
	Telephones  Telephones
	TelStock    TelephoneStock
	Publisher   Publisher
	Rates       Rates
	Shop        Shop
	Orders      Orders
	Tenure      Tenure
	Offices     Offices
	Staff       Staff
	Clerk       Clerk
	Desk        *shop.Desk
	Files       *shop.Files
	Wallet      Wallet
	Calls       Calls
	Guard       Guard
	GuardRules  GuardRules
	Foresight   Foresight
	Alerts      Alerts
	Hooks       Hooks
	Proofs      Proofs
	Names       Names
	Reader      Reader
	Cashier     Cashier
	TopUps      TopUps
	AutoTopUps  AutoTopUps
	Wallets     Wallets
	Bills       Bills
	Dunning     Dunning
	Accounting  Accounting
	Statements  Statements
	Papers      Papers
	Press       Press
	Taxes       Taxes
	PayHosts    []string // where forms may lead to pay: https://checkout.stripe.com
	Letters     Letters
	Mailing     bool     // a mail server is set up; else letters wait
	Mailbox     Mailbox  // nil outside of `callisto dev`
	Calendar    Calendar // nil outside of `callisto dev`
	Contacts    Contacts
	Bell        Bell
	Missed      Missed
	FirstPhones FirstPhones // used only in `callisto dev`
	Currency    money.Currency
	Origin      string // how the outside reaches the pages, if by https
	Seal        Sealer // what a browser carries for a few minutes
	Secure      bool   // the outside reaches us by https: cookies say so
	Dev         bool
	Log         *slog.Logger
	Now         func() time.Time
	Terms       Terms
	Openings    *opening.Service
	Carriers    Carriers
	Trunks      Trunks
	Decks       Decks
	Sell        Sell
	Settlement  Settlement
	Asked       CarrierStatements
	Payouts     Payouts
	Router      Router
	Sold        routing.Sold
	Rented      routing.Lines // the telephone numbers that ring ours
	Plans       *numbering.Plans
	Books       Books
	Access      Access
	PINs        PINs
	CallBacks   CallBacks
	Prompts     Prompts
	Sounds      Sounds
}

// Books tells how the last check of the ledger went.
type Books interface {
	LastAudit() (ledger.Audit, bool)
}

type face struct {
	Deps
	tongues *tongues
	assets  *assets
	pages   *http.ServeMux
}

// Mount puts the pages on a mux.
func Mount(mux *http.ServeMux, d Deps) error {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	f := &face{Deps: d}
	var err, err2 error
	f.tongues, err = loadTongues()
	f.assets, err2 = loadAssets()
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("the pages' own files: %w", err)
	}
	inner := http.NewServeMux()
	f.pages = inner
	f.routes(inner)
	mux.Handle("/static/", f.assets)
	mux.Handle("/", f.guard(f.chooseTongue(f.withSession(inner))))
	return nil
}

// routes are the pages, a table for each part of the house.
func (f *face) routes(mux *http.ServeMux) {
	parts := []map[string]handler{
		f.frameRoutes(), f.shopRoutes(), f.memberRoutes(), f.accountRoutes(), f.tenureRoutes(), f.nameRoutes(),
		f.operatorRoutes(), f.clerkRoutes(), f.openingRoutes(), f.moneyRoutes(), f.devRoutes(), f.proofRoutes(), f.carrierRoutes(), f.planRoutes(), f.callingRoutes(), f.telephoneRoutes(), f.publishRoutes(), f.limitRoutes(), f.recordRoutes(), f.alertRoutes(), f.hookRoutes(),
		f.phoneRoutes(), f.ringRoutes(), f.dockRoutes(), f.contactRoutes(), f.walletRoutes(), f.packageRoutes(), f.settlementRoutes(), f.billingRoutes(), f.accountingRoutes(), f.accessRoutes(), f.promptRoutes(),
		f.idCardRoutes(), f.terminalRoutes(), f.setupRoutes(),
	}
	for _, part := range parts {
		for pattern, h := range part {
			mux.HandleFunc(pattern, f.serve(h))
		}
	}
}

func (f *face) frameRoutes() map[string]handler {
	return map[string]handler{
		"GET /{$}":    f.home,
		"GET /about":  f.about,
		"GET /prices": f.priceList,
		"GET /terms":  f.terms,
		"/":           f.nothingHere,
	}
}

func (f *face) shopRoutes() map[string]handler {
	return map[string]handler{
		"GET /numbers":                      f.search,
		"GET /numbers/{country}/{national}": f.number,
		"GET /request":                      f.askForm,
		"POST /orders":                      f.request,
		"GET /orders":                       f.orders,
		"GET /orders/{id}":                  f.order,
		"GET /orders/{id}/state":            f.orderState,
		"POST /orders/{id}/select":          f.selectOrder,
		"POST /orders/{id}/cancel":          f.cancelOrder,
	}
}

func (f *face) memberRoutes() map[string]handler {
	return map[string]handler{
		"GET /orders/{id}/register":   f.registerForm,
		"POST /orders/{id}/register":  f.register,
		"GET /orders/{id}/registered": f.registered,
		"GET /lines":                  f.lines,
		"POST /lines/{id}/devices":    f.addDevice,
		"GET /lines/{id}/edit":        f.editLine,
		"POST /lines/{id}/edit":       f.changeLine,
		"POST /devices/{id}/rename":   f.renameDevice,
		"POST /devices/{id}/sound":    f.setSound,
		"POST /devices/{id}/password": f.newPassword,
		"POST /devices/{id}/revoke":   f.revokeDevice,
		"GET /calls":                  f.calls,
	}
}

func (f *face) accountRoutes() map[string]handler {
	return map[string]handler{
		"GET /sign-in":                       f.signInForm,
		"POST /sign-in":                      f.signIn,
		"GET /sign-up":                       f.signUpForm,
		"POST /sign-up":                      f.signUp,
		"POST /sign-out":                     f.signOut,
		"GET /confirm":                       f.confirmForm,
		"POST /confirm":                      f.confirm,
		"GET /forgot":                        f.forgotForm,
		"POST /forgot":                       f.forgot,
		"GET /reset":                         f.resetForm,
		"POST /reset":                        f.reset,
		"GET /prove":                         f.proveForm,
		"POST /prove":                        f.prove,
		"GET /account":                       f.account,
		"POST /account/profile":              f.changeProfile,
		"POST /account/confirmation":         f.resend,
		"POST /account/email":                f.moveEmail,
		"POST /account/password":             f.changePassword,
		"POST /account/sessions/end":         f.endOtherSessions,
		"POST /account/sessions/{id}/end":    f.endSession,
		"POST /account/passkeys/begin":       f.beginPasskey,
		"POST /account/passkeys":             f.addPasskey,
		"POST /account/passkeys/{id}/rename": f.renamePasskey,
		"POST /account/passkeys/{id}/remove": f.removePasskey,
		"POST /sign-in/passkey/begin":        f.beginPasskeySignIn,
		"POST /sign-in/passkey":              f.passkeySignIn,
		"POST /prove/passkey/begin":          f.beginPasskeyProof,
		"POST /prove/passkey":                f.passkeyProof,
		"GET /account/export":                f.export,
		"GET /account/erase":                 f.eraseForm,
		"POST /account/erase":                f.erase,
		"POST /account/keys":                 f.newKey,
		"POST /account/keys/{id}/revoke":     f.revokeKey,
	}
}
