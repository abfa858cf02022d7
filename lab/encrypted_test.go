package lab

import (
	"fmt"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
)

// TestEncryptedSound: a softphone that takes nothing but SRTP, over TLS, with one
// that has the same and with one that has not; at two centers.
func TestEncryptedSound(t *testing.T) {
	for name, x := range map[string]struct {
		transport string
		srtp      bool
	}{"to an encrypted one": {"tls", true}, "to a plain one": {"udp", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			caller, called := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "US", "1", "3125550142")
			b := Baresip{
				User: called.User, Password: called.Password, Server: n.server("US", x.transport), Transport: x.transport, CAFile: n.CAFile, SRTP: x.srtp, Hz: 1200, Seconds: 9,
			}.Start(t)
			b.Wait("200 OK", 5*time.Second)
			a := Baresip{
				User: caller.User, Password: caller.Password, Server: n.server("KR", "tls"), Transport: "tls", CAFile: n.CAFile, SRTP: true, Hz: 500, Seconds: 7,
				Dial: called.Number.Canonical(),
			}.Start(t)
			a.Wait("Call established", 6*time.Second)
			hear(t, a, 500, b, 1200)
		})
	}
}

// TestWhatATelephoneHasIsFoundOut: one over TLS that takes nothing but SRTP is called by
// one that has none, and the other way round, though nobody said so of either.
func TestWhatATelephoneHasIsFoundOut(t *testing.T) {
	for name, srtp := range map[string]bool{"it takes only SRTP": true, "it has none": false} {
		for _, abroad := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, abroad %t", name, abroad), func(t *testing.T) {
				t.Parallel()
				n := New(t, Options{})
				caller, called, at := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Jun Park", "KR", "82", "25550142"), "KR"
				if abroad {
					called, at = n.Member("Ada Rivera", "US", "1", "3125550142"), "US"
				}
				b := Baresip{User: called.User, Password: called.Password, Server: n.server(at, "tls"), Transport: "tls", CAFile: n.CAFile, SRTP: srtp, Hz: 1200, Seconds: 9}.Start(t)
				b.Wait("200 OK", 5*time.Second)
				a := Baresip{User: caller.User, Password: caller.Password, Server: n.server("KR", "tls"), Transport: "tls", CAFile: n.CAFile, SRTP: !srtp, Hz: 500, Seconds: 7, Dial: called.Number.Canonical()}.Start(t)
				a.Wait("Call established", 6*time.Second)
				hear(t, a, 500, b, 1200)
				for _, r := range n.Records.Wait(t, 1) {
					if !r.Answered() {
						t.Errorf("%+v", r)
					}
				}
			})
		}
	}
}

// TestAnAnnouncementIsEncrypted for a caller who takes nothing else.
func TestAnAnnouncementIsEncrypted(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	m := n.Member("Minji Kim", "KR", "82", "25551234")
	a := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "tls"), Transport: "tls", CAFile: n.CAFile, SRTP: true, Hz: 500, Seconds: 8, Dial: "119"}.Start(t)
	a.Wait("no emergency trunk in KR", 8*time.Second)
	a.Finish(15 * time.Second)
	if heard := a.Recorded(); heard < 2*time.Second {
		t.Errorf("the caller heard %s of the announcement", heard)
	}
	n.settled(t)
}

// TestACarrierWithEncryptedSound: over TLS to Kamailio, behind which is a softphone
// that takes nothing but SRTP; our member's has none. One behind it that has none
// is not talked to.
func TestACarrierWithEncryptedSound(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	const who = "gw.partner.example"
	cert, err := n.CA.Certificate("sip:"+who, who, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	at, plain := Kamailio{Callisto: n.TLSAddr("KR").String() + ";transport=tls", Realm: "nobody", TLS: &cert, CAFile: n.CAFile}.Start(t)
	c := partner(at)
	c.Kind, c.Prefix, c.Reach, c.In, c.SRTP = carrier.Partner, "8810", []string{"82"}, carrier.Writing{Format: carrier.World}, true
	c.Trunks[0].Transport, c.Trunks[0].InName = carrier.TLS, who
	n.Carriers(c)
	n.up(t, c)
	m := n.Member("Minji", "KR", "82", "25551234")
	encrypted := Baresip{User: "4711", Password: "pw4711", Server: plain.String(), Hz: 1200, Seconds: talks + 6, SRTP: true}.user(t)
	hear(t, n.dials(t, m, 500, "88104711"), 500, encrypted, 1200)
	ours := n.phone(t, m, 700)
	hear(t, Baresip{User: "4712", Password: "pw4712", Server: plain.String(), Hz: 1500, Seconds: talks, SRTP: true, Dial: "92555123482"}.user(t), 1500, ours, 700)
	for _, r := range n.Records.Wait(t, 2) {
		if !r.Answered() || r.Carrier != "partner" {
			t.Errorf("%+v", r)
		}
	}
	user(t, plain, "4713", 1200, 8, "")
	p := Baresip{User: m.User, Password: m.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 6, Dial: "88104713"}.Start(t)
	p.Wait("488", 5*time.Second)
	if r := n.Records.Wait(t, 3)[2]; r.Answered() || r.Cause != cdr.Media {
		t.Errorf("%+v", r)
	}
	n.settled(t)
}

// TestAKeyByInfoIsHeard: a caller tells a key by INFO, and sends no sound; the
// softphone behind a carrier hears it as a telephone event.
func TestAKeyByInfoIsHeard(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	at := FreePort(t, loopback())
	called := Baresip{User: "+8225554321", Gateway: at, Hz: 1200, Seconds: 8}.Start(t)
	awaitBound(t, at)
	c := carrierAt("seoul", "KR", at)
	c.DTMF = carrier.DTMFEvent
	n.Carriers(c)
	SIPp{
		Scenario: "caller-info.xml", Users: []Member{n.Member("Minji", "KR", "82", "25551234")}, Local: FreePort(t, loopback()), Remote: n.Addr("KR"), Calls: 1, Rate: 1,
		Extra: func(int) string { return "025554321" },
	}.Run(t)
	called.Wait("received event: '5'", 2*time.Second)
	n.settled(t)
}
