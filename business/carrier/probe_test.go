package carrier_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/member"
)

// shelf keeps one carrier.
type shelf struct {
	carrier.Store

	c carrier.Carrier
}

func (s shelf) Carriers(context.Context) ([]carrier.Sealed, error) {
	return []carrier.Sealed{{Carrier: s.c}}, nil
}

type noTrunks struct{}

func (noTrunks) SetCarriers([]carrier.Carrier) {}
func (noTrunks) TestCall(context.Context, carrier.Carrier, string) (carrier.Report, error) {
	return carrier.Report{OK: true, Code: "answered"}, nil
}

// zoneOf has the numbers that begin so, and notes what it was asked.
type zoneOf struct {
	begin string
	err   error
	asked *[]string
}

func (z zoneOf) HasNumber(_ context.Context, zone, e164 string) (bool, error) {
	*z.asked = append(*z.asked, e164)
	return z.begin != "-" && strings.HasPrefix(e164, z.begin), z.err
}

// TestAZoneThatAnswersForEverythingIsSeen by the test of a partner: within its
// ranges, and everywhere if it is believed everywhere.
func TestAZoneThatAnswersForEverythingIsSeen(t *testing.T) {
	p := plans(t)
	for name, x := range map[string]struct {
		c     carrier.Carrier
		has   string // "-": nothing
		err   error
		says  string
		asked int
	}{
		"no zone":                {c: carrier.Carrier{Ranges: []string{"8270"}}},
		"honest":                 {c: carrier.Carrier{ENUM: "e164.x.example", Ranges: []string{"8270", "8280"}}, has: "-", asked: 2},
		"everything":             {c: carrier.Carrier{ENUM: "e164.x.example", ENUMAll: true}, says: "answers for everything", asked: 1},
		"all of a range":         {c: carrier.Carrier{ENUM: "e164.x.example", Ranges: []string{"8270", "8280"}}, has: "8280", says: "answers for everything", asked: 2},
		"all where it is tested": {c: carrier.Carrier{ENUM: "e164.x.example", ENUMAll: true}, has: "82", says: "answers for everything", asked: 2},
		"a number of its own":    {c: carrier.Carrier{ENUM: "e164.x.example", Ranges: []string{"827012345678"}}},
		"silent":                 {c: carrier.Carrier{ENUM: "e164.x.example", ENUMAll: true}, has: "-", err: errors.New("no answer"), says: "could not be asked: no answer", asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			x.c.ID, x.c.Kind = "car_x", carrier.Partner
			var asked []string
			s := carrier.New(shelf{c: x.c}, nil, carrier.Config{
				Plans: p, Centers: func() *center.Directory { return nil }, Trunks: noTrunks{}, Tester: noTrunks{}, Zones: zoneOf{x.has, x.err, &asked}, Now: time.Now,
			})
			if err := s.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			r, err := s.Test(t.Context(), member.System(), "car_x", "+82 2 555 1234")
			if err != nil || !r.OK || (r.Zone == "") != (x.says == "") || !strings.Contains(r.Zone, x.says) || len(asked) != x.asked {
				t.Errorf("%+v %v, asked for %q", r, err, asked)
			}
			for _, number := range asked {
				if len(number) != 15 {
					t.Errorf("%s could be somebody's", number)
				}
			}
		})
	}
}
