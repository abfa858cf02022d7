package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/member"
)

// Bell is what rings closed browsers and tells of missed calls.
type Bell interface {
	Browsers(ctx context.Context, by member.Actor) ([]bell.Browser, error)
	Remove(ctx context.Context, by member.Actor, id string) error
	Choice(ctx context.Context, by member.Actor, membership string) (bell.Choice, error)
	Choose(ctx context.Context, by member.Actor, membership string, c bell.Choice) error
	Ringing(ctx context.Context, by member.Actor, membership string) ([]bell.Row, error)
	AllWaiting(ctx context.Context, by member.Actor) (int, error)
	Looked(ctx context.Context, by member.Actor, upTo time.Time) error
}

type browserView struct {
	ID      string    `json:"id"`
	Browser string    `json:"browser" doc:"As it calls itself"`
	Created time.Time `json:"created_at"`
}

type verdictView struct {
	Rings bool   `json:"rings"`
	Why   string `json:"why" enum:"open,push,no_push,registered,woken,away,elsewhere,sent_on,always,busy,no_answer,unreachable,unproved,no_price,access"`
}

type ringingView struct {
	Kind     string      `json:"kind" enum:"browser,telephone,card,forward,access"`
	Name     string      `json:"name" doc:"Of the device, as the browser calls itself, or the number that calls are sent on to"`
	Device   string      `json:"device,omitempty"`
	Browser  string      `json:"browser,omitempty" doc:"The id of a browser that rings when it is closed"`
	Unproved bool        `json:"unproved,omitempty" doc:"You have not proved that it is yours; calls are sent on there all the same only where callisto dev runs"`
	Now      verdictView `json:"now"`
	Closed   verdictView `json:"closed" doc:"When every browser is closed"`
}

type waitingView struct {
	Waiting int `json:"waiting" doc:"0 to 99; 99 is that many or more"`
}

type missedBody struct {
	Push bool `json:"push" doc:"By a notification, in browsers that ring when they are closed"`
	Mail bool `json:"mail" doc:"By e-mail, at most one letter in ten minutes"`
}

func (f *face) registerRinging() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Calls", summary, status))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/members/{id}/ringing", "list-ringing", "What rings for a number, now and when every browser is closed", 0), f.listRinging)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/members/{id}/missed-calls", "get-missed-calls", "How you learn of missed calls of a number", 0), f.getMissed)
	huma.Register(f.api, reg(http.MethodPut, "/api/v1/members/{id}/missed-calls", "set-missed-calls", "Choose how you learn of missed calls of a number", 0), f.setMissed)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/me/missed-calls", "count-missed-calls", "How many missed calls of the last 14 days you have not looked at; they light the lamps of your telephones", 0), f.countMissed)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/me/missed-calls/seen", "see-missed-calls", "Say that you have looked at them: the lamps go out", http.StatusNoContent), f.seeMissed)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/browsers", "list-browsers", "Your browsers that ring when they are closed; each is switched on in itself", 0), f.listBrowsers)
	huma.Register(f.api, reg(http.MethodDelete, "/api/v1/browsers/{id}", "remove-browser", "Have a browser ring no more when it is closed", http.StatusNoContent), f.removeBrowser)
}

func viewVerdict(v bell.Verdict) verdictView { return verdictView{v.Rings, string(v.Why)} }

func (f *face) listRinging(ctx context.Context, in *struct {
	ID string `path:"id"`
}) (*body[list[ringingView]], error) {
	rows, err := f.Bell.Ringing(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := list[ringingView]{Items: make([]ringingView, 0, len(rows))}
	for _, r := range rows {
		out.Items = append(out.Items, ringingView{string(r.Kind), r.Name, r.Device, r.Browser, r.Unproved, viewVerdict(r.Now), viewVerdict(r.Closed)})
	}
	return &body[list[ringingView]]{out}, nil
}

func (f *face) getMissed(ctx context.Context, in *struct {
	ID string `path:"id"`
}) (*body[missedBody], error) {
	c, err := f.Bell.Choice(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[missedBody]{missedBody(c)}, nil
}

func (f *face) setMissed(ctx context.Context, in *struct {
	ID   string `path:"id"`
	Body missedBody
}) (*body[missedBody], error) {
	if err := f.Bell.Choose(ctx, actor(ctx), in.ID, bell.Choice(in.Body)); err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[missedBody]{in.Body}, nil
}

func (f *face) countMissed(ctx context.Context, _ *struct{}) (*body[waitingView], error) {
	n, err := f.Bell.AllWaiting(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[waitingView]{waitingView{n}}, nil
}

func (f *face) seeMissed(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Bell.Looked(ctx, actor(ctx), time.Time{}))
}

func (f *face) listBrowsers(ctx context.Context, _ *struct{}) (*body[list[browserView]], error) {
	all, err := f.Bell.Browsers(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := list[browserView]{Items: make([]browserView, 0, len(all))}
	for _, b := range all {
		out.Items = append(out.Items, browserView{b.ID, b.Name, b.Created.UTC()})
	}
	return &body[list[browserView]]{out}, nil
}

func (f *face) removeBrowser(ctx context.Context, in *struct {
	ID string `path:"id"`
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Bell.Remove(ctx, actor(ctx), in.ID))
}
