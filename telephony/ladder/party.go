package ladder

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// Party is somebody in a ladder: a telephone, or whatever the script makes of
// it. It has one dialog at a time; a new INVITE, made or got, begins another.
type Party struct {
	Name   string
	Addr   netip.AddrPort // its own
	Server netip.AddrPort // where it sends to
	// Number is what others dial to reach it. User and Password are its
	// credentials for Realm, "" for none.
	Number, User, Password, Realm string

	l     *Ladder
	inbox []*message          // got and not yet expected
	heard map[string]*message // the last got, by kind
	said  map[string]string   // the last sent, by kind
	seqs  map[string]int      // the last CSeq got, by dialog
	seen  map[string]bool     // every message got
	seq   int                 // our CSeq
	nonce string
	nc    int

	callID, uri  string // of the dialog; where its INVITE went
	local, ltag  string
	remote, rtag string
	target       string
	routes       []string
	inviteSeq    int // CSeq of the last INVITE sent
}

// message is one that was received.
type message struct {
	text string
	kind string
	from netip.AddrPort
	at   sip.Mono
}

// kindOf is "INVITE" for a request, "200 INVITE" for an answer.
func kindOf(text string) string {
	first, _, _ := strings.Cut(text, "\r\n")
	if rest, ok := strings.CutPrefix(first, "SIP/2.0 "); ok {
		status, _, _ := strings.Cut(rest, " ")
		_, method, _ := strings.Cut(header(text, "CSeq"), " ")
		return status + " " + method
	}
	method, _, _ := strings.Cut(first, " ")
	return method
}

// headers returns the values of a header field. The core writes no short forms
// and folds nothing.
func headers(text, name string) (values []string) {
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	for _, line := range strings.Split(head, "\r\n")[1:] {
		n, v, _ := strings.Cut(line, ":")
		if strings.EqualFold(n, name) {
			values = append(values, strings.TrimSpace(v))
		}
	}
	return values
}

func header(text, name string) string {
	if v := headers(text, name); len(v) > 0 {
		return v[0]
	}
	return ""
}

func body(text string) string {
	_, b, _ := strings.Cut(text, "\r\n\r\n")
	return b
}

// param is a parameter of a header value.
func param(value, name string) string {
	_, rest, ok := strings.Cut(value, ";"+name+"=")
	if !ok {
		return ""
	}
	end := strings.IndexAny(rest, ";,> ")
	if end < 0 {
		end = len(rest)
	}
	return strings.Trim(rest[:end], `"`)
}

// uriOf is what stands between < and >.
func uriOf(value string) string {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		uri, _, _ := strings.Cut(rest, ">")
		return uri
	}
	uri, _, _ := strings.Cut(value, ";")
	return uri
}

func cseq(text string) int {
	n, _, _ := strings.Cut(header(text, "CSeq"), " ")
	v, _ := strconv.Atoi(n)
	return v
}

func (p *Party) known(key string) string {
	switch key {
	case "addr":
		return p.Addr.String()
	case "server":
		return p.Server.String()
	case "number":
		return p.Number
	case "user":
		return p.User
	case "callid":
		return p.callID
	case "tag":
		return p.ltag
	case "rtag":
		return p.rtag
	case "branch":
		return param(header(p.said["INVITE"], "Via"), "branch")
	case "target":
		return p.target
	case "nonce":
		return p.nonce
	}
	p.l.fail("what is %s.%s?", p.Name, key)
	return ""
}

// receive is what the network calls.
func (p *Party) receive(from netip.AddrPort, b []byte) {
	m := &message{text: string(b), from: from, at: p.l.sim.Now()}
	m.kind = kindOf(m.text)
	p.l.note(p.Name, "<-", m.text)
	p.check(m)
	if strings.HasPrefix(m.text, "SIP/2.0 ") {
		p.learnAnswer(m)
	} else {
		p.learnRequest(m)
	}
	p.inbox = append(p.inbox, m)
}

func (p *Party) learnAnswer(m *message) {
	if v := header(m.text, "WWW-Authenticate"); v != "" {
		_, rest, _ := strings.Cut(v, `nonce="`)
		p.nonce, _, _ = strings.Cut(rest, `"`)
		p.nc = 0
	}
	tag := param(header(m.text, "To"), "tag")
	if !strings.HasSuffix(m.kind, " INVITE") || m.kind == "100 INVITE" || tag == "" || m.kind[0] > '2' || header(m.text, "Call-ID") != p.callID {
		return
	}
	p.rtag = tag
	if c := header(m.text, "Contact"); c != "" {
		p.target = uriOf(c)
	}
}

func (p *Party) learnRequest(m *message) {
	if m.kind == "INVITE" && param(header(m.text, "To"), "tag") == "" && header(m.text, "Call-ID") != p.callID {
		p.l.serial++
		p.callID, p.ltag = header(m.text, "Call-ID"), fmt.Sprintf("%s-tag-%d", p.Name, p.l.serial)
		from, _, _ := strings.Cut(header(m.text, "From"), ";tag=")
		p.remote, p.rtag, p.local = from, param(header(m.text, "From"), "tag"), header(m.text, "To")
		p.routes = headers(m.text, "Record-Route")
		p.seq = 7000 + 100*p.l.serial // each direction counts for itself (RFC 3261 §12.2.1.1)
	}
	if c := header(m.text, "Contact"); c != "" && (m.kind == "INVITE" || m.kind == "UPDATE") {
		p.target = uriOf(c)
	}
}

// side is the sender of a request in its call.
func side(text string) string { return header(text, "Call-ID") + param(header(text, "From"), "tag") }

// check holds every message received against what RFC 3261 says of all.
func (p *Party) check(m *message) {
	fault := func(format string, args ...any) {
		p.l.fail("%s got a message that is wrong: %s\n%s", p.Name, fmt.Sprintf(format, args...), m.text)
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq", "Content-Length"} {
		if len(headers(m.text, name)) != 1 {
			fault("%d %s", len(headers(m.text, name)), name)
		}
	}
	if n := header(m.text, "Content-Length"); n != strconv.Itoa(len(body(m.text))) {
		fault("Content-Length is %s, the body %d", n, len(body(m.text)))
	}
	p.heard[m.kind] = m
	if p.seen[m.text] {
		return // a repetition
	}
	p.seen[m.text] = true
	via := headers(m.text, "Via")
	if strings.HasPrefix(m.text, "SIP/2.0 ") {
		_, method, _ := strings.Cut(m.kind, " ")
		ask, ok := p.l.sent[param(via[0], "branch")+method]
		if !ok {
			fault("it answers nothing that was sent")
		}
		if m.from != ask.to {
			fault("it came from %s, not from where the request went, %s", m.from, ask.to)
		}
		for _, name := range []string{"From", "Call-ID", "CSeq"} {
			if header(ask.text, name) != header(m.text, name) {
				fault("%s is not the request's", name)
			}
		}
		if len(via) != len(headers(ask.text, "Via")) {
			fault("%d Vias", len(via))
		}
		if m.kind != "100 INVITE" && param(header(m.text, "To"), "tag") == "" {
			fault("To has no tag")
		}
		return
	}
	if len(via) != 1 || !strings.HasPrefix(param(via[0], "branch"), "z9hG4bK") || header(m.text, "Max-Forwards") == "" {
		fault("Via or Max-Forwards")
	}
	if n, method, _ := strings.Cut(header(m.text, "CSeq"), " "); method != m.kind {
		fault("CSeq %s %s", n, method)
	}
	key := side(m.text) + param(header(m.text, "To"), "tag")
	switch m.kind {
	case "ACK", "CANCEL":
		if !p.l.invited[fmt.Sprint(side(m.text), cseq(m.text))] {
			fault("no INVITE had this CSeq")
		}
	default:
		if m.kind == "INVITE" {
			p.l.invited[fmt.Sprint(side(m.text), cseq(m.text))] = true
		}
		if cseq(m.text) <= p.seqs[key] {
			fault("CSeq after %d", p.seqs[key])
		}
		p.seqs[key] = cseq(m.text)
	}
}

// skipTrying drops 100 Trying, unless it is waited for.
func (p *Party) skipTrying(want string) {
	for len(p.inbox) > 0 && p.inbox[0].kind == "100 INVITE" && want != "100 INVITE" {
		p.inbox = p.inbox[1:]
	}
}

// expect waits for a message.
func (p *Party) expect(line string, words []string) {
	p.l.t.Helper()
	kind, rest := words[0], words[1:]
	if kind[0] >= '0' && kind[0] <= '9' {
		if len(words) < 2 {
			p.l.fail("%s: an answer to what?", line)
		}
		kind, rest = kind+" "+words[1], words[2:]
	}
	o := parseOptions(rest)
	within, times := p.l.duration(o.get("within", "100ms")), p.l.number(o.get("times", "1"))
	before := p.said["<"+kind]
	for i := range times {
		end := p.l.sim.Now() + sip.Mono(within)
		for p.skipTrying(kind); len(p.inbox) == 0 && p.l.Step(end); p.skipTrying(kind) {
		}
		if len(p.inbox) == 0 {
			p.l.fail("%s: nothing came within %v (%d of %d)", line, within, i, times)
		}
		m := p.inbox[0]
		p.inbox = p.inbox[1:]
		if m.kind != kind {
			p.l.fail("%s: %s came\n%s", line, m.kind, m.text)
		}
		if (o.has("again") || i > 0) && m.text != before {
			p.l.fail("%s: it differs from the last one\n%s\nbut now\n%s", line, before, m.text)
		}
		before = m.text
		p.said["<"+kind] = m.text
		if why := o.wrong(m.text); why != "" {
			p.l.fail("%s: %s\n%s", line, why, m.text)
		}
	}
}

// wrong says what of a message is not as expected.
func (o *options) wrong(text string) string {
	for _, h := range o.headers {
		if name, absent := strings.CutPrefix(h, "-"); absent {
			if v := headers(text, name); v != nil {
				return name + " is there"
			}
			continue
		}
		name, want, _ := strings.Cut(h, ": ")
		found := false
		for _, v := range headers(text, name) {
			found = found || strings.Contains(v, want)
		}
		if !found && !strings.EqualFold(name, "first line") || strings.EqualFold(name, "first line") && !strings.Contains(text[:strings.Index(text, "\r\n")], want) {
			return fmt.Sprintf("no %q", h)
		}
	}
	b := body(text)
	switch want, ok := o.value["sdp"]; {
	case (ok || o.has("sdp")) && !strings.HasPrefix(b, "v=0\r\n"):
		return "no session description"
	case ok && !strings.Contains(b, want):
		return "its description lacks " + want
	case o.has("nosdp") && b != "":
		return "there is a body"
	}
	if want, ok := o.value["body"]; ok && !strings.Contains(b, want) {
		return "the body lacks " + want
	}
	return ""
}

// Took is how long after one message a party got another, by kind.
func (l *Ladder) Took(name, first, then string) time.Duration {
	p := l.Party(name)
	if p.heard[first] == nil || p.heard[then] == nil {
		l.fail("%s did not get both %s and %s", name, first, then)
	}
	return time.Duration(p.heard[then].at - p.heard[first].at)
}

// From is where the last message of a kind came from.
func (l *Ladder) From(name, kind string) netip.AddrPort {
	l.Last(name, kind)
	return l.Party(name).heard[kind].from
}
