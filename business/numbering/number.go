// Package numbering knows world numbers: their pairs, what people type for
// them, how they are shown, and with what they could be confused. The plans of
// all countries (ITU-T E.164) come from libphonenumber's metadata.
//
// A country-code-last number cannot be parsed from the right, so a Number is a
// pair (calling code, national part) and what somebody typed is resolved only
// against numbers actually sold, never by guessing a suffix.
package numbering

import (
	"fmt"
	"strings"
)

// Kind is which of the two number systems a number is of (N3).
type Kind uint8

// The kinds.
const (
	Individual Kind = 1 // area code, subscriber number, calling code last
	Company    Kind = 2 // root # calling code
)

// String returns "individual" or "company".
func (k Kind) String() string {
	switch k {
	case Individual:
		return "individual"
	case Company:
		return "company"
	default:
		return ""
	}
}

// ParseKind reads what String wrote.
func ParseKind(s string) (Kind, error) {
	switch s {
	case "individual":
		return Individual, nil
	case "company":
		return Company, nil
	}
	return 0, fmt.Errorf("%q is no kind of number: individual or company", s)
}

// MarshalText writes the kind as text.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the kind from text; "" is that of no number.
func (k *Kind) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*k = 0
		return nil
	}
	*k, err = ParseKind(string(b))
	return err
}

// Number is a world number. National keeps significant leading zeros; for a
// company it is the root.
type Number struct {
	Kind        Kind
	CallingCode string // "82", no plus
	National    string // "25551234", or the root "5550100"
}

// Zero reports whether there is no number.
func (n Number) Zero() bool { return n.Kind == 0 }

// Canonical is the one stored and typed form without spaces: "2555123482", or
// "5550100#82" for a company. Two sold numbers never share it.
func (n Number) Canonical() string {
	switch n.Kind {
	case Individual:
		return n.National + n.CallingCode
	case Company:
		return n.National + "#" + n.CallingCode
	default:
		return ""
	}
}

// E164 is the + form of an individual number: "+8225551234". For a number of
// an identification block it works on-net only. Companies have none: "".
func (n Number) E164() string {
	if n.Kind != Individual {
		return ""
	}
	return "+" + n.CallingCode + n.National
}

// String is the canonical form.
func (n Number) String() string { return n.Canonical() }

// UserPart is the number as the user part of a SIP URI without escapes and
// without '#': "2555123482", "5550100-82". Device users append "-1".
func (n Number) UserPart() string { return strings.ReplaceAll(n.Canonical(), "#", "-") }

func allDigits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
