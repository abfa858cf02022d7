package statement

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/callisto-tel/callisto/business/money"
)

// camt is what we read of a CAMT.053 document, in every version of it since
// 053.001.02: names are the same, their space differs.
type camt struct {
	XMLName    xml.Name        `xml:"Document"`
	Statements []camtStatement `xml:"BkToCstmrStmt>Stmt"`
}

type camtStatement struct {
	ID      string      `xml:"Id"`
	IBAN    string      `xml:"Acct>Id>IBAN"`
	Entries []camtEntry `xml:"Ntry"`
}

type camtAmount struct {
	Value    string `xml:",chardata"`
	Currency string `xml:"Ccy,attr"`
}

type camtEntry struct {
	Ref      string     `xml:"NtryRef"`
	Amount   camtAmount `xml:"Amt"`
	Side     string     `xml:"CdtDbtInd"`
	Reversal string     `xml:"RvslInd"`
	Status   struct {
		Text string `xml:",chardata"` // up to version 03
		Code string `xml:"Cd"`
	} `xml:"Sts"`
	Booked struct {
		Date string `xml:"Dt"`
		Time string `xml:"DtTm"`
	} `xml:"BookgDt"`
	Servicer string   `xml:"AcctSvcrRef"`
	Details  []camtTx `xml:"NtryDtls>TxDtls"`
	Info     string   `xml:"AddtlNtryInf"`
}

type camtTx struct {
	Servicer   string     `xml:"Refs>AcctSvcrRef"`
	EndToEnd   string     `xml:"Refs>EndToEndId"`
	TxID       string     `xml:"Refs>TxId"`
	Amount     camtAmount `xml:"Amt"`               // from version 04
	TxAmount   camtAmount `xml:"AmtDtls>TxAmt>Amt"` // before
	Debtor     string     `xml:"RltdPties>Dbtr>Nm"`
	DebtorPty  string     `xml:"RltdPties>Dbtr>Pty>Nm"` // from version 08
	DebtorIBAN string     `xml:"RltdPties>DbtrAcct>Id>IBAN"`
	Free       []string   `xml:"RmtInf>Ustrd"`
	Structured []string   `xml:"RmtInf>Strd>CdtrRefInf>Ref"`
	Info       string     `xml:"AddtlTxInf"`
}

// readCAMT reads the entries. An entry that stands for several payments (a
// batch) gives a line for each.
func readCAMT(text []byte) (lines []Line, account string, faults []Fault) {
	var doc camt
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.CharsetReader = charset
	if err := dec.Decode(&doc); err != nil {
		row, _ := dec.InputPos()
		if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
			return nil, "", []Fault{{syntax.Line, "This is no valid XML: " + syntax.Msg + "."}}
		}
		return nil, "", []Fault{{row, "This is no CAMT.053 statement: " + shown(err.Error()) + "."}}
	}
	if len(doc.Statements) == 0 || !strings.Contains(doc.XMLName.Space, "camt.053") {
		return nil, "", []Fault{{0, "This is XML, but no CAMT.053 statement. Ask the bank for camt.053, or use CSV."}}
	}
	row := 0
	for _, s := range doc.Statements {
		if iban := strings.ReplaceAll(s.IBAN, " ", ""); account == "" {
			account = iban
		} else if iban != account {
			return nil, "", []Fault{{0, "The statement is of several accounts. Import each by itself."}}
		}
		for _, e := range s.Entries {
			row++
			got, err := camtLines(e)
			if err != nil {
				faults = append(faults, Fault{row, "Entry " + shown(e.Ref+e.Servicer) + ": " + err.Error() + "."})
				continue
			}
			for _, x := range got {
				x.Row = row
				lines = append(lines, x)
			}
		}
	}
	return lines, account, sortFaults(faults)
}

func camtLines(e camtEntry) ([]Line, error) {
	base := Line{ID: clean(e.Servicer)}
	if base.ID == "" {
		base.ID = clean(e.Ref)
	}
	var err error
	if base.Date, err = date(strings.TrimSpace(e.Booked.Date + e.Booked.Time)); err != nil {
		return nil, fmt.Errorf("booking date: %w", err)
	}
	if base.Amount, err = camtMoney(e.Amount); err != nil {
		return nil, err
	}
	status := strings.TrimSpace(e.Status.Code + e.Status.Text)
	switch side := strings.TrimSpace(e.Side); {
	case side != "CRDT" && side != "DBIT":
		return nil, fmt.Errorf("“%s” is neither CRDT nor DBIT", shown(side))
	case status != "" && status != "BOOK":
		base.Skipped = "not booked"
	case side == "DBIT":
		base.Skipped = "outgoing"
	case base.Amount.Zero():
		base.Skipped = "empty"
	case strings.TrimSpace(e.Reversal) == "true" || strings.TrimSpace(e.Reversal) == "1":
		base.Skipped = "reversal"
	}
	if len(e.Details) == 0 {
		base.Text = clean(e.Info)
		return []Line{base}, nil
	}
	var out []Line
	for i, d := range e.Details {
		x := base
		x.Payer, x.IBAN = clean(d.Debtor+d.DebtorPty), clean(d.DebtorIBAN)
		x.Text = clean(strings.Join(append(append(d.Structured, d.Free...), d.EndToEnd, d.Info), " "))
		if len(e.Details) > 1 {
			own := d.Amount
			if own.Value == "" {
				own = d.TxAmount
			}
			if x.Amount, err = camtMoney(own); err != nil {
				return nil, fmt.Errorf("part %d of it: %w", i+1, err)
			}
			if x.Amount.Zero() {
				x.Skipped = "empty"
			}
			x.ID = clean(d.Servicer)
			if x.ID == "" && base.ID != "" {
				x.ID = fmt.Sprintf("%s/%d", base.ID, i+1)
			}
		} else if d.Servicer != "" {
			x.ID = clean(d.Servicer)
		}
		out = append(out, x)
	}
	return out, nil
}

func camtMoney(a camtAmount) (m money.Amount, err error) {
	c, err := currency(a.Currency)
	if err != nil {
		return m, err
	}
	if m, err = amount(a.Value, c); err == nil && m.Micros < 0 {
		err = errors.New("an amount is below zero")
	}
	return m, err
}

// charset reads the two encodings besides UTF-8 that banks still use.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1":
		text, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		out := make([]rune, len(text))
		for i, b := range text {
			out[i] = rune(b)
		}
		return strings.NewReader(string(out)), nil
	default:
		return nil, fmt.Errorf("the encoding %s is not known; use UTF-8", label)
	}
}
