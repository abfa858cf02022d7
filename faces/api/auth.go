package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/faces/source"
)

type actorKey struct{}

// actor is who acts. Operations without a security requirement may see the zero Actor.
func actor(ctx context.Context) member.Actor {
	a, _ := ctx.Value(actorKey{}).(member.Actor)
	return a
}

type sourceKey struct{}

// from is where the request comes from.
func from(ctx context.Context) member.Source {
	s, _ := ctx.Value(sourceKey{}).(member.Source)
	return s
}

func (f *face) locate(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	next(huma.WithValue(ctx, sourceKey{}, source.Of(r)))
}

// identify finds who is calling from the bearer token (RFC 6750 §2.1). A wrong
// key gets the same words as none.
func (f *face) identify(ctx huma.Context, next func(huma.Context)) {
	if len(ctx.Operation().Security) == 0 {
		next(ctx)
		return
	}
	scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		f.refuse(ctx)
		return
	}
	who, err := f.whoHas(ctx.Context(), token)
	if err != nil || who.Account == "" {
		// Who holds a key of an account that is kept out is told so, and why.
		if k := fault.KindOf(err); err != nil && fault.ReasonOf(err).Code == "account_barred" || err != nil && k != fault.Unproven && k != fault.Unknown && k != fault.Forbidden {
			f.problem(ctx, f.fail(ctx.Context(), err))
			return
		}
		f.refuse(ctx)
		return
	}
	next(huma.WithValue(ctx, actorKey{}, who))
}

func (f *face) whoHas(ctx context.Context, token string) (member.Actor, error) {
	if strings.HasPrefix(token, "ck_") {
		return f.Keys.APIKey(ctx, token)
	}
	return f.Accounts.Session(ctx, token)
}

func (f *face) refuse(ctx huma.Context) {
	ctx.SetHeader("WWW-Authenticate", `Bearer realm="callisto"`)
	f.problem(ctx, newProblem(http.StatusUnauthorized, "sign_in", "This needs a valid API key: send it as “Authorization: Bearer ck_…”."))
}

func (f *face) problem(ctx huma.Context, err error) {
	p, ok := err.(*Problem) //nolint:errorlint // fail and newProblem return it bare
	if !ok {
		p = newProblem(http.StatusInternalServerError, "internal", fault.ReasonOf(err).Text)
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = f.api.Marshal(ctx.BodyWriter(), "application/json", p)
}
