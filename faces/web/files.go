package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/callisto-tel/callisto/platform/cldr"
)

//go:embed static vendor/htmx/htmx.min.js names texts
var files embed.FS

// assets serves the embedded files. An address with the file's hash never
// expires (RFC 9111 §4.2.1): a changed file has another address.
type assets struct{ by map[string]asset }

type asset struct {
	kind  string
	plain []byte
	zip   []byte // nil where it does not help
	hash  string
}

func loadAssets() (*assets, error) {
	a := &assets{by: map[string]asset{}}
	add := func(name, file string) error {
		text, err := files.ReadFile(file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		x := asset{kind: kindOf(file), plain: text, hash: hex.EncodeToString(sum[:6])}
		if !strings.HasSuffix(file, ".woff2") {
			var b bytes.Buffer
			z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
			if err != nil {
				return err
			}
			_, _ = z.Write(text)
			if err := z.Close(); err != nil {
				return err
			}
			x.zip = b.Bytes()
		}
		a.by[name] = x
		return nil
	}
	err := fs.WalkDir(files, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return add(strings.TrimPrefix(file, "static/"), file)
	})
	if err != nil {
		return nil, err
	}
	return a, add("htmx.js", "vendor/htmx/htmx.min.js")
}

func kindOf(file string) string {
	if path.Ext(file) == ".woff2" {
		return "font/woff2"
	}
	if t := mime.TypeByExtension(path.Ext(file)); t != "" {
		return t
	}
	return "text/plain; charset=utf-8"
}

// address is where a page finds a file.
func (a *assets) address(name string) string { return "/static/" + name + "?v=" + a.by[name].hash }

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	x, ok := a.by[name]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", x.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+x.hash+`"`)
	h.Set("Cache-Control", "public, max-age=86400")
	if r.URL.Query().Get("v") == x.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if x.zip != nil {
		h.Add("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			h.Set("ETag", `"`+x.hash+`-gz"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(x.zip))
			return
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(x.plain))
}

// catalogue is every text of the pages in one language.
type catalogue map[string]string

// loadTexts reads texts/LANGUAGE/*.json: a file for each part of the house.
func loadTexts(language string) (catalogue, error) {
	parts, err := fs.Glob(files, "texts/"+language+"/*.json")
	if err != nil {
		return nil, err
	}
	all := catalogue{}
	for _, part := range parts {
		text, err := files.ReadFile(part)
		if err != nil {
			return nil, err
		}
		if path.Base(part) == messagesFile { // sentences of the business, see hear
			continue
		}
		c := catalogue{}
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
		for key, text := range c {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("%s: %q stands in another file already", part, key)
			}
			all[key] = text
		}
	}
	return all, nil
}

func (c catalogue) text(key string, pairs ...string) string {
	s, ok := c[key]
	if !ok {
		return "⟨" + key + "⟩" // a test finds these
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+pairs[i]+"}", pairs[i+1])
	}
	return s
}

// names are countries, languages and currencies as people call them, and how
// money is written (Unicode CLDR), and the time zones (tz database).
type names struct {
	cldr.Names
	zones     []zone
	tag       language.Tag
	countries []choice // in the order of the language
	languages []choice
}

type zone struct{ country, name string }

type choice struct{ Value, Text string }

func loadNames(tag string) (names, error) {
	n := names{tag: language.Make(tag)}
	var err error
	if n.Names, err = cldr.Load(tag); err != nil {
		return n, err
	}
	n.countries, n.languages = n.sorted(n.Countries), n.sorted(n.Languages)
	zones, err := files.ReadFile("names/zones.txt")
	if err != nil {
		return n, err
	}
	for line := range strings.Lines(string(zones)) {
		if iso, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			n.zones = append(n.zones, zone{iso, name})
		}
	}
	return n, nil
}

func (n names) country(iso string) string { return n.Country(iso) }

// spoken is a language as people call it: “pt-BR” by its first part, if the whole has no name.
func (n names) spoken(tag string) string {
	if s := n.Languages[tag]; s != "" {
		return s
	}
	primary, _, _ := strings.Cut(tag, "-")
	if s := n.Languages[primary]; s != "" {
		return s
	}
	return tag
}

func (n names) zoneNames() []choice {
	out := append(make([]choice, 0, len(n.zones)+1), choice{"UTC", "UTC"})
	for _, z := range n.zones {
		out = append(out, choice{z.name, strings.ReplaceAll(z.name, "_", " ")})
	}
	slices.SortFunc(out, func(a, b choice) int { return strings.Compare(a.Text, b.Text) })
	return slices.Compact(out)
}

// zoneOf is somebody's time zone where it is one of the country, else the one in
// which most people there live, which is first; of no country that is known, his.
func (n names) zoneOf(iso, his string) string {
	there := n.zonesOf(iso)
	if slices.Contains(there, his) || len(there) == 0 {
		return his
	}
	return there[0]
}

func (n names) zonesOf(iso string) (out []string) {
	for _, z := range n.zones {
		if z.country == iso {
			out = append(out, z.name)
		}
	}
	return out
}
