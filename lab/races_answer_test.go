package lab

import "testing"

// Races around the answer of a call. The scripts are read with telephony/ladder
// at hand; "again" means the very same bytes.

// RFC 3261 §13.2.2.4: a UAC that gets a 2xx again sends its ACK again; and the
// callee waits for it, so ours goes out before the caller's.
func TestCalleesAnswerIsAckedAtOnceAndOnEveryRetransmission(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE sdp
		bob   -> 200 INVITE sdp
		bob   <- ACK nosdp within=20ms
		alice <- 200 INVITE sdp
		bob   -> 200 INVITE again
		bob   <- ACK again within=20ms
		wait 1s
		alice forgets
		bob   -> 200 INVITE again
		bob   <- ACK again within=20ms
		alice -> ACK
		wait 20s
		bob   -> 200 INVITE again        // even long after
		bob   <- ACK again within=20ms
		`+aliceHangsUp)
}

// RFC 3261 §9.1: CANCEL may cross the 2xx. The callee has answered: ACK and BYE.
func TestCancelCrossing200IsAckedThenBye(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE
		alice <- 180 INVITE
		alice -> CANCEL
		bob   -> 200 INVITE sdp          // both are on their way
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		bob   <- CANCEL
		bob   <- ACK within=20ms
		bob   <- BYE
		bob   -> 481 CANCEL
		bob   -> 200 BYE
		bob   -> 200 INVITE again        // any late 2xx is acknowledged
		bob   <- ACK
		silence 20s
		`)
	// Between two centers they cross in the middle: bob's center has taken his
	// answer and is told BYE, once alice's has acknowledged what she gave up.
	within(t, "US", `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE
		alice <- 180 INVITE
		alice -> CANCEL
		bob   -> 200 INVITE sdp
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		bob   <- ACK within=20ms
		bob   <- BYE within=20ms
		bob   -> 200 BYE
		silence 20s
		`)
}

// RFC 3261 §17.1.1.3: the 487 to our CANCEL is acknowledged, as often as it
// comes, on the INVITE's branch.
func TestOwnCancels487IsAcked(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE
		alice <- 180 INVITE
		alice -> CANCEL
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		bob   <- CANCEL
		bob   -> 200 CANCEL
		bob   -> 487 INVITE
		bob   <- ACK
		bob   -> 487 INVITE again
		bob   <- ACK again
		silence 20s
		`)
}

// RFC 3261 §9.1: no CANCEL before a provisional answer.
func TestCancelWaitsForTheFirstProvisionalAnswer(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		alice -> CANCEL
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		silence 300ms
		bob   <- INVITE again within=500ms
		bob   -> 100 INVITE
		bob   <- CANCEL
		bob   -> 200 CANCEL
		bob   -> 487 INVITE
		bob   <- ACK
		`)
}

// RFC 3261 §13.2.2.4: forked beyond us, two phones answered one INVITE. The
// first has the call, the other is thanked and released.
func TestForked2xxFirstWinsOthersAckAndBye(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE tag=desk
		alice <- 180 INVITE
		bob   -> 180 INVITE tag=mobile
		bob   -> 200 INVITE sdp tag=mobile
		bob   <- ACK "To: tag=mobile"
		alice <- 200 INVITE sdp
		bob   -> 200 INVITE sdp tag=desk
		bob   <- ACK "To: tag=desk"
		bob   <- BYE "To: tag=desk"
		bob   -> 200 INVITE again        // the ACK was lost: another, no second BYE
		bob   <- ACK "To: tag=desk"
		bob   -> 200 BYE
		alice -> ACK
		wait 1s
		alice -> BYE
		alice <- 200 BYE
		bob   <- BYE "To: tag=mobile"
		bob   -> 200 BYE
		`)
}

// RFC 3261 §15: the callee's hang-up reaches a caller who has not acknowledged
// the answer only after that; his BYE comes once.
func TestByeIsHeldUntilThe2xxIsAcked(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 200 INVITE sdp
		bob   <- ACK
		alice <- 200 INVITE
		bob   -> BYE
		bob   <- 200 BYE
		alice <- 200 INVITE again within=510ms
		alice <- 200 INVITE again within=1010ms
		alice -> ACK
		alice <- BYE within=20ms
		alice -> 200 BYE
		silence 30s
		`)
}

// RFC 3261 §13.3.1.4: a 2xx that is never acknowledged is repeated for 64·T1;
// then both sides are released.
func TestAnswerNeverAckedEndsWithByeAfter64T1(t *testing.T) {
	for _, bobs := range []string{"KR", "US"} {
		s := newStage(t, bobs)
		s.Play(`
			alice -> INVITE bob sdp
			bob   <- INVITE
			bob   -> 200 INVITE sdp
			bob   <- ACK
			alice <- 200 INVITE times=11 within=4010ms  // 0.5, 1, 2, 4, 4, ... to 31.5 s
			alice <- BYE within=2s "Reason: 408"
			alice -> 200 BYE
			bob   <- BYE
			bob   -> 200 BYE
			`)
		if took := s.Took("bob", "INVITE", "BYE"); took.Round(1e9) != 32e9 {
			t.Errorf("released after %v", took)
		}
		s.leavesNothing(t)
	}
}

// RFC 3261 §15.1.2: when both hang up at once each is answered, and neither is
// told twice.
func TestByeGlare(t *testing.T) {
	within(t, "KR", answered+`
		wait 1s
		alice -> BYE
		bob   -> BYE
		alice <- 200 BYE
		bob   <- BYE
		bob   <- 481 BYE                 // the dialog was gone when it came
		bob   -> 481 BYE
		silence 20s
		`)
	// Here it is the two centers that hang up on each other.
	within(t, "US", answered+`
		wait 1s
		alice -> BYE
		bob   -> BYE
		alice <- 200 BYE
		bob   <- 200 BYE
		silence 20s
		`)
}

// RFC 3261 §9.1, §17.1.3: a CANCEL has the branch of the INVITE it ends, and of
// no other: when one of two terminals answers, the other one is cancelled.
func TestCancelledLegsAreKeyedByBranch(t *testing.T) {
	s := newStage(t, "KR")
	s.addTerminal("desk", "bob", "203.0.113.20:5060")
	s.Play(`
		alice -> INVITE bob sdp
		bob   <- INVITE
		desk  <- INVITE
		bob   -> 180 INVITE
		alice <- 180 INVITE
		desk  -> 180 INVITE
		desk  -> 200 INVITE sdp
		desk  <- ACK
		bob   <- CANCEL "Reason: Call completed elsewhere"
		bob   -> 200 CANCEL
		bob   -> 487 INVITE
		bob   <- ACK
		alice <- 200 INVITE sdp
		alice -> ACK
		silence 5s
		alice -> BYE
		alice <- 200 BYE
		desk  <- BYE
		desk  -> 200 BYE
		`)
	invite, cancel := s.Last("bob", "INVITE"), s.Last("bob", "CANCEL")
	if via(invite) != via(cancel) || via(invite) == via(s.Last("desk", "INVITE")) {
		t.Errorf("%s\n%s", invite, cancel)
	}
	s.leavesNothing(t)
}

// Two terminals answer at the same moment: the first has the call; the answer
// of the other crosses our CANCEL.
func TestTwoTerminalsAnswerAtOnce(t *testing.T) {
	s := newStage(t, "KR")
	s.addTerminal("desk", "bob", "203.0.113.20:5060")
	s.Play(`
		alice -> INVITE bob sdp
		bob   <- INVITE
		desk  <- INVITE
		bob   -> 180 INVITE
		desk  -> 180 INVITE
		alice <- 180 INVITE
		bob   -> 200 INVITE sdp
		desk  -> 200 INVITE sdp
		bob   <- ACK
		desk  <- CANCEL
		desk  <- ACK
		desk  <- BYE
		desk  -> 200 BYE
		alice <- 200 INVITE
		alice -> ACK
		silence 20s
		` + aliceHangsUp)
	s.leavesNothing(t)
}

// RFC 3261 §16.7 step 5, and the caller's money: busy and declined are answers
// of the person called; nobody else is tried.
func TestNothingElseIsTriedAfterBusyOrDecline(t *testing.T) {
	for refusal, told := range map[string]string{"486": "486", "600": "600", "603": "603"} {
		everywhere(t, `
			alice -> INVITE bob sdp
			bob   <- INVITE
			bob   -> `+refusal+` INVITE
			bob   <- ACK
			alice <- `+told+` INVITE
			alice -> ACK
			silence 60s
			`)
	}
}

// A refusal that nobody acknowledges is repeated (RFC 3261 §17.2.1, timers G
// and H), its ACK is absorbed.
func TestRefusalIsRepeatedUntilItsAckWhichIsAbsorbed(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE
		alice <- 486 INVITE again within=510ms
		alice <- 486 INVITE again within=1010ms
		alice -> ACK
		alice -> ACK again
		silence 40s
		bob   -> 486 INVITE again        // timer D of ours is over: dropped
		silence 5s
		`)
}

// The callee's failure and its repetitions are acknowledged on the branch of
// the INVITE.
func TestCalleesRefusalIsAckedOnEveryRetransmission(t *testing.T) {
	everywhere(t, `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 486 INVITE
		bob   <- ACK
		bob   -> 486 INVITE again
		bob   <- ACK again
		alice <- 486 INVITE
		alice -> ACK
		wait 10s
		bob   -> 486 INVITE again
		bob   <- ACK again
		`)
}

// The BYE to an answer that crossed our CANCEL counts on from the PRACK before
// it (RFC 3261 §12.2.1.1); with that one's CSeq the callee would refuse it and
// stay connected.
func TestByeAfterPrackAndCrossedCancelCountsOn(t *testing.T) {
	within(t, "KR", `
		alice -> INVITE bob sdp
		bob   <- INVITE
		bob   -> 180 INVITE "Require: 100rel" "RSeq: 1"
		bob   <- PRACK "CSeq: 2 PRACK"
		bob   -> 200 PRACK
		alice <- 180 INVITE
		alice -> CANCEL
		bob   -> 200 INVITE sdp
		alice <- 200 CANCEL
		alice <- 487 INVITE
		alice -> ACK
		bob   <- CANCEL
		bob   <- ACK "CSeq: 1 ACK"
		bob   <- BYE "CSeq: 3 BYE"
		bob   -> 481 CANCEL
		bob   -> 200 BYE
		`)
}
