package speech_test

import (
	"os"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/speech"
)

// texts is what each recording says, from the file that is spoken.
func texts(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.ReadFile("words.tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{speech.Pause: ","}
	for line := range strings.Lines(string(file)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 4 {
			out[f[0]+"/"+f[1]] = f[3]
		}
	}
	if len(out) != len(speech.Recordings())+1 {
		t.Fatalf("%d recordings in the file, %d in the package", len(out)-1, len(speech.Recordings()))
	}
	return out
}

// plain is a text as it sounds: written as one word or as several.
func plain(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u200c", "").Replace(s)
}

// TestWhatIsSaid holds the words against how each language writes them out.
func TestWhatIsSaid(t *testing.T) {
	text := texts(t)
	golden, err := os.ReadFile("testdata/said.golden")
	if err != nil {
		t.Fatal(err)
	}
	s := speech.New()
	cases := map[string]int{}
	for line := range strings.Lines(string(golden)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			t.Fatalf("%q has no three columns", line)
		}
		language, what, want := f[0], f[1], f[2]
		cases[language]++
		v := s.In(language)
		say(t, v, what)
		var got []string
		for _, w := range v.Words() {
			x, ok := text[w]
			if !ok {
				t.Errorf("%s %s: there is no recording %s", language, what, w)
			}
			got = append(got, x)
		}
		if said := strings.Join(got, " "); plain(said) != plain(want) {
			t.Errorf("%s %s is said %q, want %q", language, what, said, want)
		}
	}
	for _, l := range speech.Languages() {
		if cases[l] < 20 {
			t.Errorf("%s has only %d cases", l, cases[l])
		}
	}
}

// say says 123, "USD 12.50", "3 min" or "+82 2".
func say(t *testing.T, v *speech.Voice, what string) {
	t.Helper()
	if n, ok := strings.CutSuffix(what, " min"); ok {
		v.Minutes(number(t, n))
		return
	}
	if digits, ok := strings.CutPrefix(what, "+"); ok {
		v.Digits(digits)
		return
	}
	if c, amount, ok := strings.Cut(what, " "); ok {
		micros, err := money.ReadMicros(amount)
		if err != nil {
			t.Fatal(err)
		}
		v.Money(money.Amount{Currency: money.Currency(c), Micros: micros})
		return
	}
	v.Number(number(t, what))
}

func number(t *testing.T, s string) (n int) {
	t.Helper()
	for _, r := range s {
		if r < '0' || r > '9' {
			t.Fatalf("%q is no number", s)
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// TestEverythingCanBeSaid: each number up to two thousand, and some of each size
// above, has its recordings, says something of its own, and so does money.
func TestEverythingCanBeSaid(t *testing.T) {
	s, text := speech.New(), texts(t)
	numbers := make([]int, 0, 5000)
	for n := range 2100 {
		numbers = append(numbers, n)
	}
	for n := 2100; n <= speech.Most; n += 397 {
		numbers = append(numbers, n)
	}
	numbers = append(numbers, 10_000, 20_000, 100_000, 200_000, 999_999)
	for _, l := range speech.Languages() {
		said := map[string]int{}
		for _, n := range numbers {
			v := s.In(l).Number(n)
			whole := strings.Join(v.Words(), " ")
			if before, twice := said[whole]; twice {
				t.Errorf("%s says %d as %d", l, n, before)
			}
			said[whole] = n
			for _, c := range []money.Currency{"USD", "EUR", "GBP", "JPY", "KRW", "CNY", "KWD"} {
				s.In(l).Minutes(n)
				v.Money(money.Amount{Currency: c, Micros: int64(n) * 10_000}).Money(money.Amount{Currency: c, Micros: int64(n) * 1_000_000}).Minutes(n)
			}
			for _, w := range v.Words() {
				if _, ok := text[w]; !ok {
					t.Fatalf("%s %d: there is no recording %s", l, n, w)
				}
			}
		}
	}
}

func TestUp(t *testing.T) {
	for _, x := range []struct {
		c         money.Currency
		give, get int64
	}{{"USD", 12_300, 20_000}, {"USD", 20_000, 20_000}, {"JPY", 1, 1_000_000}, {"KWD", 1_001, 2_000}, {"USD", 0, 0}} {
		if got := speech.Up(money.Amount{Currency: x.c, Micros: x.give}); got.Micros != x.get {
			t.Errorf("%s %d is %d", x.c, x.give, got.Micros)
		}
	}
}

func TestLanguage(t *testing.T) {
	for give, want := range map[string]string{"": "en", "pt-BR": "pt", "ZH-Hans": "zh", "tlh": "en", "d": "en"} {
		if got := speech.Language(give); got != want {
			t.Errorf("%q is spoken in %s", give, got)
		}
	}
}
