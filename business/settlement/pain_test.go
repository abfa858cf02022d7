package settlement

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
)

// TestPain001 holds the file for the bank against what the rulebook asks: order of
// elements, sums, characters, lengths.
func TestPain001(t *testing.T) {
	eur := func(cents int64) money.Amount { return money.Amount{Currency: "EUR", Micros: cents * 10_000} }
	bank := payment.BankAccount{Name: "Bank", IBAN: "DE89 3704 0044 0532 0130 00", BIC: "COBADEFFXXX", Holder: "Callisto Telefon GmbH & Söhne"}
	list := []Payout{
		{ID: "out_01kabc", Carrier: "berlin", Amount: eur(123456), Payee: Payee{Name: "Berlin Télécom 电", IBAN: "GB82WEST12345698765432", BIC: "WESTGB22"}, Reference: "INV 2026/11 <&>"},
		{ID: "out_02kabc", Carrier: "seoul", Amount: eur(5), Payee: Payee{Name: strings.Repeat("x", 70), IBAN: "DE89370400440532013000"}},
	}
	now := time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC) // a Friday
	got, err := Pain001(bank, list, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(got, new(struct{ XMLName xml.Name })); err != nil {
		t.Fatal(err)
	}
	text := string(got)
	at := 0
	for _, want := range []string{
		`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">`, "<GrpHdr>", "<MsgId>CALLISTO-20261127150000</MsgId>", "<CreDtTm>2026-11-27T15:00:00Z</CreDtTm>", "<NbOfTxs>2</NbOfTxs>", "<CtrlSum>1234.61</CtrlSum>",
		"<InitgPty>", "<Nm>Callisto Telefon GmbH + Soehne</Nm>", "<PmtInf>", "<PmtMtd>TRF</PmtMtd>", "<BtchBookg>false</BtchBookg>", "<NbOfTxs>2</NbOfTxs>", "<CtrlSum>1234.61</CtrlSum>", "<Cd>SEPA</Cd>", "<ReqdExctnDt>", "<Dt>2026-11-30</Dt>",
		"<Dbtr>", "<DbtrAcct>", "<IBAN>DE89370400440532013000</IBAN>", "<DbtrAgt>", "<BICFI>COBADEFFXXX</BICFI>", "<ChrgBr>SLEV</ChrgBr>", "<CdtTrfTxInf>", "<EndToEndId>OUT-01KABC</EndToEndId>", `<InstdAmt Ccy="EUR">1234.56</InstdAmt>`,
		"<BICFI>WESTGB22</BICFI>", "<Nm>Berlin Telecom .</Nm>", "<IBAN>GB82WEST12345698765432</IBAN>", "<Ustrd>INV 2026/11 .+.</Ustrd>", `<InstdAmt Ccy="EUR">0.05</InstdAmt>`, "<Ustrd>Settlement out.02kabc</Ustrd>",
	} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("%s is not there, or not in its place:\n%s", want, text)
		}
		at += i + len(want)
	}
	if strings.Count(text, "<CdtrAgt>") != 1 {
		t.Error("an agent without a BIC is written")
	}
	list[1].Amount.Currency = "USD"
	if _, err := Pain001(bank, list, now); err == nil {
		t.Error("dollars are paid by SEPA")
	}
}
