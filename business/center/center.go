// Package center knows the communication centers: which countries and calling
// codes each one serves. A number's home center is computed from its country,
// never looked up per number.
package center

import (
	"slices"

	"github.com/callisto-tel/callisto/business/numbering"
)

// ID names a center. With one center a country it is the ISO 3166-1 alpha-2
// code of the country: "KR".
type ID string

// Center is one communication center.
type Center struct {
	ID        ID
	Name      string   // "Korea"
	Countries []string // ISO 3166-1 alpha-2, the first is the main one
}

// Directory is every center that is open. It is immutable.
type Directory struct {
	centers   []Center
	byCountry map[string]ID
	byCode    map[string]string // calling code → main country with a center
}

// NewDirectory indexes the centers. plans gives the calling code of each
// country; of several countries on one code the first listed answers for it.
func NewDirectory(plans *numbering.Plans, centers []Center) *Directory {
	d := &Directory{centers: slices.Clone(centers), byCountry: map[string]ID{}, byCode: map[string]string{}}
	for _, c := range centers {
		for _, iso := range c.Countries {
			d.byCountry[iso] = c.ID
			if cc := plans.CallingCode(iso); cc != "" && d.byCode[cc] == "" {
				d.byCode[cc] = iso
			}
		}
	}
	return d
}

// All returns the centers.
func (d *Directory) All() []Center { return slices.Clone(d.centers) }

// Get returns a center by its id.
func (d *Directory) Get(id ID) (Center, bool) {
	for _, c := range d.centers {
		if c.ID == id {
			return c, true
		}
	}
	return Center{}, false
}

// ForCountry returns the center that serves a country.
func (d *Directory) ForCountry(iso string) (ID, bool) {
	id, ok := d.byCountry[iso]
	return id, ok
}

// CountryOf returns the country with a center that answers for a calling code:
// "1" is "US" where only the US has a center.
func (d *Directory) CountryOf(callingCode string) (string, bool) {
	iso, ok := d.byCode[callingCode]
	return iso, ok
}

// Countries returns every country with a center, sorted.
func (d *Directory) Countries() []string {
	out := make([]string, 0, len(d.byCountry))
	for iso := range d.byCountry {
		out = append(out, iso)
	}
	slices.Sort(out)
	return out
}
