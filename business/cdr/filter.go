package cdr

import (
	"context"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
)

// Filter says which records; what is empty does not matter.
type Filter struct {
	Account    string // who called, was called, or pays
	Number     string // of the caller, the called, or as dialled: digits, with or without + and spaces
	Call       string // the call's id, or a record's
	Carrier    string // by whose trunk it left or came in
	Cause      string // the stable text
	Side       Side
	Since      time.Time // started at or after
	Before     time.Time // started before
	Unanswered bool      // only those
}

// Digits are those of Number, as records are searched by them: "" if it has none.
func (f *Filter) Digits() string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '#' {
			return r
		}
		return -1
	}, strings.ReplaceAll(f.Number, "*", "#"))
}

// Check refuses what cannot be meant.
func (f *Filter) Check() error {
	switch {
	case f.Number != "" && f.Digits() == "":
		return wrong("number", "A number has digits.")
	case f.Cause != "" && ParseCause(f.Cause).String() != f.Cause:
		return wrong("cause", "There is no cause of this name.")
	case !f.Since.IsZero() && !f.Before.IsZero() && !f.Before.After(f.Since):
		return wrong("to", "The end of the period is not after its beginning.")
	}
	return nil
}

func wrong(field, text string) error {
	return fault.New(fault.Invalid, "filter", "%s", text).WithFields(fault.Field{Name: field, Text: text})
}

// Causes are the stable texts of the causes.
func Causes() []string { n := names(); return n[1:] }

// Archive finds records.
type Archive interface {
	// Search lists records, newest first.
	Search(ctx context.Context, f Filter, cursor string, limit int) (Page, error)
	// Each hands over all records, oldest first, some at a time. What is
	// recorded meanwhile may be among them.
	Each(ctx context.Context, f Filter, give func(*Record) error) error
	// Call lists the records of one call, by center.
	Call(ctx context.Context, id string) ([]Record, error)
}

// Period reads a period as people and programs write it: days like 2026-11-26 of
// a zone, the last of which is in it, or instants like 2026-11-26T08:00:00Z;
// either may be "".
func (f *Filter) Period(from, to string, zone *time.Location) (err error) {
	if f.Since, _, err = moment("from", from, zone); err != nil {
		return err
	}
	day := false
	if f.Before, day, err = moment("to", to, zone); err != nil {
		return err
	}
	if day {
		f.Before = f.Before.AddDate(0, 0, 1)
	}
	return f.Check()
}

func moment(field, text string, zone *time.Location) (t time.Time, day bool, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return t, false, nil
	}
	if t, err = time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, true, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04"} {
		if t, err = time.ParseInLocation(layout, text, zone); err == nil {
			return t, false, nil
		}
	}
	return t, false, wrong(field, "Write a day like 2026-11-26, or an instant like 2026-11-26T08:00:00Z.")
}
