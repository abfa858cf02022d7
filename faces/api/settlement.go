package api

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/settlement"
)

// Settlement is what carriers are owed and owe.
type Settlement interface {
	Totals(ctx context.Context, by member.Actor, carrier string, m settlement.Month) ([]settlement.Total, error)
	Lines(ctx context.Context, by member.Actor, f settlement.Filter) (settlement.Page, error)
	Margins(ctx context.Context, by member.Actor, m settlement.Month, sum settlement.MarginBy) ([]settlement.Margin, error)
	Reprice(ctx context.Context, by member.Actor, carrier string, m settlement.Month) (int, error)
	Balances(ctx context.Context, by member.Actor, carrier string) ([]settlement.Balance, error)
}

// CarrierStatements are what carriers ask for.
type CarrierStatements interface {
	Import(ctx context.Context, by member.Actor, x settlement.Statement, text string) (settlement.Statement, settlement.Match, error)
	Statement(ctx context.Context, by member.Actor, id string) (settlement.Statement, settlement.Match, error)
	Statements(ctx context.Context, by member.Actor, carrier string, m settlement.Month) ([]settlement.Statement, error)
	Dispute(ctx context.Context, by member.Actor, id string, causes []settlement.Cause, note string) (settlement.Statement, error)
	Agree(ctx context.Context, by member.Actor, id string, micros int64, note string) (settlement.Statement, error)
	Remove(ctx context.Context, by member.Actor, id, why string) (settlement.Statement, error)
	Removed(ctx context.Context, by member.Actor, carrier string, m settlement.Month) ([]settlement.Statement, error)
}

// Payouts pay carriers.
type Payouts interface {
	Payee(ctx context.Context, by member.Actor, carrier string) (settlement.Payee, error)
	SetPayee(ctx context.Context, by member.Actor, p settlement.Payee) error
	Order(ctx context.Context, by member.Actor, carrier string, amount money.Amount, reference, once string) (settlement.Payout, error)
	Done(ctx context.Context, by member.Actor, id string) (settlement.Payout, error)
	Cancel(ctx context.Context, by member.Actor, id string) (settlement.Payout, error)
	Payouts(ctx context.Context, by member.Actor, state settlement.PayoutState) ([]settlement.Payout, error)
	PayoutFiles
}

// PayoutFiles set debts against each other, and write the file for the bank.
type PayoutFiles interface {
	Net(ctx context.Context, by member.Actor, carrier string, c money.Currency) (settlement.Payout, error)
	File(ctx context.Context, by member.Actor) ([]byte, error)
}

type settled struct {
	Carrier   string `json:"carrier"`
	Direction string `json:"direction" enum:"out,in" doc:"out: they carried the calls; in: they sent them"`
	Currency  string `json:"currency" doc:"Of the deck; empty where none had a price"`
	Calls     int64  `json:"calls"`
	Seconds   int64  `json:"seconds" doc:"Charged"`
	Micros    int64  `json:"micros"`
	House     int64  `json:"house_micros" doc:"In the house's currency, at the exchange rates of the answers"`
	Unpriced  int64  `json:"unpriced" doc:"Calls that no deck had a price for"`
}

type settledLine struct {
	ID        string    `json:"id"`
	Carrier   string    `json:"carrier"`
	Trunk     string    `json:"trunk"`
	Direction string    `json:"direction" enum:"out,in"`
	Call      string    `json:"call_id"`
	Number    string    `json:"number"`
	Answer    time.Time `json:"answer"`
	Lasted    float64   `json:"duration_seconds"`
	Seconds   int64     `json:"charged_seconds"`
	Known     bool      `json:"priced"`
	Currency  string    `json:"currency"`
	Micros    int64     `json:"micros"`
	House     int64     `json:"house_micros"`
	Prefix    string    `json:"prefix"`
	Version   string    `json:"version" doc:"Of the deck"`
	Posting   string    `json:"posting"`
}

type margin struct {
	Key     string `json:"key" doc:"A carrier, a prefix, or an account"`
	Calls   int64  `json:"calls"`
	Seconds int64  `json:"seconds"`
	Revenue int64  `json:"revenue_micros"`
	Cost    int64  `json:"cost_micros"`
	Margin  int64  `json:"margin_micros"`
}

type owing struct {
	Currency   string `json:"currency"`
	Payable    int64  `json:"payable_micros" doc:"What we owe"`
	Ordered    int64  `json:"ordered_micros" doc:"Of it, on its way"`
	Receivable int64  `json:"receivable_micros" doc:"What they owe"`
}

// CarrierStatement is what a carrier asks for a month.
type CarrierStatement struct {
	ID        string    `json:"id"`
	Carrier   string    `json:"carrier"`
	Direction string    `json:"direction" enum:"out,in"`
	Month     string    `json:"month"`
	Currency  string    `json:"currency"`
	Lines     int64     `json:"lines"`
	Theirs    int64     `json:"theirs_micros"`
	Ours      int64     `json:"ours_micros"`
	State     string    `json:"state" enum:"open,disputed,agreed"`
	Disputed  int64     `json:"disputed_micros"`
	Causes    []string  `json:"disputed_causes" nullable:"false"`
	Agreed    int64     `json:"agreed_micros"`
	Note      string    `json:"note"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

type differences struct {
	CarrierStatement

	Shift float64       `json:"clock_ahead_seconds" doc:"Their clock is so much ahead of ours: another time zone"`
	Sums  []differing   `json:"causes" nullable:"false"`
	Pairs []differsLine `json:"differences" nullable:"false" doc:"The largest first; 1000 at most"`
}

type differing struct {
	Cause  string `json:"cause" enum:"same,duration,rate,unpriced,twice,only_theirs,only_ours"`
	Lines  int64  `json:"lines"`
	Theirs int64  `json:"theirs_micros"`
	Ours   int64  `json:"ours_micros"`
}

type differsLine struct {
	Cause   string      `json:"cause" enum:"duration,rate,unpriced,twice,only_theirs,only_ours"`
	Line    int         `json:"line,omitempty" doc:"Of their file"`
	Number  string      `json:"number"`
	At      *time.Time  `json:"their_time,omitempty"`
	Seconds int64       `json:"their_seconds,omitempty"`
	Theirs  int64       `json:"theirs_micros"`
	Ours    settledLine `json:"ours,omitempty"`
	Delta   int64       `json:"delta_micros" doc:"What they ask beyond what we say"`
}

type payee struct {
	Name string `json:"name"`
	IBAN string `json:"iban"`
	BIC  string `json:"bic,omitempty"`
}

type payout struct {
	ID        string       `json:"id"`
	Carrier   string       `json:"carrier"`
	Amount    money.Amount `json:"amount"`
	Payee     payee        `json:"payee"`
	Reference string       `json:"reference"`
	State     string       `json:"state" enum:"ordered,paid,cancelled"`
	Netted    bool         `json:"netted" doc:"Two debts were set against each other; no money moved"`
	By        string       `json:"by"`
	At        time.Time    `json:"at"`
}

func showSettledLine(l settlement.Line) settledLine {
	return settledLine{
		l.ID, l.Carrier, l.Trunk, string(l.Direction), l.Call, l.Number, l.Answer.UTC(), l.Lasted.Seconds(), l.Price.Seconds, l.Price.Known,
		string(l.Price.Amount.Currency), l.Price.Amount.Micros, l.Price.House, l.Price.Prefix, l.Price.Version, l.Posting,
	}
}

func showCarrierStatement(x settlement.Statement) CarrierStatement {
	causes := make([]string, 0, len(x.Causes))
	for _, c := range x.Causes {
		causes = append(causes, string(c))
	}
	return CarrierStatement{
		x.ID, x.Carrier, string(x.Direction), string(x.Month), string(x.Currency), x.Lines, x.Theirs, x.Ours, string(x.State), x.Disputed, causes, x.Agreed, x.Note, x.By, x.At.UTC(),
	}
}

// mostDiffering is how many differences are told one by one.
const mostDiffering = 1000

func showDifferences(x settlement.Statement, m settlement.Match) differences {
	out := differences{CarrierStatement: showCarrierStatement(x), Shift: m.Shift.Seconds(), Sums: []differing{}, Pairs: []differsLine{}}
	for _, c := range settlement.Causes() {
		if s, ok := m.Sums[c]; ok {
			out.Sums = append(out.Sums, differing{string(c), s.Lines, s.Theirs, s.Ours})
		}
	}
	for i := range m.Pairs[:min(len(m.Pairs), mostDiffering)] {
		p := &m.Pairs[i]
		d := differsLine{Cause: string(p.Cause), Delta: p.Delta()}
		if t := p.Theirs; t != nil {
			at := t.At.UTC()
			d.Line, d.Number, d.At, d.Seconds, d.Theirs = t.N, t.Number, &at, t.Seconds, t.Micros
		}
		if p.Ours != nil {
			d.Ours = showSettledLine(*p.Ours)
			if d.Number == "" {
				d.Number = p.Ours.Number
			}
		}
		out.Pairs = append(out.Pairs, d)
	}
	return out
}

func showPayout(p settlement.Payout) payout {
	return payout{p.ID, p.Carrier, p.Amount, payee{p.Payee.Name, p.Payee.IBAN, p.Payee.BIC}, p.Reference, string(p.State), p.Netted, p.By, p.At.UTC()}
}
