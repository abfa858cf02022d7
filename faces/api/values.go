package api

import (
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/money"
)

// list is one page of a list.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"Cursor of the next page; empty at the end"`
}

type body[T any] struct{ Body T }

func page[A, B any](items []A, next string, show func(A) B) *body[list[B]] {
	out := &body[list[B]]{Body: list[B]{Items: make([]B, 0, len(items)), Next: next}}
	for _, a := range items {
		out.Body.Items = append(out.Body.Items, show(a))
	}
	return out
}

// Paging is the query of every list.
type Paging struct {
	Cursor string `query:"cursor" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Items on a page"`
}

// ByID is the id in an address.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}

// when leaves out a time that is not.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func amount(a money.Amount) *money.Amount {
	if a.Currency == "" {
		return nil
	}
	return &a
}

func reason(r fault.Reason) *fault.Reason {
	if r == (fault.Reason{}) {
		return nil
	}
	return &r
}
