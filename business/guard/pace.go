package guard

import "github.com/callisto-tel/callisto/business/fault"

// Pace is how fast calls that cost may follow each other. 0 is no limit.
type Pace struct {
	Minute       int `json:"minute"`       // attempts in a minute: beyond it they wait, beyond twice as many calls are stopped
	Hour         int `json:"hour"`         // attempts in an hour: beyond it calls are stopped
	Destinations int `json:"destinations"` // different numbers in an hour: beyond it calls are stopped
	Short        int `json:"short"`        // calls in an hour that ended within ShortBelow, if they are most of those answered: then calls are stopped
	ShortBelow   int `json:"short_below"`  // seconds
	Stop         int `json:"stop"`         // minutes for which they are stopped
}

// DefaultPace suits people who telephone, not machines.
func DefaultPace() Pace {
	return Pace{Minute: 12, Hour: 120, Destinations: 60, Short: 40, ShortBelow: 6, Stop: 60}
}

// OpenPace is for a house that is only tried out, also by machines: no limit.
func OpenPace() Pace { return Pace{ShortBelow: 6, Stop: 60} }

func (p Pace) check() (bad []fault.Field) {
	for _, x := range []struct {
		name string
		n    int
		most int
	}{
		{"pace_minute", p.Minute, 10_000}, {"pace_hour", p.Hour, 100_000}, {"pace_destinations", p.Destinations, mostDestinations}, {"pace_short", p.Short, 100_000},
		{"pace_short_below", p.ShortBelow, 300}, {"pace_stop", p.Stop, 7 * 24 * 60},
	} {
		if x.n < 0 || x.n > x.most {
			bad = append(bad, fault.Field{Name: x.name, Text: "This number is too small or too large."})
		}
	}
	return bad
}

// mostDestinations bounds how many different numbers are counted.
const mostDestinations = 4096
