package notify

import (
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/letter"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/platform/cldr"
)

//go:embed texts/*.json
var texts embed.FS

// words is every text of the letters, and how money is written, by language.
type words struct {
	texts map[string]map[string]string
	names map[string]cldr.Names
}

func loadWords() (words, error) {
	files, err := fs.Glob(texts, "texts/*.json")
	if err != nil {
		return words{}, err
	}
	w := words{map[string]map[string]string{}, map[string]cldr.Names{}}
	for _, file := range files {
		raw, err := texts.ReadFile(file)
		if err != nil {
			return words{}, err
		}
		var one map[string]string
		if err := json.Unmarshal(raw, &one); err != nil {
			return words{}, fmt.Errorf("%s: %w", file, err)
		}
		lang := strings.TrimSuffix(path.Base(file), ".json")
		w.texts[lang] = one
		if w.names[lang], err = cldr.Load(lang); err != nil {
			return words{}, err
		}
	}
	return w, nil
}

// text is a text in a language: of pt-BR, in pt-BR, else in pt, else in English.
func (w words) text(language, key string) string {
	primary, _, _ := strings.Cut(language, "-")
	for _, l := range []string{language, primary, "en"} {
		if s := w.texts[l][key]; s != "" {
			return s
		}
	}
	return ""
}

// speaks is the language a letter is really in.
func (w words) speaks(language, key string) string {
	primary, _, _ := strings.Cut(language, "-")
	for _, l := range []string{language, primary} {
		if w.texts[l][key] != "" {
			return l
		}
	}
	return "en"
}

// written is a letter in words.
type written struct{ Subject, Text, HTML string }

// write puts a letter into words. Fields are put in as they are into the text
// and escaped into the HTML; none can begin a line of the subject.
func (w words) write(x letter.Letter) (written, error) {
	subject, body := w.text(x.Language, x.Kind+".subject"), w.text(x.Language, x.Kind+".body")
	if subject == "" || body == "" {
		return written{}, fmt.Errorf("there are no words for a letter of kind %q", x.Kind)
	}
	lang := w.speaks(x.Language, x.Kind+".body")
	x.Fields = w.said(lang, x.Fields)
	parts := append([]string{w.text(lang, "frame.hello")}, strings.Split(body, "\n\n")...)
	parts = append(parts, w.text(lang, "frame.bye"), "— "+w.text(lang, "frame.why"))
	dir, plain, marked := "ltr", func(s string) string { return s }, html.EscapeString
	if lang == "ar" {
		dir, plain, marked = "rtl", isolated, func(s string) string { return "<bdi>" + html.EscapeString(s) + "</bdi>" }
	}
	out := written{Subject: oneLine(fill(subject, x.Fields, plain))}
	var text, page strings.Builder
	fmt.Fprintf(&page, `<!DOCTYPE html><html lang="%s" dir="%s"><body style="font:16px/1.5 sans-serif;max-width:36em">`, lang, dir)
	for i, p := range parts {
		if i > 0 {
			text.WriteString("\n\n")
		}
		text.WriteString(fill(p, x.Fields, plain))
		if p == "{link}" {
			link := html.EscapeString(x.Fields["link"])
			fmt.Fprintf(&page, `<p><a href="%s">%s</a></p>`, link, link)
			continue
		}
		if p == "{list}" { // line by line
			page.WriteString(`<p style="white-space:pre-line">` + marked(x.Fields["list"]) + "</p>")
			continue
		}
		page.WriteString("<p>" + fill(html.EscapeString(p), x.Fields, marked) + "</p>")
	}
	text.WriteString("\n")
	page.WriteString("</body></html>")
	out.Text, out.HTML = text.String(), page.String()
	return out, nil
}

// isolated keeps a number or a name from being turned around by the Arabic it
// stands in. An address stays bare, for programs that look for one.
func isolated(s string) string {
	if strings.Contains(s, "://") {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// said puts fields that are sentences of ours into the letter's language: they
// stand in the words as "say.SENTENCE". Money is written as on the pages, days
// so that all read them alike.
func (w words) said(lang string, fields map[string]string) map[string]string {
	out := make(map[string]string, len(fields))
	for k, v := range fields {
		if s := w.texts[lang]["say."+v]; s != "" {
			v = s
		} else if a, err := money.Parse(v); err == nil {
			v = w.names[lang].Cash(a)
		}
		out[k] = local(lang, v)
	}
	return out
}

// local writes a day so that readers of every language know it (ISO 8601); the
// business says “2 January 2006”. All else stays.
func local(lang, s string) string {
	if lang == "en" {
		return s
	}
	if day, err := time.Parse("2 January 2006", s); err == nil {
		return day.Format(time.DateOnly)
	}
	return s
}

// fill puts the fields in, in one pass: what a field holds is never filled again.
func fill(s string, fields map[string]string, escape func(string) string) string {
	pairs := make([]string, 0, 2*len(fields))
	for k, v := range fields {
		pairs = append(pairs, "{"+k+"}", escape(v))
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

// Words says in few words, in somebody's language, what is no letter: a notification.
type Words struct{ words words }

// LoadWords reads them.
func LoadWords() (Words, error) {
	w, err := loadWords()
	return Words{w}, err
}

// Short is the subject and the text of a kind of letter, without what frames letters.
func (w Words) Short(x letter.Letter) (title, body string, err error) {
	title, body = w.words.text(x.Language, x.Kind+".subject"), w.words.text(x.Language, x.Kind+".body")
	if title == "" || body == "" {
		return "", "", fmt.Errorf("there are no words for %q", x.Kind)
	}
	plain := func(s string) string { return s }
	if w.words.speaks(x.Language, x.Kind+".body") == "ar" {
		plain = isolated
	}
	return oneLine(fill(title, x.Fields, plain)), oneLine(fill(body, x.Fields, plain)), nil
}
