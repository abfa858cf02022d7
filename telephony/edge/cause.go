package edge

import (
	"strconv"

	"github.com/callisto-tel/callisto/telephony/switching"
)

// code is how a cause is told: the SIP status that refuses a call, and the
// ITU-T Q.850 cause that the Reason header carries (RFC 3326).
type code struct{ status, q850 int }

// codes is RFC 3398 §7.2.4.1 with the causes that have no ISUP counterpart.
var codes = map[switching.Cause]code{ //nolint:gochecknoglobals // constant table
	switching.CauseNone:            {500, 31},
	switching.CauseNormal:          {480, 16},
	switching.CauseCancelled:       {487, 16},
	switching.CauseElsewhere:       {487, 26},
	switching.CauseBusy:            {486, 17},
	switching.CauseNoAnswer:        {480, 19},
	switching.CauseNoResponse:      {408, 18},
	switching.CauseDeclined:        {603, 21},
	switching.CauseBusyEverywhere:  {600, 17},
	switching.CauseDeclinedAll:     {603, 21},
	switching.CauseUnwanted:        {607, 21},
	switching.CauseNotFound:        {404, 1},
	switching.CauseNowhere:         {604, 1},
	switching.CauseGone:            {410, 22},
	switching.CauseIncomplete:      {484, 28},
	switching.CauseUnregistered:    {480, 20},
	switching.CauseNotDialable:     {404, 1},
	switching.CauseAbsent:          {480, 20},
	switching.CauseForbidden:       {403, 21},
	switching.CauseUnpaid:          {402, 21},
	switching.CauseUnproven:        {502, 21},
	switching.CauseIncompatible:    {488, 88},
	switching.CauseIncompatibleAll: {606, 88},
	switching.CauseUnprotected:     {488, 88},
	switching.CauseCongestion:      {503, 34},
	switching.CauseNetwork:         {502, 38},
	switching.CauseLoop:            {483, 25},
	switching.CauseUnsupported:     {501, 79},
	switching.CauseTimeout:         {504, 102},
	switching.CauseInternal:        {500, 41},
	switching.CauseSilent:          {480, 31},
	switching.CauseExpired:         {408, 102},
	switching.CauseCutOff:          {402, 31},
	switching.CauseOperator:        {480, 31},
	switching.CauseReplaced:        {487, 31},
	switching.CauseGlare:           {491, 31},
	switching.CauseGlobal:          {603, 31},
	switching.CauseOther:           {480, 31},
}

// status is what a leg is answered with for a cause.
func status(c switching.Cause) int { return codes[c].status }

// newReasons makes the Reason value of each cause.
func newReasons() map[switching.Cause]string {
	m := make(map[switching.Cause]string, len(codes))
	for c := range codes {
		m[c] = "Q.850;cause=" + strconv.Itoa(codes[c].q850) + `;text="` + c.String() + `"`
	}
	m[switching.CauseElsewhere] = `SIP;cause=200;text="Call completed elsewhere"`
	return m
}

var reasons = newReasons() //nolint:gochecknoglobals // constant table

// reason is the value of the Reason header for a cause (RFC 3326). A terminal
// that rang in vain is told that another answered, so that it shows no missed
// call.
func reason(c switching.Cause) string {
	return reasons[c]
}

// cause reads the status a dialled leg failed with (RFC 3398 §8.2.6.1).
func cause(status int) switching.Cause {
	switch status {
	case 404, 485:
		return switching.CauseNotFound
	case 410:
		return switching.CauseGone
	case 484:
		return switching.CauseIncomplete
	case 486:
		return switching.CauseBusy
	case 600:
		return switching.CauseBusyEverywhere
	case 603:
		return switching.CauseDeclinedAll
	case 604:
		return switching.CauseNowhere
	case 606:
		return switching.CauseIncompatibleAll
	case 607:
		return switching.CauseUnwanted
	case 401, 407:
		return switching.CauseUnproven
	case 402:
		return switching.CauseUnpaid
	case 403:
		return switching.CauseForbidden
	case 408:
		return switching.CauseNoResponse
	case 430, 480:
		return switching.CauseAbsent
	case 406, 415, 488:
		return switching.CauseIncompatible
	case 405, 420, 421, 501:
		return switching.CauseUnsupported
	case 482, 483:
		return switching.CauseLoop
	case 487:
		return switching.CauseCancelled
	case 491:
		return switching.CauseGlare
	case 500, 513:
		return switching.CauseInternal
	case 502:
		return switching.CauseNetwork
	case 503:
		return switching.CauseCongestion
	case 504:
		return switching.CauseTimeout
	}
	switch status / 100 {
	case 5:
		return switching.CauseNetwork
	case 6:
		return switching.CauseGlobal
	}
	return switching.CauseOther
}
