package node

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/platform/notify"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/webpush"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/internet"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// pushKey is the setting and the purpose of the key that push messages are signed with.
const pushKey = "push key"

// openPush makes what sends to push services: to nowhere in our own network, but
// on this machine where it is all a trial. Its key is made the first time.
func (n *Node) openPush(ctx context.Context) (*webpush.Sender, error) {
	fresh, err := webpush.NewKey()
	if err != nil {
		return nil, err
	}
	raw, err := fresh.Bytes()
	if err != nil {
		return nil, err
	}
	if raw, err = n.keptKey(ctx, pushKey, pushKey, raw); err != nil {
		return nil, err
	}
	key, err := webpush.ParseKey(raw)
	if err != nil {
		return nil, err
	}
	guard := internet.Guard{}
	if n.cfg.Dev {
		guard.Near = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if n.pushContact() == "" && !n.cfg.Dev {
		n.log.Warn("push services are told nobody to write to, and some, as Apple's, wake nothing then: set seller.email in the configuration, or an https url")
	}
	return webpush.New(webpush.Config{Key: key, Contact: n.pushContact(), May: guard.MayAddr, Plain: n.cfg.Dev, Now: time.Now}), nil // not the calendar of dev: push services look at the machine's clock
}

// pushContact is whom the keepers of push services write to (RFC 8292 §2.1); "" if
// the configuration names nobody: an address that nobody reads would be worse.
func (n *Node) pushContact() string {
	u, err := url.Parse(n.cfg.URL)
	switch {
	case n.cfg.Seller.Email != "":
		return "mailto:" + n.cfg.Seller.Email
	case err == nil && u.Scheme == "https":
		return n.url()
	default:
		return ""
	}
}

// openBell opens what rings closed browsers and tells of missed calls.
func (n *Node) openBell(ctx context.Context) error {
	sender, err := n.openPush(ctx)
	if err != nil {
		return err
	}
	n.push = sender
	words, err := notify.LoadWords()
	if err != nil {
		return err
	}
	rows := n.store.Bell()
	n.bell = bell.New(bell.Config{
		Store: rows, Queue: rows, Looks: rows, Pusher: pusher{sender}, Words: words, Lines: n.members, Open: n.browserOpen, At: n.registeredAt, ToUnproved: n.cfg.Dev,
		Priced: func(account string, number numbering.Number, to string) bool {
			_, known := n.CallPrice(account, number, to)
			return known
		},
		Contacts: func(ctx context.Context, account string) ([]contact.Contact, error) {
			return n.contacts.Of(ctx, member.Actor{Account: account})
		},
		Seen: func(account string) { n.telephony.Lamps().Seen(account) },
		Link: n.link, Log: n.log, Now: n.opts.Now,
	})
	n.tables.Sleepers = sleepers{n.bell}
	return n.bell.Refresh(ctx)
}

// lamps is where call records are kept, with a word to the telephones of who missed
// a call.
type lamps struct {
	*store.Calls
	n *Node
}

// AppendRecords keeps records.
func (l lamps) AppendRecords(ctx context.Context, records []cdr.Record) error {
	err := l.Calls.AppendRecords(ctx, records)
	if err != nil {
		return err
	}
	for i := range records {
		l.n.missed(&records[i])
	}
	return nil
}

// missed lights the lamps of the called party of a call that he missed; its record
// is kept already.
func (n *Node) missed(r *cdr.Record) {
	if r.Missed() && n.ready.Load() {
		n.telephony.Lamps().Missed(r.To.Number)
	}
}

// browserOpen reports whether a browser is registered for a number now, and there.
func (n *Node) browserOpen(number numbering.Number, instance string) bool {
	var room [4]location.Binding
	for _, b := range n.bindings.ByNumber(room[:0], number.Canonical(), n.opts.Now()) {
		if b.Named(instance) && n.telephony.Reaches(&b) {
			return true
		}
	}
	return false
}

// registeredAt are the registrations of a device whose way still stands.
func (n *Node) registeredAt(device string) []location.Binding {
	return slices.DeleteFunc(n.bindings.ByDevice(nil, device, n.opts.Now()), func(b location.Binding) bool { return !n.telephony.Reaches(&b) })
}

// pusher is platform/webpush as business/bell wants it.
type pusher struct{ *webpush.Sender }

// Check refuses what is no subscription.
func (p pusher) Check(s bell.Subscription) error { return p.Sender.Check(webpush.Subscription(s)) }

// Send sends at once: what is sent is for now.
func (p pusher) Send(ctx context.Context, s bell.Subscription, payload []byte, ttl time.Duration, topic string) bell.Outcome {
	err := p.Sender.Send(ctx, webpush.Subscription(s), payload, ttl, webpush.High, topic)
	var later *webpush.Later
	switch {
	case err == nil:
		return bell.Outcome{}
	case errors.As(err, &later):
		return bell.Outcome{Later: true, After: later.After, Err: err}
	default: // an address that leads elsewhere by now will not come back
		return bell.Outcome{Gone: errors.Is(err, webpush.ErrGone) || errors.Is(err, webpush.ErrEndpoint), Err: err}
	}
}

// sleepers are the browser phones that ring though no browser is open, as routing
// wants them.
type sleepers struct{ *bell.Service }

// Asleep is what to wake for a number.
func (s sleepers) Asleep(canonical string) (location.Binding, bool) {
	x, ok := s.Service.Asleep(canonical)
	return location.Binding{Number: canonical, MembershipID: x.Membership, DeviceID: x.Device}, ok
}

// waker wakes for telephony: closed browsers, and telephones that said how.
type waker struct{ *Node }

// Wake sends a push message.
func (w waker) Wake(b location.Binding, c edge.Waking, vain func()) bool {
	if b.Wakes {
		return w.wakeTelephone(b, c, vain)
	}
	return w.bell.Wake(c.Number, bell.Call{ID: c.CallID, Caller: w.shown(c.From), Name: c.Name}, vain)
}

// Rest takes back what a browser shows; a telephone needs none.
func (w waker) Rest(b location.Binding, c edge.Waking, answered bool) {
	if !b.Wakes {
		w.bell.Rest(c.CallID, c.Number, answered)
	}
}

// shown is a caller as people write his number.
func (w waker) shown(from string) string {
	if h, ok := w.roster.Numbers.Typed(from); ok {
		return h.Number.Display()
	}
	return numbering.Spaced(from)
}

// dropAsleep ends the registration of a telephone that cannot be woken any more, if
// it has not come back meanwhile and is not there either.
func (n *Node) dropAsleep(b location.Binding) {
	now, ok := n.bindings.Get(b.ID, n.opts.Now())
	if !ok || now.Contact != b.Contact || n.telephony.Reaches(&now) {
		return
	}
	if gone, ok := n.bindings.Remove(b.ID); ok {
		n.locations.Remove(gone)
	}
}

// pushProvider is how telephones call the push services that we reach (RFC 8599 §10.3).
const pushProvider = "webpush"

// woken reports whether a telephone may name what we would send to for it, by the
// guard of sending. A name is looked up only then, and where it leads looked at again.
func (n *Node) woken(service, id string) bool {
	return service == pushProvider && n.push.CheckResource(id) == nil
}

// wakeTelephone wakes one by the push resource that its Contact names. The message
// is empty: that it came is all it says (RFC 8030 §5).
func (w waker) wakeTelephone(b location.Binding, c edge.Waking, vain func()) bool {
	u, ok := sip.ParseURI([]byte(b.Contact))
	by, _ := u.Param("pn-provider")
	id, has := u.Param("pn-prid")
	if !ok || !has || string(by) != pushProvider {
		return false
	}
	to := string(sip.Unescape(nil, id))
	return w.bell.Beside(b.Number, func(ctx context.Context) {
		err := w.push.Wake(ctx, to, bell.WakeFor, c.CallID[:min(len(c.CallID), 32)])
		if errors.Is(err, webpush.ErrGone) || errors.Is(err, webpush.ErrEndpoint) { // it will not be woken that way again
			w.dropAsleep(b)
			vain()
		}
		if err != nil {
			w.log.InfoContext(ctx, "a telephone was not woken", "device", b.DeviceID, "error", err)
		}
	})
}
