package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/opening"
	"github.com/callisto-tel/callisto/business/shop"
)

// Setup is what `callisto setup` does on a node that runs: the first operator,
// a carrier, and the first country up to its test call and start.
type Setup struct{ n *Node }

// Setup returns it. Whoever holds it acts as the house itself.
func (n *Node) Setup() Setup { return Setup{n} }

// HasOperator reports whether somebody can run the house already.
func (s Setup) HasOperator(ctx context.Context) (bool, error) {
	count, err := s.n.store.Operators(ctx)
	return count > 0, err
}

// AddOperator opens the account of the first operator. Its address needs no
// letter: whoever runs setup has the machine.
func (s Setup) AddOperator(ctx context.Context, name, email, password string) error {
	_, err := s.n.members.SignUp(ctx, member.SignUp{Name: name, Email: email, Password: password, Role: member.Operator, Language: "en", TimeZone: "UTC", Vouched: true})
	return err
}

// AddCarrier adds the carrier of a country.
func (s Setup) AddCarrier(ctx context.Context, in carrier.Input) (carrier.Carrier, error) {
	return s.n.carriers.Add(ctx, member.System(), in)
}

// Begin opens the center of a country.
func (s Setup) Begin(ctx context.Context, country, name, listen string) (opening.Opening, error) {
	return s.n.openings.Begin(ctx, member.System(), country, name, listen)
}

// Stock puts what is sold in a country on sale: a block for people that the
// rules allow, and a range of roots for companies.
func (s Setup) Stock(ctx context.Context, country string, people, companies bool) (blocks []shop.Block, err error) {
	sys := shop.System{Country: country, Individual: people, OwnPhone: people, Company: companies}
	if err := s.n.desk.SetSystem(ctx, member.System(), sys); err != nil {
		return nil, err
	}
	if err := s.n.desk.KeepPrices(ctx, member.System()); err != nil {
		return nil, err
	}
	var want []shop.Block
	if people {
		if prefix, length, ok := s.n.plans.SuggestBlock(country, append(s.n.Countries(), country), nil); ok {
			want = append(want, shop.Block{Kind: numbering.Individual, Country: country, Prefix: prefix, Length: length, Note: "by setup"})
		}
	}
	if companies {
		want = append(want, shop.Block{Kind: numbering.Company, Country: country, Prefix: "555" + s.n.plans.CallingCode(country), Length: 8, Note: "by setup"})
	}
	for _, b := range want {
		b, err := s.n.desk.AddBlock(ctx, member.System(), b)
		if err != nil && fault.ReasonOf(err).Code != "block_overlaps" { // an earlier run put it there
			return blocks, err
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// Choose says by whom calls of the country leave, and that nobody takes its
// emergency calls yet.
func (s Setup) Choose(ctx context.Context, country, carrierID string) error {
	if _, err := s.n.openings.SetCarrier(ctx, member.System(), country, carrierID); err != nil {
		return err
	}
	_, err := s.n.openings.SetEmergency(ctx, member.System(), country, opening.NoEmergency)
	return err
}

// Test places the test call.
func (s Setup) Test(ctx context.Context, country, number string) (ok bool, report string, err error) {
	o, err := s.n.openings.Test(ctx, member.System(), country, number)
	return o.TestedOK, o.Report, err
}

// Start opens the country.
func (s Setup) Start(ctx context.Context, country string) error {
	_, err := s.n.openings.Start(ctx, member.System(), country)
	return err
}
