package sip

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// stranger is a peer that says valid messages in any order: things it said, and
// things that follow from what it heard, with a tag, branch, CSeq or method
// that is another's.
type stranger struct {
	sim        *Sim
	self, core netip.AddrPort
	got, said  []string
	serial     int
}

func valueOf(text, name string) string {
	_, rest, ok := strings.Cut(text, "\r\n"+name+": ")
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(rest, "\r\n")
	return v
}

func (p *stranger) say(text string) {
	p.said = append(p.said, text)
	p.sim.Send(p.self, p.core, []byte(text))
}

// pick chooses one of a list, the last more often than the first.
func pick(list []string, b byte) string {
	if len(list) == 0 {
		return ""
	}
	if b < 128 {
		return list[len(list)-1]
	}
	return list[int(b)%len(list)]
}

// wrong are the ways in which a message is not what it should be.
type wrong byte

const (
	otherBranch wrong = 1 << iota
	otherToTag
	otherFromTag
	otherCSeq
	noBody
	otherMethod
	oldCSeq
	reliably
)

// other is a From or To value with another tag.
func other(v string) string {
	if strings.Contains(v, ";tag=") {
		return v + "x"
	}
	return v + ";tag=other"
}

// request writes a request. A branch is reused only by otherBranch's absence
// for ACK and CANCEL.
func (p *stranger) request(method, uri, via, from, to, callID string, cseq int, w wrong, more string) {
	p.serial++
	if via == "" || w&otherBranch != 0 {
		via = fmt.Sprintf("SIP/2.0/UDP %s;rport;branch=z9hG4bKs%d", p.self, p.serial)
	}
	if w&otherToTag != 0 {
		to = other(to)
	}
	if w&otherFromTag != 0 {
		from = other(from)
	}
	if w&otherCSeq != 0 {
		cseq += 7
	}
	if w&oldCSeq != 0 {
		cseq = 1
	}
	body := ""
	if w&noBody == 0 && (method == "INVITE" || method == "UPDATE" || method == "PRACK" && w&reliably != 0) {
		body = sdpA
		more += "Content-Type: application/sdp\r\n"
	}
	if w&reliably != 0 && method == "INVITE" {
		more += "Require: 100rel\r\nSupported: timer\r\nSession-Expires: 90;refresher=uas\r\n"
	}
	if w&otherMethod != 0 && method != "ACK" {
		method = []string{"OPTIONS", "REGISTER", "INFO", "BYE", "MESSAGE"}[p.serial%5]
	}
	p.say(fmt.Sprintf("%s %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:s@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, uri, via, from, to, callID, cseq, method, p.self, more, len(body), body))
}

// within makes a request in the dialog of a message that was heard.
func (p *stranger) within(method string, about string, w wrong) {
	if about == "" {
		return
	}
	p.serial++
	n, _, _ := strings.Cut(valueOf(about, "CSeq"), " ")
	cseq, _ := strconv.Atoi(n)
	uri := strings.Trim(valueOf(about, "Contact"), "<>")
	if uri == "" {
		uri = "sip:x@" + p.core.String()
	}
	from, to, via := valueOf(about, "From"), valueOf(about, "To"), ""
	if !strings.HasPrefix(about, "SIP/2.0") { // the core called
		from, to = to, from
		if !strings.Contains(from, ";tag=") {
			from += ";tag=mine"
		}
		cseq = 100 + p.serial
	} else if method != "ACK" && method != "CANCEL" {
		cseq += p.serial
	} else {
		via = valueOf(about, "Via")
	}
	more := ""
	if method == "PRACK" {
		more = "RAck: " + valueOf(about, "RSeq") + " " + valueOf(about, "CSeq") + "\r\n"
		if valueOf(about, "RSeq") == "" {
			more = "RAck: 1 1 INVITE\r\n"
		}
	}
	p.request(method, uri, via, from, to, valueOf(about, "Call-ID"), cseq, w, more)
}

// answer answers a request that was heard.
func (p *stranger) answer(about string, status byte, w wrong) {
	if about == "" || strings.HasPrefix(about, "SIP/2.0") || strings.HasPrefix(about, "ACK") {
		return
	}
	code := []int{100, 180, 183, 200, 200, 200, 202, 302, 401, 404, 408, 422, 481, 486, 487, 491, 500, 503, 603, 699}[int(status)%20]
	to, body, more := valueOf(about, "To"), "", ""
	if !strings.Contains(to, ";tag=") && code > 100 {
		to += ";tag=mine"
	}
	if w&otherToTag != 0 {
		to = other(to)
	}
	if w&noBody == 0 && code < 300 && code > 100 {
		body, more = sdpA, "Content-Type: application/sdp\r\n"
	}
	if w&reliably != 0 && code < 200 {
		p.serial++
		more += fmt.Sprintf("Require: 100rel\r\nRSeq: %d\r\n", p.serial%4+1)
	}
	if w&reliably != 0 && code >= 200 {
		more += "Min-SE: 2000\r\nSession-Expires: 90;refresher=uac\r\nAllow: UPDATE, INFO\r\n"
	}
	cseq := valueOf(about, "CSeq")
	if w&otherMethod != 0 {
		cseq = strings.Replace(cseq, "INVITE", "CANCEL", 1)
	}
	via := valueOf(about, "Via")
	if w&otherBranch != 0 && len(via) > 3 {
		via = via[:len(via)-3] + "aaa"
	}
	p.say(fmt.Sprintf("SIP/2.0 %d X\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:s@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		code, via, valueOf(about, "From"), to, valueOf(about, "Call-ID"), cseq, p.self, more, len(body), body))
}

// act does one thing, chosen by three bytes.
func (p *stranger) act(op, which byte, w wrong, call func()) {
	about := pick(p.got, which)
	switch op % 20 {
	case 0, 1, 2:
		p.serial++
		p.request("INVITE", "sip:x@"+p.core.String(), "", fmt.Sprintf("<sip:s@s>;tag=mine%d", p.serial), "<sip:x@x>", fmt.Sprintf("s%d", p.serial), 1, w&^otherToTag, "")
	case 3:
		if m := pick(p.said, which); m != "" {
			p.say(m)
		}
	case 4, 5:
		p.within("ACK", about, w)
	case 6:
		for _, m := range p.said {
			if strings.HasPrefix(m, "INVITE") && (which < 128 || len(m)%2 == 0) {
				p.request("CANCEL", "sip:x@"+p.core.String(), valueOf(m, "Via"), valueOf(m, "From"), valueOf(m, "To"), valueOf(m, "Call-ID"), 1, w&^otherMethod, "")
			}
		}
	case 7, 8, 9, 10, 11:
		p.within([]string{"BYE", "INVITE", "UPDATE", "PRACK", "INFO"}[op%20-7], about, w)
	case 12, 13, 14, 15:
		p.answer(about, which, w)
	case 16:
		p.sim.Run(Mono(which)*10*Millisecond + 1)
	case 17:
		p.sim.Run(Mono(which) * Second / 4)
	default:
		call()
	}
}

// strangerScript is a random script, mostly of messages that are right.
func strangerScript(seed uint64) []byte {
	script := make([]byte, 300)
	rng := rand.New(rand.NewPCG(seed, 9))
	for i := range script {
		script[i] = byte(rng.Uint32())
		if i%3 == 2 && rng.IntN(3) > 0 {
			script[i] &= byte(noBody | reliably)
		}
	}
	return script
}

// meetStranger plays a script against a core that makes and takes calls:
// whatever valid messages come in whatever order, the machines go on, nothing is
// told of a call that has ended (the party sees to that), and in the end
// nothing is left.
func meetStranger(t *testing.T, seed uint64, script []byte) {
	sim := NewSim(seed)
	u := newParty(t, seed)
	c, err := sim.Core(Config{Handler: u.handler}, map[netip.AddrPort]string{ap("192.0.2.1:5060"): "A"})
	if err != nil {
		t.Fatal(err)
	}
	p := &stranger{sim: sim, self: ap("192.0.2.9:5060"), core: ap("192.0.2.1:5060")}
	sim.Peer(p.self, func(_ netip.AddrPort, b []byte) {
		var m Msg
		if err := m.Parse(append([]byte(nil), b...)); err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		p.got = append(p.got, string(b))
	})
	for i := 0; i+2 < len(script); i += 3 {
		p.act(script[i], script[i+1], wrong(script[i+2]), func() { u.call(c, p.self) })
		if script[i]&0x40 == 0 {
			sim.Run(20 * Millisecond)
		}
	}
	sim.Run(4000 * Second)
	if l := c.shards[0].Live(); l != (Live{}) || len(u.open) > 0 || len(c.shards[0].byKey) > 0 {
		t.Errorf("left %+v, %d open, %d keys; said\n%s", l, len(u.open), len(c.shards[0].byKey), strings.Join(p.said, "\n"))
	}
}

// FuzzTransactions: see meetStranger.
func FuzzTransactions(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, strangerScript(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		if len(script) <= 600 {
			meetStranger(t, seed, script)
		}
	})
}

// TestStrangersLeaveNothing is what the fuzzer does, always the same.
func TestStrangersLeaveNothing(t *testing.T) {
	for seed := range strangers {
		meetStranger(t, seed, strangerScript(seed))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

const strangers = uint64(400)

// FuzzParseURI: what is well-formed lies within the text, and its parts put
// together again are it.
func FuzzParseURI(f *testing.F) {
	for _, s := range []string{"sip:a:b@[2001:db8::1]:5060;transport=tcp;lr?x=y", "sips:%23@x", "tel:+82-2-1234;ext=1", "urn:service:sos", "sip:5550100#82@h", "SIP:a;b=c@d"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, ok := ParseURI(b)
		if !ok || u.Scheme != SchemeSIP && u.Scheme != SchemeSIPS {
			return
		}
		again := string(b[:strings.IndexByte(string(b), ':')+1])
		if u.User != nil {
			again += string(u.User)
			if u.Password != nil {
				again += ":" + string(u.Password)
			}
			again += "@"
		}
		rest, host := string(b[len(again):]), string(u.Host)
		if u.IPv6 {
			host = "[" + host + "]"
		}
		if !strings.HasPrefix(string(b), again) || !strings.HasPrefix(rest, host) {
			t.Fatalf("%q: %q and then %q", b, again, host)
		}
		_, _ = u.Addr()
		_, _ = u.Param("lr")
		user := Unescape(nil, u.User)
		if back := Unescape(nil, AppendUser(nil, string(user))); string(back) != string(user) {
			t.Fatalf("the user %q comes back as %q", user, back)
		}
	})
}

// FuzzParseAddress: what is well-formed has a well-formed URI, and reading it
// once more from its parts gives the same.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{`"A \"b\" <c>" <sip:a@b;x=y>;tag=1;q="a;b"`, "sip:a@b;tag=1", "<sip:a@b>", "A B <tel:+1>", "<sip:a@b>;+sip.instance=\"<urn:uuid:0>\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := ParseAddress(b)
		if !ok {
			return
		}
		if _, good := ParseURI(a.URI); !good {
			t.Fatalf("%q has the URI %q", b, a.URI)
		}
		_, _ = a.Param("tag")
		name := Unquoted(a.Display)
		again := append(AppendQuoted(nil, name), " <"...)
		again = append(append(append(again, a.URI...), '>', ';'), a.Params...)
		if len(a.Params) == 0 {
			again = again[:len(again)-1]
		}
		x, ok := ParseAddress(again)
		if !ok || string(x.URI) != string(a.URI) || string(x.Params) != string(a.Params) {
			t.Fatalf("%q, written again as %q, is %q %q (%v)", b, again, x.URI, x.Params, ok)
		}
	})
}

// FuzzDigest: no Authorization header proves anything without the password, and
// none stops the core.
func FuzzDigest(f *testing.F) {
	f.Add([]byte(`Digest username="alice", realm="r", nonce="00", uri="sip:x", response="0", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"`))
	f.Add([]byte(`Digest username=a,realm=r,response=,qop`))
	f.Add([]byte(`digest realm="r\"",response="`))
	f.Add([]byte(`Basic QWxhZGRpbg==`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4000 || strings.ContainsAny(string(b), "\r\n") {
			return
		}
		c, ok := parseCredentials(b)
		if ok && (len(c.user)+len(c.response)+len(c.nonce) > len(b)) {
			t.Fatal("beyond the header")
		}
		core, err := New(Config{Secret: make([]byte, 16), Handler: func(*Shard) Handler { return tortured{} }})
		if err != nil {
			t.Fatal(err)
		}
		var m Msg
		text := ("REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@r>;tag=1\r\nTo: <sip:a@r>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nAuthorization: " + string(b) + "\r\n\r\n")
		if m.Parse([]byte(text)) != nil {
			return
		}
		_, p := core.shards[0].Authenticate(&m, &Flow{Remote: ap("192.0.2.1:5060")}, "r", func([]byte) (HA1, bool) { return NewHA1("alice", "r", "secret"), true })
		if p == Proven {
			t.Fatalf("%q proves something", b)
		}
	})
}
