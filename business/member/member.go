// Package member knows who we serve: accounts that sign in and buy,
// memberships that register a sold number (M1), and the devices of a
// membership with a credential each (M4).
package member

import (
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Role is what an account may do.
type Role string

// The roles.
const (
	Customer Role = "member"
	Operator Role = "operator"
)

// Actor is who acts: the outcome of a sign-in or an API key. Never made from
// what a request says of itself.
type Actor struct {
	Account  string
	Name     string
	Role     Role
	Language string    // of the pages he sees
	Session  string    // id; "" is an API key
	Key      string    // id of the API key, if it is one
	Proved   time.Time // when he last gave his password or passkey
}

// system is the account of what the house does by itself.
const system = "system"

// System is the actor of what the house does by itself.
func System() Actor { return Actor{Account: system, Name: "Callisto", Role: Operator} }

// May reports whether the actor may see and change what an account owns.
func (a Actor) May(account string) bool {
	return a.Role == Operator || a.Account != "" && a.Account == account
}

// OperatorOnly refuses whoever is not the operator.
func (a Actor) OperatorOnly() error {
	if a.Role != Operator {
		return fault.New(fault.Forbidden, "operator_only", "Only the operator may do this.")
	}
	return nil
}

// Account signs in, has a wallet and buys.
type Account struct {
	ID        string
	Email     string // lower case
	Name      string
	Role      Role
	Country   string   // ISO
	Language  string   // BCP 47, of the pages
	Languages []string // BCP 47, spoken, mother tongue first
	TimeZone  string   // IANA
	Business  Business
	Created   time.Time
	Confirmed time.Time // when the address was proved; zero: not yet
	Erased    time.Time // what it said of a person is gone
	Barred    time.Time // since when the operator keeps it from signing in; zero: it may
	BarredWhy string
}

// Business is whom invoices go to, if not to the person.
type Business struct {
	Company string
	TaxID   string
	Address string
}

// Source is where a request comes from.
type Source struct {
	Address string // IP
	Browser string // as it calls itself
}

// Session is a signed-in browser or program.
type Session struct {
	Token   string // shown once; only its hash is stored
	ID      string
	Account string
	Created time.Time
	Seen    time.Time // not more exact than ten minutes
	Proved  time.Time // when the holder last gave his password or passkey
	Expires time.Time
	Browser string
	Source  string // the address, shortened to its network
}

// TokenKind is what a link in a letter does.
type TokenKind string

// The links.
const (
	ConfirmLink TokenKind = "confirm" // proves the address of a new account
	MoveLink    TokenKind = "move"    // proves another address, which takes the place of the old one
	ResetLink   TokenKind = "reset"   // chooses a new password
)

// Token is a link that was sent by e-mail. It works once.
type Token struct {
	Kind    TokenKind
	Account string
	Email   string // where it was sent
	Expires time.Time
}

// APIKey is a key for programs.
type APIKey struct {
	ID      string
	Account string
	Name    string
	Prefix  string // the first letters, to tell keys apart
	Created time.Time
	Used    time.Time // not more exact than ten minutes
	Revoked time.Time
}

// Office is a company's presence in a country.
type Office struct {
	Country   string // ISO
	City      string
	Languages []string
	TimeZone  string // IANA
}

// Membership is the registration of one sold number.
type Membership struct {
	ID             string
	Account        string
	Order          string
	Number         numbering.Number
	Country        string // ISO of the number
	ContactPSTN    string // E.164, or
	Identification string
	OtherVoIP      []string
	Name           string
	HomeCountry    string // ISO of the person
	Languages      []string
	Email          string
	TimeZone       string
	Offices        []Office
	Proved         []string    // which of the numbers above their holder has proved, E.164
	Forward        *Forwarding // nil: he has not chosen yet
	CallerID       CallerID
	Unlisted       bool // others do not find it by ENUM
	Created        time.Time
}

// FirstTelephone is the name of the telephone that comes with a registration,
// until its holder gives it another.
const FirstTelephone = "First telephone"

// Device is a SIP credential of a membership.
type Device struct {
	ID         string
	Kind       DeviceKind
	Membership string
	Number     numbering.Number // a company's device belongs to one office
	Country    string           // ISO of that office
	Name       string
	SIPUser    string
	Created    time.Time
	Revoked    time.Time
	Sound      Sound
	Lent       string // the sign-in of an ID card that it lasts with; "": it is a telephone of his own
}

// DeviceKind says how a device proves itself.
type DeviceKind string

// The kinds.
const (
	Telephone DeviceKind = ""        // by its SIP password
	Browser   DeviceKind = "browser" // by a pass, which whoever is signed in gets (see business/terminal)
	Card      DeviceKind = "card"    // by a pass, which the terminal gets at which an ID card is signed in (see business/idcard)
)

// Sound is how a telephone's sound is protected on its way between it and us.
type Sound string

// The ways.
const (
	SoundAuto  Sound = ""      // as it offers; it is offered SRTP where its signalling is secret and the other side has it too
	SoundSRTP  Sound = "srtp"  // always SRTP, with keys in the descriptions (RFC 4568): they are secret over TLS
	SoundDTLS  Sound = "dtls"  // always SRTP, with keys agreed on in DTLS (RFC 5764)
	SoundPlain Sound = "plain" // never
)

// Valid reports whether s is one of them.
func (s Sound) Valid() bool {
	return s == SoundAuto || s == SoundSRTP || s == SoundDTLS || s == SoundPlain
}

// Credential is what the registrar must know of a device. HA1 is
// hash(user:realm:password), RFC 7616 §3.4.2; nobody knows the password of
// what is no Telephone.
type Credential struct {
	SIPUser    string
	Kind       DeviceKind `json:",omitempty"`
	Device     string
	Membership string
	Account    string
	Number     numbering.Number
	Country    string    // ISO of the number
	Name       string    // shown to the called party
	Shown      string    `json:"-"` // Number as people write it; the Directory fills it in
	Home       center.ID // the number's home center
	MD5        [16]byte
	SHA256     [32]byte
	Place      string // ISO: where a lent terminal is; "": where its center is
	Only       bool   // while it is registered, nothing else of its number rings
	Host       string `json:",omitempty"` // the telephone it is lent at, by a sign-in on its keypad: what that calls is this one\'s
	Sound      Sound  `json:",omitempty"`
	Revoked    bool
}
