// Package terminal lets whoever is signed in use a telephone without a password
// of its own: a browser proves itself to the registrar, and with each call, by a
// pass that is good for minutes. What ends it sooner is that its device is
// revoked. It makes the names and passwords of relays (TURN) too, which are as
// short of life.
package terminal

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what TURN servers compute (draft-uberti-behave-turn-rest-00 §2.2)
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"
)

// PassFor is how long a pass is good.
const PassFor = 10 * time.Minute

// purpose keeps passes apart from whatever else is sealed.
const purpose = "terminal pass"

// Sealer encrypts and authenticates under the house's key.
type Sealer interface {
	Seal(plain []byte, purpose string) []byte
	Open(sealed []byte, purpose string) ([]byte, error)
}

// Passes issues passes and opens them, in whatever process of the house.
type Passes struct {
	seal Sealer
	now  func() time.Time
}

// New returns the Passes of a house.
func New(seal Sealer, now func() time.Time) *Passes { return &Passes{seal, now} }

// Issue makes a pass for a device, by its SIP user.
func (p *Passes) Issue(sipUser string) (pass string, until time.Time) {
	until = p.now().Add(PassFor).Truncate(time.Second)
	b := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(p.seal.Seal(append(b, sipUser...), purpose)), until
}

// mostPass is longer than any pass.
const mostPass = 256

// Open returns the SIP user a pass is for; false if it is none of ours, or too
// old.
func (p *Passes) Open(pass []byte) (sipUser string, ok bool) {
	if len(pass) > mostPass {
		return "", false
	}
	sealed, err := base64.RawURLEncoding.AppendDecode(nil, pass)
	if err != nil {
		return "", false
	}
	b, err := p.seal.Open(sealed, purpose)
	if err != nil || len(b) <= 8 || p.now().Unix() >= int64(binary.BigEndian.Uint64(b)) { //nolint:gosec // we wrote it
		return "", false
	}
	return string(b[8:]), true
}

// Phone is what a browser needs to know to be a telephone.
type Phone struct {
	Pass   string
	Until  time.Time
	User   string // SIP user
	Domain string // of its address, the realm
	Center string // where it registers: /ws?center=…
	Number string // as people write it
	Name   string // whom others see calling
	Device string
	// Servers are the relays it may need.
	Servers []ICEServer
}

// Relay is a TURN server (RFC 8656) that shares a secret with us.
type Relay struct {
	URLs   []string // turn:host:port?transport=udp, turns:…
	Secret string
}

// ICEServer is what a browser is told of a relay (W3C WebRTC §4.2.2).
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// relayFor is how long a relay takes a name: a call that lasts longer keeps
// what it has allocated.
const relayFor = 12 * time.Hour

// Servers is what a browser is told, with a name and password of its own; who
// keeps the relay's time apart from others' in its records.
func (r Relay) Servers(who string, now time.Time) []ICEServer {
	if len(r.URLs) == 0 {
		return []ICEServer{}
	}
	name := strconv.FormatInt(now.Add(relayFor).Unix(), 10) + ":" + who
	h := hmac.New(sha1.New, []byte(r.Secret))
	h.Write([]byte(name))
	return []ICEServer{{URLs: r.URLs, Username: name, Credential: base64.StdEncoding.EncodeToString(h.Sum(nil))}}
}
