package numbering

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// Plans is what we know of every country's dialling plan. Make one with Load
// and share it; it is safe for many goroutines.
type Plans struct{}

// Load reads the plans that come with the program.
func Load() (*Plans, error) { return &Plans{}, nil }

// CallingCode returns the calling code of a country: "82" for "KR"; "" for an
// unknown country.
func (p *Plans) CallingCode(iso string) string {
	cc := phonenumbers.GetCountryCodeForRegion(iso)
	if cc == 0 {
		return ""
	}
	return strconv.Itoa(cc)
}
