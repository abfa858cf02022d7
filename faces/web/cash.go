package web

import (
	"context"

	"github.com/callisto-tel/callisto/business/money"
)

// cash writes an amount as the language does.
func (t *tongue) cash(a money.Amount) string { return t.Cash(a) }

// cashText shows money in the language of the page being rendered.
func cashText(ctx context.Context, a money.Amount) string { return speaking(ctx).cash(a) }

// inCoins is an amount in whole coins, for where it is seen at a glance: never more than there is.
func inCoins(a money.Amount) money.Amount {
	if over := a.Micros % a.Currency.Unit(); over < 0 {
		a.Micros -= a.Currency.Unit() + over
	} else {
		a.Micros -= over
	}
	return a
}

// signed shows what came in with a plus.
func signed(ctx context.Context, a money.Amount) string {
	if a.Micros > 0 {
		return "+" + cashText(ctx, a)
	}
	return cashText(ctx, a)
}

// sayMoney shows a stored text that is an amount or a date in the reader's way; any other text as a sentence.
func (p *page) sayMoney(text string) string {
	if a, err := money.Parse(text); err == nil {
		return p.Tongue.cash(a)
	}
	if p.Tongue.Tag == "en" {
		return text
	}
	return p.Tongue.word(text)
}
