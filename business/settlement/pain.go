package settlement

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/payment"
)

// Pain001 writes payouts in euros as a customer credit transfer initiation of ISO
// 20022, pain.001.001.09, as the SEPA rulebook has it: one debtor account, each
// payout an instruction under its own id, to be executed on the next banking day.
func Pain001(from payment.BankAccount, list []Payout, now time.Time) ([]byte, error) {
	type amount struct {
		Currency string `xml:"Ccy,attr"`
		Value    string `xml:",chardata"`
	}
	type agent struct {
		BIC   string `xml:"FinInstnId>BICFI,omitempty"`
		Other string `xml:"FinInstnId>Othr>Id,omitempty"`
	}
	type transfer struct {
		Instruction string `xml:"PmtId>InstrId"`
		EndToEnd    string `xml:"PmtId>EndToEndId"`
		Amount      amount `xml:"Amt>InstdAmt"`
		Agent       *agent `xml:"CdtrAgt"`
		Name        string `xml:"Cdtr>Nm"`
		IBAN        string `xml:"CdtrAcct>Id>IBAN"`
		Text        string `xml:"RmtInf>Ustrd"`
	}
	type block struct {
		ID        string     `xml:"PmtInfId"`
		Method    string     `xml:"PmtMtd"`
		Batch     bool       `xml:"BtchBookg"`
		Count     int        `xml:"NbOfTxs"`
		Sum       string     `xml:"CtrlSum"`
		Level     string     `xml:"PmtTpInf>SvcLvl>Cd"`
		Day       string     `xml:"ReqdExctnDt>Dt"`
		Debtor    string     `xml:"Dbtr>Nm"`
		IBAN      string     `xml:"DbtrAcct>Id>IBAN"`
		Agent     agent      `xml:"DbtrAgt"`
		Charges   string     `xml:"ChrgBr"`
		Transfers []transfer `xml:"CdtTrfTxInf"`
	}
	type document struct {
		XMLName xml.Name `xml:"Document"`
		Space   string   `xml:"xmlns,attr"`
		ID      string   `xml:"CstmrCdtTrfInitn>GrpHdr>MsgId"`
		Created string   `xml:"CstmrCdtTrfInitn>GrpHdr>CreDtTm"`
		Count   int      `xml:"CstmrCdtTrfInitn>GrpHdr>NbOfTxs"`
		Sum     string   `xml:"CstmrCdtTrfInitn>GrpHdr>CtrlSum"`
		Party   string   `xml:"CstmrCdtTrfInitn>GrpHdr>InitgPty>Nm"`
		Block   block    `xml:"CstmrCdtTrfInitn>PmtInf"`
	}
	id := "CALLISTO-" + now.UTC().Format("20060102150405")
	own := agent{BIC: from.BIC}
	if own.BIC == "" {
		own.Other = "NOTPROVIDED"
	}
	d := document{
		Space: "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", ID: id, Created: now.UTC().Format("2006-01-02T15:04:05Z"), Count: len(list), Party: latin(from.Holder, 70),
		Block: block{ID: id, Method: "TRF", Batch: false, Count: len(list), Level: "SEPA", Day: payment.BankingDays(now, 1).Format(time.DateOnly), Debtor: latin(from.Holder, 70),
			IBAN: plainIBAN(from.IBAN), Agent: own, Charges: "SLEV"},
	}
	sum := int64(0)
	for _, p := range list {
		cents, err := p.Amount.Minor()
		if err != nil || p.Amount.Currency != "EUR" {
			return nil, fmt.Errorf("the payout %s of %s cannot be paid by a SEPA transfer", p.ID, p.Amount)
		}
		sum += cents
		x := transfer{Instruction: endToEnd(p.ID), EndToEnd: endToEnd(p.ID), Amount: amount{"EUR", euros(cents)}, Name: latin(p.Payee.Name, 70), IBAN: plainIBAN(p.Payee.IBAN), Text: latin(paymentWhat(p), 140)}
		if p.Payee.BIC != "" {
			x.Agent = &agent{BIC: p.Payee.BIC}
		}
		d.Block.Transfers = append(d.Block.Transfers, x)
	}
	d.Sum, d.Block.Sum = euros(sum), euros(sum)
	body, err := xml.MarshalIndent(d, "", "  ")
	return append([]byte(xml.Header), append(body, '\n')...), err
}

func plainIBAN(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

func euros(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// endToEnd is an id of at most 35 letters that banks pass on.
func endToEnd(id string) string {
	id = strings.ToUpper(strings.ReplaceAll(id, "_", "-"))
	return id[:min(35, len(id))]
}

// latin keeps what every bank of SEPA takes: the letters of EPC217-08, others as
// the nearest or a point.
func latin(s string, most int) string {
	near := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss", "é", "e", "è", "e", "ê", "e", "á", "a", "à", "a", "â", "a", "ç", "c", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "í", "i", "ú", "u", "&", "+")
	var b strings.Builder
	for _, r := range near.Replace(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("/-?:().,'+ ", r):
			b.WriteRune(r)
		default:
			b.WriteByte('.')
		}
	}
	out := b.String()
	return strings.TrimSpace(out[:min(most, len(out))])
}
