// Package cldr is how each language of the house names countries, languages
// and currencies, and how it writes money (Unicode CLDR). Pages and papers use
// the same, so that an invoice reads alike on both.
package cldr

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/callisto-tel/callisto/business/money"
)

//go:embed names/*.json
var files embed.FS

// Names is one language's.
type Names struct {
	Countries  map[string]string `json:"countries"`
	Languages  map[string]string `json:"languages"`
	Currencies map[string]string `json:"currencies"`
	Symbols    map[string]string `json:"symbols"`
	Decimal    string            `json:"decimal"`
	Group      string            `json:"group"`
	Money      string            `json:"money"`
	Grouping   int               `json:"grouping"` // digits before the first group that make one worth its sign
	digits     map[string]int    // decimals of the currencies that have not two
}

// Load reads a language's names.
func Load(tag string) (Names, error) {
	var n Names
	for file, into := range map[string]any{tag: &n, "digits": &n.digits} {
		text, err := files.ReadFile("names/" + file + ".json")
		if err != nil {
			return n, err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return n, fmt.Errorf("names/%s.json: %w", file, err)
		}
	}
	return n, nil
}

// Country is a country as people call it.
func (n Names) Country(iso string) string {
	if s := n.Countries[iso]; s != "" {
		return s
	}
	return iso
}

// Cash writes an amount as the language does: its separators, the sign of the
// currency where readers expect it, as many decimals as the currency has, or
// more where micros demand it. Digits stay Western: they are typed as they
// are read.
func (n Names) Cash(a money.Amount) string {
	m, sign := uint64(a.Micros), ""
	if a.Micros < 0 {
		m, sign = -m, "−"
	}
	frac := strings.TrimRight(fmt.Sprintf("%06d", m%money.Micros), "0")
	for len(frac) < n.decimals(a.Currency) {
		frac += "0"
	}
	number := n.grouped(fmt.Sprint(m / money.Micros))
	if frac != "" {
		number += n.Decimal + frac
	}
	if a.Currency == "" {
		return sign + number
	}
	return sign + strings.Replace(n.form(string(a.Currency)), "#", number, 1)
}

// decimals is how many a currency has: most have two, the yen none, the Kuwaiti dinar three.
func (n Names) decimals(c money.Currency) int {
	if d, ok := n.digits[string(c)]; ok {
		return d
	}
	return 2
}

// form is where the sign stands: “$#”, “# €”. A code of letters keeps its distance.
func (n Names) form(code string) string {
	sign := n.Symbols[code]
	if sign == "" {
		sign = code
	}
	form := strings.Replace(strings.Trim(n.Money, "\u200e\u200f"), "#,##0.00", "#", 1)
	last := []rune(sign)[len([]rune(sign))-1]
	if strings.HasPrefix(form, "¤#") && (last >= 'A' && last <= 'Z' || last >= 'a' && last <= 'z') {
		return sign + "\u00a0#"
	}
	return strings.Replace(form, "¤", sign, 1)
}

func (n Names) grouped(whole string) string {
	if len(whole) < 3+n.Grouping {
		return whole
	}
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(n.Group)
		}
		b.WriteRune(r)
	}
	return b.String()
}
