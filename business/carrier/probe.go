package carrier

import (
	"context"
	"crypto/rand"
	"strings"
)

// probe asks a partner's zone for numbers that nobody can have, and says what
// is wrong with it. A zone that has them too has every number (a wildcard, RFC
// 4592): whoever runs it draws all calls for which it is believed.
func (s *Service) probe(ctx context.Context, c *Carrier, code string) string {
	if c.ENUM == "" || s.cfg.Zones == nil {
		return ""
	}
	begin := c.Ranges
	if c.ENUMAll {
		begin = append([]string{nowhere, code}, begin...)
	}
	for _, p := range begin[:min(len(begin), mostProbes)] {
		number := impossible(p)
		if number == "" {
			continue
		}
		has, err := s.cfg.Zones.HasNumber(ctx, c.ENUM, number)
		switch {
		case err != nil:
			return "The zone " + c.ENUM + " could not be asked: " + err.Error() + "."
		case has:
			return "The zone " + c.ENUM + " answers for everything: it has +" + number + " too, which is nobody's number. Calls to every number it is believed for go to this partner."
		}
	}
	return ""
}

const (
	nowhere    = "999" // a country code that no country has (ITU-T E.164 Annex D)
	longest    = 15    // digits of a number
	mostProbes = 8
)

// impossible is a number that begins so and that nobody has: it has the most
// digits there can be, and those are not to be foreseen. "" if it would be a
// number that somebody could have.
func impossible(begin string) string {
	if len(begin) > longest-4 {
		return ""
	}
	var b strings.Builder
	b.WriteString(begin)
	raw := make([]byte, longest-len(begin))
	_, _ = rand.Read(raw) // it never fails
	for _, x := range raw {
		b.WriteByte('0' + x%10)
	}
	return b.String()
}
