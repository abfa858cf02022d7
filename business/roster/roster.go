// Package roster keeps what every center must know in memory, sold numbers and
// device credentials, and tells the other processes of each change. It is the
// publisher of shop and member: what is sold or revoked here counts here at
// once, and elsewhere as fast as the bus is.
package roster

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/shop"
)

// Change is one piece of news; exactly one field is set.
type Change struct {
	Sold       *Sold              `json:"sold,omitempty"`
	Released   *numbering.Number  `json:"released,omitempty"`
	Registered *Registered        `json:"registered,omitempty"`
	Device     *member.Credential `json:"device,omitempty"`
	Telephone  *Telephone         `json:"telephone,omitempty"`
	Closed     *numbering.Number  `json:"closed,omitempty"`    // one office of a company
	Catalogue  bool               `json:"catalogue,omitempty"` // what is for sale has changed: read it again
	Name       *alias.Entry       `json:"name,omitempty"`
	SignedOut  []string           `json:"signed_out,omitempty"` // sessions and API keys that have ended
}

// Sold is a sale.
type Sold struct {
	Number    numbering.Number `json:"number"`
	Country   string           `json:"country"`
	Countries []string         `json:"countries,omitempty"`
	Refuse    bool             `json:"refuse,omitempty"`
	Account   string           `json:"account"`
	OwnPhone  bool             `json:"own_phone,omitempty"`
	OffIn     []string         `json:"off_in,omitempty"`
}

// Registered is a registration.
type Registered struct {
	Number     numbering.Number `json:"number"`
	Membership string           `json:"membership"`
	Account    string           `json:"account"`
	Name       string           `json:"name,omitempty"`     // the holder's, as called parties are shown it
	Language   string           `json:"language,omitempty"` // the holder's mother tongue, BCP 47
	// Forward is which calls are forwarded, to numbers that may be used.
	Forward  *member.Forwarding `json:"forward,omitempty"`
	Unproved []string           `json:"unproved,omitempty"` // he chose them for that, and has not proved them
	Private  bool               `json:"private,omitempty"`
	Shows    string             `json:"shows,omitempty"`
	Known    []string           `json:"known,omitempty"` // telephones he is known by, with +
	// Unlisted is kept out of what others look up.
	Unlisted bool `json:"unlisted,omitempty"`
}

func (r *Roster) registration(m member.Membership) *Registered {
	return registered(m, r.unproved)
}

func registered(m member.Membership, unproved bool) *Registered {
	r := &Registered{
		Number: m.Number, Membership: m.ID, Account: m.Account, Name: m.Name, Private: m.CallerID.Withhold, Shows: m.CallerID.Shows, Known: m.Proved,
		Unlisted: m.Unlisted,
	}
	r.Forward, r.Unproved = forwarding(m, unproved)
	if len(m.Languages) > 0 {
		r.Language = m.Languages[0]
	}
	return r
}

// Sender carries a change to the other processes; nil where there are none.
type Sender interface {
	SendChange(ctx context.Context, change []byte) error
}

// Source is where everything is read from at start.
type Source interface {
	SoldOrders(ctx context.Context, yield func(shop.Order) error) error
	AllMemberships(ctx context.Context, yield func(member.Membership) error) error
	AllCredentials(ctx context.Context, yield func(member.Credential) error) error
	AllNames(ctx context.Context, yield func(alias.Entry) error) error
	AllTelephoneNumbers(ctx context.Context, yield func(did.Number) error) error
	// Line reads the membership of an order, if it has one, and its live
	// credentials.
	Line(ctx context.Context, order string) (member.Membership, bool, []member.Credential, error)
}

// Roster is the memory. Numbers, Devices and Known are safe for many readers.
type Roster struct {
	Numbers   *routing.Numbers
	Devices   *member.Directory
	Names     *alias.Names
	plans     *numbering.Plans
	centers   func() *center.Directory
	send      Sender
	revoked   func(member.Credential)
	reread    func() // reads the catalogue again
	signedOut func(ids []string)
	source    Source
	known     *known
	lines     *lines
	// unproved has calls sent on also to numbers nobody has proved.
	unproved bool
	mu       sync.Mutex // one change at a time
}

// New returns an empty roster. send may be nil; revoked, which may be nil, is
// called with each device whose credential ended.
func New(plans *numbering.Plans, centers func() *center.Directory, send Sender, revoked func(member.Credential)) *Roster {
	numbers := routing.NewNumbers()
	return &Roster{Numbers: numbers, Devices: member.NewDirectory(), Names: alias.NewNames(numbers), plans: plans, centers: centers, send: send, revoked: revoked, known: newKnown(), lines: newLines()}
}

// SendToUnproved has calls forwarded also to numbers that nobody has proved: in
// dev, where no real telephone rings. Set it before Load.
func (r *Roster) SendToUnproved() { r.unproved = true }

// OnCatalogue has f called when another process changed what is for sale. Set
// it before changes arrive.
func (r *Roster) OnCatalogue(f func()) { r.reread = f }

// OnSignedOut has f called with sessions and API keys that have ended, here or in
// another process. Set it before changes arrive.
func (r *Roster) OnSignedOut(f func(ids []string)) { r.signedOut = f }

// CatalogueChanged tells the other processes that what is for sale has changed.
func (r *Roster) CatalogueChanged(ctx context.Context) error {
	return r.others(ctx, Change{Catalogue: true})
}

// Load reads everything. Changes that arrive meanwhile may be applied before:
// they say the same.
func (r *Roster) Load(ctx context.Context, from Source) error {
	r.source = from
	if err := from.SoldOrders(ctx, func(o shop.Order) error { r.Apply(Change{Sold: sold(o)}); return nil }); err != nil {
		return fmt.Errorf("read the sold numbers: %w", err)
	}
	err := from.AllMemberships(ctx, func(m member.Membership) error {
		r.Apply(Change{Registered: r.registration(m)})
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the memberships: %w", err)
	}
	err = from.AllCredentials(ctx, func(c member.Credential) error { r.Apply(Change{Device: &c}); return nil })
	if err != nil {
		return fmt.Errorf("read the devices: %w", err)
	}
	if err = from.AllNames(ctx, func(e alias.Entry) error { r.Apply(Change{Name: &e}); return nil }); err != nil {
		return fmt.Errorf("read the names: %w", err)
	}
	err = from.AllTelephoneNumbers(ctx, func(n did.Number) error { r.Apply(Change{Telephone: telephone(n)}); return nil })
	if err != nil {
		return fmt.Errorf("read the telephone numbers: %w", err)
	}
	return nil
}

func sold(o shop.Order) *Sold {
	return &Sold{Number: o.Number, Country: o.Country, Countries: o.Countries, Refuse: o.Refuse, Account: o.Account, OwnPhone: o.Proved, OffIn: o.OffIn}
}

// Apply takes a change in. Applying one twice changes nothing. News is told
// after it was stored, so that of a telephone may come after the number has
// gone to another: what is not the holder's is not taken in.
func (r *Roster) Apply(c Change) {
	if c.Catalogue {
		if r.reread != nil {
			r.reread()
		}
		return
	}
	if len(c.SignedOut) > 0 {
		if r.signedOut != nil {
			r.signedOut(c.SignedOut)
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.Sold != nil:
		r.sold(c.Sold)
	case c.Released != nil:
		r.Numbers.Remove(*c.Released)
		r.known.forget(*c.Released)
		for _, d := range r.devicesOf(*c.Released) {
			d.Revoked = true
			r.device(d)
		}
	case c.Closed != nil:
		r.closed(*c.Closed)
	case c.Telephone != nil:
		r.lines.set(c.Telephone)
	case c.Registered != nil:
		r.registered(c.Registered)
	case c.Device != nil:
		r.device(*c.Device)
	case c.Name != nil:
		r.Names.Apply(*c.Name)
	}
}

func (r *Roster) sold(s *Sold) {
	base := routing.Holder{Country: s.Country, Account: s.Account, OwnPhone: s.OwnPhone, OffIn: s.OffIn}
	order := shop.Order{Number: s.Number, Country: s.Country, Countries: s.Countries}
	company := routing.Company{Root: s.Number.National, Home: s.Number.CallingCode, Offices: map[string]string{}, Refuse: s.Refuse}
	for iso, n := range order.Numbers(r.plans.CallingCode) {
		h := base
		h.Number, h.Country = n, iso
		if old, had := r.Numbers.Typed(n.Canonical()); had && old.Account == s.Account {
			h.Membership, h.Registered, h.CallsAs, h.Language = old.Membership, old.Registered, old.CallsAs, old.Language
			h.Forward, h.Unproved, h.Private, h.Shows, h.Unlisted = old.Forward, old.Unproved, old.Private, old.Shows, old.Unlisted
		}
		r.Numbers.Set(h)
		company.Offices[n.CallingCode] = iso
	}
	if s.Number.Kind == numbering.Company {
		r.Numbers.SetCompany(company)
	}
}

// closed takes one office of a company away.
func (r *Roster) closed(n numbering.Number) {
	r.Numbers.RemoveOffice(n)
	r.known.set(n.Canonical(), nil)
	for _, d := range r.Devices.Where(func(c member.Credential) bool { return c.Number == n }) {
		d.Revoked = true
		r.device(d)
	}
}

// registered marks the number, or every office of a company.
func (r *Roster) registered(m *Registered) {
	numbers := []numbering.Number{m.Number}
	if c, ok := r.Numbers.Root(m.Number.National); ok && m.Number.Kind == numbering.Company {
		numbers = numbers[:0]
		for cc := range c.Offices {
			numbers = append(numbers, numbering.Number{Kind: numbering.Company, CallingCode: cc, National: c.Root})
		}
	}
	for _, n := range numbers {
		if h, ok := r.Numbers.Typed(n.Canonical()); ok && h.Account == m.Account {
			h.Membership, h.Registered, h.CallsAs, h.Language = m.Membership, true, m.Name, m.Language
			h.Forward, h.Unproved, h.Private, h.Shows, h.Unlisted = m.Forward, m.Unproved, m.Private, m.Shows, m.Unlisted
			r.Numbers.Set(h)
			r.known.set(n.Canonical(), m.Known)
		}
	}
}

func (r *Roster) device(c member.Credential) {
	if home, ok := r.centers().ForCountry(c.Country); ok {
		c.Home = home
	}
	if c.Revoked {
		if now, ok := r.Devices.Get(c.SIPUser); !ok || now.Device == c.Device { // the next holder's may have the same name
			r.Devices.Apply(c)
		}
	} else if h, ok := r.Numbers.Typed(c.Number.Canonical()); ok && h.Account == c.Account {
		r.Devices.Apply(c)
	}
	if c.Revoked && r.revoked != nil {
		r.revoked(c)
	}
}

func (r *Roster) devicesOf(n numbering.Number) []member.Credential {
	return r.Devices.Where(func(c member.Credential) bool {
		return c.Number == n || n.Kind == numbering.Company && c.Number.Kind == n.Kind && c.Number.National == n.National
	})
}

// Receive applies a change another process sent.
func (r *Roster) Receive(raw []byte) error {
	var c Change
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("a change of another process cannot be read: %w", err)
	}
	r.Apply(c)
	return nil
}

func (r *Roster) tell(ctx context.Context, c Change) error {
	r.Apply(c)
	return r.others(ctx, c)
}

// others tells the other processes.
func (r *Roster) others(ctx context.Context, c Change) error {
	if r.send == nil {
		return nil
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write a change: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return r.send.SendChange(ctx, raw)
}

// Sold is called by the shop.
func (r *Roster) Sold(ctx context.Context, o shop.Order) error {
	return r.tell(ctx, Change{Sold: sold(o)})
}

// Released is called by the shop.
func (r *Roster) Released(ctx context.Context, o shop.Order) error {
	n := o.Number
	return r.tell(ctx, Change{Released: &n})
}

// Paused is called by the shop: the number does not ring, though it is sold.
func (r *Roster) Paused(ctx context.Context, o shop.Order) error { return r.Released(ctx, o) }

// Resumed is called by the shop when a paused number rings again.
func (r *Roster) Resumed(ctx context.Context, o shop.Order) error {
	m, registered, devices, err := r.source.Line(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("read the registration of %s: %w", o.Number, err)
	}
	if err := r.Sold(ctx, o); err != nil || !registered {
		return err
	}
	for i := range devices {
		if err := r.Device(ctx, devices[i]); err != nil {
			return err
		}
	}
	return r.Registered(ctx, m)
}

// Office is called by the shop when a company switches a country on or off.
func (r *Roster) Office(ctx context.Context, o shop.Order, country string, open bool) error {
	if !open {
		n := o.Number
		n.CallingCode = r.plans.CallingCode(country)
		return r.tell(ctx, Change{Closed: &n})
	}
	m, registered, _, err := r.source.Line(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("read the registration of %s: %w", o.Number, err)
	}
	if err := r.Sold(ctx, o); err != nil || !registered {
		return err
	}
	return r.Registered(ctx, m)
}

// Registered is called by member.
func (r *Roster) Registered(ctx context.Context, m member.Membership) error {
	return r.tell(ctx, Change{Registered: r.registration(m)})
}

// Device is called by member.
func (r *Roster) Device(ctx context.Context, c member.Credential) error {
	return r.tell(ctx, Change{Device: &c})
}

// SignedOut is called by member.
func (r *Roster) SignedOut(ctx context.Context, ids []string) error {
	return r.tell(ctx, Change{SignedOut: ids})
}

// Named is called by alias.
func (r *Roster) Named(ctx context.Context, e alias.Entry) error {
	return r.tell(ctx, Change{Name: &e})
}
