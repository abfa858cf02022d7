package statement

import (
	"fmt"
	"strings"
	"testing"
)

const camtText = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>S1</Id>
<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
<Ntry><Amt Ccy="USD">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>B-1</AcctSvcrRef>
 <NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Ann Lee</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>GB82WEST12345698765432</IBAN></Id></DbtrAcct></RltdPties>
 <RmtInf><Ustrd>RF22 8431</Ustrd><Ustrd>7896 6</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="USD">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-11-24T10:00:00+01:00</DtTm></BookgDt><AcctSvcrRef>B-2</AcctSvcrRef>
 <NtryDtls><TxDtls><Amt Ccy="USD">10.00</Amt><RmtInf><Strd><CdtrRefInf><Ref>RF22843178966</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
 <TxDtls><Amt Ccy="USD">20.00</Amt><Refs><AcctSvcrRef>B-2-b</AcctSvcrRef></Refs></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="USD">9.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt></Ntry>
<Ntry><Amt Ccy="USD">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt></Ntry>
<Ntry><Amt Ccy="USD">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>`

func show(lines []Line) string {
	var b strings.Builder
	for _, x := range lines {
		id := x.ID
		if strings.HasPrefix(id, "h") {
			id = "h"
		}
		fmt.Fprintf(&b, "%d %s %s %s %q %q %s\n", x.Row, id, x.Date.Format("2006-01-02"), x.Amount, x.Payer, x.Text, x.Skipped)
	}
	return b.String()
}

func TestCAMT(t *testing.T) {
	s, faults := Read([]byte(camtText))
	if len(faults) > 0 || s.Account != "DE89370400440532013000" {
		t.Fatal(s.Account, faults)
	}
	const want = `1 B-1 2026-11-24 5.00 USD "Ann Lee" "RF22 8431 7896 6 NOTPROVIDED" 
2 B-2/1 2026-11-24 10.00 USD "" "RF22843178966" 
2 B-2-b 2026-11-24 20.00 USD "" "" 
3 h 2026-11-25 9.00 USD "" "" outgoing
4 h 2026-11-25 9.00 USD "" "" not booked
5 h 2026-11-25 9.00 USD "" "" reversal
`
	if got := show(s.Lines); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	latin := strings.Replace(strings.Replace(camtText, "UTF-8", "ISO-8859-1", 1), "Ann Lee", "Zo\xeb", 1)
	if s, faults = Read([]byte(latin)); len(faults) > 0 || s.Lines[0].Payer != "Zoë" {
		t.Errorf("%v %v", s, faults)
	}
}

func TestCSV(t *testing.T) {
	for name, text := range map[string]string{
		"comma":     "date,amount,currency,payer,account,reference,id\n2026-11-24,5.00,USD,\"Lee, Ann\",GB82,RF22 8431 7896 6,B-1\n2026-11-25,-7.5,USD,,,,\n",
		"semicolon": "\xef\xbb\xbfBooking date;Name;Purpose;Amount;Currency;ID\r\n24.11.2026;Lee, Ann;RF22 8431 7896 6;5,00;usd;B-1\r\n25.11.2026;;;-7,50;USD;\r\n",
		"tab":       "id\tdate\tamount\tcurrency\treference\tpayer\nB-1\t20261124\t+5\tUSD\tRF22 8431 7896 6\tLee, Ann\n\t20261125\t-7.50\tUSD\t\t\n",
	} {
		s, faults := Read([]byte(text))
		const want = "2 B-1 2026-11-24 5.00 USD \"Lee, Ann\" \"RF22 8431 7896 6\" \n3 h 2026-11-25 -7.50 USD \"\" \"\" outgoing\n"
		if got := show(s.Lines); len(faults) > 0 || got != want {
			t.Errorf("%s: %v\ngot  %swant %s", name, faults, got, want)
		}
	}
}

// TestEqualLinesAreTold: two equal payments on a day are two, and reading the
// statement again finds the same two.
func TestEqualLinesAreTold(t *testing.T) {
	text := []byte("date,amount,currency,reference\n2026-11-24,5.00,USD,x\n2026-11-24,5.00,USD,x\n")
	a, _ := Read(text)
	b, _ := Read(text)
	if a.Lines[0].ID == a.Lines[1].ID || a.Lines[0].ID != b.Lines[0].ID || a.Lines[1].ID != b.Lines[1].ID {
		t.Errorf("%+v %+v", a, b)
	}
}

func TestEveryWrongLineIsNamed(t *testing.T) {
	head := "date,amount,currency,reference\n"
	for name, c := range map[string]struct {
		text  string
		row   int
		words string
	}{
		"empty":          {"  \n", 0, "empty"},
		"no header":      {"hello\n", 1, "missing"},
		"a picture":      {"\x89PNG\r\n\x1a\n\x00\x00", 0, "no bank statement"},
		"not UTF-8":      {head + "2026-11-24,5.00,USD,\xff\n", 0, "no bank statement"},
		"date":           {head + "2026-11-24,5.00,USD,x\n2026-13-01,5.00,USD,x\n", 3, "no date"},
		"amount":         {head + "2026-11-24,1.234.567,USD,x\n", 2, "no amount"},
		"cents":          {head + "2026-11-24,5.001,USD,x\n", 2, "more decimals"},
		"yen":            {head + "2026-11-24,5.50,JPY,x\n", 2, "more decimals"},
		"currency":       {head + "2026-11-24,5.00,dollars,x\n", 2, "no currency"},
		"columns":        {head + "2026-11-24,5.00,USD\n", 2, "3 columns"},
		"quote":          {head + "2026-11-24,5.00,USD,\"x\n", 2, "taken apart"},
		"too large":      {strings.Repeat("x", Most+1), 0, "2 MB"},
		"other XML":      {"<a><b/></a>", 1, "CAMT.053"},
		"cut XML":        {camtText[:len(camtText)-40], 16, "no valid XML"},
		"other camt":     {strings.ReplaceAll(camtText, "camt.053", "camt.052"), 0, "no CAMT.053"},
		"XML amount":     {strings.Replace(camtText, ">20.00<", ">20,0x<", 1), 2, "part 2"},
		"XML date":       {strings.Replace(camtText, "<Dt>2026-11-24</Dt>", "", 1), 1, "booking date"},
		"XML side":       {strings.Replace(camtText, "DBIT", "XXXX", 1), 3, "neither CRDT nor DBIT"},
		"another entity": {strings.Replace(camtText, "<Document", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><Document", 1) + "&e;", 0, ""},
	} {
		s, faults := Read([]byte(c.text))
		if name == "another entity" { // read, or refused, but never opened
			if strings.Contains(fmt.Sprint(s), "root:") {
				t.Error("a file of ours was read")
			}
			continue
		}
		if len(faults) == 0 || len(s.Lines) > 0 || faults[0].Row != c.row && name != "cut XML" || !strings.Contains(faults[0].Text, c.words) {
			t.Errorf("%s: %v %v", name, s.Lines, faults)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(camtText))
	f.Add([]byte("date,amount,currency,reference\n2026-11-24,5.00,USD,x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, faults := Read(text)
		if len(faults) > 0 && len(s.Lines) > 0 {
			t.Error("lines of a faulty statement")
		}
		seen := map[string]bool{}
		for _, x := range s.Lines {
			if x.Skipped == "" && x.Amount.Micros <= 0 {
				t.Errorf("%+v", x)
			}
			if strings.HasPrefix(x.ID, "h") && len(x.ID) == 25 && seen[x.ID] {
				t.Errorf("twice: %+v", x)
			}
			seen[x.ID] = true
		}
	})
}
