// Package notifier serves subscriptions to what waits for a member (RFC 6665, the
// event package message-summary of RFC 3842): it is what lights the lamp of a desk
// telephone. What waits are missed calls that nobody has looked at.
package notifier

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/telephony/sip"
)

const (
	// minimum and maximum are how long a subscription may last, in seconds, before
	// the telephone asks anew. Subscriptions live in memory: the longest is how
	// long a lamp may be wrong after a restart.
	minimum, maximum = 60, 600
	// mostEach is how many a device may have; a telephone that restarts forgets
	// the one it had.
	mostEach = 8
	// often is the shortest time between two notifications of a subscription
	// (RFC 3842 wants no more), turnEvery that between two looks at what has changed.
	often     = time.Second
	turnEvery = 200 * time.Millisecond
	// expireEvery is how much longer than it was asked for one may last.
	expireEvery = 5 * time.Second
	// patience is how long a count may take.
	patience = 5 * time.Second
)

// Why a subscription ends (RFC 6665 §4.1.3).
const (
	timeout  = "timeout"  // it was not asked for again
	rejected = "rejected" // it may not be any more
)

// Config describes a Notifier.
type Config struct {
	// Waiting counts what a number has not looked at.
	Waiting func(ctx context.Context, account string, n numbering.Number) (int, error)
	// Credential is that of a live device, by its SIP user; it must not block.
	Credential func(sipUser string) (member.Credential, bool)
	Now        func() time.Time
	Log        *slog.Logger
}

// Notifier keeps the subscriptions of a node.
type Notifier struct {
	cfg  Config
	wake chan struct{}

	// The shards' threads wait for mu when a telephone subscribes. What happens to a
	// number or an account therefore finds its subscriptions without a look at all
	// others: of 10,000 that took 0.2 ms each time.
	mu       sync.Mutex
	subs     map[string]*subscription
	lines    map[numbering.Number][]*subscription
	accounts map[string][]*subscription
	queue    []*subscription // who may have to be told something
}

// subscription is one telephone's. Its dialog is told from others by the Call-ID
// and the telephone's tag.
type subscription struct {
	key   string
	cred  member.Credential // as it was when it subscribed
	shard *sip.Shard
	flow  sip.Flow

	from, to, callID, tag, target string // as they stand in what we send
	routes                        []string
	event                         string // with the id it was asked for
	account                       string // Message-Account

	asked   uint32 // CSeq of the last SUBSCRIBE
	cseq    uint32 // of our last NOTIFY
	expires time.Time
	last    time.Time // when a NOTIFY was sent
	told    int       // what it said; -1: none was sent
	queued  bool
	due     bool   // what waits may have changed
	owed    bool   // a SUBSCRIBE is to be followed by a NOTIFY, whatever is new (RFC 6665 §4.2.1.2)
	busy    bool   // a NOTIFY is on its way
	over    string // why it ends
}

// New returns a Notifier.
func New(cfg Config) *Notifier {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Notifier{
		cfg: cfg, wake: make(chan struct{}, 1),
		subs: map[string]*subscription{}, lines: map[numbering.Number][]*subscription{}, accounts: map[string][]*subscription{},
	}
}

// Run notifies until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-n.wake:
		case <-tick.C:
			n.Expire()
		case <-ctx.Done():
			return
		}
		pause := turnEvery // what comes meanwhile is told together
		if err := n.Turn(ctx); err != nil && ctx.Err() == nil {
			n.cfg.Log.WarnContext(ctx, "telephones could not be told what waits for them", "error", err)
			pause = expireEvery
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// Missed says that something was missed at a number.
func (n *Notifier) Missed(number numbering.Number) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changed(n.lines[number])
}

// Seen says that an account has looked at what its numbers missed.
func (n *Notifier) Seen(account string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changed(n.accounts[account])
}

func (n *Notifier) changed(list []*subscription) {
	for _, x := range list {
		x.due = true
		n.enqueue(x)
	}
}

// Expire ends the subscriptions that were not asked for again, and those of devices
// that were removed or have another password.
func (n *Notifier) Expire() {
	now := n.cfg.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.subs {
		switch {
		case x.over != "":
		case !x.expires.After(now):
			x.over = timeout
			n.enqueue(x)
		case !n.stands(x):
			n.enqueue(x)
		}
	}
}

func (n *Notifier) enqueue(x *subscription) {
	if !x.queued {
		x.queued = true
		n.queue = append(n.queue, x)
	}
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// failsMost is how many numbers may fail to be counted in one turn, each after
// patience, before the others wait for the next.
const failsMost = 3

// Turn sends what is to be sent, once. What cannot be counted stays to be sent, after
// all others: a number that takes too long puts nobody else's lamp off.
func (n *Notifier) Turn(ctx context.Context) (err error) {
	now := n.cfg.Now()
	counts, failed := map[numbering.Number]int{}, map[numbering.Number]bool{}
	var again, rest []*subscription
	list := n.ready(now)
	for i, x := range list {
		number := x.cred.Number
		if len(failed) == failsMost {
			rest = list[i:]
			break
		}
		count, known := counts[number]
		if !known && !failed[number] {
			var wrong error
			if count, wrong = n.count(ctx, x); wrong != nil {
				err, failed[number] = wrong, true
			} else {
				counts[number] = count
			}
		}
		if failed[number] {
			again = append(again, x)
			continue
		}
		n.notify(x, count, now)
	}
	n.later(rest)
	n.later(again)
	return err
}

func (n *Notifier) later(list []*subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changed(list)
}

// ready takes from the queue who may be told something now.
func (n *Notifier) ready(now time.Time) (list []*subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	queue := n.queue
	n.queue = nil
	for _, x := range queue {
		x.queued = false
		if x.over == "" && !n.stands(x) {
			x.over = rejected
		}
		switch {
		case n.subs[x.key] != x:
		case x.busy: // the answer brings it back
		case x.over == "" && !x.owed && now.Sub(x.last) < often:
			n.enqueue(x)
		default:
			x.due = false
			list = append(list, x)
		}
	}
	return list
}

// stands reports whether a device is still what it was when it last subscribed, with
// the same password.
func (n *Notifier) stands(x *subscription) bool {
	c, ok := n.cfg.Credential(x.cred.SIPUser)
	return ok && c.Device == x.cred.Device && c.Account == x.cred.Account && c.Number == x.cred.Number && c.MD5 == x.cred.MD5 && c.SHA256 == x.cred.SHA256
}

func (n *Notifier) count(ctx context.Context, x *subscription) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return n.cfg.Waiting(ctx, x.cred.Account, x.cred.Number)
}

// notify sends one NOTIFY, if it says anything new or is owed.
func (n *Notifier) notify(x *subscription, count int, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.subs[x.key] != x || x.over == "" && !x.owed && count == x.told {
		return
	}
	if x.over != "" {
		n.drop(x)
	}
	if x.over == rejected {
		count = 0 // it is told nothing any more
	}
	x.owed, x.busy, x.told, x.last = false, true, count, now
	x.cseq++
	next := x.target
	if len(x.routes) > 0 {
		a, _ := sip.ParseAddress([]byte(x.routes[0]))
		next = string(a.URI)
	}
	a := &sip.Asking{
		Flow: x.flow.Toward([]byte(next), true), Method: sip.NOTIFY, URI: []byte(x.target), From: []byte(x.from), To: []byte(x.to), Tag: []byte(x.tag),
		CallID: []byte(x.callID), CSeq: x.cseq, Contact: true, Headers: x.headers(now), Body: summary(x.account, count),
		Done: func(t sip.Told) { n.answered(x, t) },
	}
	x.shard.Post(func(s *sip.Shard) { s.Ask(a) })
}

func (x *subscription) headers(now time.Time) []byte {
	var b []byte
	for _, r := range x.routes {
		b = append(append(append(b, "Route: "...), r...), "\r\n"...)
	}
	b = append(append(b, "Event: "...), x.event...)
	b = append(b, "\r\nSubscription-State: "...)
	if x.over != "" {
		b = append(append(b, "terminated;reason="...), x.over...)
	} else {
		b = append(b, "active;expires="...)
		b = strconv.AppendInt(b, int64(x.expires.Sub(now)/time.Second), 10)
	}
	return append(b, "\r\nContent-Type: "+content+"\r\n"...)
}

const content = "application/simple-message-summary"

// summary is the body (RFC 3842 §5.2). Missed calls are told as voice messages:
// for those every telephone has a lamp.
func summary(account string, count int) []byte {
	b := []byte("Messages-Waiting: ")
	if count > 0 {
		b = append(b, "yes"...)
	} else {
		b = append(b, "no"...)
	}
	b = append(append(b, "\r\nMessage-Account: "...), account...)
	b = append(b, "\r\nVoice-Message: "...)
	return append(strconv.AppendInt(b, int64(count), 10), "/0\r\n"...)
}

// answered is what came of a NOTIFY. Who does not know the subscription, or is not
// there, has it no more (RFC 6665 §4.2.2); who is only busy keeps it.
func (n *Notifier) answered(x *subscription, t sip.Told) {
	n.mu.Lock()
	defer n.mu.Unlock()
	x.busy = false
	ok := t.Status < 300 || t.Msg != nil && (t.Status == 500 || t.Status == 503)
	if !ok {
		n.drop(x)
	}
	if x.due || x.owed || x.over != "" {
		n.enqueue(x)
	}
}

// keep takes a subscription, whose number and account stay what they are.
func (n *Notifier) keep(x *subscription) {
	n.subs[x.key] = x
	n.lines[x.cred.Number] = append(n.lines[x.cred.Number], x)
	n.accounts[x.cred.Account] = append(n.accounts[x.cred.Account], x)
}

func (n *Notifier) drop(x *subscription) {
	if n.subs[x.key] != x {
		return
	}
	delete(n.subs, x.key)
	without(n.lines, x.cred.Number, x)
	without(n.accounts, x.cred.Account, x)
}

func without[K comparable](lists map[K][]*subscription, k K, x *subscription) {
	lists[k] = slices.DeleteFunc(lists[k], func(o *subscription) bool { return o == x })
	if len(lists[k]) == 0 {
		delete(lists, k)
	}
}

// Live is how many subscriptions there are.
func (n *Notifier) Live() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.subs)
}
