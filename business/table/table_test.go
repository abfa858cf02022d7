package table

import (
	"slices"
	"testing"
)

func TestSeparator(t *testing.T) {
	for text, want := range map[string]rune{
		"": ',', "8210,0.035": ',', "8210;0,035": ';', "8210\t0,035": '\t', "prices\n8210;0,035\n": ';',
		"kind,note\nindividual,\"first; second\"": ',', "\"a;b\",c": ',', "+8225550175;Seoul, Korea;5;60": ';',
	} {
		if got := Separator(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCells(t *testing.T) {
	for _, x := range []struct {
		line      string
		separator rune
		want      []string
	}{
		{"8210; 0,035\r", ';', []string{"8210", "0,035"}},
		{` "8210", "0,035"`, ',', []string{"8210", "0,035"}},
		{`"say ""hello""";;`, ';', []string{`say "hello"`, "", ""}},
		{"a\t\tb", '\t', []string{"a", "", "b"}},
		{"", ',', []string{""}},
	} {
		if got, err := Cells(x.line, x.separator); err != nil || !slices.Equal(got, x.want) {
			t.Errorf("%q: %q %v, want %q", x.line, got, err, x.want)
		}
	}
	for _, bad := range []string{`"8210,0.035`, `82"10,0.035`} {
		if got, err := Cells(bad, ','); err == nil {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
}
