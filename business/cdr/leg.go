package cdr

import (
	"time"

	"github.com/callisto-tel/callisto/business/center"
)

// MostLegs is how many legs a record keeps; of further ones it keeps the count.
const MostLegs = 20

// Ender is who ended a call; "" is not known.
type Ender string

// Who may have ended it. Why we did, the cause says: the money ended (unpaid),
// no sound came (lost), nobody could be reached.
const (
	ByCaller Ender = "caller"
	ByCalled Ender = "called"
	ByUs     Ender = "us"
)

// LegKind is the sort of place a leg went to.
type LegKind string

// The sorts.
const (
	ToTerminal LegKind = "terminal" // registered at the writing center
	ToCenter   LegKind = "center"
	ToTrunk    LegKind = "trunk"   // a carrier
	ToAddress  LegKind = "address" // somebody else's domain
	// FromAccess is no place the call went to, but how its caller came: by an access
	// number. Number is the telephone he called from, To the number he called.
	FromAccess LegKind = "access"
)

// Leg is one attempt to reach somebody: a terminal that rang, a carrier that was
// tried, a center the call went on to.
type Leg struct {
	Kind    LegKind
	Center  center.ID // ToCenter
	Carrier string    // ToTrunk; ToCenter: by whom that center had it carried
	Trunk   string
	Device  string // ToTerminal: its id
	Number  string // as it is written there; of an address the whole
	To      string // ToTrunk: what it is for: "+8225551234", a partner's number, a code
	Forward bool   // the called party has his calls sent there
	Start   time.Time
	Ring    time.Time // the first sign of the far side: ringing, or sound before the answer
	Answer  time.Time
	End     time.Time
	Cause   Cause
	Status  int // SIP status that the far side refused with; 0: it did not
	Q850    int // ITU-T Q.850 cause that it gave, else that of the status or of our reason to end the leg
	Quality Quality
}

// Answered reports whether somebody answered there.
func (l *Leg) Answered() bool { return !l.Answer.IsZero() }

// Carried reports whether a carrier is owed something for the call, or owes.
func (r *Record) Carried() bool {
	if r.Side == Entry && r.Carrier != "" && r.Answered() {
		return true
	}
	for i := range r.Legs {
		if r.Carries(&r.Legs[i]) {
			return true
		}
	}
	return false
}

// Carries reports whether a carrier is owed something for a leg. One to another
// center is in that center's own record; but if this process died, perhaps that
// one did too.
func (r *Record) Carries(l *Leg) bool {
	return l.Carrier != "" && l.Answered() && (l.Kind == ToTrunk || l.Kind == ToCenter && r.Cause == Lost)
}

// Abandon ends a record whose process died, and the legs it had.
func (r *Record) Abandon(at time.Time) {
	r.End, r.Cause, r.HungUp = at, Lost, ByUs
	for i := range r.Legs {
		if l := &r.Legs[i]; l.End.IsZero() {
			l.End, l.Cause = at, Lost
		}
	}
}

// PDD is how long it took until the far side gave a sign or answered; 0: it
// never did.
func (l *Leg) PDD() time.Duration {
	sign := l.Ring
	if sign.IsZero() {
		sign = l.Answer
	}
	if sign.IsZero() {
		return 0
	}
	return max(0, sign.Sub(l.Start))
}

// Decision is what routing made of the call, in stable words.
type Decision struct {
	Kind string // what was dialled turned out to be: onnet, pstn, partner, uri, emergency, short, feature, none
	Way  LegKind
	Why  string // cheapest, next, … where it went there; else why nowhere, as no_price
	// The price that the caller, or who has it forwarded, pays.
	Number  string // it is for this ordinary telephone, with +, or partner's number
	Plan    string // whose list has it; "" of a partner's number
	Version string // of that list
	Prefix  string // its line; "" is the one for everywhere
	Micros  int64  // a minute
}

// Quality is how the sound of one party was.
type Quality struct {
	From Stream // what came from it, as we counted
	To   Stream // what we sent it, as it reported
}

// Known reports whether anything is known of it.
func (q *Quality) Known() bool { return q.From != Stream{} || q.To != Stream{} }

// MOS is the worse of the two estimates; 0: there is none.
func (q *Quality) MOS() int {
	if q.From.MOS == 0 || q.To.MOS != 0 && q.To.MOS < q.From.MOS {
		return q.To.MOS
	}
	return q.From.MOS
}

// Stream is sound in one direction.
type Stream struct {
	Codec   string
	Packets int64 // that arrived; 0 where only a report tells of it
	Lost    int64
	Loss    int           // of a thousand
	Jitter  time.Duration // RFC 3550 §6.4.1, at the end
	Gap     time.Duration // the longest time without a packet
	RTT     time.Duration // there and back, by RTCP
	MOS     int           // estimate in hundredths, 435 is 4.35; 0: none
}
