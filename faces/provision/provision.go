// Package provision writes the files by which telephones set themselves up: for
// Linphone, Yealink, Grandstream and Snom, from one plain description of an
// account. Every name of a setting is one that the maker documents; where, is
// said above each writer. A telephone that finds a setting left out keeps what it
// has, so that a file without the password changes none.
//
// Digit maps wait for the whole number: a world number is a national number with
// a calling code behind it (5550100#82), so that no number of digits is enough to
// know its end. The # belongs to numbers and never sends them off.
package provision

import (
	"bytes"
	"encoding/xml"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// How a telephone's sound is protected (RFC 4568).
const (
	SoundMay   = "may"   // SRTP if the other side has it
	SoundMust  = "must"  // nothing but SRTP
	SoundDTLS  = "dtls"  // nothing but DTLS-SRTP (RFC 5764); desk telephones have SRTP instead
	SoundPlain = "never" // no SRTP
)

// Transports.
const (
	UDP = "udp"
	TCP = "tcp"
	TLS = "tls"
)

// Account describes what a telephone is to be.
type Account struct {
	Domain    string // of its address: HOST or HOST:PORT
	User      string
	AuthUser  string
	Password  string // "": it keeps the one it has
	Host      string // registrar and proxy
	Port      uint16
	Transport string
	Root      string // https address of the certificate that TLS has to be signed by; "": the telephone's own list
	Sound     string
	Waiting   bool   // it asks whether messages wait (RFC 3842)
	VoiceMail string // what it dials to hear them; "": there is none
	Name      string // whom the called party sees
	Label     string // on the display: the number
	Language  string // BCP 47
	Zone      *time.Location
	Codes     []string  // emergency numbers: dialled soon after their last digit
	Now       time.Time // for which year's summer time
}

// How long a telephone waits for the next digit, in seconds.
const (
	waitDigit = 5
	waitCode  = 2 // after an emergency number, which other numbers may begin with
	registers = 600
)

// address is where the registrar is.
func (a Account) address() string { return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port))) }

// clean is a text on one line, as it is shown.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return ' '
		case unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == unicode.ReplacementChar || r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(clean(s))) // a bytes.Buffer takes all
	return b.String()
}

// quoted is a display name in a SIP address (RFC 3261 §25.1).
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(s)) + `"`
}

func onOff(v bool) string {
	if v {
		return "on"
	}
	return "off"
}

func digit(v bool) string {
	if v {
		return "1"
	}
	return "0"
}

// language is the first of a tag: ko of ko-KR.
func (a Account) language() string {
	l, _, _ := strings.Cut(a.Language, "-")
	return strings.ToLower(l)
}
