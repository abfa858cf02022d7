package roster

import (
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/index"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
)

// known is by which telephones members are known: those they have proved.
type known struct {
	by *index.Map[[]string] // telephone with + → numbers of ours, canonical
	of map[string][]string  // the other way; for writers
}

func newKnown() *known { return &known{by: index.New[[]string](), of: map[string][]string{}} }

// set replaces the telephones of a number.
func (k *known) set(canonical string, telephones []string) {
	for _, t := range k.of[canonical] {
		if slices.Contains(telephones, t) {
			continue
		}
		now, _ := k.by.Get(t)
		if now = slices.DeleteFunc(slices.Clone(now), func(c string) bool { return c == canonical }); len(now) == 0 {
			k.by.Delete(t)
		} else {
			k.by.Set(t, now)
		}
	}
	if len(telephones) == 0 {
		delete(k.of, canonical)
		return
	}
	k.of[canonical] = telephones
	for _, t := range telephones {
		if now, _ := k.by.Get(t); !slices.Contains(now, canonical) {
			k.by.Set(t, append(slices.Clone(now), canonical))
		}
	}
}

// forget drops a number, with all the offices of a company.
func (k *known) forget(n numbering.Number) {
	if n.Kind != numbering.Company {
		k.set(n.Canonical(), nil)
		return
	}
	for canonical := range k.of {
		if strings.HasPrefix(canonical, n.National+"#") {
			k.set(canonical, nil)
		}
	}
}

// Known finds the member a telephone belongs to, as routing.Known has it. One
// that two accounts have proved belongs to neither for sure.
func (r *Roster) Known(telephone string) (routing.Holder, bool) {
	list, _ := r.known.by.Get(telephone)
	var first routing.Holder
	found := false
	for _, canonical := range list {
		h, ok := r.Numbers.Typed(canonical)
		switch {
		case !ok:
		case !found:
			first, found = h, true
		case h.Account != first.Account:
			return routing.Holder{}, false
		}
	}
	return first, found
}

// forwarding is a member's, as calls follow it, and the numbers he chose that he
// has not proved.
func forwarding(m member.Membership, unproved bool) (*member.Forwarding, []string) {
	f, idle := m.InForce(unproved)
	if f.None() {
		return nil, idle
	}
	return &f, idle
}
