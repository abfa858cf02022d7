package sip

import "encoding/hex"

// Login is how we prove who we are to a server that asks (RFC 3261 §22.2). The
// password leaves this process only as a digest (RFC 7616), and only to where
// the INVITE went.
type Login struct {
	User, Password string
	// Realm is the one that may ask; "" takes the first that does, and no
	// other for the rest of the call.
	Realm string
}

// proof is what a server asked for, and how far we have counted with its nonce.
type proof struct {
	login  *Login
	asked  bool
	proxy  bool // 407
	strong bool // SHA-256
	plain  bool // no qop (RFC 2069)
	named  bool // the algorithm was named: it is named back
	realm  []byte
	nonce  []byte
	opaque []byte
	count  uint32
	tries  int
	line   []byte // as sent with the INVITE, for its ACK (RFC 3261 §22.1)
}

// mostProofs bounds how often one request is repeated for new nonces.
const mostProofs = 3

// take keeps what a 401 or 407 asks for, and reports whether it can be
// answered: a realm that is not the one of this call gets nothing, nor does one
// that refused what we said.
func (p *proof) take(m *Msg) bool {
	if p == nil || p.tries >= mostProofs {
		return false
	}
	id := HWWWAuthenticate
	if m.Status == 407 {
		id = HProxyAuthenticate
	}
	for i := m.first[id]; i > 0; i = m.fields[i-1].next {
		c, ok := parseChallenge(m.bytes(m.fields[i-1].value))
		if !ok || len(p.login.Realm) > 0 && string(c.realm) != p.login.Realm {
			continue
		}
		if p.asked && (!c.stale || !equalBytes(c.realm, p.realm) || p.proxy != (id == HProxyAuthenticate)) {
			return false
		}
		p.asked, p.proxy, p.strong, p.plain, p.named = true, id == HProxyAuthenticate, c.strong, c.plain, c.named
		p.realm, p.nonce, p.opaque = append(p.realm[:0], c.realm...), append(p.nonce[:0], c.nonce...), append(p.opaque[:0], c.opaque...)
		p.count = 0
		p.tries++
		return true
	}
	return false
}

// challenge are the parameters of a WWW-Authenticate header (RFC 7616 §3.3).
type challenge struct {
	realm, nonce, opaque        []byte
	stale, strong, plain, named bool
}

// parseChallenge reads one that can be answered: the first such is to be taken
// (RFC 8760 §2.4).
func parseChallenge(v []byte) (c challenge, ok bool) {
	params, ok := digestScheme(v)
	if !ok {
		return c, false
	}
	c.plain = true
	auth := false
	for len(params) > 0 {
		var p []byte
		p, params = cutList(params)
		name, value, _ := cutByte(p, '=')
		value = unquote(trim(value))
		switch name = trim(name); {
		case equalFold(name, "realm"):
			c.realm = value
		case equalFold(name, "nonce"):
			c.nonce = value
		case equalFold(name, "opaque"):
			c.opaque = value
		case equalFold(name, "stale"):
			c.stale = equalFold(value, "true")
		case equalFold(name, "algorithm"):
			c.named, c.strong = true, equalFold(value, "SHA-256")
			if !c.strong && !equalFold(value, "MD5") {
				return c, false
			}
		case equalFold(name, "qop"):
			c.plain = false
			for rest := value; len(rest) > 0; {
				var q []byte
				q, rest = cutList(rest)
				auth = auth || equalFold(trim(q), "auth")
			}
		}
	}
	return c, len(c.nonce) > 0 && (c.plain || auth)
}

// append appends our credentials for a request, for which somebody has
// asked (see proves). What is quoted was taken from a quoted string as it stood, so that its
// escapes fit; so is the user name, which has none of its own.
func (p *proof) append(b []byte, s *Shard, method string, uri []byte) []byte {
	p.count++
	var random [8]byte
	for i, v := 0, s.rng.Uint64(); i < len(random); i, v = i+1, v>>8 {
		random[i] = byte(v)
	}
	var cnonce [16]byte
	hex.Encode(cnonce[:], random[:])
	var nc [8]byte
	for i, v := 7, p.count; i >= 0; i, v = i-1, v>>4 {
		nc[i] = "0123456789abcdef"[v&15]
	}
	text := append([]byte(nil), p.login.User...)
	text = append(append(append(text, ':'), p.realm...), ':')
	a1 := appendHash(nil, append(text, p.login.Password...), p.strong)
	a2 := appendHash(nil, append(append(append(text[:0], method...), ':'), uri...), p.strong)
	text = append(append(append(text[:0], a1...), ':'), p.nonce...)
	if !p.plain {
		text = append(append(append(text, ':'), nc[:]...), ':')
		text = append(append(text, cnonce[:]...), ":auth"...)
	}
	response := appendHash(nil, append(append(text, ':'), a2...), p.strong)

	at := len(b)
	b = append(b, headerName[map[bool]HeaderID{false: HAuthorization, true: HProxyAuthorization}[p.proxy]]...)
	b = append(b, ": Digest username="...)
	b = AppendQuoted(b, p.login.User)
	b = appendAsIs(b, ", realm", p.realm)
	b = appendAsIs(b, ", nonce", p.nonce)
	b = appendAsIs(b, ", uri", uri)
	b = appendAsIs(b, ", response", response)
	if p.named {
		b = append(b, ", algorithm="...)
		b = append(b, map[bool]string{false: "MD5", true: "SHA-256"}[p.strong]...)
	}
	if !p.plain {
		b = appendAsIs(b, ", cnonce", cnonce[:])
		b = append(append(b, ", qop=auth, nc="...), nc[:]...)
	}
	if len(p.opaque) > 0 {
		b = appendAsIs(b, ", opaque", p.opaque)
	}
	b = append(b, crlf...)
	if method == "INVITE" {
		p.line = append(p.line[:0], b[at:]...)
	}
	return b
}

func appendAsIs(b []byte, name string, value []byte) []byte {
	b = append(append(b, name...), `="`...)
	return append(append(b, value...), '"')
}

// proves reports whether a request within the dialog may carry our credentials:
// only to the very host that the INVITE went to.
func (d *Dialog) proves(to *Flow) bool { return d.proof != nil && d.proof.asked && d.sameHost(to) }

func (d *Dialog) sameHost(to *Flow) bool {
	return to.Conn == d.flow.Conn && to.Remote.Addr().Unmap() == d.flow.Remote.Addr().Unmap()
}

// retryProven repeats a refused INVITE with our credentials (RFC 3261 §22.2).
func (s *Shard) retryProven(d *Dialog, t *clientTx, m *Msg) bool {
	if m.Status != 401 && m.Status != 407 || t.cancelled || !d.sameHost(&t.flow) || !d.proof.take(m) {
		return false
	}
	s.inviteAgain(d, t)
	return true
}

// inviteAgain sends the refused INVITE, which failure left parsed in aux, once
// more as a new transaction of its dialog: with the next CSeq, the interval and
// the credentials that it was refused for.
func (s *Shard) inviteAgain(d *Dialog, t *clientTx) {
	old := &s.aux
	d.localSeq++
	d.inviteSeq = d.localSeq
	slot, nt := s.newClient(INVITE, t.use, t.flow, d)
	b := append(nt.msg, "INVITE "...)
	b = append(b, old.RequestURI()...)
	b = append(b, " SIP/2.0\r\n"...)
	b = append(b, t.flow.Listener.via...)
	b = s.clientToken(slot).append(b, s.core.key)
	b = append(b, crlf...)
	b = old.appendFields(b, HVia, HSessionExpires, HContentType, HContentLength, HCSeq, HMinSE, HAuthorization, HProxyAuthorization)
	b = appendCSeq(b, d.inviteSeq, "INVITE")
	b = d.sess.append(b, true)
	if d.proves(&t.flow) {
		b = d.proof.append(b, s, "INVITE", old.RequestURI())
	}
	nt.msg = appendBody(b, old.Body())
	d.out = txRef{slot, s.clients.gen(slot), true}
	s.start(slot)
}
