package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
)

// Calendar is the clock of `callisto dev`, which can be put on to see what the
// calendar brings: reminders, fees, quarantine.
type Calendar interface {
	Now() time.Time
	Skip(ctx context.Context, days int) error
}

const mostDays = 400

func (f *face) clock(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("devclock.title")
	return clockPage(p, f.Calendar.Now()), nil
}

func (f *face) skipDays(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil || days < 1 || days > mostDays {
		return nil, fault.New(fault.Invalid, "days", "Let 1 to %d days go by at once.", mostDays)
	}
	if err := f.Calendar.Skip(r.Context(), days); err != nil {
		return nil, err
	}
	return nil, redirect{"/dev/clock"}
}
