// Package speech turns what is to be said into the recordings that say it: the
// words of numbers, of money, of minutes and of telephone numbers, by the
// grammar of each language. A recording is named by its language and what it is,
// as "ru/money/USD/2"; words.tsv has the text of each.
package speech

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/money"
)

// Most is the greatest number that can be said.
const Most = 999_999

// Pause is a recording of silence between groups of digits.
const Pause = "tone:pause"

// Languages are those that are spoken.
func Languages() []string {
	return []string{"en", "ko", "es", "fr", "de", "zh", "ja", "ar", "ru", "pt", "hi"}
}

// Text is what a recording says, by its name.
func Text(name string) string {
	for line := range strings.Lines(words) {
		if f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 4); len(f) == 4 && f[0]+"/"+f[1] == name {
			return f[3]
		}
	}
	return ""
}

// Language is the language nearest to the one wanted (BCP 47) that is spoken.
func Language(wanted string) string {
	wanted, _, _ = strings.Cut(strings.ToLower(wanted), "-")
	if slices.Contains(Languages(), wanted) {
		return wanted
	}
	return "en"
}

// gender is that of what is counted, as far as numbers differ by it.
type gender uint8

const (
	alone     gender = iota // nothing is counted
	masculine               // or neuter
	feminine
)

//go:embed words.tsv
var words string //nolint:gochecknoglobals // embedded

// Speech knows which recordings there are.
type Speech struct{ known map[string]bool }

// New returns a Speech.
func New() *Speech {
	s := &Speech{known: map[string]bool{}}
	for _, w := range Recordings() {
		s.known[w.Name] = true
	}
	return s
}

// Recording is one, with what it says.
type Recording struct {
	Name string // with the language
	Text string
}

// Recordings lists them all.
func Recordings() (all []Recording) {
	for line := range strings.Lines(words) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 4 && line[0] != '#' {
			all = append(all, Recording{f[0] + "/" + f[1], f[3]})
		}
	}
	return all
}

// Voice says things in one language.
type Voice struct {
	speech   *Speech
	language string
	words    []string
}

// In returns a voice of a language (BCP 47) that has said nothing yet.
func (s *Speech) In(language string) *Voice { return &Voice{speech: s, language: Language(language)} }

// Words are what was said so far.
func (v *Voice) Words() []string { return v.words }

// Say adds recordings by their names, which are without the language.
func (v *Voice) Say(names ...string) *Voice {
	for _, n := range names {
		v.words = append(v.words, v.language+"/"+n)
	}
	return v
}

func (v *Voice) num(names ...string) {
	for _, n := range names {
		v.Say("num/" + n)
	}
}

func (v *Voice) n(n int) { v.num(strconv.Itoa(n)) }

// Number says a number by itself.
func (v *Voice) Number(n int) *Voice {
	v.count(clamp(n), alone)
	return v
}

func clamp(n int) int { return min(max(n, 0), Most) }

// count says a number of things of a gender.
func (v *Voice) count(n int, g gender) {
	switch v.language {
	case "ko", "zh", "ja":
		v.east(n)
	case "de":
		v.german(n, g)
	case "fr":
		v.french(n, g)
	case "es":
		v.spanish(n, g)
	case "pt":
		v.portuguese(n, g)
	case "ru":
		v.russian(n, g)
	case "ar":
		v.arabic(n, g)
	case "hi":
		v.hindi(n)
	default:
		v.english(n)
	}
}

// Digits says digits one by one, with a pause where they are grouped.
func (v *Voice) Digits(text string) *Voice {
	said, pause := false, false
	for _, r := range text {
		if r < '0' || r > '9' {
			pause = said
			continue
		}
		if pause {
			v.words = append(v.words, Pause)
		}
		said, pause = true, false
		v.Say("digit/" + string(r))
	}
	return v
}

// Minutes says a number of minutes.
func (v *Voice) Minutes(n int) *Voice {
	n = clamp(n)
	if v.language == "ja" {
		v.japaneseMinutes(n)
		return v
	}
	v.things(n, "minute", genderOf(v.language, "minute"))
	return v
}

// Money says an amount. What is below the smallest coin is left out; Up counts
// it as one. A currency without a name here is said as a number.
func (v *Voice) Money(a money.Amount) *Voice {
	whole, minor, of := parts(a)
	if whole > Most { // nobody listens to that
		whole, minor = Most, 0
	}
	c := string(a.Currency)
	if !slices.Contains(currencies(), c) {
		v.count(whole, alone)
		if minor > 0 {
			v.words = append(v.words, Pause)
			v.Digits(padded(minor, of))
		}
		return v
	}
	if v.language == "zh" && c == "CNY" && minor > 0 {
		v.yuan(whole, minor)
		return v
	}
	if whole > 0 || minor == 0 {
		v.things(whole, "money/"+c, genderOf(v.language, c))
	}
	if minor > 0 {
		if whole > 0 {
			v.and()
		}
		v.things(minor, "money/"+c+"/minor", masculine)
	}
	return v
}

// Up is an amount up to a whole coin: what a price costs at most.
func Up(a money.Amount) money.Amount {
	unit := a.Currency.Unit()
	if rest := a.Micros % unit; rest > 0 {
		a.Micros += unit - rest
	}
	return a
}

// parts is the whole money of an amount and its coins, of which one has so many
// digits.
func parts(a money.Amount) (whole, minor, digits int) {
	digits = a.Currency.Exponent()
	micros := max(a.Micros, 0)
	whole = int(min(micros/1_000_000, Most+1))
	return whole, int(micros % 1_000_000 / a.Currency.Unit()), digits
}

func padded(n, digits int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, digits-len(s))) + s
}

// currencies are those that have names.
func currencies() []string { return []string{"USD", "EUR", "GBP", "JPY", "KRW", "CNY"} }

// genderOf is that of the minute, or of a currency.
func genderOf(language, what string) gender {
	f := map[string]string{"fr": "minute GBP", "es": "GBP", "pt": "GBP", "de": "minute", "ru": "minute JPY KRW", "ar": "minute"}[language]
	if slices.Contains(strings.Fields(f), what) {
		return feminine
	}
	return masculine
}

// and joins money with coins.
func (v *Voice) and() {
	switch v.language {
	case "en", "de", "fr", "pt", "hi", "ar":
		v.num("and")
	case "es":
		v.Say("money/and")
	default:
	}
}

// things says how many there are of what, in the form that the number asks for.
func (v *Voice) things(n int, what string, g gender) {
	switch v.language {
	case "ru":
		v.count(n, g)
		v.form(what, russianForm(n))
	case "ar":
		v.arabicThings(n, what, g)
	case "zh":
		if n == 2 {
			v.num("2l")
		} else {
			v.count(n, g)
		}
		v.form(what, 1)
	case "ja":
		if what == "money/JPY" && n%10 == 4 {
			v.japaneseTens(n - 4)
			v.num("4y")
		} else {
			v.count(n, g)
		}
		v.form(what, 1)
	case "ko", "hi":
		v.count(n, g)
		v.form(what, coins(v.language, what, n))
	case "fr", "pt":
		v.count(n, g)
		v.form(what, plural(n > 1))
	default:
		v.count(n, g)
		v.form(what, plural(n != 1))
	}
}

// coins is the form of the one word of Hindi that has two: of the penny.
func coins(language, what string, n int) int {
	if language == "hi" && what == "money/GBP/minor" {
		return plural(n != 1)
	}
	return 1
}

func plural(many bool) int {
	if many {
		return 2
	}
	return 1
}

// form says a form of a word, or the nearest before it that is another one.
func (v *Voice) form(what string, form int) {
	for _, f := range [...]int{form, 3, 2, 1} {
		if f > form || f != form && f != 1 && v.language == "ar" { // whose forms are no steps
			continue
		}
		if name := what + "/" + strconv.Itoa(f); v.speech.known[v.language+"/"+name] {
			v.Say(name)
			return
		}
	}
}
