package alias

import (
	"strings"

	"github.com/callisto-tel/callisto/business/index"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
)

// Entry is a proved name as every process keeps it.
type Entry struct {
	Name    string           `json:"name"`
	Account string           `json:"account,omitempty"`
	Number  numbering.Number `json:"number,omitzero"`
	Dial    string           `json:"dial,omitempty"`
	Gone    bool             `json:"gone,omitempty"` // nobody has it any more
}

// Entry is what routing has to know of a name.
func (n *Name) Entry() Entry {
	return Entry{Name: n.Name, Account: n.Account, Number: n.Number, Dial: n.Dial, Gone: n.State != Proved}
}

// Names is the view of proved names in memory, for routing.
type Names struct {
	sold routing.Sold
	all  *index.Map[Entry]
}

// NewNames returns an empty view over the numbers sold.
func NewNames(sold routing.Sold) *Names { return &Names{sold, index.New[Entry]()} }

// Apply takes a change in. One that is gone is forgotten only if it is still
// the same holder's.
func (n *Names) Apply(e Entry) {
	if !e.Gone {
		n.all.Set(e.Name, e)
	} else if now, ok := n.all.Get(e.Name); ok && now.Account == e.Account {
		n.all.Delete(e.Name)
	}
}

// Named finds what a name stands for. A number that has gone to somebody else
// takes no names along.
func (n *Names) Named(name string) (routing.Named, bool) {
	e, ok := n.all.Get(name)
	if !ok {
		if plain(name) {
			return routing.Named{}, false
		}
		canonical, _, err := Canonical(name)
		if err != nil {
			return routing.Named{}, false
		}
		if e, ok = n.all.Get(canonical); !ok {
			return routing.Named{}, false
		}
	}
	if e.Dial == "" && !holds(n.sold, e.Account, e.Number) {
		return routing.Named{}, false
	}
	return routing.Named{Number: e.Number, Dial: e.Dial}, true
}

// plain reports whether a name in lower case is as it is compared.
func plain(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || r == ' ' }) < 0 && !strings.HasSuffix(name, ".")
}

// holds reports whether a number is an account's now.
func holds(sold routing.Sold, account string, number numbering.Number) bool {
	h, ok := sold.Typed(number.Canonical())
	if !ok && number.Kind == numbering.Company {
		if c, is := sold.Root(number.National); is {
			h, ok = sold.Typed(c.Root + "#" + c.Home)
		}
	}
	return ok && h.Account == account
}
