package carrier

import (
	"context"
	"encoding/base64"
	"slices"
	"sync"
	"time"

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
	Routes  Routes // nil: nobody decides by them here
	// Telephone reports whether a SIP user is a telephone of ours; nil: none is.
	Telephone func(sipUser string) bool
	Tester    Tester
	// InUse says what still needs a carrier that is to be removed; nil: nothing does.
	InUse func(ctx context.Context, c Carrier) error
	Zones Zones // nil: none is asked
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
		for i := range c.Trunks {
			t := &c.Trunks[i]
			if t.Password, err = s.unsealed(t.Password, purpose(t.ID)); err == nil {
				t.InPassword, err = s.unsealed(t.InPassword, inward(t.ID))
			}
			if err != nil {
				return fault.Wrap(fault.Internal, "carrier_sealed", "The password of the carrier "+c.Name+" cannot be read with the key of this folder. Bring the key back, or enter the password anew.", err)
			}
		}
		list = append(list, c)
	}
	list = append(list, s.cfg.Fixed...)
	s.list = list
	s.cfg.Trunks.SetCarriers(list)
	s.route()
	return nil
}

// route tells those who decide of the carriers.
func (s *Service) route() {
	if s.cfg.Routes != nil {
		s.cfg.Routes.SetCarriers(s.list)
	}
}

// Fix adds a carrier that is not stored: that of a center which dev opens.
func (s *Service) Fix(ctx context.Context, c Carrier) error {
	s.mu.Lock()
	s.cfg.Fixed = append(s.cfg.Fixed, c)
	s.mu.Unlock()
	return s.Load(ctx)
}

func purpose(trunk string) string { return "password of carrier " + trunk }

func inward(trunk string) string { return "password to call us of carrier " + trunk }

func (s *Service) unsealed(password, purpose string) (string, error) {
	if password == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(password)
	if err != nil {
		return "", err
	}
	plain, err := s.safe.Open(raw, purpose)
	return string(plain), err
}

func (s *Service) sealed(password, purpose string) string {
	if password == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString(s.safe.Seal([]byte(password), purpose))
}

// Input is what an operator says of a carrier.
type Input struct {
	Center    center.ID
	Kind      Kind
	Name      string
	Closed    bool
	Trunks    []TrunkInput
	Out       Writing
	OutCaller Writing
	In        Writing
	InCaller  Writing
	Shows     Showing
	Presents  string
	Assert    bool
	Diverts   bool
	Codecs    []string
	DTMF      DTMF
	SRTP      bool
	Short     bool
	Emergency bool
	Prefix    string
	Ranges    []string
	Domain    string
	ENUM      string
	ENUMAll   bool
	Sells     *int64
	Reach     []string
}

// TrunkInput is what he says of a trunk. Its passwords are those here: in a
// change of the trunk with this ID, nil keeps the one there is.
type TrunkInput struct {
	Trunk

	Password   *string
	InPassword *string
}

// Carriers lists them, oldest first. Passwords are not in it.
func (s *Service) Carriers(_ context.Context, by member.Actor) ([]Carrier, error) {
	if err := by.OperatorOnly(); err != nil {
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

// Carrier is one of them, without passwords.
func (s *Service) Carrier(_ context.Context, by member.Actor, id string) (Carrier, error) {
	if err := by.OperatorOnly(); err != nil {
		return Carrier{}, err
	}
	c, ok := s.Get(id)
	if !ok {
		return Carrier{}, unknown()
	}
	return c.shown(), nil
}

// shown leaves the passwords out.
func (c Carrier) shown() Carrier {
	c.Trunks = slices.Clone(c.Trunks)
	for i := range c.Trunks {
		t := &c.Trunks[i]
		if t.Password != "" {
			t.Password = "…"
		}
		if t.InPassword != "" {
			t.InPassword = "…"
		}
	}
	return c
}

// Add makes a carrier.
func (s *Service) Add(ctx context.Context, by member.Actor, in Input) (Carrier, error) {
	if err := by.OperatorOnly(); err != nil {
		return Carrier{}, err
	}
	now := s.cfg.Now()
	c := Carrier{ID: ident.New("car", now), Created: now.UTC().Truncate(time.Microsecond)}
	return s.save(ctx, c, in, func(x Sealed) (bool, error) { return true, s.store.InsertCarrier(ctx, x) })
}

// Change changes one.
func (s *Service) Change(ctx context.Context, by member.Actor, id string, in Input) (Carrier, error) {
	if err := by.OperatorOnly(); err != nil {
		return Carrier{}, err
	}
	c, ok := s.Get(id)
	if !ok {
		return Carrier{}, unknown()
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
	x.Trunks = slices.Clone(c.Trunks)
	for i := range x.Trunks {
		t := &x.Trunks[i]
		t.Password, t.InPassword = s.sealed(t.Password, purpose(t.ID)), s.sealed(t.InPassword, inward(t.ID))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := write(x)
	if err != nil {
		return Carrier{}, err
	}
	if !found {
		return Carrier{}, unknown()
	}
	return c.shown(), s.load(ctx)
}

func (s *Service) fixed(id string) bool {
	return slices.ContainsFunc(s.cfg.Fixed, func(c Carrier) bool { return c.ID == id })
}

func fixed(c Carrier) error {
	return fault.New(fault.Conflict, "carrier_fixed", "%s comes with dev and cannot be changed. Add a carrier of your own beside it: it is used first.", c.Name)
}

// Remove ends a carrier that nothing needs. Calls under way go on.
func (s *Service) Remove(ctx context.Context, by member.Actor, id string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	c, ok := s.Get(id)
	switch {
	case !ok:
		return unknown()
	case s.fixed(id):
		return fixed(c)
	case s.cfg.InUse != nil:
		if err := s.cfg.InUse(ctx, c); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.store.RemoveCarrier(ctx, id)
	if err != nil {
		return err
	}
	if !found {
		return unknown()
	}
	return s.load(ctx)
}

// Test places a test call by a carrier's first trunk, or by the trunk with the
// id, and says what became of it.
func (s *Service) Test(ctx context.Context, by member.Actor, id, number string) (Report, error) {
	if err := by.OperatorOnly(); err != nil {
		return Report{}, err
	}
	c, ok := s.byTrunk(id)
	if !ok {
		return Report{}, unknown()
	}
	code, national, err := s.cfg.Plans.Own(number)
	if err != nil {
		return Report{}, err
	}
	r, err := s.cfg.Tester.TestCall(ctx, c, "+"+code+national)
	if err == nil {
		r.Zone = s.probe(ctx, &c, code)
	}
	return r, err
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

// byTrunk finds a carrier by its id, or by that of one of its trunks and then
// with no other.
func (s *Service) byTrunk(id string) (Carrier, bool) {
	if c, ok := s.Get(id); ok {
		return c, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.list {
		if t, ok := c.Trunk(id); ok {
			c.Trunks = []Trunk{t}
			return c, true
		}
	}
	return Carrier{}, false
}

// For chooses the carrier for a call of the house to an ordinary telephone of a
// country: one of that country's own center, else any.
func (s *Service) For(country string) (Carrier, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, _ := s.cfg.Centers().ForCountry(country)
	var other *Carrier
	for i := range s.list {
		c := &s.list[i]
		if c.Kind != PSTN || !c.Open() {
			continue
		}
		if c.Center == own {
			return *c, true
		}
		if other == nil {
			other = c
		}
	}
	if other == nil {
		return Carrier{}, false
	}
	return *other, true
}

// Routes is told of every carrier there is, after each change.
type Routes interface {
	SetCarriers(list []Carrier)
}

// Sample shows what the rules of a carrier make of one number.
type Sample struct {
	Number    string // +82 2 555 1234
	Out       string // as the called number
	OutCaller string // as the caller's
	Read      string // what is read of it on the way in; "" if nothing is
}

// Samples shows the rules at work, on a number of Korea, the United States and
// Germany.
func (s *Service) Samples(in Input) []Sample {
	country := ""
	if at, ok := s.cfg.Centers().Get(in.Center); ok && len(at.Countries) > 0 {
		country = at.Countries[0]
	}
	var out []Sample
	for _, x := range [][2]string{{"82", "25551234"}, {"1", "3125550142"}, {"49", "30901820"}} {
		plain := Writing{Format: in.In.Format}
		out = append(out, Sample{
			Number: numbering.Spaced("+" + x[0] + x[1]), Out: in.Out.Write(s.cfg.Plans, country, x[0], x[1]), OutCaller: in.OutCaller.Write(s.cfg.Plans, country, x[0], x[1]),
			Read: in.In.Read(s.cfg.Plans, country, plain.Write(s.cfg.Plans, country, x[0], x[1])),
		})
	}
	return out
}
