package notify

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/platform/notify/sink"
)

// queue is a queue of one turn that remembers what was noted.
type queue struct {
	mu    sync.Mutex
	todo  []letter.Queued
	sent  map[string]time.Time
	later map[string]time.Time
	why   map[string]string
}

func (q *queue) Take(context.Context, time.Time, time.Duration, int) ([]letter.Queued, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.todo
	q.todo = nil
	return out, nil
}

func (q *queue) Sent(_ context.Context, id string, when time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent[id] = when
	return nil
}

func (q *queue) Later(_ context.Context, id string, due time.Time, failure string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.later[id], q.why[id] = due, failure
	return nil
}

func queueOf(list ...letter.Queued) *queue {
	return &queue{todo: list, sent: map[string]time.Time{}, later: map[string]time.Time{}, why: map[string]string{}}
}

type papers struct{}

func (papers) PDF(_ context.Context, number string) (string, []byte, error) {
	return number + ".pdf", []byte("%PDF-1.7 " + number), nil
}

func sender(t *testing.T, q Queue, addr string) *Sender {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(q, papers{}, Config{Host: host, Port: port, From: "Callisto <mail@callisto.example>", TLS: "none"}, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func one(id, kind string, fields map[string]string) letter.Queued {
	return letter.Queued{ID: id, Created: time.Now(), Tries: 1, Letter: letter.Letter{To: "ann@example.com", Kind: kind, Language: "xx-YY", Fields: fields}}
}

func TestALetterArrivesWithItsPaper(t *testing.T) {
	s, err := sink.Open(t.Context(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := queueOf(
		one("let_1", "receipt", map[string]string{"number": "2 555 1234 82", "amount": "5.00 USD", "paper": "2026-000001", "link": "http://127.0.0.1/orders/ord_1?a=1&b=2"}),
		one("let_2", "order_rejected", map[string]string{"number": "<b>1</b>\r\nBcc: eve@example.com", "reason": "{link} was taken — 이미", "link": "http://x.example/"}),
		one("let_3", "no_such_kind", nil))
	if err := sender(t, q, s.Addr()).Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(q.sent) != 2 {
		t.Fatalf("sent %v, later %v", q.sent, q.why)
	}
	if due, failed := q.later["let_3"]; !failed || !due.IsZero() || !strings.Contains(q.why["let_3"], "cannot be written") {
		t.Errorf("a letter without words: %v %q", due, q.why["let_3"])
	}
	for _, m := range s.Mails("ann@example.com") {
		raw := string(m.Raw)
		if strings.Contains(m.Subject, "receipt") {
			if len(m.Attachments) != 1 || m.Attachments[0].Name != "2026-000001.pdf" || m.Attachments[0].Type != "application/pdf" || string(m.Attachments[0].Content) != "%PDF-1.7 2026-000001" {
				t.Errorf("attached: %+v", m.Attachments)
			}
			if !strings.Contains(m.Text, "You paid $5.00 for 2 555 1234 82") || !strings.Contains(m.Text, "\nhttp://127.0.0.1/orders/ord_1?a=1&b=2\n") {
				t.Errorf("text: %s", m.Text)
			}
			if !strings.Contains(m.HTML, `<a href="http://127.0.0.1/orders/ord_1?a=1&amp;b=2">`) {
				t.Errorf("html: %s", m.HTML)
			}
			if !strings.Contains(raw, "Message-ID: <let_1@callisto.example>") || !strings.Contains(raw, "Auto-Submitted: auto-generated") {
				t.Errorf("heads: %s", raw)
			}
			continue
		}
		if head, _, _ := strings.Cut(raw, "\n\n"); strings.Contains(head, "\nBcc:") || strings.Contains(m.HTML, "<b>") || !strings.Contains(m.Text, "{link} was taken — 이미") {
			t.Errorf("a field broke out: %s", raw)
		}
	}
}

// TestEveryKindHasWords and only fields that its senders promise.
func TestEveryKindHasWords(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for key := range w.texts["en"] {
		kind, part, _ := strings.Cut(key, ".")
		if kind == "frame" || kind == "say" {
			continue
		}
		if other := map[string]string{"subject": "body", "body": "subject"}[part]; w.texts["en"][kind+"."+other] == "" {
			t.Errorf("%s has no %s", kind, other)
		}
	}
	for lang, texts := range w.texts { // a translation may lack keys, but not make up any
		for key := range texts {
			if w.texts["en"][key] == "" {
				t.Errorf("%s has %s, which English has not", lang, key)
			}
		}
	}
}

// server is a mail server that answers RCPT as told.
func server(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "220 hello\r\n")
			for lines := bufio.NewScanner(c); lines.Scan(); {
				switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
				case "RCPT":
					fmt.Fprint(c, answer+"\r\n")
				case "QUIT":
					fmt.Fprint(c, "221 bye\r\n")
				default:
					fmt.Fprint(c, "250 ok\r\n")
				}
			}
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func TestWhatCannotBeSentIsTriedLaterOrGivenUp(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]struct {
		addr, want string
		again      bool
	}{
		"nobody there": {closed.Addr().String(), "refused", true},
		"greylisted":   {server(t, "451 try later"), "451", true},
		"no such user": {server(t, "550 no such user"), "550", false},
	} {
		q := queueOf(one("let_1", "email_changed", nil))
		if err := sender(t, q, c.addr).Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if due, noted := q.later["let_1"]; !noted || due.IsZero() == c.again || !strings.Contains(q.why["let_1"], c.want) {
			t.Errorf("%s: noted %v, again at %v, because %q", name, noted, due, q.why["let_1"])
		}
	}
}

// TestASentenceOfOursIsInTheLettersLanguage: what the house fills in is not
// left in English.
func TestASentenceOfOursIsInTheLettersLanguage(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	x, err := w.write(letter.Letter{Kind: "credit_note", Language: "de", Fields: map[string]string{"way": "The money is in your wallet", "number": "7", "amount": "5", "paper": "p", "link": "l"}})
	if err != nil || !strings.Contains(x.Text, "Guthaben") || strings.Contains(x.Text, "wallet") {
		t.Errorf("%v %s", err, x.Text)
	}
}

// TestMoneyAndNumbersReadAsTheLanguageDoes: money as on the pages, and among
// Arabic a number keeps its order.
func TestMoneyAndNumbersReadAsTheLanguageDoes(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{"number": "2 555 1234 82", "amount": "1220.50 EUR", "paper": "2026-000001", "link": "https://tel.example/orders/1"}
	for lang, want := range map[string][]string{
		"de": {"1.220,50\u00a0€", " 2 555 1234 82 "}, "en": {"€1,220.50"}, "ko": {"€1,220.50"},
		"ar": {"\u2068" + "1,220.50\u00a0€" + "\u2069", "\u2068" + "2 555 1234 82" + "\u2069", "\n\nhttps://tel.example/orders/1\n"},
	} {
		x, err := w.write(letter.Letter{Kind: "receipt", Language: lang, Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range want {
			if !strings.Contains(x.Text, s) {
				t.Errorf("%s lacks %q:\n%s", lang, s, x.Text)
			}
		}
		if strings.Contains(x.HTML, "<bdi>2 555 1234 82</bdi>") != (lang == "ar") || !strings.Contains(x.HTML, `href="https://tel.example/orders/1"`) {
			t.Errorf("%s:\n%s", lang, x.HTML)
		}
	}
}

func TestDaysAreWrittenAsTheReaderDoes(t *testing.T) {
	for _, c := range []struct{ lang, field, want string }{
		{"en", "2 January 2027", "2 January 2027"}, {"ko", "2 January 2027", "2027-01-02"}, {"ar", "31 December 2026", "2026-12-31"},
		{"de", "Version 1.2", "Version 1.2"}, {"de", "http://a.example", "http://a.example"}, {"es", "", ""},
	} {
		if got := local(c.lang, c.field); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.lang, c.field, got, c.want)
		}
	}
}
