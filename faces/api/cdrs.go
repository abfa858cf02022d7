package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/faces/freight"
)

// Calls reads the call records.
type Calls interface {
	cdr.Archive
	History(ctx context.Context, account, cursor string, limit int) (cdr.Page, error)
}

// Period is the query of what concerns a time.
type Period struct {
	From string `query:"from" doc:"Calls that began then or later: a day like 2026-11-26 (UTC), or an instant like 2026-11-26T08:00:00Z"`
	To   string `query:"to" doc:"Calls that began before; a day is included"`
}

// RecordQuery is the query of call records.
type RecordQuery struct {
	Period
	Account string `query:"account" doc:"Who called or was called"`
	Number  string `query:"number" doc:"Of the caller, the called, or as dialled"`
	Call    string `query:"call" doc:"A call's id, or a record's"`
	Carrier string `query:"carrier" doc:"The id of the carrier by which the call left or came in"`
	Cause   string `query:"cause" doc:"Why it ended"`
	Side    string `query:"side" enum:"origin,home,visit,exit,entry," doc:"What the recording center was for the call"`
}

func (q *RecordQuery) filter() (cdr.Filter, error) {
	f := cdr.Filter{Account: q.Account, Number: q.Number, Call: q.Call, Carrier: q.Carrier, Cause: q.Cause, Side: cdr.Side(q.Side)}
	return f, f.Period(q.From, q.To, time.UTC)
}

func (f *face) registerRecords() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/calls/export", "export-calls", "Calls", "Your calls of a period as CSV or NDJSON, oldest first; docs/cdr.md lists the columns", 0)), f.exportCalls)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/cdrs", "find-cdrs", "Operator", "Call records of everybody, newest first: one of each center that a call crossed", 0)), f.findRecords)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/cdrs/export", "export-cdrs", "Operator", "Call records as CSV or NDJSON, oldest first; docs/cdr.md lists the columns", 0)), f.exportRecords)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/cdrs/{id}", "get-cdrs", "Operator", "The records of one call, by its id", 0)), f.getRecords)
}

func (f *face) findRecords(ctx context.Context, in *struct {
	Paging
	RecordQuery
}) (*body[list[cdr.RecordView]], error) {
	q, err := in.filter()
	if err = firstOf(actor(ctx).OperatorOnly(), err); err != nil {
		return nil, f.fail(ctx, err)
	}
	p, err := f.Calls.Search(ctx, q, in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(p.Items, p.Next, func(r cdr.Record) cdr.RecordView { return cdr.View(&r, "") }), nil
}

func (f *face) getRecords(ctx context.Context, in *ByID) (*body[list[cdr.RecordView]], error) {
	if err := actor(ctx).OperatorOnly(); err != nil {
		return nil, f.fail(ctx, err)
	}
	all, err := f.Calls.Call(ctx, in.ID)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.Unknown, "call_unknown", "There is no call %s, or it has not ended.", in.ID)
	}
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", func(r cdr.Record) cdr.RecordView { return cdr.View(&r, "") }), nil
}

func (f *face) exportRecords(ctx context.Context, in *struct {
	RecordQuery
	ExportAs
}) (*huma.StreamResponse, error) {
	q, err := in.filter()
	if err = firstOf(actor(ctx).OperatorOnly(), err); err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.stream(ctx, q, in.Format, "")
}

// ExportAs is how they are written.
type ExportAs struct {
	Format string `query:"format" enum:"csv,ndjson" default:"ndjson"`
}

func (f *face) exportCalls(ctx context.Context, in *struct {
	Period
	ExportAs
}) (*huma.StreamResponse, error) {
	q := cdr.Filter{Account: actor(ctx).Account}
	if err := q.Period(in.From, in.To, time.UTC); err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.stream(ctx, q, in.Format, q.Account)
}

// stream writes records as they are read: an export of millions takes no more
// memory than one of a few.
func (f *face) stream(ctx context.Context, q cdr.Filter, format, account string) (*huma.StreamResponse, error) {
	as, err := cdr.ParseFormat(format)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		f.send(c, "calls."+string(as), as.Type(), func(to io.Writer) error {
			w := cdr.NewWriter(to, as, account)
			return firstOf(f.Calls.Each(c.Context(), q, w.Write), w.Close())
		})
	}}, nil
}

// send hands out a file as it is made.
func (f *face) send(c huma.Context, name, kind string, write func(io.Writer) error) {
	_, w := humago.Unwrap(c)
	freight.Send(w, name, kind, func(err error) { f.Log.ErrorContext(c.Context(), "a file is not whole", "name", name, "error", err) }, write)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
