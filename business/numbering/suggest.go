package numbering

import "strconv"

// SuggestBlock finds a block that the rules allow in a country, the shortest
// numbers first, whose numbers telephones in the given countries take for
// nothing else; ok is false where there is none of 6 to 9 digits. taken, which
// may be nil, names those that are not wanted.
func (p *Plans) SuggestBlock(iso string, countries []string, taken func(prefix string, length int) bool) (prefix string, length int, ok bool) {
	code := p.CallingCode(iso)
	for length = 6; length <= 9; length++ {
		for first := 99; first >= 10; first-- {
			prefix = strconv.Itoa(first)
			if taken != nil && taken(prefix, length) || p.CheckBlock(iso, prefix, length) != nil {
				continue
			}
			if p.quiet(code, prefix, length, countries) {
				return prefix, length, true
			}
		}
	}
	return "", 0, false
}

// quiet tries a few numbers spread over a block.
func (p *Plans) quiet(code, prefix string, length int, countries []string) bool {
	for i := range 10 {
		national := prefix
		for len(national) < length {
			national += strconv.Itoa((i + 3*len(national)) % 10)
		}
		if _, _, refused := p.Refuse(Number{Kind: Individual, CallingCode: code, National: national}, Grounds{Countries: countries}); refused {
			return false
		}
	}
	return true
}
