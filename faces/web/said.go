package web

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
)

// heard is a format of the business with something filled in.
type heard struct {
	format string
	re     *regexp.Regexp
}

// verb is a place in a format, as fmt has them: %s, %[2]s.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[a-z]`) //nolint:gochecknoglobals // compiled once, never changed

// hear makes every format recognisable. A sentence was made in the business,
// went through a database or an error, and is English by then: the format it
// was made of is found again. The one with the most words of its own wins.
func hear(formats map[string]string) []heard {
	var out []heard
	for format := range formats {
		if !verb.MatchString(format) || strings.TrimSpace(verb.ReplaceAllString(format, "")) == "" {
			continue // nothing to fill in, or nothing to know it by
		}
		var b strings.Builder
		from := 0
		for _, at := range verb.FindAllStringIndex(format, -1) {
			b.WriteString(regexp.QuoteMeta(strings.ReplaceAll(format[from:at[0]], "%%", "%")) + "(.*)")
			from = at[1]
		}
		b.WriteString(regexp.QuoteMeta(strings.ReplaceAll(format[from:], "%%", "%")))
		out = append(out, heard{format, regexp.MustCompile(`(?s)\A` + b.String() + `\z`)})
	}
	slices.SortFunc(out, func(a, b heard) int {
		if n := len(verb.ReplaceAllString(b.format, "")) - len(verb.ReplaceAllString(a.format, "")); n != 0 {
			return n
		}
		return strings.Compare(a.format, b.format)
	})
	return out
}

// say is what the business said, in this language; in English if nobody
// translated it yet. It may be several sentences.
func (t *tongue) say(english string) string {
	if t.Tag == "en" || english == "" {
		return english
	}
	if s, ok := t.sentences(english); ok {
		return s
	}
	return english
}

// sentences translates what is made of sentences that are known each by
// itself, or as one.
func (t *tongue) sentences(english string) (string, bool) {
	if s, ok := t.said[english]; ok {
		return s, true
	}
	for at := 0; ; at += 2 {
		i := strings.Index(english[at:], ". ")
		if i < 0 {
			break
		}
		at += i
		first, ok := t.sentence(english[:at+1])
		if !ok {
			continue
		}
		if rest, ok := t.sentences(english[at+2:]); ok {
			return first + t.space() + rest, true
		}
	}
	return t.sentence(english)
}

// space is what stands between two sentences.
func (t *tongue) space() string {
	if t.Tag == "zh" || t.Tag == "ja" {
		return ""
	}
	return " "
}

func (t *tongue) sentence(english string) (string, bool) {
	if s, ok := t.said[english]; ok {
		return s, true
	}
	for _, h := range t.heard {
		args := h.re.FindStringSubmatch(english)
		if args == nil {
			continue
		}
		translated, ok := t.said[h.format]
		if !ok {
			return "", false
		}
		for i := range args[1:] {
			args[i+1] = t.word(args[i+1])
		}
		return fill(translated, args[1:]), true
	}
	return "", false
}

// What is filled in is a word of ours, or what people write in many ways:
// countries, dates, amounts, a number with its place.
var ( //nolint:gochecknoglobals // compiled once, never changed
	countryList = regexp.MustCompile(`\A[A-Z]{2}(?:, [A-Z]{2})*\z`)
	numberPlace = regexp.MustCompile(`\A(\+[0-9 ]+) \(([^()]*)\)\z`)
)

// word is what was filled in, where it is a word or a sentence of ours:
// “awaiting payment”, “its numbers could begin with the emergency number 112.”
func (t *tongue) word(english string) string {
	if s, ok := t.said[english]; ok {
		return s
	}
	for _, kind := range []string{"state.", "cause."} {
		if s, ok := t.texts[kind+strings.ReplaceAll(english, " ", "_")]; ok {
			return s
		}
	}
	if countryList.MatchString(english) {
		list := strings.Split(english, ", ")
		for i := range list {
			list[i] = t.country(list[i])
		}
		return strings.Join(list, ", ")
	}
	for _, layout := range []string{"2 January 2006, 15:04 UTC", "2 January 2006"} {
		if day, err := time.Parse(layout, english); err == nil {
			return day.Format(strings.Replace(layout, "2 January 2006", time.DateOnly, 1))
		}
	}
	if a, err := money.Parse(english); err == nil {
		return t.cash(a)
	}
	if m := numberPlace.FindStringSubmatch(english); m != nil {
		return m[1] + t.place(m[1], m[2])
	}
	if strings.Contains(english, " ") {
		return t.say(english) // always shorter than what it was filled into
	}
	return english
}

// place is where a telephone is, in brackets; its country, where the language
// has no name for the town.
func (t *tongue) place(e164, english string) string {
	where, iso := numbering.Place(e164, t.Tag)
	if where == english && !slices.Contains([]string{"de", "es", "fr"}, t.Tag) { // a name in letters that its reader may not know
		where = t.country(iso)
	}
	if where == "" {
		return ""
	}
	return " (" + where + ")"
}

// fill puts the arguments into a format: in order, or where %[n]s says.
func fill(format string, args []string) string {
	next := 0
	out := verb.ReplaceAllStringFunc(format, func(v string) string {
		i := next
		if m := verb.FindStringSubmatch(v); m[1] != "" {
			n, _ := strconv.Atoi(m[1])
			i = n - 1
		}
		next = i + 1
		if i < 0 || i >= len(args) {
			return v
		}
		return args[i]
	})
	return strings.ReplaceAll(out, "%%", "%")
}
