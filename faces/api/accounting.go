package api

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/member"
)

// Accounting hands the book to accountants.
type Accounting interface {
	Sums(ctx context.Context, by member.Actor, o accounting.Order) ([]accounting.Sum, error)
	Write(ctx context.Context, by member.Actor, format string, o accounting.Order) (func(io.Writer) error, error)
}

func (f *face) registerAccounting() {
	reg := func(path, id, summary string) huma.Operation {
		o := own(op(http.MethodGet, path, id, "Operator", summary, 0))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg("/api/v1/accounting", "accounting-sums", "What a period moved, by account of the book and currency"), f.accountingSums)
	huma.Register(f.api, reg("/api/v1/accounting/file", "accounting-file", "The book of a period for an accountant: each entry as CSV, or postings in the DATEV format"), f.accountingFile)
}

// Span is the days of an export.
type Span struct {
	From string `query:"from" required:"true" doc:"A day like 2026-11-01, or a month like 2026-11; UTC"`
	To   string `query:"to" doc:"The last day or month; left out: the same"`
}

// AccountSum is what an account was moved by.
type AccountSum struct {
	Account  string `json:"account" doc:"The beginning of its name in the book"`
	Chart    string `json:"chart_account,omitempty"`
	Currency string `json:"currency"`
	Debit    int64  `json:"debit_micros"`
	Credit   int64  `json:"credit_micros"`
}

func (f *face) accountingSums(ctx context.Context, in *Span) (*body[list[AccountSum]], error) {
	o, err := accounting.Period(in.From, in.To)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	sums, err := f.Accounting.Sums(ctx, actor(ctx), o)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(sums, "", func(s accounting.Sum) AccountSum {
		return AccountSum{s.Account, s.Chart, string(s.Currency), s.Debit, s.Credit}
	}), nil
}

func (f *face) accountingFile(ctx context.Context, in *struct {
	Span
	Format string `query:"format" enum:"csv,datev" default:"csv"`
	Single bool   `query:"single" doc:"DATEV: each posting by itself, not summed by day"`
}) (*download, error) {
	o, err := accounting.Period(in.From, in.To)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	o.Single = in.Single
	write, err := f.Accounting.Write(ctx, actor(ctx), in.Format, o)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return nil, f.fail(ctx, err)
	}
	charset := "utf-8"
	if in.Format == "datev" {
		charset = "windows-1252"
	}
	return &download{"text/csv; charset=" + charset, `attachment; filename="` + accounting.Name(in.Format, o) + `"`, b.Bytes()}, nil
}
