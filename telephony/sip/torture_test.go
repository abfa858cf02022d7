package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verdicts says what the core does with each message of RFC 4475: the status it
// answers with, or 0 if it must say nothing at all.
var verdicts = map[string]struct { //nolint:gochecknoglobals // table
	status int
	why    string
}{
	"valid/wsinv":      {481, "§3.1.1.1: white space and folding everywhere; its To tag is of no dialog of ours"},
	"valid/intmeth":    {501, "§3.1.1.2: a method of strange but legal characters, which we do not know"},
	"valid/esc01":      {200, "§3.1.1.3: escapes in URIs"},
	"valid/escnull":    {200, "§3.1.1.4: escaped null bytes"},
	"valid/esc02":      {501, "§3.1.1.5: RE%47IST%45R is no REGISTER"},
	"valid/lwsdisp":    {200, "§3.1.1.6: no white space between display name and <"},
	"valid/longreq":    {200, "§3.1.1.7: long values"},
	"valid/dblreq":     {200, "§3.1.1.8: octets behind the body are ignored"},
	"valid/semiuri":    {200, "§3.1.1.9: semicolon-separated parameters in the user part"},
	"valid/transports": {200, "§3.1.1.10: various transports in Via"},
	"valid/mpart01":    {200, "§3.1.1.11: a multipart MESSAGE"},
	"valid/unreason":   {0, "§3.1.1.12: a response with UTF-8 in its reason belongs to no request of ours"},
	"valid/noreason":   {0, "§3.1.1.13: a response with an empty reason belongs to no request of ours"},

	"invalid/badinv01":   {0, "§3.1.2.1: a Via like this cannot be answered"},
	"invalid/clerr":      {400, "§3.1.2.2: Content-Length larger than the message"},
	"invalid/ncl":        {400, "§3.1.2.3: negative Content-Length"},
	"invalid/scalar02":   {400, "§3.1.2.4: CSeq and others beyond their range"},
	"invalid/scalarlg":   {0, "§3.1.2.5: a response with such values is dropped"},
	"invalid/quotbal":    {400, "§3.1.2.6: unterminated quoted string"},
	"invalid/ltgtruri":   {400, "§3.1.2.7: <> around the Request-URI"},
	"invalid/lwsruri":    {400, "§3.1.2.8: white space in the Request-URI"},
	"invalid/lwsstart":   {400, "§3.1.2.9: several spaces in the start line"},
	"invalid/trws":       {400, "§3.1.2.10: trailing space in the start line"},
	"invalid/escruri":    {400, "§3.1.2.11: escaped header fields in the Request-URI"},
	"invalid/baddate":    {200, "§3.1.2.12: a bad Date, which nobody here reads"},
	"invalid/regbadct":   {400, "§3.1.2.13: Contact with a '?' outside of <>"},
	"invalid/badaspec":   {400, "§3.1.2.14: spaces within an addr-spec"},
	"invalid/baddn":      {400, "§3.1.2.15: a comma in an unquoted display name"},
	"invalid/badvers":    {505, "§3.1.2.16: SIP/7.0"},
	"invalid/mismatch01": {400, "§3.1.2.17: the method in CSeq differs"},
	"invalid/mismatch02": {400, "§3.1.2.18: and is unknown"},
	"invalid/bigcode":    {0, "§3.1.2.19: a response code beyond 699 is dropped"},
	"invalid/badbranch":  {200, "§3.2.1: a branch with nothing behind the cookie, matched as RFC 2543 does"},
	"invalid/insuf":      {400, "§3.3.1: Call-ID, From and To missing; Via is there to answer to"},
	"invalid/unkscm":     {416, "§3.3.2: unknown scheme in the Request-URI"},
	"invalid/novelsc":    {416, "§3.3.3: known but unusual scheme in the Request-URI"},
	"invalid/unksm2":     {404, "§3.3.4: nobody registers an isbn:"},
	"invalid/bext01":     {420, "§3.3.5: Require and Proxy-Require of the unknown"},
	"invalid/invut":      {415, "§3.3.6: unknown Content-Type"},
	"invalid/regaut01":   {401, "§3.3.7: an unknown authentication scheme is as good as none"},
	"invalid/multi01":    {400, "§3.3.8: single-value fields several times"},
	"invalid/mcl01":      {400, "§3.3.9: several Content-Lengths"},
	"invalid/bcast":      {0, "§3.3.10: a response with a broadcast Via was not asked for by us"},
	"invalid/zeromf":     {483, "§3.3.11: Max-Forwards is used up"},
	"invalid/cparam01":   {200, "§3.3.12: an unknown Contact header parameter"},
	"invalid/cparam02":   {200, "§3.3.13: an unknown URI parameter in Contact"},
	"invalid/regescrt":   {200, "§3.3.14: escaped header fields in a Contact URI"},
	"invalid/sdp01":      {406, "§3.3.15: only an unknown type is acceptable"},
	"invalid/inv2543":    {200, "§3.4.1: an INVITE of RFC 2543"},
	"invalid/test":       {0, "not of the RFC: the start line lacks its version"},
}

// tortureFolder is where the RFC 4475 messages are: in a library that the tests
// depend on anyway.
func tortureFolder(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/emiago/sipgo").Output()
	if err != nil {
		t.Fatalf("the RFC 4475 messages come with the module github.com/emiago/sipgo; run `go mod download`: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "sip", "testdata", "torture")
}

// tortured answers as a registrar and a phone would.
type tortured struct{}

func (tortured) Urgent(*Msg) bool     { return false }
func (tortured) Timer(*UserTimer)     {}
func (tortured) Event(*Dialog, Event) {}

func (tortured) Request(in *Incoming) {
	m := in.Msg
	switch m.Method {
	case INVITE:
		if d := in.Accept(false); d != nil {
			d.Answer([]byte(sdpA))
		}
	case REGISTER:
		if m.Has(HAuthorization) {
			_, p := in.shard.Authenticate(m, &in.Flow, "example.com", func([]byte) (HA1, bool) { return HA1{}, false })
			if p == Unproven {
				in.Challenge("example.com", false, false)
				return
			}
		}
		good := true
		m.Each(HContact, func(v []byte) bool { _, good = ParseAddress(v); return good })
		to, _ := ParseURI(m.To.URI)
		switch {
		case !good:
			in.Respond(&Reply{Status: 400, Reason: "Malformed Contact"})
		case to.Scheme != SchemeSIP && to.Scheme != SchemeSIPS:
			in.Respond(&Reply{Status: 404})
		default:
			in.Respond(&Reply{Status: 200})
		}
	default:
		in.Respond(&Reply{Status: 200})
	}
}

// ask sends one datagram to a fresh core and returns the final answers' codes.
func ask(t *testing.T, raw []byte) (answers []int, text string) {
	t.Helper()
	sim := NewSim(1)
	self := ap("192.0.2.99:5060")
	c, err := sim.Core(Config{Handler: func(*Shard) Handler { return tortured{} }}, map[netip.AddrPort]string{self: "X"})
	if err != nil {
		t.Fatal(err)
	}
	sim.Tap = func(from, _ netip.AddrPort, b []byte) {
		if from != self {
			return
		}
		// An answer repeats the faults of what it answers, but no others.
		var m Msg
		if err := m.Parse(append([]byte(nil), b...)); err != nil && m.Status != 400 {
			t.Fatalf("our answer: %v\n%s", err, b)
		}
		if m.Status >= 200 && (len(answers) == 0 || answers[len(answers)-1] != m.Status) {
			answers = append(answers, m.Status)
			text = string(b)
		}
	}
	sim.Send(ap("192.0.2.1:5060"), self, raw)
	sim.Run(200 * Second)
	if l := c.shards[0].Live(); l.Servers+l.Clients+l.Timers > 0 {
		t.Errorf("left %+v", l)
	}
	return answers, text
}

func TestRFC4475(t *testing.T) {
	dir := tortureFolder(t)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.dat"))
	if err != nil || len(files) != len(verdicts) {
		t.Fatalf("%d messages in %s, %d verdicts (%v)", len(files), dir, len(verdicts), err)
	}
	for _, file := range files {
		rel, _ := filepath.Rel(dir, file)
		name := strings.TrimSuffix(filepath.ToSlash(rel), ".dat")
		t.Run(name, func(t *testing.T) {
			want, ok := verdicts[name]
			if !ok {
				t.Fatal("this message has no verdict")
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, text := ask(t, raw)
			switch {
			case want.status == 0 && len(got) > 0:
				t.Errorf("answered %v, must be dropped (%s)\n%s", got, want.why, text)
			case want.status > 0 && (len(got) != 1 || got[0] != want.status):
				t.Errorf("answered %v, want %d (%s)\n%s", got, want.status, want.why, text)
			}
		})
	}
}

const ipv6Head = "To: sip:user@example.com\r\nFrom: sip:user@example.com;tag=81x2\r\nVia: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n" +
	"Call-ID: SSG9559905523997077@hlau_4100\r\nMax-Forwards: 70\r\n"

// rfc5118 are the messages of RFC 5118, by section.
var rfc5118 = []struct { //nolint:gochecknoglobals // table
	section string
	status  int
	why     string
	text    string
}{
	{"4.1", 200, "a valid message with an IPv6 reference", "REGISTER sip:[2001:db8::10] SIP/2.0\r\n" + ipv6Head +
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\nCSeq: 98176 REGISTER\r\nContent-Length: 0\r\n\r\n"},
	{"4.2", 400, "an IPv6 address without brackets in the Request-URI", "REGISTER sip:2001:db8::10 SIP/2.0\r\n" + ipv6Head +
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\nCSeq: 98176 REGISTER\r\nContent-Length: 0\r\n\r\n"},
	{"4.3", 200, "the port is ambiguous to people, not to the grammar", "REGISTER sip:[2001:db8::10:5070] SIP/2.0\r\n" + ipv6Head +
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\nCSeq: 98176 REGISTER\r\nContent-Length: 0\r\n\r\n"},
	{"4.4", 200, "the port outside of the brackets", "REGISTER sip:[2001:db8::10]:5070 SIP/2.0\r\n" + ipv6Head +
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\nCSeq: 98176 REGISTER\r\nContent-Length: 0\r\n\r\n"},
	{"4.5 with brackets", 481, "received with brackets", "BYE sip:[2001:db8::10] SIP/2.0\r\nTo: sip:user@example.com;tag=bd76ya\r\n" +
		"From: sip:user@example.com;tag=81x2\r\nVia: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111\r\n" +
		"Call-ID: SSG9559905523997077@hlau_4100\r\nMax-Forwards: 70\r\nCSeq: 321 BYE\r\nContent-Length: 0\r\n\r\n"},
	{"4.5 without", 200, "received without brackets", "OPTIONS sip:[2001:db8::10] SIP/2.0\r\nTo: sip:user@example.com\r\n" +
		"From: sip:user@example.com;tag=81x2\r\nVia: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n" +
		"Call-ID: SSG95523997077@hlau_4100\r\nMax-Forwards: 70\r\nContact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\nCSeq: 921 OPTIONS\r\nContent-Length: 0\r\n\r\n"},
	{"4.6", 200, "IPv6 in SDP", "INVITE sip:user@[2001:db8::10] SIP/2.0\r\n" + ipv6Head + "Contact: \"Caller\" <sip:caller@[2001:db8::20]>\r\nCSeq: 8612 INVITE\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: 268\r\n\r\nv=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=Live video feed for today's meeting\r\n" +
		"c=IN IP6 2001:db8::20\r\nt=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000\r\nm=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n"},
	{"4.7", 481, "several addresses in Via", "BYE sip:user@host.example.net SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144\r\nVia: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200\r\n" +
		"Call-ID: 997077@lau_4100\r\nMax-Forwards: 70\r\nCSeq: 89187 BYE\r\nTo: sip:user@example.net;tag=9817--94\r\nFrom: sip:user@example.com;tag=81x2\r\nContent-Length: 0\r\n\r\n"},
	{"4.8", 200, "several addresses in SDP", "INVITE sip:user@[2001:db8::10] SIP/2.0\r\n" + ipv6Head + "Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\nCSeq: 8912 INVITE\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: 181\r\n\r\nv=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\nm=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n" +
		"m=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n"},
	{"4.9", 200, "IPv4-mapped IPv6 addresses", "INVITE sip:user@example.com SIP/2.0\r\nTo: sip:user@example.com\r\nFrom: sip:user@east.example.com;tag=81x2\r\n" +
		"Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\nVia: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111\r\n" +
		"Call-ID: SSG9559905523997077@hlau_4100\r\nContact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>\r\nCSeq: 612 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"4.10 three colons", 200, "what the faulty grammar of RFC 3261 produced is understood", "OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0\r\nTo: sip:user@[2001:db8:::192.0.2.1]\r\n" +
		"From: sip:user@example.com;tag=810x2\r\nVia: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111\r\nCall-ID: G9559905523997077@hlau_4100\r\n" +
		"CSeq: 689 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"4.10 two colons", 200, "the right form", "OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0\r\nTo: sip:user@[2001:db8::192.0.2.1]\r\n" +
		"From: sip:user@example.com;tag=810x2\r\nVia: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111\r\nCall-ID: G9559905523997077@hlau_4100\r\n" +
		"CSeq: 689 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
}

func TestRFC5118(t *testing.T) {
	for _, c := range rfc5118 {
		t.Run(c.section, func(t *testing.T) {
			text := c.text
			if _, body, _ := strings.Cut(text, "\r\n\r\n"); len(body) > 0 {
				head, _, _ := strings.Cut(text, "Content-Length")
				text = fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
			}
			got, answer := ask(t, []byte(text))
			if len(got) != 1 || got[0] != c.status {
				t.Errorf("answered %v, want %d (%s)\n%s", got, c.status, c.why, answer)
			}
		})
	}
}

// TestTorturedConstantly feeds the messages with single bytes changed: whatever
// comes, the core goes on, and what it says is well-formed.
func TestTorturedConstantly(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(tortureFolder(t), "*", "*.dat"))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(raw); i += 7 {
			for _, x := range []byte{0, '\n', '<', '"', 0xff} {
				b := bytes.Clone(raw)
				b[i] = x
				var m Msg
				_ = m.Parse(b)
			}
		}
	}
}
