package routing

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
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
	forwarders(sold, bind)
	return &Tables{
		Plans: plans, Sold: sold, Bindings: at, Ways: outsideWorld(), Names: names{}, Lines: brought{}, Known: known{sold},
		Ours: func(host string) bool { return host == "tel.example" },
		Centers: center.NewDirectory(plans, []center.Center{
			{ID: "KR", Name: "Korea", Countries: []string{"KR"}},
			{ID: "US", Name: "United States", Countries: []string{"US"}},
		}),
	}
}

// TestGolden runs testdata/*.route. The lines before "want" are fields of the
// attempt: center, role, dial (what was dialled), in (dial country), caller
// (home country), device, binding, outcomes, entered (the call came from
// outside by another center).
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
			a, then := attempt(t, ask)
			d := tables.Decide(&a)
			got := show(tables, d)
			for _, cause := range then { // every target of the decision ends so
				for _, x := range d.Targets {
					a.Outcomes = append(a.Outcomes, Outcome{x, cdr.ParseCause(cause)})
				}
				d = tables.Decide(&a)
				got += "after " + cause + "\n" + show(tables, d)
			}
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

func attempt(t *testing.T, ask string) (a Attempt, then []string) {
	t.Helper()
	a = Attempt{Center: "KR", Now: noon(), Caller: Party{Account: "acc_caller", Country: "KR"}}
	for line := range strings.Lines(ask) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		switch key {
		case "center":
			a.Center = center.ID(value)
		case "role":
			a.Role = map[string]Role{"origin": Origin, "home": Home, "visit": Visit, "exit": Exit, "entry": Entry}[value]
			a.Entered = a.Role == Entry
		case "entered":
			a.Entered = true
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
		case "account":
			a.Caller.Account = strings.Trim(value, "-")
		case "number":
			a.Caller.Number = individual(value[:2], value[2:])
		case "from": // a stranger's telephone
			a.Caller.E164 = value
		case "private":
			a.Caller.Private = true
		case "carrier":
			a.Carrier = value
		case "service":
			a.Service = value
		case "hints":
			number, partners, _ := strings.Cut(value, " ")
			a.Hints, a.HintsFor = strings.Fields(partners), number
		case "diverted":
			number, why, _ := strings.Cut(value, " ")
			a.Diversion = &Diversion{By: individual(number[:2], number[2:]), Why: Why(why)}
		case "open":
			a.Open = true
		case "forwards":
			a.Forwards = len(value)
		case "outcomes":
			for c := range strings.FieldsSeq(value) {
				a.Outcomes = append(a.Outcomes, Outcome{Cause: cdr.ParseCause(c)})
			}
		case "then":
			then = strings.Fields(value)
		case "":
		default:
			t.Fatalf("unknown field %q", line)
		}
	}
	return a, then
}

func show(tables *Tables, d Decision) string {
	tables.Say(&d)
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
			fmt.Fprintf(&b, "center %s %s %s%s\n", x.Center, map[Role]string{Home: "home", Visit: "visit", Exit: "exit"}[x.Role], x.Binding.ID, leaving(x))
		case ToTrunk:
			fmt.Fprintf(&b, "trunk %s calls %s shows %q%s\n", x.Trunk, x.Number, x.Shows, leaving(x))
		case ToURI:
			fmt.Fprintf(&b, "uri %s%s\n", x.URI, leaving(x))
		}
	}
	if d.E164 != "" && d.Kind != PSTN {
		fmt.Fprintf(&b, "telephone %s\n", d.E164)
	}
	if d.Price.Known {
		fmt.Fprintf(&b, "price %d%s\n", d.Price.Quote.Prices[0].Minute, map[bool]string{true: " of " + d.Price.Plan}[d.Price.Plan != "" && d.Price.Plan != tariff.Members])
	}
	if d.ReplyIn > 0 {
		fmt.Fprintf(&b, "reply in %s\n", d.ReplyIn)
	}
	if d.RingFor > 0 {
		fmt.Fprintf(&b, "for %s\n", d.RingFor)
	}
	if d.Cause != cdr.NoCause {
		fmt.Fprintf(&b, "cause %s\nreason %s: %s\n", d.Cause, d.Reason.Code, d.Reason.Text)
	}
	return b.String()
}

// leaving is what is special of a leg that leaves.
func leaving(x Target) string {
	s := ""
	if x.To != "" {
		s += " for " + strings.TrimSpace(x.To+" "+x.Service+" "+x.In)
	}
	if x.Private {
		s += " private"
	}
	if x.Forward {
		s += " forwarded, paid by " + x.Payer
	}
	if v := x.Diversion; v != nil {
		s += fmt.Sprintf(", diverted by %s %s as %q", v.By.Canonical(), v.Why, v.Shows)
		if v.Private {
			s += " privately"
		}
	}
	return s
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

// TestEachStepIsSaid: an explanation is the decision with how it came about,
// and everything that would be tried; what is not the caller's business is
// marked.
func TestEachStepIsSaid(t *testing.T) {
	tables := world(t)
	a := Attempt{Center: "US", Dialled: "011 82 2 555 4321", DialCountry: "US", Caller: Party{Account: "acc", Country: "KR"}, Now: noon()}
	x := tables.Explain(&a)
	if d := tables.Decide(&a); d.Kind != x.Kind || len(d.Targets) != 1 || d.Targets[0] != x.Targets[0] {
		t.Errorf("explained %+v, decided %+v", x.Decision, d)
	}
	var legs []string
	for _, l := range x.Legs {
		legs = append(legs, string(l.From)+":"+string(l.Center)+l.Trunk)
	}
	if got := strings.Join(legs, " "); got != "US:KR KR:seoul-1 KR:seoul-2 KR:han-1" {
		t.Errorf("the legs are %s", got)
	}
	var open, inside int
	for _, s := range x.Steps {
		if s.Inside {
			inside++
		} else {
			open++
		}
		if !s.Inside && strings.Contains(s.Text, "Seoul Tel") {
			t.Errorf("the caller learns the carrier: %s", s.Text)
		}
	}
	if open < 3 || inside < 1 {
		t.Errorf("the steps are %+v", x.Steps)
	}
}

// large is a network of the size that the figures in docs/performance.md are
// for: a million numbers, a hundred thousand prefixes over fifty carriers, ten
// thousand ranges of partners.
func large(b *testing.B) *Tables {
	b.Helper()
	tables := world(b)
	sold := tables.Sold.(*Numbers)
	batch := make([]Holder, 0, 1_000_000)
	for i := range cap(batch) {
		n := individual("82", fmt.Sprint(60_000_000+i))
		batch = append(batch, Holder{Number: n, Country: "KR", Account: "acc", Registered: true})
	}
	sold.Load(batch)
	rates := map[string][]rating.Row{tariff.Members: bySecond("", 10_000)}
	var list []carrier.Carrier
	plus := carrier.Writing{Format: carrier.Plus}
	for c := range 50 {
		x := carrier.Carrier{
			ID: fmt.Sprint("car", c), Center: []center.ID{"KR", "US"}[c%2], Kind: carrier.PSTN, Name: "Carrier", Trunks: []carrier.Trunk{{ID: fmt.Sprint("trk", c)}},
			Out: plus, OutCaller: plus, Shows: carrier.ShowOwn, Presents: "+8225550100",
		}
		seen := map[string]bool{"8210": true}
		for p := range 2000 { // each prefix at several carriers, of several lengths
			x := fmt.Sprint(1 + (p*7+c)%97)
			if seen[x+fmt.Sprint(p)] {
				continue
			}
			seen[x+fmt.Sprint(p)] = true
			rates[fmt.Sprint("car", c)] = append(rates[fmt.Sprint("car", c)], bySecond(x+fmt.Sprint(p), 1000+c)...)
		}
		rates[x.ID] = append(rates[x.ID], bySecond("8210", 1000+c, "", 9000+c)...)
		list = append(list, x)
	}
	for c := range 50 {
		x := carrier.Carrier{ID: fmt.Sprint("par", c), Center: "KR", Kind: carrier.Partner, Name: "Partner", Trunks: []carrier.Trunk{{ID: fmt.Sprint("ptk", c)}}, Out: plus, OutCaller: plus, Prefix: fmt.Sprint(9900 + c)}
		for r := range 200 {
			x.Ranges = append(x.Ranges, fmt.Sprint(8270_0000+c*200+r))
		}
		list = append(list, x)
	}
	tables.Ways.SetCarriers(list)
	tables.Ways.SetDecks(decks(rates))
	return tables
}

// BenchmarkDecide measures whole decisions in a large network, with the 99th
// percentile.
func BenchmarkDecide(b *testing.B) {
	tables := large(b)
	who := Party{Account: "acc", Number: individual("82", "60000001"), Country: "KR"}
	for _, x := range []struct{ name, dialled string }{
		{"onnet", "6055555582"}, {"plus", "+8260555555"}, {"mobile", "010-9876-5432"}, {"abroad", "+4930901820"}, {"range", "07000001234"}, {"nobody", "31234567881"},
	} {
		b.Run(x.name, func(b *testing.B) {
			a := Attempt{Center: "KR", Dialled: x.dialled, DialCountry: "KR", Caller: who, Now: noon()}
			took := make([]time.Duration, 0, 1<<20)
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				tables.Decide(&a)
				if len(took) < cap(took) {
					took = append(took, time.Since(start))
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
		})
	}
}
