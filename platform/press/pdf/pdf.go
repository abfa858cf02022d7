// Package pdf sets text of any script on pages and writes them as PDF
// (ISO 32000-1). Letters are shaped and ordered as HarfBuzz and the Unicode
// bidirectional algorithm have it, each in the font of its script. The file
// holds only the glyphs it shows and says which text each stands for, so that
// what is copied out of it is what was put in. The same pages are the same file.
package pdf

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Info is what a document says of itself.
type Info struct {
	Title    string
	Producer string
	Language string // BCP 47
	Made     time.Time
	RTL      bool // the pages run from right to left
	// Width and Height are those of its pages, in millimetres; 0: A4.
	Width, Height float64
}

// Doc is a document being made. Lengths are millimetres from the
// left and the top.
type Doc struct {
	info  Info
	fonts *Fonts
	set   *setter
	pages []*bytes.Buffer
	used  map[*file]*usage
	order []*usage
	err   error
}

// usage is what a document uses of a font.
type usage struct {
	file   *file
	name   string // in the pages
	loaded *loaded
	codes  map[shown]int
	list   []shown // the glyph of code 1, 2, 3 …
}

// shown is a glyph, the text it stands for, and its width in thousandths.
type shown struct {
	id    int
	text  string
	width int
}

// Align is the edge a text stands at.
type Align int

// The edges.
const (
	Left Align = iota
	Right
)

// Style is how a text looks.
type Style struct {
	Size    float64 // points
	Leading float64 // from line to line, millimetres
	Bold    bool
	Ink     uint32 // 0xRRGGBB
	Align   Align
}

// A page of A4, and how many points are a millimetre.
const (
	a4Width, a4Height = 210.0, 297.0
	mm                = 72 / 25.4
)

// New begins a document with one page.
func (f *Fonts) New(info Info) *Doc {
	info.Width, info.Height = cmp.Or(info.Width, a4Width), cmp.Or(info.Height, a4Height)
	d := &Doc{info: info, fonts: f, set: f.setters.Get().(*setter), used: map[*file]*usage{}} //nolint:errcheck,forcetypeassert // the pool holds nothing else
	d.set.err = nil
	d.Page()
	return d
}

// Page begins another page.
func (d *Doc) Page() { d.pages = append(d.pages, &bytes.Buffer{}) }

func (d *Doc) draw(format string, args ...any) {
	fmt.Fprintf(d.pages[len(d.pages)-1], format, args...)
}

// num writes a number as briefly as a page needs it.
func num(x float64) string {
	s := strings.TrimRight(strconv.FormatFloat(x, 'f', 3, 64), "0")
	return cmp.Or(strings.TrimSuffix(strings.TrimSuffix(s, "."), "-0"), "0")
}

func ink(rgb uint32) string {
	part := func(shift uint) string { return num(float64(rgb>>shift&0xFF) / 255) }
	return part(16) + " " + part(8) + " " + part(0)
}

// Box fills a rectangle.
func (d *Doc) Box(x, y, width, height float64, rgb uint32) {
	d.draw("%s rg %s %s %s %s re f\n", ink(rgb), num(x*mm), num((d.info.Height-y-height)*mm), num(width*mm), num(height*mm))
}

// Shows reports whether there is a font for every letter of a text.
func (d *Doc) Shows(text string) bool {
	_, whole := d.set.lines(text, d.info.Language, false, d.info.RTL, 1e6)
	return whole
}

// Height is what a text takes in lines of a width.
func (d *Doc) Height(width float64, text string, s Style) float64 {
	lines, _ := d.set.lines(text, d.info.Language, s.Bold, d.info.RTL, width*mm/s.Size*em)
	return float64(len(lines)) * s.Leading
}

// Text writes a text in lines of a width and returns the height they take.
func (d *Doc) Text(x, y, width float64, text string, s Style) float64 {
	lines, _ := d.set.lines(text, d.info.Language, s.Bold, d.info.RTL, width*mm/s.Size*em)
	d.err = cmp.Or(d.err, d.set.err)
	if d.err != nil {
		return 0
	}
	for i, l := range lines {
		at := x * mm
		if s.Align == Right {
			at += width*mm - l.width*s.Size/em
		}
		// The letters' middle, a third of the size above their foot, is the line's.
		foot := (d.info.Height-y-s.Leading*(float64(i)+0.5))*mm - s.Size*0.35
		for _, r := range l.runs {
			at += d.run(r, at, foot, s)
		}
	}
	return float64(len(lines)) * s.Leading
}

// run writes a run and returns its width.
func (d *Doc) run(r run, x, y float64, s Style) float64 {
	u := d.use(r.file)
	if u == nil || len(r.glyphs) == 0 {
		return 0
	}
	thick := ""
	if r.fat {
		thick = fmt.Sprintf(" 2 Tr %s w %s RG", num(s.Size*0.025), ink(s.Ink))
	}
	d.draw("q BT /%s %s Tf %s rg%s 1 0 0 1 %s %s Tm\n", u.name, num(s.Size), ink(s.Ink), thick, num(x), num(y))
	var b strings.Builder
	row := newRow(&b, s.Size)
	width, until := 0.0, -1
	for i, g := range r.glyphs {
		if i > until && g.more > 0 { // several glyphs are one text
			row.end()
			fmt.Fprintf(&b, "/Span <</ActualText %s>> BDC\n", utf16Hex(g.text, true))
			until = i + g.more
		}
		row.glyph(g, u)
		width += g.advance
		if i == until {
			row.end()
			b.WriteString("EMC\n")
		}
	}
	row.end()
	d.draw("%sET Q\n", b.String())
	return width * s.Size / em
}

// use finds or adds a font of the document.
func (d *Doc) use(f *file) *usage {
	if u := d.used[f]; u != nil {
		return u
	}
	l, err := f.load()
	if err != nil {
		d.err = cmp.Or(d.err, err)
		return nil
	}
	u := &usage{file: f, name: "F" + strconv.Itoa(len(d.order)+1), loaded: l, codes: map[shown]int{}}
	d.used[f], d.order = u, append(d.order, u)
	return u
}

// code is a glyph's code in the document.
func (u *usage) code(x shown) int {
	if u.codes[x] == 0 {
		u.list = append(u.list, x)
		u.codes[x] = len(u.list)
	}
	return u.codes[x]
}

// row writes glyphs side by side, and between them what the font's own widths
// lack or have too much.
type row struct {
	b    *strings.Builder
	size float64
	open bool
	debt float64 // to move, in thousandths
	rise float64
}

func newRow(b *strings.Builder, size float64) *row { return &row{b: b, size: size} }

func (r *row) glyph(g glyph, u *usage) {
	if g.dy != r.rise {
		r.end()
		r.rise = g.dy
		fmt.Fprintf(r.b, "%s Ts ", num(g.dy*r.size/em))
	}
	if !r.open {
		r.b.WriteString("[")
		r.open = true
	}
	r.debt += g.dx
	if r.debt > 0.5 || r.debt < -0.5 {
		n := num(-r.debt)
		r.b.WriteString(n)
		moved, _ := strconv.ParseFloat(n, 64) // as it was just written
		r.debt += moved
	}
	if g.id > 0xFFFF { // a space the font has no glyph for
		r.debt += g.advance - g.dx
		return
	}
	x := shown{g.id, g.text, u.loaded.width(g.id)}
	if g.wide > 0 {
		x.width = int(math.Round(g.wide))
	}
	fmt.Fprintf(r.b, "<%04X>", u.code(x))
	r.debt += g.advance - g.dx - float64(x.width)
}

func (r *row) end() {
	if !r.open {
		return
	}
	r.open = false
	if r.debt > 0.5 || r.debt < -0.5 {
		r.b.WriteString(num(-r.debt))
		r.debt = 0
	}
	r.b.WriteString("] TJ\n")
}
