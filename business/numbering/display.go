package numbering

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Display is the typed form with spaces where people pause: "2 555 1234 82",
// "5550100#82". Faces add the country's chip beside it.
func (n Number) Display() string {
	switch n.Kind {
	case Individual:
		return groups(n.CallingCode, n.National) + " " + n.CallingCode
	case Company:
		return n.Canonical()
	default:
		return ""
	}
}

// Plus is the + form with spaces: "+82 2 555 1234". Companies have none.
func (n Number) Plus() string {
	if n.Kind != Individual {
		return ""
	}
	return ordinary(n.CallingCode, n.National)
}

func ordinary(code, national string) string { return "+" + code + " " + groups(code, national) }

// groups splits national digits as their country writes them; numbers of no
// plan in fours from the right.
func groups(code, national string) string {
	if s, ok := planGroups(code, national); ok {
		return s
	}
	var parts []string
	rest := national
	for len(rest) > 5 {
		parts = append([]string{rest[len(rest)-4:]}, parts...)
		rest = rest[:len(rest)-4]
	}
	return strings.Join(append([]string{rest}, parts...), " ")
}

func planGroups(code, national string) (string, bool) {
	cc, err := strconv.Atoi(code)
	if err != nil {
		return "", false
	}
	value, err := strconv.ParseUint(national, 10, 64)
	if err != nil {
		return "", false
	}
	zeros := len(national) - len(strings.TrimLeft(national, "0"))
	country, italian, count := int32(cc), zeros > 0, int32(zeros)
	num := &phonenumbers.PhoneNumber{CountryCode: &country, NationalNumber: &value}
	if italian {
		num.ItalianLeadingZero, num.NumberOfLeadingZeros = &italian, &count
	}
	if !phonenumbers.IsValidNumber(num) {
		return "", false
	}
	shown := strings.TrimPrefix(phonenumbers.Format(num, phonenumbers.INTERNATIONAL), "+"+code)
	spaced := strings.Join(strings.FieldsFunc(shown, func(r rune) bool { return r < '0' || r > '9' }), " ")
	return spaced, strings.ReplaceAll(spaced, " ", "") == national
}

// place is the town or region of an ordinary number in brackets, as in
// " (Chicago, IL)"; "" where none is known.
func place(code, national string) string {
	cc, err := strconv.ParseInt(code, 10, 32)
	if err != nil {
		return ""
	}
	n, err := phonenumbers.Parse("+"+code+national, "")
	if err != nil || int64(n.GetCountryCode()) != cc {
		return ""
	}
	where, err := phonenumbers.GetGeocodingForNumber(n, "en")
	if err != nil || where == "" {
		return ""
	}
	return " (" + where + ")"
}

// Place is the town or region of an ordinary number in a language, in English
// where that has no name for it, and the number's country.
func Place(e164, language string) (where, iso string) {
	n, err := phonenumbers.Parse(e164, "ZZ")
	if err != nil {
		return "", ""
	}
	where, err = phonenumbers.GetGeocodingForNumber(n, language)
	if err != nil {
		where = ""
	}
	return where, phonenumbers.GetRegionCodeForNumber(n)
}

// Parts are the calling code and the national number of a + form.
func Parts(e164 string) (callingCode, national string, ok bool) {
	n, err := phonenumbers.Parse(e164, "ZZ")
	if err != nil {
		return "", "", false
	}
	return strconv.Itoa(int(n.GetCountryCode())), phonenumbers.GetNationalSignificantNumber(n), true
}

// Spaced is a + form with spaces where people pause; what is none stays as it is.
func Spaced(e164 string) string {
	if code, national, ok := Parts(e164); ok {
		return ordinary(code, national)
	}
	return e164
}
