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
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/rating"
)

// Role is what the asking center is for the call.
type Role uint8

// The roles.
const (
	Origin Role = iota // the caller's center: resolves what was dialled
	Home               // the called number's center: finds its terminals
	Visit              // the center where the terminal registered
	Exit               // the center by whose trunks the call leaves
	Entry              // the center by whose trunk it came in
)

// Party is who calls.
type Party struct {
	Account    string
	Membership string
	Device     string
	Number     numbering.Number
	Country    string    // ISO code of the home country
	Home       center.ID // the home center
	E164       string    // of a stranger who calls from an ordinary telephone, with +
	Private    bool      // his number is not to be shown (RFC 3323)
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
	Binding     string     // role Visit: which binding
	Instance    string     // only this terminal of the number is called (RFC 5627), by the URN of its instance
	Carrier     string     // role Entry: by whose trunk; role Exit and PartnerService: whose number
	Payer       string     // role Exit: whose account pays, if not the caller's
	Service     string     // role Exit: EmergencyService or ShortService, for a code of DialCountry
	Hints       []string   // partners whose zone has a number (ENUM),
	HintsFor    string     // which is this one, with +
	Open        bool       // role Entry: it came by no trunk, from anybody
	Entered     bool       // it came from outside, here or at the center that sent it on
	Diversion   *Diversion // role Exit: it was forwarded, at the center that asks
	Forwards    int        // how often the call was forwarded before
	Outcomes    []Outcome
	Now         time.Time
	Trace       *[]Step // if set, each step is said there in words
}

// SignInCode is dialled at a telephone by who wants to sign in there, or out.
const SignInCode = "*55"

// MissedCode is dialled by who wants to hear which calls he missed.
const MissedCode = "*56"

// What an exit may be asked for besides an ordinary telephone.
const (
	EmergencyService = "sos"
	ShortService     = "short"
	PartnerService   = "partner"
)

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
	ToURI                       // a SIP URI of somebody else's
	ToTrunk                     // a carrier
	ToSleeper                   // terminals that ring when they were woken and have registered
)

// Target is one leg to try.
type Target struct {
	Kind    TargetKind
	Binding location.Binding // ToBinding, ToSleeper; with ToCenter and Role Visit the binding meant
	Center  center.ID        // ToCenter
	Role    Role             // ToCenter: what that center is to do
	Service string           // ToCenter and Role Exit: see Attempt
	Carrier string           // ToTrunk; ToCenter for a partner's own number: the carrier's id
	URI     string           // ToURI
	Trunk   string           // ToTrunk: its id
	Number  string           // ToTrunk: as the carrier wants it written
	Shows   string           // ToTrunk: the caller's number, as the carrier wants it written; "" shows none
	Private bool             // ToTrunk: and to keep it from the called party
	To      string           // what a leg that leaves is for: "+8225551234", a partner's number, a code
	In      string           // ToCenter and Service: the country of a code
	Payer   string           // whose account pays for this leg, if not the caller's
	Forward bool             // the called party has his calls sent there
	// Diversion is for a call that is forwarded.
	Diversion *Diversion
}

// Diversion is what may be said of a call that was forwarded (RFC 5806).
type Diversion struct {
	By      numbering.Number // of ours, whose holder has it so
	Why     Why
	Shows   string // ToTrunk: how that number is written there; "": it is not said
	Private bool   // the holder withholds his number: it goes no further than the carrier
}

// Why is the reason of a diversion, in the words of RFC 5806 §4.2.
type Why string

// The reasons.
const (
	WhyAlways      Why = "unconditional"
	WhyBusy        Why = "user-busy"
	WhyNoAnswer    Why = "no-answer"
	WhyUnreachable Why = "unavailable"
)

// Decision is one answer. Targets ring together; with none of them, Cause and
// Reason say why.
type Decision struct {
	Kind    Kind
	Number  numbering.Number // of ours, when Kind is OnNet
	Holder  Holder           // of that number
	Center  center.ID        // the number's home center
	E164    string           // of an ordinary telephone, with +
	Targets []Target
	Chosen  Chosen // why these
	RingFor time.Duration
	ReplyIn time.Duration // within which a target has to say something; 0: as SIP has it
	Price   Price         // of the leg that leaves; zero where nobody pays
	Private bool          // the caller asked for his number not to be shown
	Shown   bool          // he asked for it to be shown, though as a rule it is not
	Urgent  bool          // an emergency call
	// Reason is for people. Its text may still be empty: most callers never
	// need the words, and Say finds them.
	Reason fault.Reason
	Cause  cdr.Cause
	typed  string // of a number nobody has
}

// Chosen is why a call goes where it goes, for the call record.
type Chosen string

// The reasons.
const (
	ChosenSignedIn  Chosen = "signed_in" // the terminals are registered
	ChosenHome      Chosen = "home"      // the center is the number's home
	ChosenVisit     Chosen = "visit"     // the number's center named the terminal
	ChosenOnly      Chosen = "only"      // no other carrier takes the call
	ChosenCheapest  Chosen = "cheapest"
	ChosenNext      Chosen = "next" // those before it failed
	ChosenHint      Chosen = "enum" // the number is in the partner's zone
	ChosenPartner   Chosen = "partner"
	ChosenShort     Chosen = "short"
	ChosenEmergency Chosen = "emergency"
	ChosenDomain    Chosen = "domain" // the address's own SIP service
	// Where the called party has his calls sent on.
	ChosenForward     Chosen = "forward_always"
	ChosenBusy        Chosen = "forward_busy"
	ChosenNoAnswer    Chosen = "forward_no_answer"
	ChosenUnreachable Chosen = "forward_unreachable"
)

// chosen is the word for a call that is forwarded.
func (w Why) chosen() Chosen {
	switch w {
	case WhyAlways:
		return ChosenForward
	case WhyBusy:
		return ChosenBusy
	case WhyNoAnswer:
		return ChosenNoAnswer
	default:
		return ChosenUnreachable
	}
}

// Price is what a call costs whoever pays for it, in the house's currency.
type Price struct {
	Known   bool
	Quote   rating.Quote // its zero value is free
	Plan    string       // whose deck has it; "": a partner's own price, or none
	Version string       // of the deck
}

// Holder is what routing must know of a sold number.
type Holder struct {
	Number     numbering.Number
	Country    string // ISO code of the country it was sold in
	Account    string
	Membership string             // "" until registered
	Registered bool               // M1 done
	CallsAs    string             // the name that called parties are shown
	Language   string             // of the holder, BCP 47
	OwnPhone   bool               // an existing telephone number, proved; else identification block
	OffIn      []string           // dial countries where the typed form is switched off (N4)
	Forward    *member.Forwarding // as calls follow it
	Unproved   []string           // he chose them to be forwarded to, and has not proved them: Forward has them only in dev
	Private    bool               // his calls show no number, unless one says otherwise
	Shows      string             // the telephone number his calls show to others, with +; "": his own
	Unlisted   bool               // others do not look it up, and strangers do not call it
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

// Named is what a domain name or an e-mail address stands for: a number of
// ours, or else what its holder proved.
type Named struct {
	Number numbering.Number
	Dial   string // "+8225551234", a partner's number
}

// Sleepers is the view of the terminals that are not registered and ring all the
// same, for they can be woken. It must never block.
type Sleepers interface {
	// Asleep is what to wake for a number, in canonical form: of what registers
	// then, the device counts.
	Asleep(canonical string) (location.Binding, bool)
}

// Names is the view of proved domain names and e-mail addresses (C6). It must
// never block.
type Names interface {
	Named(name string) (Named, bool) // in lower case
}

// Lines is the view of the telephone numbers that carriers bring to us (DIDs).
// It must never block.
type Lines interface {
	// Line finds by + form without the plus.
	Line(e164 string) (Line, bool)
}

// Line is one of them.
type Line struct {
	Carrier string
	Number  numbering.Number // whose it is; zero: nobody's
}

// House is the view of the telephone numbers at which the house itself answers
// members (access numbers). It must never block.
type House interface {
	AnswersAt(e164 string) bool // with +
}

// HouseNumber is the code of a call to such a number: the house answers it, if a
// member's own telephone calls.
const HouseNumber = "access_number"

// Known is the view of the telephones members are known by (M2). It must never
// block.
type Known interface {
	Known(number string) (Holder, bool)
}

// Tables is everything Decide reads. Ways, Names, Lines, House, Known and Sleepers may be nil.
type Tables struct {
	Plans    *numbering.Plans
	Centers  *center.Directory
	Sold     Sold
	Bindings Bindings
	Ways     *Ways
	Names    Names
	Lines    Lines
	House    House
	Known    Known
	Sleepers Sleepers
	// Ours tells whether the host of an address means us; nil: none does.
	Ours func(host string) bool
}
