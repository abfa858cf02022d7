// Package carrier knows the carriers of the telephone network: where their
// gateways are, how we prove who we are there, and how they want numbers
// written. A carrier has one outgoing trunk. Its password is kept sealed and is
// never shown; the running centers hold it in memory.
package carrier

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Transport is how a trunk's signalling travels.
type Transport string

// The transports.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Format is how a carrier wants the called number written.
type Format string

// The formats.
const (
	Plus     Format = "+E164"    // +8225551234
	Bare     Format = "E164"     // 8225551234
	National Format = "national" // 025551234 within the center's country, +E164 abroad
)

// Carrier is one carrier with its trunk.
type Carrier struct {
	ID        string
	Center    center.ID // whose calls it takes
	Name      string
	Host      string // HOST:PORT of its gateway
	Transport Transport
	User      string // "": it knows us by our address
	Password  string // clear, in memory only
	Realm     string // the realm that may ask for the password; "" the first that does
	Presents  string // the number our calls show, E.164 with +
	Format    Format
	Assert    bool // send P-Asserted-Identity: only to a carrier that agreed to trust it
	Created   time.Time
}

// Called writes a number as the carrier wants it. country is the carrier's own.
func (c *Carrier) Called(plans *numbering.Plans, country, callingCode, national string) string {
	switch {
	case c.Format == Bare:
		return callingCode + national
	case c.Format == National && plans.CallingCode(country) == callingCode:
		return plans.Trunk(country, national)
	default:
		return "+" + callingCode + national
	}
}

// Sealed is a carrier as it is stored: Password holds the sealed one.
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

// Report is what became of a test call.
type Report struct {
	OK       bool
	Text     string        // what happened, in words for the operator
	Code     string        // stable: "answered", "busy", "unproven", "unreachable", …
	Answered bool          // somebody, or something, answered
	Heard    bool          // sound came back from the carrier
	Delay    time.Duration // post-dial delay: to the first sign of ringing or the answer
	Status   int           // the SIP status that ended it; 0: none
}

func unknown(id string) error {
	return fault.New(fault.Unknown, "carrier_unknown", "There is no carrier %s. List them to see their ids.", id)
}
