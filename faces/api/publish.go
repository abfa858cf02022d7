package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/publish"
)

// Publisher is what numbers let everybody see.
type Publisher interface {
	Mine(ctx context.Context, by member.Actor, membership string) (publish.Card, error)
	Set(ctx context.Context, by member.Actor, membership string, c publish.Card) (publish.Card, error)
}

// published is what the holder of a number lets everybody see.
type published struct {
	Name  string `json:"name,omitempty" maxLength:"100"`
	Web   string `json:"web,omitempty" maxLength:"300" doc:"http or https"`
	Email string `json:"email,omitempty" maxLength:"254" doc:"Everybody sees it"`
	Form  bool   `json:"form,omitempty" doc:"People may write by a form, without seeing an address"`
	Text  string `json:"text,omitempty" maxLength:"1000"`
	// Unlisted is false unless said: the number is found.
	Unlisted bool `json:"unlisted,omitempty" doc:"Keep the number, and the telephone numbers that ring it, out of ENUM: nobody looks it up, and strangers do not call it over the Internet"`
}

func (f *face) registerPublisher() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/members/{id}/published", "get-published", "Members", "What a number lets everybody see on its page /n/NUMBER", 0)),
		func(ctx context.Context, in *ByID) (*body[published], error) {
			c, err := f.Publisher.Mine(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, f.fail(ctx, err)
			}
			return &body[published]{published(c)}, nil
		})
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/members/{id}/published", "set-published", "Members", "Publish for a number; all empty is no page", 0)),
		func(ctx context.Context, in *struct {
			ByID
			Body published
		}) (*body[published], error) {
			c, err := f.Publisher.Set(ctx, actor(ctx), in.ID, publish.Card(in.Body))
			if err != nil {
				return nil, f.fail(ctx, err)
			}
			return &body[published]{published(c)}, nil
		})
}
