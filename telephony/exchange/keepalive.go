package exchange

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/telephony/sip"
)

const (
	// keepAliveEach is how often a telephone behind a NAT hears from us. A router may
	// forget after 30 s that it has sent (RFC 4787 §4.3 wants 2 minutes or more).
	keepAliveEach = 20 * time.Second
	// portions is over how many parts of that time they are spread.
	portions = 20
	// slept is after how long a telephone that can be woken is not kept reachable:
	// a call wakes it.
	slept = time.Hour
)

// kept is a telephone that would not be reached any more if nothing was sent. Who
// sleeps and is woken (RFC 8599) is somebody else.
type kept struct {
	flow    sip.Flow
	contact string
}

// keepAlive sends to telephones behind a NAT before the router between forgets
// them, until ctx ends. Connections keep themselves (TCP keep-alive of the system,
// pings of browsers).
func (x *Exchange) keepAlive(ctx context.Context) {
	tick := time.NewTicker(x.cfg.KeepAlive / portions)
	defer tick.Stop()
	var all []kept
	done := 0
	for i := 0; ; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if i%portions == 0 {
			all, done = x.behindNAT(all[:0]), 0
		}
		upTo := len(all) * (i%portions + 1) / portions
		some := append([]kept(nil), all[done:upTo]...)
		if done = upTo; len(some) == 0 {
			continue
		}
		x.core.Shards()[0].Post(func(s *sip.Shard) {
			for i := range some {
				s.Nudge(some[i].flow, []byte(some[i].contact))
			}
		})
	}
}

// behindNAT appends the telephones that are to be kept reachable from here: those whose
// datagrams come from another address than they know of themselves.
func (x *Exchange) behindNAT(list []kept) []kept {
	now, have := x.cfg.Now(), map[string]bool{}
	for b := range x.cfg.Bindings.All {
		if b.Node != x.cfg.Node || !b.Expires.After(now) {
			continue
		}
		if have[b.Flow] || b.Path != "" || b.Wakes && now.Sub(b.Updated) > slept { // its proxy keeps it; nobody is there to hear
			continue
		}
		f, ok := x.core.Flow(b.Flow)
		if !ok || f.Conn != nil || f.Listener.Transport != sip.UDP {
			continue
		}
		u, ok := sip.ParseURI([]byte(b.Contact))
		if !ok {
			continue
		}
		if a, ok := u.Addr(); ok && a == f.Remote.Addr().Unmap() {
			continue
		}
		have[b.Flow] = true // several registrations may come by one
		list = append(list, kept{f, b.Contact})
	}
	return list
}
