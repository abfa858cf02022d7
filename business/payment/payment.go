// Package payment knows the ways to pay and which of them are offered.
package payment

import "github.com/callisto-tel/callisto/business/fault"

// Method is a way to pay.
type Method string

// The methods.
const (
	Wallet       Method = "wallet"
	Card         Method = "card"
	BankTransfer Method = "bank_transfer"
)

// Offered returns the methods a buyer may choose now. What is not offered is
// absent from pages, never shown greyed out.
func Offered() []Method { return []Method{Wallet} }

// Check refuses a method that does not exist or is not offered here.
func Check(m Method) error {
	switch m {
	case Wallet:
		return nil
	case Card:
		return fault.New(fault.Unavailable, "method_unavailable", "Paying by card is not set up at this operator. Pay from your wallet instead.")
	case BankTransfer:
		return fault.New(fault.Unavailable, "method_unavailable", "Paying by bank transfer is not set up at this operator. Pay from your wallet instead.")
	default:
		return fault.New(fault.Invalid, "method_unknown", "%q is no way to pay. Use \"wallet\".", string(m)).
			WithFields(fault.Field{Name: "method", Text: "Use \"wallet\"."})
	}
}
