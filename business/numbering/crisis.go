package numbering

// Crisis reports whether a short code is a crisis line, which is free to the
// caller by law. Reviewed 2026-11.
//
// Sources: 116000, 116111 and 116123 in the European Economic Area, Commission
// Decision 2007/116/EC as amended by 2009/884/EC (and the United Kingdom and
// Switzerland, which kept them); 988 in the United States, FCC 20-100, and
// Canada, CRTC 2022-234; 109 in Korea since 2024, Ministry of Health and
// Welfare.
func (p *Plans) Crisis(digits, iso string) bool {
	switch digits {
	case "116000", "116111", "116123":
		switch iso {
		case "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV",
			"MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK":
			return true
		}
	case "988":
		return iso == "US" || iso == "CA"
	case "109":
		return iso == "KR"
	}
	return false
}
