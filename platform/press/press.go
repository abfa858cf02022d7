// Package press draws papers as PDF. The font in the binary has Latin, Greek
// and Cyrillic letters; fonts for every script would be larger than everything
// else in it. What cannot be shown is left out, an e-mail address standing in
// for a name, and the paper says so and where to see it.
package press

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/tax"
)

//go:embed texts/*.json
var texts embed.FS

// Press draws papers.
type Press struct {
	words map[string]map[string]string
	font  *sfnt.Font
	link  func(path string) string
}

// New returns a press.
func New(link func(path string) string) (*Press, error) {
	p := &Press{words: map[string]map[string]string{}, link: link}
	files, err := fs.Glob(texts, "texts/*.json")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		raw, err := texts.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var one map[string]string
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		p.words[strings.TrimSuffix(path.Base(file), ".json")] = one
	}
	p.font, err = sfnt.Parse(goregular.TTF)
	return p, err
}

// shows reports whether the font has every letter of a text.
func (p *Press) shows(s string) bool {
	var b sfnt.Buffer
	for _, r := range s {
		if i, err := p.font.GlyphIndex(&b, r); err != nil || i == 0 && r != '\n' {
			return false
		}
	}
	return true
}

// text is a text in a language the font can show, else in English.
func (p *Press) text(language, key string, pairs ...string) string {
	primary, _, _ := strings.Cut(language, "-")
	s := p.words[primary][key]
	if s == "" || !p.shows(s) {
		s = p.words["en"][key]
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+pairs[i]+"}", pairs[i+1])
	}
	return s
}

// sheet is a page being drawn.
type sheet struct {
	*fpdf.Fpdf
	press   *Press
	lang    string
	missing bool // something could not be shown
}

const (
	left, right = 20.0, 190.0
	width       = right - left
)

// Paper draws an invoice or a credit note; Receipt draws an invoice as the
// receipt of its payment.
func (p *Press) Paper(x paper.Paper) ([]byte, error) { return p.draw(x, string(x.Kind)) }

// Receipt draws one.
func (p *Press) Receipt(x paper.Paper) ([]byte, error) { return p.draw(x, "receipt") }

func (p *Press) draw(x paper.Paper, what string) ([]byte, error) {
	s := &sheet{Fpdf: fpdf.New("P", "mm", "A4", ""), press: p, lang: x.Data.Language}
	s.AddUTF8FontFromBytes("go", "", goregular.TTF)
	s.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	s.SetMargins(left, 20, 210-right)
	s.SetAutoPageBreak(true, 25)
	s.SetCreationDate(x.Issued.UTC()) // the same paper is the same file
	s.SetModificationDate(x.Issued.UTC())
	s.SetCatalogSort(true)
	s.SetTitle(p.text(s.lang, what)+" "+x.Number, true)
	s.SetProducer("Callisto", true)
	s.AddPage()
	s.head(x, what)
	s.parties(x.Data)
	s.sums(x.Data)
	s.foot(x, what)
	var b bytes.Buffer
	if err := s.Output(&b); err != nil {
		return nil, fmt.Errorf("draw the paper %s: %w", x.Number, err)
	}
	return b.Bytes(), nil
}

// put writes foreign text if it can be shown; otherwise what stands in for it.
func (s *sheet) put(text, instead string) string {
	if text == "" || s.press.shows(text) {
		return text
	}
	s.missing = true
	return instead
}

func (s *sheet) t(key string, pairs ...string) string { return s.press.text(s.lang, key, pairs...) }

func (s *sheet) head(x paper.Paper, what string) {
	s.SetFillColor(0xFF, 0xD2, 0x1F)
	s.Rect(0, 0, 210, 6, "F")
	s.SetFont("go", "B", 22)
	s.CellFormat(width/2, 12, s.t(what), "", 0, "L", false, 0, "")
	s.SetFont("go", "", 10)
	s.MultiCell(width/2, 6, s.t("number")+": "+x.Number+"\n"+s.t("issued")+": "+x.Issued.UTC().Format(time.DateOnly), "", "R", false)
	s.Ln(8)
}

func (s *sheet) parties(d paper.Data) {
	top := s.GetY()
	s.party(left, s.t("seller"), d.Seller)
	bottom := s.GetY()
	s.SetY(top)
	s.party(left+width/2, s.t("buyer"), d.Buyer)
	s.SetY(max(bottom, s.GetY()) + 10)
}

func (s *sheet) party(x float64, title string, p paper.Party) {
	s.SetX(x)
	s.SetFont("go", "", 9)
	s.SetTextColor(0x5A, 0x62, 0x6B)
	s.CellFormat(width/2, 5, title, "", 2, "L", false, 0, "")
	s.SetTextColor(0x15, 0x18, 0x1C)
	s.SetFont("go", "B", 11)
	var lines []string
	if p.Company != "" {
		lines = append(lines, s.put(p.Company, ""))
	}
	lines = append(lines, s.put(p.Name, p.Email))
	for i, l := range lines {
		if l != "" {
			s.SetX(x)
			s.MultiCell(width/2-5, 5.5, l, "", "L", false)
		}
		if i == 0 {
			s.SetFont("go", "", 10)
		}
	}
	s.SetFont("go", "", 10)
	lines = nil
	for l := range strings.FieldsFuncSeq(p.Address, func(r rune) bool { return r == '\n' || r == '\r' }) {
		lines = append(lines, s.put(strings.TrimSpace(l), ""))
	}
	lines = append(lines, p.Country)
	if p.TaxID != "" {
		lines = append(lines, s.t("tax_id", "id", s.put(p.TaxID, "?")))
	}
	lines = append(lines, s.put(p.Email, ""))
	for _, l := range lines {
		if l != "" {
			s.SetX(x)
			s.MultiCell(width/2-5, 5, l, "", "L", false)
		}
	}
}

// Amount writes money with the decimals of its currency: "5.00 USD", "500 JPY".
func Amount(a money.Amount) string {
	text, _, _ := strings.Cut(a.String(), " ")
	whole, frac, _ := strings.Cut(text, ".")
	n := a.Currency.Exponent()
	for len(frac) < n {
		frac += "0"
	}
	if len(frac) > n && strings.Trim(frac[n:], "0") == "" {
		frac = frac[:n]
	}
	if frac != "" {
		whole += "." + frac
	}
	return whole + " " + string(a.Currency)
}

func (s *sheet) row(text string, a money.Amount, bold bool) {
	style := ""
	if bold {
		style = "B"
	}
	s.SetFont("go", style, 10.5)
	s.CellFormat(width-45, 8, text, "T", 0, "L", false, 0, "")
	s.CellFormat(45, 8, Amount(a), "T", 1, "R", false, 0, "")
}

func (s *sheet) sums(d paper.Data) {
	s.SetDrawColor(0xD8, 0xDC, 0xD6)
	s.SetFont("go", "B", 13)
	s.CellFormat(width, 10, s.t("world", "number", d.World), "", 1, "L", false, 0, "")
	for _, l := range d.Lines {
		s.row(s.t("line."+l.What+"."+l.Kind), l.Amount, false)
	}
	if d.Tax.Name != "" {
		s.row(s.t("net"), d.Net, false)
		s.row(s.put(d.Tax.Name, "Tax")+" "+tax.ShowRate(d.Tax.Rate), d.Tax.Amount, false)
	}
	s.row(s.t("total"), d.Total, true)
	s.Ln(8)
}

func (s *sheet) foot(x paper.Paper, what string) {
	d := x.Data
	s.SetFont("go", "", 10)
	day := d.Paid.UTC().Format(time.DateOnly)
	var lines []string
	switch {
	case x.Kind == paper.CreditNote:
		lines = append(lines, s.t("of_invoice", "number", d.Invoice), s.t("given_back", "date", day))
	case what == "receipt":
		lines = append(lines, s.t("paid", "date", day, "method", s.t("method."+d.Method)), s.t("for_invoice", "number", x.Number))
	default:
		lines = append(lines, s.t("paid", "date", day, "method", s.t("method."+d.Method)))
	}
	if d.Tax.Name != "" {
		lines = append(lines, s.t("rounding"))
	}
	if s.missing {
		lines = append(lines, s.t("unshown", "link", s.press.link("/invoices/"+x.Number)))
	}
	for _, l := range lines {
		s.MultiCell(width, 6, l, "", "L", false)
	}
}
