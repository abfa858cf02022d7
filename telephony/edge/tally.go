package edge

import "strconv"

// tally counts calls by who placed them.
type tally map[string]int

func (t tally) add(who string, n int) {
	if who == "" {
		return
	}
	if t[who] += n; t[who] == 0 {
		delete(t, who)
	}
}

// placer is by whom a call is counted, and whether as an emergency call.
type placer struct {
	device, account string
	urgent          bool
}

// Emergency calls have bounds of their own, on each shard, which nobody meets who is in
// need: they are let through to the last port.
const (
	mostUrgent          = 10 // of a telephone, which may be the system of a company
	mostUrgentOfAccount = 50
)

// full says why a telephone may not place another call, if so.
func (b *board) full(p placer) string {
	t, telephone, account, what := b.placed, b.edge.cfg.Together, b.edge.cfg.OfAccount, " calls"
	if p.urgent {
		t, telephone, account, what = b.urgent, mostUrgent, mostUrgentOfAccount, " emergency calls"
	}
	switch {
	case telephone > 0 && t[p.device] >= telephone:
		return "This telephone has as many" + what + " as one may have at once (" + strconv.Itoa(telephone) + "); end one of them"
	case account > 0 && t[p.account] >= account:
		return "The telephones of this account have as many" + what + " as they may have at once (" + strconv.Itoa(account) + "); end one of them"
	}
	return ""
}

// enters counts a call by the telephone of ours that places it, if one does.
func (b *board) enters(c *call, p placer) {
	c.placer = p
	b.count(p, 1)
}

func (b *board) leaves(c *call) {
	b.count(c.placer, -1)
	c.placer = placer{}
}

func (b *board) count(p placer, n int) {
	t := b.placed
	if p.urgent {
		t = b.urgent
	}
	t.add(p.device, n)
	t.add(p.account, n)
}
