package contact

import (
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
)

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

// TestAContactCanBeCalled takes whatever can be dialled, as people write it, and nothing else.
func TestAContactCanBeCalled(t *testing.T) {
	for _, s := range []string{
		"2 555 1234 82", "5550100#82", "5550100*82", "+49 30 901820", "+82 (0)2-555-1234", "0300 123", "112", "*97", "ann@example.com", "ann.b+c@mail.example.co.kr", "example.com",
		"bücher.example", "sip:ann@example.com", "tel:+4930901820",
	} {
		if err := check(Contact{Name: "Ann", Number: s}); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for _, s := range []string{"", "hello", "my mother", "ann@", "@example.com", "ann@home", "ann@b@example.com", "ann b@example.com", "example", "555-CALL-NOW", strings.Repeat("1", 60)} {
		if err := check(Contact{Name: "Ann", Number: s}); fault.ReasonOf(err).Code != "contact_number" {
			t.Errorf("%q is taken: %v", s, err)
		}
	}
}
