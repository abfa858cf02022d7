package tariff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/rating"
)

func dayNames() [7]string { return [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"} }

// ParseBands reads bands as operators write them, one a line:
//
//	night = Mon-Sun 22:00-06:00
//	weekend = Sat,Sun 06:00-22:00
//
// The days are those on which it begins. No two may hold at the same time.
func ParseBands(text string) ([]rating.Band, error) {
	var out []rating.Band
	for line := range strings.Lines(strings.ReplaceAll(text, ";", "\n")) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, when, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		days, hours, spaced := strings.Cut(strings.TrimSpace(when), " ")
		b, read := band(days, hours)
		if !ok || !spaced || !read || name == "" || len(name) > 30 || strings.ContainsAny(name, ",;\t\"\x00") {
			return nil, bad("bands", "Write a time band as in: night = Mon-Sun 22:00-06:00.")
		}
		if slices.ContainsFunc(out, func(x rating.Band) bool { return strings.EqualFold(x.Name, name) }) {
			return nil, bad("bands", fmt.Sprintf("There are two time bands %q.", name))
		}
		b.Name = name
		out = append(out, b)
	}
	if len(out) > rating.MostBands {
		return nil, bad("bands", "A list has at most four time bands.")
	}
	return out, overlap(out)
}

// band reads "Mon-Fri,Sun" and "22:00-06:00".
func band(days, hours string) (b rating.Band, ok bool) {
	day := func(s string) int {
		names := dayNames()
		return slices.IndexFunc(names[:], func(d string) bool { return len(s) >= 2 && len(s) <= 9 && strings.EqualFold(d[:2], s[:2]) })
	}
	for part := range strings.SplitSeq(days, ",") {
		first, last, _ := strings.Cut(strings.ReplaceAll(part, "–", "-"), "-")
		if last == "" {
			last = first
		}
		a, z := day(first), day(last)
		if a < 0 || z < 0 {
			return b, false
		}
		for d := a; ; d = (d + 1) % 7 {
			b.Days |= 1 << d
			if d == z {
				break
			}
		}
	}
	from, to, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(hours), "–", "-"), "-")
	var okFrom, okTo bool
	b.From, okFrom = clock(from)
	b.To, okTo = clock(to)
	return b, okFrom && okTo && b.From < 24*60
}

// clock reads "22:00" as minutes of the day; 24:00 is the end of one.
func clock(s string) (int, bool) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hour, herr := strconv.Atoi(h)
	minute, merr := strconv.Atoi(m)
	at := hour*60 + minute
	return at, ok && herr == nil && merr == nil && len(m) == 2 && hour >= 0 && minute >= 0 && minute < 60 && at <= 24*60
}

// overlap refuses two bands that hold at once: nobody could tell which counts.
func overlap(list []rating.Band) error {
	var taken [7 * 24 * 60]uint8
	for i, b := range list {
		length := b.To - b.From
		if length <= 0 {
			length += 24 * 60
		}
		for d := range 7 {
			if b.Days>>d&1 == 0 {
				continue
			}
			for m := range length {
				at := (d*24*60 + b.From + m) % len(taken)
				if other := taken[at]; other > 0 && int(other) != i+1 {
					return bad("bands", fmt.Sprintf("The time bands %q and %q both hold on %s at %s. Let them not overlap.", list[other-1].Name, b.Name, dayNames()[at/(24*60)], hhmm(at%(24*60))))
				}
				taken[at] = uint8(i + 1) //nolint:gosec // four at most
			}
		}
	}
	return nil
}

func hhmm(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// BandText is a band as ParseBands reads it.
func BandText(b rating.Band) string {
	return b.Name + " = " + When(b)
}

// When is when a band holds: "Mon-Fri 22:00-06:00".
func When(b rating.Band) string {
	var parts []string
	names := dayNames()
	on := func(d int) bool { return b.Days>>(d%7)&1 == 1 }
	if b.Days&127 == 127 {
		parts = []string{"Mon-Sun"}
	} else {
		for i := range 7 { // from Monday
			d := i + 1
			if !on(d) || i > 0 && on(d-1) {
				continue
			}
			last := d
			for last < 7 && on(last+1) {
				last++
			}
			if last == d {
				parts = append(parts, names[d%7])
			} else {
				parts = append(parts, names[d%7]+"-"+names[last%7])
			}
		}
	}
	return strings.Join(parts, ",") + " " + hhmm(b.From) + "-" + hhmm(b.To)
}
