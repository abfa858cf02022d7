// Package letter is what the house writes to people: a kind of letter with the
// facts that go into it. The words, in the reader's language, and the way it is
// sent belong to the floor above.
package letter

import "time"

// Letter is one e-mail. Its Key makes it unique: the same one is sent once,
// however often it is posted.
type Letter struct {
	Key      string
	Account  string // whom it concerns; "" nobody of ours
	To       string // e-mail address
	Language string // BCP 47
	Kind     string // names the words: "confirm_email", "receipt", "renewal_due"
	Fields   map[string]string
}

// Paper is the field that names a receipt, an invoice or a credit note by its
// number. It is drawn when the letter is sent, and goes with it.
const Paper = "paper"

// Queued is a letter on its way.
type Queued struct {
	Letter
	ID      string
	Tries   int
	Created time.Time
	Due     time.Time // when it is tried next; zero: not again
	Sent    time.Time // zero: not yet
	Failure string    // what went wrong last
}

// Failed reports whether it was given up.
func (q Queued) Failed() bool { return q.Sent.IsZero() && q.Due.IsZero() }

// Lasting is how long a letter is tried.
const Lasting = 5 * 24 * time.Hour

// Next is when a letter is tried again after it could not be sent for the
// tries-th time: soon at first, then ever later. It is zero once Lasting is over.
func (q Queued) Next(now time.Time) time.Time {
	delays := [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}
	due := now.Add(delays[min(max(q.Tries, 1), len(delays))-1])
	if due.Sub(q.Created) > Lasting {
		return time.Time{}
	}
	return due
}
