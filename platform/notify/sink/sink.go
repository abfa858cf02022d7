// Package sink is a mail server (SMTP, RFC 5321) that delivers nowhere: it takes
// every letter on a loopback port and keeps the newest in memory, for
// `callisto dev` and tests to look at. It never sends anything on.
package sink

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mail is a letter that came.
type Mail struct {
	ID          string
	From, To    string
	Subject     string
	At          time.Time
	Text        string
	HTML        string
	Attachments []Attachment
	Raw         []byte
}

// Attachment is what came with it.
type Attachment struct {
	Name, Type string
	Content    []byte
}

// Sink is the server.
type Sink struct {
	listener net.Listener
	now      func() time.Time
	mu       sync.Mutex
	mails    []Mail // oldest first
	count    int
	conns    map[net.Conn]struct{}
	wg       sync.WaitGroup
}

const (
	keep     = 500
	mostMail = 10 << 20
	patience = time.Minute
)

// Open listens on a free port of this machine only.
func Open(ctx context.Context, now func() time.Time) (*Sink, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the mail sink: %w", err)
	}
	s := &Sink{listener: l, now: now, conns: map[net.Conn]struct{}{}}
	s.wg.Go(s.serve)
	return s, nil
}

// Addr is where it listens.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Close stops it.
func (s *Sink) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// Mails are the letters that came, newest first; with an address, only those to it.
func (s *Sink) Mails(to string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Mail
	for _, m := range slices.Backward(s.mails) {
		if to == "" || strings.EqualFold(to, m.To) {
			out = append(out, m)
		}
	}
	return out
}

// Mail finds one.
func (s *Sink) Mail(id string) (Mail, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.mails, func(m Mail) bool { return m.ID == id })
	if i < 0 {
		return Mail{}, false
	}
	return s.mails[i], true
}

func (s *Sink) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			s.talk(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// talk is one session (RFC 5321 §4.1).
func (s *Sink) talk(c net.Conn) {
	in := textproto.NewReader(bufio.NewReaderSize(io.LimitReader(c, 4*mostMail), 4096))
	say := func(text string) { _, _ = io.WriteString(c, text+"\r\n") }
	say("220 callisto mail sink")
	var from string
	var to []string
	for {
		if c.SetDeadline(time.Now().Add(patience)) != nil {
			return
		}
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-callisto\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE " + fmt.Sprint(mostMail))
		case "HELO", "NOOP":
			say("250 callisto")
		case "RSET":
			from, to = "", nil
			say("250 forgotten")
		case "MAIL":
			from = path(rest, "FROM:")
			say("250 go on")
		case "RCPT":
			to = append(to, path(rest, "TO:"))
			say("250 go on")
		case "DATA":
			if len(to) == 0 {
				say("503 to whom? RCPT first")
				continue
			}
			say("354 end with a dot")
			raw, err := io.ReadAll(io.LimitReader(in.DotReader(), mostMail))
			if err != nil {
				return
			}
			for _, x := range to {
				s.take(from, x, raw)
			}
			from, to = "", nil
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 not here")
		}
	}
}

// path is the address of MAIL FROM:<…> and RCPT TO:<…>.
func path(rest, keyword string) string {
	if len(rest) < len(keyword) || !strings.EqualFold(rest[:len(keyword)], keyword) {
		return ""
	}
	_, rest, _ = strings.Cut(rest, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

func (s *Sink) take(from, to string, raw []byte) {
	m := Mail{From: from, To: to, At: s.now(), Raw: raw}
	if err := m.parse(); err != nil {
		m.Text = "This letter cannot be read: " + err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	m.ID = fmt.Sprint(s.count)
	if s.mails = append(s.mails, m); len(s.mails) > keep {
		s.mails = slices.Delete(s.mails, 0, 1)
	}
}

func (m *Mail) parse() error {
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return err
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return err
	}
	return m.part(textproto.MIMEHeader(msg.Header), msg.Body)
}

// part reads one part of a letter, and the parts within (RFC 2045, RFC 2046).
func (m *Mail) part(h textproto.MIMEHeader, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.part(p.Header, p); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	how, named, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	switch {
	case how == "attachment":
		m.Attachments = append(m.Attachments, Attachment{Name: named["filename"], Type: kind, Content: content})
	case kind == "text/html":
		m.HTML += string(content)
	default:
		m.Text += strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	return nil
}
