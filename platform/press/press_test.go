package press

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
)

func sample() paper.Paper {
	usd := func(micros int64) money.Amount { return money.Amount{Currency: "USD", Micros: micros} }
	return paper.Paper{Number: "2026-000042", Kind: paper.Invoice, Order: "ord_1", Issued: time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC), Data: paper.Data{
		Seller: paper.Party{Name: "Callisto Example Ltd", Address: "1 Example Street\nSeoul", TaxID: "KR-123", Email: "sales@callisto.example", Country: "KR"},
		Buyer:  paper.Party{Name: "Zoë Müller-Łęcka", Address: "Straße 1", Country: "DE", Email: "zoe@example.com"},
		Lines:  []paper.Line{{What: "setup", Kind: "individual", Amount: usd(5e6)}, {What: "yearly", Kind: "individual", Amount: usd(12e6)}},
		Net:    usd(17e6), Tax: paper.Tax{Name: "VAT", Rate: 190_000, Amount: usd(3_230_000)}, Total: usd(20_230_000),
		World: "2 555 1234 82", Paid: time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC), Method: "card", Language: "en",
	}}
}

// read is what another program reads in a PDF.
func read(t *testing.T, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("this test reads PDF with pdftotext, which is not installed: run scripts/install-test-tools, or apt-get install poppler-utils")
	}
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func open(t *testing.T) *Press {
	t.Helper()
	p, err := New(func(path string) string { return "https://tel.example" + path })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnInvoiceSaysWhatWasSold(t *testing.T) {
	p := open(t)
	pdf, err := p.Paper(sample())
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, pdf)
	for _, want := range []string{"Invoice", "2026-000042", "2026-11-26", "Callisto Example Ltd", "KR-123", "Zoë Müller-Łęcka", "World number 2 555 1234 82",
		"5.00 USD", "12.00 USD", "17.00 USD", "VAT 19 %", "3.23 USD", "20.23 USD", "by card", "halves up"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "left out") {
		t.Error("it says that something is left out")
	}
	again, err := p.Paper(sample())
	if err != nil || !bytes.Equal(pdf, again) {
		t.Errorf("the same paper is another file: %v", err)
	}
	if len(pdf) > 200_000 {
		t.Errorf("%d bytes", len(pdf))
	}
	if dir := os.Getenv("SCREENS"); dir != "" {
		_ = os.WriteFile(filepath.Join(dir, "invoice.pdf"), pdf, 0o644)
	}
}

func TestWhatTheFontLacksIsSaid(t *testing.T) {
	x := sample()
	x.Data.Buyer = paper.Party{Name: "김민지", Company: "한강무역", Country: "KR", Email: "minji@example.com"}
	x.Data.Language = "ko"
	pdf, err := open(t).Paper(x)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, pdf)
	if !strings.Contains(text, "minji@example.com") || !strings.Contains(text, "https://tel.example/invoices/2026-000042") || !strings.Contains(text, "Invoice") {
		t.Errorf("%s", text)
	}
}

func TestACreditNoteAndAReceipt(t *testing.T) {
	x := sample()
	receipt, err := open(t).Receipt(x)
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, receipt); !strings.Contains(text, "Receipt") || !strings.Contains(text, "For invoice 2026-000042") {
		t.Errorf("%s", text)
	}
	x.Number, x.Kind, x.Data.Invoice = "2026-C000001", paper.CreditNote, "2026-000042"
	note, err := open(t).Paper(x)
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, note); !strings.Contains(text, "Credit note") || !strings.Contains(text, "turns invoice 2026-000042 back") || strings.Contains(text, "by card") {
		t.Errorf("%s", text)
	}
}

func TestDecimalsAreTheCurrencys(t *testing.T) {
	for want, a := range map[string]money.Amount{"5.00 USD": {Currency: "USD", Micros: 5e6}, "500 JPY": {Currency: "JPY", Micros: 500e6}, "1.250 KWD": {Currency: "KWD", Micros: 1_250_000}, "-0.05 USD": {Currency: "USD", Micros: -50_000}} {
		if got := Amount(a); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
