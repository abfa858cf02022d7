package carrier

import (
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Format is how numbers are written on a trunk.
type Format string

// The formats. “Abroad” is any country but that of the carrier's center.
const (
	Plus     Format = "+E164"         // +8225551234
	Bare     Format = "E164"          // 8225551234
	National Format = "national"      // 025551234 within the country, +E164 abroad
	Exit     Format = "international" // 025551234 within the country, 00113125550142 with its international prefix abroad
	World    Format = "world"         // as a world number is typed: 2555123482, 5550100#82
)

// Formats lists them.
func Formats() []Format { return []Format{Plus, Bare, National, Exit, World} }

// Rule replaces the beginning of a number.
type Rule struct {
	Prefix string `json:"prefix"` // "" fits every number
	With   string `json:"with"`   // what stands there instead
}

// Writing is how numbers are written: in a format, and then by the first rule
// that fits, if one does. On the way in the rule comes first.
type Writing struct {
	Format Format `json:"format"`
	Rules  []Rule `json:"rules,omitempty"`
}

// Limits of rules.
const (
	mostRules = 50
	mostRule  = 24
)

func (w *Writing) rewrite(s string) string {
	for _, r := range w.Rules {
		if rest, fits := strings.CutPrefix(s, r.Prefix); fits {
			return r.With + rest
		}
	}
	return s
}

// Write writes an ordinary number. country is that of the carrier's center.
func (w *Writing) Write(plans *numbering.Plans, country, callingCode, national string) string {
	s := ""
	home := plans.CallingCode(country) == callingCode
	switch {
	case w.Format == Bare:
		s = callingCode + national
	case home && (w.Format == National || w.Format == Exit):
		s = plans.Trunk(country, national)
	case w.Format == Exit:
		s = plans.International(country) + callingCode + national
	case w.Format == World:
		s = national + callingCode
	default:
		s = "+" + callingCode + national
	}
	return w.rewrite(s)
}

// WriteText writes what is no ordinary number: one of a partner's own, a short
// code. Only the rules change it.
func (w *Writing) WriteText(s string) string { return w.rewrite(s) }

// WriteWorld writes a world number that has no ordinary form.
func (w *Writing) WriteWorld(n numbering.Number) string { return w.rewrite(n.Canonical()) }

// Read reads a number as the carrier wrote it: what a member would dial for it,
// "+8225551234" or the typed form; "" if it cannot be read. country is that of
// the carrier's center.
func (w *Writing) Read(plans *numbering.Plans, country, s string) string {
	s = w.rewrite(s)
	typed, err := numbering.ParseTyped(s)
	if err != nil {
		return ""
	}
	switch typed.Kind {
	case numbering.Plus:
		return "+" + typed.Text
	case numbering.Rooted:
		return typed.Text
	case numbering.Digits:
	default:
		return ""
	}
	switch w.Format {
	case World:
		return typed.Text
	case National, Exit:
		if cc, national, ok := plans.Dialable(typed.Text, country); ok {
			return "+" + cc + national
		}
		if _, ok := plans.Valid(plans.CallingCode(country), typed.Text); ok { // many leave the 0 out
			return "+" + plans.CallingCode(country) + typed.Text
		}
		if _, _, valid := plans.SplitE164(typed.Text); valid {
			return "+" + typed.Text
		}
		return ""
	default:
		return "+" + typed.Text
	}
}

// check says what is wrong with it; "" is nothing.
func (w *Writing) check() string {
	if w.Format == "" {
		w.Format = Plus
	}
	known := false
	for _, f := range Formats() {
		known = known || f == w.Format
	}
	switch {
	case !known:
		return "Choose +E164, E164, national, international or world."
	case len(w.Rules) > mostRules:
		return "At most 50 rules."
	}
	for _, r := range w.Rules {
		if len(r.Prefix) > mostRule || len(r.With) > mostRule || !dialString(r.Prefix) || !dialString(r.With) {
			return "A rule is digits, +, * or # on both sides, at most 24 of them: 0082=+82."
		}
	}
	return ""
}

func dialString(s string) bool {
	return strings.Trim(s, "0123456789+*#") == ""
}

// ParseRules reads rules as people write them: PREFIX=REPLACEMENT, one a line,
// or with commas between.
func ParseRules(text string) ([]Rule, error) {
	var rules []Rule
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' || r == ';' }) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		prefix, with, ok := strings.Cut(line, "=")
		if prefix, with = strings.TrimSpace(prefix), strings.TrimSpace(with); !ok || !dialString(prefix) || !dialString(with) {
			return nil, fault.New(fault.Invalid, "rule", "%q is no rule. Write PREFIX=REPLACEMENT, for example 0082=+82.", line)
		}
		rules = append(rules, Rule{prefix, with})
	}
	return rules, nil
}

// RulesText writes rules as ParseRules reads them.
func RulesText(rules []Rule) string {
	var b strings.Builder
	for i, r := range rules {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(r.Prefix + "=" + r.With)
	}
	return b.String()
}
