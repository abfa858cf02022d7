package sip

import (
	"regexp"
	"strings"
	"testing"
)

// phrase is the Reason-Phrase of RFC 3261 §25.1; JsSIP, for one, takes no answer
// that has another.
var phrase = regexp.MustCompile(`^(?:[A-Za-z0-9;/?:@&=+$,\-_.!~*'() \t]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*$`)

// TestAPhraseIsWithinItsGrammar: whatever a reason is, a telephone can read the
// answer that gives it, and people the reason.
func TestAPhraseIsWithinItsGrammar(t *testing.T) {
	for given, want := range map[string]string{
		`"sam" is no number, and no name here.`: `'sam' is no number, and no name here.`,
		"‘삼’ is 100% no (real) number: 1/2?":    "‘삼’ is 100%25 no (real) number: 1/2?",
		"two\r\nX-Lines: 1\x00\x7f":             "twoX-Lines: 1",
		`<[{#\^|` + "`}]>":                      "%3C%5B%7B%23%5C%5E%7C%60%7D%5D%3E",
		"cut off \xed":                          "cut off \uFFFD",
	} {
		if got := string(appendPhrase(nil, given)); got != want {
			t.Errorf("%q comes out as %q, want %q", given, got, want)
		}
	}
	for c := range rune(0x180) {
		line := string(appendStatusLine(nil, &Reply{Status: 404, Reason: "It is " + string(c) + "0."}))
		if got := strings.TrimPrefix(strings.TrimSuffix(line, "\r\n"), "SIP/2.0 404 "); !phrase.MatchString(got) {
			t.Errorf("%U makes %q", c, got)
		}
	}
	for status, usual := range reasonPhrase {
		if !phrase.MatchString(usual) {
			t.Errorf("%d is %q", status, usual)
		}
	}
}
