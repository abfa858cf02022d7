package member

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
)

// Profile is what the holder of an account says of himself.
type Profile struct {
	Name      string
	Country   string
	Languages []string
	TimeZone  string
	Language  string // of the pages
	Business  Business
}

// ProfileForm is the fields of a profile.
func (s *Service) ProfileForm() form.Form {
	return form.Form{Fields: []form.Field{
		{Name: "name", Label: "Name", Type: "text", Required: true, Max: 100},
		{Name: "country", Label: "Country where you live", Type: "country"},
		{Name: "languages", Label: "Languages you speak, your mother tongue first", Type: "list", Max: 8},
		{Name: "time_zone", Label: "Time zone", Type: "timezone"},
		{Name: "language", Label: "Language of pages and letters", Type: "tongue"},
		{Name: "company", Label: "Company", Type: "text", Max: 150, Help: "If invoices go to a company."},
		{Name: "tax_id", Label: "Tax number", Type: "text", Max: 40},
		{Name: "address", Label: "Address for invoices", Type: "lines", Max: 400},
	}}
}

// ChangeProfile writes it.
func (s *Service) ChangeProfile(ctx context.Context, by Actor, in Profile) (Account, error) {
	wrong := s.checkProfile(&in)
	if len(wrong) > 0 {
		return Account{}, fault.Fields(wrong...)
	}
	var a Account
	err := s.store.Do(ctx, func(tx Tx) error {
		var found bool
		var err error
		if a, found, err = tx.Account(ctx, by.Account); err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Unknown, "account_unknown", "There is no account %s.", by.Account)
		}
		a.Name, a.Country, a.Languages, a.TimeZone, a.Language, a.Business = in.Name, in.Country, in.Languages, in.TimeZone, in.Language, in.Business
		return tx.ChangeAccount(ctx, a)
	})
	return a, err
}

func (s *Service) checkProfile(in *Profile) (wrong []fault.Field) {
	bad := func(field, text string) { wrong = append(wrong, fault.Field{Name: field, Text: text}) }
	if in.Name = strings.TrimSpace(in.Name); !readable(in.Name, 100) {
		bad("name", "Write your name, up to 100 letters.")
	}
	if in.Country != "" {
		iso, ok := s.cfg.Plans.Country(in.Country)
		if !ok {
			bad("country", "Use the two-letter code of a country, as in KR.")
		}
		in.Country = iso
	}
	if clean := cleanLanguages(in.Languages); len(clean) != len(in.Languages) || len(clean) > 8 {
		bad("languages", "Name 1 to 8 languages by their codes, as in ko or pt-BR.")
	} else {
		in.Languages = clean
	}
	if in.Language != "" && len(cleanLanguages([]string{in.Language})) == 0 {
		bad("language", "Use the code of a language, as in ko or pt-BR.")
	}
	if _, err := time.LoadLocation(in.TimeZone); in.TimeZone != "" && (err != nil || in.TimeZone == "Local") {
		bad("time_zone", "Use a name like Asia/Seoul.")
	}
	b := &in.Business
	b.Company, b.TaxID, b.Address = strings.TrimSpace(b.Company), strings.TrimSpace(b.TaxID), strings.TrimSpace(strings.ReplaceAll(b.Address, "\r\n", "\n"))
	if b.Company != "" && !readable(b.Company, 150) {
		bad("company", "Use at most 150 letters.")
	}
	if b.TaxID != "" && !readable(b.TaxID, 40) {
		bad("tax_id", "Use at most 40 letters and digits.")
	}
	if lines := strings.Split(b.Address, "\n"); b.Address != "" && (len(b.Address) > 400 || len(lines) > 8 || !readable(strings.ReplaceAll(b.Address, "\n", " "), 400)) {
		bad("address", "Use at most 8 lines and 400 letters.")
	}
	return wrong
}
