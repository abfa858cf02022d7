package lab

import (
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
			s.Play(`
				bob    -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1>"
				bob    <- 202 REFER
				bob    <- NOTIFY body="SIP/2.0 100 "
				bob    -> 200 NOTIFY
				carol  <- INVITE nosdp "From: {bob.number}"
				carol  -> 200 INVITE sdp` + updates + `
				alice2 <- INVITE sdp ` + isCarol + `
				alice2 -> 200 INVITE sdp
				alice2 <- ACK
				carol  <- ACK sdp
				carol  <- UPDATE nosdp ` + isNobody + ` "-Privacy"
				carol  -> 200 UPDATE
				bob    <- NOTIFY body="SIP/2.0 200 OK"
				bob    -> 200 NOTIFY
				bob    <- BYE
				bob    -> 200 BYE
				alice2 -> BYE
				alice2 <- 200 BYE
				carol  <- BYE
				carol  -> 200 BYE
				`)
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
