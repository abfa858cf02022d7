package node_test

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNoEnglishIsLeftOver walks every page that a visitor, a buyer, a company
// and the operator can reach by links, and forms filled in badly, in Korean:
// every word in Latin letters must be a name or a term that stays.
func TestNoEnglishIsLeftOver(t *testing.T) {
	r := start(t, t.TempDir())
	key, staff := str(r.dev, "members", 1, "api_key"), str(r.dev, "operator", "api_key")
	r.choose(t, key, "62")
	paid := r.choose(t, key, "63")
	r.want(t, 200, key, "POST", "/api/v1/orders/"+paid+"/payments", obj{"method": "wallet"})
	for _, x := range []obj{
		{"kind": "individual", "country": "KR", "national": "7550142"}, {"kind": "individual", "country": "KR", "national": "23161234"},
		{"kind": "individual", "country": "KR", "national": "119"}, {"kind": "individual", "country": "KR", "national": "9999999"},
		{"kind": "individual", "country": "JP", "national": "7550142"},
	} {
		if o := r.want(t, 201, key, "POST", "/api/v1/orders", x); str(o.body, "state") != "rejected" {
			t.Errorf("%v is %s", x, o.raw)
		}
	}
	r.proved(t, str(r.dev, "members", 2, "api_key"), "+82 2 316 1234", "own_phone")
	r.want(t, 201, staff, "POST", "/api/v1/openings", obj{"country": "JP", "name": "일본"})
	r.want(t, 200, staff, "PUT", "/api/v1/openings/JP", obj{"carrier": "car_test_JP", "emergency": "none"})
	r.want(t, 200, staff, "POST", "/api/v1/openings/JP/test", obj{"number": "+81312345678"})

	pack := r.want(t, 201, staff, "POST", "/api/v1/packages", obj{"name": "월드 100", "price": "9.00", "minutes": 100, "prefixes": []any{"82", "1", "-1900"}, "renews": true})
	r.want(t, 201, key, "POST", "/api/v1/me/packages", obj{"package": str(pack.body, "id")})

	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	r.want(t, 201, key, "POST", "/api/v1/me/cards", obj{"membership": line, "kind": "file"})

	told := r.want(t, 201, staff, "POST", "/api/v1/webhooks", obj{"url": "http://127.0.0.1:9/calls"}) // where nobody listens
	r.want(t, 202, staff, "POST", "/api/v1/webhooks/"+str(told.body, "id")+"/test", nil)

	seen := map[string]bool{}
	for _, who := range []string{"", "member 1", "member 2", "company", "operator"} {
		p := r.korean(t, who)
		pages := []string{"/", "/numbers?digits=000000000", "/numbers?digits=abc", "/request?country=KR&national=112", "/request?country=KR&national=23151234", "/confirm?token=x", "/reset?token=x"}
		if who != "" {
			pages = append([]string{"/orders", "/lines", "/account", "/account/erase", "/proofs/new?purpose=own_phone", "/invoices", "/packages", "/operator"}, pages...)
		}
		done := map[string]bool{}
		for len(pages) > 0 && len(done) < 150 {
			path := pages[0]
			pages = pages[1:]
			if done[path] {
				continue
			}
			done[path] = true
			_, page := p.get(path)
			leftover(t, who+" "+path, page, seen)
			for _, m := range regexp.MustCompile(`href="(/[^"#]*)`).FindAllStringSubmatch(page, -1) {
				to := html.UnescapeString(m[1])
				if !slices.ContainsFunc([]string{"lang=", "/static", "/api", ".pdf", ".csv", "cursor=", "/numbers/", "export", "/documents/", "/sound?", "/card.vcf"}, func(s string) bool { return strings.Contains(to, s) }) {
					pages = append(pages, to)
				}
			}
		}
		for path, form := range map[string]url.Values{
			"/sign-up": {}, "/proofs": {"number": {"112"}}, "/account/password": {"old": {"x"}, "fresh": {"y"}}, "/account/email": {"email": {"x"}}, "/account/profile": {}, "/prove": {"password": {"x"}},
			"/orders": {"country": {"XX"}, "national": {"x"}}, "/operator/numbers/price": {"setup": {"1.234"}, "yearly": {"abc"}},
			"/operator/numbers/block": {"kind": {"individual"}, "country": {"KR"}, "prefix": {"2"}, "length": {"8"}}, "/operator/numbers/reserve": {"digits": {"x"}},
			"/operator/taxes": {"country": {"XX"}}, "/operator/countries": {"country": {"XX"}}, "/operator/carriers/new": {}, "/operator/telephones": {"list": {"x"}}, "/operator/webhooks": {"url": {"x"}}, "/operator/packages": {"prefixes": {"x"}}, "/packages": {"package": {"x"}}, "/operator/carriers/members/rates": {"csv": {"82,0.1\n83,much"}},
		} {
			_, page, _ := p.post(path, form)
			leftover(t, who+" POST "+path, page, seen)
		}
	}
}

// korean is a browser of somebody, in Korean.
func (r *running) korean(t *testing.T, who string) person {
	t.Helper()
	var at []any
	switch who {
	case "":
		p := r.signIn(t, str(r.dev, "members", 0, "email"), str(r.dev, "members", 0, "password"))
		p.post("/sign-out", nil)
		p.get("/?lang=ko")
		return p
	case "company", "operator":
		at = []any{who}
	case "member 1":
		at = []any{"members", 1}
	default:
		at = []any{"members", 2}
	}
	p := r.signIn(t, str(r.dev, append(at, "email")...), str(r.dev, append(at, "password")...))
	p.get("/?lang=ko")
	return p
}

// stays are names and terms that are the same in every language.
func stays() []string {
	return strings.Fields(`Callisto API SIP USB SVG PDD DATEV accounting PDF VoIP UTC TCP UDP TLS PNG JPEG HTTP CAMT CSV IBAN VAT USD JSON PIN PCMU PCMA HOST PORT https dev json udp tcp tls
		realm Operator Jun Park Ada Rivera Minji Kim Sam Brooks Han River Trading sample Test carrier mail host own plain easy premium kind country prefix length setup yearly note
		Seoul Chicago individual company ann example com sip ms http client
		P Asserted Identity Diversion RFC INFO ENUM URI SRTP NAME SBC NDJSON Standard Webhooks calls Twilio Telnyx Bandwidth Vonage Elastic Trunking trunking price code rate callisto serve much never yes satellite
		connect increments band night Mon Sun EUR KRW time number seconds amount pain BIC guard WAV kHz
		DTLS Linphone Yealink Grandstream GXP GRP Snom MAC Status vCard`)
}

// leftover reports words in Latin letters that a reader of Korean would stumble on.
func leftover(t *testing.T, where, page string, seen map[string]bool) {
	t.Helper()
	if i := strings.Index(page, "<body"); i >= 0 {
		page = page[i:]
	}
	if i := strings.Index(page, `<nav class="tongues"`); i >= 0 {
		page = page[:i]
	}
	for _, cut := range []string{`(?s)<code.*?</code>`, `(?s)<pre.*?</pre>`, `(?s)<option value="(?:[A-Z][A-Za-z]+/[^"]*|en|es|fr|de)"[^>]*>.*?</option>`, `(?s)<dd id="[^"]*" dir="ltr">.*?</dd>`, `<span class="iso"[^>]*>[A-Z]*</span>`,
		`(?s)<(?:bdi|option)[^>]* lang="(?:[a-jl-z]|k[a-np-z])[a-z-]*"[^>]*>.*?</(?:bdi|option)>`} { // what says itself that it is no Korean
		page = regexp.MustCompile(cut).ReplaceAllString(page, " ")
	}
	texts := regexp.MustCompile(`(?:aria-label|title|placeholder)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	for _, s := range regexp.MustCompile(`<[^>]*>`).Split(page, -1) {
		texts = append(texts, []string{"", s})
	}
	address := regexp.MustCompile(`\S*(?:@|_|\.example|127\.0)\S*`)
	word := regexp.MustCompile(`[A-Za-z][A-Za-z’']{2,}`)
	for _, m := range texts {
		text := strings.TrimSpace(html.UnescapeString(m[1]))
		if text == "" || seen[text] {
			continue
		}
		seen[text] = true
		for _, w := range word.FindAllString(address.ReplaceAllString(text, " "), -1) {
			if !slices.Contains(stays(), w) {
				t.Errorf("%s: %q is left in %q", where, w, text)
			}
		}
	}
}
