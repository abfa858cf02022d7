// Package alias gives numbers names: whoever proves that a domain name or an
// e-mail address is his is called by it (C6). A domain is proved by a TXT record
// in it, an address by a link in a letter to it.
package alias

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Kind is what a name is.
type Kind string

// The kinds.
const (
	Domain Kind = "domain"
	Email  Kind = "email"
)

// State is how far a name is.
type State string

// The states.
const (
	Waiting State = "waiting" // for its proof
	Proved  State = "proved"
	Removed State = "removed" // and remembered for a day, so that letters stay few
)

// Name is a name for a number.
type Name struct {
	ID      string
	Account string
	Name    string // in lower case, domains in A-labels
	Kind    Kind
	Number  numbering.Number // what it stands for; for a company its home office
	Dial    string           // else an ordinary telephone of its holder, + form
	State   State
	Token   string    // a domain's: stands in its record
	Hash    string    // an address's: of the token in the letter
	Missing time.Time // since when the record of a proved domain is gone
	Checked time.Time // when it was last looked for
	Created time.Time
}

// RemovedOn is when a proved domain whose record is gone goes with it.
func (n *Name) RemovedOn() time.Time { return n.Missing.Add(grace) }

// Record is the name of the record that proves a domain, and what it says.
func (n *Name) Record() (name, text string) { return Label + n.Name, Prefix + n.Token }

// The record that proves a domain.
const (
	Label  = "_callisto."
	Prefix = "callisto-proof="
)

// Shown is the name as people write it.
func (n *Name) Shown() string {
	user, domain, ok := strings.Cut(n.Name, "@")
	if !ok {
		user, domain = "", n.Name
	}
	if u, err := idna.Display.ToUnicode(domain); err == nil {
		domain = u
	}
	if ok {
		return user + "@" + domain
	}
	return domain
}

// Filter narrows a list; the zero value is everything.
type Filter struct {
	Account string
	Name    string
	Live    bool   // without those that were removed
	After   string // only those after this id
	Limit   int    // 0: all
}

// Store keeps names.
type Store interface {
	// InsertName keeps a name with its letter, unless the account has it already.
	InsertName(ctx context.Context, n Name, letters ...letter.Letter) error
	Name(ctx context.Context, id string) (Name, bool, error)
	// Names lists them, the oldest first.
	Names(ctx context.Context, f Filter) ([]Name, error)
	// SaveName writes a name that is still there, and removes others with it, in
	// one step; false if it is gone, it was proved while n still waits, or somebody
	// else's name is proved meanwhile.
	SaveName(ctx context.Context, n Name, others []string, letters ...letter.Letter) (bool, error)
	// NameByHash finds the address that a letter asks for.
	NameByHash(ctx context.Context, hash string) (Name, bool, error)
	// StaleNames are those last looked at before t, in whatever state. They count
	// as looked at now: whatever comes of it, none of them keeps others waiting,
	// and of several processes one looks.
	StaleNames(ctx context.Context, t, now time.Time, most int) ([]Name, error)
	// DropName forgets a name.
	DropName(ctx context.Context, id string) error
}

// longest is the longest name (RFC 1035 §2.3.4 for domains).
const longest = 253

// Canonical reads a name as it is compared: a domain in A-labels (RFC 5890), in
// lower case.
func Canonical(text string) (string, Kind, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	bad := fault.New(fault.Invalid, "name_form", "%q is no domain name like example.com and no e-mail address like ann@example.com.", clip(text)).
		WithFields(fault.Field{Name: "name", Text: "Write a domain name or an e-mail address."})
	if user, domain, has := strings.Cut(text, "@"); has {
		a, err := mail.ParseAddress(text)
		if err != nil || a.Name != "" || a.Address != text || user == "" {
			return "", "", bad
		}
		if domain, err = ascii(domain); err != nil {
			return "", "", bad
		}
		if name := strings.ToLower(user) + "@" + domain; len(name) <= longest {
			return name, Email, nil
		}
		return "", "", bad
	}
	name, err := ascii(text)
	if err != nil {
		return "", "", bad
	}
	return name, Domain, nil
}

func ascii(domain string) (string, error) {
	name, err := idna.Lookup.ToASCII(strings.ToLower(domain))
	if err != nil {
		return "", err
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			last = ""
		}
	}
	if len(name) > longest || len(last) == len(name) || len(last) < 2 || last[0] >= '0' && last[0] <= '9' {
		return "", fault.New(fault.Invalid, "name_form", "That is no domain name.")
	}
	return name, nil
}

// mayBe refuses domains that no one person has.
func mayBe(domain string) error {
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain || freeMail(domain) {
		return fault.New(fault.Forbidden, "name_of_many", "%s belongs to many people. Register your e-mail address there instead.", domain).
			WithFields(fault.Field{Name: "name", Text: "Write your e-mail address, or a domain name of your own."})
	}
	return nil
}

// freeMail reports whether a domain gives e-mail addresses to anybody.
func freeMail(domain string) bool {
	for _, d := range strings.Fields(`
		gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com rocketmail.com aol.com aim.com icloud.com me.com mac.com
		proton.me protonmail.com pm.me tutanota.com tuta.io gmx.com gmx.net gmx.de gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru bk.ru
		inbox.ru list.ru yandex.ru yandex.com ya.ru rambler.ru qq.com foxmail.com 163.com 126.com yeah.net sina.com sohu.com aliyun.com naver.com
		hanmail.net daum.net kakao.com nate.com hotmail.fr orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it
		terra.es telefonica.net uol.com.br bol.com.br terra.com.br yahoo.co.jp docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com yahoo.co.uk
		btinternet.com sky.com virginmedia.com comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net
		rediffmail.com zoho.com fastmail.com hey.com seznam.cz wp.pl o2.pl onet.pl interia.pl abv.bg ukr.net walla.co.il maktoob.com`) {
		if domain == d {
			return true
		}
	}
	return false
}

func clip(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}
