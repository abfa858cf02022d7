package numbering

import (
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
)

// CheckBlock is the block rule of N1: may an identification block of a country
// hold every number that begins with prefix and has length digits? It may not
// when such a number is possible in the plan, or begins with 0, an
// international prefix, an emergency or a short code.
func (p *Plans) CheckBlock(iso, prefix string, length int) error {
	r := p.regions[iso]
	bad := func(code, text string, args ...any) error {
		return fault.New(fault.Invalid, code, "A block %s… of %d digits in %s is not allowed: "+text, append([]any{prefix, length, iso}, args...)...)
	}
	switch {
	case r == nil:
		return fault.New(fault.Invalid, "country_unknown", "%q is no country with a numbering plan.", iso)
	case !allDigits(prefix) || len(prefix) > length:
		return bad("block_shape", "the prefix must be digits, no longer than the numbers.")
	case length+len(r.code) > 15:
		return bad("block_too_long", "with the calling code a number has at most 15 digits (ITU-T E.164).")
	case prefix[0] == '0':
		return bad("block_zero", "its numbers would begin with 0.")
	}
	for _, same := range p.byCode[r.code] {
		if same.lengths&(1<<length) != 0 {
			return bad("block_possible", "numbers of %d digits are possible telephone numbers there.", length)
		}
	}
	for _, ip := range r.internationals {
		if overlaps(prefix, ip, length) {
			return bad("block_international", "its numbers could begin with the international prefix %s.", ip)
		}
	}
	for code := range r.emergency {
		if overlaps(prefix, code, length) {
			return bad("block_emergency", "its numbers could begin with the emergency number %s.", code)
		}
	}
	if code, found := r.shortWithin(prefix, length); found {
		return bad("block_short", "its numbers could begin with the short code %s.", code)
	}
	return nil
}

// overlaps reports whether some number of the block begins with code.
func overlaps(prefix, code string, length int) bool {
	return len(code) <= length && (strings.HasPrefix(prefix, code) || strings.HasPrefix(code, prefix))
}

// shortWithin finds a short code with which a number of the block could begin.
func (r *region) shortWithin(prefix string, length int) (string, bool) {
	longest := 0
	for n := 1; n < 32; n++ {
		if r.shortLengths&(1<<n) != 0 {
			longest = n
		}
	}
	longest = min(longest, length)
	for n := 1; n <= min(len(prefix), longest); n++ {
		if r.isShort(prefix[:n]) {
			return prefix[:n], true
		}
	}
	if len(prefix) >= longest || r.short == nil {
		return "", false
	}
	if codes, few := expand(r.short.source, 200_000); few {
		for _, c := range codes {
			if strings.HasPrefix(c, prefix) && len(c) <= length && r.isShort(c) {
				return c, true
			}
		}
		return "", false
	}
	if longest-len(prefix) > 4 {
		return prefix, true // too many to try: refuse
	}
	return r.shortBelow(prefix, longest)
}

// shortBelow tries every continuation of the prefix.
func (r *region) shortBelow(prefix string, longest int) (string, bool) {
	for d := byte('0'); d <= '9' && len(prefix) < longest; d++ {
		next := prefix + string(d)
		if r.isShort(next) {
			return next, true
		}
		if code, found := r.shortBelow(next, longest); found {
			return code, true
		}
	}
	return "", false
}

// StartsWithEmergency names the emergency code with which the typed form
// begins in one of the countries: such a number carries a warning (N7).
func (p *Plans) StartsWithEmergency(n Number, countries []string) (code, iso string, found bool) {
	typed := n.Canonical()
	for _, iso := range countries {
		r := p.regions[iso]
		if r == nil {
			continue
		}
		for c := range r.emergency {
			if strings.HasPrefix(typed, c) && len(c) > len(code) {
				code, found = c, true
			}
		}
		if found {
			return code, iso, true
		}
	}
	return "", "", false
}
