package pdf

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program runs one of poppler's on a file; it may complain of nothing.
func program(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test reads PDF with %s, which is not installed: run scripts/install-test-tools, or apt-get install poppler-utils", name)
	}
	var complaints bytes.Buffer
	c := exec.CommandContext(t.Context(), path, args...)
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v %s", name, err, &complaints)
	}
	return string(out)
}

// hello is a greeting in each script there is a font for.
func hello() map[string]string {
	return map[string]string{
		"Latin": "Grüße, Łódź, Việt", "Greek": "Γειά σου", "Cyrillic": "Здравствуйте", "Armenian": "Բարեւ", "Georgian": "გამარჯობა", "Hebrew": "שלום עולם",
		"Arabic": "السلام عليكم", "Persian": "سلام گچپژ", "Urdu": "ٹیلی فون", "Hangul": "안녕하세요 뷁", "Hanja": "大韓民國", "Kana": "こんにちは カタカナ", "Kanji": "直骨角海",
		"Simplified": "你好，世界", "Traditional": "電話號碼", "Devanagari": "नमस्ते", "Bengali": "নমস্কার", "Tamil": "வணக்கம்", "Telugu": "నమస్కారం", "Gujarati": "નમસ્તે",
		"Gurmukhi": "ਸਤ ਸ੍ਰੀ", "Kannada": "ನಮಸ್ಕಾರ", "Malayalam": "നമസ്കാരം", "Sinhala": "ආයුබෝවන්", "Thai": "สวัสดี", "Lao": "ສະບາຍດີ", "Khmer": "សួស្តី",
		"Myanmar": "မင်္ဂလာပါ", "Ethiopic": "ሰላም", "Oriya": "ନମସ୍କାର",
	}
}

func document(t *testing.T, draw func(*Doc)) string {
	t.Helper()
	d := Open().New(Info{Title: "A title (1)", Producer: "Callisto", Language: "en", Made: time.Unix(0, 0)})
	draw(d)
	file, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEveryScriptIsShown: there is a glyph for each letter, in both weights,
// the file is sound, and its letters are found in it again.
func TestEveryScriptIsShown(t *testing.T) {
	path := document(t, func(d *Doc) {
		y := 10.0
		for script, text := range hello() {
			if !d.Shows(text) {
				t.Errorf("%s: there is no font for all of %s", script, text)
			}
			for _, bold := range []bool{false, true} {
				y += d.Text(20, y, 150, text, Style{Size: 9, Leading: 4.5, Bold: bold})
			}
		}
	})
	program(t, "pdftoppm", "-r", "60", "-png", path, path)
	text := program(t, "pdftotext", "-layout", path, "-")
	for script, want := range hello() {
		if strings.Count(text, want) < 2 {
			t.Errorf("%s: %q is not read again", script, want)
		}
	}
	if info := program(t, "pdfinfo", path); !strings.Contains(info, "A title (1)") || !strings.Contains(info, "A4") {
		t.Errorf("%s", info)
	}
	for _, line := range strings.Split(program(t, "pdffonts", path), "\n")[2:] {
		if f := strings.Fields(line); len(f) > 7 && (f[4] != "yes" || f[5] != "yes" || f[6] != "yes") {
			t.Errorf("a font is not embedded, cut, or without its texts: %s", line)
		}
	}
}

func TestWhatNoFontHasIsTold(t *testing.T) {
	document(t, func(d *Doc) {
		for _, s := range []string{"𓀀", "a𐏀", "\U000F0000"} {
			if d.Shows(s) {
				t.Errorf("it says that it can show %q", s)
			}
		}
		for _, s := range []string{"", " ", "a\u00a0b\u202fc", "é e\u0301", "a\tb\x00c", "\u2068x\u2069"} {
			if !d.Shows(s) {
				t.Errorf("it says that it cannot show %q", s)
			}
		}
	})
}

func TestLongTextIsBrokenIntoLines(t *testing.T) {
	word := strings.Repeat("W", 200)
	path := document(t, func(d *Doc) {
		style := Style{Size: 10, Leading: 5}
		for text, atLeast := range map[string]float64{"one two three": 5, strings.Repeat("many words ", 60): 20, word: 20, strings.Repeat("漢字", 100): 20, "a\n\nb": 15} {
			if tall := d.Text(20, 20, 100, text, style); tall < atLeast || tall != d.Height(100, text, style) {
				t.Errorf("%.20q takes %v mm", text, tall)
			}
		}
	})
	// Everything stays within the width: what pdftotext reads beyond it is nothing.
	if beyond := program(t, "pdftotext", "-r", "72", "-x", "342", "-y", "0", "-W", "300", "-H", "842", path, "-"); strings.TrimSpace(beyond) != "" {
		t.Errorf("text stands beyond its width: %q", beyond)
	}
}

// TestANameTheLibraryStumblesOver cannot be shown, and the next one can.
func TestANameTheLibraryStumblesOver(t *testing.T) {
	d := Open().New(Info{Title: "x"})
	d.set.faces = nil // nothing can be written into it
	if d.Shows("a") {
		t.Error("it says that it can show it")
	}
	if !d.Shows("a") {
		t.Error("it does not recover")
	}
}

func TestADocumentEndsOnce(t *testing.T) {
	d := Open().New(Info{Title: "x"})
	if _, err := d.Bytes(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Bytes(); err == nil {
		t.Error("it ended twice")
	}
}

// FuzzText: whatever a name is, it is set or told to have no font, its lines
// keep their width, and the fonts that are cut for it are sound.
func FuzzText(f *testing.F) {
	for _, text := range hello() {
		f.Add(text, true)
	}
	f.Add("a\u2067ב\u2068c\u2069\u202e1-2\u202c (x", false)
	f.Add("\u0301\u200d\ufe0f\U0001F468\u200d\U0001F469", false)
	f.Add("مُحَمَّد لا ﷺ", true)
	f.Add("00000／0000\u2029", false)
	fonts := Open()
	f.Fuzz(func(t *testing.T, text string, rtl bool) {
		if len(text) > 2000 {
			return
		}
		d := fonts.New(Info{Title: text, Language: "ar", RTL: rtl})
		const wide = 80 * mm / 10 * em
		lines, _ := d.set.set(text, "ar", true, rtl, wide) // which does not catch what lines does
		for _, l := range lines {
			if n := glyphs(l); n > 1 && l.width > wide+em*float64(n) { // what cannot be broken may stand out
				t.Errorf("%q: a line of %v", text, l.width)
			}
		}
		d.Text(20, 20, 80, text, Style{Size: 10, Leading: 5, Bold: true})
		if _, err := d.Bytes(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func glyphs(l line) (n int) {
	for _, r := range l.runs {
		n += len(r.glyphs)
	}
	return n
}
