package pdf

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"
)

// writer writes the numbered objects of a file.
type writer struct {
	b   bytes.Buffer
	at  []int        // where each object begins
	zip *zlib.Writer // used again for each stream: one takes 800 kB
}

// keep takes a number for an object that is written later.
func (w *writer) keep() int {
	w.at = append(w.at, 0)
	return len(w.at)
}

func (w *writer) put(n int, format string, args ...any) int {
	w.at[n-1] = w.b.Len()
	fmt.Fprintf(&w.b, "%d 0 obj\n", n)
	fmt.Fprintf(&w.b, format, args...)
	w.b.WriteString("\nendobj\n")
	return n
}

func (w *writer) add(format string, args ...any) int { return w.put(w.keep(), format, args...) }

// stream adds a compressed stream; more stands in its dictionary.
func (w *writer) stream(data []byte, more string) (int, error) {
	var z bytes.Buffer
	w.zip.Reset(&z)
	if _, err := w.zip.Write(data); err != nil {
		return 0, err
	}
	if err := w.zip.Close(); err != nil {
		return 0, err
	}
	return w.add("<</Filter /FlateDecode /Length %d%s>>\nstream\n%s\nendstream", z.Len(), more, z.Bytes()), nil
}

// Bytes ends the document and returns its file.
func (d *Doc) Bytes() ([]byte, error) {
	set := d.set
	if d.set = nil; set == nil {
		return nil, fmt.Errorf("the document %q was ended before", d.info.Title)
	}
	defer d.fonts.setters.Put(set)
	if d.err != nil || set.err != nil {
		return nil, fmt.Errorf("the document %q: %w", d.info.Title, cmp.Or(d.err, set.err))
	}
	w := &writer{zip: zlib.NewWriter(nil)}
	w.b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	catalog, tree := w.keep(), w.keep()
	var fonts strings.Builder
	for _, u := range d.order {
		n, err := w.font(u)
		if err != nil {
			return nil, fmt.Errorf("the font %s: %w", u.file.name, err)
		}
		fmt.Fprintf(&fonts, "/%s %d 0 R ", u.name, n)
	}
	var kids strings.Builder
	for _, p := range d.pages {
		content, err := w.stream(p.Bytes(), "")
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&kids, "%d 0 R ", w.add("<</Type /Page /Parent %d 0 R /Contents %d 0 R>>", tree, content))
	}
	w.put(tree, "<</Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 %s %s] /Resources <</Font <<%s>>>>>>",
		kids.String(), len(d.pages), num(d.info.Width*mm), num(d.info.Height*mm), fonts.String())
	way := "L2R"
	if d.info.RTL {
		way = "R2L"
	}
	w.put(catalog, "<</Type /Catalog /Pages %d 0 R /Lang %s /ViewerPreferences <</DisplayDocTitle true /Direction /%s>>>>", tree, utf16Hex(d.info.Language, true), way)
	made := d.info.Made.UTC().Format("D:20060102150405Z")
	info := w.add("<</Title %s /Producer %s /CreationDate (%s) /ModDate (%s)>>", utf16Hex(d.info.Title, true), utf16Hex(d.info.Producer, true), made, made)
	return w.finish(catalog, info), nil
}

// finish writes where each object is, and which the first is.
func (w *writer) finish(catalog, info int) []byte {
	sum := sha256.Sum256(w.b.Bytes())
	id := hex.EncodeToString(sum[:16])
	start := w.b.Len()
	fmt.Fprintf(&w.b, "xref\n0 %d\n0000000000 65535 f \n", len(w.at)+1)
	for _, at := range w.at {
		fmt.Fprintf(&w.b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&w.b, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R /ID [<%s> <%s>]>>\nstartxref\n%d\n%%%%EOF\n", len(w.at)+1, catalog, info, id, id, start)
	return w.b.Bytes()
}

// font writes the glyphs a document uses of a font.
func (w *writer) font(u *usage) (int, error) {
	var widths strings.Builder
	for _, x := range u.list {
		fmt.Fprintf(&widths, "%d ", x.width)
	}
	cut, err := u.loaded.cut(u.list)
	if err != nil {
		return 0, err
	}
	program, err := w.stream(cut, fmt.Sprintf(" /Length1 %d", len(cut)))
	if err != nil {
		return 0, err
	}
	texts, err := w.stream(u.texts(), "")
	if err != nil {
		return 0, err
	}
	t := u.loaded.truetype
	name := subsetTag(cut) + "+" + u.file.name
	descriptor := w.add("<</Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight 714 /StemV 80 /FontFile2 %d 0 R>>",
		name, t.thousandths(t.box[0]), t.thousandths(t.box[1]), t.thousandths(t.box[2]), t.thousandths(t.box[3]), t.thousandths(t.ascent), t.thousandths(t.descent), program)
	letters := w.add("<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor %d 0 R /DW %d /W [1 [%s]] /CIDToGIDMap /Identity>>",
		name, descriptor, t.width(0), widths.String())
	return w.add("<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R>>", name, letters, texts), nil
}

// subsetTag is six letters that tell parts of the same font apart.
func subsetTag(cut []byte) string {
	sum := sha256.Sum256(cut)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return string(tag)
}

// texts says which text each glyph stands for. A glyph that shares its text
// with others has none of its own; the page says it for them together.
func (u *usage) texts() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	var pairs []string
	for i, x := range u.list {
		if x.text != "" {
			pairs = append(pairs, fmt.Sprintf("<%04X> %s\n", i+1, utf16Hex(x.text, false)))
		}
	}
	for len(pairs) > 0 {
		n := min(100, len(pairs)) // no more may stand in one list
		fmt.Fprintf(&b, "%d beginbfchar\n%sendbfchar\n", n, strings.Join(pairs[:n], ""))
		pairs = pairs[n:]
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}

// utf16Hex writes a text in hexadecimal UTF-16, with its mark of order where
// readers could take it for something else.
func utf16Hex(text string, mark bool) string {
	var b strings.Builder
	b.WriteString("<")
	if mark {
		b.WriteString("FEFF")
	}
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteString(">")
	return b.String()
}
