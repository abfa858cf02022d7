// Package routing decides: an attempt to call becomes a Decision, from memory
// and without side effects. switching executes it. The explain function of the
// API asks the same code.
package routing

import (
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Role is what the asking center is for the call.
type Role uint8

// The roles.
const (
	Origin Role = iota // the caller's center: resolves what was dialled
	Home               // the called number's center: finds its terminals
	Visit              // the center where the terminal registered
)

// Party is who calls.
type Party struct {
	Account    string
	Membership string
	Device     string
	Number     numbering.Number
	Country    string    // ISO code of the home country
	Home       center.ID // the home center
}

// Outcome is how an earlier decision of the same call went.
type Outcome struct {
	Target Target
	Cause  cdr.Cause
}

// Attempt is one question.
type Attempt struct {
	Center      center.ID // who asks
	Role        Role
	Dialled     string // as typed, or the canonical number between centers; URI user parts are decoded once by ParseTyped
	DialCountry string // ISO code; "" means the caller's home country
	Caller      Party
	Binding     string // role Visit: which binding
	Outcomes    []Outcome
	Now         time.Time
}

// Kind is what the dialled string turned out to be.
type Kind uint8

// The kinds.
const (
	None Kind = iota
	OnNet
	Emergency
	Short
	Feature
	PSTN
	Partner
	URI
)

// String returns the name the API uses.
func (k Kind) String() string {
	return [...]string{"none", "onnet", "emergency", "short", "feature", "pstn", "partner", "uri"}[k]
}

// TargetKind is the sort of place a leg goes to.
type TargetKind uint8

// The sorts.
const (
	ToBinding TargetKind = iota // a terminal registered at this center
	ToCenter                    // another center, as Role says there
	ToURI                       // a SIP URI
	ToTrunk                     // a carrier
)

// Target is one leg to try.
type Target struct {
	Kind    TargetKind
	Binding location.Binding // ToBinding; with ToCenter and Role Visit the binding meant
	Center  center.ID        // ToCenter
	Role    Role             // ToCenter: what that center is to do, Home or Visit
	URI     string           // ToURI
	Trunk   string           // ToTrunk: the carrier's id
	Number  string           // ToTrunk: as the carrier wants it written
}

// Decision is one answer. Targets ring together; with none of them, Cause and
// Reason say why.
type Decision struct {
	Kind    Kind
	Number  numbering.Number // of ours, when Kind is OnNet
	Holder  Holder           // of that number
	Center  center.ID        // the number's home center
	Targets []Target
	RingFor time.Duration
	Reason  fault.Reason
	Cause   cdr.Cause
}

// Holder is what routing must know of a sold number.
type Holder struct {
	Number     numbering.Number
	Country    string // ISO code of the country it was sold in
	Account    string
	Membership string   // "" until registered
	Registered bool     // M1 done
	OwnPhone   bool     // an existing telephone number, proved; else identification block
	OffIn      []string // dial countries where the typed form is switched off (N4)
}

// Sold is the view of the numbers sold. It must never block.
type Sold interface {
	// Typed finds by canonical form: "2555123482", "5550100#82".
	Typed(canonical string) (Holder, bool)
	// Twin finds an individual number by its + form without the plus.
	Twin(e164 string) (Holder, bool)
	// Root finds a company by its root.
	Root(root string) (Company, bool)
}

// Company is a root with its offices.
type Company struct {
	Root    string
	Home    string            // calling code of the home office
	Offices map[string]string // calling code → ISO country, switched-on ones
	Refuse  bool              // calls for countries not switched on are refused, else they go to the home office
}

// Bindings is the view of registered terminals. It must never block.
type Bindings interface {
	ByNumber(dst []location.Binding, canonical string, now time.Time) []location.Binding
	Get(id string, now time.Time) (location.Binding, bool)
}

// Tables is everything Decide reads.
type Tables struct {
	Plans    *numbering.Plans
	Centers  *center.Directory
	Sold     Sold
	Bindings Bindings
}
