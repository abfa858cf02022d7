package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Trunks knows how trunks do.
type Trunks interface {
	TrunkState(trunk string) carrier.State
}

// carriersData is the carriers and what was typed.
type carriersData struct {
	List    []carrier.Carrier
	Centers []choice
	Report  *carrier.Report
	Tried   carrier.Trunk // that was tested
	Of      string        // whose it is
	Number  string        // that was called for it, as typed
	Removed string        // the name of a carrier that was just removed
	Problem string
}

// typed is the number that was typed for a test of a trunk.
func (d carriersData) typed(trunk string) string {
	if d.Tried.ID == trunk {
		return d.Number
	}
	return ""
}

// said is what came of the test, in a few words.
func (d carriersData) said() string {
	switch {
	case d.Report.OK:
		return "carrier.test_good"
	case d.Report.Code == "busy":
		return "carrier.test_busy"
	case d.Report.Code == "no_answer" || d.Report.Code == "declined":
		return "carrier.test_works"
	default:
		return "carrier.test_bad"
	}
}

func (f *face) carriersOf(r *http.Request, p *page) (d carriersData, err error) {
	if d.List, err = f.Carriers.Carriers(r.Context(), p.Who); err != nil {
		return d, err
	}
	begun, err := f.Openings.List(r.Context(), p.Who)
	if err != nil {
		return d, err
	}
	d.Centers = p.countries()
	for _, o := range begun {
		if !o.Open() {
			d.Centers = append(d.Centers, choice{o.Country, o.Name})
		}
	}
	return d, nil
}

func (f *face) carriers(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.carriersOf(r, p)
	if err != nil {
		return nil, err
	}
	p.Title = p.T("operator.carriers")
	if gone := r.URL.Query(); !slices.ContainsFunc(d.List, func(c carrier.Carrier) bool { return c.ID == gone.Get("removed") }) {
		d.Removed = gone.Get("name")
	}
	return carriersPage(p, d), nil
}

// toCarriers leads from the address of a form to the page it is on.
func (f *face) toCarriers(http.ResponseWriter, *http.Request, *page) (templ.Component, error) {
	return nil, redirect{"/operator/carriers"}
}

func (f *face) doCarrier(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id := r.PathValue("id")
	switch r.PathValue("do") {
	case "test":
		report, err := f.Carriers.Test(r.Context(), p.Who, id, strings.TrimSpace(r.PostFormValue("number")))
		return f.carrierDone(r, p, &report, err)
	case "remove":
		c, err := f.Carriers.Carrier(r.Context(), p.Who, id)
		if err == nil {
			err = f.Carriers.Remove(r.Context(), p.Who, id)
		}
		if err == nil {
			return nil, redirect{"/operator/carriers?" + url.Values{"removed": {id}, "name": {c.Name}}.Encode()}
		}
		return f.carrierDone(r, p, nil, err)
	default:
		return f.nothingHere(nil, r, p)
	}
}

// carrierDone shows the carriers again, with what came of it.
func (f *face) carrierDone(r *http.Request, p *page, report *carrier.Report, err error) (templ.Component, error) {
	if err != nil {
		report = nil
		switch fault.KindOf(err) {
		case fault.Invalid, fault.Conflict, fault.Unavailable, fault.Limited:
			p.Status = httpstatus.Of(fault.KindOf(err))
		default:
			return nil, err
		}
	}
	d, derr := f.carriersOf(r, p)
	if derr != nil {
		return nil, derr
	}
	p.Title, d.Report, d.Number = p.T("operator.carriers"), report, r.PostFormValue("number")
	for _, c := range d.List {
		if t, ok := c.Trunk(r.PathValue("id")); ok {
			d.Tried, d.Of = t, c.Name
		}
	}
	if err != nil {
		d.Problem = p.fieldText(err)
	}
	return carriersPage(p, d), nil
}

// testDot is the state of a test call.
func testDot(ok bool) string {
	if ok {
		return "dot connected"
	}
	return "dot missed"
}
