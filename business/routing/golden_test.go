package routing

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/numbering"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite testdata")
	os.Exit(m.Run())
}

func noon() time.Time { return time.Unix(1_800_000_000, 0) }

func individual(cc, national string) numbering.Number {
	return numbering.Number{Kind: numbering.Individual, CallingCode: cc, National: national}
}

// world is the telephone network all cases play in; testdata/README says the
// same in words.
func world(t testing.TB) *Tables {
	t.Helper()
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	sold := NewNumbers()
	add := func(iso string, n numbering.Number, registered bool, off ...string) {
		sold.Set(Holder{Number: n, Country: iso, Account: "acc_" + n.Canonical(), Membership: "mem_" + n.Canonical(), Registered: registered, OffIn: off})
	}
	add("KR", individual("82", "25551234"), true)       // Minji, at home and in the US
	add("KR", individual("82", "7000001"), true)        // signed in nowhere
	add("KR", individual("82", "25559999"), false)      // not registered
	add("KR", individual("82", "31255501"), true, "US") // own phone, reads as +1 312 555 0182 in the US
	add("US", individual("1", "3125550142"), true)
	add("DE", individual("49", "301234567"), true) // no center any more
	add("JP", individual("81", "9012345678"), true)
	for cc, iso := range map[string]string{"82": "KR", "1": "US"} {
		add(iso, numbering.Number{Kind: numbering.Company, CallingCode: cc, National: "5550100"}, true)
		add(iso, numbering.Number{Kind: numbering.Company, CallingCode: cc, National: "5550200"}, true)
	}
	offices := map[string]string{"82": "KR", "1": "US"}
	sold.SetCompany(Company{Root: "5550100", Home: "82", Offices: offices})
	sold.SetCompany(Company{Root: "5550200", Home: "1", Offices: offices, Refuse: true})
	at := location.NewTable()
	bind := func(id, number, device string, c center.ID) {
		at.Put(location.Binding{ID: id, Number: number, DeviceID: device, Center: c, Node: "n1", Expires: noon().Add(time.Hour)})
	}
	bind("b1", "2555123482", "dev_1", "KR")
	bind("b2", "2555123482", "dev_2", "US")
	bind("b3", "31255501421", "dev_3", "US")
	bind("b4", "5550100#82", "dev_4", "KR")
	bind("b5", "5550200#1", "dev_5", "US")
	bind("b6", "3125550182", "dev_6", "KR")
	at.Put(location.Binding{ID: "old", Number: "700000182", Center: "KR", Expires: noon()})
	return &Tables{Plans: plans, Sold: sold, Bindings: at, Centers: center.NewDirectory(plans, []center.Center{
		{ID: "KR", Name: "Korea", Countries: []string{"KR"}},
		{ID: "US", Name: "United States", Countries: []string{"US"}},
	})}
}

// TestGolden runs testdata/*.route. The lines before "want" are fields of the
// attempt: center, role, dial (what was dialled), in (dial country), caller
// (home country), device, binding, outcomes.
func TestGolden(t *testing.T) {
	tables := world(t)
	files, err := filepath.Glob("testdata/*.route")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	update := flag.Lookup("update").Value.String() == "true"
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".route"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ask, want, _ := strings.Cut(string(raw), "want:\n")
			a := attempt(t, ask)
			d := tables.Decide(&a)
			got := show(d)
			if got == want {
				return
			}
			if update {
				if err := os.WriteFile(file, []byte(ask+"want:\n"+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s\n got:\n%swant:\n%s", ask, got, want)
		})
	}
}

func attempt(t *testing.T, ask string) Attempt {
	t.Helper()
	a := Attempt{Center: "KR", Now: noon(), Caller: Party{Country: "KR"}}
	for line := range strings.Lines(ask) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		switch key {
		case "center":
			a.Center = center.ID(value)
		case "role":
			a.Role = map[string]Role{"origin": Origin, "home": Home, "visit": Visit}[value]
		case "dial":
			a.Dialled = value
		case "in":
			a.DialCountry = value
		case "caller":
			a.Caller.Country = value
		case "device":
			a.Caller.Device = value
		case "binding":
			a.Binding = value
		case "outcomes":
			for c := range strings.FieldsSeq(value) {
				a.Outcomes = append(a.Outcomes, Outcome{Cause: cdr.ParseCause(c)})
			}
		default:
			t.Fatalf("unknown field %q", line)
		}
	}
	return a
}

func show(d Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", d.Kind, d.Number.Canonical())
	if d.Center != "" {
		fmt.Fprintf(&b, " home %s", d.Center)
	}
	b.WriteString("\n")
	for _, x := range d.Targets {
		switch x.Kind {
		case ToBinding:
			fmt.Fprintf(&b, "ring %s\n", x.Binding.ID)
		case ToCenter:
			fmt.Fprintf(&b, "center %s %s %s\n", x.Center, map[Role]string{Home: "home", Visit: "visit"}[x.Role], x.Binding.ID)
		}
	}
	if d.RingFor > 0 {
		fmt.Fprintf(&b, "for %s\n", d.RingFor)
	}
	if d.Cause != cdr.NoCause {
		fmt.Fprintf(&b, "cause %s\nreason %s: %s\n", d.Cause, d.Reason.Code, d.Reason.Text)
	}
	return b.String()
}

func TestASoldNumberRingsAtOnce(t *testing.T) {
	tables := world(t)
	a := Attempt{Center: "KR", Dialled: "255578" + "9982", DialCountry: "KR", Now: noon()}
	if d := tables.Decide(&a); d.Kind != None {
		t.Fatalf("before the sale: %+v", d)
	}
	n := individual("82", "2555"+"7899")
	tables.Sold.(*Numbers).Set(Holder{Number: n, Country: "KR", Registered: true})
	tables.Bindings.(*location.Table).Put(location.Binding{ID: "new", Number: n.Canonical(), Center: "KR", Expires: noon().Add(time.Minute)})
	if d := tables.Decide(&a); len(d.Targets) != 1 || d.Targets[0].Binding.ID != "new" {
		t.Fatalf("after the sale: %+v", d)
	}
	tables.Sold.(*Numbers).Remove(n)
	if d := tables.Decide(&a); d.Kind != None {
		t.Fatalf("after its end: %+v", d)
	}
}

func BenchmarkDecideOnNet(b *testing.B) {
	tables := world(b)
	for name, a := range map[string]Attempt{
		"local":  {Center: "KR", Dialled: "2555123482", DialCountry: "KR", Caller: Party{Country: "KR"}, Now: noon()},
		"abroad": {Center: "US", Dialled: "2555123482", DialCountry: "US", Caller: Party{Country: "KR"}, Now: noon()},
		"home":   {Center: "KR", Role: Home, Dialled: "2555123482", Now: noon()},
		"plus":   {Center: "KR", Dialled: "+8225551234", DialCountry: "KR", Caller: Party{Country: "KR"}, Now: noon()},
		"spaced": {Center: "KR", Dialled: "2 555 1234 82", DialCountry: "KR", Caller: Party{Country: "KR"}, Now: noon()},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := tables.Decide(&a); len(d.Targets) == 0 {
					b.Fatal(d.Reason)
				}
			}
		})
	}
}
