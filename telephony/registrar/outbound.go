package registrar

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// flowTimer is what a telephone with several flows is told: after how many
// seconds without a keep-alive we may take a flow for dead (RFC 5626 §5.4). NATs
// forget UDP after 30 s.
const flowTimer = "Flow-Timer: 25\r\n"

// sleepMost is the longest registration of a telephone that can be woken, in
// seconds: its system lets it run rarely.
const sleepMost = 30 * 24 * 3600

// asked is what a request asks for besides its contacts.
type asked struct {
	outbound bool // it names a flow, and the way here has what that needs
	gruu     bool
	wakes    bool // a contact says how it is woken
	services bool // it wants to know by what we can wake
}

// path reads how the request came: by proxies that want to be asked again on the
// way back (RFC 3327 §5.3), in the order of the Route they are for.
func path(m *sip.Msg) (list []byte, refuse *sip.Reply) {
	if !m.Has(sip.HPath) { // nearly always: nothing moves to the heap for it
		return nil, nil
	}
	return proxies(m)
}

func proxies(m *sip.Msg) (list []byte, refuse *sip.Reply) {
	m.Each(sip.HPath, func(v []byte) bool {
		a, ok := sip.ParseAddress(v)
		u, ok2 := sip.ParseURI(a.URI)
		if _, lr := u.Param("lr"); !ok || !ok2 || !lr || u.Scheme != sip.SchemeSIP && u.Scheme != sip.SchemeSIPS {
			refuse = &sip.Reply{Status: 400, Reason: "A Path needs sip: addresses with lr"}
			return false
		}
		if len(list) > 0 {
			list = append(list, ", "...)
		}
		list = append(list, v...)
		return true
	})
	if refuse == nil && len(list) > 1024 {
		refuse = &sip.Reply{Status: 400, Reason: "The Path is longer than 1024 bytes"}
	}
	return list, refuse
}

// direct reports whether the first hop of a telephone takes part in outbound: it
// is us, or a proxy that says so (RFC 5626 §6: ob in the last of the Path).
func direct(m *sip.Msg) bool {
	hops := 0
	m.Each(sip.HVia, func([]byte) bool { hops++; return true })
	if hops < 2 {
		return true
	}
	var last []byte
	m.Each(sip.HPath, func(v []byte) bool { last = v; return true })
	a, _ := sip.ParseAddress(last)
	u, ok := sip.ParseURI(a.URI)
	_, ob := u.Param("ob")
	return ok && ob
}

// extensions reads what a request asks for, and refuses what cannot be had.
func (r *Registrar) extensions(m *sip.Msg, list []contact) (x asked, refuse *sip.Reply) {
	x.gruu = m.HasToken(sip.HSupported, "gruu")
	for i := range list {
		c := &list[i]
		if refuse := r.push(c, &x); refuse != nil {
			return x, refuse
		}
		if c.regID > 0 && !direct(m) {
			return x, &sip.Reply{Status: 439} // RFC 5626 §11.6
		}
		x.outbound = x.outbound || c.regID > 0
		most := r.cfg.Maximum
		if c.wakes {
			most = sleepMost
		}
		c.expires = min(c.expires, most)
	}
	return x, nil
}

// push reads how a contact is woken. A service that we do not send by, and what is
// not enough to send by it, get the same answer (RFC 8599 §5.6.1.1, §8.1): a
// telephone that took our yes for it would sleep and never be woken. Whoever ends
// his registration asks for nothing.
func (r *Registrar) push(c *contact, x *asked) *sip.Reply {
	u, _ := sip.ParseURI(c.uri)
	by, ok := u.Param("pn-provider")
	switch id, _ := u.Param("pn-prid"); {
	case !ok:
	case len(by) == 0:
		x.services = true
	case c.expires == 0:
	case !slices.Contains(r.cfg.Wakes, string(by)), len(id) == 0, r.cfg.Woken != nil && !r.cfg.Woken(string(by), string(sip.Unescape(nil, id))):
		return &sip.Reply{Status: 555, Headers: r.services(nil)}
	default:
		c.wakes, x.wakes = true, true
	}
	return nil
}

// flow reads which flow of a telephone a contact is (RFC 5626 §4.2); 0 is none.
// Without outbound among what it supports, or without an instance, there are none.
func flow(m *sip.Msg, a *sip.Address, instance []byte) uint32 {
	v, ok := a.Param("reg-id")
	if !ok || len(instance) == 0 || !m.HasToken(sip.HSupported, "outbound") {
		return 0
	}
	n, _ := sip.Decimal(v)
	if n >= 1<<31 {
		return 0
	}
	return n
}

// services tells by what we can wake a telephone (RFC 8599 §8.1).
func (r *Registrar) services(b []byte) []byte {
	for _, by := range r.cfg.Wakes {
		b = append(b, `Feature-Caps: *;+sip.pns="`...)
		b = append(b, by...)
		b = append(b, '"')
		if by == "webpush" && r.cfg.VAPID != "" {
			b = append(b, `;+sip.vapid="`...)
			b = append(b, r.cfg.VAPID...)
			b = append(b, '"')
		}
		b = append(b, "\r\n"...)
	}
	return b
}

// appendExtensions appends to an answer what was asked for besides contacts.
func (r *Registrar) appendExtensions(b []byte, m *sip.Msg, x asked) []byte {
	if m.Has(sip.HPath) {
		b = appendPath(b, m)
	}
	if x.outbound {
		b = append(b, "Require: outbound\r\n"+flowTimer...)
	}
	if x.wakes || x.services {
		b = r.services(b)
	}
	return b
}

func appendPath(b []byte, m *sip.Msg) []byte {
	m.Each(sip.HPath, func(v []byte) bool {
		b = append(append(append(b, "Path: "...), v...), "\r\n"...)
		return true
	})
	return b
}

// appendGRUU appends the addresses that reach just one instance of a telephone
// (RFC 5627 §5.3): one that anybody may know it by, and one that tells nobody whose
// it is and lasts as long as the registration.
func (r *Registrar) appendGRUU(b []byte, host []byte, x *location.Binding) []byte {
	if x.InstanceID == "" || r.hide == nil {
		return b
	}
	b = append(b, `;pub-gruu="sip:`...)
	b = sip.AppendUser(b, x.Number)
	b = append(append(b, '@'), host...)
	b = append(b, ";gr="...)
	b = sip.AppendParam(b, x.Instance())
	b = append(b, `";temp-gruu="sip:`+cdr.Temporary...)
	b = append(b, r.hides(x)...)
	b = append(append(b, '@'), host...)
	return append(b, `;gr"`...)
}

var plain32 = base32.HexEncoding.WithPadding(base32.NoPadding) //nolint:gochecknoglobals // constant

func newHide(secret []byte) cipher.AEAD {
	if len(secret) == 0 {
		return nil
	}
	key := sha256.Sum256(append([]byte("temporary GRUU\x00"), secret...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("registrar: " + err.Error()) // 32 bytes are a key
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("registrar: " + err.Error())
	}
	return aead
}

// hides is a name of a binding that only we can read.
func (r *Registrar) hides(x *location.Binding) string {
	sum := sha256.Sum256([]byte(x.CallID))
	plain := append(sum[:8:8], x.ID...)
	return strings.ToLower(plain32.EncodeToString(r.hide.Seal(nil, nil, plain, nil))) //nolint:gosec // the nonce is random, and made within
}

// Temporary finds whose a temporary GRUU is. It is good while the registration of
// that Call-ID lasts (RFC 5627 §3.2).
func (r *Registrar) Temporary(user string) (location.Binding, bool) {
	text, ok := strings.CutPrefix(strings.ToLower(user), cdr.Temporary)
	if !ok || r.hide == nil || len(text) > 512 {
		return location.Binding{}, false
	}
	raw, err := plain32.DecodeString(strings.ToUpper(text))
	if err != nil {
		return location.Binding{}, false
	}
	plain, err := r.hide.Open(nil, nil, raw, nil)
	if err != nil || len(plain) < 8 {
		return location.Binding{}, false
	}
	b, ok := r.cfg.Bindings.Get(string(plain[8:]), r.cfg.Now())
	sum := sha256.Sum256([]byte(b.CallID))
	return b, ok && bytes.Equal(sum[:8], plain[:8])
}
