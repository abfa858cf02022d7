package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/opening"
)

// openingOut is a country on its way to be opened.
type openingOut struct {
	Country    string         `json:"country"`
	Name       string         `json:"name" doc:"Of its center"`
	SIP        string         `json:"sip" doc:"Where its telephones register"`
	Carrier    string         `json:"carrier,omitempty"`
	Emergency  string         `json:"emergency,omitempty" doc:"A carrier, or none"`
	TestedAt   *time.Time     `json:"tested_at,omitempty"`
	TestedOK   bool           `json:"tested_ok"`
	Report     string         `json:"report,omitempty" doc:"Of the test call, in words"`
	Open       bool           `json:"open" doc:"Its numbers are sold and calls are routed there"`
	Started    *time.Time     `json:"started_at,omitempty" doc:"Absent if the configuration opens it"`
	Steps      []openingStep  `json:"steps,omitempty"`
	Collisions []collisionOut `json:"collisions,omitempty" doc:"Sold numbers whose typed form will be switched off there"`
}

type openingStep struct {
	Code string `json:"code" enum:"center,systems,stock,carrier,emergency,test,start"`
	Done bool   `json:"done"`
}

type collisionOut struct {
	Number string `json:"number"`
	Reason string `json:"reason"`
}

// ByCountry is the country in an address.
type ByCountry struct {
	Country string `path:"country" maxLength:"2" doc:"ISO code"`
}

func (f *face) registerOpenings() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Operator", summary, status))
		f.describeProblems(&o)
		return o
	}
	const at = "/api/v1/openings"
	huma.Register(f.api, reg(http.MethodGet, at, "list-openings", "Countries being opened, and opened that way", 0), f.listOpenings)
	huma.Register(f.api, reg(http.MethodPost, at, "begin-opening", "Begin to open a country: its center", http.StatusCreated), f.beginOpening)
	huma.Register(f.api, reg(http.MethodGet, at+"/{country}", "get-opening", "One opening, its steps and what will collide", 0), f.getOpening)
	huma.Register(f.api, reg(http.MethodPut, at+"/{country}", "set-opening", "Choose the carrier and who takes emergency calls", 0), f.setOpening)
	huma.Register(f.api, reg(http.MethodPost, at+"/{country}/test", "test-opening", "Place the test call", 0), f.testOpening)
	huma.Register(f.api, reg(http.MethodPost, at+"/{country}/start", "start-country", "Start: its numbers are sold and calls are routed there", 0), f.startOpening)
	huma.Register(f.api, reg(http.MethodDelete, at+"/{country}", "give-up-opening", "Forget an opening that was not started", http.StatusNoContent), f.giveUpOpening)
}

func (f *face) showOpening(o opening.Opening) openingOut {
	return openingOut{Country: o.Country, Name: o.Name, SIP: f.Reader.SIPDomain(o.Country), Carrier: o.Carrier, Emergency: o.Emergency, TestedAt: when(o.TestedAt),
		TestedOK: o.TestedOK, Report: o.Report, Open: o.Open(), Started: when(o.Started)}
}

func (f *face) answerOpening(ctx context.Context, o opening.Opening, err error) (*body[openingOut], error) {
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := f.showOpening(o)
	_, steps, err := f.Openings.Get(ctx, actor(ctx), o.Country)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	for _, s := range steps {
		out.Steps = append(out.Steps, openingStep(s))
	}
	return &body[openingOut]{out}, nil
}

func (f *face) listOpenings(ctx context.Context, _ *struct{}) (*body[list[openingOut]], error) {
	all, err := f.Openings.List(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", f.showOpening), nil
}

func (f *face) beginOpening(ctx context.Context, in *struct {
	Body struct {
		Country string `json:"country" doc:"ISO code"`
		Name    string `json:"name"`
		Listen  string `json:"listen,omitempty" doc:"HOST:PORT for its telephones; empty takes the next free port"`
	}
}) (*body[openingOut], error) {
	o, err := f.Openings.Begin(ctx, actor(ctx), in.Body.Country, in.Body.Name, in.Body.Listen)
	return f.answerOpening(ctx, o, err)
}

func (f *face) getOpening(ctx context.Context, in *ByCountry) (*body[openingOut], error) {
	o, _, err := f.Openings.Get(ctx, actor(ctx), strings.ToUpper(in.Country))
	out, err := f.answerOpening(ctx, o, err)
	if err != nil || o.Open() {
		return out, err
	}
	list, err := f.Openings.Collisions(ctx, actor(ctx), o.Country)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	for _, c := range list {
		out.Body.Collisions = append(out.Body.Collisions, collisionOut{c.Order.Number.Display(), c.Reason.Text})
	}
	return out, nil
}

func (f *face) setOpening(ctx context.Context, in *struct {
	ByCountry
	Body struct {
		Carrier   string `json:"carrier,omitempty"`
		Emergency string `json:"emergency,omitempty" doc:"A carrier's id, or none"`
	}
}) (*body[openingOut], error) {
	country := strings.ToUpper(in.Country)
	o, _, err := f.Openings.Get(ctx, actor(ctx), country)
	if err == nil && in.Body.Carrier != "" {
		o, err = f.Openings.SetCarrier(ctx, actor(ctx), country, in.Body.Carrier)
	}
	if err == nil && in.Body.Emergency != "" {
		o, err = f.Openings.SetEmergency(ctx, actor(ctx), country, in.Body.Emergency)
	}
	return f.answerOpening(ctx, o, err)
}

func (f *face) testOpening(ctx context.Context, in *struct {
	ByCountry
	Body struct {
		Number string `json:"number" doc:"The telephone to ring, with +"`
	}
}) (*body[openingOut], error) {
	o, err := f.Openings.Test(ctx, actor(ctx), strings.ToUpper(in.Country), in.Body.Number)
	return f.answerOpening(ctx, o, err)
}

func (f *face) startOpening(ctx context.Context, in *ByCountry) (*body[openingOut], error) {
	o, err := f.Openings.Start(ctx, actor(ctx), strings.ToUpper(in.Country))
	return f.answerOpening(ctx, o, err)
}

func (f *face) giveUpOpening(ctx context.Context, in *ByCountry) (*struct{}, error) {
	return nil, f.fail(ctx, f.Openings.GiveUp(ctx, actor(ctx), strings.ToUpper(in.Country)))
}
