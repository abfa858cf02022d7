package node_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what telephones compute (RFC 2617)
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/lab"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/platform/webpush/webpushtest"
)

// calling is a call of a SIP telephone, played by hand so that the test says when
// it goes on.
type calling struct {
	t        *testing.T
	conn     *net.UDPConn
	user, to string
	id       string
	got      chan string // what comes, from its first line on
}

// rawCall has a member's telephone call a number.
func (r *running) rawCall(t *testing.T, from lab.Member, number string) *calling {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.sipAt("KR")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &calling{t: t, conn: conn, user: from.User, to: number, id: fmt.Sprint("bell-", time.Now().UnixNano()), got: make(chan string, 100)}
	go func() {
		buf := make([]byte, 8192)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			c.got <- string(buf[:n])
		}
	}()
	c.send("INVITE", 1, "")
	challenge := c.until("SIP/2.0 401")
	realm, nonce := "", ""
	for line := range strings.SplitSeq(challenge, "\r\n") {
		if strings.HasPrefix(line, "WWW-Authenticate:") && strings.Contains(line, "MD5") {
			realm, nonce = between(line, `realm="`), between(line, `nonce="`)
		}
	}
	c.send("ACK", 1, "")
	c.send("INVITE", 2, digest(from, realm, nonce, "INVITE", "sip:"+number+"@"+r.sipAt("KR").String()))
	return c
}

// digest is the line by which a telephone proves itself.
func digest(m lab.Member, realm, nonce, method, uri string) string {
	sum := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) } //nolint:gosec // as above
	proof := sum(sum(m.User+":"+realm+":"+m.Password) + ":" + nonce + ":00000001:x:auth:" + sum(method+":"+uri))
	return fmt.Sprintf("Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"x\"\r\n", m.User, realm, nonce, uri, proof)
}

// registersAsleep has a telephone register over a connection, saying how it is
// woken, and returns what comes on it.
func (r *running) registersAsleep(t *testing.T, m lab.Member, pushAt string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, in, answer := r.asksAsleep(t, m, pushAt)
	if !strings.HasPrefix(answer, "SIP/2.0 200") || !strings.Contains(answer, `+sip.pns="webpush"`) || !strings.Contains(answer, "+sip.vapid=") {
		t.Fatalf("it does not register: %s", answer)
	}
	return conn, in
}

// asksAsleep is the same, whatever the answer.
func (r *running) asksAsleep(t *testing.T, m lab.Member, pushAt string) (net.Conn, *bufio.Reader, string) {
	t.Helper()
	return r.registersWith(t, m, ";pn-provider=webpush;pn-prid="+url.QueryEscape(pushAt))
}

// registersWith is the same with any parameters of its URI.
func (r *running) registersWith(t *testing.T, m lab.Member, params string) (net.Conn, *bufio.Reader, string) {
	t.Helper()
	conn, err := net.Dial("tcp", r.sipAt("KR").String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	in := bufio.NewReader(conn)
	at := "sip:" + r.sipAt("KR").String()
	send := func(seq int, proof string) string {
		t.Helper()
		if _, err := fmt.Fprintf(conn, "REGISTER %s SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bK%d\r\nFrom: <sip:%s@x>;tag=a\r\nTo: <sip:%s@x>\r\nCall-ID: asleep%d\r\nCSeq: %d REGISTER\r\nMax-Forwards: 70\r\n"+
			"Contact: <sip:%s@%s;transport=tcp%s>;expires=86400;+sip.instance=\"<urn:uuid:0000000b-0000-1000-8000-000000000000>\"\r\n%sContent-Length: 0\r\n\r\n",
			at, conn.LocalAddr(), time.Now().UnixNano(), m.User, m.User, seq, seq, m.User, conn.LocalAddr(), params, proof); err != nil {
			t.Fatal(err)
		}
		return message(t, in)
	}
	challenge := send(1, "")
	realm, nonce := "", ""
	for line := range strings.SplitSeq(challenge, "\r\n") {
		if strings.HasPrefix(line, "WWW-Authenticate:") && strings.Contains(line, "MD5") {
			realm, nonce = between(line, `realm="`), between(line, `nonce="`)
		}
	}
	return conn, in, send(2, digest(m, realm, nonce, "REGISTER", at))
}

// TestWhereNoTelephoneIsWoken: a telephone that names a push resource we would not
// send to is told so when it registers (RFC 8599 §5.6.1.1), and not taken for one
// that can be woken.
func TestWhereNoTelephoneIsWoken(t *testing.T) {
	r := start(t, t.TempDir())
	for _, at := range []string{"https://10.0.0.1/wake", "https://[fd00::1]/wake", "https://169.254.169.254/latest", "ftp://push.example/1", "mobile", ""} {
		conn, _, answer := r.asksAsleep(t, r.phone(1), at)
		_ = conn.Close()
		if !strings.HasPrefix(answer, "SIP/2.0 555") || !strings.Contains(answer, `+sip.pns="webpush"`) {
			t.Errorf("%q: %s", at, answer)
		}
	}
}

// message is the next one on a connection, without its body.
func message(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q", err, b.String())
		}
		if b.WriteString(line); line == "\r\n" && b.Len() > 2 {
			return b.String()
		}
	}
}

// TestASleepingTelephoneIsWokenByPush: the push service that its Contact names is
// asked, with an empty message; the telephone comes back on another connection, and
// the call that waited is there. When the service knows it no more, it is away.
func TestASleepingTelephoneIsWokenByPush(t *testing.T) {
	r := start(t, t.TempDir())
	service := webpushtest.New(t, false)
	push := service.Subscribe("mobile")
	conn, _ := r.registersAsleep(t, r.phone(1), push.Endpoint)
	_ = conn.Close() // its system froze it
	call := r.rawCall(t, r.phone(0), "755014282")
	if x := service.Next(t); len(x.Payload) != 0 || x.Urgency != "high" || x.Key == "" {
		t.Errorf("it is sent %+v", x)
	}
	call.until("SIP/2.0 182")
	conn, in := r.registersAsleep(t, r.phone(1), push.Endpoint)
	for m := ""; !strings.HasPrefix(m, "INVITE "); m = message(t, in) {
		if strings.HasPrefix(m, "SIP/2.0 4") {
			t.Fatal(m)
		}
	}
	call.send("CANCEL", 2, "")
	call.until("SIP/2.0 487")
	_ = conn.Close()

	push.Answers(http.StatusGone, nil)
	for range 2 {
		began := time.Now()
		call = r.rawCall(t, r.phone(0), "755014282")
		call.until("SIP/2.0 180") // where his calls go when he is away
		if took := time.Since(began); took > bell.WakeFor*3/4 {
			t.Errorf("who cannot be woken is waited for %v", took)
		}
	}
	if push.Asked() != 2 {
		t.Errorf("its service was asked %d times", push.Asked())
	}
}

func between(s, begin string) string {
	_, s, _ = strings.Cut(s, begin)
	s, _, _ = strings.Cut(s, `"`)
	return s
}

func (c *calling) send(method string, seq int, more string) {
	c.t.Helper()
	sdp := ""
	if method == "INVITE" {
		sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
		more += "Content-Type: application/sdp\r\n"
	}
	at, local := c.conn.RemoteAddr(), c.conn.LocalAddr()
	if _, err := fmt.Fprintf(c.conn, "%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s-%d\r\nFrom: <sip:%s@%s>;tag=a\r\nTo: <sip:%s@%s>\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\nMax-Forwards: 70\r\n%sContent-Length: %d\r\n\r\n%s",
		method, c.to, at, local, c.id, seq, c.user, at, c.to, at, c.id, seq, method, c.user, local, more, len(sdp), sdp); err != nil {
		c.t.Fatal(err)
	}
}

// until is the next message that begins so.
func (c *calling) until(begin string) string {
	c.t.Helper()
	late := time.After(20 * time.Second)
	var seen []string
	for {
		select {
		case m := <-c.got:
			if strings.HasPrefix(m, begin) {
				return m
			}
			line, _, _ := strings.Cut(m, "\r\n")
			seen = append(seen, line)
		case <-late:
			c.t.Fatalf("%s did not come, but %q", begin, seen)
		}
	}
}

// asks sends what a script of a page sends.
func (p person) asks(method, path string, body any) (int, string) {
	p.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.r.base+path, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // a test's
	var b bytes.Buffer
	_, _ = b.ReadFrom(res.Body)
	return res.StatusCode, b.String()
}

// notified is what the worker of a browser reads.
type notified struct {
	Kind, Title, Body, Tag, URL, Lang string
	Until                             int64
}

func (r *running) next(t *testing.T, s *webpushtest.Service) (webpushtest.Received, notified) {
	t.Helper()
	x := s.Next(t)
	var n notified
	if err := json.Unmarshal(x.Payload, &n); err != nil {
		t.Fatalf("%s: %v", x.Payload, err)
	}
	return x, n
}

// TestAClosedBrowserRings: it is woken by a push message, registers, and gets the
// call that waits for it; what nobody answers comes as a missed call, by push and,
// if its holder chose so, by letter.
func TestAClosedBrowserRings(t *testing.T) {
	r := start(t, t.TempDir())
	service := webpushtest.New(t, false)
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	key := str(r.dev, "members", 1, "api_key")
	pass, line := r.pass(t, 1) // as its telephone asks for before anything is switched on
	browser := service.Subscribe("laptop")
	status, got := jun.asks("GET", "/phone/push", nil)
	var vapid struct{ Key string }
	if err := json.Unmarshal([]byte(got), &vapid); err != nil || status != 200 || len(vapid.Key) != 87 {
		t.Fatal(status, got, err)
	}
	on := obj{"endpoint": browser.Endpoint, "p256dh": browser.P256DH, "auth": browser.Auth, "instance": "00000000-0000-1000-8000-00000000000a"}
	if status, got := jun.asks("POST", "/phone/push", on); status != 200 {
		t.Fatal(status, got)
	}
	r.want(t, 200, key, "PUT", "/api/v1/members/"+line+"/missed-calls", obj{"push": true, "mail": true})
	r.want(t, 201, key, "POST", "/api/v1/contacts", obj{"name": "Minji at work", "number": str(r.dev, "members", 0, "number")})

	call := r.rawCall(t, r.phone(0), "755014282")
	x, n := r.next(t, service)
	if x.Key != vapid.Key || x.Urgency != "high" || x.TTL > 20*time.Second || x.TTL < 10*time.Second || n.Kind != "call" || n.Lang == "" || n.URL != "/calls?line="+line+"#phone" || n.Tag == "" || n.Tag != x.Topic && n.Tag[:32] != x.Topic {
		t.Errorf("%+v %+v", x, n)
	}
	if !strings.Contains(n.Title, "Minji at work") || !strings.Contains(n.Body, "755 0142 82") {
		t.Errorf("it says %q, %q", n.Title, n.Body)
	}
	call.until("SIP/2.0 182") // its caller is told that it takes a moment
	ws, err := r.socket(t, pass.center, &websocket.DialOptions{Subprotocols: []string{"sip"}})
	if err != nil {
		t.Fatal(err)
	}
	invite := says(t, ws, register(pass.uri, pass.token, 1)) // the answer, or the call that came first
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !strings.HasPrefix(invite, "INVITE ") {
		_, b, err := ws.Read(ctx)
		if err != nil {
			t.Fatal("the call did not come to who was woken for it: ", err)
		}
		invite = string(b)
	}
	if !strings.Contains(invite, "a=fingerprint:") || !strings.Contains(invite, "a=ice-ufrag:") {
		t.Errorf("it is not offered what a browser takes:\n%s", invite)
	}
	call.send("CANCEL", 2, "")
	call.until("SIP/2.0 487")
	x, n = r.next(t, service)
	if n.Kind != "missed" || !strings.Contains(n.Title, "Minji at work") || n.Until != 0 || x.TTL < 23*time.Hour || x.TTL > 24*time.Hour {
		t.Errorf("a missed call: %+v %+v", x, n)
	}
	until(t, "the letter is there", func() bool {
		return strings.Contains(r.mails(t, str(r.dev, "members", 1, "email")), "Minji at work, "+str(r.dev, "members", 0, "number"))
	})
	if x, none := service.None(); !none {
		t.Errorf("it was told twice: %s", x.Payload)
	}

	// What rings now says so; and no more when the page is closed.
	rows := r.want(t, 200, key, "GET", "/api/v1/members/"+line+"/ringing", nil)
	if str(rows.body, "items", 0, "kind") == "" || !strings.Contains(rows.raw, `"why":"open"`) || !strings.Contains(rows.raw, `"why":"push"`) {
		t.Errorf("of an open browser: %s", rows.raw)
	}
	_ = ws.CloseNow()
	until(t, "the browser is seen to be closed", func() bool {
		return !strings.Contains(r.want(t, 200, key, "GET", "/api/v1/members/"+line+"/ringing", nil).raw, `"why":"open"`)
	})

	// One whose service knows it no more is forgotten.
	browser.Answers(http.StatusGone, nil)
	call = r.rawCall(t, r.phone(0), "755014282")
	call.until("SIP/2.0 182")
	until(t, "it is forgotten", func() bool { return at(r.want(t, 200, key, "GET", "/api/v1/browsers", nil).body, "items", 0) == nil })
	call.send("CANCEL", 2, "")
	call.until("SIP/2.0 487")
}

// TestNoPushToOurOwnNetwork: outside of trials an address of this machine, or by
// plain http, is none to send to; and who is not signed in switches nothing on.
func TestNoPushToOurOwnNetwork(t *testing.T) {
	r := startWith(t, t.TempDir(), func(c *config.Config) { c.URL = "" })
	service := webpushtest.New(t, false)
	b := service.Subscribe("x")
	jun := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	for _, endpoint := range []string{"https://10.1.2.3/x", "https://169.254.169.254/latest", "ftp://push.example/x", "https://[fe80::1]/x", ""} {
		if status, got := jun.asks("POST", "/phone/push", obj{"endpoint": endpoint, "p256dh": b.P256DH, "auth": b.Auth}); status != 422 || !strings.Contains(got, "push_endpoint") {
			t.Errorf("%s: %d %s", endpoint, status, got)
		}
	}
	if status, got := (person{t, r, &http.Client{}}).asks("POST", "/phone/push", obj{"endpoint": b.Endpoint, "p256dh": b.P256DH, "auth": b.Auth}); status != 401 {
		t.Errorf("a stranger: %d %s", status, got)
	}
}
