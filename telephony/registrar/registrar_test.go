package registrar

import (
	"crypto/md5"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/terminal"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// desk hands every request to the registrar.
type desk struct{ r *Registrar }

func (d desk) Request(in *sip.Incoming)   { d.r.Register(in, "KR") }
func (desk) Event(*sip.Dialog, sip.Event) {}
func (desk) Timer(*sip.UserTimer)         {}
func (desk) Urgent(*sip.Msg) bool         { return false }
func sum(s string) string                 { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
func ap(s string) netip.AddrPort          { return netip.MustParseAddrPort(s) }
func match(re, s string) string {
	return append(regexp.MustCompile(re).FindStringSubmatch(s), "", "")[1]
}
func status(answer string) (string, string) { return answer[8:11], answer }

// A phone without +sip.instance that restarts on another port each time is let
// in: what it refreshed longest ago goes.
func TestAPhoneThatRestartsIsNotLockedOut(t *testing.T) {
	sim := sip.NewSim(1)
	us, phone := ap("192.0.2.99:5060"), ap("192.0.2.1:40000")
	users, table := member.NewDirectory(), location.NewTable()
	h := sip.NewHA1("u", "r", "pw")
	users.Apply(member.Credential{SIPUser: "u", Device: "dev_1", MD5: h.MD5, SHA256: h.SHA256})
	start := time.Unix(1_800_000_000, 0)
	now := func() time.Time { return start.Add(time.Duration(sim.Now())) }
	d := desk{New(Config{Realm: "r", Credentials: users, Bindings: table, Now: now, Contacts: 3})}
	if _, err := sim.Core(sip.Config{Handler: func(*sip.Shard) sip.Handler { return d }}, map[netip.AddrPort]string{us: "KR"}); err != nil {
		t.Fatal(err)
	}
	last := ""
	sim.Peer(phone, func(_ netip.AddrPort, b []byte) { last = string(b) })
	seq := 0
	ask := func(contacts, proof string) string {
		seq++
		last = ""
		sim.Send(phone, us, fmt.Appendf(nil, "REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:40000;rport;branch=z9hG4bK%d\r\nFrom: <sip:u@r>;tag=1\r\nTo: <sip:u@r>\r\nCall-ID: c\r\nCSeq: %d REGISTER\r\n%s%sContent-Length: 0\r\n\r\n",
			seq, seq, contacts, proof))
		sim.Run(sip.Second)
		return last
	}
	register := func(contacts ...string) (code string, kept []string) {
		header := "Contact: " + strings.Join(contacts, ", ") + "\r\n"
		nonce := match(`nonce="([^"]+)"`, ask(header, ""))
		proof := fmt.Sprintf("Authorization: Digest username=\"u\", realm=\"r\", nonce=\"%s\", uri=\"sip:r\", response=\"%s\"\r\n", nonce, sum(sum("u:r:pw")+":"+nonce+":"+sum("REGISTER:sip:r")))
		code, answer := status(ask(header, proof))
		for _, c := range regexp.MustCompile(`Contact: <sip:u@h:(\d+)>`).FindAllStringSubmatch(answer, -1) {
			kept = append(kept, c[1])
		}
		slices.Sort(kept)
		return code, kept
	}
	at := func(port int) string { return fmt.Sprintf("<sip:u@h:%d>", port) }
	for i, x := range []struct {
		contacts []string
		code     string
		kept     string
	}{
		{[]string{at(1)}, "200", "[1]"},
		{[]string{at(2)}, "200", "[1 2]"},
		{[]string{at(3)}, "200", "[1 2 3]"},
		{[]string{at(1)}, "200", "[1 2 3]"}, // refreshed: now 2 is the oldest
		{[]string{at(4)}, "200", "[1 3 4]"},
		{[]string{at(3), at(5)}, "200", "[3 4 5]"}, // what is named stays
		{[]string{at(6), at(7), at(8)}, "200", "[6 7 8]"},
		{[]string{at(1), at(2), at(3), at(4)}, "403", "[]"},
		{[]string{at(6) + ";expires=0"}, "200", "[7 8]"},
	} {
		if code, kept := register(x.contacts...); code != x.code || fmt.Sprint(kept) != x.kept {
			t.Errorf("%d: %v: %s %v, want %s %s", i, x.contacts, code, kept, x.code, x.kept)
		}
	}
}

// TestABrowserHasNoPassword: not even the right digest opens a device that is
// opened by passes, and a pass is taken over WebSocket only.
func TestABrowserHasNoPassword(t *testing.T) {
	sim := sip.NewSim(1)
	us, phone := ap("192.0.2.99:5060"), ap("192.0.2.1:40000")
	users := member.NewDirectory()
	h := sip.NewHA1("u", "r", "pw")
	users.Apply(member.Credential{SIPUser: "u", Device: "dev_1", Kind: member.Browser, MD5: h.MD5, SHA256: h.SHA256})
	d := desk{New(Config{Realm: "r", Credentials: users, Passes: passes{}, Bindings: location.NewTable(), Now: time.Now})}
	if _, err := sim.Core(sip.Config{Handler: func(*sip.Shard) sip.Handler { return d }}, map[netip.AddrPort]string{us: "KR"}); err != nil {
		t.Fatal(err)
	}
	last := ""
	sim.Peer(phone, func(_ netip.AddrPort, b []byte) { last = string(b) })
	ask := func(seq int, proof string) string {
		sim.Send(phone, us, fmt.Appendf(nil, "REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:40000;rport;branch=z9hG4bK%d\r\nFrom: <sip:u@r>;tag=1\r\nTo: <sip:u@r>\r\nCall-ID: c\r\nCSeq: %d REGISTER\r\nContact: <sip:u@h:1>\r\n%sContent-Length: 0\r\n\r\n", seq, seq, proof))
		sim.Run(sip.Second)
		return last
	}
	nonce := match(`nonce="([^"]+)"`, ask(1, ""))
	if code, answer := status(ask(2, fmt.Sprintf("Authorization: Digest username=\"u\", realm=\"r\", nonce=\"%s\", uri=\"sip:r\", response=\"%s\"\r\n", nonce, sum(sum("u:r:pw")+":"+nonce+":"+sum("REGISTER:sip:r"))))); code != "403" {
		t.Errorf("its digest opens it: %s", answer)
	}
	if code, answer := status(ask(3, "Authorization: Bearer pass\r\n")); code != "403" || !strings.Contains(answer, "WebSocket") {
		t.Errorf("a pass over UDP: %s", answer)
	}
}

// passes open the browser of u.
type passes struct{}

func (passes) Open([]byte) (terminal.Pass, bool) { return terminal.Pass{SIPUser: "u"}, true }

// TestASessionEndsWhileItRegisters: what is registered with a pass that opens no more
// when that is done, does not stay.
func TestASessionEndsWhileItRegisters(t *testing.T) {
	for opens, kept := range map[int]int{1: 0, 2: 1} {
		sim := sip.NewSim(1)
		us, phone := ap("192.0.2.99:5060"), ap("192.0.2.1:40000")
		users, table := member.NewDirectory(), location.NewTable()
		users.Apply(member.Credential{SIPUser: "u", Device: "dev_1", Kind: member.Browser})
		d := desk{New(Config{Realm: "r", Credentials: users, Passes: &ending{opens}, Bindings: table, Now: time.Now})}
		core, err := sim.Core(sip.Config{Handler: func(*sip.Shard) sip.Handler { return d }}, map[netip.AddrPort]string{us: "KR"})
		if err != nil {
			t.Fatal(err)
		}
		core.Shards()[0].Packet(sip.Flow{Listener: core.Socketless("KR", sip.WS, us), Remote: phone}, []byte("REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK1\r\n"+
			"From: <sip:u@r>;tag=1\r\nTo: <sip:u@r>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nAuthorization: Bearer pass\r\nContact: <sip:u@x.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"))
		list := table.ByDevice(nil, "dev_1", time.Now())
		if len(list) != kept || kept > 0 && list[0].Session != "ses_1" {
			t.Errorf("a pass that opens %d times leaves %+v", opens, list)
		}
	}
}

// ending is a session whose pass opens so many times.
type ending struct{ opens int }

func (e *ending) Open([]byte) (terminal.Pass, bool) {
	e.opens--
	return terminal.Pass{SIPUser: "u", Session: "ses_1"}, e.opens >= 0
}
