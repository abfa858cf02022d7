package payment

import (
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
)

func TestOnlyWhatIsSetUpIsOffered(t *testing.T) {
	if got := (Offer{}).Methods(); len(got) != 1 || got[0] != Wallet {
		t.Errorf("%v", got)
	}
	if got := (Offer{Card: true, Bank: true}).Methods(); len(got) != 3 {
		t.Errorf("%v", got)
	}
	for m, want := range map[Method]string{Card: "method_unavailable", BankTransfer: "method_unavailable", "shells": "method_unknown"} {
		if got := fault.ReasonOf((Offer{}).Check(m)).Code; got != want {
			t.Errorf("%s: %s", m, got)
		}
	}
	if err := (Offer{Card: true}).Check(Card); err != nil {
		t.Error(err)
	}
}

// TestReference uses the example of the standard and of the banks' handbooks.
func TestReference(t *testing.T) {
	for body, want := range map[string]string{"539007547034": "RF18539007547034", "2348236": "RF332348236"} {
		if got := Reference(body); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	ref := NewReference(5012345678)
	if ref[4:] != "012345678" {
		t.Fatal(ref)
	}
	shown := ShowReference(ref)
	for text, want := range map[string]bool{
		ref: true, shown: true, "Invoice " + shown + " thanks": true, "rf" + ref[2:]: true, "X" + ref + "Y": true,
		ref[:12]: false, ref[:len(ref)-1] + "9": false, "RF00" + ref[4:]: false, "": false,
	} {
		if got, ok := FindReference(text); ok != want || ok && got != ref {
			t.Errorf("%q: %q %v", text, got, ok)
		}
	}
}

func TestEveryWrongDigitIsFound(t *testing.T) {
	ref := []byte(NewReference(123456789))
	for i := 2; i < len(ref); i++ {
		for d := byte('0'); d <= '9'; d++ {
			if d == ref[i] {
				continue
			}
			wrong := append([]byte(nil), ref...)
			wrong[i] = d
			if got, ok := FindReference(string(wrong)); ok {
				t.Errorf("%s was taken for %s", wrong, got)
			}
		}
	}
}

func TestBankingDays(t *testing.T) {
	friday := time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC)
	for n, want := range map[int]string{0: "2026-11-27", 1: "2026-11-30", 5: "2026-12-04", 6: "2026-12-07"} {
		if got := BankingDays(friday, n).Format(time.DateOnly); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if got := BankingDays(friday.AddDate(0, 0, 1), 5).Format(time.DateOnly); got != "2026-12-04" {
		t.Errorf("from a Saturday: %s", got)
	}
}

func TestIBAN(t *testing.T) {
	for s, want := range map[string]bool{"DE89 3704 0044 0532 0130 00": true, "GB82WEST12345698765432": true, "DE88 3704 0044 0532 0130 00": false, "DE": false, "": false} {
		if CheckIBAN(s) != want {
			t.Error(s)
		}
	}
}
