package pin

import (
	"sync"
	"time"
)

// What a house takes of wrong PINs before it asks for none for a while. Each PIN
// locks by itself, after [Most]; these bound who tries one PIN that many people
// choose against ever new numbers, from ever new telephones.
const (
	MostByCarrier = 50        // of callers who come in by one carrier, or
	MostOfHouse   = 200       // of all, those at telephones of the house too, within
	CountedFor    = time.Hour // and then nobody there is asked for number and PIN for
	ClosedFor     = time.Hour
)

// House is what [Guesses] calls all that is not one carrier.
const House = "house"

// Guesses counts wrong PINs, in memory: a restart begins anew, and so does each
// process. Who is recognised by his telephone is not held up by it.
type Guesses struct {
	mu    sync.Mutex
	where map[string]*tally // carriers, of which there are few, and the house
}

type tally struct {
	wrong  int
	since  time.Time // the first of them
	closed time.Time // until then
}

// Closed reports whether nobody is asked for number and PIN who comes in by a
// carrier; "" is a telephone of the house.
func (g *Guesses) Closed(carrier string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, at := range places(carrier) {
		if t := g.where[at]; t != nil && t.closed.After(now) {
			return true
		}
	}
	return false
}

// Wrong counts one, and tells what is closed by it: a carrier or the house.
func (g *Guesses) Wrong(carrier string, now time.Time) (closes []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.where == nil {
		g.where = map[string]*tally{}
	}
	for _, at := range places(carrier) {
		t := g.where[at]
		if t == nil {
			t = &tally{}
			g.where[at] = t
		}
		if t.closed.After(now) { // who was asked before it closed
			continue
		}
		if now.Sub(t.since) >= CountedFor {
			t.wrong, t.since = 0, now
		}
		if t.wrong++; t.wrong >= Bound(at) {
			t.wrong, t.closed = 0, now.Add(ClosedFor)
			closes = append(closes, at)
		}
	}
	return closes
}

// Bound is how many wrong PINs close a place.
func Bound(at string) int {
	if at == House {
		return MostOfHouse
	}
	return MostByCarrier
}

func places(carrier string) []string {
	if carrier == "" {
		return []string{House}
	}
	return []string{carrier, House}
}
