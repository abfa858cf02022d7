package shop

import "github.com/callisto-tel/callisto/business/numbering"

// PriceLine is what a kind and class of numbers costs in a country.
type PriceLine struct {
	Country string
	Kind    numbering.Kind
	Price   Price
}

// PriceList is every price of the numbers on sale, block prices apart, by
// country, kind and class.
func (s *Service) PriceList() []PriceLine {
	rules := s.rules()
	var out []PriceLine
	for _, iso := range rules.Countries {
		for _, k := range []numbering.Kind{numbering.Individual, numbering.Company} {
			if !rules.systems[iso].Sells(k) {
				continue
			}
			for _, c := range Classes() {
				if price := rules.classPrice("", iso, k, c); price.Set {
					out = append(out, PriceLine{iso, k, price})
				}
			}
			if k == numbering.Individual && rules.systems[iso].OwnPhone {
				if price := rules.ownPrice(iso, k); price.Set {
					out = append(out, PriceLine{iso, k, price})
				}
			}
		}
	}
	return out
}

// PapersNeeded lists what buyers of a kind of number in a country have to show.
func (s *Service) PapersNeeded(country string, k numbering.Kind) []Paper {
	return s.rules().papersFor(&Order{Country: country, Number: numbering.Number{Kind: k}})
}
