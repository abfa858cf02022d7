package web

import (
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/shop"
)

// consoleLinks are the operator's pages with the keys of their names.
func consoleLinks() []choice {
	return []choice{
		{"/operator", "home"},
		{"/operator/orders", "orders"},
		{"/operator/members", "members"},
		{"/operator/numbers", "numbers"},
		{"/operator/prices", "prices"},
		{"/operator/packages", "packages"},
		{"/operator/cards", "cards"},
		{"/operator/payments", "payments"},
		{"/operator/receivables", "receivables"},
		{"/operator/accounting", "accounting"},
		{"/operator/taxes", "taxes"},
		{"/operator/countries", "countries"},
		{"/operator/carriers", "carriers"},
		{"/operator/settlement", "settlement"},
		{"/operator/calls", "calls"},
		{"/operator/explain", "explain"},
		{"/operator/limits", "limits"},
		{"/operator/alerts", "alerts"},
		{"/operator/names", "names"},
		{"/operator/telephones", "telephones"},
		{"/operator/access", "access"},
		{"/operator/prompts", "prompts"},
		{"/operator/letters", "letters"},
		{"/operator/webhooks", "webhooks"},
	}
}

func blocksOf(c shop.Catalogue, iso string) (n int) {
	for _, b := range c.Blocks {
		if b.Country == iso && !b.Closed {
			n++
		}
	}
	return n
}

// blockShape shows a block as its numbers look: 70•••••.
func blockShape(b shop.Block) string {
	return b.Prefix + strings.Repeat("•", max(0, min(b.Length, 15)-len(b.Prefix)))
}

// blockCount is how many numbers a block has, in powers of ten.
func blockCount(b shop.Block) string {
	free := b.Length - len(b.Prefix)
	if free < 0 || free > 15 {
		return "–"
	}
	digits := "1" + strings.Repeat("0", free)
	var parts []string
	for len(digits) > 3 {
		parts = append(parts, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	parts = append(parts, digits)
	slices.Reverse(parts)
	return strings.Join(parts, "\u202f")
}

// orderedPrices shows the rules as they are asked: the one that names most first.
func orderedPrices(rules []shop.PriceRule) []shop.PriceRule { return shop.InOrder(rules) }

func docKind(mediaType string) string {
	_, kind, _ := strings.Cut(mediaType, "/")
	return strings.ToUpper(kind)
}
