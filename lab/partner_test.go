package lab

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/ladder"
)

// Who stays in a call that is passed on hears whom he speaks with now: with the offer
// that joins him (RFC 3325 §9.1), or by UPDATE where nothing else is sent (RFC 5876).

const (
	isAlice   = `"P-Asserted-Identity: alice" "P-Asserted-Identity: <sip:{alice.number}@"`
	isBob     = `"P-Asserted-Identity: bob" "P-Asserted-Identity: <sip:{bob.number}@"`
	isCarol   = `"P-Asserted-Identity: carol" "P-Asserted-Identity: <sip:{carol.number}@"`
	isNobody  = `"P-Asserted-Identity: <sip:anonymous@anonymous.invalid>"`
	updates   = ` "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"`
	aliceDone = `
		alice <- NOTIFY "Subscription-State: terminated" body="SIP/2.0 200 OK"
		alice -> 200 NOTIFY
		alice <- BYE
		alice -> 200 BYE
		`
	bobHangsUpOnCarol = `
		silence 3s
		bob   -> BYE
		bob   <- 200 BYE
		carol <- BYE
		carol -> 200 BYE
		`
)

// bobMeetsCarol: carol answers a call that alice passes on, and each hears of the other.
func bobMeetsCarol(bobHears, carolHears string) string {
	return `
		carol -> 200 INVITE sdp` + updates + `
		bob   <- INVITE sdp ` + bobHears + ` "-Privacy"
		bob   -> 200 INVITE sdp
		bob   <- ACK
		carol <- ACK sdp
		carol <- UPDATE nosdp ` + carolHears + ` "-Privacy"
		carol -> 200 UPDATE
		` + aliceDone
}

func TestWhoStaysHearsWhoHeSpeaksWith(t *testing.T) {
	everywhere(t, answered+alicePassesOn+`
		carol <- INVITE nosdp "From: {alice.number}" "-P-Asserted-Identity"
		`+bobMeetsCarol(isCarol, isBob)+bobHangsUpOnCarol)
}

// TestWhoCalledHearsWhoHeSpeaksWith: the one who is passed on is who called.
func TestWhoCalledHearsWhoHeSpeaksWith(t *testing.T) {
	everywhere(t, `
		bob   -> INVITE alice sdp
		bob   <- 100 INVITE
		alice <- INVITE sdp
		alice -> 200 INVITE sdp
		alice <- ACK
		bob   <- 200 INVITE sdp "-P-Asserted-Identity"
		bob   -> ACK
		`+alicePassesOn+`
		carol <- INVITE nosdp "From: {alice.number}"
		`+bobMeetsCarol(isCarol, isBob)+bobHangsUpOnCarol)
}

// TestTheOneWhoIsCalledElsewhereHears: whom the call is passed on to is at another
// center, and is who is told by UPDATE through it.
func TestTheOneWhoIsCalledElsewhereHears(t *testing.T) {
	everywhere(t, `
		alice -> INVITE carol sdp
		alice <- 100 INVITE
		carol <- INVITE sdp
		carol -> 200 INVITE sdp
		carol <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		alice -> REFER auth "Refer-To: <sip:{bob.number}@192.0.2.1>"
		alice <- 202 REFER
		alice <- NOTIFY body="SIP/2.0 100 "
		alice -> 200 NOTIFY
		bob   <- INVITE nosdp "From: {alice.number}"
		bob   -> 200 INVITE sdp`+updates+`
		carol <- INVITE sdp `+isBob+`
		carol -> 200 INVITE sdp
		carol <- ACK
		bob   <- ACK sdp
		bob   <- UPDATE nosdp `+isCarol+`
		bob   -> 200 UPDATE
		`+aliceDone+bobHangsUpOnCarol)
}

// TestWhoWithholdsHisNumberIsNotTold: bob's calls show none, nor do carol's; nothing
// that either is sent has the other's.
func TestWhoWithholdsHisNumberIsNotTold(t *testing.T) {
	for _, bobs := range []string{"KR", "US"} {
		t.Run("bob in "+bobs, func(t *testing.T) {
			s := newStage(t, bobs)
			for _, who := range []string{"bob", "carol"} {
				h, _ := s.n.lab.Sold.Typed(s.Party(who).Number)
				h.Private = true
				s.n.lab.Sold.Set(h)
			}
			s.Play(answered + alicePassesOn + `
				carol <- INVITE nosdp "From: {alice.number}"
				` + bobMeetsCarol(isNobody, isNobody))
			for of, sent := range map[string]string{"carol": s.Last("bob", "INVITE"), "bob": s.Last("carol", "UPDATE")} {
				if number := s.Party(of).Number; strings.Contains(sent, number) || strings.Contains(sent, `"`+of+`"`) {
					t.Errorf("the number or name of %s is told:\n%s", of, sent)
				}
			}
			s.Play(bobHangsUpOnCarol)
			s.leavesNothing(t)
		})
	}
}

// addCarrier has a gateway, of which calls to other networks leave from a center.
func (s *stage) addCarrier(at center.ID, server string) {
	s.Add(&ladder.Party{Name: "gateway", Addr: addrPort("203.0.113.9:5060"), Server: addrPort(server), Number: "+821099998888"})
	list := []carrier.Carrier{carrierAt("out", at, addrPort("203.0.113.9:5060"))}
	ways := routing.NewWays()
	ways.SetFree()
	ways.SetCarriers(list)
	s.n.tables.Ways = ways
	s.n.trunks.SetCarriers(list)
}

// TestOtherNetworksAreToldNothing: carol has her calls sent on to a telephone of
// another network. Bob is told of carol, whom alice wanted, and the carrier of nobody;
// nor is it when that telephone is who stays.
func TestOtherNetworksAreToldNothing(t *testing.T) {
	for at, server := range map[center.ID]string{"KR": "192.0.2.1:5060", "US": "192.0.2.2:5060"} {
		t.Run("a carrier in "+string(at), func(t *testing.T) {
			s := newStage(t, "KR")
			s.addCarrier(at, server)
			h, _ := s.n.lab.Sold.Typed(s.Party("carol").Number)
			h.Forward = &member.Forwarding{Always: []string{"+821099998888"}}
			s.n.lab.Sold.Set(h)
			s.Play(answered + alicePassesOn + `
				gateway <- INVITE nosdp
				gateway -> 200 INVITE sdp` + updates + `
				bob     <- INVITE sdp "P-Asserted-Identity: <sip:{carol.number}@"
				bob     -> 200 INVITE sdp
				bob     <- ACK
				gateway <- ACK sdp
				` + aliceDone + `
				silence 3s
				bob     -> REFER auth "Refer-To: <sip:{alice.number}@192.0.2.1>"
				bob     <- 202 REFER
				bob     <- NOTIFY body="SIP/2.0 100 "
				bob     -> 200 NOTIFY
				alice   <- INVITE nosdp
				alice   -> 200 INVITE sdp
				gateway <- INVITE sdp "-P-Asserted-Identity"
				gateway -> 200 INVITE sdp
				gateway <- ACK
				alice   <- ACK sdp
				bob     <- NOTIFY body="SIP/2.0 200 OK"
				bob     -> 200 NOTIFY
				bob     <- BYE
				bob     -> 200 BYE
				silence 3s
				alice   -> BYE
				alice   <- 200 BYE
				gateway <- BYE
				gateway -> 200 BYE
				`)
			if sent := s.Last("bob", "INVITE"); strings.Contains(sent, "99998888") {
				t.Errorf("bob is told where carol's calls go:\n%s", sent)
			}
			s.leavesNothing(t)
		})
	}
}

// bobPassesNobodyOn: alice, who withholds her number, is passed on to carol.
const bobPassesNobodyOn = `
	bob   -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1>"
	bob   <- 202 REFER
	bob   <- NOTIFY body="SIP/2.0 100 "
	bob   -> 200 NOTIFY
	carol <- INVITE nosdp "From: {bob.number}"
	carol -> 200 INVITE sdp` + updates + `
	alice <- INVITE sdp ` + isCarol + `
	alice -> 200 INVITE sdp
	alice <- ACK
	carol <- ACK sdp
	carol <- UPDATE nosdp ` + isNobody + ` "-Privacy"
	carol -> 200 UPDATE
	bob   <- NOTIFY body="SIP/2.0 200 OK"
	bob   -> 200 NOTIFY
	bob   <- BYE
	bob   -> 200 BYE
	alice -> BYE
	alice <- 200 BYE
	carol <- BYE
	carol -> 200 BYE
	`

// TestACallWithoutANumberStaysSo: alice called without showing hers. Whoever she
// passes the call on to is called without it too; and if bob passes her on, she is
// not told of.
func TestACallWithoutANumberStaysSo(t *testing.T) {
	hidden := strings.Replace(answered, "INVITE bob sdp", `INVITE bob sdp "Privacy: id"`, 1)
	everywhere(t, hidden+alicePassesOn+`
		carol <- INVITE nosdp "From: anonymous.invalid"
		`+bobMeetsCarol(isCarol, isBob)+bobHangsUpOnCarol)
	everywhere(t, hidden+bobPassesNobodyOn)
}

// TestJoinedBothHear: after alice has asked, each is told with the offer that joins
// them; and each may pass the other on after that.
func TestJoinedBothHear(t *testing.T) {
	for _, bobs := range []string{"KR", "US"} {
		t.Run("bob in "+bobs, func(t *testing.T) {
			s := newStage(t, bobs)
			s.addTerminal("alice2", "alice", "203.0.113.40:5060")
			s.Play(answered + `
				alice2 -> INVITE carol sdp
				alice2 <- 100 INVITE
				carol  <- INVITE sdp
				carol  -> 200 INVITE sdp
				carol  <- ACK
				alice2 <- 200 INVITE sdp
				alice2 -> ACK
				alice  -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1?Replaces={alice2.callid}%3Bto-tag%3D{alice2.rtag}%3Bfrom-tag%3D{alice2.tag}>"
				alice  <- 202 REFER
				alice  <- NOTIFY body="SIP/2.0 100 "
				alice  -> 200 NOTIFY
				carol  <- INVITE nosdp ` + isBob + `
				carol  -> 200 INVITE sdp
				bob    <- INVITE sdp ` + isCarol + `
				bob    -> 200 INVITE sdp
				bob    <- ACK
				carol  <- ACK sdp
				` + aliceDone + `
				alice2 <- BYE
				alice2 -> 200 BYE
				silence 3s
				carol  -> REFER auth "Refer-To: <sip:{alice.number}@192.0.2.1>"
				carol  <- 202 REFER
				carol  <- NOTIFY body="SIP/2.0 100 "
				carol  -> 200 NOTIFY
				alice  <- INVITE nosdp "From: {carol.number}"
				alice2 <- INVITE nosdp
				alice2 -> 180 INVITE
				carol  <- NOTIFY body="SIP/2.0 180 "
				carol  -> 200 NOTIFY
				alice  -> 200 INVITE sdp` + updates + `
				alice2 <- CANCEL
				alice2 -> 200 CANCEL
				alice2 -> 487 INVITE
				alice2 <- ACK
				bob    <- INVITE sdp ` + isAlice + `
				bob    -> 200 INVITE sdp
				bob    <- ACK
				alice  <- ACK sdp
				alice  <- UPDATE nosdp ` + isBob + `
				alice  -> 200 UPDATE
				carol  <- NOTIFY body="SIP/2.0 200 OK"
				carol  -> 200 NOTIFY
				carol  <- BYE
				carol  -> 200 BYE
				silence 3s
				alice  -> BYE
				alice  <- 200 BYE
				bob    <- BYE
				bob    -> 200 BYE
				`)
			s.leavesNothing(t)
		})
	}
}

// TestWhoIsNotJoinedHearsThatToo: bob's telephone refuses the change, and carol is
// gone; it shows alice again.
func TestWhoIsNotJoinedHearsThatToo(t *testing.T) {
	everywhere(t, strings.Replace(answered, "bob   -> 200 INVITE sdp", "bob   -> 200 INVITE sdp"+updates, 1)+alicePassesOn+`
		carol <- INVITE nosdp
		carol -> 200 INVITE sdp
		bob   <- INVITE sdp `+isCarol+`
		bob   -> 488 INVITE
		bob   <- ACK
		bob   <- UPDATE nosdp `+isAlice+`
		bob   -> 200 UPDATE
		carol <- ACK
		carol <- BYE
		carol -> 200 BYE
		alice <- NOTIFY body="SIP/2.0 488 "
		alice -> 200 NOTIFY
		wait 3s
		`+aliceHangsUp)
}

// TestWhoWasPassedOnMayPassOn: alice left at once; bob, who was joined to carol all
// the same, passes her on in turn.
func TestWhoWasPassedOnMayPassOn(t *testing.T) {
	everywhere(t, answered+alicePassesOn+`
		carol <- INVITE nosdp
		alice -> BYE
		alice <- 200 BYE
		carol -> 200 INVITE sdp
		bob   <- INVITE sdp `+isCarol+`
		bob   -> 200 INVITE sdp
		bob   <- ACK
		carol <- ACK sdp
		bob   -> REFER auth "Refer-To: <sip:{alice.number}@192.0.2.1>"
		bob   <- 202 REFER
		bob   <- NOTIFY body="SIP/2.0 100 "
		bob   -> 200 NOTIFY
		alice <- INVITE nosdp "From: {bob.number}"
		alice -> 200 INVITE sdp`+updates+`
		carol <- INVITE sdp `+isAlice+`
		carol -> 200 INVITE sdp
		carol <- ACK
		alice <- ACK sdp
		alice <- UPDATE nosdp `+isCarol+`
		alice -> 200 UPDATE
		bob   <- NOTIFY body="SIP/2.0 200 OK"
		bob   -> 200 NOTIFY
		bob   <- BYE
		bob   -> 200 BYE
		carol -> BYE
		carol <- 200 BYE
		alice <- BYE
		alice -> 200 BYE
		`)
}
