package press

import (
	"fmt"

	"rsc.io/qr"

	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/platform/press/pdf"
)

// The size of a card (ISO/IEC 7810 ID-1), in millimetres.
const (
	CardWidth, CardHeight = 85.6, 54.0
	cardMargin            = 6.0
	cardEdge              = 3.5
	cardCode              = 23.0 // the QR code, a side
)

// IDCard draws a card to be printed: its number, its holder, and the address of
// its public page as a QR code (ISO/IEC 18004), which opens nothing. A page of
// "" leaves the code out.
func (p *Press) IDCard(c idcard.Card, page, language string) ([]byte, error) {
	t := p.speaks(language)
	rtl := t.tag == "ar"
	d := p.fonts.New(pdf.Info{Title: t.words["id_card"] + " " + c.Number.Display(), Producer: "Callisto", Language: t.tag, Made: c.Created, RTL: rtl, Width: CardWidth, Height: CardHeight})
	d.Box(0, 0, CardWidth, CardHeight, 0xFFFFFF)
	d.Box(0, 0, CardWidth, cardEdge, brand)
	wide := CardWidth - 2*cardMargin
	at := func(x, y, width float64, text string, s pdf.Style) float64 {
		if s.Ink == 0 {
			s.Ink = ink
		}
		if rtl {
			x, s.Align = CardWidth-x-width, pdf.Right
		}
		return d.Text(x, y, width, text, s)
	}
	at(cardMargin, cardEdge+3, wide, "Callisto · "+t.words["id_card"], pdf.Style{Size: 8, Leading: 4, Ink: muted})
	y := cardEdge + 9.5
	y += at(cardMargin, y, wide, "\u2066"+c.Number.Display()+"\u2069", pdf.Style{Size: 17, Leading: 8, Bold: true})
	narrow := wide
	if page != "" {
		narrow -= cardCode + 3
	}
	if d.Shows(c.Holder) {
		at(cardMargin, y+1, narrow, c.Holder, pdf.Style{Size: 11, Leading: 5})
	}
	at(cardMargin, CardHeight-cardMargin-4, narrow, t.text("valid", "date", day(c.Until)), pdf.Style{Size: 8, Leading: 4, Ink: muted})
	if page != "" {
		if err := drawCode(d, page, rtl); err != nil {
			return nil, err
		}
	}
	file, err := d.Bytes()
	if err != nil {
		return nil, fmt.Errorf("draw the ID card %s: %w", c.ID, err)
	}
	return file, nil
}

// drawCode puts the QR code into the lower corner, where lines end.
func drawCode(d *pdf.Doc, page string, rtl bool) error {
	code, err := qr.Encode(page, qr.M)
	if err != nil {
		return fmt.Errorf("draw the QR code of %s: %w", page, err)
	}
	left := CardWidth - cardMargin - cardCode
	if rtl {
		left = cardMargin
	}
	dot := cardCode / float64(code.Size)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from { // a run at once: dots beside each other show seams
				d.Box(left+float64(from)*dot, CardHeight-cardMargin-cardCode+float64(y)*dot, float64(x-from)*dot, dot, ink)
			}
		}
	}
	return nil
}
