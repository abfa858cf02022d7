package web

import (
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/shop"
)

// deskGroup is a heading of the operator's menu, by the key of its name, and the
// pages under it with the keys of theirs.
type deskGroup struct {
	Name  string
	Pages []choice
}

func deskGroups() []deskGroup {
	return []deskGroup{
		{"customers", []choice{{"/operator/orders", "orders"}, {"/operator/members", "members"}, {"/operator/names", "names"}, {"/operator/letters", "letters"}}},
		{"shop", []choice{
			{"/operator/numbers", "numbers"}, {"/operator/telephones", "telephones"}, {"/operator/packages", "packages"}, {"/operator/cards", "cards"}, {"/operator/prices", "prices"},
		}},
		{"money", []choice{
			{"/operator/payments", "payments"}, {"/operator/receivables", "receivables"}, {"/operator/settlement", "settlement"}, {"/operator/accounting", "accounting"}, {"/operator/taxes", "taxes"},
		}},
		{"network", []choice{
			{"/operator/countries", "countries"}, {"/operator/carriers", "carriers"}, {"/operator/access", "access"}, {"/operator/prompts", "prompts"}, {"/operator/webhooks", "webhooks"},
		}},
		{"traffic", []choice{{"/operator/calls", "calls"}, {"/operator/explain", "explain"}, {"/operator/limits", "limits"}, {"/operator/alerts", "alerts"}}},
	}
}

// at reports whether a page, or one that belongs to it, is shown.
func (p *page) at(address string) bool {
	return p.Path == address || address != "/operator" && strings.HasPrefix(p.Path, address+"/")
}

// here reports whether one of a group's pages is shown.
func (p *page) here(g deskGroup) bool {
	return slices.ContainsFunc(g.Pages, func(c choice) bool { return p.at(c.Value) })
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
