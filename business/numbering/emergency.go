package numbering

import (
	"maps"
	"slices"
)

// everywhere are the emergency codes that work in every country (3GPP TS
// 22.101 §10.1: any terminal treats them so).
func everywhere() []string { return []string{"112", "911"} }

// missingEmergency is the reviewed table of emergency codes for regions whose
// metadata has none (N6). Reviewed 2026-11.
//
// Sources: GN, GQ, IO, TK from the Android Open Source Project's emergency
// number database (platform/packages/services/Telephony,
// ecc/input/eccdata.txt, kept by Google from regulators' data); TA shares the
// plan and the emergency service numbers of Saint Helena (+290), whose entry
// in libphonenumber is 911 and 999.
func missingEmergency() map[string][]string {
	return map[string][]string{
		"GN": {"122", "442020", "1717"},
		"GQ": {"113", "115"},
		"IO": {"112"},
		"TA": {"911", "999"},
		"TK": {"111"},
	}
}

// generalCode is the code for any emergency among those a country's network
// knows: 911 or 112 where it has one of them, else the first. 911 comes first:
// where it is known it works from every telephone, while some plans list 112
// because mobile telephones take it.
func generalCode(codes []string) string {
	for _, c := range []string{"911", "112"} {
		for _, known := range codes {
			if known == c {
				return c
			}
		}
	}
	if len(codes) > 0 {
		return codes[0]
	}
	return "112"
}

// EmergencyAt is what the network of a country is sent for an emergency code:
// the code itself where its plan has it, else its own code for any emergency.
// A visitor who dials the code of his home, and who dials 911 or 112 where it
// is not known, reaches somebody.
func (p *Plans) EmergencyAt(digits, iso string) string {
	r := p.regions[iso]
	if r == nil {
		return "112"
	}
	if r.native[digits] {
		return digits
	}
	return r.anyEmergency
}

// EmergencyCodes are the emergency numbers that a telephone of a country dials:
// those of its plan, and those that work everywhere.
func (p *Plans) EmergencyCodes(iso string) []string {
	out := everywhere()
	if r := p.regions[iso]; r != nil {
		out = append(out, slices.Collect(maps.Keys(r.native))...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
