package rtp

import (
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v3"
)

// ICEName is what one side calls itself in ICE (RFC 8839 §5.4): a name (ufrag)
// and a password.
type ICEName struct{ Name, Password string }

func newName() ICEName {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	text := base64.RawURLEncoding.EncodeToString(b[:])
	// The characters of RFC 8839 §5.4 are those of base64, not of its URL form.
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	return ICEName{text[:8], text[8:]}
}

// ice is our end of ICE on a line: the lite one (RFC 8445 §2.5), for we are where
// everybody can reach us. The browser tries its addresses, proves itself, and says
// which it will use.
type ice struct {
	shared  *shared
	names   []ICEName // ours, the newest last; an older one is good until the new is used
	theirs  string    // its name; "" as long as signalling has not brought it
	sources []netip.AddrPort
	to      netip.AddrPort // which it uses
	heard   int64          // when anything proved came
}

// lost is how long a browser may be silent, its keep-alives too (RFC 7675 §5.1 has
// it ask every 5 s and give up after 30): a page that is loaded anew, or a
// network that changes, takes less.
const lost = int64(25 * time.Second)

// bound answers a Binding request (RFC 8489 §5, RFC 8445 §7.3). Whoever does not know
// the password of a name that we gave gets no answer: that tells nothing to those
// who try, and sends nothing to addresses that others made up.
func (w *shared) bound(b []byte, src netip.AddrPort, now int64) {
	m := &stun.Message{Raw: slices.Clone(b)}
	if m.Decode() != nil || m.Type != stun.BindingRequest {
		return
	}
	user, err := m.Get(stun.AttrUsername)
	if err != nil {
		return
	}
	ours, theirs, ok := strings.Cut(string(user), ":")
	l := w.line(ours)
	if !ok || l == nil {
		return
	}
	s := l.owner.Load()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.owner.Load() != s {
		return
	}
	x := l.ice
	i := slices.IndexFunc(x.names, func(n ICEName) bool { return n.Name == ours })
	if i < 0 || i == len(x.names)-1 && x.theirs != "" && theirs != x.theirs {
		return
	}
	integrity := stun.NewShortTermIntegrity(x.names[i].Password)
	if integrity.Check(m) != nil || stun.Fingerprint.Check(m) != nil {
		return
	}
	x.knows(src, l)
	x.heard = now
	if m.Contains(stun.AttrUseCandidate) || !x.to.IsValid() {
		x.to = src
	}
	if i == len(x.names)-1 && i > 0 { // the restart has come through
		x.drop(i)
	}
	reply, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: src.Addr().AsSlice(), Port: int(src.Port())}, integrity, stun.Fingerprint)
	if err == nil {
		w.path.sock.send(reply.Raw, src, false)
	}
	l.proof.begin(l, s)
}

// knows takes a source that has proved itself.
func (x *ice) knows(src netip.AddrPort, l *Line) {
	if slices.Contains(x.sources, src) {
		if x.shared.source(src) != l { // another line had it meanwhile
			x.shared.proved(src, l)
		}
		return
	}
	if len(x.sources) >= mostSources {
		i := slices.IndexFunc(x.sources, func(a netip.AddrPort) bool { return a != x.to })
		x.shared.unproved(x.sources[i], l)
		x.sources = slices.Delete(x.sources, i, i+1)
	}
	x.sources = append(x.sources, src)
	x.shared.proved(src, l)
}

// drop forgets the first i names: nothing leads by them any more.
func (x *ice) drop(i int) {
	x.shared.mu.Lock()
	defer x.shared.mu.Unlock()
	for _, n := range x.names[:i] {
		delete(x.shared.byName, n.Name)
	}
	x.names = slices.Delete(x.names, 0, i)
}

// Name is what a line on the shared socket is called in ICE.
func (s *Session) Name(l *Line) ICEName {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.ice.names[len(l.ice.names)-1]
}

// Named says what the other end of a line on the shared socket calls itself. Is it
// another name than before, ICE begins anew (RFC 8839 §4.4.1.1), and we have
// another name too; sound goes on meanwhile.
func (s *Session) Named(l *Line, theirs string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := l.ice
	if x.theirs != "" && x.theirs != theirs {
		for len(x.names) > 2 { // one who restarts again and again
			x.drop(1)
		}
		n := newName()
		x.names = append(x.names, n)
		x.shared.named(n.Name, l)
	}
	x.theirs = theirs
}
