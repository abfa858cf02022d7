package carrier

import (
	"fmt"
	"time"
)

// Health is whether a trunk's gateway is there.
type Health string

// What is known of it.
const (
	Unknown Health = "unknown" // it is not asked, or has not been yet
	Up      Health = "up"
	Down    Health = "down" // calls leave by others, while there are others
)

// State is how a trunk does now.
type State struct {
	Health     Health
	Since      time.Time // zero while unknown
	Answer     Answer    // the last of the gateway
	Registered time.Time // until when we are registered there; zero: we are not
	Registry   Answer    // its last answer to a registration
	Calls      int       // both ways
}

// Answer is what came of asking a gateway. The zero value is that it was not
// asked.
type Answer struct {
	At     time.Time
	Code   AnswerCode
	Status int    // what it said
	Phrase string // in its own words
}

// AnswerCode sorts answers.
type AnswerCode string

// The answers.
const (
	Answers    AnswerCode = "answered"
	Silent     AnswerCode = "silent"     // none came
	Unreached  AnswerCode = "unreached"  // nobody listens there
	Nameless   AnswerCode = "nameless"   // its name is not found
	Refuses    AnswerCode = "refused"    // it does not register us
	Disbelieve AnswerCode = "unproven"   // it does not take user name and password
	Registered AnswerCode = "registered" // it knows where we are
)

// Text says it for people.
func (a Answer) Text() string {
	switch a.Code {
	case Answers:
		return fmt.Sprintf("The gateway answers: %d %s.", a.Status, a.Phrase)
	case Silent:
		return "The gateway does not answer. Check address, port, transport and firewall."
	case Unreached:
		return "Nobody listens there, or the connection broke. Check address, port and transport."
	case Nameless:
		return "The name of the gateway is not found. Check how it is written."
	case Registered:
		return "We are registered there."
	case Disbelieve:
		return fmt.Sprintf("It does not register us: it did not take our user name and password, or asked for those of another realm (%d %s).", a.Status, a.Phrase)
	case Refuses:
		return fmt.Sprintf("It does not register us: %d %s.", a.Status, a.Phrase)
	}
	return ""
}
