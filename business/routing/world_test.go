package routing

import (
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/rating"
	"github.com/callisto-tel/callisto/business/tariff"
)

// outsideWorld is who carries calls out of the world of the goldens.
func outsideWorld() *Ways {
	plus := carrier.Writing{Format: carrier.Plus}
	sells := int64(1_000)
	list := []carrier.Carrier{
		{ID: "seoul", Center: "KR", Kind: carrier.PSTN, Name: "Seoul Tel", Trunks: []carrier.Trunk{{ID: "seoul-1"}, {ID: "seoul-2"}}, Out: plus, OutCaller: plus,
			Shows: carrier.ShowOwn, Diverts: true, Presents: "+8225550100", Reach: []string{"82"}},
		{ID: "han", Center: "KR", Kind: carrier.PSTN, Name: "Han River", Trunks: []carrier.Trunk{{ID: "han-1"}}, Out: carrier.Writing{Format: carrier.National},
			OutCaller: carrier.Writing{Format: carrier.National}, Shows: carrier.ShowFixed, Presents: "+8225550199", Short: true},
		{ID: "chicago", Center: "US", Kind: carrier.PSTN, Name: "Chicago Bell", Trunks: []carrier.Trunk{{ID: "chicago-1"}}, Out: carrier.Writing{Format: carrier.Bare},
			OutCaller: carrier.Writing{Format: carrier.Bare}, Shows: carrier.ShowOwn, Presents: "+13125550100"},
		{ID: "flat", Center: "US", Kind: carrier.PSTN, Name: "Flat Rate", Trunks: []carrier.Trunk{{ID: "flat-1"}},
			Out: carrier.Writing{Format: carrier.Exit, Rules: []carrier.Rule{{Prefix: "011", With: "9#"}}}, OutCaller: plus, Shows: carrier.ShowFixed, Presents: "+13125550100"},
		{ID: "shut", Center: "KR", Kind: carrier.PSTN, Name: "Shut", Trunks: []carrier.Trunk{{ID: "shut-1"}}, Out: plus, Closed: true},
		{ID: "lima", Center: "US", Kind: carrier.Partner, Name: "Lima Voice", Trunks: []carrier.Trunk{{ID: "lima-1"}}, Prefix: "7799", Sells: &sells,
			Out: carrier.Writing{Format: carrier.Plus, Rules: []carrier.Rule{{Prefix: "1", With: "51"}}}, OutCaller: carrier.Writing{Format: carrier.World}, Shows: carrier.ShowOwn, Reach: []string{"*"}},
		{ID: "zoned", Center: "KR", Kind: carrier.Partner, Name: "Zoned", Trunks: []carrier.Trunk{{ID: "zoned-1"}}, ENUM: "zoned.example", Ranges: []string{"82255580"},
			Out: plus, OutCaller: plus, Shows: carrier.ShowOwn},
		{ID: "draws", Center: "KR", Kind: carrier.Partner, Name: "Draws", Trunks: []carrier.Trunk{{ID: "draws-1"}}, ENUM: "draws.example", ENUMAll: true,
			Out: plus, OutCaller: plus, Shows: carrier.ShowOwn},
		{ID: "mini", Center: "KR", Kind: carrier.Partner, Name: "Mini", Trunks: []carrier.Trunk{{ID: "mini-1"}}, Prefix: "7766", Sells: &sells, Out: plus, OutCaller: plus, Shows: carrier.ShowOwn},
		{ID: "nested", Center: "KR", Kind: carrier.Partner, Name: "Nested", Trunks: []carrier.Trunk{{ID: "nested-1"}}, Ranges: []string{"8270123"}, Prefix: "7788",
			Out: plus, OutCaller: plus, Shows: carrier.ShowOwn},
	}
	var sell []rating.Row
	for _, p := range []string{"1", "2", "3", "4", "51", "52", "54", "55", "56", "57", "6", "7", "8", "9"} { // not +53
		sell = append(sell, bySecond(p, 25_000)...)
	}
	sell = append(sell, bySecond("82", 20_000, "8210", 30_000, "870", 900_000, "881", 900_000)...)
	w := NewWays()
	w.SetCarriers(list)
	w.SetDecks(decks(map[string][]rating.Row{
		tariff.Members: sell,
		"seoul":        bySecond("82", 10_000, "", 90_000),
		"han":          bySecond("82", 12_000, "8210", 5_000),
		"chicago":      bySecond("1", 4_000, "", 50_000, "54", 70_000),
	}))
	w.SetEmergency(map[string][]string{"KR": {"seoul", "han"}, "US": {"chicago"}})
	return w
}

// bySecond are prices a minute that are charged by the second.
func bySecond(pairs ...any) (out []rating.Row) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, rating.Row{Prefix: pairs[i].(string), Price: rating.Price{Minute: int64(pairs[i+1].(int)), Next: 1}})
	}
	return out
}

// decks are such lists, in force since ever.
func decks(lists map[string][]rating.Row) *tariff.Decks {
	d := &tariff.Decks{House: "USD", Lines: map[string]rating.Line{}}
	for owner, rows := range lists {
		deck, err := rating.NewDeck(nil, rows)
		if err != nil {
			panic(err)
		}
		d.Lines[owner] = rating.Line{{Version: "v-" + owner, Currency: "USD", Deck: deck}}
	}
	return d
}

type names struct{}

func (names) Named(name string) (Named, bool) {
	n, ok := map[string]Named{
		"shop.example":        {Number: numbering.Number{Kind: numbering.Company, CallingCode: "82", National: "5550100"}},
		"minji@shop.example":  {Number: individual("82", "25551234")},
		"gone@shop.example":   {Number: individual("82", "29990000")},
		"baker.example":       {Dial: "+8225557777"},
		"maria@lima.example":  {Dial: "7799100200"},
		"seoul@baker.example": {Dial: "+8225551234"},
	}[name]
	return n, ok
}

type brought struct{}

func (brought) Line(e164 string) (Line, bool) {
	l, ok := map[string]Line{
		"8225550111":  {Carrier: "seoul", Number: individual("82", "25551234")},
		"8225550112":  {Carrier: "seoul"},
		"13125550111": {Carrier: "chicago", Number: numbering.Number{Kind: numbering.Company, CallingCode: "1", National: "5550100"}},
	}[e164]
	return l, ok
}

type known struct{ sold *Numbers }

func (k known) Known(number string) (Holder, bool) {
	if number == "+821012345678" {
		return k.sold.Typed("2555123482")
	}
	return Holder{}, false
}

// forwarders are members who have their calls sent on.
func forwarders(sold *Numbers, bind func(id, number, device string, c center.ID)) {
	add := func(national string, own, registered bool, f *member.Forwarding) {
		n := individual("82", national)
		sold.Set(Holder{Number: n, Country: "KR", Account: "acc_" + national, Membership: "mem", Registered: registered, OwnPhone: own, Forward: f})
	}
	add("7000011", false, true, &member.Forwarding{Always: []string{"+8225557777"}})
	add("7000012", false, true, &member.Forwarding{Busy: []string{"+8225557777"}, NoAnswer: []string{"+821098765432"}, Unreachable: []string{"7799100200"}, After: 20 * time.Second})
	bind("b12", "700001282", "dev_12", "KR")
	add("7000013", false, true, &member.Forwarding{Unreachable: []string{"+8225557777", "7799100200", "+535550100"}})
	add("7000014", false, true, &member.Forwarding{Unreachable: []string{"7766100", "7799100"}}) // the same number at two partners
	add("25556666", true, false, nil)
	sold.Set(Holder{Number: individual("82", "25556668"), Country: "KR", Account: "acc_25556668", Membership: "mem", Registered: true, OwnPhone: true, Unlisted: true})
	add("25556667", true, true, &member.Forwarding{Unreachable: []string{"+8225556667"}})
}
