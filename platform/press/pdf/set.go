package pdf

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// glyph is a picture of a font on a line. Lengths are thousandths of the size.
type glyph struct {
	id      int
	text    string // what it stands for
	more    int    // glyphs that follow it and stand for the same text
	advance float64
	wide    float64 // its width, where that is not the font's
	dx, dy  float64
}

// run is what stands on a line in one font, from left to right.
type run struct {
	file   *file
	fat    bool // drawn thicker, since the font has no bold
	glyphs []glyph
}

// line is a line of a paragraph.
type line struct {
	runs  []run
	width float64
}

// em is the size texts are set at; what comes out is scaled.
const em = 1000

// setter sets text; it is used by one document at a time.
type setter struct {
	fonts  *Fonts
	shaper shaping.HarfbuzzShaper
	seg    shaping.Segmenter
	wrap   shaping.LineWrapper
	faces  map[*file]*font.Face
	files  map[*font.Face]*file
	isBold map[*file]bool
	han    []*family // for the language
	bold   bool
	script language.Script
	err    error
}

func newSetter(f *Fonts) *setter {
	return &setter{fonts: f, faces: map[*file]*font.Face{}, files: map[*font.Face]*file{}, isBold: map[*file]bool{}}
}

// SetScript is told the script of what follows, spaces and marks included.
func (s *setter) SetScript(x language.Script) { s.script = x }

// ResolveFace chooses the font of a letter: that of its script, else the first
// that has it. If none has it, the letter is set as a box of the plain font.
func (s *setter) ResolveFace(r rune) *font.Face {
	order := make([]*family, 0, 8)
	script := language.LookupScript(r)
	if script == language.Han {
		order = append(order, s.han...)
	}
	own, hinted := s.fonts.by[script], s.fonts.by[s.script]
	if unicode.Is(unicode.M, r) {
		order = append(order, own, hinted, s.fonts.plain) // a mark belongs to the letter before it
	} else {
		order = append(order, own, s.fonts.plain, hinted)
	}
	for _, f := range append(order, s.han...) {
		if f == nil {
			continue
		}
		if face := s.face(f); face != nil {
			if _, ok := face.NominalGlyph(r); ok {
				return face
			}
		}
	}
	return s.face(s.fonts.plain)
}

// face is a family's font in the weight that is being set.
func (s *setter) face(f *family) *font.Face {
	x := f.regular
	if s.bold && f.bold != nil {
		x = f.bold
		s.isBold[x] = !f.light
	}
	if face := s.faces[x]; face != nil {
		return face
	}
	l, err := x.load()
	if err != nil {
		s.err = cmp.Or(s.err, err)
		return nil
	}
	face := font.NewFace(l.font)
	s.faces[x], s.files[face] = face, x
	return face
}

// direction is that of the first letter that has one; rtl if none has.
func direction(text []rune, rtl bool) di.Direction {
	for _, r := range text {
		if unicode.IsLetter(r) {
			rtl = unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko)
			break
		}
	}
	if rtl {
		return di.DirectionRTL
	}
	return di.DirectionLTR
}

// lines sets a text in lines of at most a width; a word that is longer is
// broken. Whole reports whether there was a font for each of its letters. A
// name is whatever somebody typed: one that the library stumbles over is one
// that cannot be shown, and no reason for the process to end.
func (s *setter) lines(text, lang string, bold, rtl bool, width float64) (out []line, whole bool) {
	defer func() {
		if recover() != nil {
			*s = *newSetter(s.fonts) // what the library was about is unknown
			out, whole = nil, false
		}
	}()
	return s.set(text, lang, bold, rtl, width)
}

func (s *setter) set(text, lang string, bold, rtl bool, width float64) (out []line, whole bool) {
	s.bold, s.han, whole = bold, s.fonts.ofHan(lang), true
	text = strings.NewReplacer("\u2028", "\n", "\u2029", "\n").Replace(text) // which also end a paragraph
	for paragraph := range strings.SplitSeq(text, "\n") {
		words := strings.FieldsFunc(paragraph, func(r rune) bool { return r == ' ' || unicode.IsControl(r) })
		runes := []rune(strings.Join(words, " "))
		if len(runes) == 0 {
			out = append(out, line{})
			continue
		}
		dir := direction(runes, rtl)
		// Nothing is inside of what points one way in the other but isolates of ours, so two levels are enough.
		pieces := s.seg.Split(shaping.Input{Text: runes, RunEnd: len(runes), Direction: dir, Size: fixed.I(em), Language: language.NewLanguage(lang)}, s)
		var shaped []shaping.Output
		for _, in := range pieces {
			if s.err != nil {
				return nil, false
			}
			shaped = append(shaped, s.shaper.Shape(in))
		}
		lines, _ := s.wrap.WrapParagraphF(shaping.WrapConfig{Direction: dir}, fixed.Int26_6(width*64), runes, shaping.NewSliceIterator(shaped))
		for _, l := range lines {
			set, ok := s.line(l, runes)
			out, whole = append(out, set), whole && ok
		}
	}
	return out, whole
}

// line puts the runs of a line in the order they are seen.
func (s *setter) line(l shaping.Line, text []rune) (line, bool) {
	l = slices.Clone(l)
	slices.SortStableFunc(l, func(a, b shaping.Output) int { return int(a.VisualIndex - b.VisualIndex) })
	var out line
	whole := true
	for _, o := range l {
		f := s.files[o.Face]
		r := run{file: f, fat: s.bold && !s.isBold[f]}
		for i, g := range o.Glyphs {
			stands := text[g.TextIndex() : g.TextIndex()+g.RunesCount()]
			if hidden(stands) {
				continue // what steers the direction is not drawn
			}
			x := glyph{id: int(g.GlyphID), advance: float64(g.Advance) / 64, dx: float64(g.XOffset) / 64, dy: float64(g.YOffset) / 64}
			if i == 0 || o.Glyphs[i-1].TextIndex() != g.TextIndex() {
				x.text, x.more = string(stands), g.GlyphsCount()-1
			}
			whole = whole && g.GlyphID != 0
			out.width += x.advance
			if o.Direction == di.DirectionRTL && g.GlyphsCount() == 1 && len(stands) > 1 {
				r.glyphs = append(r.glyphs, s.parted(x, stands, o.Face)...)
			} else {
				r.glyphs = append(r.glyphs, x)
			}
		}
		out.runs = append(out.runs, r)
	}
	return out, whole
}

// parted has each letter of a ligature stand by itself for who reads the file:
// readers turn the letters of a line around one glyph at a time, and would
// read two letters of one glyph backwards. The picture belongs to the letter
// furthest left; the others are spaces over it.
func (s *setter) parted(x glyph, letters []rune, face *font.Face) []glyph {
	space, ok := face.NominalGlyph(' ')
	if !ok {
		return []glyph{x}
	}
	share := x.advance / float64(len(letters))
	var out []glyph
	for i := len(letters) - 1; i >= 0; i-- {
		g := glyph{id: int(space), text: string(letters[i]), advance: share, wide: share}
		if len(out) == 0 {
			g.id, g.dx, g.dy = x.id, x.dx, x.dy
		}
		out = append(out, g)
	}
	return out
}

// hidden reports whether a text is only marks of direction.
func hidden(text []rune) bool {
	return !slices.ContainsFunc(text, func(r rune) bool { return !unicode.Is(unicode.Bidi_Control, r) })
}
