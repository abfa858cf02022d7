package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/member"
)

// Alerts are what looks like fraud.
type Alerts interface {
	AlertsOf(ctx context.Context, by member.Actor, f guard.AlertFilter) ([]guard.Alert, string, error)
	AlertOf(ctx context.Context, by member.Actor, id string) (guard.Alert, error)
	SetAlert(ctx context.Context, by member.Actor, id string, state guard.State, note string) (guard.Alert, error)
	Thresholds(by member.Actor) (guard.Thresholds, error)
}

type alert struct {
	ID       string         `json:"id"`
	Kind     string         `json:"kind" enum:"too_fast,wangiri,sim_box,spike,pumping,guesses"`
	Subject  string         `json:"subject" doc:"An account, or a range of numbers as +8821312"`
	First    time.Time      `json:"first"`
	Last     time.Time      `json:"last"`
	Calls    int            `json:"calls"`
	Text     string         `json:"text,omitempty"`
	Evidence guard.Evidence `json:"evidence"`
	State    string         `json:"state" enum:"open,acknowledged,closed"`
	Note     string         `json:"note,omitempty"`
	By       string         `json:"by,omitempty" doc:"The account that changed it last"`
	Changed  time.Time      `json:"changed_at"`
}

func showAlert(a guard.Alert) alert {
	return alert{a.ID, string(a.Kind), a.Subject, a.First.UTC(), a.Last.UTC(), a.Count, a.Text, a.Evidence, string(a.State), a.Note, a.By, a.Changed.UTC()}
}

// alertThresholds are when alerts are raised.
type alertThresholds struct {
	WangiriSeconds  int   `json:"wangiri_seconds"`
	WangiriCalls    int   `json:"wangiri_calls"`
	WangiriMembers  int   `json:"wangiri_members"`
	BoxCalls        int   `json:"sim_box_calls"`
	BoxHours        int   `json:"sim_box_hours"`
	BoxMinutes      int   `json:"sim_box_minutes"`
	PumpingCalls    int   `json:"pumping_calls"`
	PumpingAccounts int   `json:"pumping_accounts"`
	PumpingMinutes  int   `json:"pumping_minutes"`
	PumpingPrice    int64 `json:"pumping_price_micros"`
	SpikeTimes      int64 `json:"spike_times"`
	SpikeAmount     int64 `json:"spike_amount_micros"`
}

func (f *face) alertThresholds(ctx context.Context, _ *struct{}) (*body[alertThresholds], error) {
	t, err := f.Alerts.Thresholds(actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[alertThresholds]{alertThresholds{
		int(t.RingMost / time.Second), t.RingCalls, t.RingPeople, t.BoxCalls, t.BoxHours, int(t.BoxTalk / time.Minute),
		t.PumpCalls, t.PumpPeople, int(t.PumpTalk / time.Minute), t.PumpMinute, t.SpikeTimes, t.SpikeFloor,
	}}, nil
}

func (f *face) registerAlerts() {
	reg := func(method, path, id, summary string) huma.Operation {
		o := own(op(method, path, id, "Operator", summary, 0))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/alerts", "list-alerts", "What looks like fraud, the latest first"), f.listAlerts)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/alert-thresholds", "alert-thresholds", "When alerts are raised; set by guard in the configuration"), f.alertThresholds)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/alerts/{id}", "get-alert", "An alert with its evidence"), f.getAlert)
	huma.Register(f.api, reg(http.MethodPut, "/api/v1/alerts/{id}", "set-alert", "Acknowledge or close an alert, with a note"), f.setAlert)
}

func (f *face) listAlerts(ctx context.Context, in *struct {
	Paging
	Kind  string `query:"kind" enum:"too_fast,wangiri,sim_box,spike,pumping,guesses"`
	State string `query:"state" enum:"open,acknowledged,closed"`
}) (*body[list[alert]], error) {
	items, next, err := f.Alerts.AlertsOf(ctx, actor(ctx), guard.AlertFilter{Kind: guard.AlertKind(in.Kind), State: guard.State(in.State), Before: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, next, showAlert), nil
}

func (f *face) getAlert(ctx context.Context, in *ByID) (*body[alert], error) {
	a, err := f.Alerts.AlertOf(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[alert]{showAlert(a)}, nil
}

func (f *face) setAlert(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		State string `json:"state" enum:"open,acknowledged,closed"`
		Note  string `json:"note,omitempty"`
	}
}) (*body[alert], error) {
	a, err := f.Alerts.SetAlert(ctx, actor(ctx), in.ID, guard.State(in.Body.State), in.Body.Note)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[alert]{showAlert(a)}, nil
}
