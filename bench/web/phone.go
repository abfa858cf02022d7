//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/md5" //nolint:gosec // RFC 7616: what telephones prove their password with
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/callisto-tel/callisto/bench/sip/office"
)

// patience is how long an answer is waited for.
const patience = 30 * time.Second

// phone is a browser, or a telephone over TCP with plain sound, as far as SIP goes.
type phone struct {
	office.Member
	web     bool
	send    func([]byte) error
	end     func()
	contact string
	answers chan message // to what it asked
	calls   chan message // INVITE
	mu      sync.Mutex
	n       int // of its requests
}

// message is one of SIP, as far as it is needed.
type message struct {
	first string
	head  map[string]string // by name in small letters; the first of each
	body  string
}

func (m *message) status() int {
	if rest, ok := strings.CutPrefix(m.first, "SIP/2.0 "); ok {
		n, _ := strconv.Atoi(rest[:min(3, len(rest))])
		return n
	}
	return 0
}

// readMessage reads one from a stream; over WebSocket it is the whole stream.
func readMessage(r *bufio.Reader) (m message, err error) {
	m.head = map[string]string{}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return m, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			if m.first == "" {
				continue // a keep-alive
			}
			break
		}
		if m.first == "" {
			m.first = line
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, known := m.head[name]; !known {
			m.head[name] = strings.TrimSpace(value)
		}
	}
	n, _ := strconv.Atoi(m.head["content-length"])
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	m.body = string(b)
	return m, err
}

// connect opens the connection of a telephone of a member.
func connect(ctx context.Context, s *server, m office.Member, web bool) (*phone, error) {
	p := &phone{Member: m, web: web, answers: make(chan message, 16), calls: make(chan message, 4)}
	if web {
		c, _, err := websocket.Dial(ctx, "ws://"+s.web.String()+"/ws", &websocket.DialOptions{Subprotocols: []string{"sip"}}) //nolint:bodyclose // an upgrade has none
		if err != nil {
			return nil, err
		}
		c.SetReadLimit(64 << 10)
		p.contact = "<sip:" + m.Number.Canonical() + "@" + m.Number.Canonical() + ".invalid;transport=ws>"
		p.send = func(b []byte) error { return c.Write(ctx, websocket.MessageText, b) }
		p.end = func() { _ = c.CloseNow() }
		go p.listen(func() (message, error) {
			_, b, err := c.Read(ctx)
			if err != nil {
				return message{}, err
			}
			return readMessage(bufio.NewReader(strings.NewReader(string(b) + "\r\n")))
		})
		return p, nil
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.sip.String())
	if err != nil {
		return nil, err
	}
	p.contact = "<sip:" + m.Number.Canonical() + "@" + c.LocalAddr().String() + ";transport=tcp>"
	p.send = func(b []byte) error { _, err := c.Write(b); return err }
	p.end = func() { _ = c.Close() }
	r := bufio.NewReader(c)
	go p.listen(func() (message, error) { return readMessage(r) })
	return p, nil
}

// listen sorts what comes, until the connection ends.
func (p *phone) listen(next func() (message, error)) {
	for {
		m, err := next()
		if err != nil {
			close(p.answers)
			close(p.calls)
			return
		}
		switch {
		case m.status() >= 200:
			p.answers <- m
		case m.status() > 0, strings.HasPrefix(m.first, "ACK "):
		case strings.HasPrefix(m.first, "INVITE "):
			p.calls <- m
		default:
			_ = p.reply(&m, "")
		}
	}
}

// reply answers 200.
func (p *phone) reply(m *message, body string) error {
	to := m.head["to"]
	if !strings.Contains(to, ";tag=") {
		to += ";tag=b" + p.Number.Canonical()
	}
	text := "SIP/2.0 200 OK\r\nVia: " + m.head["via"] + "\r\nFrom: " + m.head["from"] + "\r\nTo: " + to + "\r\nCall-ID: " + m.head["call-id"] +
		"\r\nCSeq: " + m.head["cseq"] + "\r\nContact: " + p.contact + "\r\n"
	return p.send([]byte(text + content(body)))
}

func content(body string) string {
	if body == "" {
		return "Content-Length: 0\r\n\r\n"
	}
	return "Content-Type: application/sdp\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// request is one of ours.
type request struct {
	method, uri, to, callID, body string
	cseq                          int
	more                          string
}

func (p *phone) write(r *request, branch string) error {
	via := "TCP"
	if p.web {
		via = "WS"
	}
	return p.send([]byte(r.method + " " + r.uri + " SIP/2.0\r\nVia: SIP/2.0/" + via + " " + p.Number.Canonical() + ".invalid;branch=z9hG4bK" + branch +
		"\r\nMax-Forwards: 70\r\nFrom: <sip:" + p.User + "@" + office.Realm + ">;tag=a" + p.Number.Canonical() + "\r\nTo: " + r.to + "\r\nCall-ID: " + r.callID +
		"\r\nCSeq: " + strconv.Itoa(r.cseq) + " " + r.method + "\r\nContact: " + p.contact + "\r\n" + r.more + content(r.body)))
}

func (p *phone) next() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	return p.n
}

// ask sends a request and returns its final answer; it proves who it is if asked.
func (p *phone) ask(r *request) (message, error) {
	for range 2 {
		r.cseq++
		branch := p.Number.Canonical() + "x" + strconv.Itoa(p.next())
		if err := p.write(r, branch); err != nil {
			return message{}, err
		}
		late := time.NewTimer(patience)
		defer late.Stop()
		select {
		case m, ok := <-p.answers:
			if !ok {
				return m, errors.New("the connection has ended")
			}
			if r.method == "INVITE" {
				ack := request{method: "ACK", uri: r.uri, to: m.head["to"], callID: r.callID, cseq: r.cseq}
				if m.status() < 300 {
					ack.uri, branch = address(m.head["contact"]), branch+"a"
				}
				if err := p.write(&ack, branch); err != nil {
					return m, err
				}
			}
			if s := m.status(); s != 401 && s != 407 {
				return m, nil
			}
			r.more += p.proves(&m, r)
		case <-late.C:
			return message{}, fmt.Errorf("no answer to %s", r.method)
		}
	}
	return message{}, fmt.Errorf("%s: it is not believed", r.method)
}

// address is what stands between angle brackets.
func address(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

// proves answers a challenge (RFC 7616, MD5).
func (p *phone) proves(m *message, r *request) string {
	name, asked := "Authorization", m.head["www-authenticate"]
	if asked == "" {
		name, asked = "Proxy-Authorization", m.head["proxy-authenticate"]
	}
	get := func(key string) string {
		_, v, _ := strings.Cut(asked, key+`="`)
		v, _, _ = strings.Cut(v, `"`)
		return v
	}
	hash := func(s string) string {
		sum := md5.Sum([]byte(s)) //nolint:gosec // see above
		return hex.EncodeToString(sum[:])
	}
	realm, nonce := get("realm"), get("nonce")
	proof := hash(hash(p.User+":"+realm+":"+p.Password) + ":" + nonce + ":00000001:c:auth:" + hash(r.method+":"+r.uri))
	return name + `: Digest username="` + p.User + `",realm="` + realm + `",nonce="` + nonce + `",uri="` + r.uri + `",algorithm=MD5,qop=auth,nc=00000001,cnonce="c",response="` + proof + "\"\r\n"
}

func (p *phone) register() error {
	to := "<sip:" + p.User + "@" + office.Realm + ">"
	m, err := p.ask(&request{method: "REGISTER", uri: "sip:" + office.Realm, to: to, callID: "r" + p.Number.Canonical(), more: "Expires: 3600\r\n"})
	if err == nil && m.status() != 200 {
		err = errors.New(m.first)
	}
	return err
}
