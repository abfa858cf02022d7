package sip

import (
	"strconv"
	"strings"
	"testing"
)

// invite is a typical INVITE with SDP, as a desk phone sends it.
const invite = "INVITE sip:2555123482@callisto.example SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.15:5060;rport;branch=z9hG4bK776asdhds\r\n" +
	"Max-Forwards: 70\r\n" +
	"To: <sip:2555123482@callisto.example>\r\n" +
	"From: \"Minji Kim\" <sip:7012345-1@callisto.example>;tag=1928301774\r\n" +
	"Call-ID: a84b4c76e66710@192.0.2.15\r\n" +
	"CSeq: 314159 INVITE\r\n" +
	"Contact: <sip:7012345-1@192.0.2.15:5060;transport=udp>\r\n" +
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO\r\n" +
	"Supported: timer, 100rel, outbound\r\n" +
	"User-Agent: Example Phone 1.2.3\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 235\r\n\r\n" +
	"v=0\r\no=- 3890123 3890123 IN IP4 192.0.2.15\r\ns=-\r\nc=IN IP4 192.0.2.15\r\nt=0 0\r\n" +
	"m=audio 10000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n" +
	"a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"

func mustParse(t testing.TB, text string) *Msg {
	t.Helper()
	m := new(Msg)
	if err := m.Parse([]byte(text)); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

func withLength(text string) string {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	i := strings.Index(head, "Content-Length: ")
	if i < 0 {
		return text
	}
	return head[:i] + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestParseTypicalInvite(t *testing.T) {
	m := mustParse(t, withLength(invite))
	if !m.Request || m.Method != INVITE || m.CSeq != 314159 {
		t.Errorf("start line: %+v %v %v", m.Request, m.Method, m.CSeq)
	}
	for _, c := range []struct{ what, got, want string }{
		{"Request-URI", string(m.RequestURI()), "sip:2555123482@callisto.example"},
		{"branch", string(m.Via.Branch), "z9hG4bK776asdhds"},
		{"From tag", string(m.FromTag), "1928301774"},
		{"To tag", string(m.ToTag), ""},
		{"display", string(m.From.Display), "\"Minji Kim\""},
		{"Call-ID", string(m.CallID), "a84b4c76e66710@192.0.2.15"},
		{"Content-Type", string(m.Header(HContentType)), "application/sdp"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
		}
	}
	if !m.Via.RPort || m.Via.Port != 5060 || !m.HasToken(HSupported, "100REL") || m.HasToken(HSupported, "rel") {
		t.Error("Via or Supported")
	}
	if !strings.HasPrefix(string(m.Body()), "v=0") {
		t.Errorf("body %q", m.Body())
	}
}

func TestFoldedCompactAndListed(t *testing.T) {
	m := mustParse(t, "OPTIONS sip:a@b SIP/2.0\r\nv: SIP / 2.0 / UDP a.example : 5070 ;\r\n branch = z9hG4bKx\r\n"+
		"f :\r\n\tsip:a@b;tag=1\r\nT: \"A, \\\" B\" <sip:a@b;x=1>\r\ni: x\r\nCSeq: 1   OPTIONS\r\n"+
		"m: <sip:a@1.2.3.4>, \"Q,\" <sip:b@c>;q=0.5\r\nm: <sip:c@d>\r\nX-Odd: 1\r\nl: 0\r\n\r\n")
	var got []string
	m.Each(HContact, func(v []byte) bool { got = append(got, string(v)); return true })
	if want := "<sip:a@1.2.3.4>|\"Q,\" <sip:b@c>;q=0.5|<sip:c@d>"; strings.Join(got, "|") != want {
		t.Errorf("contacts %q", got)
	}
	if string(m.Via.Branch) != "z9hG4bKx" || m.Via.Port != 5070 || string(m.FromTag) != "1" || string(m.Other("x-odd")) != "1" {
		t.Errorf("%s %d %s", m.Via.Branch, m.Via.Port, m.FromTag)
	}
}

func TestLimits(t *testing.T) {
	head := "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
	for name, text := range map[string]string{
		"too many fields": head + strings.Repeat("A: 1\r\n", MaxHeaders) + "\r\n",
		"long line":       head + "A: " + strings.Repeat("x", MaxLine) + "\r\n\r\n",
		"no end":          head,
		"too large":       head + "\r\n" + strings.Repeat("x", MaxMessage),
	} {
		if err := new(Msg).Parse([]byte(text)); err == nil || err.Status != 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFrame(t *testing.T) {
	one := withLength(invite)
	two := "\r\n\r\n" + one + one[:40]
	n, skip, ping, err := Frame([]byte(two))
	if err != nil || n != len(one) || skip != 4 || !ping {
		t.Fatalf("n=%d skip=%d ping=%v %v", n, skip, ping, err)
	}
	for cut := range len(one) {
		if n, _, _, err := Frame([]byte(one[:cut])); n != 0 || err != nil {
			t.Fatalf("cut at %d: n=%d %v", cut, n, err)
		}
	}
	if _, _, _, err := Frame([]byte(strings.Replace(one, "Content-Length", "X-Length", 1))); err == nil {
		t.Error("a stream message without Content-Length was accepted")
	}
}

func BenchmarkParseInvite(b *testing.B) {
	raw := []byte(withLength(invite))
	var m Msg
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if err := m.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
