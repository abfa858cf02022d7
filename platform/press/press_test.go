package press

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
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
		Lines:  []paper.Line{{What: "setup", Kind: "individual", Amount: usd(5e6)}, {What: "yearly", Kind: "individual", Amount: usd(1200e6)}},
		Net:    usd(1205e6), Tax: paper.Tax{Name: "VAT", Rate: 190_000, Amount: usd(228_950_000)}, Total: usd(1_433_950_000),
		World: "2 555 1234 82", Paid: time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC), Method: "card", Language: "en",
	}}
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test reads PDF with %s, which is not installed: run scripts/install-test-tools, or apt-get install poppler-utils", name)
	}
	var complaints bytes.Buffer
	c := exec.CommandContext(t.Context(), path, args...)
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil || complaints.Len() > 0 { // poppler complains of what is wrong in a file
		t.Fatalf("%s: %v %s", name, err, &complaints)
	}
	return string(out)
}

// read is what another program reads in a PDF. It sets marks of direction
// around what runs against the page, which are not letters.
func read(t *testing.T, pdf []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.Map(func(r rune) rune {
		if r == 0xa0 || r == 0x202f {
			return ' '
		}
		if r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, tool(t, "pdftotext", "-layout", file, "-"))
}

func open(t testing.TB) *Press {
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
	for _, want := range []string{"Invoice", "2026-000042", "2026-11-26", "Callisto Example Ltd", "KR-123", "Zoë Müller-Łęcka", "Germany", "World number 2 555 1234 82",
		"$5.00", "$1,200.00", "$1,205.00", "VAT 19 %", "$228.95", "Total including tax (USD)", "$1,433.95", "by card", "halves up"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "left out") {
		t.Error("it says that something is left out")
	}
	again, err := open(t).Paper(sample())
	if err != nil || !bytes.Equal(pdf, again) {
		t.Errorf("the same paper is another file: %v", err)
	}
}

// TestAnInvoiceOfATelephoneNumberNamesIt.
func TestAnInvoiceOfATelephoneNumberNamesIt(t *testing.T) {
	x := sample()
	x.Data.Telephone, x.Data.Method = "+82 2 555 0111", "wallet"
	for i := range x.Data.Lines {
		x.Data.Lines[i].Kind = "telephone"
	}
	pdf, err := open(t).Paper(x)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, pdf)
	for _, want := range []string{"Telephone number +82 2 555 0111", "World number 2 555 1234 82", "Telephone number, set-up", "Telephone number, one year"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}

// buyer is somebody in a country, and what a paper in its language says.
type buyer struct {
	language string
	party    paper.Party
	says     []string
}

func buyers() []buyer {
	return []buyer{
		{"ko-KR", paper.Party{Name: "김민지", Company: "한강무역 주식회사", Address: "서울특별시 종로구 세종대로 1", Country: "KR", TaxID: "123-45-67890", Email: "minji@example.com"},
			[]string{"송장", "발행일: 2026-11-26", "김민지", "한강무역 주식회사", "종로구", "대한민국", "US$1,433.95", "카드로 결제했습니다", "2 555 1234 82"}},
		{"es", paper.Party{Name: "Íñigo Peñalosa Agüero", Address: "C/ Cañón, 3.º", Country: "ES", Email: "i@example.com"},
			[]string{"Factura", "Íñigo Peñalosa Agüero", "Cañón", "España", "1433,95 US$", "Base imponible"}},
		{"fr", paper.Party{Name: "Éloïse Œuvré", Address: "Île-d’Aix", Country: "FR", Email: "e@example.com"},
			[]string{"Facture", "Éloïse Œuvré", "Île-d’Aix", "France", "1 433,95 $US", "Total TTC (USD)"}},
		{"de", paper.Party{Name: "Jürgen Groß-Weiß", Company: "STRAẞENBAU Öhringen", Address: "Weißenburger Straße 1", Country: "DE", Email: "j@example.com"},
			[]string{"Rechnung", "Jürgen Groß-Weiß", "STRAẞENBAU", "Weißenburger Straße", "Deutschland", "1.433,95 $", "Bruttobetrag (USD)"}},
		{"zh-CN", paper.Party{Name: "王小明", Company: "龙腾贸易有限公司", Address: "上海市黄浦区中山东一路1号", Country: "CN", Email: "w@example.com"},
			[]string{"发票", "开具日期：2026-11-26", "王小明", "龙腾贸易有限公司", "黄浦区", "中国", "US$1,433.95", "价税合计（USD）"}},
		{"ja", paper.Party{Name: "髙橋 さくら", Company: "東京トレード株式会社", Address: "東京都千代田区丸の内1丁目", Country: "JP", Email: "s@example.com"},
			[]string{"請求書", "発行日：2026-11-26", "髙橋 さくら", "東京トレード株式会社", "千代田区", "日本", "$1,433.95"}},
		{"ar", paper.Party{Name: "ليلى العلاف", Company: "شركة النور للتجارة (Noor)", Address: "شارع الملك فهد 12", Country: "SA", TaxID: "300-12", Email: "layla@example.com"},
			[]string{"فاتورة", "تاريخ الإصدار", "2026-11-26", "2026-000042", "ليلى العلاف", "شركة النور للتجارة", "Noor", "شارع الملك فهد 12", "المملكة العربية السعودية", "1,433.95 US$", "2 555 1234 82", "بالبطاقة"}},
		{"en", paper.Party{Name: "김민지 (Minji) לאה", Company: "Nguyễn Thị 王小明 GmbH", Address: "मुंबई กรุงเทพ", Country: "VN", Email: "m@example.com"},
			[]string{"Invoice", "김민지 (Minji)", "לאה", "Nguyễn Thị 王小明 GmbH", "मुंबई", "กรุงเทพ", "Vietnam"}},
	}
}

func TestNamesAreReadInEveryLanguage(t *testing.T) {
	p := open(t)
	for _, b := range buyers() {
		t.Run(b.language, func(t *testing.T) {
			x := sample()
			x.Data.Language, x.Data.Buyer = b.language, b.party
			pdf, err := p.Paper(x)
			if err != nil {
				t.Fatal(err)
			}
			text := read(t, pdf)
			for _, want := range b.says {
				if !strings.Contains(text, want) {
					t.Errorf("it lacks %q:\n%s", want, text)
				}
			}
			if strings.Contains(text, "https://") {
				t.Errorf("it says that something is left out:\n%s", text)
			}
			if len(pdf) > 150_000 {
				t.Errorf("%d bytes", len(pdf))
			}
			again, err := p.Paper(x)
			if err != nil || !bytes.Equal(pdf, again) {
				t.Errorf("the same paper is another file: %v", err)
			}
			if dir := os.Getenv("SCREENS"); dir != "" {
				_ = os.WriteFile(filepath.Join(dir, "invoice-"+b.language+".pdf"), pdf, 0o644)
			}
		})
	}
}

// inked is where a page has ink: how dark each tenth of its width is, within a
// strip between two heights, in millimetres.
func inked(t *testing.T, pdf []byte, from, to float64) [10]int {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "x.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "pdftoppm", "-png", "-r", "50", "-singlefile", "-gray", file, filepath.Join(dir, "x"))
	f, err := os.Open(filepath.Join(dir, "x.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var img image.Image
	if img, err = png.Decode(f); err != nil {
		t.Fatal(err)
	}
	var out [10]int
	w := img.Bounds().Dx()
	for y := int(from / 25.4 * 50); y < int(to/25.4*50); y++ {
		for x := range w {
			if l, _, _, _ := img.At(x, y).RGBA(); l < 0x8000 {
				out[x*10/w]++
			}
		}
	}
	return out
}

func TestAnArabicPaperRunsFromTheRight(t *testing.T) {
	for language, right := range map[string]bool{"ar": true, "de": false} {
		x := sample()
		x.Data.Language, x.Data.Buyer.Company, x.Data.Seller.Company = language, "", ""
		x.Data.Tax = paper.Tax{}
		pdf, err := open(t).Paper(x)
		if err != nil {
			t.Fatal(err)
		}
		ink := inked(t, pdf, 20, 32) // the title, 22 points, and the number, 10 points
		left, other := ink[1]+ink[2], ink[7]+ink[8]
		if right != (other > left) {
			t.Errorf("%s: the title stands on the wrong side: %v", language, ink)
		}
	}
}

func TestWhatTheFontsLackIsSaid(t *testing.T) {
	x := sample()
	x.Data.Buyer = paper.Party{Name: "𓀀𓀁", Company: "𐏀 Ltd", Country: "KR", Email: "minji@example.com"}
	x.Data.Language = "ko"
	pdf, err := open(t).Paper(x)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, pdf)
	if !strings.Contains(text, "minji@example.com") || !strings.Contains(text, "https://tel.example/invoices/2026-000042") || strings.Contains(text, "Ltd\n") && strings.Contains(text, "𐏀") {
		t.Errorf("%s", text)
	}
}

// TestAnInvoiceOfCallsSaysWhatIsToBePaid: lines by country, the tax that is in
// them, what the wallet did, and how to pay, in every language.
func TestAnInvoiceOfCallsSaysWhatIsToBePaid(t *testing.T) {
	usd := func(micros int64) money.Amount { return money.Amount{Currency: "USD", Micros: micros} }
	x := sample()
	x.Data.World, x.Data.Method, x.Data.Paid, x.Data.Month = "", "", time.Time{}, "2026-11"
	x.Data.Lines = []paper.Line{
		{What: "calls", Kind: "pstn", Country: "DE", Calls: 12, Seconds: 3723, Amount: usd(6_610_000)}, {What: "calls", Kind: "forwarded", Calls: 1, Seconds: 61, Amount: usd(1_234_567)},
		{What: "calls", Kind: "onnet", Calls: 1, Amount: usd(1)}, {What: "calls", Kind: "partner", Calls: 1, Amount: usd(1)}, {What: "calls", Kind: "internet", Calls: 1, Amount: usd(1)}, {What: "calls", Kind: "other", Calls: 1, Amount: usd(1)},
	}
	x.Data.Net, x.Data.Tax, x.Data.Total = usd(6_592_571), paper.Tax{Name: "VAT", Rate: 190_000, Amount: usd(1_252_000)}, usd(7_844_571)
	x.Data.Account = &paper.Owed{
		Before: usd(-1_000_000), Payments: usd(2_500_000), Calls: usd(-7_844_571), After: usd(-1_016_344_571), Asked: usd(1_016_350_000), Due: time.Date(2026, 12, 15, 23, 59, 59, 0, time.UTC),
		Fees: []paper.Fee{{Invoice: "2026-000041", Amount: usd(-1_000_000_000)}, {Amount: usd(-10_000_000)}}, Bank: &paper.Bank{Holder: "Callisto Ltd", IBAN: "DE89370400440532013000", Name: "Bank", Reference: "RF18539007547034"},
	}
	for tag, says := range map[string][]string{
		"en": {"Calls in 2026-11", "Calls to Germany", "Calls: 12, 1:02:03", "$6.61", "Forwarded calls to other destinations", "$1.234567", "Of it VAT 19 %", "$1.252", "Invoice 2026-000041", "To pay by 2026-12-15", "$1,016.35", "DE89370400440532013000", "RF18539007547034", "https://tel.example/wallet"},
		"de": {"Gespräche nach Deutschland", "6,61", "Zu zahlen bis 2026-12-15"}, "ar": {"مكالمات إلى ألمانيا", "RF18539007547034"}, "ko": {"독일행 통화"}, "es": {"Llamadas a Alemania"}, "fr": {"Appels vers Allemagne"}, "zh": {"拨往德国的通话"}, "ja": {"ドイツへの通話"},
	} {
		x.Data.Language = tag
		file, err := open(t).Paper(x)
		if err != nil {
			t.Fatal(err)
		}
		text := read(t, file)
		for _, want := range says {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", tag, want, text)
			}
		}
		if strings.ContainsAny(text, "{}") {
			t.Errorf("%s:\n%s", tag, text)
		}
		if dir := os.Getenv("SCREENS"); dir != "" {
			_ = os.WriteFile(filepath.Join(dir, "calls-"+tag+".pdf"), file, 0o644)
		}
	}
	x.Kind, x.Number, x.Data.Lines, x.Data.Language = paper.Statement, "2026-S000001", nil, "en"
	if file, err := open(t).Paper(x); err != nil || !strings.Contains(read(t, file), "To pay by 2026-12-15") || !strings.Contains(read(t, file), "Statement") || strings.Contains(read(t, file), "Total") {
		t.Errorf("the statement: %v\n%s", err, read(t, file))
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

// TestALongPaperGoesOn: what has no room on a page is on the next.
func TestALongPaperGoesOn(t *testing.T) {
	x := sample()
	for range 60 {
		x.Data.Lines = append(x.Data.Lines, x.Data.Lines[0])
	}
	pdf, err := open(t).Paper(x)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, pdf)
	if n := strings.Count(text, "\f"); n < 2 || strings.Count(text, "World number for a person, set-up") != 61 || !strings.Contains(text, "halves up") {
		t.Errorf("%d pages:\n%s", n, text)
	}
}

func TestManyPapersAtOnce(t *testing.T) {
	p := open(t)
	var wg sync.WaitGroup
	for i := range 16 {
		b := buyers()[i%len(buyers())]
		wg.Go(func() {
			x := sample()
			x.Data.Language, x.Data.Buyer = b.language, b.party
			for range 3 {
				if pdf, err := p.Paper(x); err != nil || len(pdf) < 1000 {
					t.Errorf("%s: %d bytes, %v", b.language, len(pdf), err)
				}
			}
		})
	}
	wg.Wait()
}

// TestNoLanguageLacksAWord: every language says everything, fills in the same,
// and its own words are ones there are fonts for.
func TestNoLanguageLacksAWord(t *testing.T) {
	p := open(t)
	hole := regexp.MustCompile(`\{[a-z_]+\}`)
	holes := func(s string) string { return fmt.Sprint(slices.Sorted(slices.Values(hole.FindAllString(s, -1)))) }
	for _, tag := range []string{"en", "ko", "es", "fr", "de", "zh", "ja", "ar"} {
		l, ok := p.tongues[tag]
		if !ok {
			t.Errorf("there is no %s", tag)
			continue
		}
		for key, english := range p.tongues["en"].words {
			if l.words[key] == "" || holes(l.words[key]) != holes(english) {
				t.Errorf("%s: %s is %q, in English %q", tag, key, l.words[key], english)
			}
			if tag != "en" && l.words[key] == english && key != "total" {
				t.Errorf("%s: %s is English", tag, key)
			}
		}
		for key := range l.words {
			if _, ok := p.tongues["en"].words[key]; !ok {
				t.Errorf("%s has %q, which English has not", tag, key)
			}
		}
		x := sample()
		x.Data.Language = tag
		for _, method := range []string{"", "wallet", "card", "bank_transfer", "account"} {
			x.Data.Method = method
			pdf, err := p.Paper(x)
			if err != nil {
				t.Fatal(err)
			}
			if text := read(t, pdf); strings.ContainsAny(text, "{}") || !strings.Contains(text, "2026-11-26") {
				t.Errorf("%s %q:\n%s", tag, method, text)
			}
		}
	}
	if got := p.speaks("pt-BR").tag; got != "en" {
		t.Errorf("a language nobody translated is %s", got)
	}
}

func BenchmarkPaper(b *testing.B) {
	p := open(b)
	for _, who := range buyers() {
		b.Run(who.language, func(b *testing.B) {
			x := sample()
			x.Data.Language, x.Data.Buyer = who.language, who.party
			size := 0
			for b.Loop() {
				pdf, err := p.Paper(x)
				if err != nil {
					b.Fatal(err)
				}
				size = len(pdf)
			}
			b.ReportMetric(float64(size)/1000, "kB")
		})
	}
}

// BenchmarkFirstPaper reads the fonts too, as the first paper of a process does.
func BenchmarkFirstPaper(b *testing.B) {
	for _, who := range buyers() {
		b.Run(who.language, func(b *testing.B) {
			x := sample()
			x.Data.Language, x.Data.Buyer = who.language, who.party
			for b.Loop() {
				if _, err := open(b).Paper(x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
