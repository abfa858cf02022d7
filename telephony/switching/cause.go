package switching

// Cause is why something ended or was refused. The values are neutral: ITU-T
// Q.850 and SIP numbers are chosen at the edge (RFC 3398 §7.2.4.1 and §8.2.6.1
// have the usual tables).
type Cause uint8

// The causes. The comment gives the nearest Q.850 number and SIP status for
// whoever writes the table at the edge.
const (
	CauseNone            Cause = iota // nothing is wrong
	CauseNormal                       // 16, BYE: a party hung up
	CauseCancelled                    // 16, 487: the caller gave up before the answer
	CauseElsewhere                    // 26, CANCEL with "Call completed elsewhere" (RFC 3326): another terminal answered
	CauseBusy                         // 17, 486: the terminal is busy
	CauseNoAnswer                     // 19, 408 or 480: it rang, nobody answered
	CauseNoResponse                   // 18, 408: the terminal said nothing at all
	CauseDeclined                     // 21, 480 or 603 of one terminal: this terminal refuses
	CauseBusyEverywhere               // 17, 600: busy, and no other place may be tried
	CauseDeclinedAll                  // 21, 603: declined, and no other place may be tried
	CauseUnwanted                     // 21, 607 (RFC 8197): the called party wants no such calls
	CauseNotFound                     // 1, 404: no such number
	CauseNowhere                      // 1, 604: no such number anywhere
	CauseGone                         // 22, 410: the number was given back
	CauseIncomplete                   // 28, 484: more digits are needed
	CauseUnregistered                 // 20, 480: sold, but its holder has not registered it
	CauseNotDialable                  // 1, 404: a kind of number that is not carried
	CauseAbsent                       // 20, 480: the member is not signed in
	CauseForbidden                    // 21, 403: a rule forbids it
	CauseUnpaid                       // 21, 402 or 403: the money does not suffice
	CauseUnproven                     // 21, 401 or 407 from the far side: it does not trust us
	CauseIncompatible                 // 88, 488: no common codec or transport
	CauseIncompatibleAll              // 88, 606: no terminal of the party could take it
	CauseUnprotected                  // 88, 488: who was to protect the sound did not prove himself (DTLS)
	CauseCongestion                   // 34, 503: no circuit, port or trunk is free
	CauseNetwork                      // 38, 502 or 503: the next hop is out of order
	CauseLoop                         // 25, 483: the call went on too long, or in a circle
	CauseUnsupported                  // 79, 501 or 420: the far side cannot do that
	CauseTimeout                      // 102, 504: a step took too long
	CauseInternal                     // 41, 500: a fault of ours
	CauseSilent                       // 31: no sound came for too long
	CauseExpired                      // 31: the session timer ran out (RFC 4028 §10)
	CauseCutOff                       // 31: the money is used up
	CauseOperator                     // 31: the operator ended it
	CauseReplaced                     // 31: another leg took this one's place
	CauseGlare                        // 491: both sides asked to change the session at once; only for Respond
	CauseGlobal                       // 31, another 6xx: an end that forbids further tries
	CauseOther                        // 31, any other 4xx
	causeCount
)

// causeTraits is what a cause means for the hunt and for the caller.
type causeTraits struct {
	name string
	// rank orders failures when all branches failed: the lowest is told to
	// the caller. RFC 3261 §16.7 step 6: a 6xx first, then the lowest class,
	// preferring what says something about the party over what speaks of our
	// way to it; a challenge to us is never passed on; 503 is taken last
	// (§16.7: a 503 becomes a 500 unless it is all there is).
	rank uint8
	// stop ends the hunt: no further target and no further carrier is tried
	// (busy and decline are answers of the party, not faults on the way).
	stop bool
}

func (c Cause) traits() causeTraits {
	switch c {
	case CauseBusyEverywhere:
		return causeTraits{"busy-everywhere", 1, true}
	case CauseDeclinedAll:
		return causeTraits{"declined-everywhere", 1, true}
	case CauseUnwanted:
		return causeTraits{"unwanted", 1, true}
	case CauseNowhere:
		return causeTraits{"nowhere", 2, true}
	case CauseIncompatibleAll:
		return causeTraits{"incompatible-everywhere", 2, true}
	case CauseGlobal:
		return causeTraits{"global-failure", 2, true}
	case CauseBusy:
		return causeTraits{"busy", 3, true}
	case CauseDeclined:
		return causeTraits{"declined", 4, false}
	case CauseNoAnswer:
		return causeTraits{"no-answer", 5, false}
	case CauseUnpaid:
		return causeTraits{"unpaid", 6, false}
	case CauseForbidden:
		return causeTraits{"forbidden", 7, false}
	case CauseGone:
		return causeTraits{"gone", 8, false}
	case CauseIncomplete:
		return causeTraits{"incomplete", 8, false}
	case CauseIncompatible:
		return causeTraits{"incompatible", 9, false}
	case CauseUnprotected:
		return causeTraits{"unprotected", 9, false}
	case CauseNotFound:
		return causeTraits{"not-found", 10, false}
	case CauseNotDialable:
		return causeTraits{"not-dialable", 10, false}
	case CauseUnregistered:
		return causeTraits{"unregistered", 11, false}
	case CauseAbsent:
		return causeTraits{"absent", 11, false}
	case CauseOther:
		return causeTraits{"other", 12, false}
	case CauseUnsupported:
		return causeTraits{"unsupported", 13, false}
	case CauseNoResponse:
		return causeTraits{"no-response", 14, false}
	case CauseTimeout:
		return causeTraits{"timeout", 15, false}
	case CauseNetwork:
		return causeTraits{"network", 16, false}
	case CauseLoop:
		return causeTraits{"loop", 16, false}
	case CauseUnproven:
		return causeTraits{"unproven", 17, false}
	case CauseInternal:
		return causeTraits{"internal", 18, false}
	case CauseCongestion:
		return causeTraits{"congestion", 19, false}
	default:
		return c.endTraits()
	}
}

// endTraits names the causes that end a call and are no answer to a hunt.
func (c Cause) endTraits() causeTraits {
	switch c {
	case CauseNone:
		return causeTraits{"none", 255, false}
	case CauseNormal:
		return causeTraits{"normal", 30, false}
	case CauseCancelled:
		return causeTraits{"cancelled", 30, false}
	case CauseElsewhere:
		return causeTraits{"answered-elsewhere", 30, false}
	case CauseSilent:
		return causeTraits{"silent", 30, false}
	case CauseExpired:
		return causeTraits{"expired", 30, false}
	case CauseCutOff:
		return causeTraits{"cut-off", 30, false}
	case CauseOperator:
		return causeTraits{"operator", 30, false}
	case CauseReplaced:
		return causeTraits{"replaced", 30, false}
	case CauseGlare:
		return causeTraits{"glare", 30, false}
	default:
		return causeTraits{"unknown", 30, false}
	}
}

// String returns the stable name of the cause, for ladders, logs and records.
func (c Cause) String() string { return c.traits().name }

// EndsHunt reports whether the cause is an answer of the party itself, after
// which no further terminal or carrier may be tried.
func (c Cause) EndsHunt() bool { return c.traits().stop }

// Better reports whether c tells a caller more than d does, when both are
// failures of branches of one hunt.
func (c Cause) Better(d Cause) bool { return c.traits().rank < d.traits().rank }

// Global reports whether the cause is an answer for all terminals of the party
// (a 6xx), upon which the others stop ringing.
func (c Cause) Global() bool {
	switch c {
	case CauseBusyEverywhere, CauseDeclinedAll, CauseUnwanted, CauseNowhere, CauseIncompatibleAll, CauseGlobal:
		return true
	default:
		return false
	}
}
