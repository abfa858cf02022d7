package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/money"
)

// complete lists the languages whose texts are whole: one that is listed may lack nothing.
func complete() []string { return []string{"en", "ko", "ar", "ja", "de", "es", "fr", "zh"} }

func all(t *testing.T) *tongues {
	t.Helper()
	ts, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

// TestTranslationsAreWhole lists what a language lacks, and holds the places to fill in against English.
func TestTranslationsAreWhole(t *testing.T) {
	ts := all(t)
	english := ts.by["en"]
	hole := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, tag := range ts.tags {
		l := ts.by[tag]
		var missing []string
		for key, text := range english.texts {
			translated, ok := l.texts[key]
			if !ok {
				missing = append(missing, key)
				continue
			}
			for _, h := range hole.FindAllString(text, -1) {
				if !strings.Contains(translated, h) {
					t.Errorf("%s: %q lacks %s", tag, key, h)
				}
			}
		}
		for format := range english.said {
			translated, ok := l.said[format]
			if !ok {
				missing = append(missing, format)
			} else if a, b := len(verb.FindAllString(format, -1)), len(verb.FindAllString(translated, -1)); a != b {
				t.Errorf("%s: %q fills %d places, English %d", tag, translated, b, a)
			}
		}
		for key := range l.texts {
			if _, ok := english.texts[key]; !ok {
				t.Errorf("%s has %q, which English has not", tag, key)
			}
		}
		for format := range l.said {
			if _, ok := english.said[format]; !ok {
				t.Errorf("%s says %q, which the business does not", tag, format)
			}
		}
		if len(missing) == 0 {
			continue
		}
		slices.Sort(missing)
		if slices.Contains(complete(), tag) {
			t.Errorf("%s lacks %d texts:\n%s", tag, len(missing), strings.Join(missing, "\n"))
		} else {
			t.Logf("%s lacks %d texts of %d; they are shown in English", tag, len(missing), len(english.texts)+len(english.said))
		}
	}
}

func TestSentencesAreFoundAgainByTheirFormat(t *testing.T) {
	formats := map[string]string{}
	for _, f := range []string{
		"%s would also be %s when dialled in %s. Choose another number.", "%s is reserved. Choose another number.",
		"The order is %s; this needs one that is %s.", "%q is neither a number nor an address.", "%s is on hold.", "in review", "Just this.",
	} {
		formats[f] = f
	}
	l := &tongue{Tag: "xx", heard: hear(formats), texts: catalogue{"state.awaiting_payment": "wartet auf Zahlung"}, said: map[string]string{
		"%s would also be %s when dialled in %s. Choose another number.": "In %[3]s wäre %[1]s auch %[2]s.",
		"The order is %s; this needs one that is %s.":                    "Er ist %s, nicht %s.",
		"in review":                              "in Prüfung",
		"Just this.":                             "Nur dies.",
		"%q is neither a number nor an address.": "%q ist keine Nummer.",
	}}
	for in, want := range map[string]string{
		"5550100 82 would also be +1 312 when dialled in US. Choose another number.": "In US wäre 5550100 82 auch +1 312.",
		"The order is awaiting payment; this needs one that is in review.":           "Er ist wartet auf Zahlung, nicht in Prüfung.",
		"Just this.":        "Nur dies.",
		"7 is on hold.":     "7 is on hold.", // nobody translated it
		"Nobody made this.": "Nobody made this.",
		"\"a\nb\" is neither a number nor an address.": "\"a\nb\" ist keine Nummer.",
		"": "",
	} {
		if got := l.say(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestMoneyIsWrittenAsTheLanguageDoes(t *testing.T) {
	ts := all(t)
	for _, c := range []struct {
		tag      string
		currency money.Currency
		micros   int64
		want     string
	}{
		{"en", "USD", 1234_500_000, "$1,234.50"},
		{"en", "USD", 12_500, "$0.0125"},
		{"en", "CHF", 5_000_000, "CHF\u00a05.00"},
		{"en", "KWD", 1_250_000, "KWD\u00a01.250"},
		{"en", "JPY", 500_000_000, "¥500"},
		{"en", "USD", -1_000_000, "−$1.00"},
		{"de", "EUR", 1234_500_000, "1.234,50\u00a0€"},
		{"es", "EUR", 1234_500_000, "1234,50\u00a0€"},
		{"es", "EUR", 12345_500_000, "12.345,50\u00a0€"},
		{"fr", "EUR", 1234_500_000, "1\u202f234,50\u00a0€"},
		{"ko", "KRW", 5000_000_000, "₩5,000"},
		{"zh", "USD", 1_000_000, "US$1.00"},
		{"ar", "USD", 1_000_000, "1.00\u00a0US$"},
	} {
		if got := ts.by[c.tag].cash(money.Amount{Currency: c.currency, Micros: c.micros}); got != c.want {
			t.Errorf("%s %s %d: got %q, want %q", c.tag, c.currency, c.micros, got, c.want)
		}
	}
	p := &page{Tongue: ts.by["de"]}
	for in, want := range map[string]string{"5.00 USD": "5,00\u00a0$", "2 555 1234 82": "2 555 1234 82", "granted": "granted", "1.5": "1.5", "12.345678 EUR": "12,345678\u00a0€"} {
		if got := p.sayMoney(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestListsFollowTheLanguage(t *testing.T) {
	ts := all(t)
	place := func(tag, iso string) int {
		return slices.IndexFunc(ts.by[tag].countries, func(c choice) bool { return c.Value == iso })
	}
	if place("de", "AT") > place("de", "PL") { // Österreich among the O, not after Z
		t.Error("German puts Österreich behind Polen")
	}
	if ts.by["ja"].country("DE") != "ドイツ" || ts.by["ar"].country("EG") != "مصر" || ts.by["ko"].spoken("pt-BR") != "포르투갈어" {
		t.Error("the names are not those of the language")
	}
}

// TestOneThingHasOneWord holds each language to the word chosen where two were in use.
func TestOneThingHasOneWord(t *testing.T) {
	ts := all(t)
	for tag, other := range map[string]string{
		"de": "Zugangsnummer|[Ll]äute",   // Einwahlnummer, klingelt
		"ko": "증명(됨|된|되|하기|하신)|확인된 전화",   // 인증: what a spoken code proves
		"ja": "証明(済|する$|された|待ち)|未証明|再証明", // 確認
		"zh": "[已未]证明|证明(过|它|号码)",        // 验证
	} {
		wrong := regexp.MustCompile(other)
		for _, texts := range []map[string]string{ts.by[tag].texts, ts.by[tag].said} {
			for key, text := range texts {
				if wrong.MatchString(text) {
					t.Errorf("%s: %q has another word for it: %s", tag, key, text)
				}
			}
		}
	}
}

func TestTheReaderChoosesTheLanguage(t *testing.T) {
	f := &face{tongues: all(t)}
	for _, c := range []struct{ cookie, account, browser, want string }{
		{"", "", "", "en"},
		{"", "", "ko-KR,ko;q=0.9,en;q=0.5", "ko"},
		{"", "", "zh-TW", "zh"},
		{"", "", "de-CH, fr;q=0.9", "de"},
		{"", "", "nl, ja;q=0.5", "ja"},
		{"", "", "xx;;q=what", "en"},
		{"", "fr", "ko", "fr"},
		{"", "nl", "ko", "ko"},
		{"ar", "fr", "ko", "ar"},
		{"klingon", "fr", "ko", "fr"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", c.browser)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: langCookie, Value: c.cookie})
		}
		if got := f.tongueOf(r, c.account).Tag; got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// TestASentenceInASentenceIsTranslatedToo: what a sentence is filled with may
// be a sentence of ours.
func TestASentenceInASentenceIsTranslatedToo(t *testing.T) {
	all, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	const inner = "Use at most 100 letters."
	got := all.by["de"].say("Line 7: " + inner + " Nothing was taken; correct the file and send it again.")
	if strings.Contains(got, inner) || !strings.Contains(got, "7") || !strings.Contains(got, all.by["de"].say(inner)) {
		t.Errorf("%q", got)
	}
}

// TestWhatIsFilledInIsTranslatedToo says sentences that were made of others, or
// hold a country, a day, an amount, a place.
func TestWhatIsFilledInIsTranslatedToo(t *testing.T) {
	ko, ja := all(t).by["ko"], all(t).by["ja"]
	for english, parts := range map[string][]string{
		"119 is an emergency number in KR. It can never be sold.":                                             {"119", "대한민국"},
		"JP has no communication center yet, so no number can be sold there. Choose one of KR, US.":           {"일본", "대한민국, 미국"},
		"One could withdraw from this sale until 2 January 2027, 15:04 UTC. Ask the operator.":                {"2027-01-02, 15:04 UTC"},
		"+81 3 1234 5678 answered and its sound came through. It rang, or was answered, after 12 ms.":         {"+81 3 1234 5678", "12밀리초"},
		"5.00 USD is due, and 4.50 USD came.":                                                                 {"5.00", "4.50"},
		"312555014282 would also be +82 2 555 1234 (Seoul) when dialled in US. Choose another number.":        {"+82 2 555 1234 (서울)", "미국"},
		"312555014282 would also be +1 312 555 0142 (Chicago, IL) when dialled in KR. Choose another number.": {"+1 312 555 0142 (미국)"},
		"The call failed on our side: busy.":                                                                  {ko.texts["cause.busy"]},
		"5.00 USD came and is in the wallet. It names no order. (pay_1)":                                      nil,
	} {
		got := ko.say(english)
		for _, p := range parts {
			if !strings.Contains(got, p) {
				t.Errorf("%q is %q, without %q", english, got, p)
			}
		}
	}
	if got := ja.say("The file is empty. The yearly fee was not paid."); strings.Contains(got, " ") || strings.Contains(got, "The") {
		t.Errorf("two sentences in Japanese: %q", got)
	}
	if got := ko.say("Nobody ever said this. Nor this."); got != "Nobody ever said this. Nor this." {
		t.Errorf("what is not known stays: %q", got)
	}
}
