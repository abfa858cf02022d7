package alias

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
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
	mostLook   = 20                  // domains looked at in one sweep
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

// Names lists the names of an account; the operator's "" is everybody's.
func (s *Service) Names(ctx context.Context, by member.Actor, account string) ([]Name, error) {
	if account == "" && by.Role != member.Operator || account != "" && !by.May(account) {
		return nil, fault.New(fault.Forbidden, "not_yours", "These names are somebody else's.")
	}
	list, err := s.store.Names(ctx, account, "")
	return slices.DeleteFunc(list, func(n Name) bool { return n.State == Removed }), err
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
	own, err := s.store.Names(ctx, by.Account, "")
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
		return n, fault.Wrap(fault.Unavailable, "dns_silent", "The records of "+n.Name+" cannot be looked up now. Try again in a while.", err)
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
	list, err := s.cfg.TXT(ctx, name)
	return slices.ContainsFunc(list, func(t string) bool { return strings.TrimSpace(t) == want }), err
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
	rivals, err := s.store.Names(ctx, "", n.Name)
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
				return fault.Wrap(fault.Unavailable, "dns_silent", "The records of "+n.Name+" cannot be looked up now. Try again in a while.", err)
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
	list, err := s.store.Names(ctx, account, "")
	for i := range list {
		s.tell(ctx, Entry{Name: list[i].Name, Account: account, Gone: true})
		err = errors.Join(err, s.store.DropName(ctx, list[i].ID))
	}
	return err
}

// Sweep looks at the domains that are due: one without its record is warned of,
// and after two weeks removed. A domain that cannot be looked up is not missing.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.cfg.Now().UTC().Truncate(time.Microsecond)
	list, err := s.store.StaleNames(ctx, now.Add(-often), mostLook)
	if err != nil {
		return err
	}
	for i := range list {
		err = errors.Join(err, s.again(ctx, &list[i], now))
	}
	return err
}

func (s *Service) again(ctx context.Context, n *Name, now time.Time) error {
	switch {
	case n.State == Removed, n.State == Waiting && n.Kind == Email, n.State == Waiting && now.After(n.Created.Add(recordTime)):
		return s.store.DropName(ctx, n.ID)
	case n.State == Proved && n.Dial == "" && !holds(s.cfg.Sold, n.Account, n.Number):
		return s.remove(ctx, n) // the number is no longer his
	case n.State == Proved && n.Kind == Email:
		n.Checked = now
		_, err := s.store.SaveName(ctx, *n, nil)
		return err
	}
	there, err := s.recorded(ctx, n)
	if err != nil {
		s.cfg.Log.InfoContext(ctx, "a domain cannot be looked up", "domain", n.Name, "error", err)
		n.Checked = now.Add(time.Hour - often) // again in an hour
		_, err = s.store.SaveName(ctx, *n, nil)
		return err
	}
	n.Checked = now
	switch {
	case there && n.State == Waiting:
		proved := *n
		err := s.prove(ctx, &proved)
		if err == nil {
			return nil
		}
		if fault.KindOf(err) == fault.Conflict { // it is another's still
			err = nil
		}
		_, serr := s.store.SaveName(ctx, *n, nil) // or it would be looked at before all others for ever
		return errors.Join(err, serr)
	case there || n.State == Waiting:
		n.Missing = time.Time{}
	case n.Missing.IsZero():
		n.Missing = now
		_, err = s.store.SaveName(ctx, *n, nil, posted([]letter.Letter{s.letter(ctx, n, "name_missing", now.Add(grace).Format(time.DateOnly))})...)
		return err
	case now.Sub(n.Missing) >= grace:
		return s.remove(ctx, n, s.letter(ctx, n, "name_removed", ""))
	}
	_, err = s.store.SaveName(ctx, *n, nil)
	return err
}
