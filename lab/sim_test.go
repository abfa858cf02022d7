package lab

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 7616: the phones' digest
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/notifier"
	"github.com/callisto-tel/callisto/telephony/registrar"
	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/trunk"
)

// simLinks are the links between the centers of a simulated core.
type simLinks struct {
	core func() *sip.Core
	at   map[center.ID]netip.AddrPort
}

func (l simLinks) Flow(from, to center.ID) (sip.Flow, error) {
	return sip.Flow{Listener: l.core().Listener(edge.LinkTag(from), sip.UDP, l.at[from].Addr()), Remote: l.at[to]}, nil
}

func (l simLinks) Peer(f *sip.Flow) (center.ID, bool) {
	for id, a := range l.at {
		if strings.HasPrefix(f.Listener.Tag, "link:") && f.Remote == a {
			return id, true
		}
	}
	return "", false
}

// simNet is a network in virtual time: two centers and telephones whose
// behaviour comes from the seed.
type simNet struct {
	t      testing.TB
	sim    *sip.Sim
	core   *sip.Core
	edge   *edge.Edge
	rtp    *rtp.Engine
	clock  atomic.Int64
	rng    *rand.Rand
	lab    *Network
	tables *routing.Tables
	trunks *trunk.Trunks
	wakes  simWaker
	lamps  *notifier.Notifier
	missed map[string]int // by number
	// uncounted is why nobody can count what was missed.
	uncounted   error
	uncountedAt string // only at this number; "": at all
	wall        time.Time
	phones      *sip.Core
	people      []Member
	open        map[*sip.Dialog]*simLeg
	told        map[string]int // calls whose end the caller was told, by serial
	calls       int
	seen        map[int]int // final statuses
}

// simWaker keeps whom it was asked to wake.
type simWaker struct {
	woken  []string        // devices
	rested []string        // with how it ended
	deaf   map[string]bool // who cannot be woken
	vain   func()          // says that the last cannot be either
}

func (w *simWaker) Wake(b location.Binding, c edge.Waking, vain func()) bool {
	w.vain = vain
	if w.deaf[b.DeviceID] {
		return false
	}
	w.woken = append(w.woken, b.DeviceID+" for "+c.From)
	return true
}

func (w *simWaker) Rest(b location.Binding, _ edge.Waking, answered bool) {
	w.rested = append(w.rested, fmt.Sprintf("%s answered=%v", b.DeviceID, answered))
}

type simLeg struct {
	n      *simNet
	d      *sip.Dialog
	timer  sip.UserTimer
	plan   []simAction
	serial int // of a calling leg
	out    *sip.Outgoing
	user   Member
	tries  int
}

type simAction struct {
	after sip.Mono
	do    func(*simLeg)
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// newSimNet is two centers and their telephones.
func newSimNet(t *testing.T, seed uint64, shards int) *simNet {
	n := newSimCenters(t, seed, shards)
	n.furnish()
	return n
}

// newSimCenters is two centers without telephones.
func newSimCenters(t *testing.T, seed uint64, shards int, unusual ...func(*edge.Config)) *simNet {
	t.Helper()
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	n := &simNet{
		t: t, sim: sip.NewSim(seed), rng: rand.New(rand.NewPCG(seed, 3)), wall: time.Unix(1_800_000_000, 0),
		open: map[*sip.Dialog]*simLeg{}, told: map[string]int{}, seen: map[int]int{},
		lab: &Network{Sold: routing.NewNumbers(), Devices: member.NewDirectory(), Bindings: location.NewTable(), Records: newRecords(), Realm: "lab.callisto"},
	}
	n.clock.Store(int64(n.sim.Now()))
	n.rtp, err = rtp.New(rtp.Config{Addr4: netip.MustParseAddr("127.0.0.1"), MinPort: 33000, MaxPort: 41000, Prebind: 16, Now: n.clock.Load,
		Notify: func(rtp.Note) {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.rtp.Close)
	now := func() time.Time { return n.wall.Add(time.Duration(n.sim.Now())) }
	n.wakes.deaf = map[string]bool{}
	n.missed = map[string]int{}
	n.lamps = notifier.New(notifier.Config{Credential: n.lab.Devices.Get, Now: now, Waiting: func(_ context.Context, _ string, number numbering.Number) (int, error) {
		if n.uncountedAt != "" && n.uncountedAt != number.Canonical() {
			return n.missed[number.Canonical()], nil
		}
		return n.missed[number.Canonical()], n.uncounted
	}})
	links := simLinks{core: func() *sip.Core { return n.core }, at: map[center.ID]netip.AddrPort{"KR": addrPort("192.0.2.1:5062"), "US": addrPort("192.0.2.2:5062")}}
	n.tables = &routing.Tables{Plans: plans, Sold: n.lab.Sold, Bindings: n.lab.Bindings, Centers: center.NewDirectory(plans, []center.Center{
		{ID: "KR", Name: "Korea", Countries: []string{"KR"}}, {ID: "US", Name: "United States", Countries: []string{"US"}},
	})}
	n.trunks = trunk.New(trunk.Config{Core: func() *sip.Core { return n.core }, Now: now})
	t.Cleanup(n.trunks.Close)
	cfg := edge.Config{
		Realm: n.lab.Realm, Tables: func() *routing.Tables { return n.tables }, Recorder: n.lab.Records, Links: links, Trunks: n.trunks,
		Registrar: registrar.New(registrar.Config{Realm: n.lab.Realm, Credentials: n.lab.Devices, Bindings: n.lab.Bindings, Now: now, Secret: []byte("lab"), Wakes: []string{"webpush"}, VAPID: "BLab", Woken: pushExample}),
		Waker:     &n.wakes, Awaiter: n.lab.Bindings, Notifier: n.lamps,
		Media: media.New(n.rtp, media.NewPrompts()), Now: now,
	}
	for _, change := range unusual {
		change(&cfg)
	}
	n.edge = edge.New(cfg)
	n.core, err = n.sim.Core(sip.Config{Handler: n.edge.Handler, Shards: shards}, map[netip.AddrPort]string{
		addrPort("192.0.2.1:5060"): "KR", addrPort("192.0.2.2:5060"): "US", addrPort("192.0.2.1:5080"): "KR",
		links.at["KR"]: edge.LinkTag("KR"), links.at["US"]: edge.LinkTag("US"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// furnish gives out telephones: each person has one to three, here or abroad.
func (n *simNet) furnish() {
	tags := map[netip.AddrPort]string{}
	for i := range 12 {
		a := addrPort(fmt.Sprintf("198.51.100.%d:5060", i+1))
		tags[a] = map[int]string{0: "KR", 1: "US"}[i%2]
	}
	var err error
	n.phones, err = n.sim.Core(sip.Config{Handler: func(*sip.Shard) sip.Handler { return n }}, tags)
	if err != nil {
		n.t.Fatal(err)
	}
	n.people = append(n.lab.Members("KR", "82", 7000000, 6), n.lab.Members("US", "1", 75000000, 6)...)
	id := 0
	for i, m := range n.people {
		for range i%3 + 1 {
			l := n.phones.Listeners()[n.rng.IntN(12)]
			at := n.core.Listener(l.Tag, sip.UDP, l.Addr.Addr())
			f := sip.Flow{Listener: at, Remote: l.Addr}
			id++
			n.lab.Bindings.Put(location.Binding{
				ID: fmt.Sprintf("b%d", id), Number: m.Number.Canonical(), DeviceID: fmt.Sprintf("dev%d", id), SIPUser: m.User,
				Contact: "sip:phone@" + l.Addr.String(), Flow: f.Token(), Center: center.ID(l.Tag), Expires: n.wall.Add(100 * time.Hour),
			})
		}
	}
}

func (n *simNet) within(ms int64) sip.Mono { return sip.Mono(n.rng.Int64N(ms)+1) * sip.Millisecond }

const simSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 42000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"

func simHold(dir string) []byte { return []byte(simSDP + "a=" + dir + "\r\n") }

// The telephones: a sip.Handler.

func (n *simNet) Urgent(*sip.Msg) bool { return false }

func (n *simNet) Timer(t *sip.UserTimer) {
	l := t.Owner.(*simLeg)
	a := l.plan[0]
	l.plan = l.plan[1:]
	a.do(l)
	if n.open[l.d] == l {
		l.next()
	}
}

func (l *simLeg) next() {
	if len(l.plan) > 0 {
		s := l.d.Shard()
		s.SetTimer(&l.timer, s.Now()+l.plan[0].after)
	}
}

func (n *simNet) add(d *sip.Dialog, l *simLeg) {
	l.n, l.d = n, d
	l.timer.Owner = l
	d.User = l
	n.open[d] = l
	l.next()
}

func (l *simLeg) over() {
	l.d.Shard().ClearTimer(&l.timer)
	delete(l.n.open, l.d)
	if l.serial > 0 {
		l.n.told[fmt.Sprint(l.serial)]++
	}
}

func (l *simLeg) end() { l.over(); l.d.End(486, "") }

// Request is a call to a telephone.
func (n *simNet) Request(in *sip.Incoming) {
	if in.Msg.Method != sip.INVITE {
		in.Respond(&sip.Reply{Status: 200})
		return
	}
	d := in.Accept(false)
	if d == nil {
		return
	}
	l := &simLeg{}
	for range n.rng.IntN(3) {
		status, sdp := 180, []byte(nil)
		if n.rng.IntN(3) == 0 && !d.LateOffer() {
			status, sdp = 183, []byte(simSDP)
		}
		l.plan = append(l.plan, simAction{n.within(2000), func(l *simLeg) { l.d.Progress(status, sdp) }})
	}
	switch n.rng.IntN(8) {
	case 0:
		status := []int{404, 408, 480, 486, 488, 500, 503, 600, 603, 606, 699}[n.rng.IntN(11)]
		l.plan = append(l.plan, simAction{n.within(3000), func(l *simLeg) { l.over(); l.d.Refuse(status, "", nil) }})
	case 1: // rings for ever
		l.plan = append(l.plan, simAction{1000 * sip.Second, (*simLeg).end})
	default:
		l.plan = append(l.plan, simAction{n.within(4000), func(l *simLeg) { l.d.Answer([]byte(simSDP)) }})
		l.plan = append(l.plan, n.talk()...)
	}
	n.add(d, l)
}

// talk is what a party does in a call: hold, resume, empty re-INVITE, DTMF, and
// in the end hang up.
func (n *simNet) talk() (plan []simAction) {
	for range n.rng.IntN(4) {
		plan = append(plan, simAction{n.within(2500), func(l *simLeg) {
			switch n.rng.IntN(4) {
			case 0:
				l.d.Modify(simHold("sendonly"))
			case 1:
				l.d.Modify([]byte(simSDP))
			case 2:
				l.d.Modify(nil)
			case 3:
				l.d.Info("application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n"))
			}
		}})
	}
	return append(plan, simAction{n.within(6000), (*simLeg).end})
}

// Event is what happens to a telephone's call.
func (n *simNet) Event(d *sip.Dialog, e sip.Event) {
	l := n.open[d]
	if l == nil {
		n.t.Fatalf("event %d for a dialog that ended", e.Kind)
	}
	switch e.Kind {
	case sip.EventFail:
		if e.Status == 401 && l.tries == 0 && e.Msg != nil {
			l.d.Shard().ClearTimer(&l.timer)
			delete(n.open, l.d)
			n.retry(l, e.Msg)
			return
		}
		n.seen[e.Status]++
		l.over()
	case sip.EventCancel, sip.EventBye:
		l.over()
	case sip.EventAnswer, sip.EventModified:
		n.seen[200]++
		if len(e.SDP) > 0 {
			d.Ack([]byte(simSDP))
		}
	case sip.EventOffer:
		if n.rng.IntN(6) == 0 {
			d.RefuseOffer(488)
		} else {
			d.AcceptOffer([]byte(simSDP))
		}
	case sip.EventProgress, sip.EventAck, sip.EventRefused, sip.EventInfo, sip.EventUpdate:
	}
}

// retry answers the challenge, as a telephone does: the same call once more.
func (n *simNet) retry(l *simLeg, m *sip.Msg) {
	nonce, _ := sip.Param([]byte(strings.ReplaceAll(string(m.Header(sip.HWWWAuthenticate)), ",", ";")), "nonce")
	l.tries++
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) } //nolint:gosec // see above
	a1 := hash(l.user.User + ":" + n.lab.Realm + ":" + l.user.Password)
	a2 := hash("INVITE:" + string(l.out.URI))
	resp := hash(a1 + ":" + string(nonce) + ":00000001:c0ffee:auth:" + a2)
	o := *l.out
	o.Headers = fmt.Appendf(nil, "Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c0ffee\"\r\n",
		l.user.User, n.lab.Realm, nonce, o.URI, resp)
	again := &simLeg{serial: l.serial, user: l.user, out: &o, tries: 1, plan: l.plan}
	n.add(l.d.Shard().Invite(&o), again)
}

// call makes one.
func (n *simNet) call() {
	n.calls++
	from, to := n.people[n.rng.IntN(len(n.people))], n.people[n.rng.IntN(len(n.people))]
	l := n.phones.Listeners()[n.rng.IntN(12)]
	at := map[string]string{"KR": "192.0.2.1:5060", "US": "192.0.2.2:5060"}[l.Tag]
	dial := to.Number.Canonical()
	if n.rng.IntN(20) == 0 {
		dial = []string{"999", "123456", "+8221234567", "*97", "5550100%2382", "a%00b"}[n.rng.IntN(6)]
	}
	o := &sip.Outgoing{
		Flow: sip.Flow{Listener: l, Remote: addrPort(at)}, URI: []byte("sip:" + dial + "@" + at), From: []byte("<sip:" + from.User + "@lab>"),
		To: []byte("<sip:" + dial + "@lab>"), SDP: []byte(simSDP), Reliable: n.rng.IntN(4) == 0,
	}
	if n.rng.IntN(6) == 0 {
		o.SDP = nil
	}
	plan := []simAction{{n.within(8000), (*simLeg).end}}
	if n.rng.IntN(3) == 0 {
		plan = append([]simAction{{n.within(6000), func(l *simLeg) { l.d.Modify(simHold("sendonly")) }}}, plan...)
	}
	leg := &simLeg{serial: n.calls, user: from, out: o, plan: plan}
	s := n.phones.Shards()[0]
	s.Tick(n.sim.Now())
	n.add(s.Invite(o), leg)
	s.Flush()
}

// step does the next thing that happens before end; the sound keeps time.
func (n *simNet) step(end sip.Mono) bool {
	more := n.sim.Step(end)
	n.clock.Store(int64(n.sim.Now()))
	return more
}

func (n *simNet) run(d sip.Mono) {
	for end := n.sim.Now() + d; n.step(end); {
	}
}

// TestTenThousandCallsLeaveNothing makes 10,000 seeded calls through two centers
// over a network that loses, repeats and reorders, with every sort of ending. In
// the end no leg, timer or port is left, each caller was told once how his call
// ended, and each center recorded each call it carried once.
func TestTenThousandCallsLeaveNothing(t *testing.T) {
	for _, c := range []struct {
		loss   float64
		shards int
		seed   uint64
		calls  int
	}{{0, 1, 1, 3000}, {0.03, 3, 2, 3500}, {0.15, 1, 3, 3500}} {
		t.Run(fmt.Sprintf("loss %v, %d shards", c.loss, c.shards), func(t *testing.T) {
			n := newSimNet(t, c.seed, c.shards)
			n.sim.Loss, n.sim.Repeat, n.sim.Delay = c.loss, c.loss/2, 30*sip.Millisecond
			for range c.calls {
				n.call()
				n.run(sip.Mono(n.rng.Int64N(int64(40 * sip.Millisecond))))
			}
			n.run(1500 * sip.Second)
			n.check(c.calls)
		})
	}
}

func (n *simNet) check(calls int) {
	t := n.t
	for name, core := range map[string]*sip.Core{"centers": n.core, "phones": n.phones} {
		for i, s := range core.Shards() {
			if l := s.Live(); l != (sip.Live{}) {
				t.Errorf("%s, shard %d: left %+v", name, i, l)
			}
			if bad := s.Stats().Malformed; bad > 0 && name == "phones" {
				t.Errorf("%d malformed messages of ours", bad)
			}
		}
	}
	taken, _ := n.rtp.InUse()
	if n.edge.LiveCalls() != 0 || taken != 0 || n.rtp.Sessions() != 0 {
		t.Errorf("left %d calls, %d port pairs, %d sessions of sound", n.edge.LiveCalls(), taken, n.rtp.Sessions())
	}
	if len(n.open) != 0 || len(n.told) != calls {
		t.Errorf("%d dialogs of phones open; %d of %d callers were told the end", len(n.open), len(n.told), calls)
	}
	for serial, times := range n.told {
		if times != 1 {
			t.Errorf("call %s: the caller was told its end %d times", serial, times)
		}
	}
	rows := map[string]int{}
	causes := map[cdr.Cause]int{}
	id := regexp.MustCompile(`^call_[0-9a-v]{16}$`)
	for _, r := range n.lab.Records.all {
		if r.Side != cdr.Visit { // several terminals of one number may be visited at one center
			rows[fmt.Sprint(r.CallID, r.Side)]++
		}
		causes[r.Cause]++
		if !id.MatchString(r.CallID) || r.Start.IsZero() || r.End.Before(r.Start) || r.Answered() && r.Answer.Before(r.Start) || r.Cause == cdr.NoCause {
			t.Errorf("odd record %+v", r)
		}
	}
	for k, times := range rows {
		if times != 1 {
			t.Errorf("%s: %d records", k, times)
		}
	}
	t.Logf("%d records, causes %v, callers saw %v", len(rows), causes, n.seen)
}
