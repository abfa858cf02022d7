package numbering

import (
	"strings"
	"unicode"

	"github.com/callisto-tel/callisto/business/fault"
)

// TypedKind is what a typed string looks like, before anything is looked up.
type TypedKind uint8

// The looks.
const (
	Digits   TypedKind = iota + 1 // "2555123482"
	Plus                          // "+8225551234"
	Rooted                        // "5550100#82"
	FeatureC                      // "*97": a leading * or #
	Sos                           // urn:service:sos (RFC 5031)
	Address                       // "ann@example.com"
	Domain                        // "example.com"
	SIPURI                        // "sip:…", "sips:…"
)

// Typed is what somebody dialled, without the punctuation people put into
// numbers.
type Typed struct {
	Kind TypedKind
	Text string // Digits: digits; Plus: digits without the plus; Rooted: root#cc; else as typed
}

// longest is more digits than any number has with every prefix before it
// (ITU-T E.164 §6: 15).
const longest = 40

// ParseTyped reads what people type, paste or send as the user part of a URI:
// spaces, dashes, dots, slashes and brackets are dropped, digits of any script become
// ASCII, %23 is decoded once (RFC 3986 §2.4), # and * separate only between
// digits.
func ParseTyped(s string) (Typed, error) {
	if allDigits(s) && len(s) <= longest {
		return Typed{Digits, s}, nil
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return Typed{}, fault.New(fault.Invalid, "empty", "No number was typed.")
	}
	if hasLetter(s) {
		return named(s)
	}
	s, err := unescape(s)
	if err != nil {
		return Typed{}, err
	}
	return typedNumber(s)
}

// hasLetter reports a letter that is no part of a %-escape.
func hasLetter(s string) bool {
	for i, r := range s {
		if unicode.IsLetter(r) && !inEscape(s, i) || r == '@' {
			return true
		}
	}
	return false
}

func inEscape(s string, i int) bool {
	return i >= 1 && s[i-1] == '%' || i >= 2 && s[i-2] == '%'
}

func named(s string) (Typed, error) {
	low := strings.ToLower(s)
	switch {
	case low == "urn:service:sos" || strings.HasPrefix(low, "urn:service:sos."):
		return Typed{Sos, low}, nil
	case strings.HasPrefix(low, "sip:"), strings.HasPrefix(low, "sips:"):
		return Typed{SIPURI, s}, nil
	case strings.HasPrefix(low, "tel:"): // RFC 3966; parameters say nothing we use
		number, _, _ := strings.Cut(s[4:], ";")
		if hasLetter(number) {
			return Typed{}, unreadable(s)
		}
		return ParseTyped(number)
	case strings.Contains(s, "@"):
		return Typed{Address, s}, nil
	}
	last := low[strings.LastIndexByte(low, '.')+1:]
	if len(last) < len(low) && len(last) > 1 && isLetters(last) {
		return Typed{Domain, low}, nil
	}
	return Typed{}, unreadable(s)
}

func isLetters(s string) bool {
	for _, r := range s {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	return true
}

func unreadable(s string) error {
	return fault.New(fault.Invalid, "unreadable", "%q is no number, e-mail address or domain name. Type the digits of the number.", clip(s))
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// unescape decodes %23, %2A and %2B, once.
func unescape(s string) (string, error) {
	if !strings.Contains(s, "%") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", unreadable(s)
		}
		switch strings.ToUpper(s[i+1 : i+3]) {
		case "23":
			b.WriteByte('#')
		case "2A":
			b.WriteByte('*')
		case "2B":
			b.WriteByte('+')
		case "20":
			b.WriteByte(' ')
		case "25":
			return "", fault.New(fault.Invalid, "double_escape", "%q is escaped twice. Send # as %%23, once.", clip(s))
		default:
			return "", unreadable(s)
		}
		i += 2
	}
	return b.String(), nil
}

// typedNumber reads a string that has no letters.
func typedNumber(s string) (Typed, error) {
	out := make([]byte, 0, len(s))
	plus, sep := false, -1
	for _, r := range s {
		d, isDigit := digitOf(r)
		switch {
		case isDigit:
			out = append(out, d)
		case r == '+' || r == '＋' || r == '﹢':
			if plus || len(out) > 0 || sep >= 0 {
				return Typed{}, fault.New(fault.Invalid, "plus_inside", "A + stands only at the beginning of a number.")
			}
			plus = true
		case r == '#' || r == '＃' || r == '*' || r == '＊':
			if len(out) == 0 && !plus {
				return feature(s), nil
			}
			if sep >= 0 {
				return Typed{}, fault.New(fault.Invalid, "separators", "A company number has one # only: the root, #, the country code, as in 5550100#82.")
			}
			sep = len(out)
			out = append(out, '#')
		case isSeparator(r):
		default:
			return Typed{}, unreadable(s)
		}
	}
	switch {
	case len(out) > longest:
		return Typed{}, unreadable(s)
	case sep >= 0 && (plus || sep == 0 || sep == len(out)-1):
		return Typed{}, fault.New(fault.Invalid, "separators", "The # of a company number stands between the root and the country code, as in 5550100#82.")
	case sep >= 0:
		return Typed{Rooted, string(out)}, nil
	case len(out) == 0:
		return Typed{}, unreadable(s)
	case plus:
		return Typed{Plus, string(out)}, nil
	default:
		return Typed{Digits, string(out)}, nil
	}
}

// feature keeps digits, *, # and + of a feature code: a number may follow it.
func feature(s string) Typed {
	var b strings.Builder
	for _, r := range s {
		if d, ok := digitOf(r); ok {
			b.WriteByte(d)
		} else if r == '#' || r == '＃' {
			b.WriteByte('#')
		} else if r == '*' || r == '＊' {
			b.WriteByte('*')
		} else if r == '+' || r == '＋' {
			b.WriteByte('+')
		}
	}
	if b.Len() > longest {
		return Typed{FeatureC, b.String()[:longest]}
	}
	return Typed{FeatureC, b.String()}
}

// digitOf gives the ASCII digit of any decimal digit (Unicode category Nd,
// whose ranges are whole runs of ten).
func digitOf(r rune) (byte, bool) {
	if r >= '0' && r <= '9' {
		return byte(r), true
	}
	if r < 0x80 || !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, g := range unicode.Nd.R16 {
		if r >= rune(g.Lo) && r <= rune(g.Hi) {
			return '0' + byte((r-rune(g.Lo))%10), true
		}
	}
	for _, g := range unicode.Nd.R32 {
		if r >= rune(g.Lo) && r <= rune(g.Hi) {
			return '0' + byte((r-rune(g.Lo))%10), true
		}
	}
	return 0, false
}

// isSeparator reports the punctuation people write into numbers, and the
// invisible marks that copying from a page brings along.
func isSeparator(r rune) bool {
	switch r {
	case '-', '.', '(', ')', '/', '[', ']', '~', '·', '．', '（', '）', '／', 'ー', '〜', '－', '−', '\u2060', '\ufeff':
		return true
	}
	return unicode.IsSpace(r) || r >= 0x2010 && r <= 0x2015 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
