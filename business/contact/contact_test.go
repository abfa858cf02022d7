package contact

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
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

type kept []Contact

func (k kept) Contacts(context.Context, string) ([]Contact, error)         { return slices.Clone(k), nil }
func (k kept) AddContact(context.Context, Contact, int) (bool, error)      { return false, nil }
func (k kept) ChangeContact(context.Context, Contact) (bool, error)        { return false, nil }
func (k kept) RemoveContact(context.Context, string, string) (bool, error) { return false, nil }

// TestACallerIsNamedHoweverHisNumberWasWritten: as it is dialled at home, with +, or as
// the world number that it may be.
func TestACallerIsNamedHoweverHisNumberWasWritten(t *testing.T) {
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	list := kept{{Name: "Mum", Number: "02-555-1234"}, {Name: "Berlin", Number: "+49 30 901820"}, {Name: "Tokyo", Number: "001 81 3 1234 5678"}, {Name: "Somebody", Number: "555 1234"}, {Name: "Firm", Number: "firm.example"}}
	for iso, want := range map[string]map[string]string{
		"KR": {"+82 2 555 1234": "Mum", "2 555 1234 82": "Mum", "+49 30 901820": "Berlin", "30 901820 49": "Berlin", "+81 3 1234 5678": "Tokyo", "firm.example": "Firm", "+82 555 1234": ""},
		"US": {"+82 2 555 1234": "", "2 555 1234 82": "", "02 555 1234": "Mum", "+49 30 901820": "Berlin", "+81 3 1234 5678": ""},
	} {
		s := New(list, plans, func(context.Context, string) (string, error) { return iso, nil }, time.Now)
		of, err := s.Of(t.Context(), member.Actor{Account: "acc_1"})
		if err != nil {
			t.Fatal(err)
		}
		names := NamesOf(of)
		for shown, who := range want {
			if got := names.Of(shown); got != who {
				t.Errorf("in %s, %s is %q, want %q", iso, shown, got, who)
			}
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
