package switching

// Mono is a reading of the monotonic clock in nanoseconds; only differences
// mean something.
type Mono int64

// Ref names a call to the outside: a slot and its generation, chosen by the
// shard that owns the call. A late result of a call that is gone carries a
// stale Ref and must be dropped (or undone) by whoever holds it.
type Ref uint64

// LegID names a leg within its call. Ids are given once and never reused in a
// call: a late event of an ended leg can do no harm.
type LegID uint16

// The fixed legs. Legs that are dialled or replace another count up from
// FirstDialled.
const (
	NoLeg        LegID = 0 // nobody; as a media side: ourselves, for a local answer or prompt
	Caller       LegID = 1 // the leg the call came in on
	FirstDialled LegID = 2
)

// TimerID names one of the few timers of a call. A call has at most one of
// each, set again by setting it.
type TimerID uint8

// The timers.
const (
	TimerRing    TimerID = iota // the targets dialled now may ring until here
	TimerConfirm                // a late-offer answer must be confirmed until here
	TimerModify                 // a re-offer must be answered until here
	TimerHold                   // the money asked for must be reserved until here
	TimerExtend                 // time to ask for more money
	TimerWarn                   // time to warn that the money ends
	TimerCut                    // the money, or the longest allowed duration, ends here
	TimerPrompt                 // an announcement must have ended here
	TimerKey                    // a key must have been pressed until here
	TimerWake                   // a terminal that was woken must have registered until here
	Timers                      // how many there are
)

// Stage is how far an unanswered leg has come.
type Stage uint8

// The stages. The greatest reached is what the caller is told.
const (
	StageTrying   Stage = iota
	StageProgress       // 183 without ringing
	StageForward        // 181: the call goes on elsewhere
	StageQueued         // 182
	StageRinging        // 180
)

// Kind says what happened.
type Kind uint8

// The kinds of Event. "SDP?" means that SDP may be empty.
const (
	KindNone Kind = iota

	// Offered: a leg came in, unanswered. SDP?: empty is a late offer.
	// Leg is Caller and Attempt is set for the first; otherwise Leg is from
	// Call.NewLeg and Replaces names the leg whose place it takes (attended
	// transfer, pick-up, a browser page that came back; RFC 3891). A call
	// that is over (Call.Over) takes nobody in: refuse the leg without it.
	// With a Script we answer ourselves, and routing is not asked; one without
	// nodes is asked for before the answer.
	Offered
	// Decided: Plan answers the Decide command.
	Decided
	// Progress: a dialled leg reached Stage. SDP? is an early answer.
	Progress
	// Answered: a dialled leg answered. SDP? is the answer, or the offer when
	// it was dialled with none. The far side has been, or if Dial carried no
	// SDP will be by Confirm, sent its ACK.
	Answered
	// Confirmed: the ACK to our Answer or to an accepting Respond came.
	// SDP? is the answer when ours was the offer. Until the first of a leg,
	// its session is not changed.
	Confirmed
	// Modify: the party asks to change the session (re-INVITE or UPDATE).
	// SDP?: empty asks us for an offer. It is answered by Respond. An UPDATE
	// without SDP asks for nothing and is answered without us.
	Modify
	// ModifyAccepted: our Modify command was accepted. SDP is the answer, or
	// the offer when our Modify had none (then Confirm follows).
	ModifyAccepted
	// ModifyRefused: our Modify was refused or timed out, with Cause
	// (CauseGlare for 491). The session stays as it was (RFC 3261 §14.1). A
	// refusal that ends the dialog (481, 408) is Ended instead.
	ModifyRefused
	// Ended: the leg is gone with Cause: CANCEL or BYE of the party, a final
	// failure answer, or no answer to our requests. Nothing more comes of it.
	Ended
	// Digit: the party pressed Digit, as told by signalling. Those in its
	// sound pass through media.
	Digit

	// MediaOffered: SDP is for Leg, from the MediaOffer command.
	MediaOffered
	// MediaAnswered: SDP is for Leg, from the MediaAnswer command.
	MediaAnswered
	// MediaFailed: a media command for Leg failed with Cause.
	MediaFailed
	// MediaSilent: nothing was heard from Leg for too long, off hold.
	MediaSilent
	// MediaStopped: the absolute stop time was reached in the media plane.
	MediaStopped
	// Played: the prompt to Leg has ended.
	Played

	// Timer: Timer ran out.
	Timer

	// Reserved: the money is held; Lease says how much and how long it lasts.
	Reserved
	// NotReserved: it is not, for Cause.
	NotReserved
	// Extended: the hold now lasts to Lease.
	Extended
	// NotExtended: there is no more money than was held.
	NotExtended
	// Recorded: the start of a priced call is durable; the answer may go out.
	Recorded
	// Settled: the record is kept. The call needs it no more.
	Settled

	// HangUp: the operator, or the member from another screen, ends the call;
	// with a Cause somebody else does.
	HangUp
	// CutOff: the payer may not talk on (account locked, cap reached).
	CutOff
	// Transfer: the party on Leg is replaced by a new leg to Target (blind
	// transfer, push to another device).
	Transfer
	// Originated: a call that we place begins: to the one target of Plan, with
	// nobody on this side but Script. What comes of it is told. With Leg Caller
	// its party goes on to call others from there, as one who was answered does.
	Originated
	// Directed: the answer to an Ask: Script is what to go on with; none hangs up,
	// or refuses with Cause.
	Directed
	// Lent: or the caller's leg is lent to another call until Directed.
	Lent
	// MediaSettled: Leg's offer concerns nobody else; SDP is the answer to it.
	MediaSettled
	// Woken: a terminal that a Wake was for has registered: Target is the way to
	// it now.
	Woken
	// NotWoken: Leg's terminal cannot be woken, for Cause.
	NotWoken
	kindCount
)

// Event is something that happened to a call. SDP, and what pointers point
// at, belong to the sender and are not kept beyond Step.
type Event struct {
	Kind     Kind
	Leg      LegID
	Replaces LegID
	Stage    Stage
	Cause    Cause
	Timer    TimerID
	Digit    byte
	SDP      []byte
	Attempt  *Attempt
	Plan     *Plan
	Target   *Target
	Script   *Script
	Lease    Lease
	Announce Prompt // NotReserved: what the caller hears before he is refused
	// Ended: what the far side gave, for the record; 0 where it gave nothing.
	Status int // of SIP, with which it refused
	Q850   int // of ITU-T Q.850
}
