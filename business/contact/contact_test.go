package contact

import "testing"

// TestNamesHoweverNumbersAreWritten: what only makes a number readable says nothing,
// and of two names for one the first counts.
func TestNamesHoweverNumbersAreWritten(t *testing.T) {
	names := NamesOf([]Contact{{Name: "Ann", Number: "755 0142 82"}, {Name: "Ann again", Number: "755-014282"}, {Name: "Office", Number: "5550100*82"}, {Name: "Bob", Number: "Bob@Firm.example"}, {Name: "Nobody", Number: "-"}})
	for written, want := range map[string]string{
		"755014282": "Ann", "(755) 0142.82": "Ann", "5550100#82": "Office", "bob@firm.example": "Bob", "": "", " ": "", "+755014282": "", "75501428": "",
	} {
		if got := names.Of("", written); got != want {
			t.Errorf("%q is %q", written, got)
		}
	}
}
