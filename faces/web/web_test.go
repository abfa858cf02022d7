package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// TestEveryTextIsThereAndUsed reads the templates: a key without a text would be seen by users, a text without a key by translators.
func TestEveryTextIsThereAndUsed(t *testing.T) {
	texts, err := loadTexts("en")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`(?:p\.T|t\.text|Tongue\.text)\("([^"]*)"(\s*\+)?`)
	used := map[string]bool{}
	var prefixes []string
	err = fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".templ") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			if m[2] != "" {
				prefixes = append(prefixes, m[1])
			} else {
				used[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Tables of fields name their labels, which are words like any other string.
	err = fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`"([a-z_]+\.[a-z_.]+)"`).FindAllStringSubmatch(string(source), -1) {
			if _, is := texts[m[1]]; is {
				used[m[1]] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range used {
		if _, ok := texts[key]; !ok {
			t.Errorf("%q is used but has no text in texts/en", key)
		}
	}
	prefixes = append(prefixes, "event.", "desk.event.", "desk.state.", "state.")
	for key := range texts {
		known := used[key]
		for _, p := range prefixes {
			known = known || strings.HasPrefix(key, p)
		}
		if !known {
			t.Errorf("texts/en has %q, which no page uses", key)
		}
	}
}

// TestEveryClassHasAStyle: what a template calls something is how it is meant to look.
func TestEveryClassHasAStyle(t *testing.T) {
	styles, err := filepath.Glob("static/*.css")
	if err != nil || len(styles) == 0 {
		t.Fatal(styles, err)
	}
	styled := map[string]bool{}
	for _, path := range styles {
		css, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.([a-zA-Z][\w-]*)`).FindAllStringSubmatch(string(css), -1) {
			styled[m[1]] = true
		}
	}
	templates, err := filepath.Glob("*.templ")
	if err != nil || len(templates) == 0 {
		t.Fatal(templates, err)
	}
	for _, path := range templates {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:class=|templ\.KV\()"([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			for class := range strings.FieldsSeq(m[1]) {
				if !styled[class] {
					t.Errorf("%s: no style sheet knows the class %q", path, class)
				}
			}
		}
	}
}

func TestMarkFindsDigitsAcrossSpaces(t *testing.T) {
	n := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: "25551234"}
	for _, c := range []struct{ digits, where, want string }{
		{"5551", "contains", "2 [555 1]234"},
		{"2555", "starts", "[2 555] 1234"},
		{"234", "ends", "2 555 1[234]"},
		{"234", "starts", "2 555 1234"},
		{"5?5", "contains", "2 555 1234"},
		{"", "contains", "2 555 1234"},
	} {
		var b strings.Builder
		for _, p := range mark(n, finder{Digits: c.digits, Where: c.where}) {
			if p.Marked {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		if b.String() != c.want {
			t.Errorf("%s %q: got %q, want %q", c.where, c.digits, b.String(), c.want)
		}
	}
}

func TestNobodyIsSentElsewhereAfterSigningIn(t *testing.T) {
	for in, want := range map[string]string{
		"/orders/1?x=2": "/orders/1?x=2", "//evil.example": "/lines", "https://evil.example/": "/lines", "/\\evil.example": "/lines", "": "/lines", "evil": "/lines",
	} {
		if got := localPath(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestTheLongestListsAreTheOperators: a list as long as its reader takes arrives,
// and nobody else makes us read so much.
func TestTheLongestListsAreTheOperators(t *testing.T) {
	for path, want := range map[string]int64{
		"/operator/carriers/members/rates": 64 << 20, "/operator/carriers/car_1/rates": 64 << 20, "/operator/telephones": did.MostList, "/lines/mem_1/rates": mostBody, "/sign-in": mostBody,
	} {
		r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
		if got := mostOf(r, member.Actor{Role: member.Operator}); got < want || want == mostBody && got != want {
			t.Errorf("%s takes %d bytes of the operator", path, got)
		}
		if got := mostOf(r, member.Actor{Role: member.Customer}); got != mostBody {
			t.Errorf("%s takes %d bytes of a member", path, got)
		}
	}
}
