package numbering

import "github.com/callisto-tel/callisto/business/fault"

// Own reads the + form of a telephone that somebody can own and be called at
// for a proof (N1): valid in its country's plan, and fixed, mobile or VoIP.
// Short codes, emergency numbers and whatever costs the caller extra are not.
func (p *Plans) Own(text string) (callingCode, national string, err error) {
	typed, err := ParseTyped(text)
	if err != nil {
		return "", "", err
	}
	if typed.Kind != Plus {
		return "", "", fault.New(fault.Invalid, "number_form", "Write the telephone number with + and its country code, for example +82 2 555 1234.").
			WithFields(fault.Field{Name: "number", Text: "Begin with + and the country code."})
	}
	callingCode, national, valid := p.SplitE164(typed.Text)
	if !valid {
		return "", "", fault.New(fault.Invalid, "number_invalid", "+%s is not valid in any country's numbering plan. Check the digits.", typed.Text).
			WithFields(fault.Field{Name: "number", Text: "Check the digits."})
	}
	if r := p.valid(callingCode, national); !r.ownable.match(national) || r.costly.match(national) {
		return "", "", fault.New(fault.Invalid, "not_a_telephone", "%s is no fixed, mobile or VoIP telephone: such numbers cannot be proved by a call.", ordinary(callingCode, national)).
			WithFields(fault.Field{Name: "number", Text: "Only a fixed, mobile or VoIP telephone can be called for a proof."})
	}
	return callingCode, national, nil
}

// Trunk is how a national number is dialled within its own country: with the
// national prefix where the plan asks for it.
func (p *Plans) Trunk(iso, national string) string {
	if r := p.regions[iso]; r != nil && p.prefixRequired(r, national) {
		return r.nationalPrefix + national
	}
	return national
}
