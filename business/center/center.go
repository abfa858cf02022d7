// Package center knows the communication centers: which countries and calling
// codes each one serves. A number's home center is computed from its country,
// never looked up per number.
package center

import (
	"slices"
	"sync"
	"sync/atomic"

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

// Directory is every center that is open. Centers may be added while others
// read; each reader sees all of a center or nothing.
type Directory struct {
	plans *numbering.Plans
	now   atomic.Pointer[listing]
	mu    sync.Mutex // of those who add
}

// listing is the directory at one moment.
type listing struct {
	centers   []Center
	byCountry map[string]ID
	byCode    map[string]string // calling code → main country with a center
}

// NewDirectory indexes the centers. plans gives the calling code of each
// country; of several countries on one code the first listed answers for it.
func NewDirectory(plans *numbering.Plans, centers []Center) *Directory {
	d := &Directory{plans: plans}
	d.now.Store(list(plans, centers))
	return d
}

func list(plans *numbering.Plans, centers []Center) *listing {
	l := &listing{centers: slices.Clone(centers), byCountry: map[string]ID{}, byCode: map[string]string{}}
	for _, c := range centers {
		for _, iso := range c.Countries {
			l.byCountry[iso] = c.ID
			if cc := plans.CallingCode(iso); cc != "" && l.byCode[cc] == "" {
				l.byCode[cc] = iso
			}
		}
	}
	return l
}

// Add opens a center. One that is open already stays as it is.
func (d *Directory) Add(c Center) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, open := d.Get(c.ID); !open {
		d.now.Store(list(d.plans, append(d.All(), c)))
	}
}

// All returns the centers.
func (d *Directory) All() []Center { return slices.Clone(d.now.Load().centers) }

// Get returns a center by its id.
func (d *Directory) Get(id ID) (Center, bool) {
	for _, c := range d.now.Load().centers {
		if c.ID == id {
			return c, true
		}
	}
	return Center{}, false
}

// ForCountry returns the center that serves a country.
func (d *Directory) ForCountry(iso string) (ID, bool) {
	id, ok := d.now.Load().byCountry[iso]
	return id, ok
}

// CountryOf returns the country with a center that answers for a calling code:
// "1" is "US" where only the US has a center.
func (d *Directory) CountryOf(callingCode string) (string, bool) {
	iso, ok := d.now.Load().byCode[callingCode]
	return iso, ok
}

// Countries returns every country with a center, sorted.
func (d *Directory) Countries() []string {
	l := d.now.Load()
	out := make([]string, 0, len(l.byCountry))
	for iso := range l.byCountry {
		out = append(out, iso)
	}
	slices.Sort(out)
	return out
}
