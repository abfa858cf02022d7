package web

import (
	"context"
	"fmt"
	"strings"

	"github.com/callisto-tel/callisto/business/money"
)

// cash writes an amount as the language does: its separators, the sign of the
// currency where readers expect it, as many decimals as the currency has, or
// more where micros demand it. Digits stay Western: they are typed as they
// are read.
func (t *tongue) cash(a money.Amount) string {
	m, sign := uint64(a.Micros), ""
	if a.Micros < 0 {
		m, sign = -m, "−"
	}
	frac := strings.TrimRight(fmt.Sprintf("%06d", m%money.Micros), "0")
	for len(frac) < t.decimals(a.Currency) {
		frac += "0"
	}
	number := t.grouped(fmt.Sprint(m / money.Micros))
	if frac != "" {
		number += t.Decimal + frac
	}
	if a.Currency == "" {
		return sign + number
	}
	return sign + strings.Replace(t.form(string(a.Currency)), "#", number, 1)
}

// decimals is how many a currency has: most have two, the yen none, the Kuwaiti dinar three.
func (t *tongue) decimals(c money.Currency) int {
	if n, ok := t.digits[string(c)]; ok {
		return n
	}
	return 2
}

// form is where the sign stands: “$#”, “# €”. A code of letters keeps its distance.
func (t *tongue) form(code string) string {
	sign := t.Symbols[code]
	if sign == "" {
		sign = code
	}
	form := strings.Replace(strings.Trim(t.Money, "\u200e\u200f"), "#,##0.00", "#", 1)
	last := []rune(sign)[len([]rune(sign))-1]
	if strings.HasPrefix(form, "¤#") && (last >= 'A' && last <= 'Z' || last >= 'a' && last <= 'z') {
		return sign + "\u00a0#"
	}
	return strings.Replace(form, "¤", sign, 1)
}

func (t *tongue) grouped(whole string) string {
	if len(whole) < 3+t.Grouping {
		return whole
	}
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(t.Group)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cashText shows money in the language of the page being rendered.
func cashText(ctx context.Context, a money.Amount) string { return speaking(ctx).cash(a) }

// signed shows what came in with a plus.
func signed(ctx context.Context, a money.Amount) string {
	if a.Micros > 0 {
		return "+" + cashText(ctx, a)
	}
	return cashText(ctx, a)
}

// sayMoney shows a stored text that is an amount, as “5.00 USD”, in the reader's way; any other text as a sentence.
func (p *page) sayMoney(text string) string {
	var units, frac int64
	var code string
	whole, rest, ok := strings.Cut(text, ".")
	if !ok || !allDigits(whole) || len(whole) > 12 {
		return p.say(text)
	}
	decimals, code, ok := strings.Cut(rest, " ")
	if !ok || !allDigits(decimals) || len(decimals) > 6 || len(code) != 3 || strings.ToUpper(code) != code {
		return p.say(text)
	}
	if _, err := fmt.Sscan(whole, &units); err != nil {
		return p.say(text)
	}
	if _, err := fmt.Sscanf((decimals + "000000")[:6], "%d", &frac); err != nil {
		return p.say(text)
	}
	return p.Tongue.cash(money.Amount{Currency: money.Currency(code), Micros: units*money.Micros + frac})
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
