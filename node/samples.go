package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
)

// sample is a member of `callisto dev` as samples.json keeps it. Passwords are
// clear there on purpose: it is a developer's own toy company, and its members
// must stay the same over restarts.
type sample struct {
	Name        string   `json:"name"`
	Email       string   `json:"email"`
	Password    string   `json:"password"`
	Kind        string   `json:"kind,omitempty"`
	Country     string   `json:"country,omitempty"`
	National    string   `json:"national,omitempty"`
	Offices     []string `json:"offices,omitempty"`
	OwnPhone    bool     `json:"own_phone,omitempty"`
	Language    string   `json:"language,omitempty"`
	TimeZone    string   `json:"time_zone,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	Role        string   `json:"role,omitempty"`
	Account     string   `json:"account"`
	APIKey      string   `json:"api_key"`
	SIPUser     string   `json:"sip_user,omitempty"`
	SIPPassword string   `json:"sip_password,omitempty"`
}

func (s sample) number(plans *numbering.Plans) numbering.Number {
	kind, err := numbering.ParseKind(s.Kind)
	if err != nil {
		return numbering.Number{}
	}
	return numbering.Number{Kind: kind, CallingCode: plans.CallingCode(s.Country), National: s.National}
}

// cast is who lives in a new `callisto dev`.
func cast() []sample {
	return []sample{
		{Name: "Operator", Email: "operator@callisto.example", Role: "operator", Language: "en", TimeZone: "UTC"},
		{Name: "Minji Kim", Email: "minji@callisto.example", Kind: "individual", Country: "KR", National: "25551234", OwnPhone: true, Language: "ko", TimeZone: "Asia/Seoul", Contact: "+82 2 555 1234"},
		{Name: "Jun Park", Email: "jun@callisto.example", Kind: "individual", Country: "KR", National: "7550142", Language: "ko", TimeZone: "Asia/Seoul", Contact: "+82 2 555 6789"},
		{Name: "Ada Rivera", Email: "ada@callisto.example", Kind: "individual", Country: "US", National: "3125550142", OwnPhone: true, Language: "en", TimeZone: "America/Chicago", Contact: "+1 312 555 0142"},
		{Name: "Sam Brooks", Email: "sam@callisto.example", Kind: "individual", Country: "US", National: "75501428", Language: "en", TimeZone: "America/New_York", Contact: "+1 312 555 0187"},
		{Name: "Han River Trading", Email: "hanriver@callisto.example", Kind: "company", Country: "KR", National: "5550100", Offices: []string{"US"}, Language: "ko", TimeZone: "Asia/Seoul", Contact: "+82 2 555 0100"},
	}
}

const samplesFile = "samples.json"

// seed makes the sample members once. Each step looks first whether it is done
// already, so a start that was interrupted is finished by the next.
func (n *Node) seed(ctx context.Context) error {
	file := filepath.Join(n.cfg.Data, samplesFile)
	var list []sample
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		list = cast()
		for i := range list {
			list[i].Password = ident.Secret(10)
		}
	case err != nil:
		return fmt.Errorf("the sample members: %w", err)
	default:
		if err := json.Unmarshal(text, &list); err != nil {
			return fmt.Errorf("%s cannot be read; remove the folder to begin anew: %w", file, err)
		}
	}
	for i := range list {
		if err := writeJSON(file, list); err != nil { // before each step: what a step is about to use must not be lost
			return err
		}
		if err := n.seedOne(ctx, &list[i]); err != nil {
			return fmt.Errorf("the sample member %s: %w", list[i].Name, err)
		}
	}
	n.samples = list
	return writeJSON(file, list)
}

func (n *Node) seedOne(ctx context.Context, s *sample) error {
	if s.Account == "" {
		if err := n.seedAccount(ctx, s); err != nil {
			return err
		}
	}
	owner := member.Actor{Account: s.Account, Name: s.Name, Role: member.Customer}
	if s.Role == string(member.Operator) {
		owner.Role = member.Operator
	}
	if s.APIKey == "" {
		key, _, err := n.members.NewAPIKey(ctx, member.System(), s.Account, "sample")
		if err != nil {
			return err
		}
		s.APIKey = key
	}
	if s.Kind == "" || s.SIPPassword != "" {
		return nil
	}
	if err := n.topUp(ctx, s); err != nil {
		return err
	}
	order, err := n.seedNumber(ctx, s)
	if err != nil {
		return err
	}
	return n.seedLine(ctx, owner, s, order)
}

func (n *Node) seedAccount(ctx context.Context, s *sample) error {
	a, err := n.members.SignUp(ctx, member.SignUp{
		Name: s.Name, Email: s.Email, Password: s.Password, Country: s.Country, Language: s.Language, TimeZone: s.TimeZone, Role: member.Role(s.Role), Vouched: true,
	})
	if err == nil {
		s.Account = a.ID
		return nil
	}
	if fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Invalid {
		return err
	}
	// An interrupted start made it: the password of samples.json opens it, or this database belongs to another folder.
	session, who, serr := n.members.SignIn(ctx, s.Email, s.Password, member.Source{})
	if serr != nil {
		return fmt.Errorf("%w (the database has sample members of another folder; take a new database or their folder)", err)
	}
	s.Account = who.Account
	return n.members.SignOut(ctx, session.Token)
}

// topUp brings the welcome credit of a sample member to 100.00.
func (n *Node) topUp(ctx context.Context, s *sample) error {
	more, err := sampleCredit(n.currency()).Sub(welcome(n.currency()))
	if err != nil {
		return err
	}
	_, err = n.book.Post(ctx, ledger.Posting{
		Key: "sample:" + s.Account, Kind: "promotion", Ref: s.Account, Memo: "Sample member's credit",
		Entries: []ledger.Entry{
			{Account: ledger.PromotionAccount(n.currency()), Amount: more.Neg()},
			{Account: ledger.WalletID(s.Account, n.currency()), Amount: more},
		},
	})
	return err
}

func (n *Node) seedNumber(ctx context.Context, s *sample) (shop.Order, error) {
	want := s.number(n.plans)
	for cursor := ""; ; {
		list, next, err := n.shop.Orders(ctx, member.System(), s.Account, cursor, 50)
		if err != nil {
			return shop.Order{}, err
		}
		for _, o := range list {
			if o.Number == want && o.State == shop.Sold {
				return o, nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return n.shop.Grant(ctx, member.System(), s.Account, shop.Request{
		Kind: want.Kind, Country: s.Country, National: s.National, Countries: s.Offices,
	}, s.OwnPhone)
}

func (n *Node) seedLine(ctx context.Context, owner member.Actor, s *sample, order shop.Order) error {
	ms, err := n.members.Memberships(ctx, owner, s.Account)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if m.Order == order.ID { // registered by a start that was interrupted before it could note the password
			dev, err := n.members.AddDevice(ctx, owner, m.ID, "telephone", "")
			if err != nil {
				return err
			}
			s.SIPUser, s.SIPPassword = dev.Device.SIPUser, dev.Password
			return nil
		}
	}
	r := member.Registration{
		OrderID: order.ID, ContactPSTN: s.Contact, Name: s.Name, Country: s.Country, Languages: []string{s.Language}, Email: s.Email, TimeZone: s.TimeZone,
	}
	if len(s.Offices) > 0 {
		for _, iso := range append([]string{s.Country}, s.Offices...) {
			r.Offices = append(r.Offices, member.Office{Country: iso, City: map[string]string{"KR": "Seoul", "US": "Chicago"}[iso], Languages: []string{s.Language}})
		}
	}
	_, dev, err := n.members.Register(ctx, owner, r)
	if err != nil {
		return err
	}
	s.SIPUser, s.SIPPassword = dev.Device.SIPUser, dev.Password
	return nil
}

func welcome(c money.Currency) money.Amount      { return money.Of(c, 50, 0) }
func sampleCredit(c money.Currency) money.Amount { return money.Of(c, 100, 0) }

// writeJSON replaces a file in one step, readable by its owner alone.
func writeJSON(file string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", file, err)
	}
	tmp := f.Name()
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, file)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("cannot write %s: %w", file, err)
	}
	return nil
}

// tryLines is what a person may do next, printed by dev.
func tryLines(members []devMember, company devCompany) []string {
	if len(members) < 2 {
		return nil
	}
	a, b := members[0], members[1]
	return []string{
		"Put " + a.SIPUser + " and " + b.SIPUser + " into two softphones (user, password and domain above), then call " + dialled(b.Number) + ": type it without spaces.",
		"On this machine give a softphone another local port than 5060, for example 5080: Callisto may be using that one.",
		"Call the company: " + dialled(company.Number) + ", or only its root " + strings.SplitN(dialled(company.Number), "#", 2)[0] + ".",
		"Sample members of KR read the pages in Korean, those of US in English: another language is at the foot of each page.",
		"Buy a number in the shop, register it, and it rings at once.",
	}
}

// dialled is a shown number as a telephone takes it: not every softphone drops the spaces.
func dialled(shown string) string { return strings.ReplaceAll(shown, " ", "") }
