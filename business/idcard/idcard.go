// Package idcard is the ID card: a small file that a member writes on any
// USB stick or telephone, and with which any terminal becomes his for a while.
// The file holds a private key under a passphrase and a certificate of ours; it
// is made in his browser, and neither key nor passphrase ever comes here. To
// sign in, a terminal answers a question that is asked once; the answer opens
// no account, only a telephone of his number, which ends with the sign-in.
//
// Signatures are Ed25519 (RFC 8032), or ECDSA on P-256 where a browser knows
// nothing newer.
package idcard

import (
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// Kind is what is issued.
type Kind string

// The kinds.
const (
	File    Kind = "file"    // written by its holder, and printed by him if he likes
	Printed Kind = "printed" // also sent to him on plastic
)

// State is how far a card is.
type State string

// The states. That its time is over is no state: the clock says so.
const (
	Issued  State = "issued"  // ordered and paid; no file was written yet
	Written State = "written" // there is a file
	Revoked State = "revoked"
)

// Card is one card.
type Card struct {
	ID         string
	Account    string
	Membership string
	Number     numbering.Number
	Country    string // ISO of the number
	Holder     string // his name, as calls show it
	Kind       Kind
	State      State
	Algorithm  string // of its key
	Key        string // the public half, base64url
	Serial     int    // how often it was written
	Net        money.Amount
	Tax        shop.Tax
	Postal     string // where a printed one goes
	Created    time.Time
	Until      time.Time
	Written    time.Time
	Sent       time.Time
	Revoked    time.Time
	RevokedBy  string // "holder" or "operator"
}

// Price is what was paid.
func (c *Card) Price() money.Amount {
	return money.Amount{Currency: c.Net.Currency, Micros: c.Net.Micros + c.Tax.Micros}
}

// Over reports whether its time is over.
func (c *Card) Over(now time.Time) bool { return !c.Until.After(now) }

// Works reports whether a file of it opens anything.
func (c *Card) Works(now time.Time) bool { return c.State == Written && !c.Over(now) }

// Offer is what the operator offers of a kind.
type Offer struct {
	Kind    Kind
	Offered bool
	Net     money.Amount // without tax
	Years   int          // how long such a card is valid
	Tax     shop.Tax     // for who asks
}

// Total is with tax.
func (o *Offer) Total() money.Amount {
	return money.Amount{Currency: o.Net.Currency, Micros: o.Net.Micros + o.Tax.Micros}
}

// Limits of what can be asked for.
const (
	MostCards   = 10             // of one account, that are not over
	MostSignIns = 5              // of one number, at once
	mostPrice   = 100_000        // in whole units
	mostYears   = 20             //
	LongestStay = 12 * time.Hour // a sign-in
	usualStay   = 2 * time.Hour
	questionFor = time.Minute
	mostPostal  = 400
	mostAddress = 300
	leastPlace  = 5 // letters of an address
)

// Choice is what a holder wants of sign-ins to a number.
type Choice struct {
	Only bool          // only the terminal rings at which he is signed in
	Stay time.Duration // how long he stays signed in, at most
}

func usual() Choice { return Choice{Stay: usualStay} }

func (c Choice) check() error {
	if c.Stay < time.Minute || c.Stay > LongestStay {
		return fault.Fields(fault.Field{Name: "hours", Text: "Choose up to 12 hours."})
	}
	return nil
}

// Way is by what somebody signed in.
type Way string

// The ways.
const (
	ByFile      Way = "file"
	ByPasskey   Way = "passkey"
	ByTelephone Way = "telephone" // id and PIN, at a desk phone
)

// How a sign-in ended.
const (
	HowRemoved   = "removed" // the card was taken out
	HowSignedOut = "signed_out"
	HowOver      = "over"      // its time was over
	HowLost      = "lost"      // the terminal was heard of no more
	HowAfar      = "afar"      // from the holder's page
	HowElsewhere = "elsewhere" // the same card at another terminal
	HowRevoked   = "revoked"   // the card
	HowRewritten = "rewritten" // a new file was written
	HowHost      = "host"      // whose telephone he was signed in at ended it, or removed the telephone
)

// SignIn is one, live or over.
type SignIn struct {
	ID         string
	Card       string // "": by a passkey
	Account    string
	Membership string
	Number     numbering.Number
	Holder     string
	Device     string // the telephone it is, while it lasts
	Way        Way
	Place      string // ISO: where the terminal is
	Address    string // where exactly, for emergency services
	Network    string // of the address it came from
	Browser    string
	Watched    bool // the card is looked at while it lasts
	Began      time.Time
	Seen       time.Time
	Until      time.Time
	Ended      time.Time // zero: it lasts
	How        string
	Taken      bool   // the telephone that it is was revoked by its holder
	Hostless   bool   // and so was the one that it is lent at, by that one's
	Host       string // the one that it is lent at; "": none
	Lender     string // the account whose that is
}

// Live reports whether it lasts.
func (s *SignIn) Live() bool { return s.Ended.IsZero() }

// How long a terminal may be silent: where the card is watched, until it has
// been taken out as far as we know; else a page that is loaded anew has to have
// come back.
const (
	silentWatched = 8 * time.Second
	silentOther   = 90 * time.Second
)

// Beat is how often a terminal says that it is there.
const Beat = 2 * time.Second

// due is why a sign-in has to end; "" if it goes on.
func (s *SignIn) due(now time.Time) string {
	silent := silentOther
	if s.Watched {
		silent = silentWatched
	}
	switch {
	case !s.Until.After(now):
		return HowOver
	case s.Hostless:
		return HowHost
	case s.Taken:
		return HowAfar
	case now.Sub(s.Seen) > silent && s.Way != ByTelephone:
		return HowLost
	default:
		return ""
	}
}

// From is where a terminal is.
type From struct {
	Place   string // ISO
	Address string // where exactly
	Network string // of its IP address
	Browser string
	Origin  string // of the page, as the browser knows it
	Host    string // the device of a telephone; "": a browser
}

func (f *From) check(countries []string) error {
	f.Address = strings.Join(strings.Fields(f.Address), " ")
	var bad []fault.Field
	open := false
	for _, iso := range countries {
		open = open || iso == f.Place
	}
	if !open {
		bad = append(bad, fault.Field{Name: "country", Text: "Say in which country this terminal is. Emergency calls go to the services there."})
	}
	if n := len([]rune(f.Address)); n < leastPlace || n > mostAddress {
		bad = append(bad, fault.Field{Name: "address", Text: "Write where this terminal is, so that emergency services find you: street, house number and town."})
	}
	if len(bad) > 0 {
		return fault.Fields(bad...)
	}
	if f.Browser = strings.ToValidUTF8(f.Browser, ""); len(f.Browser) > 300 {
		f.Browser = strings.ToValidUTF8(f.Browser[:300], "")
	}
	return nil
}
