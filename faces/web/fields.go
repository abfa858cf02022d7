package web

import (
	"errors"
	"net/url"
	"strings"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/form"
)

// errorsOf is the wrong fields of a refused form by name; what belongs to no field is under "".
func (p *page) errorsOf(err error) map[string]string {
	out := map[string]string{}
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || len(e.Fields) == 0 {
		out[""] = p.why(err)
		return out
	}
	for _, f := range e.Fields {
		out[f.Name] = p.say(f.Text)
	}
	return out
}

// input is one field as the page draws it.
type input struct {
	form.Field
	Value   string
	Values  []string
	Error   string
	Choices []choice
	ID      string
	Zones   []string // of a time zone: which of them the browser's own may take the place of what is chosen
	Either  bool     // this one or its neighbour must be filled in
}

// inputs joins a form with what was typed and what was wrong with it.
func (p *page) inputs(fm form.Form, typed url.Values, wrong map[string]string) []input {
	out := make([]input, 0, len(fm.Fields))
	for _, x := range fm.Fields {
		x.Label, x.Help = p.say(x.Label), p.say(x.Help)
		in := input{Field: x, Value: typed.Get(x.Name), Values: typed[x.Name], Error: wrong[x.Name], ID: "f-" + x.Name,
			Either: x.Name == "contact_pstn" || x.Name == "identification"}
		switch x.Type {
		case "country":
			in.Choices = p.Tongue.countries
		case "language":
			in.Choices = p.Tongue.languages
		case "list":
			if strings.HasPrefix(x.Name, "languages") {
				in.Choices = p.Tongue.languages
			}
		case "timezone":
			in.Choices = p.Tongue.zoneNames()
		case "tongue":
			in.Choices = tongueNames()
		case "choice":
			for _, o := range x.Options {
				in.Choices = append(in.Choices, choice{o, o})
			}
		}
		out = append(out, in)
	}
	return out
}

// listOf splits what people write into a field that takes several values.
func listOf(values []string) []string {
	var out []string
	for _, v := range values {
		for _, s := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '\n' || r == ';' }) {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

func queryEscape(s string) string { return url.QueryEscape(s) }

// nth is the value at a place of a list.
func (in input) nth(i int) string {
	values := listOf(in.Values)
	if i < len(values) {
		return values[i]
	}
	return ""
}
