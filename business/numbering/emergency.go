package numbering

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
