package tariff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/rating"
)

func usd(bands ...rating.Band) Form { return Form{Currency: "USD", Bands: bands} }

func night() rating.Band { return rating.Band{Name: "night", Days: 127, From: 22 * 60, To: 6 * 60} }

func rows(l *List) []rating.Row { return slices.Collect(l.All()) }

// TestReadAsSpreadsheetsWrite: lists of any country, in the order of their digits.
func TestReadAsSpreadsheetsWrite(t *testing.T) {
	want := []rating.Row{{Prefix: "82", Price: rating.Price{Minute: 1_234_000, Next: 1}}, {Prefix: "8210", Price: rating.Price{Minute: 35_000, Next: 1}}}
	utf16text := func(s string) string {
		b := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for _, text := range []string{
		"prefix,price\n8210,0.035\n82,1.234\n", "\ufeffPräfix;Preis\r\n8210;0,035\r\n+82;1,234\r\n", "8210;0.035\n82;1.234", "8210\t0,035\n82\t1,234",
		`"8210","0,035"` + "\n" + `"82","1,234"`, "8210,0.035\n\n 8 2 , 1.2340",
		"Destination;Code;Rate\nKorea, mobile;8210;0,035\nKorea;82;1,2340", "Rate,Increment,Destination Code\n$0.035,1,8210\n1.2340 USD,1/1,82\n", "price\tprefix\nUSD 0.035\t8210\n$1.2340\t82",
		utf16text("Land\tVorwahl\tPreis\nSüdkorea\t8210\t0,0350\nSüdkorea\t82\t1,2340"), "Land;Vorwahl;Preis\nS\xfcdkorea;8210;0,035\nS\xfcdkorea;82;1,2340",
	} {
		l, err := Read(text, usd())
		if err != nil || !slices.Equal(rows(l), want) {
			t.Errorf("%q is read as %+v, %v", text, l, fault.FieldsOf(err))
		}
	}
	l, err := Read("code,rate,connection fee,billing increments,free seconds,time band\n49,0.10,0.05,60/6,3,\n49,0.02,,30/6,,NIGHT\n33,0.1,,60,,any\n", usd(night()))
	if err != nil || !slices.Equal(rows(l), []rating.Row{
		{Prefix: "33", Price: rating.Price{Minute: 100_000, Next: 60}}, {Prefix: "49", Price: rating.Price{Minute: 100_000, Connect: 50_000, First: 60, Next: 6, Free: 3}},
		{Prefix: "49", Band: 1, Price: rating.Price{Minute: 20_000, First: 30, Next: 6}},
	}) {
		t.Errorf("%+v %v", rows(l), fault.FieldsOf(err))
	}
	l, err = Read("prefix,rate,min duration,next\n49,0.10,30,1\n", usd())
	if err != nil || rows(l)[0].Price != (rating.Price{Minute: 100_000, First: 30, Next: 1}) {
		t.Errorf("%+v %v", rows(l), fault.FieldsOf(err))
	}
}

// TestWhatIsWrongWhere: by the line, and with the line before; hostile files end
// in a sentence, too.
func TestWhatIsWrongWhere(t *testing.T) {
	twoWays := "This price can be read in two ways. Write it with four decimals, as in 1.2340 or 1,2340, and thousands without a mark."
	for text, want := range map[string]fault.Field{
		"82,0.1\n\n8210,0.2\n82,0.3": {Name: "line 4", Text: `"82" stands in line 1 already.`},
		"82,€0.1":                    {Name: "line 1", Text: "Prices here are in USD. Write them without a currency, or with this one."},
		"82,0.1 EUR":                 {Name: "line 1", Text: "Prices here are in USD. Write them without a currency, or with this one."},
		"82,0.1,Korea":               {Name: "line 1", Text: badRate},
		"destination,code,rate\nKorea,82,0.1\nX,83":  {Name: "line 3", Text: badRate},
		"destination,code,rate\nKorea,82,\nX,83,0.1": {Name: "line 2", Text: badRate},
		"82,\n83,1":                              {Name: "line 1", Text: badRate},
		"8a,0.1":                                 {Name: "line 1", Text: badRate},
		"82;1.234\n83;0,05":                      {Name: "line 1", Text: twoWays},
		"82;1,234":                               {Name: "line 1", Text: twoWays},
		"82,=1+1":                                {Name: "line 1", Text: badRate},
		"=82,1":                                  {Name: "line 1", Text: badRate},
		"82,@SUM(A1)":                            {Name: "line 1", Text: badRate},
		"82,-1":                                  {Name: "line 1", Text: badRate},
		"82,1e9":                                 {Name: "line 1", Text: badRate},
		"82,99999999999999999999":                {Name: "line 1", Text: badRate},
		"82,2000000":                             {Name: "line 1", Text: "The price is more than a million a minute, or a step longer than an hour."},
		"82,0.12345678":                          {Name: "line 1", Text: badRate},
		"8212345678901234,1":                     {Name: "line 1", Text: badRate},
		"prefix,price,increments\n82,1,0/0":      {Name: "line 2", Text: "Write the increments as seconds, as in 60/60, 30/6 or 1/1."},
		"prefix,price,increments\n82,1,60/99999": {Name: "line 2", Text: "Write the increments as seconds, as in 60/60, 30/6 or 1/1."},
		"prefix,price,free\n82,1,-3":             {Name: "line 2", Text: "Write the free time as seconds, as in 3."},
		"prefix,price,band\n82,1,dusk":           {Name: "line 2", Text: `There is no time band "dusk". Say when it is in the field for time bands.`},
		"prefix,price,band\n82,1,night\n82,1,\n82,2,nigHt": {Name: "line 4", Text: `"82" stands in line 2 already.`},
		"prefix,price,effective date\n82,1,01/02/2027":     {Name: "line 2", Text: "Write the day from which the price counts as in 2027-01-31."},
		"82,1\n" + strings.Repeat(",", 10_000_000):         {Name: "line 2", Text: "The line is longer than a line of a price list can be."},
		"82,1\n83" + strings.Repeat(",1", 5000):            {Name: "line 2", Text: badRate},
		"82,1\n\"83" + strings.Repeat(",1", 5000):          {Name: "line 2", Text: badRate},
	} {
		if _, err := Read(text, usd(night())); !slices.Equal(fault.FieldsOf(err), []fault.Field{want}) {
			t.Errorf("%.60q: %+v %v", text, fault.FieldsOf(err), err)
		}
	}
	if _, err := Read("82,1\x00", usd()); fault.ReasonOf(err).Code != "rates_text" {
		t.Errorf("NUL: %v", err)
	}
	if _, err := Read(strings.Repeat("x,y\n8,z\n", 100), usd()); len(fault.FieldsOf(err)) != mostWrong {
		t.Errorf("%d lines are named", len(fault.FieldsOf(err)))
	}
}

func TestBands(t *testing.T) {
	list, err := ParseBands("night = Mon-Sun 22:00-06:00\nweekend = Sat,sunday 06:00–22:00\n\npeak = Tue-Thu 9:00-17:30")
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	again := ""
	for _, b := range list {
		again += BandText(b) + "\n"
	}
	if again != "night = Mon-Sun 22:00-06:00\nweekend = Sat-Sun 06:00-22:00\npeak = Tue-Thu 09:00-17:30\n" {
		t.Error(again)
	}
	if back, err := ParseBands(again); err != nil || !slices.Equal(back, list) {
		t.Error(back, err)
	}
	for _, bad := range []string{"night", "night = Mon 25:00-26:00", "night = Mon", "night = Xyz 1:00-2:00", "= Mon 1:00-2:00", "a=Mon 1:00-2:00\nA=Tue 1:00-2:00", "a,b = Mon 1:00-2:00",
		"night = Mon-Sun 22:00-06:00\nweekend = Sat-Sun 00:00-24:00", "a=Sun 23:00-02:00\nb=Mon 01:00-03:00",
		"a=Mon 1:00-2:00\nb=Mon 2:00-3:00\nc=Mon 3:00-4:00\nd=Mon 4:00-5:00\ne=Mon 5:00-6:00"} {
		if list, err := ParseBands(bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q is read as %+v", bad, list)
		}
	}
}

// TestAListIsStoredAsItIs, and its deck finds for every number what a slow search
// of its lines finds.
func TestAListIsStoredAsItIs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		bands := []rating.Band{night(), {Name: "noon", Days: 127, From: 720, To: 780}}
		var list []rating.Row
		seen := map[string]bool{}
		for range rng.IntN(60) {
			x := rating.Row{Band: rng.IntN(3), Price: rating.Price{Minute: rng.Int64N(2_000_000), Connect: rng.Int64N(2) * 50_000, First: int32(rng.IntN(2) * 30), Next: int32(1 + rng.IntN(60)), Free: int32(rng.IntN(4))}}
			for range rng.IntN(6) {
				x.Prefix += fmt.Sprint(rng.IntN(3))
			}
			if x.Price.First == x.Price.Next {
				x.Price.First = 0
			}
			if key := fmt.Sprint(x.Prefix, "/", x.Band); !seen[key] {
				seen[key] = true
				list = append(list, x)
			}
		}
		l := ListOf(bands, list)
		body, err := l.Pack()
		if err != nil {
			t.Fatal(err)
		}
		stored, err := Unpack(body, bands)
		if err != nil || !slices.Equal(rows(stored), rows(l)) {
			t.Fatalf("%+v\n%+v %v", rows(stored), rows(l), err)
		}
		deck, err := stored.Deck()
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			number := ""
			for range rng.IntN(9) {
				number += fmt.Sprint(rng.IntN(3))
			}
			var q rating.Quote
			found := deck.Find(&q, number)
			any, ok := slowly(list, number, 0, -1)
			if found != ok || ok && q.Prices[0] != any.Price {
				t.Fatalf("%s: %v %+v, slowly %v %+v in %+v", number, found, q, ok, any, list)
			}
			for band := 1; ok && band <= 2; band++ {
				want := any
				if own, has := slowly(list, number, band, len(any.Prefix)); has {
					want = own
				}
				if q.Prices[band] != want.Price {
					t.Fatalf("%s in %d: %+v, slowly %+v", number, band, q.Prices[band], want)
				}
			}
		}
	}
}

// slowly is the line of a band with the longest prefix of a number, of at least
// so many digits.
func slowly(list []rating.Row, number string, band, least int) (best rating.Row, ok bool) {
	for _, x := range list {
		if x.Band == band && strings.HasPrefix(number, x.Prefix) && len(x.Prefix) >= least && (!ok || len(x.Prefix) > len(best.Prefix)) {
			best, ok = x, true
		}
	}
	return best, ok
}

// TestStoredListsThatAreDamaged are refused, and none is taken for another.
func TestStoredListsThatAreDamaged(t *testing.T) {
	l := ListOf(nil, []rating.Row{{Prefix: "49", Price: rating.Price{Minute: 1, Next: 1}}})
	body, err := l.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for i := range body {
		if i >= 3 && i < 10 { // what gzip's heading has of flags, time and system
			continue
		}
		broken := slices.Clone(body)
		broken[i] ^= 0x55
		if back, err := Unpack(broken, nil); err == nil && !slices.Equal(rows(back), rows(l)) {
			t.Errorf("byte %d: %+v", i, rows(back))
		}
	}
}
