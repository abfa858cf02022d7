// Package opening is how a country is opened (X5): its center, number systems
// and prices, the carrier its calls leave by, emergency calls, a test call, and
// then the start. Before the start nothing of it is sold or routed.
package opening

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// NoEmergency says that a country has no emergency trunk: such calls are
// refused at once with a clear announcement.
const NoEmergency = "none"

// Opening is a country on its way to be opened, or opened: this way, or by the
// configuration.
type Opening struct {
	Country   string // ISO
	Name      string // of its center
	Settled   bool   // open by the configuration; never stored
	Listen    string // where its telephones register, HOST:PORT; "" is the next free port
	Carrier   string // id
	Emergency string // id of the carrier for emergency calls, NoEmergency, or "" while undecided
	TestedAt  time.Time
	TestedOK  bool
	Report    string // of the test call, in words
	Started   time.Time
	Created   time.Time
}

// Open reports whether the country is sold and routed.
func (o Opening) Open() bool { return o.Settled || !o.Started.IsZero() }

// Step is one step of the flow.
type Step struct {
	Code string // center, systems, stock, carrier, emergency, test, start
	Done bool
}

// Store keeps openings.
type Store interface {
	Openings(ctx context.Context) ([]Opening, error)
	Opening(ctx context.Context, country string) (Opening, bool, error)
	PutOpening(ctx context.Context, o Opening) error
	RemoveOpening(ctx context.Context, country string) error
}

// Network opens a center's sockets, so that it can place a test call. Those of
// openings begun before are opened when the node starts.
type Network interface {
	OpenCenter(ctx context.Context, o Opening) error
}

// Shop is what is sold there.
type Shop interface {
	Catalogue() shop.Catalogue
	Collisions(ctx context.Context, by member.Actor, country string) ([]shop.Collision, error)
	Vet(ctx context.Context, country string) (int, error)
}

// Carriers are the carriers and their test calls.
type Carriers interface {
	Get(id string) (carrier.Carrier, bool)
	// For is the carrier by which the calls of a country leave.
	For(country string) (carrier.Carrier, bool)
	Test(ctx context.Context, by member.Actor, id, number string) (carrier.Report, error)
}

// Config is what the service is made of.
type Config struct {
	Store     Store
	Plans     *numbering.Plans
	Directory *center.Directory
	Network   Network
	Shop      Shop
	Carriers  Carriers
	// Emergency are the carriers that take emergency calls of an open country.
	Emergency func(country string) []string
	// Started is called when a country was started: it is sold and routed from
	// then on.
	Started func(ctx context.Context) error
	Now     func() time.Time
}

// Service opens countries.
type Service struct {
	cfg Config
	mu  sync.Mutex // one step at a time
}

// New returns the service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Center is the center of an opened country.
func (o Opening) Center() center.Center {
	return center.Center{ID: center.ID(o.Country), Name: o.Name, Countries: []string{o.Country}}
}

// List lists the openings.
func (s *Service) List(ctx context.Context, by member.Actor) ([]Opening, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return s.cfg.Store.Openings(ctx)
}

// Get returns one with its steps.
func (s *Service) Get(ctx context.Context, by member.Actor, country string) (Opening, []Step, error) {
	if err := by.OperatorOnly(); err != nil {
		return Opening{}, nil, err
	}
	o, err := s.get(ctx, country)
	if err != nil {
		return o, nil, err
	}
	if o.Open() { // since then carriers say it themselves
		o.Emergency = NoEmergency
		if now := s.cfg.Emergency(country); len(now) > 0 {
			o.Emergency = now[0]
		}
	}
	return o, s.steps(o), nil
}

func (s *Service) get(ctx context.Context, country string) (Opening, error) {
	o, found, err := s.cfg.Store.Opening(ctx, country)
	if err != nil || found {
		return o, err
	}
	if o, found = s.settled(country); !found {
		return o, fault.New(fault.Unknown, "opening_unknown", "Nobody has begun to open %q. Begin with its center.", country)
	}
	return o, nil
}

// settled is a country that the configuration opens.
func (s *Service) settled(country string) (Opening, bool) {
	id, open := s.cfg.Directory.ForCountry(country)
	c, known := s.cfg.Directory.Get(id)
	if !open || !known {
		return Opening{}, false
	}
	k, _ := s.cfg.Carriers.For(country)
	return Opening{Country: country, Name: c.Name, Settled: true, Carrier: k.ID}, true
}

// steps tells what is done and what is left, in the order of doing.
func (s *Service) steps(o Opening) []Step {
	c := s.cfg.Shop.Catalogue()
	var sold shop.System
	for _, x := range c.Systems {
		if x.Country == o.Country {
			sold = x
		}
	}
	stock := map[numbering.Kind]bool{}
	for _, b := range c.Blocks {
		if b.Country == o.Country && !b.Closed && b.Fault == "" {
			stock[b.Kind] = true
		}
	}
	_, carried := s.cfg.Carriers.Get(o.Carrier)
	return []Step{
		{"center", true},
		{"systems", sold.Individual || sold.Company},
		{"stock", sold.Individual && (stock[numbering.Individual] || sold.OwnPhone && s.noBlock(o.Country)) || sold.Company && stock[numbering.Company]},
		{"carrier", carried},
		{"emergency", o.Emergency != ""},
		{"test", o.TestedOK},
		{"start", o.Open()},
	}
}

// noBlock reports whether a country's plan leaves no block to sell: then
// people's own telephones, which nobody has to take into stock, are all there is.
func (s *Service) noBlock(country string) bool {
	_, _, possible := s.cfg.Plans.SuggestBlock(country, append(s.cfg.Directory.Countries(), country), nil)
	return !possible
}

// Begin opens the center of a country, without starting it.
func (s *Service) Begin(ctx context.Context, by member.Actor, country, name, listen string) (Opening, error) {
	if err := by.OperatorOnly(); err != nil {
		return Opening{}, err
	}
	country, name = strings.ToUpper(strings.TrimSpace(country)), strings.TrimSpace(name)
	if s.cfg.Plans.CallingCode(country) == "" {
		return Opening{}, wrong("country", "Use the two-letter code of a country, as in KR.")
	}
	if name == "" || utf8.RuneCountInString(name) > 60 {
		return Opening{}, wrong("name", "Write a name of 1 to 60 letters.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.cfg.Directory.ForCountry(country); open {
		return Opening{}, fault.New(fault.Conflict, "country_open", "%s has a center already.", country)
	}
	if o, found, err := s.cfg.Store.Opening(ctx, country); err != nil || found {
		return o, err // begun before: go on there
	}
	o := Opening{Country: country, Name: name, Listen: strings.TrimSpace(listen), Created: s.cfg.Now()}
	if err := s.cfg.Network.OpenCenter(ctx, o); err != nil {
		return o, fault.New(fault.Invalid, "listen", "The center cannot listen there: %s Choose another address, or none to take the next free port.", sentence(err)).
			WithFields(fault.Field{Name: "listen", Text: "The center cannot listen there."})
	}
	return o, s.cfg.Store.PutOpening(ctx, o)
}

func wrong(field, text string) error {
	return fault.Fields(fault.Field{Name: field, Text: text})
}

func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") + "." }

// change changes an opening that is not started.
func (s *Service) change(ctx context.Context, by member.Actor, country string, f func(o *Opening) error) (Opening, error) {
	if err := by.OperatorOnly(); err != nil {
		return Opening{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.get(ctx, country)
	if err != nil {
		return o, err
	}
	if o.Open() {
		return o, fault.New(fault.Conflict, "country_open", "%s is open already; its steps are done. Who takes its emergency calls is set at the carriers.", country)
	}
	if err := f(&o); err != nil {
		return o, err
	}
	return o, s.cfg.Store.PutOpening(ctx, o)
}

// SetCarrier says by whom calls leave; a test call made by another counts no more.
func (s *Service) SetCarrier(ctx context.Context, by member.Actor, country, id string) (Opening, error) {
	return s.change(ctx, by, country, func(o *Opening) error {
		if _, known := s.cfg.Carriers.Get(id); !known {
			return wrong("carrier", "There is no such carrier. Add it first.")
		}
		if o.Carrier != id {
			o.Carrier, o.TestedOK, o.TestedAt, o.Report = id, false, time.Time{}, ""
		}
		return nil
	})
}

// SetEmergency says who takes emergency calls: a carrier, or NoEmergency.
func (s *Service) SetEmergency(ctx context.Context, by member.Actor, country, id string) (Opening, error) {
	return s.change(ctx, by, country, func(o *Opening) error {
		if _, known := s.cfg.Carriers.Get(id); !known && id != NoEmergency {
			return wrong("emergency", "Choose a carrier, or say that there is none.")
		}
		o.Emergency = id
		return nil
	})
}

// Test places the test call and keeps what became of it. Of a country that is
// open it tells how its carrier does today; its steps are done.
func (s *Service) Test(ctx context.Context, by member.Actor, country, number string) (Opening, error) {
	if err := by.OperatorOnly(); err != nil {
		return Opening{}, err
	}
	if o, err := s.get(ctx, country); err == nil && o.Open() {
		k, _ := s.cfg.Carriers.For(country)
		return s.tested(ctx, by, o, k.ID, number)
	}
	return s.change(ctx, by, country, func(o *Opening) error {
		x, err := s.tested(ctx, by, *o, o.Carrier, number)
		*o = x
		return err
	})
}

func (s *Service) tested(ctx context.Context, by member.Actor, o Opening, trunk, number string) (Opening, error) {
	if trunk == "" {
		return o, fault.New(fault.Conflict, "no_carrier", "Choose the carrier first: the test call leaves by it.")
	}
	r, err := s.cfg.Carriers.Test(ctx, by, trunk, number)
	if err == nil {
		o.TestedAt, o.TestedOK, o.Report = s.cfg.Now(), r.OK, r.Text
	}
	return o, err
}

// Collisions lists the sold numbers whose typed form will be switched off in
// the country, because its telephones take it for something else.
func (s *Service) Collisions(ctx context.Context, by member.Actor, country string) ([]shop.Collision, error) {
	return s.cfg.Shop.Collisions(ctx, by, country)
}

// Start opens the country: from now on its numbers are sold and calls are
// routed there. Every step must be done.
func (s *Service) Start(ctx context.Context, by member.Actor, country string) (Opening, error) {
	o, err := s.change(ctx, by, country, func(o *Opening) error {
		left := slices.DeleteFunc(s.steps(*o), func(x Step) bool { return x.Done || x.Code == "start" })
		if len(left) > 0 {
			return fault.New(fault.Conflict, "steps_left", "%s cannot start yet: the step %q is not done.", country, left[0].Code)
		}
		// The forms that collide go first: not one call may be misread.
		if _, err := s.cfg.Shop.Vet(ctx, country); err != nil {
			return err
		}
		o.Started = s.cfg.Now()
		return nil
	})
	if err != nil {
		return o, err
	}
	s.cfg.Directory.Add(o.Center())
	return o, s.cfg.Started(ctx)
}

// GiveUp forgets an opening that was not started.
func (s *Service) GiveUp(ctx context.Context, by member.Actor, country string) error {
	_, err := s.change(ctx, by, country, func(*Opening) error { return nil })
	if err != nil {
		return err
	}
	return s.cfg.Store.RemoveOpening(ctx, country)
}
