package idcard

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/pace"
	"github.com/callisto-tel/callisto/business/shop"
)

// TopicPaper is the outbox topic of cards whose invoice is to be written.
const TopicPaper = "card-paper"

// Config is what belongs to this house.
type Config struct {
	Key       ed25519.PrivateKey // certificates are signed with it
	Currency  money.Currency
	Countries func() []string // where a terminal may be: those with a center
	// Tax is what tax is on the price of a card; nil: none.
	Tax func(ctx context.Context, account string, net money.Amount) (shop.Tax, error)
	Log *slog.Logger
	Now func() time.Time
}

// Book is the ledger.
type Book interface {
	PostIn(ctx context.Context, tx ledger.Tx, p ledger.Posting) (ledger.Posted, error)
}

// Service issues cards and signs their holders in and out.
type Service struct {
	store   Store
	book    Book
	members Members
	cfg     Config
	mu      sync.Mutex
	askers  *pace.Pace[string]
}

// New returns the service; Sweep has to be called every second.
func New(store Store, book Book, members Members, cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, book: book, members: members, cfg: cfg, askers: pace.New[string](pace.Limits{Burst: 30, Second: 0.5, Most: 10_000})}
}

func unknownCard(id string) error {
	return fault.New(fault.Unknown, "card_unknown", "There is no ID card %s.", id)
}

func over() error {
	return fault.New(fault.Forbidden, "card_over", "The time of this ID card is over. Order a new one on your page.")
}

// offers are those of the operator, and how the house begins.
func (s *Service) offers(ctx context.Context, tx Cards) ([]Offer, error) {
	zero := money.Amount{Currency: s.cfg.Currency}
	out := []Offer{{Kind: File, Offered: true, Net: zero, Years: 5}, {Kind: Printed, Net: zero, Years: 5}}
	set, err := tx.Offers(ctx)
	for _, o := range set {
		for i := range out {
			if out[i].Kind == o.Kind {
				o.Net.Currency = s.cfg.Currency
				out[i] = o
			}
		}
	}
	return out, err
}

// Offers are what an actor can order; the operator sees what is not offered too.
func (s *Service) Offers(ctx context.Context, by member.Actor) (out []Offer, err error) {
	err = s.store.Do(ctx, func(tx Tx) error {
		out, err = s.offers(ctx, tx)
		return err
	})
	if err != nil || by.Role == member.Operator {
		return out, err
	}
	out = slices.DeleteFunc(out, func(o Offer) bool { return !o.Offered })
	for i := range out {
		if out[i].Tax, err = s.tax(ctx, by.Account, out[i].Net); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) tax(ctx context.Context, account string, net money.Amount) (shop.Tax, error) {
	if s.cfg.Tax == nil || account == "" || net.Micros == 0 {
		return shop.Tax{}, nil
	}
	return s.cfg.Tax(ctx, account, net)
}

// SetOffer changes what is offered from now on.
func (s *Service) SetOffer(ctx context.Context, by member.Actor, o Offer) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	var bad []fault.Field
	if o.Kind != File && o.Kind != Printed {
		bad = append(bad, fault.Field{Name: "kind", Text: "A card is a file, or printed."})
	}
	if o.Net.Micros < 0 || o.Net.Micros > mostPrice*money.Micros {
		bad = append(bad, fault.Field{Name: "price", Text: "Give a price, or 0 for a free one."})
	}
	if o.Years < 1 || o.Years > mostYears {
		bad = append(bad, fault.Field{Name: "years", Text: "A card is valid for 1 to 20 years."})
	}
	if len(bad) > 0 {
		return fault.Fields(bad...)
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.PutOffer(ctx, o, s.cfg.Now()) })
}

// Order is what a member asks for.
type Order struct {
	Membership string
	Kind       Kind
	Postal     string // where a printed one goes
	Once       string // an id for the order: sent again with it, it is the same order; "" makes one
}

// NewOrder is an id that an order may have.
func NewOrder(now time.Time) string { return ident.New("card", now) }

// Order issues a card, paid from the wallet at once if it costs something.
func (s *Service) Order(ctx context.Context, by member.Actor, o Order) (c Card, err error) {
	now := s.cfg.Now().UTC()
	if o.Once == "" {
		o.Once = NewOrder(now)
	}
	if !ident.Is("card", o.Once) {
		return c, fault.New(fault.Invalid, "once", "The id of the order is card_ and 16 letters of 0-9a-v.")
	}
	m, err := s.members.Membership(ctx, by, o.Membership)
	if err != nil {
		return c, err
	}
	if by.Role == member.Operator {
		return c, fault.New(fault.Forbidden, "members_only", "ID cards are ordered by members, on their own pages.")
	}
	if err := s.members.MayOrder(ctx, m.Account); err != nil {
		return c, err
	}
	if o.Postal, err = postal(o); err != nil {
		return c, err
	}
	list, err := s.Offers(ctx, by)
	if err != nil {
		return c, err
	}
	at := slices.IndexFunc(list, func(x Offer) bool { return x.Kind == o.Kind })
	if at < 0 {
		return c, fault.New(fault.Conflict, "card_off", "Such a card is not offered now.")
	}
	offer := list[at]
	c = Card{ID: o.Once, Account: m.Account, Membership: m.ID, Number: m.Number, Country: m.Country, Holder: m.Name, Kind: o.Kind, State: Issued,
		Net: offer.Net, Tax: offer.Tax, Postal: o.Postal, Created: now, Until: now.AddDate(offer.Years, 0, 0)}
	err = s.store.Do(ctx, func(tx Tx) error { return s.issue(ctx, tx, c) })
	if err != nil {
		return Card{}, err
	}
	return s.Card(ctx, by, c.ID)
}

func postal(o Order) (string, error) {
	if o.Kind != Printed {
		return "", nil
	}
	text := strings.TrimSpace(strings.ReplaceAll(o.Postal, "\r\n", "\n"))
	if n := len([]rune(text)); n < 10 || n > mostPostal {
		return "", fault.Fields(fault.Field{Name: "postal", Text: "Write the address to which the card is sent: name, street, town and country."})
	}
	return text, nil
}

// issue keeps a card and books its price.
func (s *Service) issue(ctx context.Context, tx Tx, c Card) error {
	if old, found, err := tx.LockCard(ctx, c.ID); err != nil || found {
		if err == nil && (old.Account != c.Account || old.Kind != c.Kind || old.Membership != c.Membership) {
			err = fault.New(fault.Conflict, "once_reused", "This order was made already, of something else.")
		}
		return err
	}
	n, err := tx.CountCards(ctx, c.Account, c.Created)
	if err != nil {
		return err
	}
	if n >= MostCards {
		return fault.New(fault.Limited, "cards_many", "You have %d ID cards. Revoke one that you do not use any more, then order another.", n)
	}
	if fresh, err := tx.AddCard(ctx, c); err != nil || !fresh {
		return err
	}
	if c.Price().Micros == 0 {
		return nil
	}
	cur := c.Net.Currency
	entries := []ledger.Entry{{Account: ledger.WalletID(c.Account, cur), Amount: c.Price().Neg()}, {Account: ledger.RevenueAccount(cur, c.ID), Amount: c.Net}}
	if c.Tax.Micros != 0 {
		account := ledger.TaxAccount(c.Tax.Country, cur)
		if err := tx.Open(ctx, ledger.Account{ID: account, Kind: ledger.Clearing, Currency: cur, Floor: ledger.Unbounded, Opened: s.cfg.Now()}); err != nil {
			return err
		}
		entries = append(entries, ledger.Entry{Account: account, Amount: money.Amount{Currency: cur, Micros: c.Tax.Micros}})
	}
	_, err = s.book.PostIn(ctx, tx, ledger.Posting{Key: "card:" + c.ID, Kind: "card", Ref: c.ID, Memo: "ID card for " + c.Number.Display(), Entries: entries})
	return err
}

// Card reads one of the actor's own.
func (s *Service) Card(ctx context.Context, by member.Actor, id string) (Card, error) {
	c, found, err := s.store.Card(ctx, id)
	if err == nil && (!found || !by.May(c.Account)) {
		err = unknownCard(id)
	}
	return c, err
}

// Cards lists those of an account, the newest first; "" is everybody's, for the operator.
func (s *Service) Cards(ctx context.Context, by member.Actor, account, cursor string, limit int) (list []Card, next string, err error) {
	if !by.May(account) {
		return nil, "", fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
	}
	limit = min(max(limit, 1), 200)
	list, err = s.store.CardsOf(ctx, account, cursor, limit+1)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}

// Write puts a new key on a card, and returns the certificate that goes into
// the file. What was written before opens nothing any more.
func (s *Service) Write(ctx context.Context, by member.Actor, id, algorithm, key string) (Card, string, error) {
	if err := s.members.Fresh(by); err != nil {
		return Card{}, "", err
	}
	if !checkKey(algorithm, key) {
		return Card{}, "", fault.New(fault.Invalid, "card_key", "This is no public key. Try again with a newer browser.")
	}
	var c Card
	err := s.store.Do(ctx, func(tx Tx) error {
		var found bool
		var err error
		if c, found, err = tx.LockCard(ctx, id); err != nil {
			return err
		}
		now := s.cfg.Now()
		switch {
		case !found || c.Account != by.Account: // not the operator either: it is no card of his
			return unknownCard(id)
		case c.State == Revoked:
			return fault.New(fault.Conflict, "card_revoked", "This ID card was revoked. Order a new one on your page.")
		case c.Over(now):
			return over()
		}
		c.State, c.Algorithm, c.Key, c.Serial, c.Written = Written, algorithm, key, c.Serial+1, now
		return tx.PutCard(ctx, c)
	})
	if err != nil {
		return Card{}, "", err
	}
	if err := s.endOf(ctx, c.ID, HowRewritten); err != nil {
		return Card{}, "", err
	}
	text, err := s.certify(&c)
	return c, text, err
}

// Revoke ends a card for good, and whatever is signed in with it.
func (s *Service) Revoke(ctx context.Context, by member.Actor, id string) error {
	err := s.store.Do(ctx, func(tx Tx) error {
		c, found, err := tx.LockCard(ctx, id)
		if err != nil {
			return err
		}
		if !found || !by.May(c.Account) {
			return unknownCard(id)
		}
		if c.State == Revoked {
			return nil
		}
		c.State, c.Revoked, c.RevokedBy = Revoked, s.cfg.Now(), "holder"
		if by.Account != c.Account {
			c.RevokedBy = "operator"
		}
		return tx.PutCard(ctx, c)
	})
	if err != nil {
		return err
	}
	return s.endOf(ctx, id, HowRevoked)
}

// MarkSent notes that a printed card is on its way.
func (s *Service) MarkSent(ctx context.Context, by member.Actor, id string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error {
		c, found, err := tx.LockCard(ctx, id)
		if err != nil {
			return err
		}
		if !found || c.Kind != Printed {
			return unknownCard(id)
		}
		if !c.Sent.IsZero() {
			return nil
		}
		c.Sent = s.cfg.Now()
		return tx.PutCard(ctx, c)
	})
}

// Choice is what the holder of a number wants of sign-ins to it.
func (s *Service) Choice(ctx context.Context, by member.Actor, membership string) (Choice, error) {
	if _, err := s.members.Membership(ctx, by, membership); err != nil {
		return Choice{}, err
	}
	return s.choice(ctx, membership)
}

func (s *Service) choice(ctx context.Context, membership string) (Choice, error) {
	c, found, err := s.store.Choice(ctx, membership)
	if err != nil {
		return c, fmt.Errorf("read what is wanted of sign-ins to %s: %w", membership, err)
	}
	if !found {
		return usual(), nil
	}
	return c, nil
}

// SetChoice changes it, for sign-ins from now on.
func (s *Service) SetChoice(ctx context.Context, by member.Actor, membership string, c Choice) error {
	if _, err := s.members.Membership(ctx, by, membership); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	return s.store.Do(ctx, func(tx Tx) error { return tx.SetChoice(ctx, membership, c) })
}
