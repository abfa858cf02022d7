package lab

import "testing"

// Races within a session: changes, reliable provisional answers, timers, and
// where requests go.

// RFC 3261 §14.2: a change that meets ours gets 491, and so does the one who
// asked first if the other side says so. The call goes on.
func TestGlareIs491(t *testing.T) {
	within(t, "KR", answered+`
		alice -> INVITE sdp=sendonly
		bob   -> INVITE sdp=sendonly
		bob   <- INVITE sdp=a=sendonly   // alice's, passed on
		bob   <- 491 INVITE
		bob   -> ACK
		bob   -> 491 INVITE
		bob   <- ACK
		alice <- 491 INVITE
		alice -> ACK
		wait 3s
		alice -> INVITE sdp=sendonly     // she tries again
		bob   <- INVITE sdp=a=sendonly
		bob   -> 200 INVITE sdp=recvonly
		bob   <- ACK
		alice <- 200 INVITE sdp=a=recvonly
		alice -> ACK
		`+aliceHangsUp)
	within(t, "US", answered+`
		alice -> INVITE sdp=sendonly
		bob   -> INVITE sdp=sendonly     // the two meet between the centers
		alice <- 491 INVITE
		alice -> ACK
		bob   <- 491 INVITE
		bob   -> ACK
		`+aliceHangsUp)
}

// RFC 3261 §14.2: one change at a time, also from one side.
func TestSecondChangeBeforeTheFirstIsAnsweredGets500(t *testing.T) {
	everywhere(t, answered+`
		alice -> INVITE sdp=sendonly
		bob   <- INVITE sdp
		alice -> UPDATE sdp
		alice <- 500 UPDATE "Retry-After: "
		bob   -> 200 INVITE sdp=recvonly
		bob   <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		`+aliceHangsUp)
}

// RFC 3261 §13.2.1, RFC 3264 §5: an INVITE without an offer gets one in the
// 200; the answer comes in the ACK, and only then bob's 200 is acknowledged.
func TestLateOffer(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob
		bob   <- INVITE nosdp
		bob   -> 180 INVITE
		alice <- 180 INVITE nosdp
		bob   -> 200 INVITE sdp
		alice <- 200 INVITE sdp
		bob   -> 200 INVITE again        // its answer is still owed
		silence 200ms
		alice -> ACK sdp
		bob   <- ACK sdp within=20ms
		bob   -> 200 INVITE again
		bob   <- ACK again
		wait 1s
		`+aliceHangsUp)
}

// A caller who brought no offer and acknowledges without an answer has no
// session (RFC 3261 §13.2.2.4 asks for one): both are released.
func TestLateOfferWithoutAnswerEnds(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob
		bob   <- INVITE nosdp
		bob   -> 200 INVITE sdp
		alice <- 200 INVITE sdp
		alice -> ACK
		alice <- BYE
		alice -> 200 BYE
		bob   <- ACK nosdp
		bob   <- BYE
		bob   -> 200 BYE
		`)
}

// RFC 3261 §14.1: a re-INVITE without an offer asks the other side for one.
func TestEmptyReinvite(t *testing.T) {
	everywhere(t, answered+`
		wait 1s
		alice -> INVITE
		bob   <- INVITE nosdp
		bob   -> 200 INVITE sdp
		alice <- 200 INVITE sdp
		alice -> ACK sdp
		bob   <- ACK sdp
		bob   -> INVITE
		alice <- INVITE nosdp
		alice -> 200 INVITE sdp
		bob   <- 200 INVITE sdp
		bob   -> ACK sdp
		alice <- ACK sdp
		`+aliceHangsUp)
}

// Hold and resume by the callee: each direction counts CSeq for itself
// (RFC 3261 §12.2.1.1), which the ladder checks on every request.
func TestHoldFromBothSidesKeepsCSeqPerDirection(t *testing.T) {
	everywhere(t, answered+`
		bob   -> INVITE sdp=sendonly
		alice <- INVITE sdp=a=sendonly
		alice -> 200 INVITE sdp=recvonly
		alice <- ACK
		bob   <- 200 INVITE sdp=a=recvonly
		bob   -> ACK
		alice -> INVITE sdp=inactive
		bob   <- INVITE sdp=a=inactive
		bob   -> 200 INVITE sdp=inactive
		bob   <- ACK
		alice <- 200 INVITE sdp=a=inactive
		alice -> ACK
		bob   -> UPDATE sdp
		alice <- INVITE sdp
		alice -> 200 INVITE sdp
		alice <- ACK
		bob   <- 200 UPDATE sdp
		bob   -> BYE cseq=3              // below what was used (§12.2.2)
		bob   <- 500 BYE
		bob   -> BYE cseq=99999
		bob   <- 200 BYE
		alice <- BYE
		alice -> 200 BYE
		`)
}

// A change that the other side refuses leaves the call as it was (RFC 3261
// §14.1); one to which it says that it knows no such call ends it (§12.2.1.2).
func TestRefusedChangeLeavesTheCall(t *testing.T) {
	everywhere(t, answered+`
		alice -> INVITE sdp=sendonly
		bob   <- INVITE sdp
		bob   -> 488 INVITE
		bob   <- ACK
		alice <- 488 INVITE
		alice -> ACK
		silence 5s
		`+aliceHangsUp)
	everywhere(t, answered+`
		alice -> INVITE sdp=sendonly
		bob   <- INVITE sdp
		bob   -> 481 INVITE
		bob   <- ACK
		bob   <- BYE
		bob   -> 481 BYE
		alice <- 487 INVITE
		alice -> ACK
		alice <- BYE
		alice -> 200 BYE
		`)
}

// RFC 3311 §5.2: before the answer an UPDATE that offers something is told to
// wait; one that offers nothing is granted. The call is answered all the same.
func TestUpdateBeforeAnswer(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 183 INVITE sdp
		alice <- 183 INVITE sdp
		alice -> UPDATE sdp
		alice <- 500 UPDATE "Retry-After: "
		bob   -> UPDATE sdp
		bob   <- 491 UPDATE
		bob   -> UPDATE
		bob   <- 200 UPDATE
		bob   -> 200 INVITE sdp
		bob   <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		`+aliceHangsUp)
}

// RFC 3262 §3: a caller who demands reliable provisional answers gets them,
// repeated until PRACK, and the 200 waits for that.
func TestReliableProvisionalToTheCaller(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp "Require: 100rel"
		bob   <- INVITE sdp
		bob   -> 183 INVITE sdp
		alice <- 183 INVITE sdp "Require: 100rel" "RSeq: "
		alice <- 183 INVITE again within=510ms
		bob   -> 200 INVITE sdp
		bob   <- ACK
		silence 400ms
		alice -> PRACK "RAck: 1 1 INVITE"
		alice <- 481 PRACK               // not what was sent
		alice -> PRACK
		alice <- 200 PRACK
		alice <- 200 INVITE
		alice -> ACK
		silence 20s
		`+aliceHangsUp)
}

// RFC 3262 §3: a reliable answer that is never acknowledged ends the call.
func TestReliableProvisionalWithoutPrackEnds(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp "Require: 100rel"
		bob   <- INVITE sdp
		bob   -> 180 INVITE
		alice <- 180 INVITE times=7 within=16100ms
		alice <- 504 INVITE within=1s
		alice -> ACK
		bob   <- CANCEL
		bob   -> 200 CANCEL
		bob   -> 487 INVITE
		bob   <- ACK
		`)
}

// RFC 3262 §4: we acknowledge the callee's reliable answers, once each and in
// order. The ACK of the 200 has the CSeq of the INVITE, not that of the PRACK
// before it; the ladder checks that, and that the BYE counts on.
func TestPrackAndTheCSeqOfTheAck(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE "CSeq: 1 INVITE"
		bob   -> 183 INVITE sdp "Require: 100rel" "RSeq: 100"
		bob   <- PRACK "RAck: 100 1 INVITE" "CSeq: 2 PRACK"
		alice <- 183 INVITE sdp
		bob   -> 183 INVITE again
		silence 100ms
		bob   -> 200 PRACK
		bob   -> 180 INVITE "Require: 100rel" "RSeq: 102"
		silence 100ms                    // one is missing (§4)
		bob   -> 180 INVITE "Require: 100rel" "RSeq: 101"
		bob   <- PRACK "RAck: 101 1 INVITE" "CSeq: 3 PRACK"
		bob   -> 200 PRACK
		alice <- 180 INVITE
		bob   -> 200 INVITE sdp
		bob   <- ACK "CSeq: 1 ACK"
		alice <- 200 INVITE
		alice -> ACK
		alice -> BYE
		alice <- 200 BYE
		bob   <- BYE "CSeq: 4 BYE"
		bob   -> 200 BYE
		`)
}

// RFC 4028 §5, §7.2: an interval below 90 s is too small for us; we accept what
// others demand.
func TestSessionTimerTooSmall(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp "Supported: timer" "Session-Expires: 60"
		alice <- 422 INVITE "Min-SE: 90"
		alice -> ACK
		alice -> INVITE bob sdp "Supported: timer" "Session-Expires: 90" "Min-SE: 90"
		bob   <- INVITE "Session-Expires: 1800"
		bob   -> 422 INVITE "Min-SE: 3600"
		bob   <- ACK
		bob   <- INVITE "Session-Expires: 3600" "Min-SE: 3600" sdp
		bob   -> 422 INVITE "Min-SE: 7200"   // once is enough
		bob   <- ACK
		alice <- 480 INVITE
		alice -> ACK
		`)
}

// RFC 4028 §10: the side that was to refresh has died: BYE a third of the
// interval, at most 32 s, before it ends.
func TestRefreshersDeathEndsTheCall(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp "Supported: timer" "Session-Expires: 90;refresher=uac"
		bob   <- INVITE
		bob   -> 200 INVITE sdp "Require: timer" "Session-Expires: 900;refresher=uas"
		bob   <- ACK
		alice <- 200 INVITE "Session-Expires: 90;refresher=uac" "Require: timer"
		alice -> ACK
		wait 50s
		alice -> UPDATE "Supported: timer" "Session-Expires: 90;refresher=uac"   // one more time
		alice <- 200 UPDATE "Session-Expires: 90;refresher=uac"
		silence 59s
		alice <- BYE within=2s "Reason: Session timer expired"
		alice -> 200 BYE
		bob   <- BYE
		bob   -> 200 BYE
		`)
}

// RFC 4028 §7.4, §9: we refresh when that is ours to do, by UPDATE if the other
// side knows it and else by a re-INVITE that changes nothing; its silence ends
// the call.
func TestWeRefreshWhenWeAreTheRefresher(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp "Supported: timer" "Session-Expires: 120;refresher=uas" "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"
		bob   <- INVITE
		bob   -> 200 INVITE sdp "Require: timer" "Session-Expires: 100;refresher=uac"
		bob   <- ACK
		alice <- 200 INVITE "Session-Expires: 120;refresher=uas"
		alice -> ACK
		silence 49s
		bob   <- INVITE within=2s sdp "Session-Expires: 100"
		bob   -> 200 INVITE sdp "Require: timer" "Session-Expires: 100;refresher=uac"
		bob   <- ACK nosdp
		alice <- UPDATE within=12s nosdp "Session-Expires: 120"
		alice -> 200 UPDATE "Require: timer" "Session-Expires: 120;refresher=uac"
		silence 35s
		bob   <- INVITE within=10s
		bob   -> 481 INVITE              // it has forgotten us
		bob   <- ACK
		bob   <- BYE
		bob   -> 481 BYE
		alice <- BYE
		alice -> 200 BYE
		`)
	within(t, "KR", `
		alice -> INVITE bob sdp "Supported: timer" "Session-Expires: 120;refresher=uas" "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"
		bob   <- INVITE
		bob   -> 200 INVITE sdp
		bob   <- ACK
		alice <- 200 INVITE
		alice -> ACK
		silence 59s
		alice <- UPDATE within=2s
		alice <- UPDATE times=10 again within=4100ms   // nobody is there
		bob   <- BYE within=3s
		bob   -> 200 BYE
		alice <- BYE within=1s
		alice -> 200 BYE
		`)
}

// RFC 3261 §12.2.1.1 and §12.2.2: Contact of a re-INVITE or its answer moves
// the remote target.
func TestTargetRefresh(t *testing.T) {
	everywhere(t, answered+`
		alice -> INVITE sdp "Contact: <sip:alice-moved@203.0.113.1:5060>"
		bob   <- INVITE
		bob   -> 200 INVITE sdp "Contact: <sip:bob-moved@203.0.113.2:5060>"
		bob   <- ACK "First line: sip:bob-moved@"
		alice <- 200 INVITE
		alice -> ACK
		bob   -> INVITE sdp
		alice <- INVITE "First line: sip:alice-moved@"
		alice -> 200 INVITE sdp
		alice <- ACK "First line: sip:alice@"   // and back
		bob   <- 200 INVITE
		bob   -> ACK
		alice -> BYE
		alice <- 200 BYE
		bob   <- BYE "First line: sip:bob@"
		bob   -> 200 BYE
		`)
}

// RFC 3261 §12.1, §16.12.1.2: the route set of loose routers, reversed for the
// caller's end of a dialog, in order for the called end.
func TestRouteSetLoose(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp "Record-Route: <sip:203.0.113.1:5060;lr;x=near>, <sip:p2.example;lr>"
		bob   <- INVITE "-Record-Route" "-Route"
		bob   -> 180 INVITE
		alice <- 180 INVITE "Record-Route: x=near"
		bob   -> 200 INVITE sdp "Record-Route: <sip:p3.example;lr>, <sip:203.0.113.2:5060;lr;x=near>"
		bob   <- ACK "First line: ACK sip:bob@" "Route: x=near" "Route: p3.example"
		alice <- 200 INVITE "Record-Route: x=near" "Record-Route: p2.example"
		alice -> ACK
		bob   -> BYE
		bob   <- 200 BYE
		alice <- BYE "First line: BYE sip:alice@" "Route: x=near" "Route: p2.example"
		alice -> 200 BYE
		`)
}

// RFC 3261 §16.12.1.2: a strict router gets the request with itself in the
// Request-URI and the target at the end of the route.
func TestRouteSetStrict(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 200 INVITE sdp "Record-Route: <sip:p3.example;lr>, <sip:203.0.113.2:5060;x=strict>"
		bob   <- ACK "First line: ACK sip:203.0.113.2:5060;x=strict" "Route: <sip:p3.example;lr>" "Route: <sip:bob@203.0.113.2:5060>"
		alice <- 200 INVITE
		alice -> ACK
		alice -> BYE
		alice <- 200 BYE
		bob   <- BYE "First line: BYE sip:203.0.113.2:5060;x=strict" "Route: <sip:bob@203.0.113.2:5060>"
		bob   -> 200 BYE
		`)
}

// DTMF in INFO reaches the other leg by INFO if that takes INFO and knows no
// telephone events (RFC 6086 leaves the meaning to the two; telephones send
// application/dtmf-relay or application/dtmf).
func TestInfoDigitReachesTheOtherSide(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp nokeys
		bob   <- INVITE sdp
		bob   -> 200 INVITE sdp nokeys "Allow: INVITE, ACK, BYE, CANCEL, INFO"
		bob   <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		alice -> INFO "Content-Type: application/dtmf-relay" body="Signal=5\r\nDuration=160\r\n"
		alice <- 200 INFO
		bob   <- INFO "Content-Type: application/dtmf-relay" body=Signal=5
		bob   -> 200 INFO
		bob   -> INFO "Content-Type: application/dtmf" body="#"
		bob   <- 200 INFO
		alice <- INFO body=Signal=#
		alice -> 415 INFO                // it does not know that: the call goes on
		alice -> INFO "Content-Type: text/plain" body=hello
		alice <- 200 INFO
		silence 5s
		`+aliceHangsUp)
	everywhere(t, answered+`             // bob has it in his sound (RFC 4733)
		alice -> INFO "Content-Type: application/dtmf-relay" body="Signal=5\r\nDuration=160\r\n"
		alice <- 200 INFO
		silence 5s
		`+aliceHangsUp)
}

// RFC 3261 §9.2: a change that was passed on cannot be taken back on one side
// only; it is answered, and both sides know the same.
func TestCancelOfAChange(t *testing.T) {
	everywhere(t, answered+`
		alice -> INVITE sdp=sendonly
		bob   <- INVITE sdp=a=sendonly
		alice -> CANCEL
		alice <- 200 CANCEL
		bob   -> 200 INVITE sdp=recvonly
		bob   <- ACK
		alice <- 200 INVITE sdp=a=recvonly
		alice -> ACK
		`+aliceHangsUp)
}

// RFC 3262 §4: each fork numbers its reliable answers for itself.
func TestReliableProvisionalsOfForks(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE tag=desk "Require: 100rel" "RSeq: 100"
		bob   <- PRACK "RAck: 100 1 INVITE" "To: tag=desk"
		bob   -> 200 PRACK
		alice <- 180 INVITE
		bob   -> 180 INVITE tag=mobile "Require: 100rel" "RSeq: 7"
		bob   <- PRACK "RAck: 7 1 INVITE" "To: tag=mobile"
		bob   -> 200 PRACK
		bob   -> 200 INVITE sdp tag=mobile
		bob   <- ACK "To: tag=mobile"
		alice <- 200 INVITE
		alice -> ACK
		`+aliceHangsUp)
}
