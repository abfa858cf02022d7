package api

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"html/template"
	"net/http"
	"sort"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/faces/source"
)

//go:embed docs.html
var docsPage string

// operation is one row of the documentation page and of docs/api.md.
type operation struct {
	Method, Path, ID, Tag, Summary string
	Key                            bool
	Query                          []property
	Request, Response              []property
	Status                         string
	List                           bool
}

type property struct {
	Name, Type, Doc string
	Required        bool
}

type docsData struct {
	Title, Description, Example string
	Tags                        []string
	Operations                  map[string][]operation
}

// docs is the documentation for people: one page, nothing loaded from elsewhere.
func (f *face) docs(w http.ResponseWriter, r *http.Request) {
	t, err := template.New("docs").Parse(docsPage)
	var b bytes.Buffer
	if err == nil {
		err = t.Execute(&b, f.describe(source.Origin(f.Origin, r)))
	}
	if err != nil {
		f.Log.ErrorContext(r.Context(), "documentation page", "error", err)
		writeProblem(w, http.StatusInternalServerError, "internal", "The page cannot be shown.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline' 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Header().Add("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write(b.Bytes())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = z.Write(b.Bytes())
	_ = z.Close()
}

func (f *face) describe(origin string) docsData {
	spec := f.api.OpenAPI()
	d := docsData{Title: spec.Info.Title, Description: spec.Info.Description, Example: example(origin), Operations: map[string][]operation{}}
	for path, item := range spec.Paths {
		for method, o := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if o == nil {
				continue
			}
			d.Operations[o.Tags[0]] = append(d.Operations[o.Tags[0]], f.describeOperation(method, path, o))
		}
	}
	order := map[string]string{"GET": "1", "POST": "2", "DELETE": "3"}
	for tag, ops := range d.Operations {
		d.Tags = append(d.Tags, tag)
		sort.Slice(ops, func(i, j int) bool {
			if ops[i].Path != ops[j].Path {
				return ops[i].Path < ops[j].Path
			}
			return order[ops[i].Method] < order[ops[j].Method]
		})
	}
	place := map[string]int{"Numbers": 1, "Orders": 2, "Members": 3, "Devices": 4, "Calls": 5, "Wallet": 6, "Account": 7, "Operator": 8}
	sort.Slice(d.Tags, func(i, j int) bool { return place[d.Tags[i]] < place[d.Tags[j]] })
	return d
}

func (f *face) describeOperation(method, path string, o *huma.Operation) operation {
	out := operation{Method: method, Path: path, ID: o.OperationID, Tag: o.Tags[0], Summary: o.Summary, Key: len(o.Security) > 0}
	for _, p := range o.Parameters {
		if p.In == "query" {
			out.Query = append(out.Query, property{Name: p.Name, Type: f.typeOf(p.Schema), Doc: p.Description, Required: p.Required})
		}
	}
	if o.RequestBody != nil {
		for _, m := range o.RequestBody.Content {
			out.Request = f.properties(m.Schema)
		}
	}
	for status, r := range o.Responses {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		out.Status = status
		for _, m := range r.Content {
			s := f.resolve(m.Schema)
			if items := s.Properties["items"]; items != nil && s.Properties["next"] != nil {
				out.List, s = true, items.Items
			}
			out.Response = f.properties(s)
		}
	}
	return out
}

func (f *face) resolve(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return f.api.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

func (f *face) properties(s *huma.Schema) []property {
	s = f.resolve(s)
	if s == nil {
		return nil
	}
	required := map[string]bool{}
	for _, r := range s.Required {
		required[r] = true
	}
	out := make([]property, 0, len(s.Properties))
	for name, p := range s.Properties {
		out = append(out, property{Name: name, Type: f.typeOf(p), Doc: p.Description, Required: required[name]})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func (f *face) typeOf(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	if s.Ref != "" {
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		if name == "Amount" {
			return "{currency, micros}"
		}
		if r := f.resolve(s); r != nil && len(r.Properties) > 0 {
			names := make([]string, 0, len(r.Properties))
			for n := range r.Properties {
				names = append(names, n)
			}
			sort.Strings(names)
			return "{" + strings.Join(names, ", ") + "}"
		}
		return name
	}
	if len(s.Enum) > 0 {
		words := make([]string, 0, len(s.Enum))
		for _, e := range s.Enum {
			if w, ok := e.(string); ok {
				words = append(words, w)
			}
		}
		return strings.Join(words, " | ")
	}
	if s.Type == "array" {
		return "[" + f.typeOf(s.Items) + "]"
	}
	if s.Format == "date-time" {
		return "time"
	}
	return s.Type
}

// example buys a number; the page at /api/docs and docs/api.md show it.
func example(origin string) string {
	return "API=" + origin + `/api/v1 KEY=$(jq -r '.members[0].api_key' callisto-data/dev.json)
post() { curl -s "$API/$1" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d "$2"; }
NATIONAL=$(curl -s "$API/numbers?country=KR&limit=1" | jq -r '.items[0].national')
ORDER=$(post orders '{"kind":"individual","country":"KR","national":"'$NATIONAL'"}' | jq -r .id)
post orders/$ORDER/select; post orders/$ORDER/payments '{"method":"wallet"}'
post members '{"order_id":"'$ORDER'","name":"Minji Kim","email":"minji@callisto.example","country":"KR","languages":["ko"],"time_zone":"Asia/Seoul","contact_pstn":"+82212345678"}'
`
}

// devOrigin is where callisto dev is, unless told otherwise.
const devOrigin = "http://127.0.0.1:8080"

// firstSteps is how a program begins, against `callisto dev`.
func firstSteps() string {
	return `
## First steps

A key travels with every request as ` + "`Authorization: Bearer ck_…`" + `, except where “Needs no key” stands. ` + "`POST /api/v1/accounts`" + ` answers a first key; the sample members' keys of ` + "`callisto dev`" + ` stand in ` + "`callisto-data/dev.json`" + `. A body is JSON and says so: ` + "`Content-Type: application/json`" + `. Errors are problems (RFC 9457): ` + "`{status, code, detail, errors}`" + `; detail is for people, code for programs.

Search a number, order it, select it for good, pay it and register it, while ` + "`callisto dev`" + ` runs (curl and jq):

` + "```sh" + `
` + example(devOrigin) + "```" + `

The last answer holds the SIP account: ` + "`sip_user`, `sip_password` and `sip_domain`" + `.
`
}

// Reference writes the HTTP reference as Markdown, for docs/api.md.
func Reference(version string) string {
	f := build(http.NewServeMux(), Deps{Version: version})
	d := f.describe(devOrigin)
	var b strings.Builder
	b.WriteString("# HTTP API\n\nWritten by `make gendoc` from the code; do not edit. The same is served at `/api/docs`, and as OpenAPI 3.1 at `/api/openapi.json`.\n\n" + d.Description + "\n" + firstSteps())
	for _, tag := range d.Tags {
		b.WriteString("\n## " + tag + "\n")
		for _, o := range d.Operations[tag] {
			b.WriteString("\n### `" + o.Method + " " + o.Path + "`\n\n" + o.Summary + ".")
			if !o.Key {
				b.WriteString(" Needs no key.")
			}
			b.WriteString("\n")
			table(&b, "Query", o.Query)
			table(&b, "Body", o.Request)
			title := "Answer " + o.Status
			if o.List {
				title += ", items of the list"
			}
			table(&b, title, o.Response)
		}
	}
	return b.String()
}

func table(b *strings.Builder, title string, rows []property) {
	if len(rows) == 0 {
		return
	}
	b.WriteString("\n" + title + ":\n\n| field | type | |\n|---|---|---|\n")
	for _, r := range rows {
		b.WriteString("| `" + r.Name + "` | " + strings.ReplaceAll(r.Type, "|", "\\|") + " | " + r.Doc + " |\n")
	}
}
