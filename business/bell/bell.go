// Package bell is how a member who has no telephone open learns of calls: closed
// browsers are woken by the push service of their maker while a call rings, and of
// missed calls he is told by push, by letter, or not, as he chose for each number.
package bell

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Most is how many browsers of an account ring when they are closed.
const Most = 10

// WakeFor is how long a call waits for what was woken: as long as a browser takes
// to be opened, with a person who has to look for it.
const WakeFor = 20 * time.Second

// Subscription is where a browser is reached that is closed (W3C Push API).
type Subscription struct {
	Endpoint, P256DH, Auth string
}

// Browser is one that rings when it is closed.
type Browser struct {
	ID      string
	Account string
	Session string
	Subscription
	Instance string // how it registers when it is open (RFC 5626 +sip.instance)
	Name     string // as it calls itself
	Created  time.Time
}

// Sleeper is the browser phone of a number that rings though no browser is open.
type Sleeper struct {
	Account    string
	Membership string
	Device     string
	Number     numbering.Number
}

// Choice is how the holder of a number learns of its missed calls.
type Choice struct{ Push, Mail bool }

// Usual is the choice of who made none.
func Usual() Choice { return Choice{Push: true} }

// Missed is a call that was missed.
type Missed struct {
	Call       string
	Account    string
	Membership string
	Number     numbering.Number // that was called
	Caller     string           // as people write it; "" if that is withheld
	Start, End time.Time
}

// Person is who is told.
type Person struct {
	Account, Email, Language, TimeZone string
}

// Push is one message that is due.
type Push struct {
	Missed
	Person
	Browser Browser
	Tries   int
}

// Digest is what one letter tells.
type Digest struct {
	Person
	Calls []Missed
}

// Store keeps browsers and choices.
type Store interface {
	// PutBrowser keeps one, by its endpoint; false if the account has as many others as it may.
	PutBrowser(ctx context.Context, b Browser, most int, now time.Time) (bool, error)
	// DropBrowser forgets one of an account: by its id, or by its endpoint.
	DropBrowser(ctx context.Context, account, id, endpoint string) (bool, error)
	// Browsers are those whose session lives.
	Browsers(ctx context.Context, account string, now time.Time) ([]Browser, error)
	// Sleeping are the browser phones of all accounts that have some.
	Sleeping(ctx context.Context, now time.Time) ([]Sleeper, error)
	Choice(ctx context.Context, membership string) (c Choice, found bool, err error)
	SetChoice(ctx context.Context, membership string, c Choice) error
	Person(ctx context.Context, account string) (Person, bool, error)
}

// Queue keeps what is still to be told of missed calls. They are put there in the
// transaction of their records.
type Queue interface {
	// TakePushes gives what is due, and to nobody else until the lease is over.
	TakePushes(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Push, error)
	PushDone(ctx context.Context, p Push) error
	PushLater(ctx context.Context, p Push, due time.Time) error
	// Digests are the calls to be told by letter, of accounts whose last one was
	// before since.
	Digests(ctx context.Context, since time.Time, limit int) ([]Digest, error)
	// PostDigest queues the letter and notes its calls as told, at once; if another
	// told one of them meanwhile, it does neither.
	PostDigest(ctx context.Context, d Digest, l letter.Letter, now time.Time) error
	// SweepMissed forgets calls from before.
	SweepMissed(ctx context.Context, before time.Time) error
}

// Outcome is what came of a message: all zero, it was taken.
type Outcome struct {
	Gone  bool          // there is no such subscription any more
	Later bool          // it may be tried again
	After time.Duration // when the service wants it; 0: it did not say
	Err   error
}

// Pusher sends to browsers.
type Pusher interface {
	// Public is the key that subscriptions are made for.
	Public() string
	Check(s Subscription) error
	Send(ctx context.Context, s Subscription, payload []byte, ttl time.Duration, topic string) Outcome
}

// Words puts what we say into somebody's language.
type Words interface {
	Short(l letter.Letter) (title, body string, err error)
}

// Lines finds whose a number is, and its telephones.
type Lines interface {
	Membership(ctx context.Context, by member.Actor, id string) (member.Membership, error)
	Devices(ctx context.Context, by member.Actor, membership string) ([]member.Device, error)
}

// Config describes a Service.
type Config struct {
	Store  Store
	Queue  Queue
	Looks  Looks
	Pusher Pusher
	Words  Words
	Lines  Lines
	// Contacts are whom an account calls; a caller is named by them.
	Contacts func(ctx context.Context, account string) ([]contact.Contact, error)
	// Open reports whether a browser is registered now for a number, by its instance.
	Open func(n numbering.Number, instance string) bool
	// At are the registrations of a device to which there is a way.
	At func(device string) []location.Binding
	// ToUnproved: calls are sent on to telephones that nobody has proved, too.
	ToUnproved bool
	// Priced reports whether a call of an account to a number has a price: only then
	// is it made.
	Priced func(account string, n numbering.Number, to string) bool
	// Seen is told when an account has looked at its missed calls.
	Seen func(account string)
	Link func(path string) string
	Log  *slog.Logger
	Now  func() time.Time
}

// Service rings and tells.
type Service struct {
	cfg     Config
	asleep  atomic.Pointer[map[string]Sleeper] // by number
	ctx     context.Context                    //nolint:containedctx // the lifetime of what is sent while calls ring
	stop    context.CancelFunc
	sending sync.WaitGroup
	slots   chan struct{}

	mu     sync.Mutex
	closed bool
	woken  map[string]*woken // by call and number
	busy   map[string]int    // what is being sent for whom
}

// atOnce is how many calls are being told of at the same time, mostEach how many of
// one account or number, so that nobody takes all.
const (
	atOnce   = 256
	mostEach = 8
)

// New returns a Service.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, slots: make(chan struct{}, atOnce), woken: map[string]*woken{}, busy: map[string]int{}}
	s.asleep.Store(&map[string]Sleeper{})
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Close waits for what is being sent.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.sending.Wait()
}

// Refresh reads anew who has browsers to wake.
func (s *Service) Refresh(ctx context.Context) error {
	list, err := s.cfg.Store.Sleeping(ctx, s.cfg.Now())
	if err != nil {
		return err
	}
	m := make(map[string]Sleeper, len(list))
	for _, x := range list {
		m[x.Number.Canonical()] = x
	}
	s.asleep.Store(&m)
	return nil
}

// Asleep is what can be woken for a number, in canonical form. It never blocks.
func (s *Service) Asleep(canonical string) (Sleeper, bool) {
	x, ok := (*s.asleep.Load())[canonical]
	return x, ok
}

// Key is what a browser subscribes with.
func (s *Service) Key() string { return s.cfg.Pusher.Public() }

// Ring has the browser of a session ring when it is closed.
func (s *Service) Ring(ctx context.Context, by member.Actor, sub Subscription, instance, name string) error {
	if by.Session == "" {
		return fault.New(fault.Invalid, "push_session", "A browser rings for whoever is signed in there. Sign in in the browser, and switch it on there.")
	}
	if err := s.cfg.Pusher.Check(sub); err != nil {
		return fault.New(fault.Invalid, "push_endpoint", "This browser's push service is at an address that nothing is sent to from here. Try another browser.")
	}
	now := s.cfg.Now()
	b := Browser{ID: ident.New("brw", now), Account: by.Account, Session: by.Session, Subscription: sub, Instance: clip(instance, 100), Name: clip(name, 200), Created: now}
	ok, err := s.cfg.Store.PutBrowser(ctx, b, Most, now)
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "push_full", "As many browsers ring for you as may when they are closed. Remove one of them first.")
	}
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// clip shortens what a browser says of itself.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// Hush has a browser ring no more when it is closed, by its address.
func (s *Service) Hush(ctx context.Context, by member.Actor, endpoint string) error {
	if _, err := s.cfg.Store.DropBrowser(ctx, by.Account, "", endpoint); err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// Remove is the same by its id.
func (s *Service) Remove(ctx context.Context, by member.Actor, id string) error {
	ok, err := s.cfg.Store.DropBrowser(ctx, by.Account, id, "")
	if err == nil && !ok {
		err = fault.New(fault.Unknown, "no_browser", "There is no such browser.")
	}
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// Browsers lists those of an account that ring when they are closed.
func (s *Service) Browsers(ctx context.Context, by member.Actor) ([]Browser, error) {
	return s.cfg.Store.Browsers(ctx, by.Account, s.cfg.Now())
}

// Choice is how the holder of a number learns of its missed calls.
func (s *Service) Choice(ctx context.Context, by member.Actor, membership string) (Choice, error) {
	if _, err := s.cfg.Lines.Membership(ctx, by, membership); err != nil {
		return Choice{}, err
	}
	return s.choice(ctx, membership)
}

func (s *Service) choice(ctx context.Context, membership string) (Choice, error) {
	c, found, err := s.cfg.Store.Choice(ctx, membership)
	if err == nil && !found {
		c = Usual()
	}
	return c, err
}

// Choose changes it.
func (s *Service) Choose(ctx context.Context, by member.Actor, membership string, c Choice) error {
	if _, err := s.cfg.Lines.Membership(ctx, by, membership); err != nil {
		return err
	}
	return s.cfg.Store.SetChoice(ctx, membership, c)
}
