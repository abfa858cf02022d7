package alias

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
)

// Records reads the TXT records of a name: none, with no error, where there are
// none. An error says that nothing is known.
type Records func(ctx context.Context, name string) ([]string, error)

// Config is what the service needs.
type Config struct {
	Sold routing.Sold
	TXT  Records
	// Proved reports whether an account has proved a telephone, in + form.
	Proved func(ctx context.Context, account, e164 string) bool
	// Reader is where an account reads letters, and in which language.
	Reader func(ctx context.Context, account string) (email, language string, err error)
	// Tell has routing know, here and in the other processes.
	Tell func(ctx context.Context, e Entry) error
	// Ours reports whether a domain is the house's own.
	Ours func(domain string) bool
	Link func(path string) string
	Log  *slog.Logger
	Now  func() time.Time
}

// Limits and times.
const (
	mostNames  = 50                  // of an account
	mostADay   = 20                  // new ones of an account
	mostLook   = 100                 // names looked at in one sweep
	atOnce     = 8                   // of them at the same time
	lookFor    = 10 * time.Second    // the name servers have for one record
	often      = 24 * time.Hour      // how often a domain is looked at
	grace      = 14 * 24 * time.Hour // how long a domain may be without its record
	linkLasts  = 24 * time.Hour
	recordTime = 7 * 24 * time.Hour // how long a domain may wait for its record
)

// Service keeps the names of numbers.
type Service struct {
	store Store
	cfg   Config
}

// New returns the service.
func New(store Store, cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store, cfg}
}

// Names lists the names of an account.
func (s *Service) Names(ctx context.Context, by member.Actor, account string) ([]Name, error) {
	if account == "" || !by.May(account) {
		return nil, notYours()
	}
	return s.store.Names(ctx, Filter{Account: account, Live: true})
}

// All lists everybody's for the operator; next is the cursor of the page after.
func (s *Service) All(ctx context.Context, by member.Actor, cursor string, limit int) (list []Name, next string, err error) {
	if by.Role != member.Operator {
		return nil, "", notYours()
	}
	limit = min(max(limit, 1), 200)
	list, err = s.store.Names(ctx, Filter{Live: true, After: cursor, Limit: limit + 1})
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

func notYours() error {
	return fault.New(fault.Forbidden, "not_yours", "These names are somebody else's.")
}

// Add registers a name for a number; it counts once it is proved. Adding it
// again gives the one there is.
func (s *Service) Add(ctx context.Context, by member.Actor, name, number string) (Name, error) {
	if by.Account == "" {
		return Name{}, fault.New(fault.Unproven, "sign_in", "Sign in to register a name.")
	}
	canonical, kind, err := Canonical(name)
	if err != nil {
		return Name{}, err
	}
	domain := canonical[strings.IndexByte(canonical, '@')+1:]
	if s.cfg.Ours != nil && s.cfg.Ours(domain) {
		return Name{}, fault.New(fault.Forbidden, "name_ours", "%s is ours: numbers are called there without being registered.", domain)
	}
	if kind == Domain {
		if err := mayBe(domain); err != nil {
			return Name{}, err
		}
	}
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	n := Name{ID: ident.New("nam", now), Account: by.Account, Name: canonical, Kind: kind, State: Waiting, Checked: now, Created: now}
	if n.Number, n.Dial, err = s.target(ctx, by.Account, number); err != nil {
		return Name{}, err
	}
	own, err := s.store.Names(ctx, Filter{Account: by.Account})
	if err != nil {
		return Name{}, err
	}
	fresh := 0
	for i := range own {
		switch o := &own[i]; {
		case o.Name == canonical && o.State != Removed && o.Number == n.Number && o.Dial == n.Dial:
			return *o, nil
		case o.Name == canonical && o.State != Removed:
			return Name{}, fault.New(fault.Conflict, "name_yours", "You have registered %s for another number already. Remove it there first.", o.Shown())
		case o.Created.After(now.Add(-often)):
			fresh++
		}
	}
	if len(own) >= mostNames || fresh >= mostADay {
		return Name{}, fault.New(fault.Limited, "names_limit", "Those are too many names for one account. Remove some, or try again tomorrow.")
	}
	if kind == Domain {
		n.Token = ident.Secret(20)
		return n, s.store.InsertName(ctx, n)
	}
	token := ident.Secret(20)
	n.Hash = hash(token)
	_, language, err := s.cfg.Reader(ctx, by.Account)
	if err != nil {
		return Name{}, err
	}
	return n, s.store.InsertName(ctx, n, letter.Letter{
		Key: "name:" + n.ID, Account: by.Account, To: canonical, Language: language, Kind: "name_confirm",
		Fields: map[string]string{"name": n.Shown(), "number": n.Stands(), "link": s.cfg.Link("/names/confirm?token=" + token)},
	})
}

func hash(token string) string {
	h := sha256.Sum256([]byte("name " + token))
	return hex.EncodeToString(h[:])
}

// Stands is the number a name stands for, as people write it.
func (n *Name) Stands() string {
	switch {
	case n.Dial != "":
		return numbering.Spaced(n.Dial)
	case n.Number.Kind == numbering.Company:
		return n.Number.National
	}
	return n.Number.Display()
}

// target finds what a name is to stand for: a number of the account, a company's
// root, or a telephone that it has proved.
func (s *Service) target(ctx context.Context, account, number string) (numbering.Number, string, error) {
	typed, err := numbering.ParseTyped(number)
	if err != nil {
		return numbering.Number{}, "", err
	}
	if h, ok := routing.Find(s.cfg.Sold, number); ok && h.Account == account {
		if h.Number.Kind == numbering.Company {
			if c, is := s.cfg.Sold.Root(h.Number.National); is {
				h.Number.CallingCode = c.Home // it stands for the root
			}
		}
		return h.Number, "", nil
	}
	if typed.Kind == numbering.Plus && s.cfg.Proved != nil && s.cfg.Proved(ctx, account, "+"+typed.Text) {
		return numbering.Number{}, "+" + typed.Text, nil
	}
	return numbering.Number{}, "", fault.New(fault.Forbidden, "number_not_yours", "A name can stand for a number of yours, or for a telephone that you have proved to be yours. %q is neither.", clip(number)).
		WithFields(fault.Field{Name: "number", Text: "Use a number of yours, or prove the telephone first."})
}

// mine reads a name that somebody may change.
func (s *Service) mine(ctx context.Context, by member.Actor, id string) (Name, error) {
	n, ok, err := s.store.Name(ctx, id)
	if err != nil {
		return n, err
	}
	if !ok || n.State == Removed || !by.May(n.Account) {
		return n, fault.New(fault.Unknown, "name_unknown", "There is no such name of yours.")
	}
	return n, nil
}

// Check looks for the record of a domain, at once.
func (s *Service) Check(ctx context.Context, by member.Actor, id string) (Name, error) {
	n, err := s.mine(ctx, by, id)
	if err != nil || n.Kind != Domain || n.State == Proved {
		return n, err
	}
	there, err := s.recorded(ctx, &n)
	if err != nil {
		return n, err
	}
	if !there {
		name, text := n.Record()
		return n, fault.New(fault.Conflict, "record_missing", "There is no TXT record %s with the text %s yet. A new record can take an hour to be seen.", name, text)
	}
	return n, s.prove(ctx, &n)
}

// recorded reports whether the record of a domain is there.
func (s *Service) recorded(ctx context.Context, n *Name) (bool, error) {
	name, want := n.Record()
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	list, err := s.cfg.TXT(ctx, name)
	if err != nil {
		return false, fault.Wrap(fault.Unavailable, "dns_silent", "The records of "+n.Name+" cannot be looked up now. Try again in a while.", err)
	}
	return slices.ContainsFunc(list, func(t string) bool { return strings.TrimSpace(t) == want }), nil
}

// Confirm takes the token of a letter.
func (s *Service) Confirm(ctx context.Context, token string) (Name, error) {
	n, ok, err := s.store.NameByHash(ctx, hash(token))
	if err != nil {
		return n, err
	}
	if !ok || n.State != Waiting || s.cfg.Now().After(n.Created.Add(linkLasts)) {
		return n, fault.New(fault.Unknown, "link_over", "This link is over. Register the address again to get another.")
	}
	n.Hash = "" // it works once
	return n, s.prove(ctx, &n)
}

// prove makes a name count. Whoever had it until now loses it: an address is
// whose letters it takes, a domain whose record is there. A domain with the
// records of two stays with the first.
func (s *Service) prove(ctx context.Context, n *Name) error {
	rivals, err := s.store.Names(ctx, Filter{Name: n.Name, Live: true})
	if err != nil {
		return err
	}
	var others []string
	var letters []letter.Letter
	var gone []Entry
	for i := range rivals {
		r := &rivals[i]
		if r.ID == n.ID || r.State != Proved {
			continue
		}
		if r.Kind == Domain {
			there, err := s.recorded(ctx, r)
			if err != nil {
				return err
			}
			if there {
				return fault.New(fault.Conflict, "name_held", "%s rings at somebody else's number, and his record is still there. Remove the TXT records at %s that are not yours, then look again.", n.Shown(), Label+n.Name)
			}
		}
		others = append(others, r.ID)
		r.State = Removed
		gone = append(gone, r.Entry())
		letters = append(letters, s.letter(ctx, r, "name_moved", ""))
	}
	n.State, n.Checked, n.Missing = Proved, s.cfg.Now().UTC().Truncate(time.Microsecond), time.Time{}
	ok, err := s.store.SaveName(ctx, *n, others, posted(letters)...)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "name_raced", "Somebody else proved %s at the same moment. Try again.", n.Shown())
	}
	for _, e := range gone {
		s.tell(ctx, e)
	}
	s.tell(ctx, n.Entry())
	return nil
}

// tell has routing know; what cannot be told now is told by the next sweep.
func (s *Service) tell(ctx context.Context, e Entry) {
	if err := s.cfg.Tell(ctx, e); err != nil {
		s.cfg.Log.WarnContext(ctx, "a name could not be told to the other processes", "name", e.Name, "error", err)
	}
}

// letter to a holder; one to nobody is left out by posted.
func (s *Service) letter(ctx context.Context, n *Name, kind, date string) letter.Letter {
	email, language, err := s.cfg.Reader(ctx, n.Account)
	if err != nil || email == "" {
		return letter.Letter{}
	}
	record, text := n.Record()
	return letter.Letter{
		Key: kind + ":" + n.ID + ":" + n.Missing.Format(time.RFC3339), Account: n.Account, To: email, Language: language, Kind: kind,
		Fields: map[string]string{"name": n.Shown(), "number": n.Stands(), "record": record, "text": text, "date": date, "link": s.cfg.Link("/names")},
	}
}

func posted(list []letter.Letter) []letter.Letter {
	return slices.DeleteFunc(list, func(l letter.Letter) bool { return l.To == "" })
}

// Remove takes a name away.
func (s *Service) Remove(ctx context.Context, by member.Actor, id string) error {
	n, err := s.mine(ctx, by, id)
	if err != nil {
		return err
	}
	return s.remove(ctx, &n)
}

func (s *Service) remove(ctx context.Context, n *Name, letters ...letter.Letter) error {
	n.State, n.Hash, n.Checked = Removed, "", s.cfg.Now().UTC().Truncate(time.Microsecond)
	if _, err := s.store.SaveName(ctx, *n, nil, posted(letters)...); err != nil {
		return err
	}
	s.tell(ctx, n.Entry())
	return nil
}

// RemoveAll takes every name of an account away, when it ends.
func (s *Service) RemoveAll(ctx context.Context, account string) error {
	list, err := s.store.Names(ctx, Filter{Account: account})
	for i := range list {
		s.tell(ctx, Entry{Name: list[i].Name, Account: account, Gone: true})
		err = errors.Join(err, s.store.DropName(ctx, list[i].ID))
	}
	return err
}

// Sweep looks at the domains that are due: one without its record is warned of,
// and after two weeks removed. A domain that cannot be looked up is not missing.
// It takes as long as name servers do.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	list, err := s.store.StaleNames(ctx, now.Add(-often), now, mostLook)
	if err != nil {
		return err
	}
	faults := make([]error, len(list))
	free := make(chan struct{}, atOnce)
	var looks sync.WaitGroup
	for i := range list {
		free <- struct{}{}
		looks.Go(func() {
			defer func() { <-free }()
			faults[i] = s.again(ctx, &list[i], now)
		})
	}
	looks.Wait()
	return errors.Join(faults...)
}

// again looks at a name that counts as looked at now.
func (s *Service) again(ctx context.Context, n *Name, now time.Time) error {
	switch {
	case n.State == Removed, n.State == Waiting && n.Kind == Email, n.State == Waiting && now.After(n.Created.Add(recordTime)):
		return s.store.DropName(ctx, n.ID)
	case n.State == Proved && n.Dial == "" && !holds(s.cfg.Sold, n.Account, n.Number):
		return s.remove(ctx, n) // the number is no longer his
	case n.State == Proved && n.Kind == Email:
		return nil
	}
	there, err := s.recorded(ctx, n)
	if err == nil && there && n.State == Waiting {
		err = s.prove(ctx, n)
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
	case kind == fault.Conflict:
		return nil // it is another's still
	case kind == fault.Unavailable:
		s.cfg.Log.InfoContext(ctx, "a domain cannot be looked up", "domain", n.Name, "error", err)
		n.Checked = now.Add(time.Hour - often) // again in an hour
		_, err = s.store.SaveName(ctx, *n, nil)
		return err
	default:
		return err
	}
	switch {
	case n.State == Waiting, there && n.Missing.IsZero():
		return nil
	case there:
		n.Missing = time.Time{}
		_, err = s.store.SaveName(ctx, *n, nil)
		return err
	case n.Missing.IsZero():
		n.Missing = now
		_, err = s.store.SaveName(ctx, *n, nil, posted([]letter.Letter{s.letter(ctx, n, "name_missing", n.RemovedOn().Format(time.DateOnly))})...)
		return err
	case !now.Before(n.RemovedOn()):
		return s.remove(ctx, n, s.letter(ctx, n, "name_removed", ""))
	}
	return nil
}
