// Package letter is what the house writes to people: a kind of letter with the
// facts that go into it. The words, in the reader's language, and the way it is
// sent belong to the floor above.
package letter

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
