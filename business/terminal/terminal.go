// Package terminal lets whoever is signed in use a telephone without a password
// of its own: a browser proves itself to the registrar, and with each call, by a
// pass that is good for minutes. What ends it sooner is that its device is
// revoked, or that who is signed in signs out. It makes the names and passwords of relays (TURN) too, which are as
// short of life.
package terminal

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what TURN servers compute (draft-uberti-behave-turn-rest-00 §2.2)
	"encoding/base64"
	"encoding/binary"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"
)

// PassFor is how long a pass is good.
const PassFor = 10 * time.Minute

// purpose keeps passes apart from whatever else is sealed.
const purpose = "pass of a session"

// Sealer encrypts and authenticates under the house's key.
type Sealer interface {
	Seal(plain []byte, purpose string) []byte
	Open(sealed []byte, purpose string) ([]byte, error)
}

// Passes issues passes and opens them, in whatever process of the house.
type Passes struct {
	seal  Sealer
	now   func() time.Time
	mu    sync.Mutex
	ended map[string]time.Time // sessions that ended → when the last pass of one is too old
	swept time.Time
}

// New returns the Passes of a house.
func New(seal Sealer, now func() time.Time) *Passes {
	return &Passes{seal: seal, now: now, ended: map[string]time.Time{}}
}

// Pass is what a pass says.
type Pass struct {
	SIPUser string
	Session string // of who is signed in, or the API key it was made with; "" if it lasts as long as its device
}

// Issue makes a pass.
func (p *Passes) Issue(x Pass) (pass string, until time.Time) {
	until = p.now().Add(PassFor).Truncate(time.Second)
	b := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	b = append(b, x.SIPUser+separator+x.Session...)
	return base64.RawURLEncoding.EncodeToString(p.seal.Seal(b, purpose)), until
}

// separator stands in no SIP user of ours, and in no id.
const separator = "\x00"

// End has the passes of sessions open nothing any more. It is kept in memory, for
// as long as there may be passes of them: after a restart one may open for what is
// left of its minutes.
func (p *Passes) End(sessions []string) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.swept) >= PassFor {
		maps.DeleteFunc(p.ended, func(_ string, until time.Time) bool { return !until.After(now) })
		p.swept = now
	}
	for _, s := range sessions {
		p.ended[s] = now.Add(PassFor)
	}
}

func (p *Passes) over(session string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ended := p.ended[session]
	return ended
}

// mostPass is longer than any pass.
const mostPass = 256

// Open reads a pass; false if it is none of ours, too old, or of a session that
// has ended, and which that is is said all the same.
func (p *Passes) Open(pass []byte) (x Pass, ok bool) {
	if len(pass) > mostPass {
		return x, false
	}
	sealed, err := base64.RawURLEncoding.AppendDecode(nil, pass)
	if err != nil {
		return x, false
	}
	b, err := p.seal.Open(sealed, purpose)
	if err != nil || len(b) <= 8 || p.now().Unix() >= int64(binary.BigEndian.Uint64(b)) { //nolint:gosec // we wrote it
		return x, false
	}
	x.SIPUser, x.Session, ok = strings.Cut(string(b[8:]), separator)
	return x, ok && !p.over(x.Session)
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
