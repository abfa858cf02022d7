// Package carrier knows who calls leave by and come in from: carriers of the
// telephone network, and partners, which are other VoIP companies with number
// systems of their own. Each has trunks: where its gateways are, how we prove
// who we are there and it proves itself here, and how much a trunk takes; and
// rules by which numbers are written on the way out and read on the way in.
// Passwords are kept sealed and never shown; the running centers hold them in
// memory.
package carrier

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
)

// Kind is what a carrier is.
type Kind string

// The kinds.
const (
	PSTN    Kind = "pstn"    // takes calls to ordinary telephones
	Partner Kind = "partner" // another VoIP company: its own numbers, behind a prefix or within ranges
)

// Transport is how a trunk's signalling travels.
type Transport string

// The transports.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Showing is which number a call shows there.
type Showing string

// The ways of showing.
const (
	ShowOwn   Showing = "own"   // the caller's own number where it is an ordinary telephone's, else Presents
	ShowFixed Showing = "fixed" // always Presents: the carrier takes no other
)

// DTMF is how keys travel to a carrier.
type DTMF string

// The ways of keys.
const (
	DTMFAny   DTMF = "any"     // as the caller's terminal sends them
	DTMFEvent DTMF = "rfc4733" // telephone events in RTP (RFC 4733)
	DTMFInfo  DTMF = "info"    // INFO requests (RFC 6086)
)

// Carrier is one carrier or partner.
type Carrier struct {
	ID     string
	Center center.ID // whose trunks these are
	Kind   Kind
	Name   string
	Trunks []Trunk // tried in this order
	Closed bool    // takes no calls now

	Out       Writing // how called numbers are written there
	OutCaller Writing // how the caller's number is
	In        Writing // how the numbers it calls here are written
	InCaller  Writing // and those of its callers
	Shows     Showing
	Presents  string   // the number our calls show, E.164 with +
	Assert    bool     // send P-Asserted-Identity, and Privacy to be kept there: only to a carrier that agreed to (RFC 3325 §5)
	Diverts   bool     // send Diversion (RFC 5806) with forwarded calls, and take it
	Codecs    []string // the only ones offered there, best first; none: as the caller's terminal
	DTMF      DTMF
	SRTP      bool // its sound is SRTP both ways (RFC 3711), with keys in the descriptions (RFC 4568): over TLS only
	Short     bool // takes short codes of its center's country
	Emergency bool // takes emergency calls of its center's countries

	// What only a partner has.
	Prefix string   // what is dialled before its own numbers: "8810"
	Ranges []string // E.164 prefixes without + that are its within a national plan: "8270123"
	Domain string   // the host part of addresses there; "" the gateway's name
	ENUM   string   // the zone where its numbers are looked up (RFC 6116); ""
	// ENUMAll has its zone believed for every number, and not only for those of
	// Ranges: whoever runs the zone can then draw everybody's calls.
	ENUMAll bool
	Sells   *int64 // what members pay a minute for its own numbers, in micro-units; nil: not said

	// Reach are the numbers of ours it may call, beside its DIDs: E.164
	// prefixes without +, or "*" for every number of ours.
	Reach   []string
	Created time.Time
}

// Trunk is a way to one gateway of a carrier and from it.
type Trunk struct {
	ID        string    `json:"id"`
	Host      string    `json:"host"` // HOST:PORT of the gateway
	Transport Transport `json:"transport"`
	User      string    `json:"user,omitempty"`     // "": it knows us by our address
	Password  string    `json:"password,omitempty"` // clear, in memory only
	Realm     string    `json:"realm,omitempty"`    // the realm that may ask for the password; "" the first that does
	Register  bool      `json:"register,omitempty"` // we register there, so that it knows where calls for us go
	Ping      bool      `json:"ping,omitempty"`     // ask it by OPTIONS whether it is there
	Capacity  int       `json:"capacity,omitempty"` // calls at once; 0: no limit
	CPS       int       `json:"rate,omitempty"`     // call attempts a second; 0: no limit

	// How it proves itself when it calls. At least one, or it may not call; where
	// we register, it may from where it took the registration.
	From       []string `json:"from,omitempty"`        // addresses or networks (CIDR)
	InUser     string   `json:"in_user,omitempty"`     // by digest
	InPassword string   `json:"in_password,omitempty"` // clear, in memory only
	InName     string   `json:"in_name,omitempty"`     // by the DNS name in its certificate, over TLS (RFC 5922)
}

// Looks reports whether its zone is asked for a number, by + form without the
// plus, and believed if it has it.
func (c *Carrier) Looks(e164 string) bool {
	return c.ENUM != "" && (c.ENUMAll || slices.ContainsFunc(c.Ranges, func(p string) bool { return strings.HasPrefix(e164, p) }))
}

// Open reports whether calls may leave by it.
func (c *Carrier) Open() bool { return !c.Closed && len(c.Trunks) > 0 }

// Trunk finds one of its trunks.
func (c *Carrier) Trunk(id string) (Trunk, bool) {
	for _, t := range c.Trunks {
		if t.ID == id {
			return t, true
		}
	}
	return Trunk{}, false
}

// Sealed is a carrier as it is stored: its passwords are sealed.
type Sealed struct {
	Carrier
}

// Store keeps carriers.
type Store interface {
	Carriers(ctx context.Context) ([]Sealed, error)
	InsertCarrier(ctx context.Context, c Sealed) error
	ChangeCarrier(ctx context.Context, c Sealed) (bool, error)
	RemoveCarrier(ctx context.Context, id string) (bool, error)
}

// Safe seals what must not be read from the database; purpose binds it to its
// place: moved elsewhere it does not open.
type Safe interface {
	Seal(plain []byte, purpose string) []byte
	Open(sealed []byte, purpose string) ([]byte, error)
}

// Trunks is told of every carrier there is, after each change.
type Trunks interface {
	SetCarriers(list []Carrier)
}

// Tester places a test call: to a number, by one carrier.
type Tester interface {
	TestCall(ctx context.Context, c Carrier, e164 string) (Report, error)
}

// Zones asks the ENUM zone of a partner for a number, by + form without the plus.
type Zones interface {
	HasNumber(ctx context.Context, zone, e164 string) (bool, error)
}

// Report is what became of a test call.
type Report struct {
	OK       bool
	Text     string        // what happened, in words for the operator
	Code     string        // stable: "answered", "busy", "unproven", "unreachable", …
	Answered bool          // somebody, or something, answered
	Heard    bool          // sound came back from the carrier
	Delay    time.Duration // post-dial delay: to the first sign of ringing or the answer
	Status   int           // the SIP status that ended it; 0: none
	Zone     string        // what is wrong with a partner's ENUM zone, in words; "" nothing
}

func unknown() error {
	return fault.New(fault.Unknown, "carrier_unknown", "There is no such carrier. It may have been removed: the list shows those there are.")
}
