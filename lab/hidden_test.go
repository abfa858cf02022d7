package lab

import (
	"regexp"
	"strings"
	"testing"
)

// Who hides stays hidden, whatever becomes of the call.

// aliceIsLoadedAnew: alice called bob without showing her number, and her page was
// loaded anew, which has another dialog (RFC 3891).
func aliceIsLoadedAnew(t *testing.T, bobs string) *stage {
	t.Helper()
	s := newStage(t, bobs)
	s.addTerminal("alice2", "alice", "203.0.113.40:5060")
	s.Play(strings.Replace(answered, "INVITE bob sdp", `INVITE bob sdp "Privacy: id"`, 1) + `
		alice2 -> INVITE bob sdp "Privacy: id" "Replaces: {alice.callid};to-tag={alice.rtag};from-tag={alice.tag}"
		alice2 <- 100 INVITE
		bob    <- INVITE sdp
		bob    -> 200 INVITE sdp
		bob    <- ACK
		alice2 <- 200 INVITE sdp
		alice2 -> ACK
		alice  <- BYE
		alice  -> 200 BYE
		wait 3s
		`)
	return s
}

// TestLoadedAnewStaysWithoutANumber: bob passes alice on, and carol is not told of her.
func TestLoadedAnewStaysWithoutANumber(t *testing.T) {
	for _, bobs := range []string{"KR", "US"} {
		t.Run("bob in "+bobs, func(t *testing.T) {
			s := aliceIsLoadedAnew(t, bobs)
			s.Play(strings.ReplaceAll(bobPassesNobodyOn, "alice ", "alice2 "))
			s.leavesNothing(t)
		})
	}
}

// TestLoadedAnewPassesOnWithoutANumber: carol is called for alice without hers.
func TestLoadedAnewPassesOnWithoutANumber(t *testing.T) {
	for _, bobs := range []string{"KR", "US"} {
		t.Run("bob in "+bobs, func(t *testing.T) {
			s := aliceIsLoadedAnew(t, bobs)
			s.Play(strings.ReplaceAll(alicePassesOn, "alice", "alice2") + `
				carol  <- INVITE nosdp "From: <sip:anonymous@anonymous.invalid>"
				` + strings.ReplaceAll(bobMeetsCarol(isCarol, isBob), "alice ", "alice2 ") + bobHangsUpOnCarol)
			s.leavesNothing(t)
		})
	}
}

// hidesHimself gives bob a temporary GRUU (RFC 5627), which alice may call without
// learning whose it is: his center is asked, or the one where his telephone is.
func hidesHimself(t *testing.T, bob string) (s *stage, temporary string) {
	t.Helper()
	number, place, _ := strings.Cut(bob, " at ")
	s = newStage(t, number)
	if place != "" {
		s.Play(`
			bob -> REGISTER "Contact: *" "Expires: 0"
			bob <- 200 REGISTER
			`)
		s.Party("bob").Server = s.Party("alice").Server
	}
	s.Play(`
		bob -> REGISTER "Contact: <sip:bob@203.0.113.2:5060>` + bobsInstance + `" "Supported: gruu"
		bob <- 200 REGISTER "Contact: temp-gruu="
		`)
	m := regexp.MustCompile(`temp-gruu="sip:([^"@]+)@`).FindStringSubmatch(s.Last("bob", "200 REGISTER"))
	if m == nil {
		t.Fatal("no temporary GRUU")
	}
	return s, m[1]
}

// bobHides plays a script, in which TEMPORARY is bob's temporary GRUU, within one
// center, between two, and where bob's number is of the other one.
func bobHides(t *testing.T, script string, neverTold ...string) {
	t.Helper()
	for _, bob := range []string{"KR", "US", "US at KR"} {
		t.Run("bob in "+bob, func(t *testing.T) {
			s, temporary := hidesHimself(t, bob)
			s.Play(strings.ReplaceAll(script, "TEMPORARY", temporary))
			for _, who := range neverTold {
				name, what, _ := strings.Cut(who, " ")
				if sent := s.Last(name, what); strings.Contains(sent, s.Party("bob").Number) || strings.Contains(sent, `"bob"`) {
					t.Errorf("%s is told who bob is:\n%s", name, sent)
				}
			}
			s.leavesNothing(t)
		})
	}
}

// aliceCallsWhoHides calls bob by his temporary GRUU.
const aliceCallsWhoHides = `
	alice -> INVITE uri=sip:TEMPORARY@192.0.2.1;gr sdp` + updates + `
	alice <- 100 INVITE
	bob   <- INVITE sdp
	bob   -> 200 INVITE sdp` + updates + `
	bob   <- ACK nosdp
	alice <- 200 INVITE sdp "-P-Asserted-Identity"
	alice -> ACK
	wait 2s
	`

// bobPassesOn: carol is called for bob, as he calls anybody.
const bobPassesOn = `
	bob   -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1>"
	bob   <- 202 REFER
	bob   <- NOTIFY body="SIP/2.0 100 "
	bob   -> 200 NOTIFY
	carol <- INVITE nosdp "From: {bob.number}"
	carol -> 200 INVITE sdp` + updates + `
	alice <- INVITE sdp ` + isCarol + ` "-Privacy"
	`

// TestAnAddressThatHidesHidesOnTheWay: passed on to it, carol is not told whose it is.
func TestAnAddressThatHidesHidesOnTheWay(t *testing.T) {
	bobHides(t, strings.ReplaceAll(answered, "bob", "carol")+`
		alice -> REFER auth "Refer-To: <sip:TEMPORARY@192.0.2.1;gr>"
		alice <- 202 REFER
		alice <- NOTIFY body="SIP/2.0 100 "
		alice -> 200 NOTIFY
		bob   <- INVITE nosdp "From: {alice.number}"
		bob   -> 200 INVITE sdp`+updates+`
		carol <- INVITE sdp `+isNobody+` "-Privacy"
		carol -> 200 INVITE sdp
		carol <- ACK
		bob   <- ACK sdp
		bob   <- UPDATE nosdp `+isCarol+`
		bob   -> 200 UPDATE
		`+aliceDone+bobHangsUpOnCarol)
}

// TestWhoHidesPassesOn: he is hidden, and neither whom he passes the call on to nor
// himself when he calls there.
func TestWhoHidesPassesOn(t *testing.T) {
	bobHides(t, aliceCallsWhoHides+bobPassesOn+`
		alice -> 200 INVITE sdp
		alice <- ACK
		carol <- ACK sdp
		carol <- UPDATE nosdp `+isAlice+`
		carol -> 200 UPDATE
		bob   <- NOTIFY body="SIP/2.0 200 OK"
		bob   -> 200 NOTIFY
		bob   <- BYE
		bob   -> 200 BYE
		silence 3s
		alice -> BYE
		alice <- 200 BYE
		carol <- BYE
		carol -> 200 BYE
		`)
}

// TestWhoHidesStaysHiddenWhenItIsRefused: alice's telephone refuses the change, and
// she hears that she speaks with whom she did, but not who that is.
func TestWhoHidesStaysHiddenWhenItIsRefused(t *testing.T) {
	bobHides(t, aliceCallsWhoHides+bobPassesOn+`
		alice -> 488 INVITE
		alice <- ACK
		alice <- UPDATE nosdp `+isNobody+` "-Privacy"
		alice -> 200 UPDATE
		carol <- ACK
		carol <- BYE
		carol -> 200 BYE
		bob   <- NOTIFY body="SIP/2.0 488 "
		bob   -> 200 NOTIFY
		silence 3s
		`+aliceHangsUp, "alice UPDATE")
}

// TestWhoHidesIsPassedOn: whom alice passes him on to learns no more than she did.
func TestWhoHidesIsPassedOn(t *testing.T) {
	bobHides(t, aliceCallsWhoHides+alicePassesOn+`
		carol <- INVITE nosdp "From: {alice.number}"
		`+bobMeetsCarol(isCarol, isNobody)+bobHangsUpOnCarol, "carol UPDATE")
}
