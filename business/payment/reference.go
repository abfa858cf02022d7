package payment

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Reference writes a creditor reference (ISO 11649): RF, two check digits, and
// the body, which has at most 21 letters and digits.
func Reference(body string) string {
	body = strings.ToUpper(body)
	return fmt.Sprintf("RF%02d%s", 98-mod97(body+"RF00"), body)
}

// mod97 is the remainder of ISO 7064 with letters as 10 to 35.
func mod97(s string) int {
	rest := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			rest = (rest*10 + int(r-'0')) % 97
		case r >= 'A' && r <= 'Z':
			rest = (rest*100 + int(r-'A') + 10) % 97
		}
	}
	return rest
}

// ShowReference groups a reference by four, as banks print it.
func ShowReference(ref string) string {
	var b strings.Builder
	for i, r := range ref {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// referenceDigits is how long the body of ours is.
const referenceDigits = 9

// FindReference looks for a reference of ours with right check digits in what a
// payer wrote: with or without spaces, in any case, within other words.
func FindReference(text string) (string, bool) {
	packed := strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '.' || r == '/' || r == '\n' || r == '\t' || r == '\u00a0' {
			return -1
		}
		return r
	}, text))
	for at := 0; ; {
		m := regexp.MustCompile(fmt.Sprintf(`RF\d{%d}`, 2+referenceDigits)).FindStringIndex(packed[at:])
		if m == nil {
			return "", false
		}
		ref := packed[at+m[0] : at+m[1]]
		if mod97(ref[4:]+ref[:4]) == 1 {
			return ref, true
		}
		at += m[0] + 1
	}
}

// NewReference makes one of a random number.
func NewReference(random uint64) string {
	return Reference(fmt.Sprintf("%0*d", referenceDigits, random%1_000_000_000))
}

// BankingDays adds n days on which banks work, Monday to Friday, in UTC.
// Holidays differ by country and are not counted: they shorten the time.
func BankingDays(from time.Time, n int) time.Time {
	t := from.UTC()
	for n > 0 {
		t = t.AddDate(0, 0, 1)
		if d := t.Weekday(); d != time.Saturday && d != time.Sunday {
			n--
		}
	}
	return t
}

// BankAccount is where transfers go.
type BankAccount struct {
	Name   string // of the bank
	IBAN   string
	BIC    string
	Holder string
}

// CheckIBAN reports whether an account number has the right check digits (ISO 13616).
func CheckIBAN(s string) bool {
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	return regexp.MustCompile(`^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$`).MatchString(s) && mod97(s[4:]+s[:4]) == 1
}
