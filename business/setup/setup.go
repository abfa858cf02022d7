// Package setup lets telephones fetch their settings themselves. A member asks
// for a link; what lies there is for one telephone, the first that comes: it is
// known again by what it says of itself, and every other is sent away and told of
// to the holder. The SIP password is made when the telephone fetches its file,
// stands in that answer and is kept by nobody.
package setup

import (
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Kind is whose telephone fetches, and so how its file is written.
type Kind string

// The kinds.
const (
	Linphone    Kind = "linphone" // an app that reads a QR code
	Yealink     Kind = "yealink"
	Grandstream Kind = "grandstream"
	Snom        Kind = "snom"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Linphone, Yealink, Grandstream, Snom} }

// Desk reports whether a kind stands on a desk and has a hardware address.
func (k Kind) Desk() bool { return k != Linphone }

// How long things last.
const (
	WaitFor   = 7 * 24 * time.Hour // a link nobody has fetched by yet
	settleFor = time.Hour          // from the first fetch on, the password still goes along
	appFor    = 5 * time.Minute    // the same for an app, which has no name by which it is known again
	MostOpen  = 20                 // links of a number that wait
	mostAgent = 200                // letters kept of what a telephone calls itself
)

// Link is one link.
type Link struct {
	ID         string
	Account    string
	Membership string
	Device     string
	Kind       Kind
	MAC        string // 12 lower-case hexadecimal digits; "" of an app
	Created    time.Time
	Until      time.Time // nobody may fetch first from then on
	Fetched    time.Time // first; zero: it waits
	Network    string    // where from
	Agent      string    // what the telephone calls itself
	Told       bool      // and that it names its MAC there
	Again      time.Time // when it fetched last
	Times      int
	Settled    bool // it has signed in with the password: that goes along no more
	Refused    int  // others who tried
	RefusedAt  time.Time
	RefusedBy  string // the last of them, and its network
	RefusedNet string
	Revoked    time.Time
}

// State is how far a link is.
type State string

// The states.
const (
	Waiting State = "waiting"
	Fetched State = "fetched"
	Expired State = "expired"
	Revoked State = "revoked"
)

// State is how far it is now.
func (l *Link) State(now time.Time) State {
	switch {
	case !l.Revoked.IsZero():
		return Revoked
	case !l.Fetched.IsZero():
		return Fetched
	case !now.Before(l.Until):
		return Expired
	default:
		return Waiting
	}
}

// Caller is a telephone that fetches, as far as the request tells.
type Caller struct {
	Kind    Kind   // by its User-Agent; "" is no telephone we know
	MAC     string // that its User-Agent names; "" if none
	Agent   string
	Network string // its address, shortened
	Header  bool   // X-Linphone-Provisioning
}

// Want is what is asked for.
type Want struct {
	Common bool   // the file of all telephones of a kind, in which nothing is secret
	MAC    string // in the file's name; "" of Linphone's
	Kind   Kind   // whose file it is
}

// Account is what stands in a file, except who serves it.
type Account struct {
	Kind     Kind
	SIPUser  string
	Sound    member.Sound // as its holder has it
	Password string       // "": the telephone keeps the one it has
	Name     string
	Number   numbering.Number
	Country  string
	Language string
	TimeZone string
	Device   string
}

// CleanMAC reads a hardware address as people write it; "" is none.
func CleanMAC(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(":-. ", r) {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(s)))
	if len(s) != 12 || strings.Trim(s, "0123456789abcdef") != "" || s == "000000000000" || s == "ffffffffffff" {
		return ""
	}
	return s
}

// ShownMAC is one as it stands on the back of a telephone.
func ShownMAC(mac string) string {
	if len(mac) != 12 {
		return mac
	}
	mac = strings.ToUpper(mac)
	return strings.Join([]string{mac[:2], mac[2:4], mac[4:6], mac[6:8], mac[8:10], mac[10:]}, ":")
}

func unknownLink() error {
	return fault.New(fault.Unknown, "setup_unknown", "There is no telephone to be set up at this address. Ask for a new link on the page of your numbers.")
}

func otherPhone() error {
	return fault.New(fault.Forbidden, "setup_other", "This link belongs to another telephone. Its holder sees that you tried; ask for a link of your own.")
}

// judge says whether a caller may have what it wants, and why not. What it says
// is no reason to bind the link.
func (l *Link) judge(c Caller, w Want, now time.Time) error {
	switch s := l.State(now); {
	case s == Revoked:
		return fault.New(fault.Forbidden, "setup_revoked", "This link was taken back. Ask for a new one on the page of your numbers.")
	case s == Expired:
		return fault.New(fault.Forbidden, "setup_expired", "The time of this link is over: no telephone fetched its settings within 7 days. Ask for a new one on the page of your numbers.")
	case l.Kind == Linphone && !c.Header:
		return fault.New(fault.Forbidden, "setup_scan", "Scan this with Linphone: open the app, choose to sign in by QR code or remote provisioning, and point the camera at the code. A browser gets nothing here.")
	case w.Kind != l.Kind:
		return unknownLink()
	case l.Kind == Linphone && s == Fetched && !l.lost(c, now):
		return fault.New(fault.Forbidden, "setup_used", "This link was used already; it works once. Ask for a new one on the page of your numbers.")
	case l.Kind == Linphone:
		return nil
	case c.Kind == "":
		return fault.New(fault.Forbidden, "setup_browser", "This address is for a telephone, which fetches its settings here by itself: type it into the telephone's own page, under automatic provisioning. A browser gets nothing here.")
	case c.Kind != l.Kind, c.MAC != "" && c.MAC != l.MAC, !w.Common && w.MAC != l.MAC:
		return otherPhone()
	case s == Waiting:
		return nil
	case l.Told && c.MAC == "", !l.Told && c.MAC == "" && c.Network != l.Network:
		return otherPhone()
	default:
		return nil
	}
}

// bind notes a fetch.
func (l *Link) bind(c Caller, now time.Time) {
	if l.Fetched.IsZero() {
		l.Fetched, l.Network, l.Agent = now, c.Network, c.Agent
	}
	l.Told = l.Told || c.MAC != ""
	l.Again = now
	l.Times++
}

// secret reports whether the password still goes along: until the telephone has
// signed in with it, lest an answer that was lost leave it without, and for an
// hour at most, lest a link that leaks later give it away.
func (l *Link) secret(now time.Time) bool {
	return !l.Settled && now.Sub(l.Fetched) < settleFor
}

// lost reports whether an app that scans again may be the one whose answer was
// lost: it says the same of itself, from the same network, a moment later, and
// nobody has signed in with what it was sent.
func (l *Link) lost(c Caller, now time.Time) bool {
	return !l.Settled && now.Sub(l.Fetched) < appFor && c.Network == l.Network && c.Agent == l.Agent
}
