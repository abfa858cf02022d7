package numbering

import "github.com/nyaruka/phonenumbers"

// Zones are the time zones (IANA names) where a number may be, as far as its
// digits tell; none if they tell nothing.
func (p *Plans) Zones(callingCode, national string) []string {
	zones, err := phonenumbers.GetTimezonesForPrefix("+" + callingCode + national)
	if err != nil || len(zones) == 0 || zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	return zones
}
