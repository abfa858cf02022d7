package node_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/callisto-tel/callisto/platform/config"
)

// pass is what a browser registers with.
type pass struct{ token, uri, center string }

func (r *running) pass(t *testing.T, member int) (p pass, line string) {
	t.Helper()
	key := str(r.dev, "members", member, "api_key")
	line = str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	a := r.want(t, 201, key, "POST", "/api/v1/members/"+line+"/phone-passes", nil)
	return pass{str(a.body, "pass"), str(a.body, "uri"), str(a.body, "center")}, line
}

// socket opens a browser's WebSocket.
func (r *running) socket(t *testing.T, center string, options *websocket.DialOptions) (*websocket.Conn, error) {
	t.Helper()
	c, resp, err := websocket.Dial(t.Context(), str(r.dev, "ws")+"?center="+url.QueryEscape(center), options) //nolint:bodyclose // it is read to its end already
	if err == nil {
		t.Cleanup(func() { _ = c.CloseNow() })
	} else if resp != nil {
		err = fmt.Errorf("%d: %w", resp.StatusCode, err)
	}
	return c, err
}

// says sends a request over a WebSocket and returns the answer.
func says(t *testing.T, c *websocket.Conn, message string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := c.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
	kind, b, err := c.Read(ctx)
	if err != nil || kind != websocket.MessageText {
		t.Fatal(kind, err)
	}
	return string(b)
}

func register(uri, token string, n int) string {
	return strings.ReplaceAll(fmt.Sprintf(`REGISTER sip:%s SIP/2.0
Via: SIP/2.0/WS x7.invalid;branch=z9hG4bK%d
Max-Forwards: 69
To: <%s>
From: <%s>;tag=t%d
Call-ID: c%d
CSeq: %d REGISTER
Authorization: Bearer %s
Contact: <sip:abc@x7.invalid;transport=ws>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-00000000000a>";expires=600
Content-Length: 0

`, uri[strings.IndexByte(uri, '@')+1:], n, uri, uri, n, n, n, token), "\n", "\r\n")
}

// TestABrowserRegistersWithAPass: over WebSocket (RFC 7118), without a password;
// the pass is good for its number alone, and what ends it is the end of its device.
func TestABrowserRegistersWithAPass(t *testing.T) {
	r := start(t, t.TempDir())
	p, line := r.pass(t, 0)
	again, _ := r.pass(t, 0)
	if again.uri != p.uri || again.center != "KR" {
		t.Fatalf("the second browser is another device: %+v, %+v", p, again)
	}
	c, err := r.socket(t, p.center, &websocket.DialOptions{Subprotocols: []string{"sip"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := says(t, c, register(p.uri, p.token, 1)); !strings.HasPrefix(got, "SIP/2.0 200 ") || !strings.Contains(got, "x7.invalid;transport=ws>") {
		t.Fatal(got)
	}
	if got := says(t, c, strings.Replace(register(p.uri, p.token, 2), "expires=600", "expires=7200", 1)); !strings.Contains(got, ">;expires=600;") {
		t.Error("who signs out is registered for longer than his pass:", got)
	}
	if got := says(t, c, register(p.uri, p.token[:len(p.token)-2]+"AA", 7)); !strings.HasPrefix(got, "SIP/2.0 401 ") {
		t.Error("a pass that we did not make:", got)
	}
	other, _ := r.pass(t, 1)
	if got := says(t, c, register(p.uri, other.token, 3)); !strings.HasPrefix(got, "SIP/2.0 403 ") {
		t.Error("somebody else's pass:", got)
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte("\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := says(t, c, register(p.uri, "", 4)); got != "\r\n" { // a ping of RFC 5626 comes first
		t.Errorf("a ping is answered by %q", got)
	}

	key := str(r.dev, "members", 0, "api_key")
	devices := r.want(t, 200, key, "GET", "/api/v1/members/"+line+"/devices", nil)
	last, _ := at(devices.body, "items").([]any)
	browser := str(last[len(last)-1], "id")
	if str(last[len(last)-1], "kind") != "browser" {
		t.Fatal(devices.raw)
	}
	r.want(t, 409, key, "POST", "/api/v1/devices/"+browser+"/password", nil)
	r.want(t, 204, key, "DELETE", "/api/v1/devices/"+browser, nil)
	c, err = r.socket(t, p.center, &websocket.DialOptions{Subprotocols: []string{"sip"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := says(t, c, register(p.uri, p.token, 5)); !strings.HasPrefix(got, "SIP/2.0 401 ") {
		t.Error("the pass of a device that was revoked:", got)
	}
	if fresh, _ := r.pass(t, 0); fresh.uri == p.uri {
		t.Error("the revoked device came back")
	}
	// The desk sees lines, and calls with none of them.
	r.want(t, 403, str(r.dev, "operator", "api_key"), "POST", "/api/v1/members/"+line+"/phone-passes", nil)
}

// TestWhoMayOpenAWebSocket: pages of ours, and nobody who speaks something else.
func TestWhoMayOpenAWebSocket(t *testing.T) {
	r := start(t, t.TempDir())
	if _, err := r.socket(t, "XX", &websocket.DialOptions{Subprotocols: []string{"sip"}}); err == nil || !strings.HasPrefix(err.Error(), "404") {
		t.Error("a center that is none:", err)
	}
	if _, err := r.socket(t, "KR", &websocket.DialOptions{Subprotocols: []string{"sip"}, HTTPHeader: http.Header{"Origin": {"https://evil.example"}}}); err == nil || !strings.HasPrefix(err.Error(), "403") {
		t.Error("another origin:", err)
	}
	c, err := r.socket(t, "KR", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Error("no subprotocol:", err)
	}
	if c, err = r.socket(t, "KR", &websocket.DialOptions{Subprotocols: []string{"sip"}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), websocket.MessageText, make([]byte, 70<<10)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("a message of 70 kB was taken")
	}
}

// TestPagesElsewhereMayNot: where the configuration says how pages are reached,
// they may open WebSockets, also if a proxy asks for another host; nobody else's.
func TestPagesElsewhereMayNot(t *testing.T) {
	r := startWith(t, t.TempDir(), func(c *config.Config) { c.URL = "https://tel.example" })
	for origin, want := range map[string]string{"https://tel.example": "", "https://tel.example.evil.example": "403", "https://evil.example": "403"} {
		_, err := r.socket(t, "KR", &websocket.DialOptions{Subprotocols: []string{"sip"}, HTTPHeader: http.Header{"Origin": {origin}}})
		if got := fmt.Sprint(err); err == nil != (want == "") || !strings.HasPrefix(got, want) && want != "" {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

// TestABrowserEndsWithItsSession: whose session was ended from afar, or whose API key
// was revoked, has a telephone no more, though his pass had minutes left.
func TestABrowserEndsWithItsSession(t *testing.T) {
	r := start(t, t.TempDir())
	email, password := str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password")
	lost, here := r.signIn(t, email, password), r.signIn(t, email, password)
	ends := func(what string, c *websocket.Conn) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, b, err := c.Read(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("%s: its connection stands, and says %q %v", what, b, err)
		}
	}
	refused := func(what, uri, token string, n int) {
		t.Helper()
		if got := says(t, r.plainSocket(t), register(uri, token, n)); !strings.HasPrefix(got, "SIP/2.0 401 ") {
			t.Errorf("%s: its pass opens: %s", what, got)
		}
	}
	_, pass := lost.tells("/phone/pass", obj{})
	far, _ := lost.telephones()
	copied := thief{t, r.plainSocket(t), str(pass, "uri"), str(pass, "pass")}
	copied.calls()
	if _, text, _ := here.post("/account/sessions/end", nil); !strings.Contains(text, "</html>") {
		t.Fatal(text)
	}
	copied.ends()
	ends("ended from afar", far)
	refused("ended from afar", str(pass, "uri"), str(pass, "pass"), 20)
	if status, got := lost.tells("/phone/pass", obj{}); status != 401 {
		t.Errorf("it gets another pass: %d %v", status, got)
	}

	own, _ := here.telephones()
	_, pass = here.tells("/phone/pass", obj{})
	here.post("/sign-out", nil)
	ends("signed out", own)
	refused("signed out", str(pass, "uri"), str(pass, "pass"), 30)

	key := str(r.dev, "members", 0, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	made := r.want(t, 201, key, "POST", "/api/v1/members/"+line+"/phone-passes", nil)
	r.want(t, 204, key, "DELETE", "/api/v1/keys/"+str(r.want(t, 200, key, "GET", "/api/v1/keys", nil).body, "items", 0, "id"), nil)
	refused("of a revoked key", str(made.body, "uri"), str(made.body, "pass"), 40)
}

// plainSocket is a WebSocket to the center of Korea.
func (r *running) plainSocket(t *testing.T) *websocket.Conn {
	t.Helper()
	c, err := r.socket(t, "KR", &websocket.DialOptions{Subprotocols: []string{"sip"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// thief has copied somebody's pass and calls with it, without registering.
type thief struct {
	t          *testing.T
	c          *websocket.Conn
	uri, token string
}

// calls the echo service, which answers.
func (x thief) calls() {
	x.t.Helper()
	host := x.uri[strings.IndexByte(x.uri, '@')+1:]
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	head := func(method, to, more, body string) string {
		return fmt.Sprintf("%s sip:*55@%s SIP/2.0\r\nVia: SIP/2.0/WS x8.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 69\r\nTo: <sip:*55@%s>%s\r\nFrom: <%s>;tag=x\r\nCall-ID: copied\r\nCSeq: 1 %s\r\n"+
			"Contact: <sip:abc@x8.invalid;transport=ws>\r\n%sContent-Length: %d\r\n\r\n%s", method, host, method, host, to, x.uri, method, more, len(body), body)
	}
	got := says(x.t, x.c, head("INVITE", "", "Authorization: Bearer "+x.token+"\r\nContent-Type: application/sdp\r\n", sdp))
	for strings.HasPrefix(got, "SIP/2.0 1") {
		got = x.reads()
	}
	if !strings.HasPrefix(got, "SIP/2.0 200 ") {
		x.t.Fatal(got)
	}
	_, tag, _ := strings.Cut(got[strings.Index(got, "\r\nTo:"):], ";tag=")
	tag, _, _ = strings.Cut(tag, "\r\n")
	if err := x.c.Write(x.t.Context(), websocket.MessageText, []byte(head("ACK", ";tag="+tag, "", ""))); err != nil {
		x.t.Fatal(err)
	}
}

func (x thief) reads() string {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), 5*time.Second)
	defer cancel()
	_, b, err := x.c.Read(ctx)
	if err != nil {
		x.t.Fatal("the thief: ", err)
	}
	return string(b)
}

func (x thief) ends() {
	x.t.Helper()
	if got := x.reads(); !strings.HasPrefix(got, "BYE ") {
		x.t.Errorf("the call by a copied pass goes on: %s", got)
	}
}
