package switching

// Op is what a Command tells the outside to do.
type Op uint8

// The commands, by whom they are for.
const (
	OpNone Op = iota

	// For Legs.

	// OpDial sends a new leg to Target, with SDP or, when empty, without one.
	OpDial
	// OpProgress tells an unanswered incoming leg of Stage, with SDP?.
	OpProgress
	// OpAnswer answers an incoming leg with SDP.
	OpAnswer
	// OpConfirm acknowledges an answer that brought the offer; SDP? answers it.
	OpConfirm
	// OpModify offers the leg SDP, or asks it for an offer when empty.
	OpModify
	// OpRespond answers a Modify of the party: with SDP when Cause is
	// CauseNone, else refused.
	OpRespond
	// OpEnd ends the leg with Cause, in whatever state it is: refuse, cancel
	// or hang up. The outside sees to it that the far side learns it once
	// (a CANCEL that crosses a 200 becomes ACK and BYE), and sends no Ended.
	OpEnd
	// OpDigit passes Digit, pressed by the other party, on to the leg.
	OpDigit

	// For Media.

	// OpMediaOffer hands media the offer SDP of Leg and asks for one for
	// Peer. Leg NoLeg: make an offer of our own. Peer NoLeg: answer it
	// ourselves, the result is for Leg. Target is set if Peer will be dialled.
	OpMediaOffer
	// OpMediaAnswer hands media the answer SDP of Leg and asks for one for Peer.
	OpMediaAnswer
	// OpBridge joins the sound of Leg and Peer; Peer NoLeg parts Leg.
	OpBridge
	// OpPlay plays Prompt to Leg; Played follows its end. No Prompt stops.
	OpPlay
	// OpMediaDrop gives the ports of Leg back.
	OpMediaDrop
	// OpStopAt ends all sound at At, whatever becomes of signalling.
	OpStopAt
	// OpMediaClose gives everything of the call back.
	OpMediaClose

	// For Money.

	// OpReserve holds money as Plan says.
	OpReserve
	// OpExtend asks for more on Hold.
	OpExtend
	// OpRecord makes the start of a priced call durable; Recorded follows.
	OpRecord
	// OpSettle hands over the call record, once a call, also for free calls.
	OpSettle

	// For Desk.

	// OpDecide asks routing, again with the outcomes in Attempt.
	OpDecide
	// OpSetTimer and OpCancelTimer move the call's timers.
	OpSetTimer
	OpCancelTimer
	// OpDone: nothing remains; the Call may be used for another call once
	// Deliver has returned.
	OpDone

	// OpTell tells who placed the call how far it is: Note is one of the Told
	// words or the name of a script's node.
	OpTell
	// OpAsk asks whoever gave the script how to go on: Heard was pressed at the
	// node that Note names. Directed or Lent follows.
	OpAsk

	// OpWake has the terminals of Target woken, which ring when they have
	// registered: Woken follows, once for each, or NotWoken.
	OpWake
	// OpLetSleep: whoever of Leg has not registered need not any more.
	OpLetSleep
	opCount
)

// Prompt is what to play: the name of a recording, or a tone.
type Prompt string

// The tones; any other Prompt is the name of an announcement.
const (
	ToneRinging Prompt = "tone:ringing"
	ToneWarning Prompt = "tone:warning"
)

// Command is one thing to do. SDP is valid until the event that caused it has
// been delivered; pointers until the next Step of the call.
type Command struct {
	Op      Op
	Leg     LegID
	Peer    LegID
	Stage   Stage
	Cause   Cause
	Timer   TimerID
	Digit   byte
	At      Mono
	SDP     []byte
	Prompt  Prompt
	Target  *Target
	Attempt *Attempt
	Plan    *Plan
	Record  *Record
	Hold    string
	Note    string
	Heard   Secret
}

// Commands collects what Step wants done, in order. It is reused: Reset keeps
// the memory.
type Commands struct {
	list []Command
	// bytes keeps results that must outlive the call that returned them.
	bytes []byte
}

// Reset empties the list.
func (o *Commands) Reset() {
	clear(o.list) // let go of what the pointers point at
	o.list = o.list[:0]
	o.bytes = o.bytes[:0]
}

// Len returns how many commands there are.
func (o *Commands) Len() int { return len(o.list) }

// At returns command i, valid until the next Step or Reset.
func (o *Commands) At(i int) *Command { return &o.list[i] }

// keep copies b to memory that stays until Reset.
func (o *Commands) keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	at := len(o.bytes)
	o.bytes = append(o.bytes, b...)
	return o.bytes[at:len(o.bytes):len(o.bytes)]
}
