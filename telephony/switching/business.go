package switching

import (
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/routing"
)

// The values of the business that go through a call.
type (
	Attempt  = routing.Attempt
	Target   = routing.Target
	Decision = routing.Decision
	Record   = cdr.Record
)

// Plan is a routing decision with what the shard adds to it.
type Plan struct {
	Decision
	// Priced: money must be held before anything rings, and the start of the
	// call made durable before the answer is passed on.
	Priced bool
	// Payer is whose account that is.
	Payer string
	// Limit is the longest talking time; 0 is none.
	Limit time.Duration
	// Announce is played to the caller before a refusal, when there are no
	// targets or none answered; "" refuses at once.
	Announce Prompt
	// Answer answers the call before announcing, for callers that do not hear
	// early media (RFC 3960 §3.2). It is no answered call in the record.
	Answer bool
}

// priced is what money is held for: a price, and an account.
type priced struct {
	prices  [rating.MostBands + 1]rating.Price
	version string // of the deck, whose time bands count
	payer   string
}

func (p *Plan) priced() priced { return priced{p.Price.Quote.Prices, p.Price.Version, p.Payer} }

// Lease is money held for a call: For is the talking time it pays, counted
// from the answer; More says that the payer may have more when asked.
type Lease struct {
	Hold string
	For  time.Duration
	More bool
}

// Recorded returns the word of the call record for c.
func (c Cause) Recorded() cdr.Cause {
	switch c {
	case CauseNone:
		return cdr.NoCause
	case CauseNormal, CauseOperator, CauseReplaced:
		return cdr.Normal
	case CauseCancelled:
		return cdr.Cancelled
	case CauseElsewhere:
		return cdr.Elsewhere
	case CauseBusy, CauseBusyEverywhere:
		return cdr.Busy
	case CauseNoAnswer:
		return cdr.NoAnswer
	case CauseDeclined, CauseDeclinedAll, CauseUnwanted:
		return cdr.Declined
	case CauseNotFound, CauseNowhere, CauseGone, CauseIncomplete:
		return cdr.NotFound
	case CauseUnregistered:
		return cdr.Unregistered
	case CauseNotDialable:
		return cdr.NotDialable
	case CauseAbsent:
		return cdr.Unavailable
	case CauseForbidden:
		return cdr.Forbidden
	case CauseUnpaid, CauseCutOff:
		return cdr.Unpaid
	case CauseIncompatible, CauseIncompatibleAll, CauseUnsupported, CauseUnprotected:
		return cdr.Media
	case CauseSilent, CauseExpired:
		return cdr.Lost
	case CauseTimeout, CauseNoResponse:
		return cdr.Timeout
	default:
		return cdr.Failed
	}
}

// causeOf returns the cause for a word of routing or of a record.
func causeOf(c cdr.Cause) Cause {
	switch c {
	case cdr.Normal:
		return CauseNormal
	case cdr.Busy:
		return CauseBusy
	case cdr.NoAnswer:
		return CauseNoAnswer
	case cdr.Declined:
		return CauseDeclined
	case cdr.Cancelled:
		return CauseCancelled
	case cdr.Unavailable:
		return CauseAbsent
	case cdr.NotFound:
		return CauseNotFound
	case cdr.Unregistered:
		return CauseUnregistered
	case cdr.NotDialable:
		return CauseNotDialable
	case cdr.Forbidden:
		return CauseForbidden
	case cdr.Unpaid:
		return CauseUnpaid
	case cdr.Media:
		return CauseIncompatible
	case cdr.Lost:
		return CauseExpired
	case cdr.Timeout:
		return CauseTimeout
	case cdr.Elsewhere:
		return CauseElsewhere
	default:
		return CauseInternal
	}
}

// outcome is what routing is told of a branch.
func outcome(t Target, c Cause) routing.Outcome {
	return routing.Outcome{Target: t, Cause: c.Recorded()}
}
