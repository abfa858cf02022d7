// Package member knows who we serve: accounts that sign in and buy,
// memberships that register a sold number (M1), and the devices of a
// membership with a credential each (M4).
package member

import (
	"time"

	"github.com/callisto-tel/callisto/business/center"
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
	Account string
	Name    string
	Role    Role
	// Language is that of the pages he sees.
	Language string
}

// System is the actor of what the house does by itself.
func System() Actor { return Actor{Account: "system", Name: "Callisto", Role: Operator} }

// May reports whether the actor may see and change what an account owns.
func (a Actor) May(account string) bool {
	return a.Role == Operator || a.Account != "" && a.Account == account
}

// Account signs in, has a wallet and buys.
type Account struct {
	ID       string
	Email    string // lower case
	Name     string
	Role     Role
	Country  string // ISO
	Language string // BCP 47
	TimeZone string // IANA
	Created  time.Time
}

// Session is a signed-in browser or program.
type Session struct {
	Token   string // shown once; only its hash is stored
	Account string
	Expires time.Time
}

// APIKey is a key for programs.
type APIKey struct {
	ID      string
	Account string
	Name    string
	Prefix  string // the first letters, to tell keys apart
	Created time.Time
	Revoked time.Time
}

// Office is a company's presence in a country.
type Office struct {
	Country   string // ISO
	City      string
	Languages []string
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
	Created        time.Time
}

// Device is a SIP credential of a membership.
type Device struct {
	ID         string
	Membership string
	Number     numbering.Number // a company's device belongs to one office
	Name       string
	SIPUser    string
	Created    time.Time
	Revoked    time.Time
}

// Credential is what the registrar must know of a device. HA1 is
// hash(user:realm:password), RFC 7616 §3.4.2.
type Credential struct {
	SIPUser    string
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
	Revoked    bool
}
