package numbering

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// Plans is what we know of every country's dialling plan, from
// libphonenumber's metadata. Make one with Load and share it; it is safe for
// many goroutines.
type Plans struct {
	regions map[string]*region
	byCode  map[string][]*region // calling code → regions, the main one first
	nowhere map[string]*region   // non-geographic codes, by code: dialled with + only, never sold
	clocks  sync.Map             // time zones that were read, by name
}

// region is one country's plan. Lengths are bit sets: bit 7 is seven digits.
type region struct {
	iso, code       string
	nationalPrefix  string // "0" in KR, "1" in the US
	international   *pattern
	internationals  []string // every international prefix, where they are few
	exit            string   // the usual one
	nationalParsing *pattern
	transform       string
	general, valid  *pattern // a valid number matches both
	ownable         *pattern // fixed, mobile or VoIP: what a person can own
	mobile          *pattern // may be a mobile telephone's: some plans do not tell
	costly          *pattern // premium rate and shared cost
	lengths         uint32   // of whole national numbers
	formats         []format
	emergency       map[string]bool
	native          map[string]bool // the emergency codes its own network knows
	anyEmergency    string          // that for any emergency
	short, sms      *pattern
	shortLengths    uint32
	mainCountry     bool
}

// format says how a group of national numbers is written, and so whether the
// national prefix must be dialled before them.
type format struct {
	digits, leading *pattern
	required        bool
}

// Load reads the plans that come with the program.
func Load() (*Plans, error) {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, fmt.Errorf("read the numbering plans: %w", err)
	}
	shorts, err := phonenumbers.ShortNumberMetadataCollection()
	if err != nil {
		return nil, fmt.Errorf("read the short numbers: %w", err)
	}
	p := &Plans{regions: map[string]*region{}, byCode: map[string][]*region{}, nowhere: map[string]*region{}}
	for _, m := range all.GetMetadata() {
		r := newRegion(m)
		if m.GetId() == "001" {
			p.nowhere[r.code] = r
			continue
		}
		p.regions[r.iso] = r
		p.byCode[r.code] = append(p.byCode[r.code], r)
	}
	for _, list := range p.byCode {
		slices.SortFunc(list, func(a, b *region) int {
			if a.mainCountry != b.mainCountry {
				if a.mainCountry {
					return -1
				}
				return 1
			}
			return strings.Compare(a.iso, b.iso)
		})
	}
	missing := missingEmergency()
	for _, m := range shorts.GetMetadata() {
		if r := p.regions[m.GetId()]; r != nil {
			if err := r.addShort(m); err != nil {
				return nil, err
			}
		}
	}
	for _, r := range p.regions {
		if r.emergency == nil {
			r.emergency = map[string]bool{}
		}
		r.native = maps.Clone(r.emergency)
		for _, c := range missing[r.iso] {
			r.native[c] = true
		}
		r.anyEmergency = generalCode(slices.Sorted(maps.Keys(r.native)))
		for _, c := range slices.Concat(everywhere(), missing[r.iso]) {
			r.emergency[c] = true
		}
	}
	return p, nil
}

func newRegion(m *phonenumbers.PhoneMetadata) *region {
	r := &region{
		iso: m.GetId(), code: strconv.Itoa(int(m.GetCountryCode())), nationalPrefix: m.GetNationalPrefix(),
		international: newPattern(m.GetInternationalPrefix()), nationalParsing: newPattern(m.GetNationalPrefixForParsing()),
		transform: dollar(m.GetNationalPrefixTransformRule()),
		general:   newPattern(m.GetGeneralDesc().GetNationalNumberPattern()),
		valid: alternation(m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(),
			m.GetPersonalNumber(), m.GetVoip(), m.GetPager(), m.GetUan(), m.GetVoicemail()),
		ownable:     alternation(m.GetFixedLine(), m.GetMobile(), m.GetVoip()),
		mobile:      alternation(m.GetMobile()),
		costly:      alternation(m.GetPremiumRate(), m.GetSharedCost()),
		lengths:     lengthSet(m.GetGeneralDesc()),
		mainCountry: m.GetMainCountryForCode(),
	}
	r.internationals, _ = expand(m.GetInternationalPrefix(), 200)
	r.exit = usualExit(digitsOf(m.GetPreferredInternationalPrefix()), r.internationals)
	for _, f := range m.GetNumberFormat() {
		lead := f.GetLeadingDigitsPattern()
		last := ""
		if len(lead) > 0 {
			last = lead[len(lead)-1] // the last one is the most detailed
		}
		rule := digitsOf(strings.ReplaceAll(f.GetNationalPrefixFormattingRule(), "$1", ""))
		r.formats = append(r.formats, format{
			digits: newPattern(f.GetPattern()), leading: newPattern(last),
			required: r.nationalPrefix != "" && strings.HasPrefix(rule, r.nationalPrefix) && !f.GetNationalPrefixOptionalWhenFormatting(),
		})
	}
	return r
}

// usualExit is the international prefix people dial: the preferred one, else 00
// where it is one (ITU-T E.164 §7.3.2 recommends it), else the first.
func usualExit(preferred string, all []string) string {
	switch {
	case preferred != "":
		return preferred
	case len(all) == 0 || slices.Contains(all, "00"):
		return "00"
	default:
		return all[0]
	}
}

// International is the international prefix people in a country dial: "00".
func (p *Plans) International(iso string) string {
	if r := p.regions[iso]; r != nil {
		return r.exit
	}
	return "00"
}

// addShort takes emergency codes as a set and short codes as a pattern.
func (r *region) addShort(m *phonenumbers.PhoneMetadata) error {
	r.emergency = map[string]bool{}
	if src := m.GetEmergency().GetNationalNumberPattern(); src != "" && src != "NA" {
		codes, ok := expand(src, 1000)
		if !ok {
			return fmt.Errorf("the emergency codes of %s are no finite set: %s", r.iso, src)
		}
		for _, c := range codes {
			r.emergency[c] = true
		}
	}
	r.short = newPattern(m.GetShortCode().GetNationalNumberPattern())
	r.sms = newPattern(m.GetSmsServices().GetNationalNumberPattern())
	r.shortLengths = lengthSet(m.GetGeneralDesc())
	return nil
}

func alternation(descs ...*phonenumbers.PhoneNumberDesc) *pattern {
	var parts []string
	for _, d := range descs {
		if s := d.GetNationalNumberPattern(); s != "" && s != "NA" {
			parts = append(parts, s)
		}
	}
	return newPattern(strings.Join(parts, "|"))
}

func lengthSet(d *phonenumbers.PhoneNumberDesc) (set uint32) {
	for _, l := range d.GetPossibleLength() {
		if l > 0 && l < 32 {
			set |= 1 << l
		}
	}
	return set
}

// dollar turns "$1" into "${1}", so that digits may follow it.
func dollar(rule string) string {
	for i := '1'; i <= '9'; i++ {
		rule = strings.ReplaceAll(rule, "$"+string(i), "${"+string(i)+"}")
	}
	return rule
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// CallingCode returns the calling code of a country: "82" for "KR"; "" for an
// unknown country.
func (p *Plans) CallingCode(iso string) string {
	if r := p.regions[iso]; r != nil {
		return r.code
	}
	return ""
}

// Countries lists every country with a plan, sorted.
func (p *Plans) Countries() []string { return slices.Sorted(maps.Keys(p.regions)) }

// Country reads a country as people and programs name it: "KR", "kr", "82",
// "+82". A calling code of several countries gives the main one.
func (p *Plans) Country(s string) (string, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if p.regions[s] != nil {
		return s, true
	}
	if list := p.byCode[strings.TrimPrefix(s, "+")]; len(list) > 0 {
		return list[0].iso, true
	}
	return "", false
}

// CountriesOf are the countries where numbers of a + form begin so, the main
// one first: of 1 the United States, Canada and others,
// of 1204 Canada alone.
func (p *Plans) CountriesOf(prefix string) (isos []string) {
	var found []*region
	for n := 1; n <= 3 && n <= len(prefix); n++ {
		list := p.byCode[prefix[:n]]
		if len(list) == 0 {
			continue
		}
		for _, r := range list {
			if len(prefix) == n || r.holds(prefix[n:]) {
				found = append(found, r)
			}
		}
		if found == nil {
			found = slices.Clone(list)
		}
		break
	}
	slices.SortStableFunc(found, func(a, b *region) int {
		if a.mainCountry || b.mainCountry {
			return 0 // it is first
		}
		return len(b.valid.source) - len(a.valid.source) // a plan of many numbers takes many words
	})
	for _, r := range found {
		isos = append(isos, r.iso)
	}
	return isos
}

// holds reports whether some valid number of a country begins so, as far as one
// try of each length tells.
func (r *region) holds(national string) bool {
	const rest = "555012345678901" // as long as the longest number
	for n := len(national); n <= 15; n++ {
		if number := (national + rest)[:n]; r.lengths&(1<<n) != 0 && r.general.match(number) && r.valid.match(number) {
			return true
		}
	}
	return false
}

// valid reports whether national digits are a valid number of a calling code.
func (p *Plans) valid(code, national string) *region {
	for _, r := range p.byCode[code] {
		if len(national) < 32 && r.lengths&(1<<len(national)) != 0 && r.general.match(national) && r.valid.match(national) {
			return r
		}
	}
	return nil
}

// Valid reports whether a number is an ordinary telephone number valid in its
// country's plan, and in which country.
func (p *Plans) Valid(callingCode, national string) (iso string, ok bool) {
	if r := p.valid(callingCode, national); r != nil {
		return r.iso, true
	}
	return "", false
}

// Ownable reports whether a valid number is of a type that a person can own
// and prove (N1): fixed, mobile or VoIP.
func (p *Plans) Ownable(callingCode, national string) bool {
	r := p.valid(callingCode, national)
	return r != nil && r.ownable.match(national)
}

// MayBeMobile reports whether a number, E.164 without +, is one that mobile
// telephones have; in some plans others have the same.
func (p *Plans) MayBeMobile(digits string) bool {
	cc, national, valid := p.SplitE164(digits)
	return valid && p.valid(cc, national).mobile.match(national)
}

// SplitE164 parts the digits of a + form into calling code and national
// number, and tells whether that is a valid ordinary number.
func (p *Plans) SplitE164(digits string) (callingCode, national string, valid bool) {
	for n := 1; n <= 3 && n < len(digits); n++ {
		if _, known := p.byCode[digits[:n]]; known { // calling codes are prefix-free
			return digits[:n], digits[n:], p.valid(digits[:n], digits[n:]) != nil
		}
	}
	return "", "", false
}

// Global parts the digits of a + form under a non-geographic calling code:
// freephone 800, satellite 870 and 881, networks 882 and 883, and the rest. They
// belong to no country and are never sold.
func (p *Plans) Global(digits string) (callingCode, national string, valid bool) {
	if len(digits) < 4 {
		return "", "", false
	}
	r := p.nowhere[digits[:3]]
	if r == nil || len(digits)-3 >= 32 || r.lengths&(1<<(len(digits)-3)) == 0 || !r.general.match(digits[3:]) {
		return "", "", false
	}
	return digits[:3], digits[3:], true
}
