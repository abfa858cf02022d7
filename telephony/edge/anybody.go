package edge

import (
	"net/netip"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/pace"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// strangers is how fast they may call, from each network.
func strangers() pace.Limits { return pace.Limits{Burst: 10, Second: 0.5, Most: 20_000} }

// strangerMay counts a call attempt from a network; false if there are too many.
func (e *Edge) strangerMay(from netip.Addr, now time.Time) bool {
	from = from.Unmap()
	bits := 24
	if from.Is6() {
		bits = 56
	}
	p, err := from.Prefix(bits)
	if err != nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.strange.Take(p, now)
}

// fromAnybody takes a call from the Internet (C7): without credentials, from an
// address of somebody else's, to a number at our domain that everybody may look
// up. Anything else is no such call, and false: whoever may be one of ours is
// asked to prove it.
func (b *board) fromAnybody(in *sip.Incoming, at center.ID) bool {
	if !b.edge.cfg.Open || in.Msg.Claims(b.edge.cfg.Realm) != "" || b.Urgent(in.Msg) || b.oursCalls(in) {
		return false
	}
	from, ok := sip.ParseURI(in.Msg.From.URI)
	to, good := sip.ParseURI(in.Msg.RequestURI())
	core := b.shard.Core()
	if !ok || !good || len(from.Host) == 0 || b.edge.ours(core, from.Host, &in.Flow) || !b.edge.ours(core, to.Host, &in.Flow) {
		return false
	}
	now := b.wall()
	if !b.edge.strangerMay(in.Flow.Remote.Addr(), now) {
		in.Respond(&sip.Reply{Status: 503, Reason: "Too many calls from there", Headers: []byte("Retry-After: 30\r\n")})
		return true
	}
	number, _, _ := strings.Cut(string(sip.Unescape(nil, to.User)), ";")
	tables := b.edge.cfg.Tables()
	e164, plus := strings.CutPrefix(number, "+")
	if _, published := tables.Published(e164); !plus || !published {
		in.Respond(&sip.Reply{Status: 404, Reason: "No number here that may be called from outside"})
		return true
	}
	who := string(from.Host)
	if user := plain(string(sip.Unescape(nil, from.User))); user != "" {
		who = user + "@" + who
	}
	who = clip(strings.ToLower(who), 120)
	a := routing.Attempt{Center: at, Role: routing.Entry, Entered: true, Open: true, Dialled: number, Now: now, Caller: routing.Party{Private: withheld(in.Msg)}}
	rec := cdr.Record{CallID: ident.New("call", now), Side: cdr.Entry, Center: at, Dialled: clip(number, 120), From: cdr.Party{Text: who}}
	b.begin(in, &a, &rec, "", caller{user: who}, nil)
	return true
}
