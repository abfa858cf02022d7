package lab

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/routing"
)

const talks = 7 // seconds of a call in which both sides are heard

// partner is a carrier whose gateway is a Kamailio.
func partner(at netip.AddrPort) carrier.Carrier {
	c := carrierAt("partner", "KR", at)
	t := &c.Trunks[0]
	t.From, t.Ping, t.User, t.Password, t.Realm = nil, true, "callisto", "pwcallisto", "partner.example"
	return c
}

// phone is one of our members' telephones, which answers.
func (n *Network) phone(t *testing.T, m Member, hz int) *Softphone {
	t.Helper()
	p := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: hz, Seconds: talks + 6}.Start(t)
	p.Wait("200 OK", 5*time.Second)
	return p
}

// dials has a member's telephone call a number, until it ends by itself.
func (n *Network) dials(t *testing.T, m Member, hz int, number string) *Softphone {
	t.Helper()
	p := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: hz, Seconds: talks, Dial: number}.Start(t)
	p.Wait("Call established", 6*time.Second)
	return p
}

// user is a telephone of the other company's.
func user(t *testing.T, at netip.AddrPort, name string, hz, seconds int, dials string) *Softphone {
	t.Helper()
	return Baresip{User: name, Password: "pw" + name, Server: at.String(), Hz: hz, Seconds: seconds, Dial: dials}.user(t)
}

// user starts one that is not ours.
func (b Baresip) user(t *testing.T) *Softphone {
	t.Helper()
	p := b.Start(t)
	if b.Dial == "" {
		p.Wait("200 OK", 5*time.Second)
	} else {
		p.Wait("Call established", 8*time.Second)
	}
	return p
}

// hear ends a call and has both sides have heard each other.
func hear(t *testing.T, caller *Softphone, callerHz int, called *Softphone, calledHz int) {
	t.Helper()
	caller.Finish(20 * time.Second)
	called.Finish(20 * time.Second)
	expectTone(t, "caller", caller, calledHz)
	expectTone(t, "called", called, callerHz)
}

func (n *Network) up(t *testing.T, c carrier.Carrier) {
	t.Helper()
	n.awaitState(t, c.Trunks[0].ID, func(s carrier.State) bool { return s.Health == carrier.Up })
}

// TestAnOrdinaryTelephoneBehindKamailio: Kamailio as the gateway of a carrier
// asks who we are and hands the call on; both hear each other.
func TestAnOrdinaryTelephoneBehindKamailio(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	telephone := FreePort(t, loopback())
	called := Baresip{User: "gateway", Gateway: telephone, Hz: 1200, Seconds: talks + 4}.Start(t)
	_, at := Kamailio{Gateway: telephone, Callisto: n.Addr("KR").String(), Realm: n.Realm}.Start(t)
	c := partner(at)
	n.Carriers(c)
	n.up(t, c)
	caller := n.dials(t, n.Member("Minji", "KR", "82", "25551234"), 500, "025554321")
	hear(t, caller, 500, called, 1200)
	if r := n.Records.Wait(t, 1)[0]; !r.Answered() || r.Carrier != "partner" || r.Cause != cdr.Normal {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestAnotherCompanysNumbers: a member calls a number of another VoIP company by
// its prefix, and one of its users calls the member's world number, for which
// that company proves itself by digest.
func TestAnotherCompanysNumbers(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	_, at := Kamailio{Callisto: n.Addr("KR").String(), Realm: n.Realm}.Start(t)
	c := partner(at)
	c.Kind, c.Prefix, c.Reach, c.In = carrier.Partner, "8810", []string{"82"}, carrier.Writing{Format: carrier.World}
	c.InCaller = carrier.Writing{Format: carrier.National} // its users' numbers are nobody's telephone
	c.Trunks[0].InUser, c.Trunks[0].InPassword = "kamailio", "long-enough-to-call"
	n.Carriers(c)
	n.up(t, c)
	m := n.Member("Minji", "KR", "82", "25551234")

	theirs := user(t, at, "4711", 1200, talks+6, "")
	ours := n.dials(t, m, 500, "88104711")
	hear(t, ours, 500, theirs, 1200)

	ours = n.phone(t, m, 700)
	theirs = user(t, at, "4712", 1500, talks, "92555123482")
	hear(t, theirs, 1500, ours, 700)

	got := n.Records.Wait(t, 2)
	if r := got[0]; !r.Answered() || r.Side != cdr.Origin || r.Carrier != "partner" {
		t.Errorf("out: %+v", r)
	}
	if r := got[1]; !r.Answered() || r.Side != cdr.Entry || r.Carrier != "partner" || r.From.Text != "4712" || r.To.Account != "acc_"+m.Number.Canonical() {
		t.Errorf("in: %+v", r)
	}
	n.settled(t)
}

// TestACallOverOurRegistration: we register at Kamailio, with a shorter time than
// it takes; a call to the telephone number that goes with it rings at a member.
func TestACallOverOurRegistration(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	_, at := Kamailio{Callisto: n.Addr("KR").String(), Realm: n.Realm}.Start(t)
	c := partner(at)
	c.ID, c.In = "seoul", carrier.Writing{Format: carrier.National}
	c.Trunks[0].Register, c.Trunks[0].Ping = true, false
	m := n.Member("Minji", "KR", "82", "25551234")
	n.Change(func(x *routing.Tables) { x.Lines = did{"8225550111": m.Number} })
	n.Carriers(c)
	s := n.awaitState(t, c.Trunks[0].ID, func(s carrier.State) bool { return !s.Registered.IsZero() })
	if s.Health != carrier.Up || s.Registry.Code != carrier.Registered || time.Until(s.Registered) < 50*time.Second {
		t.Errorf("%+v", s)
	}
	l := StartLinphone(t, n.Addr("KR").Addr(), LinphoneAccount(m, n.Addr("KR")))
	l.Until("status register", "registered, identity")
	l.Do("autoanswer enable")
	l.Do("soundcard use files")
	theirs := user(t, at, "4711", 1200, talks+4, "025550111")
	l.Do("play %s", filepath.Join(l.dir, "tone.wav"))
	theirs.Finish(20 * time.Second)
	expectTone(t, "caller", theirs, 900)
	if r := n.Records.Wait(t, 1)[0]; !r.Answered() || r.Side != cdr.Entry || r.Carrier != "seoul" || r.To.Account != "acc_"+m.Number.Canonical() {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestACompanyProvedByItsCertificate: calls both ways over TLS; Kamailio proves
// itself by the name in its certificate, and without one it may not call.
func TestACompanyProvedByItsCertificate(t *testing.T) {
	for name, who := range map[string]string{"named": "gw.partner.example", "another name": "gw.stranger.example"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			cert, err := n.CA.Certificate("sip:"+who, who, "127.0.0.1")
			if err != nil {
				t.Fatal(err)
			}
			at, plain := Kamailio{Callisto: n.TLSAddr("KR").String() + ";transport=tls", Realm: "nobody", TLS: &cert, CAFile: n.CAFile}.Start(t)
			c := partner(at)
			c.Kind, c.Prefix, c.Reach, c.In = carrier.Partner, "8810", []string{"82"}, carrier.Writing{Format: carrier.World}
			c.Trunks[0].Transport, c.Trunks[0].InName = carrier.TLS, "gw.partner.example"
			n.Carriers(c)
			n.up(t, c)
			m := n.Member("Minji", "KR", "82", "25551234")
			if name != "named" {
				p := Baresip{User: "4711", Password: "pw4711", Server: plain.String(), Hz: 500, Seconds: 5, Dial: "92555123482"}.Start(t)
				p.Wait("40", 4*time.Second) // 401: it has to prove itself as a telephone would
				n.settled(t)
				return
			}
			theirs := user(t, plain, "4711", 1200, talks+6, "")
			hear(t, n.dials(t, m, 500, "88104711"), 500, theirs, 1200)
			ours := n.phone(t, m, 700)
			hear(t, user(t, plain, "4712", 1500, talks, "92555123482"), 1500, ours, 700)
			for _, r := range n.Records.Wait(t, 2) {
				if !r.Answered() || r.Carrier != "partner" {
					t.Errorf("%+v", r)
				}
			}
			n.settled(t)
		})
	}
}
