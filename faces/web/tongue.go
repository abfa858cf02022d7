package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/callisto-tel/callisto/business/fault"
)

// tongueNames are the languages of the pages by their own names, in the order of the switch.
func tongueNames() []choice {
	return []choice{
		{"en", "English"}, {"ko", "한국어"}, {"es", "Español"}, {"fr", "Français"},
		{"de", "Deutsch"}, {"zh", "中文"}, {"ja", "日本語"}, {"ar", "العربية"},
	}
}

// tongue is one language of the pages: texts, names of countries, and how
// money is written.
type tongue struct {
	Tag     string // BCP 47 (RFC 5646)
	Dir     string // ltr or rtl
	texts   catalogue
	english catalogue         // what is not translated yet
	said    map[string]string // sentences of the business by their English format
	heard   []heard           // how an English sentence is recognised
	names
}

// tongues are all of them and the matcher of what a browser asks for.
type tongues struct {
	by      map[string]*tongue
	tags    []string
	matcher language.Matcher
}

func loadTongues() (*tongues, error) {
	english, err := loadTexts("en")
	if err != nil {
		return nil, err
	}
	formats, err := loadSaid("en")
	if err != nil {
		return nil, err
	}
	heard := hear(formats)
	all := &tongues{by: map[string]*tongue{}}
	var tags []language.Tag
	for _, c := range tongueNames() {
		t := &tongue{Tag: c.Value, Dir: "ltr", english: english, heard: heard}
		if t.Tag == "ar" {
			t.Dir = "rtl"
		}
		if t.texts, err = loadTexts(t.Tag); err != nil {
			return nil, err
		}
		if t.said, err = loadSaid(t.Tag); err != nil {
			return nil, err
		}
		if t.names, err = loadNames(t.Tag); err != nil {
			return nil, err
		}
		all.by[t.Tag], all.tags, tags = t, append(all.tags, t.Tag), append(tags, language.MustParse(t.Tag))
	}
	all.matcher = language.NewMatcher(tags)
	return all, nil
}

const messagesFile = "messages.json"

// loadSaid reads the sentences of the business in a language; there may be none yet.
func loadSaid(tag string) (map[string]string, error) {
	out := map[string]string{}
	text, err := files.ReadFile("texts/" + tag + "/" + messagesFile)
	if err != nil {
		return out, nil //nolint:nilerr // not translated yet
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("texts/%s/%s: %w", tag, messagesFile, err)
	}
	return out, nil
}

// text is a text of the pages; pairs fill its {names}.
func (t *tongue) text(key string, pairs ...string) string {
	if _, ok := t.texts[key]; ok {
		return t.texts.text(key, pairs...)
	}
	return t.english.text(key, pairs...)
}

// has reports whether there is such a text.
// date is a day that reads the same in every language (ISO 8601).
func (t *tongue) date(day time.Time) string { return day.UTC().Format(time.DateOnly) }

func (t *tongue) has(key string) bool { return t.english[key] != "" }

// sorted orders choices as a dictionary of the language does.
func (t *names) sorted(m map[string]string) []choice {
	out := make([]choice, 0, len(m))
	for v, text := range m {
		out = append(out, choice{v, text})
	}
	t.sort(out)
	return out
}

func (t *names) sort(list []choice) {
	c := collate.New(t.tag)
	slices.SortFunc(list, func(a, b choice) int { return c.CompareString(a.Text, b.Text) })
}

// T is a text in the reader's language; pairs fill its {names}.
func (p *page) T(key string, pairs ...string) string { return p.Tongue.text(key, pairs...) }

// say is a sentence the business made, in the reader's language.
func (p *page) say(english string) string { return p.Tongue.say(english) }

// why is what an error says to the reader.
func (p *page) why(err error) string { return p.say(fault.ReasonOf(err).Text) }

type tongueKey struct{}

// speaking is the language of what is being rendered: small templates know no page.
func speaking(ctx context.Context) *tongue {
	t, _ := ctx.Value(tongueKey{}).(*tongue)
	return t
}

const langCookie = "lang"

// tongueOf chooses the language of a request: what was chosen in the switch,
// what the account says, what the browser asks for (RFC 9110 §12.5.4), English.
func (f *face) tongueOf(r *http.Request, account string) *tongue {
	if c, err := r.Cookie(langCookie); err == nil && f.tongues.by[c.Value] != nil {
		return f.tongues.by[c.Value]
	}
	for _, want := range []string{account, r.Header.Get("Accept-Language")} {
		if tags, _, err := language.ParseAcceptLanguage(want); err == nil && len(tags) > 0 {
			if _, i, sure := f.tongues.matcher.Match(tags...); sure > language.No {
				return f.tongues.by[f.tongues.tags[i]]
			}
		}
	}
	return f.tongues.by["en"]
}

// chooseTongue lets ?lang= choose, on any page: the choice is kept and the address becomes the plain one.
func (f *face) chooseTongue(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if !q.Has(langCookie) || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		if t := f.tongues.by[q.Get(langCookie)]; t != nil {
			f.keepTongue(w, t.Tag)
		}
		q.Del(langCookie)
		to := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/\\"), RawQuery: q.Encode()}
		http.Redirect(w, r, to.String(), http.StatusSeeOther)
	})
}

func (f *face) keepTongue(w http.ResponseWriter, tag string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the scheme the outside uses; it holds no secret
		Name: langCookie, Value: tag, Path: "/", Expires: f.Now().Add(365 * 24 * time.Hour), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: f.Secure,
	})
}

// inTongue is this page in another language. What answered a form is no
// address of its own: then it is the page the form was on.
func (p *page) inTongue(tag string) string {
	u, err := url.Parse(p.Back)
	if err != nil {
		u = &url.URL{Path: "/"}
	}
	q := u.Query()
	q.Set(langCookie, tag)
	return (&url.URL{Path: u.Path, RawQuery: q.Encode()}).String()
}
