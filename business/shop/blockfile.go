package shop

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/table"
)

// BlockLine is one line of a file of blocks, as a preview shows it.
type BlockLine struct {
	Line  int
	Block Block
	Price *PriceRule // of this block alone, if the file gives one
	Known bool       // in stock already: nothing changes
	Fault string     // why the line cannot be taken; "" if it can
}

// mostBlockLines is how many lines a file may have.
const mostBlockLines = 10_000

// PreviewBlocks reads a file of blocks (CSV, RFC 4180; a spreadsheet may
// separate the cells by semicolons or tabs) and says line by line what would happen. The first line names the columns: kind, country, prefix,
// length, and optionally setup, yearly (in units, 5.00) and note.
func (d *Desk) PreviewBlocks(_ context.Context, by member.Actor, file io.Reader) ([]BlockLine, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return d.shop.rules().readBlocks(file)
}

// ImportBlocks takes a file's blocks into stock, all or none.
func (d *Desk) ImportBlocks(ctx context.Context, by member.Actor, file io.Reader) (added int, err error) {
	err = d.change(ctx, by, "import of blocks", func(rules *Policy) (Change, error) {
		lines, err := rules.readBlocks(file)
		if err != nil {
			return Change{}, err
		}
		var c Change
		for _, l := range lines {
			if l.Fault != "" {
				return Change{}, fault.New(fault.Invalid, "file", "Line %d: %s Nothing was taken; correct the file and send it again.", l.Line, l.Fault)
			}
			if l.Known {
				continue
			}
			l.Block.ID = ident.New("blk", d.now())
			c.Blocks = append(c.Blocks, l.Block)
			if l.Price != nil {
				l.Price.ID, l.Price.Block = ident.New("prc", d.now()), l.Block.ID
				c.Prices = append(c.Prices, *l.Price)
			}
		}
		if len(c.Prices) > 0 && len(rules.Prices) == 0 {
			c.Prices = append(DefaultPrices(), c.Prices...)
		}
		added = len(c.Blocks)
		return c, nil
	})
	return added, err
}

// readBlocks reads the lines and checks each against the rules, what is in
// stock, and the lines before it.
func (p *Policy) readBlocks(file io.Reader) ([]BlockLine, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(table.Plain(string(text))))
	r.Comma = table.Separator(string(text))
	r.TrimLeadingSpace, r.FieldsPerRecord = r.Comma != '\t', -1
	head, err := r.Read()
	if err != nil {
		return nil, fault.New(fault.Invalid, "file", "The file is empty or no CSV. Its first line names the columns: kind,country,prefix,length,setup,yearly,note.")
	}
	column := map[string]int{}
	for i, name := range head {
		column[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, needed := range []string{"kind", "country", "prefix", "length"} {
		if _, ok := column[needed]; !ok {
			return nil, fault.New(fault.Invalid, "file", "The file has no column %q. Its first line names the columns: kind,country,prefix,length,setup,yearly,note.", needed)
		}
	}
	seen := *p // the blocks of the lines before are in the way too
	seen.Blocks = append([]Block{}, p.Blocks...)
	var out []BlockLine
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		line, _ := r.FieldPos(0)
		if len(out) == mostBlockLines {
			return nil, fault.New(fault.Invalid, "file", "The file has more than %d lines. Send it in parts.", mostBlockLines)
		}
		if err != nil {
			if bad, ok := errors.AsType[*csv.ParseError](err); ok {
				line = bad.Line
			}
			out = append(out, BlockLine{Line: line, Fault: "This is no CSV: a quote or a comma is missing."})
			return out, nil // where the next line begins is anybody's guess
		}
		cell := func(name string) string {
			if i, ok := column[name]; ok && i < len(record) {
				return strings.TrimSpace(record[i])
			}
			return ""
		}
		l := seen.readBlock(cell)
		l.Line = line
		if l.Fault == "" && !l.Known {
			seen.Blocks = append(seen.Blocks, l.Block)
		}
		out = append(out, l)
	}
}

func (p *Policy) readBlock(cell func(string) string) (l BlockLine) {
	var err error
	if l.Block.Kind, err = numbering.ParseKind(cell("kind")); err != nil {
		l.Fault = "The kind is individual or company."
		return l
	}
	l.Block.Country, l.Block.Prefix, l.Block.Note = strings.ToUpper(cell("country")), cell("prefix"), cell("note")
	if l.Block.Length, err = strconv.Atoi(cell("length")); err != nil {
		l.Fault = "The length is how many digits its numbers have, for example 7."
		return l
	}
	if cell("setup") != "" || cell("yearly") != "" {
		l.Price = &PriceRule{}
		var bad error
		if l.Price.Setup, bad = money.ReadMicros(cell("setup")); bad == nil {
			l.Price.Yearly, bad = money.ReadMicros(cell("yearly"))
		}
		if bad != nil || l.Price.Setup > mostPrice || l.Price.Yearly > mostPrice {
			l.Fault = "Prices are amounts like 5.00 or 5,00, with thousands not set apart."
			return l
		}
	}
	for _, x := range p.Blocks {
		if x.Kind == l.Block.Kind && x.Country == l.Block.Country && x.Prefix == l.Block.Prefix && x.Length == l.Block.Length {
			l.Known = true
			return l
		}
	}
	if err := p.checkNew(&l.Block); err != nil {
		l.Fault = fault.ReasonOf(err).Text
		if fields := fault.FieldsOf(err); len(fields) > 0 {
			l.Fault = fields[0].Text
		}
	}
	return l
}
