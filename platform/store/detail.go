package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
)

// detail is what a record holds beyond its columns. Its keys are short, for
// there are many; times are microseconds from the start of the call.
type detail struct {
	Kind    string        `json:"k,omitempty"`
	Way     cdr.LegKind   `json:"w,omitempty"`
	Why     string        `json:"y,omitempty"`
	Number  string        `json:"n,omitempty"`
	Plan    string        `json:"a,omitempty"`
	Version string        `json:"v,omitempty"`
	Prefix  string        `json:"x,omitempty"`
	Micros  int64         `json:"m,omitempty"`
	PDD     int64         `json:"p,omitempty"`
	HungUp  cdr.Ender     `json:"h,omitempty"`
	Q850    int           `json:"q,omitempty"`
	Status  int           `json:"s,omitempty"`
	Quality *qualityInRow `json:"u,omitempty"`
	Legs    []legInRow    `json:"l,omitempty"`
	More    int           `json:"o,omitempty"`
	Drawn   []drawnInRow  `json:"b,omitempty"`
}

type drawnInRow struct {
	Allowance string `json:"a"`
	Package   string `json:"p"`
	Name      string `json:"n"`
	Seconds   int64  `json:"s"`
}

type legInRow struct {
	Kind    cdr.LegKind   `json:"k"`
	Center  center.ID     `json:"z,omitempty"`
	Carrier string        `json:"c,omitempty"`
	Trunk   string        `json:"t,omitempty"`
	Device  string        `json:"d,omitempty"`
	Number  string        `json:"n,omitempty"`
	To      string        `json:"v,omitempty"`
	Forward bool          `json:"f,omitempty"`
	Start   int64         `json:"b"`
	Ring    *int64        `json:"r,omitempty"`
	Answer  *int64        `json:"a,omitempty"`
	End     *int64        `json:"e,omitempty"`
	Cause   string        `json:"w,omitempty"`
	Status  int           `json:"s,omitempty"`
	Q850    int           `json:"q,omitempty"`
	Quality *qualityInRow `json:"u,omitempty"`
}

type qualityInRow struct {
	From *streamInRow `json:"f,omitempty"`
	To   *streamInRow `json:"t,omitempty"`
}

type streamInRow struct {
	Codec   string `json:"c,omitempty"`
	Packets int64  `json:"n,omitempty"`
	Lost    int64  `json:"l,omitempty"`
	Loss    int    `json:"p,omitempty"`
	Jitter  int64  `json:"j,omitempty"`
	Gap     int64  `json:"g,omitempty"`
	RTT     int64  `json:"r,omitempty"`
	MOS     int    `json:"m,omitempty"`
}

// detailOf is the text of the detail column of a record; "" if there is nothing.
func detailOf(r *cdr.Record) (string, error) {
	after := func(t time.Time) *int64 {
		if t.IsZero() {
			return nil
		}
		n := t.Sub(r.Start).Microseconds()
		return &n
	}
	d := detail{
		Kind: r.Decision.Kind, Way: r.Decision.Way, Why: r.Decision.Why,
		Number: r.Decision.Number, Plan: r.Decision.Plan, Version: r.Decision.Version, Prefix: r.Decision.Prefix, Micros: r.Decision.Micros,
		PDD: r.PDD.Microseconds(), HungUp: r.HungUp, Q850: r.Q850, Status: r.Status, Quality: qualityRow(&r.Quality), More: r.LegsMore,
	}
	for i := range r.Legs {
		l := &r.Legs[i]
		d.Legs = append(d.Legs, legInRow{
			Kind: l.Kind, Center: l.Center, Carrier: l.Carrier, Trunk: l.Trunk, Device: l.Device, Number: l.Number, To: l.To, Forward: l.Forward,
			Start: l.Start.Sub(r.Start).Microseconds(), Ring: after(l.Ring), Answer: after(l.Answer), End: after(l.End),
			Cause: l.Cause.String(), Status: l.Status, Q850: l.Q850, Quality: qualityRow(&l.Quality),
		})
	}
	for _, x := range r.Packages {
		d.Drawn = append(d.Drawn, drawnInRow(x))
	}
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("the detail of call %s: %w", r.CallID, err)
	}
	if string(text) == "{}" {
		return "", nil
	}
	return string(text), nil
}

func qualityRow(q *cdr.Quality) *qualityInRow {
	if !q.Known() {
		return nil
	}
	return &qualityInRow{streamRow(&q.From), streamRow(&q.To)}
}

func streamRow(s *cdr.Stream) *streamInRow {
	if *s == (cdr.Stream{}) {
		return nil
	}
	return &streamInRow{s.Codec, s.Packets, s.Lost, s.Loss, s.Jitter.Microseconds(), s.Gap.Microseconds(), s.RTT.Microseconds(), s.MOS}
}

// readDetail puts what detailOf wrote back into a record whose start is known.
func readDetail(r *cdr.Record, text string) error {
	if text == "" {
		return nil
	}
	var d detail
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return fmt.Errorf("the detail of call record %s: %w", r.ID, err)
	}
	r.Decision = cdr.Decision{Kind: d.Kind, Way: d.Way, Why: d.Why, Number: d.Number, Plan: d.Plan, Version: d.Version, Prefix: d.Prefix, Micros: d.Micros}
	r.PDD, r.HungUp, r.Q850, r.Status, r.LegsMore = micros(d.PDD), d.HungUp, d.Q850, d.Status, d.More
	r.Quality = d.Quality.read()
	for _, x := range d.Drawn {
		r.Packages = append(r.Packages, cdr.Drawn(x))
	}
	when := func(n *int64) time.Time {
		if n == nil {
			return time.Time{}
		}
		return r.Start.Add(micros(*n))
	}
	for i := range d.Legs {
		l := &d.Legs[i]
		r.Legs = append(r.Legs, cdr.Leg{
			Kind: l.Kind, Center: l.Center, Carrier: l.Carrier, Trunk: l.Trunk, Device: l.Device, Number: l.Number, To: l.To, Forward: l.Forward,
			Start: r.Start.Add(micros(l.Start)), Ring: when(l.Ring), Answer: when(l.Answer), End: when(l.End),
			Cause: cdr.ParseCause(l.Cause), Status: l.Status, Q850: l.Q850, Quality: l.Quality.read(),
		})
	}
	return nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

func (q *qualityInRow) read() cdr.Quality {
	if q == nil {
		return cdr.Quality{}
	}
	return cdr.Quality{From: q.From.read(), To: q.To.read()}
}

func (s *streamInRow) read() cdr.Stream {
	if s == nil {
		return cdr.Stream{}
	}
	return cdr.Stream{Codec: s.Codec, Packets: s.Packets, Lost: s.Lost, Loss: s.Loss, Jitter: micros(s.Jitter), Gap: micros(s.Gap), RTT: micros(s.RTT), MOS: s.MOS}
}
