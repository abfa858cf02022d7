package cdr

import (
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/money"
)

// RecordView is a record as programs are given it: in the export, over the API
// and in what is sent out.
type RecordView struct {
	ID          string        `json:"id"`
	CallID      string        `json:"call_id" doc:"The same at every center the call crossed"`
	Side        Side          `json:"side,omitempty" enum:"origin,home,visit,exit,entry" doc:"What the center was for the call; for the operator"`
	Direction   string        `json:"direction,omitempty" enum:"out,in" doc:"For a member"`
	Center      string        `json:"center"`
	From        string        `json:"from" doc:"Empty: the caller withheld his number"`
	FromAccount string        `json:"from_account,omitempty"`
	To          string        `json:"to"`
	ToAccount   string        `json:"to_account,omitempty"`
	Dialled     string        `json:"dialled,omitempty" doc:"As the caller typed it"`
	Withheld    bool          `json:"withheld,omitempty" doc:"The caller's number is not for the called party to see"`
	Start       time.Time     `json:"start"`
	Answer      *time.Time    `json:"answer" doc:"null: it was not answered"`
	End         time.Time     `json:"end"`
	Seconds     float64       `json:"duration_seconds" doc:"Connected time"`
	PDD         *float64      `json:"pdd_seconds" doc:"Until the caller had the first sign of ringing; null: he had none"`
	Cause       string        `json:"cause" doc:"Why it ended"`
	HungUp      Ender         `json:"hung_up_by,omitempty" enum:"caller,called,us" doc:"Who ended it; us: the network did, for the cause given"`
	Q850        int           `json:"q850,omitempty" doc:"ITU-T Q.850 cause"`
	Status      int           `json:"sip_status,omitempty" doc:"With which the caller was refused"`
	Charge      *money.Amount `json:"charge" doc:"What it cost; null: nothing"`
	Packages    []DrawnView   `json:"packages,omitempty" doc:"What packages paid for, before it cost money"`
	Payer       string        `json:"payer,omitempty"`
	Carrier     string        `json:"carrier,omitempty"`
	Trunk       string        `json:"trunk,omitempty"`
	Decision    *DecisionView `json:"decision,omitempty"`
	Quality     *QualityView  `json:"quality" doc:"The worst direction of the sound; null: nothing is known"`
	Caller      *PartyView    `json:"caller_sound,omitempty" doc:"The caller's sound; for the operator"`
	Legs        []LegView     `json:"legs,omitempty" doc:"Whom the call was tried at, in order; for the operator"`
	MoreLegs    int           `json:"more_legs,omitempty" doc:"Legs beyond those kept"`
}

// DecisionView is how routing decided.
type DecisionView struct {
	Kind    string  `json:"kind,omitempty" doc:"What was dialled"`
	Way     LegKind `json:"way,omitempty" enum:"terminal,center,trunk,address"`
	Why     string  `json:"why,omitempty" doc:"Why there, or why nowhere"`
	Number  string  `json:"number,omitempty" doc:"What the price is for: an ordinary telephone with +, or a partner's number"`
	Plan    string  `json:"plan,omitempty" doc:"Whose list has the price"`
	Version string  `json:"version,omitempty" doc:"Of that list"`
	Prefix  string  `json:"prefix,omitempty" doc:"Of the price"`
	Micros  int64   `json:"micros_minute,omitempty" doc:"The price a minute"`
}

// DrawnView is what a package paid for.
type DrawnView struct {
	Allowance string `json:"id" doc:"Of what was bought"`
	Package   string `json:"package"`
	Name      string `json:"name"`
	Seconds   int64  `json:"seconds"`
}

func drawnViews(list []Drawn) (out []DrawnView) {
	for _, d := range list {
		out = append(out, DrawnView(d))
	}
	return out
}

// QualityView is sound in one direction.
type QualityView struct {
	MOS     *float64 `json:"mos" doc:"Estimate by the E-model, 1 to 4.5"`
	Loss    int      `json:"loss_permille"`
	Jitter  *float64 `json:"jitter_ms"`
	Gap     int64    `json:"gap_ms,omitempty" doc:"The longest time without a packet"`
	RTT     float64  `json:"rtt_ms,omitempty" doc:"There and back, by RTCP"`
	Packets int64    `json:"packets,omitempty"`
	Lost    int64    `json:"lost,omitempty"`
	Codec   string   `json:"codec,omitempty"`
}

// PartyView is the sound of one party.
type PartyView struct {
	From *QualityView `json:"from,omitempty" doc:"What came from it"`
	To   *QualityView `json:"to,omitempty" doc:"What it got, as it reported"`
}

// LegView is one leg.
type LegView struct {
	Kind    LegKind    `json:"kind" enum:"terminal,center,trunk,address"`
	Center  center.ID  `json:"center,omitempty"`
	Carrier string     `json:"carrier,omitempty"`
	Trunk   string     `json:"trunk,omitempty"`
	Device  string     `json:"device,omitempty"`
	Number  string     `json:"number,omitempty" doc:"As it was written there"`
	Forward bool       `json:"forward,omitempty" doc:"The called party has his calls sent there"`
	Start   time.Time  `json:"start"`
	Ring    *time.Time `json:"ring"`
	Answer  *time.Time `json:"answer"`
	End     *time.Time `json:"end"`
	PDD     *float64   `json:"pdd_seconds"`
	Cause   string     `json:"cause,omitempty"`
	Status  int        `json:"sip_status,omitempty"`
	Q850    int        `json:"q850,omitempty"`
	Sound   *PartyView `json:"sound,omitempty"`
}

// View is a record as an account may see it, or as the operator does if that is "".
func View(r *Record, account string) RecordView {
	v := RecordView{
		ID: r.ID, CallID: r.CallID, Center: string(r.Center), From: r.From.Shown(), To: r.To.Shown(), Dialled: r.Dialled, Start: r.Start.UTC(), Answer: instant(r.Answer),
		End: r.End.UTC(), Seconds: r.Duration().Seconds(), PDD: seconds(r.PDD), Cause: r.CauseFor(account).String(), HungUp: r.HungUp, Q850: r.Q850, Status: r.Status, Quality: viewOf(r.Worst()),
	}
	if account != "" {
		v.From, v.Direction = r.Caller(account), "in"
		if r.Hides(account) {
			v.To = r.Dialled
		}
		if r.From.Account == account {
			v.Direction = "out"
		} else {
			v.Dialled = "" // only the caller may see what he typed
		}
		if cost := r.Cost(account); !cost.Zero() || r.From.Account == account {
			v.Charge = &cost
		}
		v.Packages = drawnViews(r.Drew(account))
		return v
	}
	v.Side, v.FromAccount, v.ToAccount, v.Withheld, v.Payer, v.Carrier, v.Trunk, v.MoreLegs = r.Side, r.From.Account, r.To.Account, r.Withheld, r.Payer, r.Carrier, r.Trunk, r.LegsMore
	v.Caller, v.Packages = partyOf(&r.Quality), drawnViews(r.Packages)
	if r.Charge.Currency != "" {
		v.Charge = &r.Charge
	}
	if r.Decision != (Decision{}) {
		d := DecisionView(r.Decision)
		v.Decision = &d
	}
	for i := range r.Legs {
		v.Legs = append(v.Legs, legView(&r.Legs[i]))
	}
	return v
}

func legView(l *Leg) LegView {
	return LegView{
		Kind: l.Kind, Center: l.Center, Carrier: l.Carrier, Trunk: l.Trunk, Device: l.Device, Number: l.Number, Forward: l.Forward, Start: l.Start.UTC(), Ring: instant(l.Ring),
		Answer: instant(l.Answer), End: instant(l.End), PDD: seconds(l.PDD()), Cause: l.Cause.String(), Status: l.Status, Q850: l.Q850, Sound: partyOf(&l.Quality),
	}
}

// Worst is the direction in which the sound of the call was worst, as far as it
// was measured: of the caller and of who answered.
func (r *Record) Worst() (Stream, bool) {
	var worst Stream
	found := false
	see := func(q *Quality) {
		for _, s := range [...]*Stream{&q.From, &q.To} {
			if s.MOS != 0 && (!found || s.MOS < worst.MOS) {
				worst, found = *s, true
			}
		}
	}
	see(&r.Quality)
	for i := range r.Legs {
		if r.Legs[i].Answered() {
			see(&r.Legs[i].Quality)
		}
	}
	return worst, found
}

// Rang is how long it rang before somebody answered or the call ended, where
// somebody can have heard it.
func (r *Record) Rang() time.Duration {
	if r.PDD == 0 {
		return 0
	}
	until := r.Answer
	if until.IsZero() {
		until = r.End
	}
	return max(0, until.Sub(r.Start)-r.PDD)
}

func viewOf(s Stream, known bool) *QualityView {
	if !known {
		return nil
	}
	v := &QualityView{Loss: s.Loss, Gap: s.Gap.Milliseconds(), RTT: millis(s.RTT), Packets: s.Packets, Lost: s.Lost, Codec: s.Codec}
	mos, jitter := float64(s.MOS)/100, millis(s.Jitter)
	v.MOS, v.Jitter = &mos, &jitter
	return v
}

func partyOf(q *Quality) *PartyView {
	if !q.Known() {
		return nil
	}
	return &PartyView{viewOf(q.From, q.From != Stream{}), viewOf(q.To, q.To != Stream{})}
}

// millis are milliseconds, to the hundredth.
func millis(d time.Duration) float64 { return float64(d.Microseconds()/10) / 100 }

func seconds(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	s := float64(d.Milliseconds()) / 1000
	return &s
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
