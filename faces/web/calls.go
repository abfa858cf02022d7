package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
)

// Calls reads the call records.
type Calls interface {
	cdr.Archive
	History(ctx context.Context, account, cursor string, limit int) (cdr.Page, error)
	// Record finds one call of an account.
	Record(ctx context.Context, account, id string) (cdr.Record, bool, error)
}

func (f *face) recordRoutes() map[string]handler {
	return map[string]handler{
		"GET /calls/export":          f.exportCalls,
		"GET /calls/{id}":            f.call,
		"GET /operator/calls":        f.staffOnly(f.allCalls),
		"GET /operator/calls/export": f.staffOnly(f.exportAllCalls),
		"GET /operator/calls/{id}":   f.staffOnly(f.oneCall),
	}
}

// call is what happened in a call of the member's.
func (f *face) call(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	rec, found, err := f.Calls.Record(r.Context(), p.Who.Account, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if !found {
		return f.nothingHere(nil, r, p)
	}
	p.Title = p.T("story.title")
	names, err := f.names(r.Context(), p)
	if err != nil {
		return nil, err
	}
	why, err := f.why(r, p, rec)
	return callPage(p, rec, names, why), err
}

// story is a call in sentences.
func (p *page) story(r *cdr.Record) (list []string) {
	if rang := r.Rang(); r.PDD > 0 && (rang >= time.Second || r.Answered()) {
		list = append(list, p.T("story.rang", "time", clock(rang)))
	} else if !r.Answered() {
		list = append(list, p.T("story.silent"))
	}
	if !r.Answered() {
		return append(list, p.ended(*r)+".")
	}
	list = append(list, p.T("story.talked", "time", clock(r.Duration())))
	mine := cdr.ByCalled
	if outgoing(*r, p.Who.Account) {
		mine = cdr.ByCaller
	}
	switch {
	case r.HungUp == "":
	case r.HungUp == mine:
		list = append(list, p.T("story.by_you"))
	case r.HungUp != cdr.ByUs:
		list = append(list, p.T("story.by_them"))
	case r.Cause == cdr.Unpaid:
		list = append(list, p.T("story.unpaid"))
	case r.Cause == cdr.Lost || r.Cause == cdr.Timeout:
		list = append(list, p.T("story.lost"))
	default:
		list = append(list, p.T("story.by_us"))
	}
	return list
}

// How good sound is in words, by the estimate of the E-model.
const (
	goodMOS = 400
	fairMOS = 310
)

func grade(s cdr.Stream) string {
	switch {
	case s.MOS >= goodMOS:
		return "good"
	case s.MOS >= fairMOS:
		return "fair"
	default:
		return "bad"
	}
}

// bars is how many of five bars a stream has.
func bars(s cdr.Stream) int { return min(5, max(1, (s.MOS-150)/50)) }

// percent is a share of a thousand.
func percent(permille int) string { return fmt.Sprintf("%d.%d %%", permille/10, permille%10) }

// milli is a short time.
func milli(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + " ms" }

// late is how long something took.
func late(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }

// legCodes is how a leg went in figures: the delay, and what other telephone
// people know its end by.
func legCodes(l cdr.Leg) string {
	var parts []string
	if pdd := l.PDD(); pdd > 0 {
		parts = append(parts, strings.Join([]string{"PDD", late(pdd)}, " "))
	}
	if l.Status != 0 {
		parts = append(parts, "SIP "+strconv.Itoa(l.Status))
	}
	if l.Q850 != 0 {
		parts = append(parts, "Q.850 "+strconv.Itoa(l.Q850))
	}
	return strings.Join(parts, " · ")
}

// soundOf is sound in figures.
func soundOf(s cdr.Stream) string {
	return strings.TrimSuffix(percent(s.Loss)+", "+milli(s.Jitter)+", "+s.Codec, ", ")
}

// phase is a part of a drawing of time.
type phase struct {
	Class    string
	From, To float64 // of the width of 600
}

// span is the time a drawing shows.
type span struct {
	from time.Time
	long time.Duration
}

func (s span) at(t time.Time) float64 {
	return min(600, max(0, 600*float64(t.Sub(s.from))/float64(max(s.long, time.Millisecond))))
}

// phases are what there is to see of a call or leg: waiting, ringing, talking.
func (s span) phases(start, ring, answer, end time.Time) (list []phase) {
	add := func(class string, from, to time.Time) {
		if !from.IsZero() && to.After(from) {
			a, b := s.at(from), s.at(to)
			list = append(list, phase{class, a, max(b, a+2)})
		}
	}
	until := func(times ...time.Time) time.Time {
		for _, t := range times {
			if !t.IsZero() {
				return t
			}
		}
		return end
	}
	add("wait", start, until(ring, answer, end))
	add("ring", ring, until(answer, end))
	add("talk", answer, end)
	return list
}

// spanOf is the time of a call, from its start to its end.
func spanOf(r *cdr.Record) span { return span{r.Start, r.End.Sub(r.Start)} }

func ringOf(r *cdr.Record) time.Time {
	if r.PDD == 0 {
		return time.Time{}
	}
	return r.Start.Add(r.PDD)
}

// course is phases of time as a picture; what it says stands beside it in words.
func course(list []phase) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<svg class="span" viewBox="0 0 600 16" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" x="0" y="7" width="600" height="2"></rect>`)
		for _, s := range list {
			fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="2" width="%.1f" height="12"></rect>`, s.Class, s.From, s.To-s.From)
		}
		b.WriteString(`</svg>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// meter is five bars of which some are full.
func meter(full int) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<svg class="meter" width="34" height="16" viewBox="0 0 34 16" aria-hidden="true">`)
		for i := range 5 {
			class := "full"
			if i >= full {
				class = "empty"
			}
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="5" height="%d"></rect>`, class, 7*i, 12-3*i, 4+3*i)
		}
		b.WriteString(`</svg>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// allData is the operator's search.
type allData struct {
	Q        url.Values
	Items    []cdr.Record
	Next     string
	Carriers []choice
	Names    carrierNames
	Problem  string
}

// Carry is the address of another page of the same search.
func (d *allData) Carry(path string, pairs ...string) string {
	q := url.Values{}
	for _, k := range searched() {
		if v := d.Q.Get(k); v != "" {
			q.Set(k, v)
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + q.Encode()
}

func searched() []string {
	return []string{"number", "account", "call", "carrier", "cause", "from", "to"}
}

func recordFilter(q url.Values) (cdr.Filter, error) {
	f := cdr.Filter{
		Number: strings.TrimSpace(q.Get("number")), Account: strings.TrimSpace(q.Get("account")), Call: strings.TrimSpace(q.Get("call")), Carrier: q.Get("carrier"), Cause: q.Get("cause"),
	}
	return f, f.Period(q.Get("from"), q.Get("to"), time.UTC)
}

// allCalls is where the operator finds calls.
func (f *face) allCalls(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := allData{Q: r.URL.Query()}
	names, carriers, err := f.carrierNames(r, p)
	if err != nil {
		return nil, err
	}
	for _, id := range carriers {
		d.Carriers = append(d.Carriers, choice{id, names.of(id)})
	}
	p.Title = p.T("operator.calls")
	q, err := recordFilter(d.Q)
	var found cdr.Page
	if err == nil {
		found, err = f.Calls.Search(r.Context(), q, d.Q.Get("cursor"), perPage)
	}
	if err != nil && fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	if err != nil {
		p.Status, d.Problem = http.StatusUnprocessableEntity, p.why(err)
		return allCallsPage(p, d), nil
	}
	d.Items, d.Next = found.Items, found.Next
	return allCallsPage(p, d), nil
}

// oneCall is a call as each center saw it, with a ladder of its legs.
func (f *face) oneCall(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	list, err := f.Calls.Call(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return f.nothingHere(nil, r, p)
	}
	d := allData{Items: list}
	d.Names, _, err = f.carrierNames(r, p)
	p.Title = p.T("story.title")
	return oneCallPage(p, d), err
}

// whole is the time that all records of a call take.
func (d *allData) whole() span {
	s := span{from: d.Items[0].Start}
	for i := range d.Items {
		s.long = max(s.long, d.Items[i].End.Sub(s.from))
	}
	return s
}

func (f *face) exportCalls(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	q := cdr.Filter{Account: p.Who.Account}
	if err := q.Period(r.URL.Query().Get("from"), r.URL.Query().Get("to"), time.UTC); err != nil {
		return nil, err
	}
	return nil, f.writeCalls(w, r, q, p.Who.Account)
}

func (f *face) exportAllCalls(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	q, err := recordFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return nil, f.writeCalls(w, r, q, "")
}

// writeCalls writes records as they are read.
func (f *face) writeCalls(w http.ResponseWriter, r *http.Request, q cdr.Filter, account string) error {
	as, err := cdr.ParseFormat(r.URL.Query().Get("format"))
	if err != nil {
		return err
	}
	f.send(w, r, "calls."+string(as), as.Type(), func(to io.Writer) error {
		out := cdr.NewWriter(to, as, account)
		return errors.Join(f.Calls.Each(r.Context(), q, out.Write), out.Close())
	})
	return nil
}
