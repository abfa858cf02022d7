package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/opening"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/platform/store"
)

// frontier stands for the sockets and the carrier of the openings.
type frontier struct {
	opened []string
	busy   bool // the address is taken
	answer bool // whether test calls are answered
}

func (s *frontier) OpenCenter(_ context.Context, o opening.Opening) error {
	if s.busy {
		return errors.New("another program listens there")
	}
	s.opened = append(s.opened, o.Country)
	return nil
}

func (s *frontier) Get(id string) (carrier.Carrier, bool) {
	return carrier.Carrier{ID: id, Center: "US"}, id == "car_us"
}

func (s *frontier) For(string) (carrier.Carrier, bool) { return s.Get("car_us") }

func (s *frontier) Test(context.Context, member.Actor, string, string) (carrier.Report, error) {
	if s.answer {
		return carrier.Report{OK: true, Text: "Answered."}, nil
	}
	return carrier.Report{Text: "Busy."}, nil
}

func TestACountryIsOpenedStepByStep(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		boss, ann := member.System(), h.person(t, "ann")
		dir := center.NewDirectory(h.policy.Plans, []center.Center{{ID: "KR", Name: "Korea", Countries: []string{"KR"}}})
		board := &frontier{}
		d := shop.NewDesk(h.shop, h.db.Catalogue(), dir.Countries, nil, h.clock.now)
		if err := d.Seed(ctx, shop.Catalogue{Systems: []shop.System{{Country: "KR", Individual: true, OwnPhone: true}},
			Blocks: []shop.Block{{ID: "kr", Kind: numbering.Individual, Country: "KR", Prefix: "70", Length: 7}}}); err != nil {
			t.Fatal(err)
		}
		if err := d.Load(ctx); err != nil {
			t.Fatal(err)
		}
		make := func() *opening.Service {
			return opening.New(opening.Config{Store: h.db.Openings(), Plans: h.policy.Plans, Directory: dir, Network: board, Shop: h.shop, Carriers: board, Emergency: func(string) []string { return []string{"car_1"} }, Started: d.Load, Now: h.clock.now})
		}
		s := make()
		// A number that telephones in America take for their own.
		clash := h.own(t, ann, "KR", "25355501")
		if _, err := s.Begin(ctx, ann, "US", "America", ""); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a member opened a country: %v", err)
		}
		if _, err := s.Begin(ctx, boss, "KR", "Korea", ""); fault.ReasonOf(err).Code != "country_open" {
			t.Errorf("opened twice: %v", err)
		}
		board.busy = true
		if _, err := s.Begin(ctx, boss, "US", "America", "192.0.2.1:5060"); fault.ReasonOf(err).Code != "listen" || !strings.Contains(err.Error(), "another program") {
			t.Errorf("a taken address: %v", err)
		}
		board.busy = false
		if _, err := s.Begin(ctx, boss, "us", "America", ""); err != nil {
			t.Fatal(err)
		}
		todo := func() (out []string) {
			t.Helper()
			_, steps, err := s.Get(ctx, boss, "US")
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range steps {
				if !x.Done {
					out = append(out, x.Code)
				}
			}
			return out
		}
		same(t, todo(), []string{"systems", "stock", "carrier", "emergency", "test", "start"})
		if err := d.SetSystem(ctx, boss, shop.System{Country: "US", Individual: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddBlock(ctx, boss, shop.Block{Kind: numbering.Individual, Country: "US", Prefix: "75", Length: 8}); err != nil {
			t.Fatal(err)
		}
		same(t, todo(), []string{"carrier", "emergency", "test", "start"})
		want := shop.Request{Kind: numbering.Individual, Country: "US", National: "75112846"}
		if o, err := h.shop.Request(ctx, ann, want); err != nil || o.State != shop.Rejected || o.Reason.Code != "country_closed" {
			t.Errorf("sold before the start: %+v %v", o, err)
		}
		if p, err := h.shop.Search(ctx, shop.Query{Country: "US"}); err != nil || len(p.Items) != 0 {
			t.Errorf("shown before the start: %+v %v", p, err)
		}
		if _, err := s.Test(ctx, boss, "US", "+13125550142"); fault.ReasonOf(err).Code != "no_carrier" {
			t.Errorf("tested without a carrier: %v", err)
		}
		if _, err := s.SetCarrier(ctx, boss, "US", "car_of_nobody"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a carrier that is not: %v", err)
		}
		if _, err := s.SetCarrier(ctx, boss, "US", "car_us"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SetEmergency(ctx, boss, "US", opening.NoEmergency); err != nil {
			t.Fatal(err)
		}
		if o, err := s.Test(ctx, boss, "US", "+13125550142"); err != nil || o.TestedOK || o.Report != "Busy." {
			t.Errorf("%+v %v", o, err)
		}
		if _, err := s.Start(ctx, boss, "US"); fault.ReasonOf(err).Code != "steps_left" {
			t.Errorf("started untested: %v", err)
		}
		board.answer = true
		if o, err := s.Test(ctx, boss, "US", "+13125550142"); err != nil || !o.TestedOK {
			t.Errorf("%+v %v", o, err)
		}
		list, err := s.Collisions(ctx, boss, "US")
		if err != nil || len(list) != 1 || list[0].Order.ID != clash.ID {
			t.Errorf("%+v %v", list, err)
		}
		s = make() // a restart in between
		if !slices.Equal(board.opened, []string{"US"}) || slices.Contains(dir.Countries(), "US") {
			t.Errorf("%v %v", board.opened, dir.Countries())
		}
		if o, err := s.Start(ctx, boss, "US"); err != nil || !o.Open() {
			t.Fatalf("%+v %v", o, err)
		}
		if o, err := h.shop.Request(ctx, ann, want); err != nil || o.State != shop.Approved {
			t.Errorf("not sold after the start: %+v %v", o, err)
		}
		if o, err := h.shop.Order(ctx, ann, clash.ID); err != nil || !slices.Equal(o.OffIn, []string{"US"}) || o.State != shop.Sold {
			t.Errorf("%+v %v", o, err)
		}
		if v, ok := h.roster.Numbers.Typed(clash.Number.Canonical()); !ok || !slices.Equal(v.OffIn, []string{"US"}) {
			t.Errorf("the router does not know: %+v", v)
		}
		h.letterLink(t, "typed_form_off")
		if _, err := s.SetCarrier(ctx, boss, "US", "car_us"); fault.ReasonOf(err).Code != "country_open" {
			t.Errorf("changed after the start: %v", err)
		}
	})
}

// own gives an account a telephone of its own as a world number.
func (h *house) own(t *testing.T, who member.Actor, country, national string) shop.Order {
	t.Helper()
	o, err := h.shop.Grant(t.Context(), member.System(), who.Account, shop.Request{Kind: numbering.Individual, Country: country, National: national}, true)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
