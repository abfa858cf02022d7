package ladder

import (
	"crypto/md5" //nolint:gosec // RFC 7616: what telephones know
	"crypto/sha256"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// send sends what the words say.
func (p *Party) send(words []string) {
	p.l.t.Helper()
	kind, rest := words[0], words[1:]
	answer := kind[0] >= '0' && kind[0] <= '9'
	if answer {
		kind, rest = kind+" "+words[1], words[2:]
	}
	o := parseOptions(rest)
	var text string
	switch {
	case o.has("again"):
		if text = p.said[kind]; text == "" {
			p.l.fail("%s never sent %s", p.Name, kind)
		}
	case answer:
		text = p.answer(words[0], words[1], &o)
	default:
		text = p.request(kind, &o)
	}
	p.said[kind] = text
	from := p.Addr
	if v, ok := o.value["from"]; ok {
		from = p.l.address(v)
	}
	to := p.Server
	if v, ok := o.value["to"]; ok {
		to = p.l.address(v)
	}
	if !answer {
		p.l.sent[param(header(text, "Via"), "branch")+kind] = request{text, to}
	}
	p.l.note(p.Name, "->", text)
	p.l.sim.Send(from, to, []byte(text))
}

// lines are the header fields of a message in the making.
type lines struct{ list []string }

func (h *lines) add(name, value string) {
	if value != "" {
		h.list = append(h.list, name+": "+value)
	}
}

// apply lets the script's own header fields take the place of the usual ones.
// What stands several times in the script stands so in the message.
func (h *lines) apply(o *options) {
	for _, x := range o.headers {
		name, _, _ := strings.Cut(strings.TrimPrefix(x, "-"), ":")
		kept := h.list[:0]
		for _, l := range h.list {
			if n, _, _ := strings.Cut(l, ":"); !strings.EqualFold(n, name) {
				kept = append(kept, l)
			}
		}
		h.list = kept
	}
	for _, x := range o.headers {
		if x[0] != '-' {
			h.list = append(h.list, x)
		}
	}
}

func (h *lines) text(first, body string) string {
	return first + "\r\n" + strings.Join(h.list, "\r\n") + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// describe returns the body and its type.
func (p *Party) describe(o *options) (text, kind string) {
	if b, ok := o.value["body"]; ok {
		return b, ""
	}
	dir, ok := o.value["sdp"]
	if !ok && !o.has("sdp") {
		return "", ""
	}
	if dir == "" {
		dir = "sendrecv"
	}
	p.l.serial++
	formats, events := "0 101", "a=rtpmap:101 telephone-event/8000\r\n"
	if o.has("nokeys") {
		formats, events = "0", ""
	}
	return fmt.Sprintf("v=0\r\no=%s 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 42000 RTP/AVP %s\r\n%sa=%s\r\n",
		p.Name, p.l.serial, formats, events, dir), "application/sdp"
}

// request makes a request, within the dialog unless it names whom to ask.
func (p *Party) request(method string, o *options) string {
	switch {
	case method == "ACK" || method == "CANCEL":
		return p.companion(method, o)
	case len(o.words) > 0 && p.l.parties[o.words[0]] != nil, o.value["uri"] != "" && o.value["totag"] == "" && method == "INVITE",
		method == "REGISTER", method == "OPTIONS" && p.rtag == "":
		return p.outside(method, o)
	}
	p.seq++
	return p.within(method, p.seq, o)
}

func (p *Party) newBranch(o *options) string {
	p.l.serial++
	return o.get("branch", fmt.Sprintf("z9hG4bK-%s-%d", p.Name, p.l.serial))
}

func (p *Party) via(branch string) string {
	return "SIP/2.0/UDP " + p.Addr.String() + ";rport;branch=" + branch
}

func (p *Party) contact() string { return "<sip:" + p.Name + "@" + p.Addr.String() + ">" }

// outside makes a request outside of dialogs.
func (p *Party) outside(method string, o *options) string {
	uri := "sip:" + p.Server.String()
	to := "<sip:" + p.Number + "@" + p.Server.String() + ">"
	if len(o.words) > 0 {
		if other := p.l.parties[o.words[0]]; other != nil {
			uri = "sip:" + other.Number + "@" + p.Server.String()
			to = "<" + uri + ">"
		}
	}
	uri = o.get("uri", uri)
	p.l.serial++
	p.seq++
	callID, ltag := fmt.Sprintf("%s-call-%d", p.Name, p.l.serial), fmt.Sprintf("%s-tag-%d", p.Name, p.l.serial)
	if method == "REGISTER" {
		callID = p.Name + "-registers"
	}
	callID, ltag = o.get("callid", callID), o.get("tag", ltag)
	seq, _ := strconv.Atoi(o.get("cseq", strconv.Itoa(p.seq)))
	p.seq = seq
	if method == "INVITE" {
		p.callID, p.ltag, p.rtag, p.routes, p.uri, p.target = callID, ltag, "", nil, uri, uri
		p.local, p.remote, p.inviteSeq = "<sip:"+p.Number+"@"+p.Server.String()+">", to, seq
	}
	var h lines
	h.add("Via", p.via(p.newBranch(o)))
	h.add("Max-Forwards", "70")
	h.add("From", "<sip:"+p.Number+"@"+p.Server.String()+">;tag="+ltag)
	h.add("To", to)
	h.add("Call-ID", callID)
	h.add("CSeq", fmt.Sprint(seq, " ", method))
	h.add("Contact", p.contact())
	if p.User != "" && !o.has("noauth") && p.nonce != "" && method != "OPTIONS" {
		h.add("Authorization", p.credentials(method, uri, o))
	}
	text, kind := p.describe(o)
	h.add("Content-Type", kind)
	h.apply(o)
	return h.text(method+" "+uri+" SIP/2.0", text)
}

// within makes a request within the dialog (RFC 3261 §12.2.1.1).
func (p *Party) within(method string, seq int, o *options) string {
	seq, _ = strconv.Atoi(o.get("cseq", strconv.Itoa(seq)))
	if method != "ACK" {
		p.seq = seq
	}
	if method == "INVITE" {
		p.inviteSeq = seq
	}
	var h lines
	h.add("Via", p.via(p.newBranch(o)))
	h.add("Max-Forwards", "70")
	for _, r := range p.routes {
		h.add("Route", r)
	}
	h.add("From", p.local+";tag="+o.get("tag", p.ltag))
	to := p.remote
	if t := o.get("totag", p.rtag); t != "" {
		to += ";tag=" + t
	}
	h.add("To", to)
	h.add("Call-ID", o.get("callid", p.callID))
	h.add("CSeq", fmt.Sprint(seq, " ", method))
	if o.has("auth") {
		h.add("Authorization", p.credentials(method, p.target, o))
	}
	switch method {
	case "INVITE", "UPDATE":
		h.add("Contact", p.contact())
	case "PRACK":
		for _, status := range []string{"180 INVITE", "183 INVITE"} {
			if m := p.heard[status]; m != nil && header(m.text, "RSeq") != "" {
				h.add("RAck", header(m.text, "RSeq")+" "+header(m.text, "CSeq"))
				break
			}
		}
	}
	text, kind := p.describe(o)
	h.add("Content-Type", kind)
	h.apply(o)
	return h.text(method+" "+o.get("uri", p.target)+" SIP/2.0", text)
}

// companion makes the ACK or CANCEL of the last INVITE. The ACK of a refusal
// belongs to its transaction (RFC 3261 §17.1.1.3), that of a 2xx does not.
func (p *Party) companion(method string, o *options) string {
	invite := p.said["INVITE"]
	var last *message
	for kind, m := range p.heard {
		if strings.HasSuffix(kind, " INVITE") && kind[0] > '1' && cseq(m.text) == cseq(invite) && header(m.text, "Call-ID") == header(invite, "Call-ID") &&
			(last == nil || m.at >= last.at) {
			last = m
		}
	}
	if method == "ACK" && (last == nil || last.kind[0] == '2') {
		return p.within("ACK", p.inviteSeq, o)
	}
	var h lines
	h.add("Via", p.via(o.get("branch", param(header(invite, "Via"), "branch"))))
	h.add("Max-Forwards", "70")
	h.add("From", header(invite, "From"))
	if method == "ACK" {
		h.add("To", header(last.text, "To"))
	} else {
		h.add("To", header(invite, "To"))
	}
	h.add("Call-ID", header(invite, "Call-ID"))
	h.add("CSeq", fmt.Sprint(cseq(invite), " ", method))
	h.apply(o)
	first, _, _ := strings.Cut(invite, "\r\n")
	return h.text(method+strings.TrimPrefix(first, "INVITE"), "")
}

// answer makes an answer to the last request of a method.
func (p *Party) answer(status, method string, o *options) string {
	m := p.heard[method]
	if m == nil {
		p.l.fail("%s has no %s to answer", p.Name, method)
	}
	var h lines
	for _, name := range []string{"Via", "Record-Route", "From"} {
		for _, v := range headers(m.text, name) {
			h.add(name, v)
		}
	}
	to := header(m.text, "To")
	if param(to, "tag") == "" && status != "100" {
		own := p.ltag
		if own == "" { // it has no call
			own = p.Name + "-tag"
		}
		to += ";tag=" + o.get("tag", own)
	}
	h.add("To", to)
	h.add("Call-ID", header(m.text, "Call-ID"))
	h.add("CSeq", header(m.text, "CSeq"))
	if method == "INVITE" && status[0] < '3' && status != "100" || method == "UPDATE" {
		h.add("Contact", p.contact())
	}
	text, kind := p.describe(o)
	h.add("Content-Type", kind)
	h.apply(o)
	return h.text("SIP/2.0 "+status+" Whatever", text)
}

// credentials makes an Authorization value (RFC 7616 §3.4, or RFC 2069 with
// qop=none).
func (p *Party) credentials(method, uri string, o *options) string {
	algorithm := o.get("alg", "MD5")
	sum := func(s string) string {
		var h hash.Hash
		if algorithm == "SHA-256" {
			h = sha256.New()
		} else {
			h = md5.New() //nolint:gosec // see above
		}
		h.Write([]byte(s))
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	p.nc++
	user, nonce, nc := o.get("user", p.User), o.get("nonce", p.nonce), o.get("nc", fmt.Sprintf("%08x", p.nc))
	a1 := sum(user + ":" + p.Realm + ":" + o.get("password", p.Password))
	a2 := sum(method + ":" + uri)
	v := fmt.Sprintf("Digest username=%q, realm=%q, nonce=%q, uri=%q, algorithm=%s", user, p.Realm, nonce, uri, algorithm)
	if o.value["qop"] == "none" {
		return v + fmt.Sprintf(", response=%q", sum(a1+":"+nonce+":"+a2))
	}
	return v + fmt.Sprintf(`, response=%q, qop=auth, nc=%s, cnonce="c0ffee"`, sum(a1+":"+nonce+":"+nc+":c0ffee:auth:"+a2), nc)
}
