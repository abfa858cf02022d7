package web

import (
	"net/http"
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
	Problem string
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
	return carriersPage(p, d), nil
}

func (f *face) doCarrier(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	switch r.PathValue("do") {
	case "test":
		report, err := f.Carriers.Test(r.Context(), p.Who, r.PathValue("id"), strings.TrimSpace(r.PostFormValue("number")))
		return f.carrierDone(r, p, &report, err)
	case "remove":
		return f.carrierDone(r, p, nil, f.Carriers.Remove(r.Context(), p.Who, r.PathValue("id")))
	default:
		return f.nothingHere(nil, r, p)
	}
}

// carrierDone shows the carriers again, with what came of it.
func (f *face) carrierDone(r *http.Request, p *page, report *carrier.Report, err error) (templ.Component, error) {
	if err == nil && report == nil {
		return nil, redirect{"/operator/carriers"}
	}
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
	p.Title, d.Report = p.T("operator.carriers"), report
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
