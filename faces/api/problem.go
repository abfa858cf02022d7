package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Problem is an error as RFC 9457 shows it, with our stable code and the wrong fields.
type Problem struct {
	Type   string         `json:"type" doc:"Always about:blank: the code says what it is"`
	Title  string         `json:"title" doc:"The HTTP status in words"`
	Status int            `json:"status" doc:"The HTTP status"`
	Detail string         `json:"detail" doc:"What happened, why, what to do; for people"`
	Code   string         `json:"code" doc:"What happened; stable, for programs"`
	Errors []ProblemField `json:"errors,omitempty" doc:"Each wrong field"`
}

// ProblemField is one wrong field.
type ProblemField struct {
	Field    string `json:"field" doc:"The field's name"`
	Location string `json:"location" doc:"Where it was, for example body.email"`
	Message  string `json:"message" doc:"What is wrong with it; for people"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus tells the router which status to send.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType says that this is a problem (RFC 9457 §3).
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func newProblem(status int, code, text string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: text, Code: code}
}

// fail turns an error of the business into a problem. What only we may know goes to the log.
func (f *face) fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	status, reason := httpstatus.Of(fault.KindOf(err)), fault.ReasonOf(err)
	if status == http.StatusInternalServerError {
		f.Log.ErrorContext(ctx, "request failed", "error", err)
	}
	p := newProblem(status, reason.Code, reason.Text)
	if e, ok := errors.AsType[*fault.Error](err); ok {
		for _, x := range e.Fields {
			p.Errors = append(p.Errors, ProblemField{Field: x.Name, Location: "body." + x.Name, Message: x.Text})
		}
	}
	return p
}

// asProblem gives the router's own complaints (a body that is no JSON, a wrong parameter) the same shape as ours.
func asProblem(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(m.Status, "bad_request", m.Detail)
	switch m.Status {
	case http.StatusUnprocessableEntity:
		p.Code = "invalid"
	case http.StatusNotAcceptable:
		p.Code = "not_acceptable"
	case http.StatusRequestEntityTooLarge:
		p.Code = "too_large"
	case http.StatusUnsupportedMediaType:
		p.Code = "media_type"
	case http.StatusInternalServerError:
		p.Code, p.Detail = "internal", fault.ReasonOf(m).Text
	}
	if len(m.Errors) == 1 && m.Errors[0] != nil && m.Errors[0].Location == "body" {
		p.Detail = m.Errors[0].Message // readJSON's words
	}
	if m.Detail == "request body is required" {
		p.Detail = "The body is missing: send JSON."
	}
	for _, e := range m.Errors {
		if e == nil {
			continue
		}
		_, field, _ := strings.Cut(e.Location, ".")
		p.Errors = append(p.Errors, ProblemField{Field: field, Location: e.Location, Message: e.Message})
	}
	return p, nil
}

func writeProblem(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(newProblem(status, code, text))
}

// describeProblems puts our problem into the description of an operation.
func (f *face) describeProblems(o *huma.Operation) {
	schema := f.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	if o.Responses == nil {
		o.Responses = map[string]*huma.Response{}
	}
	o.Responses["default"] = &huma.Response{
		Description: "A problem (RFC 9457)",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}
}
