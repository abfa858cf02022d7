package main

import (
	"go/parser"
	"os"
	"testing"
)

func TestTheListOfSentencesIsWhole(t *testing.T) {
	want, err := messages(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../faces/web/texts/en/messages.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != string(want) {
		t.Error("faces/web/texts/en/messages.json is stale: run make gendoc")
	}
}

func TestSentencesAreReadFromTheSource(t *testing.T) {
	for source, want := range map[string]string{
		`fault.New(fault.Unknown, "x", "There is no order %s.", id)`:    "There is no order %s.",
		`fault.Wrap(fault.Invalid, "x", "Too large.", err)`:             "Too large.",
		`fault.Field{Name: "a", Text: "Use " + "letters."}`:             "Use letters.",
		`fault.Reason{Code: "a", Text: n.Display() + " is held."}`:      "%s is held.",
		`fault.Reason{Code: "a", Text: fmt.Sprintf("%s and %d", a, b)}`: "%s and %d",
		`s.move(ctx, tx, &o, "paid", "The hold is over.", by)`:          "The hold is over.",
		`o.wrongState("in review")`:                                     "in review",
		`s.book.RefundOrder(ctx, id, "Refund of "+o.Number.Display())`:  "Refund of %s",
		`fault.New(fault.Unknown, "x", "%s", text)`:                     "",
		`fmt.Errorf("book the price: "+a, err)`:                         "",
		`errors.New("told to the log only")`:                            "",
		`bad("kind", "Use a letter or two.")`:                           "Use a letter or two.",
		`x.Note(ctx, total.String()+" went back to the card.")`:         "%s went back to the card.",
	} {
		expr, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		inspect(expr, true, func(s string) { got = s })
		if got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}
