// Package fault names the few kinds of error of the business. A kind is set
// once, where the rule is broken; SIP, HTTP and Q.850 codes are chosen only at
// the faces and the edge. Code is stable and for programs, Text is for people:
// what happened, why, what to do.
package fault

import (
	"errors"
	"fmt"
)

// Kind is the class of an error.
type Kind uint8

// The kinds.
const (
	Internal    Kind = iota // a defect or a broken machine
	Invalid                 // the request cannot be understood or is incomplete
	Unknown                 // there is no such thing
	Conflict                // the thing is not in a state that allows it
	Unproven                // nobody is signed in, or the proof failed
	Forbidden               // signed in, but not allowed
	Unpaid                  // the money does not suffice
	Limited                 // too many, too fast
	Unavailable             // try again later
)

// Field is one wrong field of a form.
type Field struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Reason is why something was refused: a code for programs, a text for people.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Error is an error of a known kind.
type Error struct {
	Kind   Kind
	Reason Reason
	Fields []Field
	Err    error
}

// New returns an error of a kind with its code and text.
func New(k Kind, code, text string, args ...any) *Error {
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	return &Error{Kind: k, Reason: Reason{Code: code, Text: text}}
}

// Wrap keeps the cause, which is for the log and never for the user.
func Wrap(k Kind, code, text string, err error) *Error {
	return &Error{Kind: k, Reason: Reason{Code: code, Text: text}, Err: err}
}

// WithFields names the wrong fields.
func (e *Error) WithFields(f ...Field) *Error {
	e.Fields = append(e.Fields, f...)
	return e
}

// Fields says which fields of a form are wrong.
func Fields(f ...Field) *Error {
	return New(Invalid, "fields", "Some fields are not right.").WithFields(f...)
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Reason.Text + ": " + e.Err.Error()
	}
	return e.Reason.Text
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first *Error in the chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// ReasonOf returns the reason of the first *Error in the chain; for any other
// error one that tells the user nothing of the inside.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return Reason{Code: "internal", Text: "Something went wrong on our side. Try again; if it stays, tell the operator."}
}

// FieldsOf returns the wrong fields that an error names.
func FieldsOf(err error) []Field {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fields
	}
	return nil
}
