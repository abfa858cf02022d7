package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Proofs proves telephone numbers by a call.
type Proofs interface {
	Begin(ctx context.Context, by member.Actor, r proof.Request) (proof.Proof, error)
	Proof(ctx context.Context, by member.Actor, id string) (proof.Proof, error)
	Confirm(ctx context.Context, by member.Actor, id, code string) (proof.Proof, error)
	// Step is what was told last of a proof's call: "ringing", "answered", "asked".
	Step(id string) string
}

// TestCarrier is the carrier of `callisto dev`: the calls it got, newest first.
type TestCarrier interface {
	Calls() []CarrierCall
	Endings() []CarrierEnding
	// Door is what a trunk of one's own needs to call it.
	Door() CarrierDoor
	// Call has it call a number of ours, as from an ordinary telephone, and press keys.
	Call(number, from, keys string) error
	// AccessNumbers are those that it brings.
	AccessNumbers() []string
}

// CarrierCall is one of them.
type CarrierCall struct {
	Number, From string
	At           time.Time
	Result       string
	Over         bool
	Code         string // what it heard
	Keys         string // that were pressed
	Said         string // to a call of its own, as far as it was recognised
	Placed       bool   // by itself, to a number of ours
}

// CarrierDoor is by where, and as whom, it is called.
type CarrierDoor struct{ Address, User, Password, Realm string }

// CarrierEnding is a number that does something else than answer, by its last digits.
type CarrierEnding struct{ Digits, Result string }

func (f *face) proofRoutes() map[string]handler {
	return map[string]handler{
		"GET /proofs/new":           f.proofForm,
		"POST /proofs":              f.beginProof,
		"GET /proofs/{id}":          f.proof,
		"GET /proofs/{id}/state":    f.proofState,
		"POST /proofs/{id}/confirm": f.confirmProof,
	}
}

// asking is the page that asks for the telephone.
type asking struct {
	Number   string
	Purpose  proof.Purpose
	Language string
	Back     string // the page it was begun on, "" if that is none of its own
	Errors   map[string]string
}

func purposeOf(s string) proof.Purpose {
	if slices.Contains(proof.Purposes(), proof.Purpose(s)) {
		return proof.Purpose(s)
	}
	return proof.OwnPhone
}

func (f *face) proofForm(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	p.Title = p.T("proof.title")
	return proofAskPage(p, asking{Number: q.Get("number"), Purpose: purposeOf(q.Get("purpose")), Language: p.Tongue.Tag, Back: beganAt(r)}), nil
}

func (f *face) beginProof(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	a := asking{Number: r.PostFormValue("number"), Purpose: purposeOf(r.PostFormValue("purpose")), Language: r.PostFormValue("language"), Back: beganAt(r)}
	x, err := f.Proofs.Begin(r.Context(), p.Who, proof.Request{Number: a.Number, Purpose: a.Purpose, Language: a.Language})
	if err == nil {
		return nil, redirect{withNext("/proofs/"+x.ID, a.Back)}
	}
	if fault.KindOf(err) == fault.Internal {
		return nil, err
	}
	a.Errors = p.errorsOf(err)
	if a.Errors["number"] != "" {
		a.Errors["number"] = p.why(err) // the whole sentence says more
	}
	p.Status, p.Title = httpstatus.Of(fault.KindOf(err)), p.T("proof.title")
	return proofAskPage(p, a), nil
}

// proving is a proof as its page shows it.
type proving struct {
	proof.Proof
	Step   string // of the call
	Wrong  string // about the code
	Digits string // as typed
	Next   string // where it is of use
	Back   string // the page it was begun on, "" if that is none of its own
}

// Reached is how many steps of the call are done.
func (x proving) Reached() int {
	switch {
	case x.State == proof.Spoken || x.State == proof.Proved:
		return 4
	case x.Step == "asked":
		return 3
	case x.Step == "answered":
		return 2
	case x.Step == "ringing":
		return 1
	default:
		return 0
	}
}

// Used reports whether the proof is to be used for an order in its time; of a
// number that is registered it stays.
func (x proving) Used() bool { return x.Purpose == proof.OwnPhone || x.Purpose == proof.Root }

// Seen is what tells htmx that nothing has changed.
func (x proving) Seen() string { return string(x.State) + "." + x.Step }

func (f *face) provingOf(r *http.Request, x proof.Proof) proving {
	d := proving{Proof: x, Next: "/lines", Back: beganAt(r)}
	if x.Live() {
		d.Step = f.Proofs.Step(x.ID)
	}
	kind := map[proof.Purpose]string{proof.OwnPhone: "individual", proof.Root: "company"}[x.Purpose]
	if _, national, ok := numbering.Parts(x.E164); ok && kind != "" {
		d.Next = "/request?" + url.Values{"kind": {kind}, "country": {x.Country}, "national": {national}}.Encode()
	}
	return d
}

func (f *face) readProof(r *http.Request, p *page) (proving, error) {
	if err := p.must(); err != nil {
		return proving{}, err
	}
	x, err := f.Proofs.Proof(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return proving{}, err
	}
	p.Title = p.T("proof.of", "number", x.E164)
	return f.provingOf(r, x), nil
}

func (f *face) proof(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.readProof(r, p)
	if err != nil {
		return nil, err
	}
	return proofPage(p, d), nil
}

// proofState is the part of the page that htmx asks for again.
func (f *face) proofState(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.readProof(r, p)
	if err != nil {
		return nil, err
	}
	if !p.Part {
		return nil, redirect{d.at("")}
	}
	if r.URL.Query().Get("seen") == d.Seen() {
		w.WriteHeader(http.StatusNoContent)
		return nil, nil
	}
	return proofBody(p, d), nil
}

func (f *face) confirmProof(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if err := p.must(); err != nil {
		return nil, err
	}
	x, err := f.Proofs.Confirm(r.Context(), p.Who, r.PathValue("id"), r.PostFormValue("code"))
	if err == nil {
		if err = f.keepProved(r.Context(), p); err != nil {
			return nil, err
		}
	}
	if err == nil || fault.ReasonOf(err).Code == "code_used" {
		return nil, redirect{withNext("/proofs/"+r.PathValue("id"), beganAt(r))}
	}
	if x.ID == "" || fault.KindOf(err) == fault.Internal {
		return nil, err
	}
	d := f.provingOf(r, x)
	d.Wrong, d.Digits = p.why(err), r.PostFormValue("code")
	p.Status, p.Title = httpstatus.Of(fault.KindOf(err)), p.T("proof.of", "number", x.E164)
	return proofPage(p, d), nil
}

// keepProved notes at his numbers what a member has proved: the proof lasts a day,
// what it proved stays.
func (f *face) keepProved(ctx context.Context, p *page) error {
	lines, err := f.Members.Memberships(ctx, p.Who, p.Who.Account)
	for _, m := range lines {
		if _, kept := f.Lines.NumbersProved(ctx, p.Who, m.ID); kept != nil {
			err = errors.Join(err, kept)
		}
	}
	return err
}

// carrierRoutes is the page of the test carrier, where there is one.
func (f *face) carrierRoutes() map[string]handler {
	if f.TestCarrier == nil {
		return nil
	}
	return map[string]handler{"GET /dev/carrier": f.devCarrier, "POST /dev/carrier": f.devCarrierCall}
}

func (f *face) devCarrier(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("devcarrier.title")
	if p.Part {
		list := f.TestCarrier.Calls()
		if r.URL.Query().Get("seen") == seenCalls(list) {
			w.WriteHeader(http.StatusNoContent)
			return nil, nil
		}
		return carrierCalls(p, list), nil
	}
	q := r.URL.Query()
	return carrierPage(p, f.TestCarrier, carrierTry{Number: q.Get("number"), From: cmp.Or(q.Get("from"), "+82 10 1234 5678"), Keys: q.Get("keys")}), nil
}

// carrierTry is a call that the test carrier is to make.
type carrierTry struct {
	Number, From, Keys, Problem string
}

func (f *face) devCarrierCall(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	try := carrierTry{Number: strings.TrimSpace(r.PostFormValue("number")), From: strings.TrimSpace(r.PostFormValue("from")), Keys: strings.TrimSpace(r.PostFormValue("keys"))}
	err := f.TestCarrier.Call(try.Number, try.From, try.Keys)
	if err == nil {
		return nil, redirect{"/dev/carrier"}
	}
	if fault.KindOf(err) == fault.Internal {
		return nil, err
	}
	p.Title, p.Status, try.Problem = p.T("devcarrier.title"), httpstatus.Of(fault.KindOf(err)), p.why(err)
	return carrierPage(p, f.TestCarrier, try), nil
}

// seenCalls is what tells htmx that no call has changed.
func seenCalls(list []CarrierCall) string {
	h := fnv.New64a()
	for _, c := range list {
		_, _ = fmt.Fprintln(h, c.Number, c.At.UnixNano(), c.Result, c.Code, c.Keys, c.Said)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// beganAt is the page of ours that a proof was begun on and leads back to.
func beganAt(r *http.Request) string {
	if next := r.FormValue("next"); next != "" && localPath(next) == next {
		return next
	}
	return ""
}

// at is the address of a part of the proof's page.
func (x proving) at(part string) string { return withNext("/proofs/"+x.ID+part, x.Back) }

// again is where another call is asked for.
func (x proving) again() string { return withNext(proveAddress(x.E164, x.Purpose), x.Back) }

// proveAddress is where a telephone is proved.
func proveAddress(e164 string, purpose proof.Purpose) string {
	return "/proofs/new?" + url.Values{"number": {e164}, "purpose": {string(purpose)}}.Encode()
}

// prove is where the telephone that was asked for is proved.
func (o offer) prove(p *page, purpose proof.Purpose) string {
	country, national := o.Values.Get("country"), keepDigits(o.Values.Get("national"))
	if code := p.f.Reader.CallingCode(country); code != "" && national != "" {
		return proveAddress("+"+code+national, purpose)
	}
	return proveAddress("", purpose)
}

// proveOrder is where the telephone of an order is proved that was refused for want of a proof.
func proveOrder(o shop.Order) string {
	purpose := proof.OwnPhone
	if o.Number.Kind == numbering.Company {
		purpose = proof.Root
	}
	return proveAddress("+"+o.Number.CallingCode+o.Number.National, purpose)
}
