// Package press draws papers as PDF, in the language of who bought: the words
// are in texts, money and countries are written as on the pages (Unicode CLDR).
// A name is shown in whatever script it is written; the few letters that no
// font has are left out, an e-mail address standing in for a name, and the
// paper says so and where to see them.
package press

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/paper"
	"github.com/callisto-tel/callisto/business/tax"
	"github.com/callisto-tel/callisto/platform/cldr"
	"github.com/callisto-tel/callisto/platform/press/pdf"
)

//go:embed texts/*.json
var texts embed.FS

// Press draws papers; it may draw several at once.
type Press struct {
	tongues map[string]tongue
	fonts   *pdf.Fonts
	link    func(path string) string
}

// tongue is a language of the papers.
type tongue struct {
	tag   string
	words map[string]string
	cldr.Names
}

// New returns a press.
func New(link func(path string) string) (*Press, error) {
	p := &Press{tongues: map[string]tongue{}, fonts: pdf.Open(), link: link}
	files, err := fs.Glob(texts, "texts/*.json")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		t := tongue{tag: strings.TrimSuffix(path.Base(file), ".json")}
		raw, err := texts.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &t.words); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if t.Names, err = cldr.Load(t.tag); err != nil {
			return nil, err
		}
		p.tongues[t.tag] = t
	}
	return p, nil
}

// speaks is the language a paper is in: its own, or English.
func (p *Press) speaks(language string) tongue {
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	if t, ok := p.tongues[primary]; ok {
		return t
	}
	return p.tongues["en"]
}

// text is a text of the papers; pairs fill its {names}. What is filled in
// keeps its own direction: 2026-000001 is not turned around among Arabic.
func (t tongue) text(key string, pairs ...string) string {
	s := t.words[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+pairs[i]+"}", isolate(pairs[i+1]))
	}
	return s
}

// isolate sets a text off from the direction of what is around it
// (FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE).
func isolate(s string) string { return "\u2068" + s + "\u2069" }

// Paper draws an invoice or a credit note; Receipt draws an invoice as the
// receipt of its payment.
func (p *Press) Paper(x paper.Paper) ([]byte, error) { return p.draw(x, string(x.Kind)) }

// Receipt draws one.
func (p *Press) Receipt(x paper.Paper) ([]byte, error) { return p.draw(x, "receipt") }

func (p *Press) draw(x paper.Paper, what string) ([]byte, error) {
	t := p.speaks(x.Data.Language)
	rtl := t.tag == "ar"
	s := &sheet{tongue: t, rtl: rtl, link: p.link, y: top, Doc: p.fonts.New(pdf.Info{
		Title: t.words[what] + " " + x.Number, Producer: "Callisto", Language: t.tag, Made: x.Issued, RTL: rtl})} // the same paper is the same file
	s.head(x, what)
	s.parties(x.Data)
	s.sums(x)
	s.foot(x, what)
	file, err := s.Bytes()
	if err != nil {
		return nil, fmt.Errorf("draw the paper %s: %w", x.Number, err)
	}
	return file, nil
}

// sheet is a page being drawn.
type sheet struct {
	*pdf.Doc
	tongue
	rtl     bool
	link    func(path string) string
	y       float64
	missing bool // something could not be shown
}

// The page, in millimetres.
const (
	margin, top, bottom = 20.0, 20.0, 272.0
	width               = 210 - 2*margin
)

// The colours of the house.
const (
	ink, muted, hair, brand = 0x15181C, 0x5A626B, 0xD8DCD6, 0xFFD21F
)

// at writes a text in a column, counted from the side where lines begin, at
// its beginning or its end. It returns the height the text takes.
func (s *sheet) at(from, wide float64, text string, style pdf.Style, end bool) float64 {
	x := margin + from
	if s.rtl {
		x = margin + width - from - wide
	}
	if s.rtl != end {
		style.Align = pdf.Right
	}
	style.Ink = cmp.Or(style.Ink, ink)
	return s.Text(x, s.y, wide, text, style)
}

// need begins another page if there is no room for a height.
func (s *sheet) need(height float64) {
	if s.y+height > bottom {
		s.Page()
		s.y = top
	}
}

// put is foreign text if it can be shown; otherwise what stands in for it.
func (s *sheet) put(text, instead string) string {
	if text == "" || s.Shows(text) {
		return text
	}
	s.missing = true
	return instead
}

func (s *sheet) head(x paper.Paper, what string) {
	s.Box(0, 0, 210, 6, brand)
	tall := s.at(0, width*0.55, s.words[what], pdf.Style{Size: 22, Leading: 12, Bold: true}, false)
	style := pdf.Style{Size: 10, Leading: 6}
	facts := s.text("number", "number", x.Number) + "\n" + s.text("issued", "date", day(x.Issued))
	s.y += max(tall, s.at(width*0.55, width*0.45, facts, style, true)) + 8
}

// day reads the same in every language (ISO 8601), as on the pages.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func (s *sheet) parties(d paper.Data) {
	from := s.y
	s.party(0, s.words["seller"], d.Seller)
	low := s.y
	s.y = from
	s.party(width/2, s.words["buyer"], d.Buyer)
	s.y = max(low, s.y) + 10
}

func (s *sheet) party(from float64, title string, p paper.Party) {
	const wide = width/2 - 5
	s.y += s.at(from, wide, title, pdf.Style{Size: 9, Leading: 5.5, Ink: muted}, false)
	style := pdf.Style{Size: 11, Leading: 6, Bold: true}
	for _, l := range []string{s.put(p.Company, ""), s.put(p.Name, p.Email)} {
		if l != "" {
			s.y += s.at(from, wide, l, style, false)
			style = pdf.Style{Size: 10, Leading: 5.5}
		}
	}
	var lines []string
	for l := range strings.FieldsFuncSeq(p.Address, func(r rune) bool { return r == '\n' || r == '\r' }) {
		lines = append(lines, s.put(strings.TrimSpace(l), ""))
	}
	lines = append(lines, s.Country(p.Country))
	if p.TaxID != "" {
		lines = append(lines, s.text("tax_id", "id", s.put(p.TaxID, "?")))
	}
	for _, l := range append(lines, s.put(p.Email, "")) {
		if l != "" {
			s.y += s.at(from, wide, l, pdf.Style{Size: 10, Leading: 5.5}, false)
		}
	}
}

func (s *sheet) row(text string, a money.Amount, bold bool) {
	const amounts = 50.0
	style := pdf.Style{Size: 10.5, Leading: 5.5, Bold: bold}
	tall := s.Height(width-amounts-5, text, style) + 3
	s.need(tall)
	s.Box(margin, s.y, width, 0.2, hair)
	s.y += 1.5
	s.at(0, width-amounts-5, text, style, false)
	s.at(width-amounts, amounts, s.Cash(a), style, true)
	s.y += tall - 1.5
}

func (s *sheet) sums(x paper.Paper) {
	d := x.Data
	for _, title := range []struct{ key, hole, text string }{{"world", "number", d.World}, {"telephone", "number", d.Telephone}, {"month", "month", d.Month}} {
		if title.text != "" && x.Kind != paper.Statement {
			s.y += s.at(0, width, s.text(title.key, title.hole, title.text), pdf.Style{Size: 13, Leading: 7, Bold: true}, false) + 3
		}
	}
	if d.Package != "" {
		s.y += s.at(0, width, s.put(d.Package, s.words["line.package.minutes"]), pdf.Style{Size: 13, Leading: 7, Bold: true}, false) + 3
	}
	for _, l := range d.Lines {
		s.row(s.line(l), l.Amount, false)
	}
	switch {
	case x.Kind == paper.Statement:
	case d.Month != "":
		s.gross(d)
	default:
		s.net(d)
	}
	if a := d.Account; a != nil {
		s.y += 5
		s.account(a)
	}
	s.y += 8
}

// line says what was sold.
func (s *sheet) line(l paper.Line) string {
	text := s.text("line."+l.What+"."+l.Kind, "country", cmp.Or(s.Country(l.Country), s.words["elsewhere"]))
	if l.Calls > 0 {
		text += "\n" + s.text("talked", "count", fmt.Sprint(l.Calls), "time", clock(l.Seconds))
	}
	return text
}

// clock writes how long something lasted: 1:02:03.
func clock(seconds int64) string {
	if seconds < 3600 {
		return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

func (s *sheet) taxed(d paper.Data) string {
	return isolate(s.put(d.Tax.Name, s.words["tax"])) + " " + isolate(tax.ShowRate(d.Tax.Rate))
}

// net adds the tax to prices without it.
func (s *sheet) net(d paper.Data) {
	total := "total"
	if d.Tax.Name != "" {
		s.row(s.words["net"], d.Net, false)
		s.row(s.taxed(d), d.Tax.Amount, false)
		total = "total_taxed"
	}
	s.row(s.text(total, "currency", string(d.Total.Currency)), d.Total, true)
}

// gross tells the tax in prices that have it in them.
func (s *sheet) gross(d paper.Data) {
	if d.Tax.Name == "" {
		s.row(s.text("total", "currency", string(d.Total.Currency)), d.Total, true)
		return
	}
	s.row(s.text("total_taxed", "currency", string(d.Total.Currency)), d.Total, true)
	s.row(s.words["net"], d.Net, false)
	s.row(s.text("within", "tax", s.taxed(d)), d.Tax.Amount, false)
}

// account says what a wallet did, and what is to be paid.
func (s *sheet) account(a *paper.Owed) {
	s.row(s.words["account.before"], a.Before, false)
	s.row(s.words["account.payments"], a.Payments, false)
	for _, f := range a.Fees {
		text := s.words["account.other"]
		if f.Invoice != "" {
			text = s.text("account.fee", "number", f.Invoice)
		}
		s.row(text, f.Amount, false)
	}
	s.row(s.words["account.calls"], a.Calls, false)
	s.row(s.words["account.after"], a.After, true)
	if !a.Asked.Zero() {
		s.row(s.text("account.asked", "date", day(a.Due)), a.Asked, true)
	}
}

// asks says how to pay.
func (s *sheet) asks(x paper.Paper) []string {
	a := x.Data.Account
	lines := []string{s.text("pay.card", "link", s.link("/wallet"))}
	if b := a.Bank; b != nil {
		lines = append(lines, s.text("pay.bank", "holder", b.Holder, "iban", b.IBAN, "bank", strings.TrimSpace(b.Name+" "+b.BIC), "reference", b.Reference))
	}
	return lines
}

func (s *sheet) foot(x paper.Paper, what string) {
	d := x.Data
	paid := s.text("paid."+d.Method, "date", day(d.Paid))
	if d.Method == "" {
		paid = s.text("paid", "date", day(d.Paid))
	}
	var lines []string
	switch {
	case x.Kind == paper.CreditNote:
		lines = append(lines, s.text("of_invoice", "number", d.Invoice), s.text("given_back", "date", day(d.Paid)))
		if d.Reason != "" {
			lines = append(lines, s.text("reason", "reason", s.put(d.Reason, "?")))
		}
	case d.Account != nil && d.Account.Asked.Zero():
		lines = append(lines, s.words["account.nothing"])
	case d.Account != nil:
		lines = append(lines, s.asks(x)...)
	case x.Kind == paper.Receipt:
		lines = append(lines, paid, s.words["deposit"])
	case what == "receipt":
		lines = append(lines, paid, s.text("for_invoice", "number", x.Number))
	default:
		lines = append(lines, paid)
	}
	if d.Tax.Name != "" {
		lines = append(lines, s.words["rounding"])
	}
	if s.missing {
		lines = append(lines, s.text("unshown", "link", s.link("/invoices/"+x.Number)))
	}
	for _, l := range lines {
		style := pdf.Style{Size: 10, Leading: 6}
		s.need(s.Height(width, l, style))
		s.y += s.at(0, width, l, style, false)
	}
}
