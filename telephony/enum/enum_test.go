package enum

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/callisto-tel/callisto/business/carrier"
)

// TestExpressions: what zones have in their records, honest and not.
func TestExpressions(t *testing.T) {
	for field, want := range map[string]string{
		`!^.*$!sip:info@example.com!`:                 "sip:info@example.com",
		`!^\+8225(.*)$!sip:\1@example.com!`:           "sip:551234@example.com",
		`/^(\+82)(2)(.*)$/sip:\3\2@example.com/`:      "sip:55512342@example.com",
		`!^.*$!sip:a\!b@example.com!`:                 "sip:a!b@example.com",
		`!^.*X$!sip:x@example.com!i`:                  "",
		`!^.*$!sip:x@example.com!i`:                   "sip:x@example.com",
		`!^.*$!sip:x@example.com!g`:                   "",
		`!^\+1!sip:x@example.com!`:                    "",
		`!^(.*)$!sip:\2@example.com!`:                 "",
		`!^.*$!sip:x@example.com`:                     "",
		`!(!sip:x@example.com!`:                       "",
		``:                                            "",
		`!!!`:                                         "",
		`!^(((((a+)+)+)+)+)+$!sip:x@example.com!`:     "",
		`!^(.*?,){999}.*$!sip:x@example.com!`:         "",
		`!((.{1000}){1000}){1000}!sip:x@example.com!`: "",
		`!^(.*)$!` + strings.Repeat(`\1`, 100) + `!`:  "",
		`!^.*$!` + strings.Repeat("x", 300) + `!`:     "",
		"i^.*$isip:x@example.comi":                    "",
		`\^.*$\sip:x@example.com\`:                    "",
	} {
		got, ok := apply(field, "+8225551234")
		if ok != (want != "") && field != `!!!` || want != "" && got != want {
			t.Errorf("%s: %q %t, want %q", field, got, ok, want)
		}
	}
}

// TestPlain: records come escaped from the library.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{`!^(.*)$!sip:\\1@x!`: `!^(.*)$!sip:\1@x!`, `a\"b`: `a"b`, `a\007b`: "a\ab", `a\`: `a\`, `\12`: `12`, `\999`: `999`} {
		if got := plain(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// zone is records by name.
type zone map[string][]*dns.NAPTR

func naptr(flags, service, expression, replacement string) *dns.NAPTR {
	return &dns.NAPTR{Flags: flags, Service: service, Regexp: expression, Replacement: replacement}
}

// TestWhoseNumberItIs: by the first record that can be used; records that lead
// in a circle, and zones that fail or are slow, say nothing.
func TestWhoseNumberItIs(t *testing.T) {
	const sip = `!^.*$!sip:x@evil.example!`
	z := zone{
		"1.2.3.good.example.":  {naptr("u", "E2U+web:http", `!^.*$!http://x!`, "."), naptr("U", "E2U+SIP", sip, ".")},
		"1.2.3.web.example.":   {naptr("u", "E2U+web:http", `!^.*$!http://x!`, ".")},
		"1.2.3.lies.example.":  {naptr("u", "E2U+sip", `!^.*$!file:///etc/passwd!`, ".")},
		"1.2.3.leads.example.": {naptr("", "", "", "there.example.")},
		"there.example.":       {naptr("u", "e2u+pstn:tel+sip", sip, ".")},
		"1.2.3.loop.example.":  {naptr("", "", "", "loop.example.")},
		"loop.example.":        {naptr("", "", "", "1.2.3.loop.example.")},
	}
	asked := 0
	clock := time.Unix(1_800_000_000, 0)
	var zones []carrier.Carrier
	for _, name := range []string{"good", "web", "lies", "leads", "loop", "slow"} {
		zones = append(zones, carrier.Carrier{ID: name, ENUM: name + ".example"})
	}
	questions := make(chan struct{}, 100)
	c := New(Config{
		Zones: func(string) []carrier.Carrier { return zones }, Now: func() time.Time { return clock },
		NAPTR: func(ctx context.Context, name string) ([]*dns.NAPTR, error) {
			questions <- struct{}{}
			if strings.Contains(name, "slow") {
				<-ctx.Done()
				return nil, errors.New("too late")
			}
			return z[name], nil
		},
	})
	if _, ok := c.Known("321"); ok {
		t.Error("it was never asked")
	}
	begun := time.Now()
	got := c.Ask(t.Context(), "321")
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if !slices.Equal(got, []string{"good", "leads"}) {
		t.Errorf("%q", got)
	}
	if asked = len(questions); asked > 3+2+mostSteps+1 {
		t.Errorf("%d questions", asked)
	}
	if got, ok := c.Known("321"); !ok || len(got) != 2 {
		t.Errorf("%q %t", got, ok)
	}
	clock = clock.Add(keptFailed) // the slow zone is asked again soon
	if _, ok := c.Known("321"); ok {
		t.Error("a zone that failed is not asked again")
	}
}
