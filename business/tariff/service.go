package tariff

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
)

// Service keeps decks, plans and exchange rates. Only the operator may see and
// change them.
type Service struct {
	store Store
	desk  Desk
	cfg   Config

	mu    sync.Mutex // over a change and what is told of it
	all   All
	decks map[string]*rating.Deck // by version: those in force and to come
	past  map[string]*rating.Deck // some of before, for those who ask
	now   *Decks
}

// New returns a service that knows nothing before Load.
func New(store Store, desk Desk, cfg Config) *Service {
	return &Service{store: store, desk: desk, cfg: cfg, decks: map[string]*rating.Deck{}, now: &Decks{House: cfg.Currency}}
}

// Load reads everything into memory and tells the routes.
func (s *Service) Load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(ctx)
}

func (s *Service) load(ctx context.Context) error {
	all, err := s.store.All(ctx)
	if err != nil {
		return err
	}
	sortVersions(all.Versions)
	now := s.cfg.Now()
	next := &Decks{Lines: map[string]rating.Line{}, Exchange: all.Exchange(), Plans: map[string]string{}, House: s.cfg.Currency}
	decks := map[string]*rating.Deck{}
	for owner, list := range byOwner(all.Versions) {
		for _, v := range standing(list, now) {
			d := s.decks[v.ID]
			if d == nil {
				if d, err = s.deck(ctx, v); err != nil {
					return fmt.Errorf("the price list of %s from %s: %w", owner, v.From.Format(time.RFC3339), err)
				}
			}
			decks[v.ID] = d
			next.Lines[owner] = append(next.Lines[owner], rating.Dated{From: v.From, Version: v.ID, Currency: v.Currency, Deck: d})
		}
	}
	for _, g := range all.Given {
		if next.Plans[g.Account] = g.Plan; g.Plan == Members {
			delete(next.Plans, g.Account)
		}
	}
	s.all, s.decks, s.now = all, decks, next
	if s.cfg.Routes != nil {
		s.cfg.Routes.SetDecks(next)
	}
	return nil
}

func (s *Service) deck(ctx context.Context, v Version) (*rating.Deck, error) {
	l, err := s.list(ctx, v)
	if err != nil {
		return nil, err
	}
	return l.Deck()
}

func (s *Service) list(ctx context.Context, v Version) (*List, error) {
	body, err := s.store.Body(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	return Unpack(body, v.Bands)
}

// sortVersions puts them in the order of their starts.
func sortVersions(list []Version) {
	slices.SortFunc(list, func(a, b Version) int {
		return cmp.Or(a.From.Compare(b.From), a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
}

func byOwner(list []Version) map[string][]Version {
	out := map[string][]Version{}
	for _, v := range list {
		out[v.Owner] = append(out[v.Owner], v)
	}
	return out
}

// standing is the version in force and those to come, of one owner.
func standing(list []Version, now time.Time) []Version {
	var out []Version
	for _, v := range list {
		if !v.Withdrawn.IsZero() {
			continue
		}
		if !v.From.After(now) {
			out = out[:0]
		}
		out = append(out, v)
	}
	return out
}

// inForce finds the version of an owner that was in force at an instant.
func inForce(list []Version, owner string, at time.Time) (Version, bool) {
	for _, v := range slices.Backward(list) {
		if v.Owner == owner && !v.From.After(at) && (v.Withdrawn.IsZero() || v.Withdrawn.After(at)) {
			return v, true
		}
	}
	return Version{}, false
}

// Refresh adopts what another process changed.
func (s *Service) Refresh(ctx context.Context) error {
	stamp, err := s.store.Stamp(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stamp == s.all.Stamp {
		return nil
	}
	return s.load(ctx)
}

// Decks is what calls are rated by now.
func (s *Service) Decks() *Decks {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// owner finds what a deck belongs to, for people.
func (s *Service) owner(id string) (name string, carrier bool, err error) {
	if id == Members {
		return "", false, nil
	}
	s.mu.Lock()
	at := slices.IndexFunc(s.all.Plans, func(p Plan) bool { return p.ID == id })
	if at >= 0 {
		name = s.all.Plans[at].Name
	}
	s.mu.Unlock()
	if at >= 0 {
		return name, false, nil
	}
	if name, ok := s.cfg.Carrier(strings.TrimPrefix(id, Inbound)); ok {
		return name, true, nil
	}
	return "", false, unknownOwner()
}

// Owner is the name of a plan or carrier, "" of Members, and whether it is one
// of a carrier.
func (s *Service) Owner(_ context.Context, by member.Actor, id string) (name string, carrier bool, err error) {
	if err := by.OperatorOnly(); err != nil {
		return "", false, err
	}
	return s.owner(id)
}

// Versions lists those of an owner, the latest start first.
func (s *Service) Versions(_ context.Context, by member.Actor, owner string) ([]Version, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	if _, _, err := s.owner(owner); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	in, _ := inForce(s.all.Versions, owner, now)
	out := slices.Clone(byOwner(s.all.Versions)[owner])
	for i := range out {
		switch v := &out[i]; {
		case !v.Withdrawn.IsZero():
			v.State = Withdrawn
		case v.From.After(now):
			v.State = Scheduled
		case v.ID == in.ID:
			v.State = InForce
		default:
			v.State = Past
		}
	}
	slices.Reverse(out)
	return out, nil
}

// version finds one of an owner; "" is that in force, and an empty one where
// there is none.
func (s *Service) version(owner, id string) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" {
		v, ok := inForce(s.all.Versions, owner, s.cfg.Now())
		if !ok {
			v = Version{Owner: owner, Currency: s.cfg.Currency}
		}
		return v, nil
	}
	for _, v := range s.all.Versions {
		if v.ID == id && v.Owner == owner {
			return v, nil
		}
	}
	return Version{}, unknownVersion()
}

// List reads the lines of a version, "" of the one in force.
func (s *Service) List(ctx context.Context, by member.Actor, owner, id string) (Version, *List, error) {
	if _, _, err := s.Owner(ctx, by, owner); err != nil {
		return Version{}, nil, err
	}
	v, err := s.version(owner, id)
	if err != nil || v.ID == "" {
		return v, &List{}, err
	}
	l, err := s.list(ctx, v)
	return v, l, err
}

// Propose reads a list and keeps it as a draft, of which Compare tells what it
// would change.
func (s *Service) Propose(ctx context.Context, by member.Actor, owner, text string, f Form) (Draft, error) {
	f, err := s.form(ctx, by, owner, f)
	if err != nil {
		return Draft{}, err
	}
	if len(text) > MostBytes {
		return Draft{}, fault.New(fault.Invalid, "rates_large", "The file is larger than 64 MB. A list of a million destinations is smaller.")
	}
	l, err := Read(text, f)
	if err != nil {
		return Draft{}, err
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	d := Draft{ID: ident.New("drf", now), Owner: owner, Currency: f.Currency, Bands: f.Bands, Rows: l.Len(), At: now}
	if d.Body, err = l.Pack(); err != nil {
		return Draft{}, err
	}
	return d, s.store.PutDraft(ctx, d, now.Add(-draftFor))
}

// draftFor is how long a draft is kept.
const draftFor = 24 * time.Hour

// form checks what is said of a list.
func (s *Service) form(ctx context.Context, by member.Actor, owner string, f Form) (Form, error) {
	_, carrier, err := s.Owner(ctx, by, owner)
	if err != nil {
		return f, err
	}
	if f.Currency == "" {
		f.Currency = s.cfg.Currency
	}
	f.Currency = money.Currency(strings.ToUpper(strings.TrimSpace(string(f.Currency))))
	if f.Currency == s.cfg.Currency {
		return f, overlap(f.Bands)
	}
	if !carrier {
		return f, bad("currency", "Members pay in "+string(s.cfg.Currency)+": their list has to be in it.")
	}
	if _, ok := s.Decks().Exchange[f.Currency].At(s.cfg.Now()); !ok {
		return f, noExchange(f.Currency)
	}
	return f, overlap(f.Bands)
}

func noExchange(c money.Currency) error {
	return bad("currency", fmt.Sprintf("There is no exchange rate for %s now. Enter what it is worth under Exchange rates, then import the list again.", c))
}

// Take puts a draft in force at an instant, or at once.
func (s *Service) Take(ctx context.Context, by member.Actor, owner, draft string, from time.Time, note string) ([]Version, error) {
	if _, _, err := s.Owner(ctx, by, owner); err != nil {
		return nil, err
	}
	d, ok, err := s.store.Draft(ctx, draft)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	if !ok || d.Owner != owner || d.At.Before(now.Add(-draftFor)) {
		return nil, unknownVersion()
	}
	if from.After(now.AddDate(2, 0, 0)) {
		return nil, bad("from", "A list begins within two years.")
	}
	if len(note) > 500 {
		return nil, bad("note", "A note has at most 500 characters.")
	}
	l, err := Unpack(d.Body, d.Bands)
	if err != nil {
		return nil, err
	}
	if from.Before(now) {
		from = now // what was charged before stays as it is
	}
	v := Version{Owner: owner, Currency: d.Currency, Bands: d.Bands, From: from.UTC().Truncate(time.Microsecond), Note: strings.TrimSpace(note), By: by.Name, At: now}
	return s.add(ctx, v, l, draft)
}

// Set replaces what is in force at once, by lines that a program says.
func (s *Service) Set(ctx context.Context, by member.Actor, owner string, rows []rating.Row) error {
	if _, err := s.form(ctx, by, owner, Form{}); err != nil {
		return err
	}
	if len(rows) > MostRows {
		return fault.New(fault.Invalid, "rates_many", "At most %d destinations.", MostRows)
	}
	seen := make(map[string]bool, len(rows))
	for _, r := range rows {
		switch {
		case len(r.Prefix) > rating.MaxPrefix || strings.Trim(r.Prefix, "0123456789") != "":
			return fault.New(fault.Invalid, "rate_prefix", "%q is no beginning of a + form: write its digits, for example 8210.", r.Prefix)
		case !r.Price.Valid() || r.Band != 0:
			return fault.New(fault.Invalid, "rate_price", "The price for %s is below zero, or more than a million.", r.Prefix)
		case seen[r.Prefix]:
			return fault.New(fault.Invalid, "rate_twice", "%s stands twice in the list.", r.Prefix)
		}
		seen[r.Prefix] = true
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	_, err := s.add(ctx, Version{Owner: owner, Currency: s.cfg.Currency, From: now, By: by.Name, At: now}, ListOf(nil, rows), "")
	return err
}

// add keeps a version, and one more for each later day that its lines name.
func (s *Service) add(ctx context.Context, v Version, l *List, draft string) ([]Version, error) {
	old := &List{}
	if before, ok := s.before(v); ok {
		var err error
		if old, err = s.list(ctx, before); err != nil {
			return nil, err
		}
	}
	parts, err := l.split(old, v.From)
	if err != nil {
		return nil, err
	}
	var list []Version
	var bodies [][]byte
	for _, p := range parts {
		body, err := p.list.Pack()
		if err != nil {
			return nil, err
		}
		v.ID, v.From, v.Rows = ident.New("dck", v.At), p.from, p.list.Len()
		list, bodies = append(list, v), append(bodies, body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range list { // of two that begin at the same instant the later import counts
		for _, x := range s.all.Versions {
			if x.Owner == v.Owner && x.From.Equal(list[i].From) && !x.At.Before(list[i].At) {
				list[i].At = x.At.Add(time.Microsecond)
			}
		}
	}
	if err := s.store.AddVersions(ctx, list, bodies, draft); err != nil {
		return nil, err
	}
	return list, s.load(ctx)
}

// before is the version that one takes the place of.
func (s *Service) before(v Version) (Version, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return inForce(s.all.Versions, v.Owner, v.From)
}

// Withdraw takes a version out of force, or one to come back: the one before it
// is in force again.
func (s *Service) Withdraw(ctx context.Context, by member.Actor, owner, id string) (Version, error) {
	if _, _, err := s.Owner(ctx, by, owner); err != nil {
		return Version{}, err
	}
	v, err := s.version(owner, id)
	if err != nil {
		return v, err
	}
	if v.ID == "" {
		return v, unknownVersion()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	if len(s.now.Lines[owner]) > 0 && v.From.Before(s.now.Lines[owner][0].From) {
		return v, fault.New(fault.Conflict, "version_past", "This list is not in force any more: what it said is history.")
	}
	ok, err := s.store.Withdraw(ctx, v.ID, by.Name, now)
	if err != nil {
		return v, err
	}
	if !ok {
		return v, fault.New(fault.Conflict, "version_withdrawn", "This list was withdrawn already.")
	}
	v.Withdrawn, v.WithdrawnBy = now, by.Name
	return v, s.load(ctx)
}

// Legacy are lists of before decks had versions.
type Legacy interface {
	OldRates(ctx context.Context) (map[string][]rating.Row, error)
	ForgetOldRates(ctx context.Context, owner string) error
}

// Adopt makes versions of lists of before decks had any: each once.
func (s *Service) Adopt(ctx context.Context, old Legacy) error {
	lists, err := old.OldRates(ctx)
	if err != nil {
		return err
	}
	for owner, rows := range lists {
		if !s.has(owner) {
			now := s.cfg.Now().UTC().Truncate(time.Microsecond)
			v := Version{Owner: owner, Currency: s.cfg.Currency, From: now, By: member.System().Name, At: now}
			if _, err := s.add(ctx, v, ListOf(nil, rows), ""); err != nil {
				return err
			}
		}
		if err := old.ForgetOldRates(ctx, owner); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) has(owner string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all.Versions, func(v Version) bool { return v.Owner == owner })
}
