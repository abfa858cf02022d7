package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/prompt"
	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/faces/httpstatus"
)

// Prompts are the operator's recordings in the place of what is spoken.
type Prompts interface {
	Recorded(name string) (prompt.Recording, bool)
	Put(ctx context.Context, by member.Actor, name string, wav []byte) error
	Remove(ctx context.Context, by member.Actor, name string) error
}

// Sounds are prompts as they sound now.
type Sounds interface {
	PromptSound(name string) (wav []byte, ok bool)
}

func (f *face) promptRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/prompts":         f.staffOnly(f.promptPage),
		"POST /operator/prompts":        f.staffOnly(f.putPrompt),
		"POST /operator/prompts/remove": f.staffOnly(f.removePrompt),
		"GET /operator/prompts/sound":   f.staffOnly(f.promptSound),
	}
}

// promptsData is what is spoken in one language.
type promptsData struct {
	Language string
	All      []promptRow
	Chosen   string
	Errors   map[string]string
}

type promptRow struct {
	Name, Text string
	Recorded   prompt.Recording
}

// word reports whether it is a word of numbers, money or time, and no sentence.
func (x promptRow) word() bool {
	_, name, _ := strings.Cut(x.Name, "/")
	kind, _, _ := strings.Cut(name, "/")
	return kind == "num" || kind == "money" || kind == "minute" || kind == "digit"
}

func (f *face) promptsOf(r *http.Request, p *page, chosen string, err error) (templ.Component, error) {
	language, _, _ := strings.Cut(chosen, "/")
	d := promptsData{Language: speech.Language(language), Chosen: chosen}
	if err != nil {
		k := fault.KindOf(err)
		if k != fault.Invalid && k != fault.Unknown && k != fault.Limited {
			return nil, err
		}
		p.Status, d.Errors = httpstatus.Of(k), p.errorsOf(err)
	}
	for _, x := range speech.Recordings() {
		if !strings.HasPrefix(x.Name, d.Language+"/") {
			continue
		}
		row := promptRow{Name: x.Name, Text: x.Text}
		row.Recorded, _ = f.Prompts.Recorded(x.Name)
		d.All = append(d.All, row)
	}
	p.Title = p.T("prompts.title")
	return promptsView(p, d), nil
}

func (f *face) promptPage(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	return f.promptsOf(r, p, r.URL.Query().Get("language")+"/", nil)
}

func (f *face) putPrompt(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	wav, _, err := upload(r, "file", prompt.MostBytes)
	name := r.PostFormValue("name")
	if err == nil {
		err = f.Prompts.Put(r.Context(), p.Who, name, wav)
	}
	if err != nil {
		return f.promptsOf(r, p, name, err)
	}
	return nil, backToPrompts(name)
}

// backToPrompts is where a prompt is on its page.
func backToPrompts(name string) error {
	language, _, _ := strings.Cut(name, "/")
	return redirect{"/operator/prompts?language=" + url.QueryEscape(language)}
}

func (f *face) removePrompt(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	name := r.PostFormValue("name")
	if err := f.Prompts.Remove(r.Context(), p.Who, name); err != nil {
		return f.promptsOf(r, p, name, err)
	}
	return nil, backToPrompts(name)
}

func (f *face) promptSound(w http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	wav, ok := f.Sounds.PromptSound(r.URL.Query().Get("name"))
	if !ok {
		return nil, prompt.Unknown(r.URL.Query().Get("name"))
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(wav) //nolint:gosec // sound of ours, found by its name
	return nil, nil
}
