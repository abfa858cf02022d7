package numbering

import "strings"

// ReadingKind is what an ordinary telephone somewhere would make of digits.
type ReadingKind uint8

// The readings.
const (
	NoReading     ReadingKind = iota
	EmergencyCode             // connects to an emergency service
	ShortCode                 // a short code of the country
	Ordinary                  // an ordinary number, dialable exactly as typed
)

// Reading is one meaning of typed digits in a country.
type Reading struct {
	Kind        ReadingKind
	Country     string // where it is typed
	Digits      string
	CallingCode string // of an ordinary number
	National    string
}

// E164 is the + form of an ordinary number.
func (r Reading) E164() string { return "+" + r.CallingCode + r.National }

// Emergency reports whether digits are, as a whole, an emergency code in a
// country. 112 and 911 are, everywhere.
func (p *Plans) Emergency(digits, iso string) bool {
	if len(digits) > 6 || len(digits) < 2 {
		return false
	}
	if r := p.regions[iso]; r != nil {
		return r.emergency[digits]
	}
	return digits == "112" || digits == "911"
}

// Short reports whether digits are, as a whole, a short code for calls in a
// country. Codes for text messages only are none.
func (p *Plans) Short(digits, iso string) bool {
	r := p.regions[iso]
	return r != nil && r.isShort(digits)
}

func (r *region) isShort(digits string) bool {
	return len(digits) < 32 && r.shortLengths&(1<<len(digits)) != 0 && r.short.match(digits) && !r.sms.match(digits) && !r.textOnly(digits)
}

// textOnly reports the Common Short Codes of North America (CTIA Short Code
// Monitoring Handbook: five and six digits, and carriers' of four, that begin
// with 2 to 9). The metadata lists them without saying that no call reaches
// them.
func (r *region) textOnly(digits string) bool {
	return r.code == "1" && len(digits) >= 4 && digits[0] >= '2'
}

// Read tells what an ordinary telephone in a country does with exactly these
// digits. Shop and router both ask it: the shop refuses what has a reading,
// the router follows it.
func (p *Plans) Read(digits, iso string) Reading {
	switch {
	case p.Emergency(digits, iso):
		return Reading{Kind: EmergencyCode, Country: iso, Digits: digits}
	case p.Short(digits, iso):
		return Reading{Kind: ShortCode, Country: iso, Digits: digits}
	}
	if cc, national, ok := p.Dialable(digits, iso); ok {
		return Reading{Kind: Ordinary, Country: iso, Digits: digits, CallingCode: cc, National: national}
	}
	return Reading{}
}

// Dialable is the strict test of N4: would a telephone in the country reach an
// ordinary number by exactly these digits? The national prefix counts where
// the plan requires it, the international prefix leads abroad, and no calling
// code is implied.
func (p *Plans) Dialable(digits, iso string) (callingCode, national string, ok bool) {
	r := p.regions[iso]
	if r == nil || !allDigits(digits) {
		return "", "", false
	}
	if rest, is := r.abroad(digits); is {
		if cc, nat, valid := p.SplitE164(rest); valid {
			return cc, nat, true
		}
	}
	if nat, is := p.withNationalPrefix(r, digits); is {
		return r.code, nat, true
	}
	if at := p.valid(r.code, digits); at != nil && !p.prefixRequired(r, digits) {
		return r.code, digits, true
	}
	return "", "", false
}

// Abroad returns what follows the international prefix of a country, if the
// digits begin with it: the digits of a + form.
func (p *Plans) Abroad(digits, iso string) (string, bool) {
	if r := p.regions[iso]; r != nil {
		return r.abroad(digits)
	}
	return "", false
}

func (r *region) abroad(digits string) (string, bool) {
	if n := r.international.prefix(digits); n > 0 && n < len(digits) {
		return digits[n:], true
	}
	return "", false
}

// withNationalPrefix reads digits that begin with the national prefix (or what
// else the plan strips and transforms) as a valid number of the country.
func (p *Plans) withNationalPrefix(r *region, digits string) (string, bool) {
	if r.nationalParsing == nil {
		return "", false
	}
	r.nationalParsing.compile()
	if m := r.nationalParsing.head.FindStringSubmatchIndex(digits); m != nil && m[1] > 0 {
		rest := digits[m[1]:]
		last := len(m) - 2 // the last group
		if r.transform != "" && last >= 2 && m[last] >= 0 {
			rest = string(r.nationalParsing.head.ExpandString(nil, r.transform, digits, m)) + rest
		}
		if rest != digits && p.valid(r.code, rest) != nil {
			return rest, true
		}
	}
	// A greedy carrier code may have eaten the area code: try the bare prefix.
	if rest, is := strings.CutPrefix(digits, r.nationalPrefix); is && r.nationalPrefix != "" && p.valid(r.code, rest) != nil {
		return rest, true
	}
	return "", false
}

// prefixRequired reports whether the plan writes this national number only
// with its national prefix. Regions without formats of their own use the main
// country's.
func (p *Plans) prefixRequired(r *region, national string) bool {
	if r.nationalPrefix == "" {
		return false
	}
	formats := r.formats
	if len(formats) == 0 {
		formats = p.byCode[r.code][0].formats
	}
	for i := range formats {
		f := &formats[i]
		if (f.leading == nil || f.leading.prefix(national) >= 0) && f.digits.match(national) {
			return f.required
		}
	}
	return false // unknown: better refuse a sale than hide an ordinary number
}
