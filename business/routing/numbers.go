package routing

import (
	"maps"
	"strings"

	"github.com/callisto-tel/callisto/business/index"
	"github.com/callisto-tel/callisto/business/numbering"
)

// Numbers is the view of sold numbers in memory. Sales and registrations are
// pushed into it, so a number bought now rings now.
type Numbers struct {
	typed *index.Map[Holder]
	twins *index.Map[string] // + form without the plus → canonical
	roots *index.Map[Company]
}

// NewNumbers returns an empty view.
func NewNumbers() *Numbers {
	return &Numbers{typed: index.New[Holder](), twins: index.New[string](), roots: index.New[Company]()}
}

// Set adds or replaces a sold number, or one office of a company.
func (n *Numbers) Set(h Holder) {
	canonical := h.Number.Canonical()
	n.typed.Set(canonical, h)
	if h.Number.Kind == numbering.Individual {
		n.twins.Set(h.Number.E164()[1:], canonical)
	}
}

// Load adds or replaces many numbers at once, as at the start.
func (n *Numbers) Load(list []Holder) {
	n.typed.SetAll(func(yield func(string, Holder) bool) {
		for i := range list {
			if !yield(list[i].Number.Canonical(), list[i]) {
				return
			}
		}
	})
	n.twins.SetAll(func(yield func(string, string) bool) {
		for i := range list {
			if num := list[i].Number; num.Kind == numbering.Individual && !yield(num.E164()[1:], num.Canonical()) {
				return
			}
		}
	})
}

// SetCompany adds or replaces a root.
func (n *Numbers) SetCompany(c Company) { n.roots.Set(c.Root, c) }

// Remove forgets a number that is no longer sold; for a company all its
// offices.
func (n *Numbers) Remove(num numbering.Number) {
	if num.Kind == numbering.Individual {
		n.typed.Delete(num.Canonical())
		n.twins.Delete(num.E164()[1:])
		return
	}
	n.roots.Delete(num.National)
	for canonical := range n.typed.All {
		if strings.HasPrefix(canonical, num.National+"#") {
			n.typed.Delete(canonical)
		}
	}
}

// RemoveOffice forgets one office of a company.
func (n *Numbers) RemoveOffice(num numbering.Number) {
	n.typed.Delete(num.Canonical())
	if c, ok := n.roots.Get(num.National); ok {
		offices := maps.Clone(c.Offices) // readers may hold the old one
		delete(offices, num.CallingCode)
		c.Offices = offices
		n.roots.Set(num.National, c)
	}
}

// Typed finds by canonical form.
func (n *Numbers) Typed(canonical string) (Holder, bool) { return n.typed.Get(canonical) }

// Twin finds by + form without the plus.
func (n *Numbers) Twin(e164 string) (Holder, bool) {
	canonical, ok := n.twins.Get(e164)
	if !ok {
		return Holder{}, false
	}
	return n.typed.Get(canonical)
}

// Root finds a company.
func (n *Numbers) Root(root string) (Company, bool) { return n.roots.Get(root) }

// Len is how many numbers are sold.
func (n *Numbers) Len() int { return n.typed.Len() }

// Find finds a number of ours as people write it: the typed form, the + form,
// or a company's bare root, which stands for its home office.
func Find(s Sold, text string) (Holder, bool) {
	typed, err := numbering.ParseTyped(text)
	if err != nil {
		return Holder{}, false
	}
	return find(s, typed)
}

func find(s Sold, typed numbering.Typed) (h Holder, ok bool) {
	switch typed.Kind {
	case numbering.Plus:
		return s.Twin(typed.Text)
	case numbering.Digits, numbering.Rooted:
		if h, ok = s.Typed(typed.Text); ok {
			return h, true
		}
		if c, is := s.Root(typed.Text); is {
			return s.Typed(c.Root + "#" + c.Home)
		}
	default:
	}
	return Holder{}, false
}
