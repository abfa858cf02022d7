package switching

import "time"

// Attempt, Target and Record stand in for routing.Attempt, routing.Target and
// cdr.Record until those are there; then they become aliases of them.
type (
	Attempt  struct{ Dialled string }
	Target   struct{ URI string }
	Record   struct{ Start, Answer, End time.Time }
	Decision struct {
		Targets []Target
		RingFor time.Duration
		Cause   Cause
	}
)

// Plan is a routing decision with what the shard adds to it.
type Plan struct {
	Decision
	// Priced: money must be held before anything rings, and the start of the
	// call made durable before the answer is passed on.
	Priced bool
	// Limit is the longest talking time; 0 is none.
	Limit time.Duration
	// Announce is played to the caller when there are no targets, before the
	// refusal; "" refuses at once.
	Announce Prompt
}

// Lease is money held for a call: For is the talking time it pays, counted
// from the answer; More says that the payer may have more when asked.
type Lease struct {
	Hold string
	For  time.Duration
	More bool
}
