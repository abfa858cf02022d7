package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

func deckOf(t testing.TB, bands []rating.Band, rows ...rating.Row) *rating.Deck {
	t.Helper()
	d, err := rating.NewDeck(bands, rows)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTheCheapestIsThatOfTheMoment: a list that begins later counts from its
// instant on, one in another currency by the rate of the moment, one with time
// bands by the caller's clock; and what a call costs to connect counts, too.
func TestTheCheapestIsThatOfTheMoment(t *testing.T) {
	tables := world(t)
	start := noon().Add(time.Hour)
	d := decks(map[string][]rating.Row{tariff.Members: bySecond("", 20_000), "chicago": bySecond("1", 1)})
	line := func(v ...rating.Dated) rating.Line { return v }
	in := func(from time.Time, c money.Currency, deck *rating.Deck) rating.Dated {
		return rating.Dated{From: from, Currency: c, Deck: deck}
	}
	night := []rating.Band{{Name: "night", Days: 127, From: 22 * 60, To: 6 * 60}}
	cheap, dear := deckOf(t, nil, bySecond("82", 10_000)...), deckOf(t, nil, bySecond("82", 30_000)...)
	ask := func(at time.Time) string {
		tables.Ways.SetDecks(d)
		x := tables.Decide(&Attempt{Center: "KR", Dialled: "+82255577770", DialCountry: "KR", Caller: Party{Account: "acc", Number: individual("82", "25551234"), Country: "KR"}, Now: at})
		if len(x.Targets) == 0 {
			return x.Reason.Code
		}
		return strings.TrimRight(x.Targets[0].Trunk, "-12")
	}
	is := func(why string, at time.Time, want string) {
		t.Helper()
		if got := ask(at); got != want {
			t.Errorf("%s: by %s, want %s", why, got, want)
		}
	}
	d.Lines["seoul"] = line(in(time.Time{}, "USD", cheap), in(start, "USD", dear))
	d.Lines["han"] = line(in(time.Time{}, "USD", deckOf(t, nil, bySecond("82", 20_000)...)))
	is("before the dearer list", start.Add(-time.Microsecond), "seoul")
	is("with it", start, "han")

	d.Lines["seoul"] = line(in(time.Time{}, "EUR", cheap))
	d.Exchange = map[money.Currency]rating.Exchange{"EUR": {{From: noon(), Rate: money.One}, {From: start, Rate: 3 * money.One}}}
	is("0.01 EUR is 0.01", noon(), "seoul")
	is("0.01 EUR is 0.03", start, "han")
	is("nobody knows what a euro is worth", noon().Add(-time.Hour), "han")

	d.Lines["seoul"] = line(in(time.Time{}, "USD", deckOf(t, night, rating.Row{Prefix: "82", Price: rating.Price{Minute: 30_000, Next: 1}}, rating.Row{Prefix: "82", Band: 1, Price: rating.Price{Minute: 1_000, Next: 1}})))
	is("at noon in Seoul", time.Date(2027, 1, 4, 3, 0, 0, 0, time.UTC), "han")
	is("at midnight in Seoul", time.Date(2027, 1, 4, 15, 0, 0, 0, time.UTC), "seoul")

	d.Lines["seoul"] = line(in(time.Time{}, "USD", deckOf(t, nil, rating.Row{Prefix: "82", Price: rating.Price{Minute: 10_000, Next: 1, Connect: 40_000}})))
	is("0.04 to connect", noon(), "han")
	d.Lines["seoul"] = line(in(time.Time{}, "USD", cheap), in(start, "USD", deckOf(t, nil)))
	is("an empty list is none, and comes last", start, "han")
}

// TestAPlanPaysItsOwnPrice, and a call that is forwarded is paid by its plan.
func TestAPlanPaysItsOwnPrice(t *testing.T) {
	tables := world(t)
	d := decks(map[string][]rating.Row{tariff.Members: bySecond("82", 20_000, "49", 30_000), "pln_gold": bySecond("82", 5_000), "seoul": bySecond("", 1_000)})
	d.Plans = map[string]string{"acc_7000011": "pln_gold"}
	tables.Ways.SetDecks(d)
	for _, x := range []struct {
		account, dialled string
		minute           int64
		plan             string
	}{{"acc_7000011", "+82255577770", 5_000, "pln_gold"}, {"acc_7000011", "+4930901820", 30_000, tariff.Members}, {"acc", "+82255577770", 20_000, tariff.Members}} {
		got := tables.Decide(&Attempt{Center: "KR", Dialled: x.dialled, DialCountry: "KR", Caller: Party{Account: x.account, Country: "KR"}, Now: noon()}).Price
		if got.Quote.Prices[0].Minute != x.minute || got.Plan != x.plan {
			t.Errorf("%+v pays %d by %s", x, got.Quote.Prices[0].Minute, got.Plan)
		}
	}
	a := Attempt{Center: "KR", Dialled: "700001182", DialCountry: "KR", Caller: Party{Account: "acc", Country: "KR"}, Now: noon()}
	if got := tables.Decide(&a); got.Price.Quote.Prices[0].Minute != 5_000 || got.Targets[0].Payer != "acc_7000011" {
		t.Errorf("forwarded: %+v", got)
	}
}

// TestOffersAgainstASlowSearch: over random decks of many carriers, at random
// instants, each carrier asks what a search of all its lines finds.
func TestOffersAgainstASlowSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for range 100 {
		d := &tariff.Decks{House: "USD", Lines: map[string]rating.Line{}}
		var list []carrier.Carrier
		lines := map[string][][]rating.Row{}
		for c := range 8 {
			id := fmt.Sprint("car", c)
			list = append(list, carrier.Carrier{ID: id, Center: "KR", Kind: carrier.PSTN, Trunks: []carrier.Trunk{{ID: id}}, Closed: c == 7})
			for v := range rng.IntN(4) {
				seen := map[string]bool{}
				var rows []rating.Row
				for range rng.IntN(30) {
					p := ""
					for range rng.IntN(5) {
						p += fmt.Sprint(rng.IntN(2))
					}
					if !seen[p] {
						seen[p] = true
						rows = append(rows, bySecond(p, rng.IntN(1000)*20)...)
					}
				}
				d.Lines[id] = append(d.Lines[id], rating.Dated{From: noon().Add(time.Duration(v) * time.Hour), Currency: "USD", Deck: deckOf(t, nil, rows...)})
				lines[id] = append(lines[id], rows)
			}
		}
		w := NewWays()
		w.SetCarriers(list)
		w.SetDecks(d)
		for range 50 {
			number := ""
			for range 1 + rng.IntN(8) {
				number += fmt.Sprint(rng.IntN(2))
			}
			at := noon().Add(time.Duration(rng.IntN(5*3600)-3600) * time.Second)
			var rm room
			got := w.now.Load().find(rm[:0], number, at)
			slices.SortFunc(got, func(a, b offer) int { return int(a.carrier - b.carrier) })
			var want []offer
			for c := range 7 {
				if micros, ok := slowOffer(lines[fmt.Sprint("car", c)], number, int(at.Sub(noon())/time.Hour), at.Before(noon())); ok {
					want = append(want, offer{int32(c), micros})
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s at %s: %v, want %v", number, at, got, want)
			}
		}
	}
}

// slowOffer is what three minutes cost by the last of the lists that have begun.
func slowOffer(lists [][]rating.Row, number string, hours int, early bool) (int64, bool) {
	if early || len(lists) == 0 {
		return noList, true
	}
	rows := lists[min(hours, len(lists)-1)]
	if len(rows) == 0 {
		return noList, true
	}
	best := -1
	for i, r := range rows {
		if strings.HasPrefix(number, r.Prefix) && (best < 0 || len(r.Prefix) > len(rows[best].Prefix)) {
			best = i
		}
	}
	if best < 0 {
		return 0, false
	}
	return rows[best].Price.Minute * 3, true
}

// TestPriced is the question what a call costs, from a number or a country.
func TestPriced(t *testing.T) {
	tables := world(t)
	q, err := tables.Priced("+49 30 901820", "2 555 1234 82", "")
	if err != nil || q.To != "4930901820" || q.Account != "acc_2555123482" || q.Zone.String() != "Asia/Seoul" {
		t.Errorf("%+v %v", q, err)
	}
	if q, err = tables.Priced("+4930901820", "", "de"); err != nil || q.Account != "" || q.Zone.String() != "Europe/Berlin" {
		t.Errorf("%+v %v", q, err)
	}
	for _, bad := range [][3]string{{"minji@example", "", ""}, {"+49", "99", ""}, {"+49", "", "XX"}, {"5550100#82", "", ""}} {
		if q, err := tables.Priced(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%v is %+v", bad, q)
		}
	}
}
