package money

import "fmt"

// Exponent is how many decimals a currency's smallest coin or bank entry has
// (ISO 4217): 2 but for those listed.
func (c Currency) Exponent() int {
	switch c {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	default:
		return 2
	}
}

// Unit is the currency's smallest unit in micros: 10,000 for the cent of a dollar.
func (c Currency) Unit() int64 {
	unit := int64(Micros)
	for range c.Exponent() {
		unit /= 10
	}
	return unit
}

// Minor is the amount in the currency's smallest units. An amount that has
// parts of one is an error: a bank cannot move it.
func (a Amount) Minor() (int64, error) {
	unit := a.Currency.Unit()
	if a.Micros%unit != 0 {
		return 0, fmt.Errorf("%s is no whole number of the smallest units of its currency", a)
	}
	return a.Micros / unit, nil
}

// FromMinor turns smallest units into an amount.
func FromMinor(c Currency, n int64) (Amount, error) {
	unit := c.Unit()
	if n > (1<<63-1)/unit || n < -(1<<63-1)/unit {
		return Amount{}, ErrOverflow
	}
	return Amount{c, n * unit}, nil
}
