// Package notify sends the house's letters by a mail server (SMTP, RFC 5321).
// A letter is tried with growing delays for five days; what no server took
// stays in the queue with the reason, for the operator to see.
package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/callisto-tel/callisto/business/letter"
)

// Queue is where letters wait.
type Queue interface {
	// Take gives letters that are due, and to nobody else until the lease is over.
	Take(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]letter.Queued, error)
	Sent(ctx context.Context, id string, when time.Time) error
	// Later notes a failure; a zero due gives up.
	Later(ctx context.Context, id string, due time.Time, failure string) error
}

// Papers draws what goes with a letter.
type Papers interface {
	// PDF draws a receipt, an invoice or a credit note by its number.
	PDF(ctx context.Context, number string) (name string, content []byte, err error)
}

// Config is the mail server to use.
type Config struct {
	Host, Port     string
	User, Password string
	From           string // "Callisto <mail@tel.example>"
	TLS            string // starttls, tls (from the first byte) or none
}

// Sender sends letters.
type Sender struct {
	queue  Queue
	papers Papers // nil: nothing is attached
	cfg    Config
	words  words
	from   *netmail.Address
	log    *slog.Logger
	now    func() time.Time
}

// New returns a sender. It dials nobody yet.
func New(queue Queue, papers Papers, cfg Config, log *slog.Logger, now func() time.Time) (*Sender, error) {
	w, err := loadWords()
	if err != nil {
		return nil, fmt.Errorf("the words of the letters: %w", err)
	}
	from, err := netmail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("mail.from: %q is no address like Callisto <mail@tel.example>", cfg.From)
	}
	s := &Sender{queue: queue, papers: papers, cfg: cfg, words: w, from: from, log: log, now: now}
	_, err = s.client()
	return s, err
}

// client is a fresh connection's settings.
func (s *Sender) client() (*mail.Client, error) {
	port, err := strconv.Atoi(s.cfg.Port)
	if err != nil {
		return nil, fmt.Errorf("mail.port: %q is no port", s.cfg.Port)
	}
	opts := []mail.Option{mail.WithPort(port), mail.WithTimeout(20 * time.Second)}
	switch s.cfg.TLS {
	case "tls":
		opts = append(opts, mail.WithSSL())
	case "none":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.cfg.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.cfg.User), mail.WithPassword(s.cfg.Password))
	}
	c, err := mail.NewClient(s.cfg.Host, opts...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return c, nil
}

const (
	lease   = 2 * time.Minute
	atOnce  = 4
	perTurn = 40
)

// Run sends what is due until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := s.Turn(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "the queue of letters cannot be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Turn tries every letter that is due, once.
func (s *Sender) Turn(ctx context.Context) error {
	for {
		list, err := s.queue.Take(ctx, s.now(), lease, perTurn)
		if err != nil || len(list) == 0 {
			return err
		}
		var wg sync.WaitGroup
		slots := make(chan struct{}, atOnce)
		errs := make([]error, len(list))
		for i, x := range list {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				errs[i] = s.try(ctx, x)
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

// try sends one letter and notes what came of it; the error is that of the
// queue.
func (s *Sender) try(ctx context.Context, x letter.Queued) error {
	err := s.send(ctx, x)
	done := context.WithoutCancel(ctx) // what was sent must be noted
	if err == nil {
		return s.queue.Sent(done, x.ID, s.now())
	}
	if ctx.Err() != nil {
		return s.queue.Later(done, x.ID, s.now(), "The node stopped meanwhile.")
	}
	due := x.Next(s.now())
	if refused(err) {
		due = time.Time{}
	}
	s.log.WarnContext(ctx, "a letter could not be sent", "letter", x.ID, "kind", x.Kind, "tries", x.Tries, "given_up", due.IsZero(), "error", err)
	return s.queue.Later(done, x.ID, due, firstLine(err.Error()))
}

// refused reports that no later try can help: the server will never take it, or
// there are no words for it.
func refused(err error) bool {
	if errors.Is(err, errWords) {
		return true
	}
	e, ok := errors.AsType[*mail.SendError](err)
	return ok && !e.IsTemp() && e.ErrorCode() >= 500
}

var errWords = errors.New("the letter cannot be written") // a sentinel, never changed

func (s *Sender) send(ctx context.Context, x letter.Queued) error {
	m, err := s.message(ctx, x)
	if err != nil {
		return err
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return c.DialAndSendWithContext(ctx, m)
}

// message writes a letter. Its Message-ID is always the same, so that one sent
// twice after a crash is seen to be one (RFC 5322 §3.6.4), and it says that no
// person wrote it, so that no absence note comes back (RFC 3834 §5).
func (s *Sender) message(ctx context.Context, x letter.Queued) (*mail.Msg, error) {
	w, err := s.words.write(x.Letter)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errWords, err)
	}
	m := mail.NewMsg()
	m.FromMailAddress(s.from)
	if err := m.To(x.To); err != nil {
		return nil, fmt.Errorf("%w: %w", errWords, err)
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	m.SetMessageIDWithValue(x.ID + "@" + domain)
	m.SetDateWithValue(s.now())
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.Subject(w.Subject)
	m.SetBodyString(mail.TypeTextPlain, w.Text)
	m.AddAlternativeString(mail.TypeTextHTML, w.HTML)
	if number := x.Fields[letter.Paper]; number != "" && s.papers != nil {
		name, content, err := s.papers.PDF(ctx, number)
		if err != nil {
			return nil, fmt.Errorf("the paper %s: %w", number, err)
		}
		if err := m.AttachReader(name, bytes.NewReader(content), mail.WithFileContentType("application/pdf")); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "")
	}
	return s
}
