package web

import (
	"context"
	"fmt"
	"strings"

	"github.com/callisto-tel/callisto/business/money"
)

// cash writes an amount as the language does.
func (t *tongue) cash(a money.Amount) string { return t.Cash(a) }

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
