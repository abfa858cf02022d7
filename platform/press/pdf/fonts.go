package pdf

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
)

//go:embed fonts/*.ttf
var files embed.FS

// Fonts are all fonts there are. Each is read when a text first needs it and
// then kept: the largest have 4 MB. Fonts may be shared.
type Fonts struct {
	plain   *family                     // Latin, Greek, Cyrillic, and what belongs to no script
	by      map[language.Script]*family // one for each other script but Han
	han     map[string][]*family        // Han as a language writes it, best first
	setters sync.Pool
}

// family is a font in two weights. One without a bold file, or with one that
// hardly is bold beside others, is drawn thicker.
type family struct {
	regular, bold *file
	light         bool // the bold is
}

// ofHan is the fonts of Han as a language writes it: 直 and 骨 are other
// pictures in Japan.
func (f *Fonts) ofHan(lang string) []*family {
	if list, ok := f.han[lang]; ok {
		return list
	}
	return f.han[""]
}

// file is a font file, read when first needed.
type file struct {
	name string
	load func() (*loaded, error)
}

// loaded is a font file that was read: for setting text, and for cutting.
type loaded struct {
	font *font.Font
	*truetype
}

// Open lists the fonts.
func Open() *Fonts {
	chinese, japanese, korean := &family{regular: open("DroidSansFallbackFull")}, &family{regular: open("VL-PGothic-Regular")}, &family{open("NanumSquareR"), open("NanumSquareB"), true}
	f := &Fonts{
		plain: &family{regular: open("NotoSans-Regular"), bold: open("NotoSans-Bold")},
		han:   map[string][]*family{"ja": {japanese, chinese}, "ko": {korean, chinese, japanese}, "": {chinese, japanese}},
		by: map[language.Script]*family{
			language.Arabic: {regular: open("NotoSansArabic-Regular"), bold: open("NotoSansArabic-Bold")}, language.Hangul: korean,
			language.Hiragana: japanese, language.Katakana: japanese, language.Bopomofo: chinese,
		},
	}
	for script, name := range map[language.Script]string{
		language.Hebrew: "Hebrew", language.Thai: "Thai", language.Devanagari: "Devanagari", language.Bengali: "Bengali", language.Tamil: "Tamil",
		language.Telugu: "Telugu", language.Gujarati: "Gujarati", language.Gurmukhi: "Gurmukhi", language.Kannada: "Kannada", language.Malayalam: "Malayalam",
		language.Sinhala: "Sinhala", language.Myanmar: "Myanmar", language.Khmer: "Khmer", language.Lao: "Lao", language.Ethiopic: "Ethiopic",
		language.Armenian: "Armenian", language.Georgian: "Georgian", language.Oriya: "Oriya",
	} {
		f.by[script] = &family{regular: open("NotoSans" + name + "-Regular")}
	}
	f.setters.New = func() any { return newSetter(f) }
	return f
}

func open(name string) *file {
	return &file{name: strings.ReplaceAll(name, "-Regular", ""), load: sync.OnceValues(func() (*loaded, error) {
		l, err := read("fonts/" + name + ".ttf")
		if err != nil {
			return nil, fmt.Errorf("the font %s: %w", name, err)
		}
		return l, nil
	})}
}

// read opens a file of the binary. The file stays where it is: outlines are
// read from there.
func read(path string) (*loaded, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	in, ok := f.(interface {
		io.ReaderAt
		io.ReadSeeker
	})
	if !ok {
		return nil, errors.New("it cannot be read in parts")
	}
	face, err := font.ParseTTF(in)
	if err != nil {
		return nil, err
	}
	cut, err := openTrueType(in)
	return &loaded{face.Font, cut}, err
}
