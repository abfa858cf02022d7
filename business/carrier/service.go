package carrier

import (
	"context"
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Config is what the service needs.
type Config struct {
	Plans   *numbering.Plans
	Centers func() *center.Directory
	Trunks  Trunks
	Tester  Tester
	// Fixed are carriers that are not stored and not changed: the test carrier
	// of dev. They come after the others.
	Fixed []Carrier
	Now   func() time.Time
}

// Service keeps the carriers. Only the operator may see and change them.
type Service struct {
	store Store
	safe  Safe
	cfg   Config

	mu   sync.Mutex // over a change and what is told of it
	list []Carrier  // replaced whole
}

// New returns a service that knows no carrier before Load.
func New(store Store, safe Safe, cfg Config) *Service {
	return &Service{store: store, safe: safe, cfg: cfg}
}

// Load reads the carriers into memory and tells the trunks.
func (s *Service) Load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(ctx)
}

func (s *Service) load(ctx context.Context) error {
	sealed, err := s.store.Carriers(ctx)
	if err != nil {
		return err
	}
	list := make([]Carrier, 0, len(sealed))
	for _, x := range sealed {
		c := x.Carrier
		if c.Password != "" {
			if c.Password, err = s.unsealed(c); err != nil {
				return fault.Wrap(fault.Internal, "carrier_sealed", "The password of the carrier "+c.Name+" cannot be read with the key of this folder. Bring the key back, or enter the password anew.", err)
			}
		}
		list = append(list, c)
	}
	list = append(list, s.cfg.Fixed...)
	s.list = list
	s.cfg.Trunks.SetCarriers(list)
	return nil
}

// Fix adds a carrier that is not stored: that of a center which dev opens.
func (s *Service) Fix(ctx context.Context, c Carrier) error {
	s.mu.Lock()
	s.cfg.Fixed = append(s.cfg.Fixed, c)
	s.mu.Unlock()
	return s.Load(ctx)
}

func purpose(id string) string { return "password of carrier " + id }

func (s *Service) unsealed(c Carrier) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(c.Password)
	if err != nil {
		return "", err
	}
	plain, err := s.safe.Open(raw, purpose(c.ID))
	return string(plain), err
}

// Input is what an operator says of a carrier. In a change, a nil Password keeps
// the one there is.
type Input struct {
	Center    center.ID
	Name      string
	Host      string
	Transport Transport
	User      string
	Password  *string
	Realm     string
	Presents  string
	Format    Format
	Assert    bool
}

func operatorOnly(by member.Actor) error {
	if by.Role != member.Operator {
		return fault.New(fault.Forbidden, "operator_only", "Only the operator sees and changes carriers.")
	}
	return nil
}

// Carriers lists them, oldest first. Passwords are not in it.
func (s *Service) Carriers(_ context.Context, by member.Actor) ([]Carrier, error) {
	if err := operatorOnly(by); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.list)
	for i := range list {
		list[i] = list[i].shown()
	}
	return list, nil
}

// shown leaves the password out.
func (c Carrier) shown() Carrier {
	if c.Password != "" {
		c.Password = "…"
	}
	return c
}

// Secret reports whether a password is kept.
func (c *Carrier) Secret() bool { return c.Password != "" }

// Add makes a carrier.
func (s *Service) Add(ctx context.Context, by member.Actor, in Input) (Carrier, error) {
	if err := operatorOnly(by); err != nil {
		return Carrier{}, err
	}
	now := s.cfg.Now()
	c := Carrier{ID: ident.New("car", now), Created: now.UTC().Truncate(time.Microsecond)}
	return s.save(ctx, c, in, func(x Sealed) (bool, error) { return true, s.store.InsertCarrier(ctx, x) })
}

// Change changes one.
func (s *Service) Change(ctx context.Context, by member.Actor, id string, in Input) (Carrier, error) {
	if err := operatorOnly(by); err != nil {
		return Carrier{}, err
	}
	c, ok := s.Get(id)
	if !ok {
		return Carrier{}, unknown(id)
	}
	if s.fixed(id) {
		return Carrier{}, fixed(c)
	}
	return s.save(ctx, c, in, func(x Sealed) (bool, error) { return s.store.ChangeCarrier(ctx, x) })
}

func (s *Service) save(ctx context.Context, c Carrier, in Input, write func(Sealed) (bool, error)) (Carrier, error) {
	if err := s.fill(&c, in); err != nil {
		return Carrier{}, err
	}
	x := Sealed{c}
	if c.Password != "" {
		x.Password = base64.StdEncoding.EncodeToString(s.safe.Seal([]byte(c.Password), purpose(c.ID)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := write(x)
	if err != nil {
		return Carrier{}, err
	}
	if !found {
		return Carrier{}, unknown(c.ID)
	}
	return c.shown(), s.load(ctx)
}

func (s *Service) fixed(id string) bool {
	return slices.ContainsFunc(s.cfg.Fixed, func(c Carrier) bool { return c.ID == id })
}

func fixed(c Carrier) error {
	return fault.New(fault.Conflict, "carrier_fixed", "%s comes with dev and cannot be changed. Add a carrier of your own beside it: it is used first.", c.Name)
}

// Remove ends a carrier. Calls under way go on.
func (s *Service) Remove(ctx context.Context, by member.Actor, id string) error {
	if err := operatorOnly(by); err != nil {
		return err
	}
	if c, ok := s.Get(id); ok && s.fixed(id) {
		return fixed(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.store.RemoveCarrier(ctx, id)
	if err != nil {
		return err
	}
	if !found {
		return unknown(id)
	}
	return s.load(ctx)
}

// Test places a test call by a carrier and says what became of it.
func (s *Service) Test(ctx context.Context, by member.Actor, id, number string) (Report, error) {
	if err := operatorOnly(by); err != nil {
		return Report{}, err
	}
	c, ok := s.Get(id)
	if !ok {
		return Report{}, unknown(id)
	}
	code, national, err := s.cfg.Plans.Own(number)
	if err != nil {
		return Report{}, err
	}
	return s.cfg.Tester.TestCall(ctx, c, "+"+code+national)
}

// Get returns a carrier with its password, for those who place calls.
func (s *Service) Get(id string) (Carrier, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.list {
		if c.ID == id {
			return c, true
		}
	}
	return Carrier{}, false
}

// For chooses the carrier for a call to a country: one of that country's own
// center, else any.
func (s *Service) For(country string) (Carrier, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, _ := s.cfg.Centers().ForCountry(country)
	for _, c := range s.list {
		if c.Center == own {
			return c, true
		}
	}
	if len(s.list) > 0 {
		return s.list[0], true
	}
	return Carrier{}, false
}

// fill checks what was said and puts it into c.
func (s *Service) fill(c *Carrier, in Input) error {
	var wrong []fault.Field
	bad := func(name, text string) { wrong = append(wrong, fault.Field{Name: name, Text: text}) }
	c.Center, c.Name, c.Host = in.Center, strings.TrimSpace(in.Name), strings.TrimSpace(in.Host)
	c.Transport, c.User, c.Realm, c.Format, c.Assert = in.Transport, strings.TrimSpace(in.User), in.Realm, in.Format, in.Assert
	if in.Password != nil {
		c.Password = *in.Password
	}
	if c.Transport == "" {
		c.Transport = UDP
	}
	if c.Format == "" {
		c.Format = Plus
	}
	if _, ok := s.cfg.Centers().Get(c.Center); !ok {
		bad("center", "There is no center of this name.")
	}
	if c.Name == "" || !plain(c.Name, 100) {
		bad("name", "Give it a name of at most 100 characters.")
	}
	if !hostPort(c.Host) {
		bad("host", "Give the address of the carrier's gateway as HOST:PORT, for example sip.carrier.example:5060.")
	}
	if c.Transport != UDP && c.Transport != TCP && c.Transport != TLS {
		bad("transport", "Choose udp, tcp or tls.")
	}
	if c.Format != Plus && c.Format != Bare && c.Format != National {
		bad("format", "Choose +E164, E164 or national.")
	}
	for name, v := range map[string]string{"user": c.User, "password": c.Password, "realm": c.Realm} {
		if !plain(v, 200) || name != "password" && strings.ContainsAny(v, `"\`) {
			bad(name, "At most 200 characters, no control characters, and no quotes or backslashes.")
		}
	}
	if c.Password != "" && c.User == "" {
		bad("user", "A password needs a user name.")
	}
	if code, national, err := s.cfg.Plans.Own(in.Presents); err != nil {
		bad("presents", fault.ReasonOf(err).Text)
	} else {
		c.Presents = "+" + code + national
	}
	if len(wrong) > 0 {
		return fault.New(fault.Invalid, "fields", "Some fields are not right.").WithFields(wrong...)
	}
	return nil
}

func plain(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && strings.IndexFunc(s, unicode.IsControl) < 0
}

// hostPort reports whether s is a name or an address with a port.
func hostPort(s string) bool {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Port() != 0 && !a.Addr().IsUnspecified() && !a.Addr().IsMulticast()
	}
	host, port, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	if !ok || err != nil || n == 0 || host == "" || len(host) > 253 {
		return false
	}
	letters := false
	for _, label := range strings.Split(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			switch {
			case r >= '0' && r <= '9', r == '-':
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
				letters = true
			default:
				return false
			}
		}
	}
	return letters
}
