package lab

import (
	"regexp"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Ways to a telephone: several flows (RFC 5626), by proxies (RFC 3327), to one
// instance (RFC 5627), and those who are woken first (RFC 8599).

const bobsInstance = `;+sip.instance='<urn:uuid:00000000-0000-1000-8000-000A95A0E128>'`

// twoFlows registers bob twice, the second way later, from port 6000.
func twoFlows(t *testing.T, country string) *stage {
	s := newStage(t, country)
	s.Also("bob", addrPort("203.0.113.2:6000"))
	s.Play(`
		bob   -> REGISTER "Contact: *" "Expires: 0"
		bob   <- 200 REGISTER "-Contact"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060;ob>;reg-id=1` + bobsInstance + `" "Supported: path, outbound"
		bob   <- 200 REGISTER "Contact: ;reg-id=1" "Require: outbound" "Flow-Timer: 25" "Supported: outbound, path, gruu"
		wait 2s
		bob   -> REGISTER from=203.0.113.2:6000 "Contact: <sip:bob@203.0.113.2:6000;ob>;reg-id=2` + bobsInstance + `" "Supported: path, outbound"
		bob   <- 200 REGISTER "Contact: ;reg-id=1" "Contact: ;reg-id=2"
		`)
	return s
}

// RFC 5626 §5.3: a telephone with two flows rings once, by the one it used last.
// When that is dead the other is tried; when the telephone has said no, it is not.
func TestATelephoneWithTwoFlowsRingsOnce(t *testing.T) {
	for _, country := range []string{"KR", "US"} {
		t.Run(country, func(t *testing.T) {
			s := twoFlows(t, country)
			s.Play(`
				alice -> INVITE bob sdp
				bob   <- INVITE "First line: sip:bob@203.0.113.2:6000"
				bob   -> 480 INVITE
				bob   <- ACK
				bob   <- INVITE "First line: sip:bob@203.0.113.2:5060" within=1s
				bob   -> 430 INVITE
				bob   <- ACK
				alice <- 480 INVITE within=1s
				alice -> ACK
				silence 5s
				alice -> INVITE bob sdp
				bob   <- INVITE "First line: sip:bob@203.0.113.2:6000"
				bob   -> 603 INVITE
				bob   <- ACK
				alice <- 603 INVITE within=1s
				alice -> ACK
				silence 5s
				bob   -> REGISTER from=203.0.113.2:6000 "Contact: <sip:bob@203.0.113.2:6000;ob>;reg-id=2;expires=0` + bobsInstance + `" "Supported: path, outbound"
				bob   <- 200 REGISTER "Contact: ;reg-id=1"
				alice -> INVITE bob sdp
				bob   <- INVITE "First line: sip:bob@203.0.113.2:5060"
				bob   -> 486 INVITE
				bob   <- ACK
				alice <- 486 INVITE
				alice -> ACK
				`)
			s.leavesNothing(t)
		})
	}
}

// RFC 5626 §6: without the instance, or without saying that it can, a reg-id is no
// flow; behind a proxy that takes no part in it, the telephone is told so.
func TestWhatIsNoFlow(t *testing.T) {
	within(t, "KR", `
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060>;reg-id=1" "Supported: path, outbound"
		bob   <- 200 REGISTER "-Require" "-Flow-Timer"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060>;reg-id=1`+bobsInstance+`"
		bob   <- 200 REGISTER "-Require"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060>;reg-id=1`+bobsInstance+`" "Supported: path, outbound" "Via: SIP/2.0/UDP {bob.addr};rport;branch=z9hG4bKp1" "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKp2"
		bob   <- 439 REGISTER "First line: First Hop Lacks Outbound Support"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060>;reg-id=1`+bobsInstance+`" "Supported: path, outbound" "Via: SIP/2.0/UDP {bob.addr};rport;branch=z9hG4bKp3" "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKp4" "Path: <sip:203.0.113.2;lr;ob>"
		bob   <- 200 REGISTER "Require: outbound" "Path: <sip:203.0.113.2;lr;ob>"
		`)
}

// RFC 3327 §5.3: what the proxies on the way put in Path is the Route of a call,
// and it goes to the first of them; their addresses are nobody else's.
func TestACallGoesByTheProxies(t *testing.T) {
	s := newStage(t, "KR")
	s.Play(`
		bob   -> REGISTER "Contact: *" "Expires: 0"
		bob   <- 200 REGISTER
		bob   -> REGISTER "Contact: <sip:bob@10.0.0.7:5070>" "Supported: path" "Path: <sip:203.0.113.2;lr>, <sip:edge@10.0.0.1;lr;token=7>"
		bob   <- 200 REGISTER "Path: <sip:203.0.113.2;lr>" "Path: <sip:edge@10.0.0.1;lr;token=7>"
		alice -> INVITE bob sdp
		bob   <- INVITE "First line: sip:bob@10.0.0.7:5070" "Route: <sip:203.0.113.2;lr>, <sip:edge@10.0.0.1;lr;token=7>"
		bob   -> 486 INVITE
		bob   <- ACK "Route: <sip:203.0.113.2;lr>"
		alice <- 486 INVITE
		alice -> ACK
		bob   -> REGISTER "Contact: <sip:bob@10.0.0.7:5070>" "Path: <sip:203.0.113.2>"
		bob   <- 400 REGISTER
		bob   -> REGISTER "Contact: <sip:bob@10.0.0.7:5070>" "Path: nonsense"
		bob   <- 400 REGISTER
		`)
	s.leavesNothing(t)
}

// RFC 5627: the address of one instance rings that and no other, from either
// center; the temporary one does too, tells nobody whose it is, and ends with the
// registration.
func TestOneInstanceIsCalled(t *testing.T) {
	for _, country := range []string{"KR", "US"} {
		t.Run(country, func(t *testing.T) {
			s := newStage(t, country)
			s.Also("bob", addrPort("203.0.113.2:6000"))
			s.Play(`
				bob   -> REGISTER callid=one from=203.0.113.2:6000 "Contact: <sip:bob@203.0.113.2:6000>` + bobsInstance + `" "Supported: gruu"
				bob   <- 200 REGISTER "Contact: pub-gruu=" "Contact: temp-gruu="
				`)
			text := s.Last("bob", "200 REGISTER")
			number := s.Party("bob").Number
			public := regexp.MustCompile(`pub-gruu="(sip:[^"]+)"`).FindStringSubmatch(text)
			temp := regexp.MustCompile(`temp-gruu="(sip:[^"]+)"`).FindStringSubmatch(text)
			if public == nil || temp == nil || !strings.HasPrefix(public[1], "sip:"+number+"@") || !strings.HasSuffix(public[1], ";gr=urn:uuid:00000000-0000-1000-8000-000A95A0E128") ||
				strings.Contains(temp[1], number) || !strings.HasSuffix(temp[1], ";gr") {
				t.Fatalf("no GRUUs:\n%s", text)
			}
			here := s.Party("alice").Server.String()
			local := func(uri string) string { return regexp.MustCompile(`@[^;]+`).ReplaceAllString(uri, "@"+here) }
			rings := `
				alice -> INVITE sdp uri=%
				bob   <- INVITE "First line: sip:bob@203.0.113.2:6000"
				bob   -> 486 INVITE
				bob   <- ACK
				alice <- 486 INVITE
				alice -> ACK
				silence 2s`
			s.Play(strings.ReplaceAll(rings, "%", local(public[1])))
			s.Play(strings.ReplaceAll(rings, "%", local(temp[1])))
			hidden, _, _ := strings.Cut(strings.TrimPrefix(temp[1], "sip:"), "@")
			alice, _ := s.n.lab.Devices.Get(s.Party("alice").User)
			dialled := map[string]cdr.Record{}
			for _, r := range s.n.lab.Records.All() {
				if r.Side == cdr.Origin {
					dialled[r.Dialled] = r
				}
			}
			r := dialled[hidden]
			mine, all := cdr.View(&r, alice.Account), cdr.View(&r, "")
			if bob := dialled[number]; all.To == "" || all.To == hidden || all.To != cdr.View(&bob, alice.Account).To || mine.To != hidden || mine.Dialled != hidden || r.Called(alice.Account) != hidden {
				t.Errorf("the caller reads %q, dialled %q; the operator %q, dialled %q", mine.To, mine.Dialled, all.To, all.Dialled)
			}
			nobody := strings.ReplaceAll(`
				alice -> INVITE sdp uri=%
				alice <- 480 INVITE
				alice -> ACK
				silence 2s`, "%", local(strings.Replace(public[1], "000A95A0E128", "000A95A0E129", 1)))
			s.Play(nobody)
			forged := local(temp[1])
			i := strings.Index(forged, "tgruu.") + 20
			forged = forged[:i] + map[bool]string{true: "0", false: "1"}[forged[i] != '0'] + forged[i+1:]
			s.Play(strings.ReplaceAll(`
				alice -> INVITE sdp uri=%
				alice <- 404 INVITE
				alice -> ACK
				bob   -> REGISTER callid=two from=203.0.113.2:6000 "Contact: <sip:bob@203.0.113.2:6000>`+bobsInstance+`" "Supported: gruu"
				bob   <- 200 REGISTER
				`, "%", forged))
			s.Play(strings.ReplaceAll(`
				alice -> INVITE sdp uri=%
				alice <- 404 INVITE
				alice -> ACK
				silence 2s`, "%", local(temp[1])))
			s.leavesNothing(t)
		})
	}
}

const bobSleeps = `"Contact: <sip:bob@203.0.113.2:5060;pn-provider=webpush;pn-prid=https%3A%2F%2Fpush.example%2F1>;expires=900000` + bobsInstance + `"`

// sleeps registers bob's telephone as one that can be woken, and takes it away.
func sleeps(t *testing.T, country string) *stage {
	s := newStage(t, country)
	s.Also("bob", addrPort("203.0.113.2:6000"))
	s.Play(`
		bob   -> REGISTER "Contact: *" "Expires: 0"
		bob   <- 200 REGISTER
		bob   -> REGISTER ` + bobSleeps + `
		bob   <- 200 REGISTER "Contact: ;expires=900000" "Feature-Caps: *;+sip.pns='webpush';+sip.vapid='BLab'"
		bob leaves
		`)
	return s
}

// RFC 8599 §5.3: the call waits until the telephone that sleeps has been woken and
// has registered; it rings then, once, where it is now.
func TestASleepingTelephoneIsWoken(t *testing.T) {
	for _, country := range []string{"KR", "US"} {
		t.Run(country, func(t *testing.T) {
			s := sleeps(t, country)
			s.Play(`
				alice -> INVITE bob sdp
				alice <- 182 INVITE
				wait 3s
				bob   -> REGISTER from=203.0.113.2:6000 ` + strings.Replace(bobSleeps, ":5060", ":6000", 1) + `
				bob   <- 200 REGISTER
				bob   <- INVITE "First line: sip:bob@203.0.113.2:6000"
				bob   -> REGISTER from=203.0.113.2:6000 ` + strings.Replace(bobSleeps, ":5060", ":6000", 1) + `
				bob   <- 200 REGISTER                   // once more: it does not ring twice
				bob   -> 180 INVITE from=203.0.113.2:6000 "Contact: <sip:bob@203.0.113.2:6000>"
				alice <- 180 INVITE
				bob   -> 200 INVITE sdp from=203.0.113.2:6000 "Contact: <sip:bob@203.0.113.2:6000>"
				bob   <- ACK
				alice <- 200 INVITE
				alice -> ACK
				silence 5s
				alice -> BYE
				alice <- 200 BYE
				bob   <- BYE
				bob   -> 200 BYE
				`)
			device := s.n.wakes.woken
			if len(device) != 1 || !strings.HasSuffix(device[0], " for "+s.Party("alice").Number) {
				t.Errorf("woken: %q", device)
			}
			if r := s.n.wakes.rested; len(r) != 1 || !strings.HasSuffix(r[0], "answered=true") {
				t.Errorf("let sleep: %q", r)
			}
			s.leavesNothing(t)
		})
	}
}

// Nobody waits for ever: one that does not come, one that cannot be woken, one that
// comes and says no, and a caller who does not wait.
func TestWhoIsNotWoken(t *testing.T) {
	s := sleeps(t, "KR")
	s.Play(`
		alice -> INVITE bob sdp
		alice <- 182 INVITE
		alice <- 480 INVITE within=33s   // 20 s for it to come, and Timer B for where it was
		alice -> ACK
		`)
	s.n.wakes.deaf[s.n.lab.Bindings.ByNumber(nil, s.Party("bob").Number, s.n.wall)[0].DeviceID] = true
	s.Play(`
		alice -> INVITE bob sdp
		alice <- 182 INVITE
		alice <- 480 INVITE within=33s
		alice -> ACK
		`)
	clear(s.n.wakes.deaf)
	s.Play(`
		alice -> INVITE bob sdp
		alice <- 182 INVITE
		bob   -> REGISTER from=203.0.113.2:6000 ` + strings.Replace(bobSleeps, ":5060", ":6000", 1) + `
		bob   <- 200 REGISTER
		bob   <- INVITE
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE within=1s
		alice -> ACK
		alice -> INVITE bob sdp
		alice <- 182 INVITE
		bob   <- INVITE
		bob   -> 180 INVITE from=203.0.113.2:6000
		alice <- 180 INVITE
		alice -> CANCEL
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		bob   <- CANCEL
		bob   -> 200 CANCEL
		bob   -> 487 INVITE
		bob   <- ACK
		bob   -> REGISTER from=203.0.113.2:6000 ` + strings.Replace(bobSleeps, ":5060", ":6000", 1) + `
		bob   <- 200 REGISTER
		silence 5s
		`)
	if w := s.n.wakes; len(w.woken) != 3 || len(w.rested) != 3 || strings.Contains(strings.Join(w.rested, ""), "true") {
		t.Errorf("woken %q, let sleep %q", w.woken, w.rested)
	}
	s.leavesNothing(t)
}

// Who registers meanwhile and is somebody else, another telephone of the number, has
// not been woken.
func TestAnotherTelephoneIsNotWhoWasWoken(t *testing.T) {
	s := sleeps(t, "KR")
	s.Play(`
		alice -> INVITE bob sdp
		alice <- 182 INVITE
		bob   -> REGISTER callid=desk from=203.0.113.2:6000 "Contact: <sip:desk@203.0.113.2:6000>;+sip.instance='<urn:uuid:00000000-0000-1000-8000-000A95A0E129>'"
		bob   <- 200 REGISTER
		silence 2s
		alice -> CANCEL
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		`)
	s.leavesNothing(t)
}

// One whose push service knows it no more is not waited for.
func TestWhoCannotBeWokenAfterAll(t *testing.T) {
	s := sleeps(t, "US")
	s.Play(`
		bob   -> REGISTER from=203.0.113.2:6000 ` + strings.Replace(bobSleeps, ":5060", ":6000", 1) + `
		bob   <- 200 REGISTER
		alice -> INVITE bob sdp
		alice <- 182 INVITE
		bob   <- INVITE
		bob   -> 480 INVITE from=203.0.113.2:6000
		bob   <- ACK
		silence 1s`)
	s.n.wakes.vain()
	s.n.wakes.vain() // said twice, it is said once
	s.Play(`
		alice <- 480 INVITE within=1s
		alice -> ACK
		`)
	s.leavesNothing(t)
}

// pushExample is the only place where the lab's telephones may be woken.
func pushExample(service, id string) bool {
	return service == "webpush" && strings.HasPrefix(id, "https://push.example/")
}

// RFC 8599 §5.6.1.1: a service we cannot send by is refused, what is not enough to
// send by it too, and whoever asks is told by which we can. Who ends a registration
// is not asked how he is to be woken.
func TestWhichServicesWake(t *testing.T) {
	within(t, "KR", `
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060;pn-provider=apns;pn-prid=1>"
		bob   <- 555 REGISTER "Feature-Caps: +sip.pns='webpush'"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060;pn-provider=webpush;pn-prid=https%3A%2F%2F10.0.0.1%2F1>"
		bob   <- 555 REGISTER "Feature-Caps: +sip.pns='webpush'"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060;pn-provider=webpush>"
		bob   <- 555 REGISTER "Feature-Caps: +sip.pns='webpush'"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060;pn-provider=apns;pn-prid=1>;expires=0"
		bob   <- 200 REGISTER
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060;pn-provider=webpush;pn-prid=https%3A%2F%2Fpush.example%2F1>"
		bob   <- 200 REGISTER "Feature-Caps: +sip.pns='webpush'"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060;pn-provider>"
		bob   <- 200 REGISTER "Feature-Caps: +sip.pns='webpush'"
		alice -> REGISTER
		alice <- 200 REGISTER "-Feature-Caps"
		`)
}

// asleep is one terminal that nobody registered.
type asleep struct{ b location.Binding }

func (a asleep) Asleep(canonical string) (location.Binding, bool) {
	return a.b, a.b.Number == canonical
}

// Browsers that are closed: one device stands for all of them, and each that opens
// rings, with what rings already.
func TestWhoOpensABrowserIsRung(t *testing.T) {
	s := newStage(t, "KR")
	s.Also("carol", addrPort("203.0.113.3:6000"))
	carol := s.n.lab.Bindings.ByNumber(nil, s.Party("carol").Number, s.n.wall)[0]
	s.n.tables.Sleepers = asleep{location.Binding{ID: "browsers", Number: carol.Number, DeviceID: carol.DeviceID}}
	if _, err := numbering.ParseTyped(carol.Number); err != nil {
		t.Fatal(err)
	}
	s.Play(`
		alice -> INVITE carol sdp
		alice <- 182 INVITE
		carol <- INVITE
		carol -> 180 INVITE
		alice <- 180 INVITE
		wait 2s
		carol -> REGISTER "Contact: <sip:carol@203.0.113.3:6000>" from=203.0.113.3:6000
		carol <- 200 REGISTER
		carol <- INVITE "First line: sip:carol@203.0.113.3:6000"
		carol -> 486 INVITE
		carol <- ACK
		silence 5s
		alice -> CANCEL
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		carol forgets
		carol leaves
		`)
	if w := s.n.wakes; len(w.woken) != 1 || len(w.rested) != 1 {
		t.Errorf("woken %q, let sleep %q", w.woken, w.rested)
	}
	s.leavesNothing(t)
}

// A telephone that is set to be encrypted is offered that, and what it offers
// otherwise is refused in words; one set to be plain is left so.
func TestHowATelephonesSoundIsProtected(t *testing.T) {
	s := newStage(t, "KR")
	set := func(who string, sound member.Sound) {
		c, _ := s.n.lab.Devices.Get(s.Party(who).User)
		c.Sound = sound
		s.n.lab.Devices.Apply(c)
	}
	rings := func(body string) {
		t.Helper()
		s.Play(`
			alice -> INVITE bob sdp
			bob   <- INVITE "Content-Type: application/sdp"
			bob   -> 486 INVITE
			bob   <- ACK
			alice <- 486 INVITE
			alice -> ACK`)
		if text := s.Last("bob", "INVITE"); !regexp.MustCompile(body).MatchString(text) {
			t.Errorf("bob is not offered %s:\n%s", body, text)
		}
	}
	set("bob", member.SoundSRTP)
	rings(`m=audio \d+ RTP/SAVP [^\n]*(\n.*)*a=crypto:1 AEAD_AES_128_GCM inline:`)
	set("bob", member.SoundDTLS)
	rings(`m=audio \d+ UDP/TLS/RTP/SAVP [^\n]*(\n.*)*a=fingerprint:sha-256 `)
	if text := s.Last("bob", "INVITE"); strings.Contains(text, "a=ice-") || strings.Contains(text, "a=crypto") {
		t.Errorf("what is offered has ICE or keys in it:\n%s", text)
	}
	set("bob", member.SoundPlain)
	rings(`m=audio \d+ RTP/AVP `)
	for _, sound := range []member.Sound{member.SoundSRTP, member.SoundDTLS} {
		set("alice", sound)
		s.Play(`
			alice -> INVITE bob sdp
			alice <- 488 INVITE "Reason: This telephone is set to encrypt its sound"
			alice -> ACK
			silence 2s`)
	}
	set("alice", member.SoundAuto)
	rings(`RTP/AVP`)
	s.leavesNothing(t)
}

// Who is signed in at a telephone by its keypad is rung there as the telephone is
// set, not as his own is.
func TestALentTelephoneStaysProtected(t *testing.T) {
	s := newStage(t, "KR")
	host, _ := s.n.lab.Devices.Get(s.Party("bob").User)
	host.Sound = member.SoundSRTP
	s.n.lab.Devices.Apply(host)
	s.Play(`
		carol -> REGISTER "Contact: *" "Expires: 0"
		carol <- 200 REGISTER
		`)
	b := s.n.lab.Bindings.ByNumber(nil, s.Party("bob").Number, s.n.wall)[0]
	s.n.lab.Bindings.Put(b.As(s.Party("carol").Number, "mem_carol", "dev_card", s.Party("carol").User, false))
	s.Play(`
		alice -> INVITE carol sdp
		bob   <- INVITE "Content-Type: application/sdp"
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE
		alice -> ACK
		`)
	if text := s.Last("bob", "INVITE"); !strings.Contains(text, " RTP/SAVP ") || !strings.Contains(text, "a=crypto:") {
		t.Errorf("it is offered plain sound:\n%s", text)
	}
	if gone := s.n.lab.Bindings.RemoveDevice(b.DeviceID); len(gone) != 2 {
		t.Errorf("%d registrations end with the telephone's, not the guest's too", len(gone))
	}
	s.leavesNothing(t)
}
