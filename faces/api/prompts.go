package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/prompt"
	"github.com/callisto-tel/callisto/business/speech"
)

// Prompts are the operator's recordings.
type Prompts interface {
	Recorded(name string) (prompt.Recording, bool)
	Put(ctx context.Context, by member.Actor, name string, wav []byte) error
	Remove(ctx context.Context, by member.Actor, name string) error
}

// Sounds are prompts as they sound now.
type Sounds interface {
	PromptSound(name string) (wav []byte, ok bool)
}

type promptOut struct {
	Name     string     `json:"name"`
	Text     string     `json:"text" doc:"What it says"`
	Recorded *time.Time `json:"recorded,omitempty" doc:"Since when a recording is played in its place"`
}

func (f *face) registerPrompts() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Operator", summary, status))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/prompts/{language}", "list-prompts", "What is spoken to callers in a language", 0), f.listPrompts)
	put := reg(http.MethodPut, "/api/v1/prompts/{language}/{name}", "record-prompt", "Have a recording take the place of a prompt: a WAV file of 16 bits, 8, 16, 44.1 or 48 kHz, mono or stereo, 60 seconds at most; / in a name is %2F", http.StatusNoContent)
	put.MaxBodyBytes = prompt.MostBytes + 1
	huma.Register(f.api, put, f.recordPrompt)
	huma.Register(f.api, reg(http.MethodDelete, "/api/v1/prompts/{language}/{name}", "restore-prompt", "Put the own prompt back", http.StatusNoContent), f.restorePrompt)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/prompts/{language}/{name}", "hear-prompt", "A prompt as it sounds now, as a WAV file", 0), f.hearPrompt)
}

func (f *face) listPrompts(ctx context.Context, in *struct {
	Language string `path:"language" maxLength:"8"`
}) (*body[list[promptOut]], error) {
	if err := actor(ctx).OperatorOnly(); err != nil {
		return nil, f.fail(ctx, err)
	}
	out := list[promptOut]{Items: []promptOut{}}
	for _, r := range speech.Recordings() {
		name, ok := strings.CutPrefix(r.Name, in.Language+"/")
		if !ok {
			continue
		}
		x := promptOut{Name: name, Text: r.Text}
		if rec, recorded := f.Prompts.Recorded(r.Name); recorded {
			x.Recorded = when(rec.At)
		}
		out.Items = append(out.Items, x)
	}
	return &body[list[promptOut]]{out}, nil
}

type promptName struct {
	Language string `path:"language" maxLength:"8"`
	Name     string `path:"name" maxLength:"40"`
}

func (p promptName) whole() string { return p.Language + "/" + p.Name }

func (f *face) recordPrompt(ctx context.Context, in *struct {
	Language string `path:"language" maxLength:"8"`
	Name     string `path:"name" maxLength:"40"`
	RawBody  []byte `contentType:"audio/wav"`
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Prompts.Put(ctx, actor(ctx), in.Language+"/"+in.Name, in.RawBody))
}

func (f *face) restorePrompt(ctx context.Context, in *promptName) (*struct{}, error) {
	return nil, f.fail(ctx, f.Prompts.Remove(ctx, actor(ctx), in.whole()))
}

type soundOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (f *face) hearPrompt(ctx context.Context, in *promptName) (*soundOut, error) {
	if err := actor(ctx).OperatorOnly(); err != nil {
		return nil, f.fail(ctx, err)
	}
	wav, ok := f.Sounds.PromptSound(in.whole())
	if !ok {
		return nil, f.fail(ctx, prompt.Unknown(in.whole()))
	}
	return &soundOut{"audio/wav", wav}, nil
}
