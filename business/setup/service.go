package setup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/pace"
)

// tokenBytes of chance make an address that nobody guesses.
const tokenBytes = 20

// Tx is one transaction. Only hashes of tokens are stored.
type Tx interface {
	AddLink(ctx context.Context, hash string, l Link) error
	// LockLink reads a link by the hash of its token, and keeps others from it.
	LockLink(ctx context.Context, hash string) (Link, bool, error)
	Link(ctx context.Context, id string) (Link, bool, error)
	// PutLink writes what happened to it.
	PutLink(ctx context.Context, l Link) error
	// CountOpen counts the links of a number that wait, and keeps others from
	// adding one until the transaction ends.
	CountOpen(ctx context.Context, membership string, now time.Time) (int, error)
	// RevokeOf ends the links of a telephone.
	RevokeOf(ctx context.Context, device string, now time.Time) error
}

// Store keeps links. Do may run f twice.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	// Find reads the id of a link by the hash of its token, outside of any transaction.
	Find(ctx context.Context, hash string) (id string, found bool, err error)
	// LinksOf lists those of a number, the newest first.
	LinksOf(ctx context.Context, membership string) ([]Link, error)
}

// Members has the telephones.
type Members interface {
	Membership(ctx context.Context, by member.Actor, id string) (member.Membership, error)
	Devices(ctx context.Context, by member.Actor, membership string) ([]member.Device, error)
	AddDevice(ctx context.Context, by member.Actor, membership, name, country string) (member.NewDevice, error)
	RevokeDevice(ctx context.Context, by member.Actor, id string) error
	NewPassword(ctx context.Context, by member.Actor, id string) (member.NewDevice, error)
	Account(ctx context.Context, by member.Actor, id string) (member.Account, error)
}

// Config is what belongs to this house.
type Config struct {
	Now func() time.Time
	// SignedIn reports whether a telephone is registered now, and has proved itself
	// since an instant: what it registered before holds no word of a new password.
	SignedIn func(device string, since time.Time) bool
	// Open reports whether files are served: over https, or in dev.
	Open func() bool
}

// Service makes links, and says what is served at them.
type Service struct {
	store   Store
	members Members
	cfg     Config
	mu      sync.Mutex // of what follows
	askers  *pace.Pace[string]
	making  map[string]*making // links whose file is being made, by their id
}

// making has a link's files made one after the other: the password of the last
// counts. Other links do not wait for it.
type making struct {
	sync.Mutex
	users int // under the Service's lock
}

// alone waits until no file of a link is being made.
func (s *Service) alone(link string) (done func()) {
	s.mu.Lock()
	m := s.making[link]
	if m == nil {
		m = &making{}
		s.making[link] = m
	}
	m.users++
	s.mu.Unlock()
	m.Lock()
	return func() {
		m.Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		if m.users--; m.users == 0 {
			delete(s.making, link)
		}
	}
}

// New returns the service.
func New(store Store, members Members, cfg Config) *Service {
	return &Service{store: store, members: members, cfg: cfg, making: map[string]*making{}, askers: pace.New[string](pace.Limits{Burst: 120, Second: 1, Most: 10_000})}
}

// Ask is what a member asks for.
type Ask struct {
	Kind    Kind
	MAC     string
	Name    string // of a new telephone, or
	Device  string // one that he has: it is set up anew
	Country string // companies: which office
}

// Made is a link just made; its token is shown this once.
type Made struct {
	Link  Link
	Token string
}

// Path is where a telephone fetches, after the address of the pages. Yealink
// and Grandstream append the names of their files by themselves.
func (m Made) Path() string {
	at := "/p/" + m.Token + "/"
	switch m.Link.Kind {
	case Linphone:
		return at + "linphone.xml"
	case Snom:
		return at + "snom-" + m.Link.MAC + ".xml"
	default:
		return at
	}
}

// Make makes a link for a further telephone, or for one that there is.
func (s *Service) Make(ctx context.Context, by member.Actor, membership string, a Ask) (Made, error) {
	if !s.cfg.Open() {
		return Made{}, fault.New(fault.Unavailable, "setup_https", "Telephones fetch their settings over https only, and this house has no https address yet. Set the telephone up by hand, or tell the operator.")
	}
	mac := CleanMAC(a.MAC)
	var wrong []fault.Field
	if !slices.Contains(Kinds(), a.Kind) {
		wrong = append(wrong, fault.Field{Name: "kind", Text: "Choose whose telephone it is: Linphone, Yealink, Grandstream or Snom."})
	} else if a.Kind.Desk() && mac == "" {
		wrong = append(wrong, fault.Field{Name: "mac", Text: "Write the telephone's MAC address from the label on its back: 12 digits and letters A to F, as in 00:15:65:AB:CD:EF."})
	}
	if len(wrong) > 0 {
		return Made{}, fault.Fields(wrong...)
	}
	if !a.Kind.Desk() {
		mac = ""
	}
	m, err := s.members.Membership(ctx, by, membership)
	if err != nil {
		return Made{}, err
	}
	now := s.cfg.Now()
	if a.Device == "" { // no telephone is made for a link that cannot be
		if err := s.store.Do(ctx, func(tx Tx) error { return room(ctx, tx, m.ID, now) }); err != nil {
			return Made{}, err
		}
	}
	d, err := s.deviceFor(ctx, by, m, a)
	if err != nil {
		return Made{}, err
	}
	out := Made{Token: ident.Secret(tokenBytes), Link: Link{ID: ident.New("set", now), Account: m.Account, Membership: m.ID, Device: d.ID, Kind: a.Kind, MAC: mac, Created: now, Until: now.Add(WaitFor)}}
	err = s.store.Do(ctx, func(tx Tx) error {
		if err := tx.RevokeOf(ctx, d.ID, now); err != nil { // one link at a time
			return err
		}
		if err := room(ctx, tx, m.ID, now); err != nil { // others may have asked meanwhile
			return err
		}
		return tx.AddLink(ctx, ident.Hashed(out.Token), out.Link)
	})
	if err != nil && a.Device == "" {
		err = errors.Join(err, s.members.RevokeDevice(context.WithoutCancel(ctx), by, d.ID))
	}
	return out, err
}

// End ends the links of a telephone: whoever fetched by one may not fetch again.
func (s *Service) End(ctx context.Context, device string) error {
	return s.store.Do(ctx, func(tx Tx) error { return tx.RevokeOf(ctx, device, s.cfg.Now()) })
}

func room(ctx context.Context, tx Tx, membership string, now time.Time) error {
	n, err := tx.CountOpen(ctx, membership, now)
	if err == nil && n >= MostOpen {
		err = fault.New(fault.Limited, "setup_many", "%d links of this number wait for their telephones. Take one back first.", MostOpen)
	}
	return err
}

// deviceFor finds or makes the telephone that a link is for.
func (s *Service) deviceFor(ctx context.Context, by member.Actor, m member.Membership, a Ask) (member.Device, error) {
	if a.Device == "" {
		made, err := s.members.AddDevice(ctx, by, m.ID, a.Name, a.Country) // nobody sees this password
		return made.Device, err
	}
	d, err := s.device(ctx, by, m.ID, a.Device)
	switch {
	case err != nil:
		return d, err
	case !d.Revoked.IsZero():
		return d, fault.New(fault.Conflict, "device_revoked", "%s is revoked. Add a telephone instead.", d.Name)
	case d.Kind != member.Telephone:
		return d, fault.New(fault.Conflict, "device_without_password", "%s has no password: it belongs to whoever is signed in. Add a telephone for a password of its own.", d.Name)
	}
	return d, nil
}

func (s *Service) device(ctx context.Context, by member.Actor, membership, id string) (member.Device, error) {
	all, err := s.members.Devices(ctx, by, membership)
	if err != nil {
		return member.Device{}, err
	}
	if i := slices.IndexFunc(all, func(d member.Device) bool { return d.ID == id }); i >= 0 {
		return all[i], nil
	}
	return member.Device{}, fault.New(fault.Unknown, "device_unknown", "There is no device %s.", id)
}

// Links lists those of a number, the newest first.
func (s *Service) Links(ctx context.Context, by member.Actor, membership string) ([]Link, error) {
	if _, err := s.members.Membership(ctx, by, membership); err != nil {
		return nil, err
	}
	return s.store.LinksOf(ctx, membership)
}

// TakeBack ends a link; the telephone that fetched by it goes on.
func (s *Service) TakeBack(ctx context.Context, by member.Actor, id string) (Link, error) {
	var l Link
	err := s.store.Do(ctx, func(tx Tx) error {
		found := false
		var err error
		if l, found, err = tx.Link(ctx, id); err != nil {
			return err
		}
		if !found || !by.May(l.Account) {
			return fault.New(fault.Unknown, "setup_no_link", "There is no link %s.", id)
		}
		if !l.Revoked.IsZero() {
			return nil
		}
		l.Revoked = s.cfg.Now()
		return tx.PutLink(ctx, l)
	})
	return l, err
}

// Paced refuses who asks too often from one place.
func (s *Service) Paced(source string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.askers.Take(source, s.cfg.Now()) {
		return fault.New(fault.Limited, "setup_pace", "Too many telephones ask from there at once. Try again in a minute.")
	}
	return nil
}

// refused carries why out of a transaction that has to be kept.
type refused struct{ why error }

// Fetch says what to serve to a telephone at a link. Whoever is refused at a
// link that another has bound is told of to its holder.
func (s *Service) Fetch(ctx context.Context, token string, c Caller, w Want) (Account, error) {
	if c.Agent = strings.ToValidUTF8(c.Agent, ""); len(c.Agent) > mostAgent {
		c.Agent = strings.ToValidUTF8(c.Agent[:mostAgent], "")
	}
	id, found, err := s.store.Find(ctx, ident.Hashed(token)) // who guesses makes no telephone wait, and no transaction
	if err != nil {
		return Account{}, err
	}
	if !found {
		return Account{}, unknownLink()
	}
	defer s.alone(id)()
	now := s.cfg.Now()
	var l Link
	var no refused
	secret := false
	err = s.store.Do(ctx, func(tx Tx) error {
		no, secret = refused{}, false
		found := false
		var err error
		if l, found, err = tx.LockLink(ctx, ident.Hashed(token)); err != nil {
			return err
		}
		if !found {
			return unknownLink()
		}
		l.Settled = l.Settled || !l.Fetched.IsZero() && s.cfg.SignedIn(l.Device, l.Again)
		if no.why = l.judge(c, w, now); no.why != nil {
			if fault.ReasonOf(no.why).Code != "setup_other" && fault.ReasonOf(no.why).Code != "setup_used" {
				return nil
			}
			l.Refused, l.RefusedAt, l.RefusedBy, l.RefusedNet = l.Refused+1, now, c.Agent, c.Network
			return tx.PutLink(ctx, l)
		}
		if w.Common {
			return nil
		}
		l.bind(c, now)
		secret = l.secret(now)
		l.Settled = !secret
		return tx.PutLink(ctx, l)
	})
	if err = errors.Join(err, no.why); err != nil {
		return Account{}, err
	}
	return s.account(ctx, l, secret && !w.Common)
}

// account gathers what stands in the file, with a fresh password if it is to
// hold one.
func (s *Service) account(ctx context.Context, l Link, secret bool) (Account, error) {
	m, err := s.members.Membership(ctx, member.System(), l.Membership)
	if err != nil {
		return Account{}, gone(err)
	}
	d, err := s.device(ctx, member.System(), m.ID, l.Device)
	if err != nil {
		return Account{}, gone(err)
	}
	if !d.Revoked.IsZero() {
		return Account{}, revokedDevice()
	}
	out := Account{Kind: l.Kind, SIPUser: d.SIPUser, Name: m.Name, Number: d.Number, Country: d.Country, TimeZone: zoneOf(m, d), Device: d.ID, Sound: d.Sound}
	a, err := s.members.Account(ctx, member.System(), m.Account)
	if err != nil {
		return Account{}, err
	}
	out.Language = a.Language
	if secret {
		fresh, err := s.members.NewPassword(ctx, member.System(), d.ID)
		if err != nil {
			return Account{}, gone(err)
		}
		out.Password = fresh.Password
	}
	return out, nil
}

func revokedDevice() error {
	return fault.New(fault.Forbidden, "setup_device_revoked", "The telephone this link is for was removed by its holder. Ask for a new link on the page of your numbers.")
}

// gone says that a number or its telephone is there no more in the words of a link.
func gone(err error) error {
	if k := fault.KindOf(err); k == fault.Unknown || k == fault.Conflict {
		return revokedDevice()
	}
	return err
}

// zoneOf is the time at the office of a company's telephone, else at its holder's.
func zoneOf(m member.Membership, d member.Device) string {
	for _, o := range m.Offices {
		if o.Country == d.Country && o.TimeZone != "" {
			return o.TimeZone
		}
	}
	return m.TimeZone
}
