// Package publish is what the holder of a number lets everybody see of it
// (C8): a name, a web site, an e-mail address or only a form to write by, and
// a few words. A number that publishes nothing is as if it were nobody's.
package publish

import (
	"context"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
)

// Card is what is published of a number.
type Card struct {
	Name  string `json:"name,omitempty"`
	Web   string `json:"web,omitempty"`   // https://…
	Email string `json:"email,omitempty"` // shown to everybody
	Form  bool   `json:"form,omitempty"`  // who has no address of his may write by a form
	Text  string `json:"text,omitempty"`
	// Unlisted keeps the number out of what other telephone systems look up
	// (ENUM). It is kept with the membership: every call asks for it.
	Unlisted bool `json:"-"`
}

// Empty reports whether nothing is published.
func (c Card) Empty() bool { return c == Card{Unlisted: c.Unlisted} }

// Store keeps the cards.
type Store interface {
	Card(ctx context.Context, membership string) (Card, error)
	SetCard(ctx context.Context, membership string, c Card) error
	Post(ctx context.Context, l letter.Letter) error
}

// Members tells whose lines are whose.
type Members interface {
	Membership(ctx context.Context, by member.Actor, id string) (member.Membership, error)
	Account(ctx context.Context, by member.Actor, id string) (member.Account, error)
	// MayOrder says what keeps an account from more than looking: an address
	// that is not confirmed.
	MayOrder(ctx context.Context, account string) error
}

// Publisher is told of a number whose holder lists it, or does so no more.
type Publisher interface {
	Registered(ctx context.Context, m member.Membership) error
}

// Service publishes.
type Service struct {
	store   Store
	members Members
	publish Publisher
	now     func() time.Time
	mu      sync.Mutex
	wrote   map[string][]time.Time // who wrote when, and to whom
}

// New returns the service.
func New(store Store, members Members, publish Publisher, now func() time.Time) *Service {
	return &Service{store: store, members: members, publish: publish, now: now, wrote: map[string][]time.Time{}}
}

// Mine is what a member's number publishes.
func (s *Service) Mine(ctx context.Context, by member.Actor, membership string) (Card, error) {
	if _, err := s.members.Membership(ctx, by, membership); err != nil {
		return Card{}, err
	}
	return s.card(ctx, membership)
}

// card is what was stored, with hosts as they are now shown.
func (s *Service) card(ctx context.Context, membership string) (Card, error) {
	c, err := s.store.Card(ctx, membership)
	if web, ok := site(c.Web); ok {
		c.Web = web
	}
	c.Email, _ = mailbox(c.Email)
	return c, err
}

// Set changes it.
func (s *Service) Set(ctx context.Context, by member.Actor, membership string, c Card) (Card, error) {
	m, err := s.members.Membership(ctx, by, membership)
	if err != nil {
		return Card{}, err
	}
	var wrong []fault.Field
	bad := func(field, text string) { wrong = append(wrong, fault.Field{Name: field, Text: text}) }
	c.Name, c.Text = strings.TrimSpace(c.Name), strings.TrimSpace(strings.ReplaceAll(c.Text, "\r\n", "\n"))
	if utf8.RuneCountInString(c.Name) > 100 || !plain(c.Name, false) {
		bad("name", "Use at most 100 letters.")
	}
	if utf8.RuneCountInString(c.Text) > 1000 || !plain(c.Text, true) {
		bad("text", "Use at most 1000 letters.")
	}
	var ok bool
	if c.Web, ok = site(c.Web); !ok {
		bad("web", "Write the address of a web site, as in https://www.example.com.")
	}
	if c.Email = strings.TrimSpace(c.Email); c.Email != "" {
		if a, err := mail.ParseAddress(c.Email); err != nil || a.Name != "" || len(c.Email) > 254 || strings.ContainsAny(a.Address, " \"<>(),:;!\\[]?&%") {
			bad("email", "Write an e-mail address, as in ann@example.com.")
		} else {
			if c.Email, ok = mailbox(a.Address); !ok {
				bad("email", "Write an e-mail address, as in ann@example.com.")
			}
		}
	}
	if c.Form {
		if err := s.members.MayOrder(ctx, m.Account); err != nil { // strangers would write to somebody who never asked for it
			bad("form", fault.ReasonOf(err).Text)
		}
	}
	if len(wrong) > 0 {
		return c, fault.Fields(wrong...)
	}
	if err := s.store.SetCard(ctx, membership, c); err != nil || c.Unlisted == m.Unlisted {
		return c, err
	}
	if m, err = s.members.Membership(ctx, by, membership); err != nil {
		return c, err
	}
	return c, s.publish.Registered(ctx, m)
}

// plain reports a text that shows as it is.
func plain(s string, lines bool) bool {
	for _, r := range s {
		if unicode.IsControl(r) && (!lines || r != '\n') || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// host is a name as it is shown and linked: in A-labels (RFC 5890), since letters
// of two scripts look alike, and a reader would take it for another's.
func host(name string) (string, bool) {
	if strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) < 0 {
		return name, true
	}
	name, err := idna.Lookup.ToASCII(name)
	return name, err == nil
}

// mailbox is an e-mail address with its host as it is shown.
func mailbox(s string) (string, bool) {
	user, name, has := strings.Cut(s, "@")
	if !has {
		return s, false
	}
	name, ok := host(name)
	if !ok {
		return s, false
	}
	return user + "@" + name, true
}

// site reads the address of a web site: http or https, a name with a dot, and
// nothing that hides where it leads.
func site(s string) (string, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return "", true
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || len(s) > 300 || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !strings.Contains(u.Hostname(), ".") || strings.ContainsAny(s, " !\"<>\\") || !plain(s, false) {
		return s, false
	}
	name, ok := host(u.Hostname())
	if !ok {
		return s, false
	}
	if u.Port() != "" {
		name += ":" + u.Port()
	}
	if !strings.HasPrefix(u.Host, "[") {
		u.Host = name
	}
	return u.String(), true
}

// Of is what a membership publishes, for everybody: no form as long as it is not
// known whose address its letters would go to.
func (s *Service) Of(ctx context.Context, membership string) (Card, error) {
	if membership == "" {
		return Card{}, nil
	}
	c, err := s.card(ctx, membership)
	if err != nil || !c.Form {
		return c, err
	}
	if _, _, err = s.holder(ctx, membership); err != nil && fault.KindOf(err) != fault.Internal {
		c.Form, err = false, nil
	}
	return c, err
}

// holder finds who reads what is written to a number. Letters go to the account's
// confirmed address, never to the one a number was registered with: that one
// nobody has proved.
func (s *Service) holder(ctx context.Context, membership string) (member.Membership, member.Account, error) {
	m, err := s.members.Membership(ctx, member.System(), membership)
	if err != nil {
		return m, member.Account{}, err
	}
	if err := s.members.MayOrder(ctx, m.Account); err != nil {
		return m, member.Account{}, err
	}
	a, err := s.members.Account(ctx, member.System(), m.Account)
	if err == nil && a.Email == "" {
		err = fault.New(fault.Unknown, "nothing_published", "There is nothing to see of this number.")
	}
	return m, a, err
}

// Directory finds whose a number is.
type Directory interface {
	Twin(e164 string) (routing.Holder, bool)
	Typed(canonical string) (routing.Holder, bool)
	Line(e164 string) (routing.Line, bool)
}

// Lookup is what numbers publish, by their + forms.
type Lookup struct {
	Cards   *Service
	Numbers Directory
}

// Published is the web site and the e-mail address of a number, by its + form
// without the plus; that of a world number or of a telephone number it rents.
func (l Lookup) Published(e164 string) (web, email string) {
	h, ok := l.Numbers.Twin(e164)
	if !ok {
		line, found := l.Numbers.Line(e164)
		if !found || line.Number.Zero() {
			return "", ""
		}
		if h, ok = l.Numbers.Typed(line.Number.Canonical()); !ok {
			return "", ""
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := l.Cards.Of(ctx, h.Membership)
	if err != nil {
		return "", ""
	}
	return c.Web, c.Email
}

// Message is what a visitor writes to the holder of a number.
type Message struct {
	From, Text string
	Source     string // the visitor's address, shortened to its network
	Trap       string // a field no person sees
}

const (
	mostBySource = 5  // an hour
	mostByNumber = 20 // an hour
)

// Write sends a letter to the holder, whose address the visitor does not learn.
func (s *Service) Write(ctx context.Context, membership string, m Message) error {
	c, err := s.Of(ctx, membership)
	if err != nil {
		return err
	}
	if !c.Form {
		return fault.New(fault.Unknown, "nothing_published", "There is nothing to see of this number.")
	}
	var wrong []fault.Field
	from, err := mail.ParseAddress(strings.TrimSpace(m.From))
	if err != nil || len(m.From) > 254 || !plain(m.From, false) {
		wrong = append(wrong, fault.Field{Name: "from", Text: "Write an e-mail address, as in ann@example.com."})
	}
	text := strings.TrimSpace(strings.ReplaceAll(m.Text, "\r\n", "\n"))
	if text == "" || utf8.RuneCountInString(text) > 4000 || !plain(text, true) {
		wrong = append(wrong, fault.Field{Name: "text", Text: "Write a message of at most 4000 letters."})
	}
	if len(wrong) > 0 {
		return fault.Fields(wrong...)
	}
	if m.Trap != "" {
		return nil // a program filled in what no person sees: it learns nothing
	}
	if !s.may("from "+m.Source, mostBySource) || !s.may("to "+membership, mostByNumber) {
		return fault.New(fault.Limited, "too_many_messages", "Too many messages were sent within an hour. Try again later.")
	}
	holder, reader, err := s.holder(ctx, membership)
	if err != nil {
		return err
	}
	language := "en"
	if len(holder.Languages) > 0 {
		language = holder.Languages[0]
	}
	return s.store.Post(ctx, letter.Letter{
		Key: ident.New("msg", s.now()), Account: holder.Account, To: reader.Email, Language: language, Kind: "message",
		Fields: map[string]string{"number": holder.Number.Display(), "from": from.Address, "text": text},
	})
}

// may counts, and reports whether it was not too often within an hour.
func (s *Service) may(key string, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.now().Add(-time.Hour)
	if len(s.wrote) > 10_000 {
		for k, list := range s.wrote {
			if list[len(list)-1].Before(since) {
				delete(s.wrote, k)
			}
		}
	}
	var recent []time.Time
	for _, at := range s.wrote[key] {
		if at.After(since) {
			recent = append(recent, at)
		}
	}
	if len(recent) >= most {
		return false
	}
	s.wrote[key] = append(recent, s.now())
	return true
}

// Address is how a number stands in the address of its page: * for #.
func Address(n numbering.Number) string { return strings.ReplaceAll(n.Canonical(), "#", "*") }
