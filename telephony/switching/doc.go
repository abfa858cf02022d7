// Package switching is the call: a machine that is told what happened (Event)
// and says what to do (Command). It does no I/O, reads no clock, starts no
// goroutine, and knows no SIP and no SDP syntax; session descriptions are
// bytes it carries from Legs to Media and back. Edge joins it to the outside.
//
// A call is a set of legs and a bridge between two of them. Which targets ring
// is decided by business/routing, which is asked again with the outcomes.
//
// The behaviour follows what a back-to-back user agent needs of RFC 3261
// (§13.2.2.4 forked answers, §15 BYE, §16.7 choice of the best response,
// §14 re-INVITE and glare), RFC 3264 §8 (hold), RFC 3398 §7-8 (causes),
// RFC 3960 §3 (early media) and RFC 3891 (replacing a leg).
package switching
