package dns

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/callisto-tel/callisto/business/routing"
)

type oneNumber struct{}

func (oneNumber) Published(e164 string) (routing.Holder, bool) {
	return routing.Holder{}, e164 == "8225551234"
}
func (oneNumber) Under(string) bool { return true }

type longSite struct{}

func (longSite) Published(string) (web, email string) {
	return "https://a.example/" + strings.Repeat("x", 270), strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 90) + "example"
}

// TestWhatIsTooLongIsLeftOut: a site whose address no record holds does not take
// the number itself away.
func TestWhatIsTooLongIsLeftOut(t *testing.T) {
	s, err := Open(t.Context(), Config{
		Listen: "127.0.0.1:0", Zone: "e164.tel.example", Numbers: oneNumber{}, Publisher: longSite{}, Domain: func(string) string { return "tel.example" }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c := dns.Client{Net: "tcp", Timeout: 2 * time.Second}
	a, _, err := c.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion("4.3.2.1.5.5.5.2.2.8.e164.tel.example.", dns.TypeNAPTR), s.Addr().String())
	if err != nil || len(a.Answer) != 1 || !strings.Contains(a.Answer[0].String(), "sip:+8225551234@tel.example") {
		t.Errorf("%v\n%v", a, err)
	}
}
