package web

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/faces/httpstatus"
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

func (f *face) hookRoutes() map[string]handler {
	return map[string]handler{
		"GET /operator/webhooks":                      f.staffOnly(f.webhooks),
		"POST /operator/webhooks":                     f.staffOnly(f.addWebhook),
		"GET /operator/webhooks/{id}":                 f.staffOnly(f.webhook),
		"POST /operator/webhooks/{id}/{do}":           f.staffOnly(f.doWebhook),
		"POST /operator/webhooks/{id}/resend/{event}": f.staffOnly(f.resendWebhook),
	}
}

// hookLine is an address and what last came of it.
type hookLine struct {
	hook.Endpoint
	Last []hook.Delivery // the newest first
}

// State is the key of how it does.
func (l hookLine) State() string {
	switch {
	case !l.Disabled.IsZero():
		return "off"
	case !l.Failing.IsZero():
		return "failing"
	default:
		return "on"
	}
}

// Tag is how loud its state is shown.
func (l hookLine) Tag() string {
	return map[string]string{"on": "tag on", "failing": "tag dark", "off": "tag"}[l.State()]
}

// tally counts the last deliveries: those that arrived, that wait, that were given up.
func (l hookLine) tally() (sent, waiting, dead int) {
	for _, d := range l.Last {
		switch d.State {
		case hook.Sent:
			sent++
		case hook.Waiting:
			waiting++
		default:
			dead++
		}
	}
	return sent, waiting, dead
}

// said is the drawing in words.
func (l hookLine) said(p *page) string {
	sent, waiting, dead := l.tally()
	return p.T("hooks.drawn", "count", strconv.Itoa(len(l.Last)), "sent", strconv.Itoa(sent), "waiting", strconv.Itoa(waiting), "dead", strconv.Itoa(dead))
}

// hookBar is one delivery in the drawing of the last ones.
type hookBar struct{ X, Y, H, Class string }

// lastHooks is how many deliveries the drawing has room for.
const lastHooks = 30

// bars draws the last deliveries in a field of 300 by 24, the newest at the end
// of the line: what arrived is high, what waits half as high, what is dead low.
func (l hookLine) bars() (out []hookBar) {
	for i, d := range l.Last {
		h := map[hook.State]int{hook.Sent: 24, hook.Waiting: 12}[d.State]
		if h == 0 {
			h = 5
		}
		out = append(out, hookBar{strconv.Itoa((lastHooks - 1 - i) * 10), strconv.Itoa(24 - h), strconv.Itoa(h), string(d.State)})
	}
	return out
}

// hooksData is all addresses, and what was typed of a new one.
type hooksData struct {
	List   []hookLine
	URL    string
	Events map[string]bool
	Wrong  map[string]string
}

func (f *face) webhooksOf(r *http.Request, p *page) (d hooksData, err error) {
	list, err := f.Hooks.Endpoints(r.Context(), p.Who)
	if err != nil {
		return d, err
	}
	for _, e := range list {
		last, _, err := f.Hooks.Deliveries(r.Context(), p.Who, e.ID, "", "", lastHooks)
		if err != nil {
			return d, err
		}
		d.List = append(d.List, hookLine{e, last})
	}
	d.Events = map[string]bool{}
	for _, x := range hook.Types() {
		d.Events[x] = true
	}
	p.Title = p.T("operator.webhooks")
	return d, nil
}

func (f *face) webhooks(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d, err := f.webhooksOf(r, p)
	return hooksPage(p, d), err
}

func (f *face) addWebhook(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	typed := strings.TrimSpace(r.PostFormValue("url"))
	e, secret, err := f.Hooks.Add(r.Context(), p.Who, typed, r.PostForm["events"])
	if err == nil {
		at := "/operator/webhooks/" + e.ID
		f.show(w, r, p, once{Page: at, Of: e.ID, Secret: secret})
		return nil, redirect{at}
	}
	if fault.KindOf(err) == fault.Internal {
		return nil, err
	}
	d, derr := f.webhooksOf(r, p)
	if derr != nil {
		return nil, derr
	}
	p.Status, d.URL, d.Wrong, d.Events = httpstatus.Of(fault.KindOf(err)), typed, p.errorsOf(err), map[string]bool{}
	for _, x := range r.PostForm["events"] {
		d.Events[x] = true
	}
	return hooksPage(p, d), nil
}

// hookData is one address with what was sent there.
type hookData struct {
	hookLine
	Log    []hook.Delivery
	Cursor string
	Next   string
	Secret string
}

// Older is the address of the page after.
func (d hookData) Older() string {
	return "/operator/webhooks/" + d.ID + "?" + url.Values{"cursor": {d.Next}}.Encode()
}

// Live reports whether something may soon change.
func (d hookData) Live(now time.Time) bool {
	for _, x := range d.Log {
		if x.State == hook.Waiting && d.Disabled.IsZero() && x.Due.Before(now.Add(2*time.Minute)) {
			return d.Cursor == ""
		}
	}
	return false
}

// Seen is what tells htmx that nothing has changed.
func (d hookData) Seen() string {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, d.Failing, d.Disabled)
	for _, x := range d.Log {
		_, _ = fmt.Fprintln(h, x.Event, x.State, x.Tries)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

func (f *face) webhook(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	d := hookData{Cursor: r.URL.Query().Get("cursor")}
	var err error
	if d.Endpoint, err = f.hookBy(r, p); err != nil {
		return nil, err
	}
	if d.Log, d.Next, err = f.Hooks.Deliveries(r.Context(), p.Who, d.ID, "", d.Cursor, perPage); err != nil {
		return nil, err
	}
	if p.Part {
		if r.URL.Query().Get("seen") == d.Seen() {
			w.WriteHeader(http.StatusNoContent)
			return nil, nil
		}
		return hookLog(p, d), nil
	}
	if d.Last = d.Log; d.Cursor != "" {
		if d.Last, _, err = f.Hooks.Deliveries(r.Context(), p.Who, d.ID, "", "", lastHooks); err != nil {
			return nil, err
		}
	}
	d.Last = d.Last[:min(len(d.Last), lastHooks)]
	if x, ok := f.shown(r, p); ok && x.Of == d.ID {
		d.Secret = x.Secret
	}
	p.Title = p.T("operator.webhooks")
	return hookPage(p, d), nil
}

func (f *face) hookBy(r *http.Request, p *page) (hook.Endpoint, error) {
	list, err := f.Hooks.Endpoints(r.Context(), p.Who)
	if err != nil {
		return hook.Endpoint{}, err
	}
	for _, e := range list {
		if e.ID == r.PathValue("id") {
			return e, nil
		}
	}
	return hook.Endpoint{}, fault.New(fault.Unknown, "webhook_unknown", "There is no address %s.", r.PathValue("id"))
}

func (f *face) doWebhook(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id, to := r.PathValue("id"), "/operator/webhooks/"+r.PathValue("id")
	var err error
	switch r.PathValue("do") {
	case "test":
		var d hook.Delivery
		if d, err = f.Hooks.Try(r.Context(), p.Who, id); err == nil {
			f.awaitHook(r.Context(), p, d)
		}
	case "on", "off":
		_, err = f.Hooks.Use(r.Context(), p.Who, id, r.PathValue("do") == "on")
	case "remove":
		to, err = "/operator/webhooks", f.Hooks.Remove(r.Context(), p.Who, id)
	default:
		return f.nothingHere(nil, r, p)
	}
	if err != nil {
		return nil, err
	}
	return nil, redirect{to}
}

func (f *face) resendWebhook(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	id := r.PathValue("id")
	d, err := f.Hooks.Resend(r.Context(), p.Who, id, r.PathValue("event"))
	if err != nil {
		return nil, err
	}
	f.awaitHook(r.Context(), p, d)
	return nil, redirect{"/operator/webhooks/" + id + "#log"}
}

// awaitHook gives a message a moment to arrive, so that who sent it sees what
// came of it also without scripts.
func (f *face) awaitHook(ctx context.Context, p *page, d hook.Delivery) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 20 {
		list, _, err := f.Hooks.Deliveries(ctx, p.Who, d.Endpoint, d.Event, "", 1)
		if err != nil || len(list) == 0 || list[0].Tries > 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// deliveryDot is the mark of a delivery's state.
func deliveryDot(s hook.State) string {
	return map[hook.State]string{hook.Sent: "dot connected", hook.Waiting: "dot ringing", hook.Dead: "dot missed"}[s]
}
