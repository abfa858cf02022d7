package guard

import "time"

// AlertKind is what an alert is about.
type AlertKind string

// The kinds of alert.
const (
	TooFast AlertKind = "too_fast" // an account's calls were stopped
)

// Alert is what the operator should look at.
type Alert struct {
	ID      string
	Kind    AlertKind
	Subject string // an account, a range
	First   time.Time
	Last    time.Time
	Count   int
	Text    string
}
