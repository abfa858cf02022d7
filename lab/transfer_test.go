package lab

import "testing"

// alicePassesOn is a REFER and the first that she hears of it.
const alicePassesOn = `
	alice -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1>"
	alice <- 202 REFER
	alice <- NOTIFY "Event: refer;id=" "Subscription-State: active" body="SIP/2.0 100 "
	alice -> 200 NOTIFY
	`

// TestACallIsPassedOn: RFC 3515. Carol is called for alice, who pays for it; when
// she answers, bob is joined to her and alice is told and let go.
func TestACallIsPassedOn(t *testing.T) {
	everywhere(t, answered+alicePassesOn+`
		carol <- INVITE nosdp "From: {alice.number}"
		carol -> 180 INVITE
		carol -> 180 INVITE
		alice <- NOTIFY "Event: refer;id=" "Subscription-State: active;expires=180" body="SIP/2.0 180 Ringing"
		alice -> 200 NOTIFY
		silence 10s
		carol -> 200 INVITE sdp
		bob   <- INVITE sdp
		bob   -> 200 INVITE sdp
		bob   <- ACK nosdp
		carol <- ACK sdp
		alice <- NOTIFY "Subscription-State: terminated" body="SIP/2.0 200 OK"
		alice -> 200 NOTIFY
		alice <- BYE
		alice -> 200 BYE
		wait 5s
		carol -> BYE
		carol <- 200 BYE
		bob   <- BYE
		bob   -> 200 BYE
		`)
}

// TestAPassedCallThatNobodyTakesComesBack: alice is told why, and talks to bob as
// before.
func TestAPassedCallThatNobodyTakesComesBack(t *testing.T) {
	everywhere(t, answered+alicePassesOn+`
		carol <- INVITE nosdp
		carol -> 486 INVITE
		carol <- ACK
		alice <- NOTIFY "Subscription-State: terminated" body="SIP/2.0 486 "
		alice -> 200 NOTIFY
		wait 3s
		`+aliceHangsUp)
}

// TestWhoPassesACallOnMayLeave: alice hangs up as soon as her REFER is taken, and
// bob hears that it rings.
func TestWhoPassesACallOnMayLeave(t *testing.T) {
	everywhere(t, answered+alicePassesOn+`
		carol <- INVITE nosdp
		carol -> 180 INVITE
		alice <- NOTIFY body="SIP/2.0 180 "
		alice -> 200 NOTIFY
		alice -> BYE
		alice <- 200 BYE
		wait 2s
		carol -> 200 INVITE sdp
		bob   <- INVITE sdp
		bob   -> 200 INVITE sdp
		bob   <- ACK
		carol <- ACK sdp
		wait 5s
		bob   -> BYE
		bob   <- 200 BYE
		carol <- BYE
		carol -> 200 BYE
		`)
}

// TestTwoCallsAreJoined: RFC 3891. Alice talks to bob, asks carol at her second
// telephone line, and joins the two.
func TestTwoCallsAreJoined(t *testing.T) {
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
				carol  <- INVITE nosdp
				carol  -> 200 INVITE sdp
				bob    <- INVITE sdp
				bob    -> 200 INVITE sdp
				bob    <- ACK
				carol  <- ACK sdp
				alice  <- NOTIFY body="SIP/2.0 200 OK"
				alice  -> 200 NOTIFY
				alice  <- BYE
				alice  -> 200 BYE
				alice2 <- BYE
				alice2 -> 200 BYE
				wait 5s
				bob    -> BYE
				bob    <- 200 BYE
				carol  <- BYE
				carol  -> 200 BYE
				`)
			s.leavesNothing(t)
		})
	}
}

// TestATerminalTakesItsCallOver: an INVITE with Replaces of the same telephone, as
// from a page that was loaded anew; the other side hears nothing but where it
// goes on.
func TestATerminalTakesItsCallOver(t *testing.T) {
	for _, bobs := range []string{"KR", "US"} {
		t.Run("bob in "+bobs, func(t *testing.T) {
			s := newStage(t, bobs)
			s.addTerminal("alice2", "alice", "203.0.113.40:5060")
			s.Play(answered + `
				alice2 -> INVITE bob sdp "Replaces: {alice.callid};to-tag={alice.rtag};from-tag={alice.tag}"
				alice2 <- 100 INVITE
				bob    <- INVITE sdp
				bob    -> 200 INVITE sdp
				bob    <- ACK
				alice2 <- 200 INVITE sdp
				alice2 -> ACK
				alice  <- BYE
				alice  -> 200 BYE
				wait 3s
				alice2 -> BYE
				alice2 <- 200 BYE
				bob    <- BYE
				bob    -> 200 BYE
				`)
			s.leavesNothing(t)
		})
	}
}

// TestOneTakesACallOverAtATime: while the other side has not answered, others get
// 491, however often they try, and leave nothing behind: the call has as many
// legs left to give as before.
func TestOneTakesACallOverAtATime(t *testing.T) {
	s := newStage(t, "KR")
	s.addTerminal("alice2", "alice", "203.0.113.40:5060")
	s.addTerminal("alice3", "alice", "203.0.113.41:5060")
	s.Play(answered + `
		alice2 -> INVITE bob sdp "Replaces: {alice.callid};to-tag={alice.rtag};from-tag={alice.tag}"
		alice2 <- 100 INVITE
		bob    <- INVITE sdp
		`)
	for range 70 {
		s.Play(`
			alice3 -> INVITE bob sdp "Replaces: {alice.callid};to-tag={alice.rtag};from-tag={alice.tag}"
			alice3 <- 491 INVITE
			alice3 -> ACK
			`)
	}
	s.Play(`
		bob    -> 200 INVITE sdp
		bob    <- ACK
		alice2 <- 200 INVITE sdp
		alice2 -> ACK
		alice  <- BYE
		alice  -> 200 BYE
		alice2 -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1>"
		alice2 <- 202 REFER
		alice2 <- NOTIFY body="SIP/2.0 100 "
		alice2 -> 200 NOTIFY
		carol  <- INVITE nosdp
		carol  -> 486 INVITE
		carol  <- ACK
		alice2 <- NOTIFY body="SIP/2.0 486 "
		alice2 -> 200 NOTIFY
		bob    -> BYE
		bob    <- 200 BYE
		alice2 <- BYE
		alice2 -> 200 BYE
		`)
	s.leavesNothing(t)
}

// TestWhoCannotBeJoinedTalksOn: bob's telephone refuses the change; both calls of
// alice are as they were.
func TestWhoCannotBeJoinedTalksOn(t *testing.T) {
	s := newStage(t, "KR")
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
		carol  <- INVITE nosdp
		carol  -> 200 INVITE sdp
		bob    <- INVITE sdp
		bob    -> 488 INVITE
		bob    <- ACK
		carol  <- ACK nosdp
		alice  <- NOTIFY body="SIP/2.0 488 "
		alice  -> 200 NOTIFY
		wait 5s
		alice  -> BYE
		alice  <- 200 BYE
		bob    <- BYE
		bob    -> 200 BYE
		carol  -> BYE
		carol  <- 200 BYE
		alice2 <- BYE
		alice2 -> 200 BYE
		`)
	s.leavesNothing(t)
}

// TestNobodyTakesOthersCalls: not even who has overheard everything about them.
func TestNobodyTakesOthersCalls(t *testing.T) {
	within(t, "KR", answered+`
		carol -> INVITE bob sdp "Replaces: {alice.callid};to-tag={alice.rtag};from-tag={alice.tag}"
		carol <- 403 INVITE
		carol -> ACK
		carol -> INVITE bob sdp "Replaces: {alice.callid};to-tag={alice.rtag}x;from-tag={alice.tag}"
		carol <- 481 INVITE
		carol -> ACK
		alice -> REFER "Refer-To: <sip:{carol.number}@192.0.2.1>" // tags can be overheard
		alice <- 401 REFER
		alice -> REFER auth "Refer-To: <mailto:carol@example.com>"
		alice <- 400 REFER
		alice -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1;method=BYE>"
		alice <- 501 REFER
		alice -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1?Replaces=nonsense>"
		alice <- 400 REFER
		`+aliceHangsUp)
	within(t, "KR", answered+`
		bob   -> REFER auth "Refer-To: <sip:{carol.number}@192.0.2.1?Replaces={alice.callid}%3Bto-tag%3D{alice.rtag}%3Bfrom-tag%3D{alice.tag}>"
		bob   <- 202 REFER
		bob   <- NOTIFY body="SIP/2.0 100 "
		bob   <- NOTIFY body="SIP/2.0 403 "
		bob   leaves
		alice -> BYE
		alice <- 200 BYE
		`)
}
