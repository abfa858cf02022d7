package numbering

import (
	"cmp"
	"slices"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Zones are the time zones (IANA names) where a number may be, as far as its
// digits tell; none if they tell nothing.
func (p *Plans) Zones(callingCode, national string) []string {
	zones, err := phonenumbers.GetTimezonesForPrefix("+" + callingCode + national)
	if err != nil || len(zones) == 0 || zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	return zones
}

// Clock is the one time zone by which the calls of a number are charged: where it
// is, the middle one, from west to east, of several where it may be, and UTC if
// its digits tell nothing.
func (p *Plans) Clock(callingCode, national string) *time.Location {
	type place struct {
		offset int
		zone   *time.Location
	}
	names := p.Zones(callingCode, national)
	list := make([]place, 0, len(names))
	for _, name := range names {
		zone, known := p.zone(name)
		if !known {
			continue
		}
		_, offset := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC).In(zone).Zone() // as it is in winter
		list = append(list, place{offset, zone})
	}
	if len(list) == 0 {
		return time.UTC
	}
	slices.SortStableFunc(list, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.zone.String(), b.zone.String()))
	})
	return list[len(list)/2].zone
}

// Zone finds a time zone by its IANA name; an empty one is none.
func (p *Plans) Zone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	return p.zone(name)
}

// zone finds a time zone, which is read once.
func (p *Plans) zone(name string) (*time.Location, bool) {
	if z, ok := p.clocks.Load(name); ok {
		zone, _ := z.(*time.Location)
		return zone, true
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	p.clocks.Store(name, zone)
	return zone, true
}
