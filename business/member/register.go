package member

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 3261 telephones know nothing else (RFC 8760)
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/numbering"
)

// mostOthers is how many other numbers a registration may have.
const mostOthers = 10

// Form is the fields of a registration.
func (s *Service) Form() form.Form {
	return form.Form{Fields: []form.Field{
		{Name: "order_id", Label: "Your order", Type: "text", Required: true},
		{Name: "contact_pstn", Label: "A telephone where you can be reached", Type: "tel", Help: "With the +, as in +82 2 555 1234. Or give an identification number instead.", Max: 40},
		{Name: "identification", Label: "Identification number", Type: "text", Help: "If you have no telephone.", Max: 64},
		{Name: "other_voip", Label: "Your numbers or addresses at other VoIP providers", Type: "list", Max: mostOthers},
		{Name: "name", Label: "Name", Type: "text", Required: true, Max: 100},
		{Name: "country", Label: "Country where you live", Type: "country", Required: true},
		{Name: "languages", Label: "Languages you speak, your mother tongue first", Type: "list", Required: true, Max: 8},
		{Name: "email", Label: "E-mail", Type: "email", Required: true, Max: 254},
		{Name: "time_zone", Label: "Time zone", Type: "timezone", Required: true},
		{Name: "offices", Label: "Offices (companies)", Type: "list", Help: "Country, city and languages of each."},
	}}
}

// Register registers a sold number and makes its first device.
func (s *Service) Register(ctx context.Context, by Actor, in Registration) (Membership, NewDevice, error) {
	m, wrong := s.checkRegistration(in)
	var dev NewDevice
	var cred Credential
	err := s.store.Do(ctx, func(tx Tx) error {
		if !readable(in.OrderID, 64) {
			in.OrderID = "" // no order has such an id, and not every database takes the question
		}
		b, found, err := tx.Bought(ctx, in.OrderID)
		if err != nil {
			return err
		}
		if !found || !by.May(b.Account) {
			wrong := append(slices.Clone(wrong), fault.Field{Name: "order_id", Text: "This is no order of yours that ended in a sale."})
			return fault.Fields(wrong...)
		}
		if wrong := append(slices.Clone(wrong), checkOffices(m.Offices, b)...); len(wrong) > 0 {
			return fault.Fields(wrong...)
		}
		if !b.Rings {
			return notInService(b)
		}
		m.Account, m.Order, m.Number, m.Country = b.Account, b.Order, b.Number, b.Country
		s.proveNumbers(ctx, &m)
		fresh, err := tx.InsertMembership(ctx, m)
		if err != nil {
			return err
		}
		if !fresh {
			return fault.New(fault.Conflict, "registered", "%s is registered already.", b.Number.Display())
		}
		dev, cred, err = s.newDevice(ctx, tx, m, m.Number, Telephone, FirstTelephone, Loan{})
		return err
	})
	if err != nil {
		return Membership{}, NewDevice{}, err
	}
	if err := s.publish.Device(ctx, cred); err != nil {
		return m, dev, fmt.Errorf("tell the centers of the device %s: %w", cred.SIPUser, err)
	}
	return m, dev, s.told(ctx, m)
}

// checkRegistration reads the fields and names every wrong one.
func (s *Service) checkRegistration(in Registration) (m Membership, wrong []fault.Field) {
	now := s.cfg.Now()
	m = Membership{ID: ident.New("mem", now), Name: strings.TrimSpace(in.Name), Identification: strings.TrimSpace(in.Identification),
		TimeZone: in.TimeZone, Offices: in.Offices, Created: now}
	bad := func(field, text string) { wrong = append(wrong, fault.Field{Name: field, Text: text}) }
	if in.ContactPSTN != "" {
		typed, err := numbering.ParseTyped(in.ContactPSTN)
		if err != nil || typed.Kind != numbering.Plus {
			bad("contact_pstn", "Write a telephone number with the + and the country code, as in +82 2 555 1234.")
		} else if _, _, valid := s.cfg.Plans.SplitE164(typed.Text); !valid {
			bad("contact_pstn", "This is not a valid telephone number of its country. Check the digits.")
		} else {
			m.ContactPSTN = "+" + typed.Text
		}
	}
	if in.ContactPSTN == "" && m.Identification == "" {
		bad("contact_pstn", "Give a telephone number where you can be reached, or an identification number.")
	}
	if n := len(m.Identification); n > 0 && (n < 4 || !readable(m.Identification, 64)) {
		bad("identification", "Use 4 to 64 characters.")
	}
	if len(in.OtherVoIP) > mostOthers {
		bad("other_voip", "Give at most 10.")
	}
	for _, v := range in.OtherVoIP {
		typed, err := numbering.ParseTyped(v)
		if err != nil || typed.Kind == numbering.FeatureC || typed.Kind == numbering.Domain || typed.Kind == numbering.Sos || !readable(v, 120) {
			bad("other_voip", fmt.Sprintf("%q is neither a number nor an address.", v))
			continue
		}
		m.OtherVoIP = append(m.OtherVoIP, strings.TrimSpace(v))
	}
	if !readable(m.Name, 100) {
		bad("name", "Write a name of 1 to 100 letters.")
	}
	if iso, ok := s.cfg.Plans.Country(in.Country); ok {
		m.HomeCountry = iso
	} else {
		bad("country", "Use the two-letter code of a country, as in KR.")
	}
	if m.Languages = cleanLanguages(in.Languages); len(m.Languages) == 0 || len(m.Languages) != len(in.Languages) || len(m.Languages) > 8 {
		bad("languages", "Name 1 to 8 languages by their codes, as in ko or pt-BR.")
	}
	email, err := cleanEmail(in.Email)
	if err != nil {
		bad("email", "Write an e-mail address, as in ann@example.com.")
	}
	m.Email = email
	if _, err := time.LoadLocation(in.TimeZone); err != nil || in.TimeZone == "" || in.TimeZone == "Local" {
		bad("time_zone", "Use a name like Asia/Seoul.")
	}
	return m, wrong
}

// readable reports a text of 1 to most bytes that shows as it is: no control
// characters, nothing that turns the direction of what stands around it.
func readable(s string, most int) bool {
	if s == "" || len(s) > most || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return false
		}
	}
	return true
}

// cleanLanguages keeps what looks like BCP 47 tags.
func cleanLanguages(in []string) (out []string) {
	for _, l := range in {
		l = strings.TrimSpace(l)
		primary, _, _ := strings.Cut(l, "-")
		if len(primary) < 2 || len(primary) > 3 || len(l) > 20 || strings.Trim(strings.ToLower(l), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			continue
		}
		out = append(out, l)
	}
	return out
}

// checkOffices: only companies have them, in the countries they bought.
func checkOffices(offices []Office, b Bought) (wrong []fault.Field) {
	for i, o := range offices {
		name := fmt.Sprintf("offices[%d].country", i)
		if b.Number.Kind != numbering.Company {
			return []fault.Field{{Name: "offices", Text: "Only a company number has offices."}}
		}
		if o.Country != b.Country && !slices.Contains(b.Countries, o.Country) {
			wrong = append(wrong, fault.Field{Name: name, Text: "The number is not switched on in this country."})
		}
		if o.City != "" && !readable(o.City, 100) {
			wrong = append(wrong, fault.Field{Name: fmt.Sprintf("offices[%d].city", i), Text: "Use at most 100 letters."})
		}
		if _, err := time.LoadLocation(o.TimeZone); o.TimeZone != "" && (err != nil || o.TimeZone == "Local") {
			wrong = append(wrong, fault.Field{Name: fmt.Sprintf("offices[%d].time_zone", i), Text: "Use a name like Asia/Seoul."})
		}
		if len(cleanLanguages(o.Languages)) != len(o.Languages) {
			wrong = append(wrong, fault.Field{Name: fmt.Sprintf("offices[%d].languages", i), Text: "Name languages by their codes, as in ko or pt-BR."})
		}
	}
	return wrong
}

// newDevice makes a credential: a random password that only the answer shows.
func (s *Service) newDevice(ctx context.Context, tx Tx, m Membership, n numbering.Number, kind DeviceKind, name string, l Loan) (NewDevice, Credential, error) {
	count, err := tx.NextDevice(ctx, m.ID)
	if err != nil {
		return NewDevice{}, Credential{}, err
	}
	now := s.cfg.Now()
	password := ident.Secret(15)
	d := Device{ID: ident.New("dev", now), Kind: kind, Membership: m.ID, Number: n, Name: name, SIPUser: fmt.Sprintf("%s-%d", n.UserPart(), count), Created: now, Lent: l.SignIn}
	country := m.Country
	if n.CallingCode != m.Number.CallingCode {
		country, _ = s.cfg.Centers().CountryOf(n.CallingCode)
	}
	d.Country = country
	home, _ := s.cfg.Centers().ForCountry(country)
	secret := []byte(d.SIPUser + ":" + s.cfg.Realm + ":" + password)
	c := Credential{SIPUser: d.SIPUser, Kind: kind, Device: d.ID, Membership: m.ID, Account: m.Account, Number: n, Country: country, Name: m.Name, Home: home, Place: l.Place, Only: l.Only, Host: l.Host,
		MD5: md5.Sum(secret), SHA256: sha256.Sum256(secret)} //nolint:gosec // see the import
	return NewDevice{Device: d, Password: password}, c, tx.InsertDevice(ctx, d, c)
}

// Memberships lists an account's.
func (s *Service) Memberships(ctx context.Context, by Actor, account string) ([]Membership, error) {
	if !by.May(account) {
		return nil, notYours()
	}
	return s.store.Memberships(ctx, account)
}

// Membership returns one.
func (s *Service) Membership(ctx context.Context, by Actor, id string) (Membership, error) {
	var m Membership
	err := s.store.View(ctx, func(tx Tx) (err error) {
		m, err = mine(ctx, tx, by, id)
		return err
	})
	return m, err
}

// mine reads a membership its owner may change.
func mine(ctx context.Context, tx Tx, by Actor, id string) (Membership, error) {
	m, found, err := tx.Membership(ctx, id)
	if err != nil {
		return Membership{}, err
	}
	if !found || !by.May(m.Account) {
		return Membership{}, fault.New(fault.Unknown, "membership_unknown", "There is no membership %s.", id)
	}
	return m, nil
}

// Devices lists a membership's, revoked ones too.
func (s *Service) Devices(ctx context.Context, by Actor, membership string) ([]Device, error) {
	if _, err := s.Membership(ctx, by, membership); err != nil {
		return nil, err
	}
	return s.store.Devices(ctx, membership)
}

// MostDevices is how many telephones one number has: a call rings them all.
const MostDevices = 100

// AddDevice makes a further device. country picks a company's office; "" is
// the home office.
func (s *Service) AddDevice(ctx context.Context, by Actor, membership, name, country string) (NewDevice, error) {
	if name = strings.TrimSpace(name); !readable(name, 60) {
		return NewDevice{}, fault.New(fault.Invalid, "fields", "A device needs a name.").WithFields(fault.Field{Name: "name", Text: "Write a name of 1 to 60 letters."})
	}
	return s.addDevice(ctx, by, membership, country, Telephone, name)
}

func (s *Service) addDevice(ctx context.Context, by Actor, membership, country string, kind DeviceKind, name string) (NewDevice, error) {
	var out NewDevice
	var cred Credential
	err := s.store.Do(ctx, func(tx Tx) error {
		m, n, err := s.mayAdd(ctx, tx, by, membership, country)
		if err == nil {
			out, cred, err = s.newDevice(ctx, tx, m, n, kind, name, Loan{})
		}
		return err
	})
	if err != nil {
		return NewDevice{}, err
	}
	if err := s.publish.Device(ctx, cred); err != nil {
		return out, fmt.Errorf("tell the centers of the device %s: %w", cred.SIPUser, err)
	}
	return out, nil
}

// mayAdd finds the number, of an office if country says so, that a membership
// may have a further device for.
func (s *Service) mayAdd(ctx context.Context, tx Tx, by Actor, membership, country string) (m Membership, n numbering.Number, err error) {
	if m, err = mine(ctx, tx, by, membership); err != nil {
		return m, n, err
	}
	b, found, err := tx.Bought(ctx, m.Order)
	if err != nil {
		return m, n, err
	}
	if found && !b.Rings {
		return m, n, notInService(b)
	}
	if live, err := tx.Credentials(ctx, m.ID); err != nil {
		return m, n, err
	} else if len(live) >= MostDevices {
		return m, n, fault.New(fault.Limited, "too_many_devices", "A number has at most %d telephones. Remove one first.", MostDevices)
	}
	n = m.Number
	if country != "" {
		if !found || country != b.Country && !slices.Contains(b.Countries, country) {
			return m, n, fault.New(fault.Invalid, "fields", "The number is not switched on in %s.", country).
				WithFields(fault.Field{Name: "country", Text: "The number is not switched on in this country."})
		}
		n.CallingCode = s.cfg.Plans.CallingCode(country)
	}
	return m, n, nil
}

// notInService is said of a suspended number and of one in quarantine: a
// telephone added then would call with it all the same.
func notInService(b Bought) error {
	return fault.New(fault.Conflict, "not_in_service", "%s is not in service now, so it takes no telephones. Its order says why.", b.Number.Display())
}

// RevokeDevice ends a device's credential and its registrations.
func (s *Service) RevokeDevice(ctx context.Context, by Actor, id string) error {
	var cred Credential
	err := s.store.Do(ctx, func(tx Tx) error {
		d, m, err := s.myDevice(ctx, tx, by, id)
		if err != nil {
			return err
		}
		cred = Credential{SIPUser: d.SIPUser, Kind: d.Kind, Device: d.ID, Membership: m.ID, Account: m.Account, Number: d.Number, Revoked: true}
		if !d.Revoked.IsZero() {
			return nil
		}
		return tx.RevokeDevice(ctx, id, s.cfg.Now())
	})
	if err != nil {
		return err
	}
	return s.publish.Device(ctx, cred)
}
