package trunk

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/telephony/sip"
)

const (
	lasts       = 600            // seconds of a registration, unless the carrier wants it longer
	longest     = 24 * 60 * 60   // seconds that a carrier may want
	shortest    = 2 * sip.Second // a registration is not refreshed more often
	backOff     = 5 * sip.Second // after the first failure, doubled with each further one
	mostBackOff = 300 * sip.Second
	rebind      = 60 * sip.Second // the address we are seen at is not believed to change more often
	goodbye     = 2 * time.Second // for all carriers to take our leave
)

// registration is one at a carrier's registrar (RFC 3261 §10.2).
type registration struct {
	callID  []byte // all of a registration have it, with a growing CSeq
	seq     uint32
	at      sip.Mono // when to register again
	asking  bool
	fails   int
	expires int       // seconds that we ask for
	until   time.Time // zero: we are not registered
	answer  carrier.Answer
	flow    sip.Flow // by which we registered
	contact string   // as registered; the carrier calls us there
	seen    string   // HOST:PORT it sees us at, if that is not where we listen
	moved   sip.Mono // when that changed
}

// address is the URI of a trunk's domain, and the same without a port.
func (w *way) address() (uri, host string) {
	hostport := w.trunk.Host
	host, _, _ = net.SplitHostPort(hostport)
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	if w.carrier.Domain != "" {
		hostport, host = w.carrier.Domain, w.carrier.Domain
	}
	return "sip:" + hostport, host
}

// tendRegistration registers, refreshes or waits, and returns when to look
// again.
func (t *Trunks) tendRegistration(w *way, now sip.Mono) sip.Mono {
	r := &w.keep.reg
	if r.asking {
		return now + rest
	}
	f, code, again := t.wayOf(w, now)
	if again != 0 {
		return again
	}
	if code == "" && !r.until.IsZero() && (f.Conn != r.flow.Conn || f.Remote != r.flow.Remote || f.Listener != r.flow.Listener) {
		r.at = min(r.at, now) // the gateway moved, or the connection broke: it has to learn the new way
	}
	if r.at > now {
		if f.Conn != nil {
			return min(r.at, now+watch)
		}
		return r.at
	}
	if code != "" {
		t.registerFailed(w, now, carrier.Answer{Code: code})
		return r.at
	}
	t.register(w, f)
	return now + rest
}

// register sends a REGISTER.
func (t *Trunks) register(w *way, f sip.Flow) {
	r, k, id := &w.keep.reg, w.keep, w.trunk.ID
	if r.callID == nil {
		r.callID, r.expires = []byte(rand.Text()), lasts
	}
	old := r.contact
	r.contact, r.flow, r.asking = w.contact(f), f, true
	headers := "Contact: " + r.contact + ";expires=" + strconv.Itoa(r.expires) + "\r\n"
	if old != "" && old != r.contact { // it must not call where we are no more
		headers += "Contact: " + old + ";expires=0\r\n"
	}
	t.ask(w.registering(headers, func(x sip.Told) {
		t.mu.Lock()
		defer t.mu.Unlock()
		r.asking, r.seq = false, x.CSeq
		now := t.cfg.Core().Now()
		if is := t.ways[id]; !k.gone && is != nil && is.keep == k {
			t.registered(is, now, &x)
		} else if x.Status < 300 {
			t.unregister(w, nil) // it came too late
		}
		t.poke()
	}))
}

// registering is a REGISTER for a way.
func (w *way) registering(headers string, done func(sip.Told)) *sip.Asking {
	uri, host := w.address()
	who := append(sip.AppendUser([]byte("<sip:"), w.trunk.User), "@"+host+">"...)
	r := &w.keep.reg
	return &sip.Asking{
		Flow: r.flow, Method: sip.REGISTER, URI: []byte(uri), From: who, To: who, CallID: r.callID, CSeq: r.seq + 1, Headers: []byte(headers),
		Login: w.login(), Patience: 2 * pingWaits, Done: done,
	}
}

// contact is where a carrier is to call us: its user name for us says which
// trunk it is.
func (w *way) contact(f sip.Flow) string {
	host := f.Listener.HostPort()
	if w.keep.reg.seen != "" && f.Conn == nil {
		host = w.keep.reg.seen
	}
	c := append(sip.AppendUser([]byte("<sip:"), w.trunk.User), '@')
	c = append(c, host...)
	return string(append(c, map[sip.Transport]string{sip.UDP: ">", sip.TCP: ";transport=tcp>", sip.TLS: ";transport=tls>"}[f.Listener.Transport]...))
}

// registered takes the answer to a REGISTER.
func (t *Trunks) registered(w *way, now sip.Mono, x *sip.Told) {
	r := &w.keep.reg
	a := answerOf(*x)
	if x.Msg != nil && x.Status == 423 { // RFC 3261 §10.2.8
		if n, ok := x.Msg.Number(sip.HMinExpires); ok && int(n) > r.expires && n <= longest && r.fails < misses {
			r.expires, r.at = int(n), now
			r.fails++
			t.note(w, a)
			return
		}
	}
	if x.Msg == nil || x.Status >= 300 {
		if x.Msg != nil {
			if a.Code = carrier.Refuses; x.Status == 401 || x.Status == 403 || x.Status == 407 {
				a.Code = carrier.Disbelieve
			}
		}
		t.registerFailed(w, now, a)
		if n, ok := retryAfter(x.Msg); ok {
			r.at = max(r.at, now+min(sip.Mono(n)*sip.Second, mostBackOff))
		}
		return
	}
	t.note(w, a)
	a.Code, a.At = carrier.Registered, t.cfg.Now()
	granted := sip.Mono(granted(x.Msg, r.contact, r.expires)) * sip.Second
	r.answer, r.fails, r.until = a, 0, t.cfg.Now().Add(time.Duration(granted))
	// Refreshed with a tenth of its time left, but not all trunks in one moment.
	r.at = now + max(granted*7/10+jitter(granted*2/10), shortest)
	if w.keep.reported {
		w.keep.reported = false
		t.cfg.Log.Info("registered at a carrier again", "carrier", w.carrier.Name, "trunk", w.trunk.ID, "host", w.trunk.Host)
	}
	if seen := seenAt(x.Msg, r.flow); seen != r.seen && (r.moved == 0 || now-r.moved >= rebind) {
		r.seen, r.moved, r.at = seen, now, now
	}
}

// registerFailed waits longer with each failure.
func (t *Trunks) registerFailed(w *way, now sip.Mono, a carrier.Answer) {
	r := &w.keep.reg
	health := a
	if health.Code == carrier.Refuses || health.Code == carrier.Disbelieve {
		health.Code = carrier.Answers // a gateway that refuses us is there
	}
	t.note(w, health)
	a.At = t.cfg.Now()
	r.answer = a
	r.at = now + jitter(min(backOff<<min(r.fails, 10), mostBackOff))
	r.fails++
	if !w.keep.reported {
		w.keep.reported = true
		t.cfg.Log.Warn("a carrier does not register us", "carrier", w.carrier.Name, "trunk", w.trunk.ID, "host", w.trunk.Host, "why", a.Text())
	}
}

func retryAfter(m *sip.Msg) (uint32, bool) {
	if m == nil {
		return 0, false
	}
	v, _, _ := bytes.Cut(m.Header(sip.HRetryAfter), []byte{';'})
	v, _, _ = bytes.Cut(v, []byte{'('})
	return sip.Decimal(bytes.TrimSpace(v))
}

// granted is for how many seconds a carrier registered us (RFC 3261 §10.2.4):
// what it says of our Contact, else of all.
func granted(m *sip.Msg, contact string, asked int) int {
	ours, _ := sip.ParseAddress([]byte(contact))
	mine, _ := sip.ParseURI(ours.URI)
	found := -1
	m.Each(sip.HContact, func(v []byte) bool {
		a, ok := sip.ParseAddress(v)
		u, ok2 := sip.ParseURI(a.URI)
		if !ok || !ok2 || !bytes.Equal(sip.Unescape(nil, u.User), sip.Unescape(nil, mine.User)) || !bytes.EqualFold(u.Host, mine.Host) || u.Port != mine.Port {
			return true
		}
		if e, ok := sip.Param(a.Params, "expires"); ok {
			if n, ok := sip.Decimal(e); ok && n <= longest {
				found = int(n)
			}
		}
		return found < 0
	})
	if found > 0 {
		return found
	}
	if n, ok := m.Number(sip.HExpires); ok && n > 0 && n <= longest {
		return int(n)
	}
	return asked
}

// seenAt is where a carrier sees us over UDP, if it is not where we listen: a
// NAT is between us. What the operator said we are to be called at stays.
func seenAt(m *sip.Msg, f sip.Flow) string {
	host, port, ok := m.Seen()
	own := netip.AddrPortFrom(f.Listener.Addr.Addr().Unmap(), f.Listener.Addr.Port())
	if !ok || f.Conn != nil || f.Listener.HostPort() != own.String() {
		return ""
	}
	at := own
	if a, err := netip.ParseAddr(host); err == nil {
		at = netip.AddrPortFrom(a.Unmap(), at.Port())
	}
	if port != 0 {
		at = netip.AddrPortFrom(at.Addr(), port)
	}
	if at == own {
		return ""
	}
	return at.String()
}

// unregister takes our leave of a registrar; done may be nil.
func (t *Trunks) unregister(w *way, done func()) {
	w.keep.reg.until = time.Time{}
	t.ask(w.registering("Contact: "+w.keep.reg.contact+";expires=0\r\n", func(sip.Told) {
		if done != nil {
			done()
		}
	}))
}

// leave gives up the way to a gateway.
func (t *Trunks) leave(w *way) {
	w.keep.gone = true // what is being registered is given up when the answer is in
	if !w.keep.reg.asking && w.keep.reg.until.After(t.cfg.Now()) {
		t.unregister(w, nil)
	}
}

// leaveAll takes our leave everywhere, and waits a moment for it to be heard.
func (t *Trunks) leaveAll() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	t.mu.Lock()
	heard := make(chan struct{}, len(t.ways))
	n := 0
	for _, w := range t.ways {
		if w.keep.reg.until.After(t.cfg.Now()) && !w.keep.reg.asking {
			n++
			w.keep.gone = true
			t.unregister(w, func() { heard <- struct{}{} })
		}
	}
	t.mu.Unlock()
	for range n {
		select {
		case <-heard:
		case <-ctx.Done():
			return
		}
	}
}
