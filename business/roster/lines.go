package roster

import (
	"context"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/index"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
)

// Telephone is a telephone number that a carrier brings to a world number.
type Telephone struct {
	E164    string           `json:"e164"`
	Carrier string           `json:"carrier"`
	Number  numbering.Number `json:"number"`
	Account string           `json:"account,omitempty"` // ""; it rings nobody now
}

func telephone(n did.Number) *Telephone {
	t := &Telephone{E164: n.E164, Carrier: n.Carrier, Number: n.For}
	if n.State.Rings() {
		t.Account = n.Account
	}
	return t
}

// lines are those that ring.
type lines struct{ by *index.Map[Telephone] }

func newLines() *lines { return &lines{index.New[Telephone]()} }

func (l *lines) set(t *Telephone) {
	if t.Account == "" {
		l.by.Delete(t.E164[1:])
	} else {
		l.by.Set(t.E164[1:], *t)
	}
}

// Line finds a telephone number, as routing.Lines has it. It rings for who
// rented it, and not for the next holder of his world number.
func (r *Roster) Line(e164 string) (routing.Line, bool) {
	t, ok := r.lines.by.Get(e164)
	if !ok {
		return routing.Line{}, false
	}
	l := routing.Line{Carrier: t.Carrier}
	if h, sold := r.Numbers.Typed(t.Number.Canonical()); sold && h.Account == t.Account {
		l.Number = t.Number
	}
	return l, true
}

// LineNumbers yields the telephone numbers that ring, in + form without the plus.
func (r *Roster) LineNumbers(yield func(e164 string) bool) {
	for e164 := range r.lines.by.All {
		if !yield(e164) {
			return
		}
	}
}

// TelephoneNumber is called by did.
func (r *Roster) TelephoneNumber(ctx context.Context, n did.Number) error {
	return r.tell(ctx, Change{Telephone: telephone(n)})
}
