// Package access is how members reach the house from any telephone: the
// telephone numbers at which it answers, one or more in a country, what each
// member set for calls to them, and his short numbers.
package access

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/speech"
)

// Number is a telephone number of a carrier at which the house answers.
type Number struct {
	E164     string // with +
	Carrier  string // that brings it
	Country  string // ISO code: where it is dialled from
	Language string // spoken there
	Added    time.Time
}

// Settings are what a member set for his calls from telephones that are not
// signed in.
type Settings struct {
	// Recognise: a telephone that he has proved is enough to know him by. Whoever
	// makes his own telephone show that number is known by it too.
	Recognise bool
	AskPIN    bool // there too
	SayPrice  bool // before the call
	// RingBack: a call from such a telephone is refused, and rung back.
	RingBack bool
}

// open tells whether a number that a call shows is all it takes.
func (s Settings) open() bool { return s.Recognise && !s.AskPIN }

// Defaults are the settings of who has set nothing. A telephone alone opens
// nobody's wallet unless he says so: what number a call shows can be made up.
func Defaults() Settings { return Settings{SayPrice: true} }

// Short is a short number of a member.
type Short struct {
	Key int    // 1 to 99
	To  string // as he would dial it
}

// MostKey is the greatest short number.
const MostKey = 99

// Store keeps all of it.
type Store interface {
	AccessNumbers(ctx context.Context) ([]Number, error)
	PutAccessNumber(ctx context.Context, n Number) error
	RemoveAccessNumber(ctx context.Context, e164 string) (bool, error)
	// AccessSettings is false for who has set nothing.
	AccessSettings(ctx context.Context, account string) (Settings, bool, error)
	SaveAccessSettings(ctx context.Context, account string, s Settings, now time.Time) error
	Shorts(ctx context.Context, account string) ([]Short, error)
	// SaveShort sets one, or with no number removes it.
	SaveShort(ctx context.Context, account string, s Short) error
}

// Config is what the service needs.
type Config struct {
	Plans *numbering.Plans
	// Carrier reports whether there is one of an id.
	Carrier func(id string) bool
	// Taken says whose a telephone number is that is not the house's own.
	Taken func(ctx context.Context, e164 string) (bool, error)
	// Changed tells the other processes; it may be nil.
	Changed func(ctx context.Context) error
	Fresh   func(member.Actor) error
	Now     func() time.Time
}

// Service keeps access numbers in memory, for calls.
type Service struct {
	store   Store
	cfg     Config
	numbers atomic.Pointer[[]Number]
}

// New returns the service; Load it.
func New(store Store, cfg Config) *Service {
	s := &Service{store: store, cfg: cfg}
	s.numbers.Store(&[]Number{})
	return s
}

// Load reads the numbers, again when they were changed elsewhere.
func (s *Service) Load(ctx context.Context) error {
	list, err := s.store.AccessNumbers(ctx)
	if err != nil {
		return fmt.Errorf("read the access numbers: %w", err)
	}
	s.numbers.Store(&list)
	return nil
}

// Numbers lists them, by country.
func (s *Service) Numbers() []Number { return *s.numbers.Load() }

// Number finds the one that a carrier brings.
func (s *Service) Number(carrier, e164 string) (Number, bool) {
	for _, n := range *s.numbers.Load() {
		if n.E164 == e164 && n.Carrier == carrier {
			return n, true
		}
	}
	return Number{}, false
}

// AnswersAt reports whether there is such a number, whoever brings it.
func (s *Service) AnswersAt(e164 string) bool {
	return slices.ContainsFunc(*s.numbers.Load(), func(n Number) bool { return n.E164 == e164 })
}

// Put has the house answer at a number, or changes carrier and language of one.
func (s *Service) Put(ctx context.Context, by member.Actor, n Number) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	var bad []fault.Field
	code, national, err := s.cfg.Plans.Own(n.E164)
	country, valid := "", false
	if err == nil {
		country, valid = s.cfg.Plans.Valid(code, national)
	}
	n.Country = country
	if !valid {
		bad = append(bad, fault.Field{Name: "e164", Text: "Write a telephone number with + and the country code, as +82 2 555 0100."})
	} else {
		n.E164 = "+" + code + national
		taken, err := s.cfg.Taken(ctx, n.E164)
		if err != nil {
			return err
		}
		if taken {
			bad = append(bad, fault.Field{Name: "e164", Text: "This telephone number is in stock for members. Take it out there first."})
		}
	}
	if !s.cfg.Carrier(n.Carrier) {
		bad = append(bad, fault.Field{Name: "carrier", Text: "Choose the carrier that brings this number."})
	}
	if n.Language == "" {
		n.Language = LanguageOf(country)
	}
	if !slices.Contains(speech.Languages(), n.Language) {
		bad = append(bad, fault.Field{Name: "language", Text: "Choose one of the languages that are spoken."})
	}
	if len(bad) > 0 {
		return fault.Fields(bad...)
	}
	n.Added = s.cfg.Now()
	if err := s.store.PutAccessNumber(ctx, n); err != nil {
		return err
	}
	return s.changed(ctx)
}

// Remove has the house answer there no more.
func (s *Service) Remove(ctx context.Context, by member.Actor, e164 string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	removed, err := s.store.RemoveAccessNumber(ctx, e164)
	if err != nil {
		return err
	}
	if !removed {
		return fault.New(fault.Unknown, "access_number_unknown", "%s is no access number.", e164)
	}
	return s.changed(ctx)
}

func (s *Service) changed(ctx context.Context) error {
	if err := s.Load(ctx); err != nil || s.cfg.Changed == nil {
		return err
	}
	return s.cfg.Changed(ctx)
}

// Of is what a member set, with his short numbers.
func (s *Service) Of(ctx context.Context, account string) (Settings, []Short, error) {
	set, found, err := s.store.AccessSettings(ctx, account)
	if err != nil {
		return set, nil, err
	}
	if !found {
		set = Defaults()
	}
	shorts, err := s.store.Shorts(ctx, account)
	return set, shorts, err
}

// Set changes what a member set. To be known by less than before he proves that
// it is he.
func (s *Service) Set(ctx context.Context, by member.Actor, set Settings) error {
	old, _, err := s.Of(ctx, by.Account)
	if err != nil {
		return err
	}
	if set.open() && !old.open() || set.RingBack && !old.RingBack {
		if err := s.cfg.Fresh(by); err != nil {
			return err
		}
	}
	return s.store.SaveAccessSettings(ctx, by.Account, set, s.cfg.Now())
}

// SetShort sets a short number, or with no number removes it.
func (s *Service) SetShort(ctx context.Context, by member.Actor, x Short) error {
	var bad []fault.Field
	if x.Key < 1 || x.Key > MostKey {
		bad = append(bad, fault.Field{Name: "key", Text: "A short number is from 1 to 99."})
	}
	if x.To = strings.TrimSpace(x.To); x.To != "" {
		to, err := Target(x.To)
		if err != nil {
			bad = append(bad, fault.Field{Name: "to", Text: fault.ReasonOf(err).Text})
		}
		x.To = to
	}
	if len(bad) > 0 {
		return fault.Fields(bad...)
	}
	return s.store.SaveShort(ctx, by.Account, x)
}

// Target reads a number that somebody will call from a telephone.
func Target(text string) (string, error) {
	typed, err := numbering.ParseTyped(strings.TrimSpace(text))
	if err == nil && len(text) <= 60 {
		switch typed.Kind {
		case numbering.Plus:
			return "+" + typed.Text, nil
		case numbering.Digits, numbering.Rooted:
			return typed.Text, nil
		default:
		}
	}
	const say = "Write a number as you dial it: 2 555 1234 82, 5550100#82 or +49 30 901820."
	return "", fault.New(fault.Invalid, "number_form", say).WithFields(fault.Field{Name: "to", Text: say})
}

// Unproved refuses to ring a telephone that a member has not proved.
func Unproved(telephone string) error {
	return fault.New(fault.Forbidden, "telephone_unproved", "%s is not a telephone that you have proved. Prove it first, as a telephone of your number.", telephone)
}

// NoCenter refuses where no center would ring.
func NoCenter() error {
	return fault.New(fault.Unavailable, "no_center", "There is no center for your number at present.")
}

// RungEnough refuses who was rung often.
func RungEnough() error {
	return fault.New(fault.Limited, "rung_enough", "You were rung often in the last hour. Try again in a few minutes.")
}

// NoKeys refuses to press what is on no keypad, for who tries access numbers out.
func NoKeys() error {
	return fault.New(fault.Invalid, "keys", "Keys are digits, * and #, at most 60; a comma waits two seconds.")
}

// Dialled is what the keys of a telephone mean: a short number of the member's,
// else the number itself, in which * stands for the # of a company's number.
func Dialled(keys string, shorts []Short) string {
	if n, err := strconv.Atoi(keys); err == nil && len(keys) <= 2 {
		for _, s := range shorts {
			if s.Key == n {
				return s.To
			}
		}
	}
	if len(keys) > 1 {
		return keys[:1] + strings.ReplaceAll(keys[1:], "*", "#")
	}
	return keys
}

// LanguageOf is the language that is spoken to callers in a country, as far as
// the prompts speak it.
func LanguageOf(country string) string {
	for language, countries := range map[string]string{
		"ko": "KR KP", "ja": "JP", "zh": "CN TW HK MO SG", "de": "DE AT CH LI LU", "fr": "FR BE MC SN CI CM ML BF NE TG BJ GA CG CD MG HT",
		"es": "ES MX AR CO CL PE VE EC GT CU BO DO HN PY SV NI CR PA UY PR GQ", "pt": "BR PT AO MZ CV GW ST", "ru": "RU BY KZ KG",
		"ar": "SA AE EG MA DZ TN LY SD IQ SY JO LB KW QA BH OM YE PS MR", "hi": "IN",
	} {
		if slices.Contains(strings.Fields(countries), country) {
			return language
		}
	}
	return "en"
}
