package pdf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// truetype is a font file: where its tables lie, and what is asked of it
// often. Outlines are read when a document takes them.
type truetype struct {
	in              io.ReaderAt
	tables          map[string]extent
	upem            int
	loca            []uint32 // where each outline begins, and the end of the last
	hmtx            []byte
	metrics         int // full entries in hmtx
	box             [4]int
	ascent, descent int
}

// extent is a stretch of a file.
type extent struct{ at, size int64 }

// openTrueType reads what a font says of itself.
func openTrueType(in io.ReaderAt) (*truetype, error) {
	t := &truetype{in: in, tables: map[string]extent{}}
	head := make([]byte, 12)
	if _, err := in.ReadAt(head, 0); err != nil {
		return nil, err
	}
	list := make([]byte, 16*int(binary.BigEndian.Uint16(head[4:])))
	if _, err := in.ReadAt(list, 12); err != nil {
		return nil, err
	}
	for e := range slices.Chunk(list, 16) {
		t.tables[string(e[:4])] = extent{int64(binary.BigEndian.Uint32(e[8:])), int64(binary.BigEndian.Uint32(e[12:]))}
	}
	return t, t.measure()
}

// measure reads the tables that hold for the whole font.
func (t *truetype) measure() error {
	raw := map[string][]byte{}
	for name, atLeast := range map[string]int{"head": 54, "hhea": 36, "maxp": 6, "hmtx": 4, "loca": 4} {
		b, err := t.table(name)
		if err != nil || len(b) < atLeast {
			return fmt.Errorf("the table %q is missing or too short: %w", name, err)
		}
		raw[name] = b
	}
	signed := func(b []byte) int { return int(int16(binary.BigEndian.Uint16(b))) }
	t.upem = int(binary.BigEndian.Uint16(raw["head"][18:]))
	for i := range t.box {
		t.box[i] = signed(raw["head"][36+2*i:])
	}
	t.ascent, t.descent = signed(raw["hhea"][4:]), signed(raw["hhea"][6:])
	t.metrics, t.hmtx = int(binary.BigEndian.Uint16(raw["hhea"][34:])), raw["hmtx"]
	long := signed(raw["head"][50:]) == 1
	n := int(binary.BigEndian.Uint16(raw["maxp"][4:])) + 1
	if t.upem == 0 || t.metrics == 0 || len(t.hmtx) < 4*t.metrics || len(raw["loca"]) < 2*n || long && len(raw["loca"]) < 4*n {
		return fmt.Errorf("the font contradicts itself")
	}
	t.loca = make([]uint32, n)
	for i := range t.loca {
		if long {
			t.loca[i] = binary.BigEndian.Uint32(raw["loca"][4*i:])
		} else {
			t.loca[i] = 2 * uint32(binary.BigEndian.Uint16(raw["loca"][2*i:]))
		}
	}
	return nil
}

// table reads a table whole; one that is not there is empty.
func (t *truetype) table(name string) ([]byte, error) {
	e := t.tables[name]
	b := make([]byte, e.size)
	if e.size == 0 {
		return nil, nil
	}
	_, err := t.in.ReadAt(b, e.at)
	return b, err
}

// metric is a glyph's entry in hmtx.
func (t *truetype) metric(glyph int) [4]byte {
	m := [4]byte(t.hmtx[4*min(glyph, t.metrics-1):])
	if at := 2*t.metrics + 2*glyph; glyph >= t.metrics && at+2 <= len(t.hmtx) {
		copy(m[2:], t.hmtx[at:at+2])
	}
	return m
}

// width is how far a glyph moves on, in thousandths of the size.
func (t *truetype) width(glyph int) int {
	m := t.metric(glyph)
	return t.thousandths(int(binary.BigEndian.Uint16(m[:])))
}

func (t *truetype) thousandths(units int) int {
	return int(math.Round(float64(units) * 1000 / float64(t.upem)))
}

// outline reads a glyph's outline; a space has none.
func (t *truetype) outline(glyph int) ([]byte, error) {
	if glyph+1 >= len(t.loca) || t.loca[glyph+1] < t.loca[glyph] {
		return nil, fmt.Errorf("there is no glyph %d", glyph)
	}
	b := make([]byte, t.loca[glyph+1]-t.loca[glyph])
	if len(b) == 0 {
		return nil, nil
	}
	_, err := t.in.ReadAt(b, t.tables["glyf"].at+int64(t.loca[glyph]))
	return b, err
}

// What the flags of a part of a composed outline say.
const (
	wordArguments = 1 << 0
	oneScale      = 1 << 3
	moreParts     = 1 << 5
	twoScales     = 1 << 6
	fourScales    = 1 << 7
)

// parts gives every part of a composed outline to f, which says what its glyph
// is called from now on.
func parts(outline []byte, f func(glyph int) int) error {
	if len(outline) < 10 || int16(binary.BigEndian.Uint16(outline)) >= 0 {
		return nil
	}
	for at := 10; ; {
		if at+4 > len(outline) {
			return fmt.Errorf("a composed outline is cut short")
		}
		flags := binary.BigEndian.Uint16(outline[at:])
		binary.BigEndian.PutUint16(outline[at+2:], uint16(f(int(binary.BigEndian.Uint16(outline[at+2:])))))
		at += 6
		if flags&wordArguments != 0 {
			at += 2
		}
		switch {
		case flags&oneScale != 0:
			at += 2
		case flags&twoScales != 0:
			at += 4
		case flags&fourScales != 0:
			at += 8
		}
		if flags&moreParts == 0 {
			return nil
		}
	}
}

// cut makes a font of some glyphs, which are 1, 2, 3 … there; what they are
// composed of comes behind them.
func (t *truetype) cut(glyphs []shown) ([]byte, error) {
	list := []int{0}
	for _, x := range glyphs {
		list = append(list, x.id)
	}
	renamed := map[int]int{}
	var glyf, loca, hmtx []byte
	for i := 0; i < len(list); i++ { // the list grows meanwhile
		outline, err := t.outline(list[i])
		if err == nil {
			err = parts(outline, func(glyph int) int {
				if _, ok := renamed[glyph]; !ok {
					renamed[glyph] = len(list)
					list = append(list, glyph)
				}
				return renamed[glyph]
			})
		}
		if err != nil {
			return nil, err
		}
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, outline...)
		glyf = append(glyf, make([]byte, -len(glyf)&3)...)
		m := t.metric(list[i])
		if i > 0 && i <= len(glyphs) && glyphs[i-1].width != t.width(list[i]) {
			binary.BigEndian.PutUint16(m[:], uint16(glyphs[i-1].width*t.upem/1000))
		}
		hmtx = append(hmtx, m[:]...)
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	out := map[string][]byte{"glyf": glyf, "loca": loca, "hmtx": hmtx}
	for _, name := range []string{"head", "hhea", "maxp", "cvt ", "fpgm", "prep"} {
		b, err := t.table(name)
		if err != nil {
			return nil, err
		}
		if len(b) > 0 {
			out[name] = b
		}
	}
	binary.BigEndian.PutUint32(out["head"][8:], 0) // the sum over the whole file, which a PDF needs not
	binary.BigEndian.PutUint16(out["head"][50:], 1)
	binary.BigEndian.PutUint16(out["hhea"][34:], uint16(len(list)))
	binary.BigEndian.PutUint16(out["maxp"][4:], uint16(len(list)))
	return assemble(out), nil
}

// assemble writes a font file of its tables.
func assemble(tables map[string][]byte) []byte {
	var names []string
	for name := range tables {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	step := 0
	for 2<<step <= len(names) {
		step++
	}
	out := []byte{0, 1, 0, 0}
	for _, n := range []int{len(names), 16 << step, step, 16*len(names) - 16<<step} {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	at := 12 + 16*len(names)
	var body []byte
	for _, name := range names {
		b := tables[name]
		size := len(b)
		b = append(b, make([]byte, -len(b)&3)...)
		sum := uint32(0)
		for i := 0; i < len(b); i += 4 {
			sum += binary.BigEndian.Uint32(b[i:])
		}
		out = append(out, name...)
		for _, n := range []uint32{sum, uint32(at + len(body)), uint32(size)} {
			out = binary.BigEndian.AppendUint32(out, n)
		}
		body = append(body, b...)
	}
	return append(out, body...)
}
