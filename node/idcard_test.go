package node_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/callisto-tel/callisto/lab"
)

// tells sends JSON, as the scripts of pages do, and reads the answer.
func (p person) tells(path string, v any) (status int, out map[string]any) {
	p.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.r.base+path, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	status, page, _ := p.do(req)
	if page != "" {
		if err := json.Unmarshal([]byte(page), &out); err != nil {
			p.t.Fatalf("%s answered %d %s", path, status, page)
		}
	}
	return status, out
}

// stick is a card's file at a terminal, opened.
type stick struct {
	card, certificate string
	key               ed25519.PrivateKey
}

// stick has a sample member order a card and write its file.
func (r *running) stick(t *testing.T, i int) stick {
	t.Helper()
	key := str(r.dev, "members", i, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	card := str(r.want(t, 201, key, "POST", "/api/v1/me/cards", obj{"membership": line, "kind": "file"}).body, "id")
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	holder := r.signIn(t, str(r.dev, "members", i, "email"), str(r.dev, "members", i, "password"))
	status, got := holder.tells("/cards/"+card+"/write", obj{"algorithm": "Ed25519", "key": base64.RawURLEncoding.EncodeToString(public)})
	if status != 200 || str(got, "card") != card {
		t.Fatalf("the card is not written: %d %v", status, got)
	}
	return stick{card, str(got, "certificate"), private}
}

// terminal is a browser that nobody has an account open in.
func (r *running) terminal(t *testing.T) person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return person{t, r, &http.Client{Jar: jar}}
}

// brings signs in at a terminal.
func (p person) brings(s stick, more obj) (int, map[string]any) {
	p.t.Helper()
	_, asked := p.tells("/terminal/ask", obj{"certificate": s.certificate})
	nonce := str(asked, "nonce")
	signed := ed25519.Sign(s.key, []byte("callisto id card sign-in v1\n"+p.r.base+"\n"+s.card+"\n"+nonce))
	in := obj{"certificate": s.certificate, "nonce": nonce, "signature": base64.RawURLEncoding.EncodeToString(signed), "watched": true, "country": "US", "address": "12 Main Street, Springfield"}
	for k, v := range more {
		in[k] = v
	}
	return p.tells("/terminal/sign-in", in)
}

// telephones has a terminal register, and returns its WebSocket.
func (p person) telephones() (c *websocket.Conn, ws string) {
	p.t.Helper()
	status, pass := p.tells("/phone/pass", obj{})
	if status != 200 {
		p.t.Fatalf("no pass: %d %v", status, pass)
	}
	ws = str(pass, "ws")
	at, err := url.Parse(ws)
	if err != nil {
		p.t.Fatal(err)
	}
	c, err = p.r.socket(p.t, at.Query().Get("center"), &websocket.DialOptions{Subprotocols: []string{"sip"}})
	if err != nil {
		p.t.Fatal(err)
	}
	if got := says(p.t, c, register(str(pass, "uri"), str(pass, "pass"), 1)); !strings.HasPrefix(got, "SIP/2.0 200 ") {
		p.t.Fatal(got)
	}
	return c, ws
}

// busy waits for a call over a WebSocket and refuses it as busy (RFC 3261 §21.4.16).
func busy(t *testing.T, c *websocket.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, b, err := c.Read(ctx)
	if err != nil || !bytes.HasPrefix(b, []byte("INVITE ")) {
		t.Errorf("instead of a call came %s %v", b, err)
		return
	}
	answer := "SIP/2.0 486 Busy Here\r\n"
	for line := range strings.SplitSeq(string(b), "\r\n") {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "To":
			answer += line + ";tag=x\r\n"
		case "Via", "From", "Call-ID", "CSeq":
			answer += line + "\r\n"
		}
	}
	if err := c.Write(ctx, websocket.MessageText, []byte(answer+"Content-Length: 0\r\n\r\n")); err != nil {
		t.Error(err)
	}
}

// TestACardMovesATelephone: where its holder is signed in calls ring, there alone
// if he chose so; when it is pulled they ring at his telephone within two
// seconds, and the terminal is a telephone no more. It opens nothing of his account.
func TestACardMovesATelephone(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	key, number := str(r.dev, "members", 0, "api_key"), "2555123482"
	s := r.stick(t, 0)
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 200, key, "PUT", "/api/v1/members/"+line+"/card-choice", obj{"only_here": true, "hours": 1})
	r.answers(t, r.phone(0), "called.xml") // his telephone takes one call

	a := r.terminal(t)
	if status, got := a.tells("/phone/pass", obj{}); status != 401 {
		t.Errorf("without a card: %d %v", status, got)
	}
	if status, got := a.brings(s, obj{"address": " "}); status != 422 || str(got, "field") != "address" {
		t.Errorf("nobody knows where he is: %d %v", status, got)
	}
	if status, got := a.brings(s, nil); status != 200 || got["live"] != true {
		t.Fatalf("%d %v", status, got)
	}
	c, ws := a.telephones()
	if !strings.HasSuffix(ws, "?center=US") {
		t.Errorf("a terminal in America registers at %s", ws)
	}
	for _, path := range []string{"/wallet", "/account", "/lines", "/cards"} {
		if _, page := a.get(path); !strings.Contains(page, `action="/sign-in"`) {
			t.Errorf("with a card one sees %s", path)
		}
	}
	refused := make(chan struct{})
	go func() { defer close(refused); busy(t, c) }()
	lab.SIPp{Scenario: scenarios + "caller-refused.xml", Users: []lab.Member{r.phone(1)}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return number }}.Run(t)
	<-refused

	b := r.terminal(t)
	if status, got := b.brings(s, nil); status != 409 || str(got, "code") != "card_in_use" || !strings.Contains(str(got, "error"), "12 Main Street") {
		t.Errorf("a copy while he is signed in: %d %v", status, got)
	}
	began := time.Now()
	if status, _ := a.tells("/terminal/sign-out?how=removed", obj{}); status != 204 {
		t.Errorf("%d", status)
	}
	r.dials(t, r.phone(1), number)
	if took := time.Since(began); took > 4*time.Second { // the call itself lasts a second
		t.Errorf("his telephone answered after %s", took)
	}
	if status, got := a.tells("/phone/pass", obj{}); status != 401 {
		t.Errorf("after it was pulled: %d %v", status, got)
	}
	if status, got := b.brings(s, obj{"take": true}); status != 200 {
		t.Errorf("at the next terminal: %d %v", status, got)
	}
	signIns := r.want(t, 200, key, "GET", "/api/v1/me/card-sign-ins", nil)
	if str(signIns.body, "items", 1, "how") != "removed" || str(signIns.body, "items", 1, "network") != "127.0.0.0/24" || str(signIns.body, "items", 0, "country") != "US" {
		t.Errorf("he reads %s", signIns.raw)
	}
	r.want(t, 204, str(r.dev, "operator", "api_key"), "POST", "/api/v1/cards/"+s.card+"/revocation", nil)
	if _, got := b.tells("/terminal/beat", obj{}); got["live"] != false {
		t.Errorf("the terminal of a revoked card is told %v", got)
	}
	if _, page := b.get("/terminal"); !strings.Contains(page, "The card was revoked.") {
		t.Error("the terminal of a revoked card does not say so")
	}
	if status, got := a.brings(s, nil); status != 403 || str(got, "code") != "card_revoked" {
		t.Errorf("a revoked card: %d %v", status, got)
	}
}

// TestAWatchedCardThatFallsSilent ends by itself: a terminal that was cut off
// cannot say that the card is gone.
func TestAWatchedCardThatFallsSilent(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	a := r.terminal(t)
	if status, got := a.brings(r.stick(t, 0), nil); status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	key := str(r.dev, "members", 0, "api_key")
	began := time.Now()
	until(t, "the sign-in is over", func() bool {
		return str(r.want(t, 200, key, "GET", "/api/v1/me/card-sign-ins", nil).body, "items", 0, "how") == "lost"
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestACardThatCosts is paid from the wallet, with an invoice.
func TestACardThatCosts(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	op, key := str(r.dev, "operator", "api_key"), str(r.dev, "members", 0, "api_key")
	r.want(t, 422, op, "PUT", "/api/v1/cards/offers/printed", obj{"offered": true, "price": "-1", "years": 3})
	r.want(t, 403, key, "PUT", "/api/v1/cards/offers/printed", obj{"offered": true, "price": "5.00", "years": 3})
	r.want(t, 204, op, "PUT", "/api/v1/cards/offers/printed", obj{"offered": true, "price": "5.00", "years": 3})
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	p := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if status, page, _ := p.post("/cards", url.Values{"membership": {line}, "kind": {"printed"}, "postal": {"Seoul"}}); status != 422 || !strings.Contains(page, "Write the address to which the card is sent") {
		t.Errorf("to nowhere: %d %s", status, page)
	}
	if status, page, _ := p.post("/cards", url.Values{"membership": {line}, "kind": {"printed"}, "postal": {"Minji Kim\nSejong-daero 110\nSeoul"}}); status != 200 || !strings.Contains(page, "Your card is ordered") {
		t.Fatalf("%d %s", status, page)
	}
	if has := r.has(t, key); has != 95_000_000 {
		t.Errorf("the wallet has %d", has)
	}
	r.await(t, "the invoice", func() bool {
		_, page := p.get("/invoices")
		number := regexp.MustCompile(`/invoices/([0-9A-Z-]+)`).FindStringSubmatch(page)
		if number == nil {
			return false
		}
		_, page = p.get("/invoices/" + number[1])
		return strings.Contains(page, "ID card, printed")
	})
	card := str(r.want(t, 200, op, "GET", "/api/v1/cards", nil).body, "items", 0, "id")
	if status, page := p.get("/cards/" + card + "/card.pdf"); status != 200 || !strings.HasPrefix(page, "%PDF-") {
		t.Errorf("the card as PDF: %d", status)
	}
	if status, page := p.get("/cards/" + card + "/card.svg"); status != 200 || !strings.Contains(page, `width="85.6mm" height="54mm"`) || !strings.Contains(page, "2 555 1234 82") {
		t.Errorf("the card as SVG: %d %s", status, page)
	}
	boss := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	if _, page := boss.get("/operator/cards"); !strings.Contains(page, "Sejong-daero 110") {
		t.Errorf("the operator reads no address: %s", page)
	}
	if status, page, _ := boss.post("/operator/cards/"+card+"/sent", nil); status != 200 || !strings.Contains(page, ">sent<") {
		t.Errorf("%d %s", status, page)
	}
	other := r.signIn(t, str(r.dev, "members", 1, "email"), str(r.dev, "members", 1, "password"))
	if status, _ := other.get("/cards/" + card + "/card.svg"); status != 404 {
		t.Errorf("somebody else's card: %d", status)
	}
}

// waits has a telephone of ours call a number, press keys with pauses between,
// "keys/milliseconds", and wait until we hang up. The file up is there once it has
// pressed them.
func (r *running) waits(t *testing.T, from lab.Member, number, up string, steps ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "lab", "testdata", "caller.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range steps {
		keys, pause, _ := strings.Cut(s, "/")
		if keys != "" {
			fmt.Fprintf(&b, "  <nop><action><exec play_dtmf=%q/></action></nop>\n", keys)
		}
		fmt.Fprintf(&b, "  <pause milliseconds=%q/>\n", pause)
	}
	fmt.Fprintf(&b, "  <nop><action><exec command=\"touch %s\"/></action></nop>\n", up)
	head, _, _ := strings.Cut(strings.ReplaceAll(string(text), "101", "96"), `<pause milliseconds="300"/>`)
	scenario := head + `<pause milliseconds="600"/>` + b.String() + `<recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`
	scenario = strings.ReplaceAll(scenario, `response="496"`, `response="401"`)
	file := filepath.Join(t.TempDir(), "desk.xml")
	if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(here, file)
	if err != nil {
		t.Fatal(err)
	}
	lab.SIPp{Scenario: rel, Users: []lab.Member{from}, Local: lab.FreePort(t, netip.MustParseAddr("127.0.0.1")), Remote: r.sipAt("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return number }}.Run(t)
}

// TestHeSignsInAtADeskPhone of somebody else: by the code, his number and his PIN.
// Calls to him ring there, and what it calls is his, until the code is dialled again.
func TestHeSignsInAtADeskPhone(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	key, theirs := str(r.dev, "members", 0, "api_key"), str(r.dev, "members", 1, "api_key")
	holder := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
	if status, page, _ := holder.post("/access/pin", url.Values{"pin": {"482915"}, "again": {"482915"}}); status != 200 {
		t.Fatalf("the PIN is not set: %d %s", status, page)
	}
	r.priced(t, 600_000)
	desk := r.phone(1)
	r.answers(t, desk, "called.xml")

	r.waits(t, desk, "*55", filepath.Join(t.TempDir(), "up"), "2555123482#482915/9500")
	signIns := r.want(t, 200, key, "GET", "/api/v1/me/card-sign-ins", nil)
	if str(signIns.body, "items", 0, "way") != "telephone" || str(signIns.body, "items", 0, "address") != "755 0142 82" || str(signIns.body, "items", 0, "country") != "KR" {
		t.Fatalf("he is not signed in: %s", signIns.raw)
	}
	r.dials(t, r.phone(2), "2555123482") // who has no other telephone
	before, others := r.has(t, key), r.has(t, theirs)
	r.dials(t, desk, "+8225550103")
	r.await(t, "his call", func() bool { return r.has(t, key) < before })
	if r.has(t, theirs) != others {
		t.Error("the call is charged to whose telephone it is")
	}
	over, up := make(chan struct{}), filepath.Join(t.TempDir(), "up")
	go func() {
		defer close(over)
		r.waits(t, desk, "+8225550103", up) // a call that he is in
	}()
	r.await(t, "another call", func() bool {
		_, err := os.Stat(up)
		return err == nil
	})
	r.waits(t, desk, "*55", filepath.Join(t.TempDir(), "up")) // and out, which ends it
	<-over
	signIns = r.want(t, 200, key, "GET", "/api/v1/me/card-sign-ins", nil)
	if str(signIns.body, "items", 0, "how") != "signed_out" {
		t.Errorf("he is still signed in: %s", signIns.raw)
	}
	r.await(t, "the end of that call", func() bool {
		return micros(at(r.want(t, 200, key, "GET", "/api/v1/wallet", nil).body, "held", "micros")) == 0
	})
	before = r.has(t, key)
	r.dials(t, desk, "+8225550103")
	r.await(t, "their call", func() bool { return r.has(t, theirs) < others })
	if r.has(t, key) != before {
		t.Error("the call is charged to who has left")
	}
	if raw := r.want(t, 200, str(r.dev, "operator", "api_key"), "GET", "/api/v1/cdrs", nil).raw; strings.Contains(raw, "482915") {
		t.Error("the PIN is in the records")
	}
}
