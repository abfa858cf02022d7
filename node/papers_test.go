package node_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestARentedTelephoneNumberHasAnInvoice: in the list, as a page and as a file.
func TestARentedTelephoneNumberHasAnInvoice(t *testing.T) {
	r := start(t, t.TempDir())
	key, email := str(r.dev, "members", 1, "api_key"), str(r.dev, "members", 1, "email")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 201, key, "POST", "/api/v1/members/"+line+"/telephone_numbers", obj{"e164": "+8225550160"})
	number := ""
	r.await(t, "the invoice", func() bool {
		x := r.want(t, 200, key, "GET", "/api/v1/invoices", nil)
		if at(x.body, "items", 0, "telephone") == "+82 2 555 0160" {
			number = str(x.body, "items", 0, "number")
		}
		return number != ""
	})
	p := r.signIn(t, email, str(r.dev, "members", 1, "password"))
	for path, words := range map[string][]string{"/invoices": {number, "+82 2 555 0160"}, "/invoices/" + number: {"755 0142 82", "+82 2 555 0160", "13.00"}} {
		status, page := p.get(path)
		if holds(t, path, page, words); status != 200 || strings.Contains(page, "/orders/did_") {
			t.Errorf("%s is %d, or leads to an order that is none", path, status)
		}
	}
	_, file := p.get("/invoices/" + number + ".pdf")
	holds(t, "the file", readPDF(t, file), []string{"+82 2 555 0160", "13.00"})
	r.await(t, "the letter", func() bool { return strings.Contains(r.mails(t, email), "invoice-") })
	holds(t, "the letter", r.mails(t, email), []string{"/invoices/" + number})
}

// TestPapersAreInTheBuyersLanguage: the paper, its page and the letter it comes
// with, for buyers whose names are not in Latin letters.
func TestPapersAreInTheBuyersLanguage(t *testing.T) {
	r, _ := withMoney(t)
	for i, c := range []struct {
		profile url.Values
		paper   []string
		page    []string
		letter  []string
	}{
		{url.Values{"name": {"ليلى العلاف"}, "country": {"SA"}, "language": {"ar"}, "time_zone": {"Asia/Riyadh"}, "company": {"شركة النور للتجارة"}, "address": {"شارع الملك فهد 12"}},
			[]string{"فاتورة", "ليلى العلاف", "شركة النور للتجارة", "شارع الملك فهد 12", "المملكة العربية السعودية", "5.00 US$", "من المحفظة"},
			[]string{"ليلى العلاف", "المملكة العربية السعودية", "5.00 US$", `dir="rtl"`}, []string{"\u20685.00 US$\u2069"}},
		{url.Values{"name": {"김민지"}, "country": {"KR"}, "language": {"ko"}, "time_zone": {"Asia/Seoul"}, "company": {"한강무역 주식회사"}, "address": {"서울특별시 종로구 세종대로 1"}},
			[]string{"송장", "김민지", "한강무역 주식회사", "서울특별시 종로구 세종대로 1", "대한민국", "US$5.00", "지갑에서 결제했습니다"},
			[]string{"김민지", "대한민국", "US$5.00"}, []string{"US$5.00"}},
	} {
		key, email := str(r.dev, "members", i, "api_key"), str(r.dev, "members", i, "email")
		p := r.signIn(t, email, str(r.dev, "members", i, "password"))
		if status, page, _ := p.post("/account/profile", c.profile); status != 200 {
			t.Fatalf("the profile: %d %s", status, page)
		}
		id := r.choose(t, key, []string{"41", "42"}[i])
		r.want(t, 200, key, "POST", "/api/v1/orders/"+id+"/payments", obj{"method": "wallet"})
		_, file := p.get("/orders/" + id + "/receipt.pdf") // asked for, a paper is written at once
		holds(t, "the receipt", readPDF(t, file), c.paper[1:])
		r.await(t, "the letter", func() bool { return strings.Contains(r.mails(t, email), "invoice-") })
		number := str(r.want(t, 200, key, "GET", "/api/v1/invoices", nil).body, "items", 0, "number")
		_, file = p.get("/invoices/" + number + ".pdf")
		holds(t, "the paper", readPDF(t, file), append(c.paper, number))
		_, page := p.get("/invoices/" + number + "?lang=" + c.profile.Get("language"))
		holds(t, "the page", page, append(c.page, number))
		holds(t, "the letter", r.mails(t, email), append(c.letter, number))
	}
}

func holds(t *testing.T, what, text string, all []string) {
	t.Helper()
	text = strings.ReplaceAll(text, "\u00a0", " ")
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}

// readPDF is what another program reads in a PDF, without its marks of direction.
func readPDF(t *testing.T, file string) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("this test reads PDF with pdftotext, which is not installed: run scripts/install-test-tools, or apt-get install poppler-utils")
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("\u202a", "", "\u202b", "", "\u202c", "").Replace(string(out))
}
