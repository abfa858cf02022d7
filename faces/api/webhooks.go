package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/member"
)

// Hooks sends events to programs of others.
type Hooks interface {
	Add(ctx context.Context, by member.Actor, address string, events []string) (hook.Endpoint, string, error)
	Endpoints(ctx context.Context, by member.Actor) ([]hook.Endpoint, error)
	Remove(ctx context.Context, by member.Actor, id string) error
	Use(ctx context.Context, by member.Actor, id string, on bool) (hook.Endpoint, error)
	Try(ctx context.Context, by member.Actor, id string) (hook.Delivery, error)
	Resend(ctx context.Context, by member.Actor, id, event string) (hook.Delivery, error)
	Deliveries(ctx context.Context, by member.Actor, id, event, cursor string, limit int) ([]hook.Delivery, string, error)
}

// Webhook is an address that events are sent to.
type Webhook struct {
	ID       string     `json:"id"`
	URL      string     `json:"url"`
	Events   []string   `json:"events"`
	Secret   string     `json:"secret,omitempty" doc:"Signs what is sent; shown once"`
	Created  time.Time  `json:"created_at"`
	Failing  *time.Time `json:"failing_since" doc:"null: it gets through"`
	Disabled *time.Time `json:"disabled_at" doc:"null: it is in use"`
	Why      string     `json:"disabled_why,omitempty"`
}

// Delivery is one event on its way.
type Delivery struct {
	Event   string     `json:"event_id" doc:"The same at every try"`
	Type    string     `json:"type"`
	Created time.Time  `json:"created_at"`
	State   string     `json:"state" enum:"waiting,sent,dead"`
	Tries   int        `json:"tries"`
	Next    *time.Time `json:"next_try_at"`
	Done    *time.Time `json:"done_at"`
	Status  int        `json:"http_status,omitempty" doc:"Of the last try"`
	Error   string     `json:"error,omitempty" doc:"Of the last try, for people"`
}

func (f *face) registerWebhooks() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Operator", summary, status))
		f.describeProblems(&o)
		return o
	}
	const at = "/api/v1/webhooks"
	huma.Register(f.api, reg(http.MethodGet, at, "list-webhooks", "Where events are sent; docs/webhooks.md says how", 0), f.listWebhooks)
	huma.Register(f.api, reg(http.MethodPost, at, "add-webhook", "Send events to an address; the answer has its secret, once", http.StatusCreated), f.addWebhook)
	huma.Register(f.api, reg(http.MethodDelete, at+"/{id}", "remove-webhook", "Send nothing there any more", http.StatusNoContent), f.removeWebhook)
	huma.Register(f.api, reg(http.MethodPost, at+"/{id}/resume", "resume-webhook", "Use an address again that was given up or switched off", 0), f.useWebhook(true))
	huma.Register(f.api, reg(http.MethodPost, at+"/{id}/pause", "pause-webhook", "Switch an address off: nothing is queued for it until it is resumed", 0), f.useWebhook(false))
	huma.Register(f.api, reg(http.MethodPost, at+"/{id}/test", "test-webhook", "Send a test", http.StatusAccepted), f.testWebhook)
	huma.Register(f.api, reg(http.MethodGet, at+"/{id}/deliveries", "list-deliveries", "What was sent there, the newest first", 0), f.listDeliveries)
	huma.Register(f.api, reg(http.MethodPost, at+"/{id}/deliveries/{event}/resend", "resend-delivery", "Send one again", http.StatusAccepted), f.resendDelivery)
}

func showWebhook(e hook.Endpoint) Webhook {
	return Webhook{ID: e.ID, URL: e.URL, Events: e.Events, Created: e.Created.UTC(), Failing: when(e.Failing), Disabled: when(e.Disabled), Why: e.Why}
}

func showDelivery(d hook.Delivery) Delivery {
	x := Delivery{Event: d.Event, Type: d.Type, Created: d.Created.UTC(), State: string(d.State), Tries: d.Tries, Done: when(d.Done), Status: d.Status, Error: d.Error}
	if d.State == hook.Waiting {
		x.Next = when(d.Due)
	}
	return x
}

func (f *face) listWebhooks(ctx context.Context, _ *struct{}) (*body[list[Webhook]], error) {
	items, err := f.Hooks.Endpoints(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, "", showWebhook), nil
}

func (f *face) addWebhook(ctx context.Context, in *struct {
	Body struct {
		strictly

		URL    string   `json:"url" doc:"https://…"`
		Events []string `json:"events,omitempty" doc:"All unless said: call.ended, wallet.low, wallet.topped_up, invoice.issued, invoice.overdue, alert, order.requested and the other states of orders"`
	}
}) (*body[Webhook], error) {
	e, secret, err := f.Hooks.Add(ctx, actor(ctx), in.Body.URL, in.Body.Events)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := showWebhook(e)
	out.Secret = secret
	return &body[Webhook]{out}, nil
}

func (f *face) removeWebhook(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Hooks.Remove(ctx, actor(ctx), in.ID))
}

func (f *face) useWebhook(on bool) func(context.Context, *ByID) (*body[Webhook], error) {
	return func(ctx context.Context, in *ByID) (*body[Webhook], error) {
		e, err := f.Hooks.Use(ctx, actor(ctx), in.ID, on)
		if err != nil {
			return nil, f.fail(ctx, err)
		}
		return &body[Webhook]{showWebhook(e)}, nil
	}
}

func (f *face) testWebhook(ctx context.Context, in *ByID) (*body[Delivery], error) {
	d, err := f.Hooks.Try(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Delivery]{showDelivery(d)}, nil
}

func (f *face) listDeliveries(ctx context.Context, in *struct {
	ByID
	Paging
}) (*body[list[Delivery]], error) {
	items, next, err := f.Hooks.Deliveries(ctx, actor(ctx), in.ID, "", in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, next, showDelivery), nil
}

func (f *face) resendDelivery(ctx context.Context, in *struct {
	ByID
	Event string `path:"event" maxLength:"64"`
}) (*body[Delivery], error) {
	d, err := f.Hooks.Resend(ctx, actor(ctx), in.ID, in.Event)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Delivery]{showDelivery(d)}, nil
}
