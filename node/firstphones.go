package node

import (
	"sync"

	"github.com/callisto-tel/callisto/business/ident"
)

// firstPhones are the links that `callisto dev` prints: each signs a sample
// member in, once, in whatever browser opens it, with the other's number in the
// telephone's field. They live in memory: a restart prints new ones.
type firstPhones struct {
	mu   sync.Mutex
	open map[string]firstPhone
}

type firstPhone struct {
	email, password, other string
}

// devPhone is such a link, for people and programs.
type devPhone struct {
	Name   string `json:"name"`
	Number string `json:"number"`
	URL    string `json:"url"`
}

// make prepares the links of two members.
func (f *firstPhones) make(origin string, members []devMember) []devPhone {
	two := make([]devMember, 0, 2)
	for i := range members {
		if members[i].Country == "US" && len(two) < 2 { // their pages are in English, as what dev prints is
			two = append(two, members[i])
		}
	}
	if len(two) < 2 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = map[string]firstPhone{}
	list := make([]devPhone, 0, 2)
	for i := range two {
		token := ident.Secret(20)
		f.open[token] = firstPhone{two[i].Email, two[i].Password, two[1-i].Number}
		list = append(list, devPhone{two[i].Name, two[i].Number, origin + "/dev/phone/" + token})
	}
	return list
}

// Open takes a link's place: whom it signs in, and whom he may call. It opens once.
func (f *firstPhones) Open(token string) (email, password, other string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x, ok := f.open[token]
	delete(f.open, token)
	return x.email, x.password, x.other, ok
}
