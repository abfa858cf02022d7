package notifier

import (
	"bytes"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// eventPackage is the one there is.
const eventPackage = "message-summary"

// allowEvents names it, to who asks for another (RFC 6665 §8.3.2).
const allowEvents = "Allow-Events: " + eventPackage + "\r\n"

// longest bounds what is kept of the texts of a request, in bytes.
const longest = 1024

// Subscribe answers a SUBSCRIBE of a device that has proved itself: one that begins
// a subscription, goes on with it, or ends it (Expires 0). What waits now follows in
// a NOTIFY.
func (n *Notifier) Subscribe(in *sip.Incoming, cred *member.Credential) {
	in.Respond(n.reply(in, cred))
}

func (n *Notifier) reply(in *sip.Incoming, cred *member.Credential) *sip.Reply {
	event, refuse := eventOf(in.Msg)
	if refuse != nil {
		return refuse
	}
	if !mine(in.Msg, cred) {
		return &sip.Reply{Status: 403, Reason: "A telephone subscribes to its own number only"}
	}
	seconds, refuse := lifetime(in.Msg)
	if refuse != nil {
		return refuse
	}
	if refuse := n.take(in, cred, event, seconds); refuse != nil {
		return refuse
	}
	return &sip.Reply{Status: 200, Contact: true, Headers: []byte("Expires: " + strconv.Itoa(seconds) + "\r\n")}
}

// eventOf reads what is subscribed to, and refuses what there is not.
func eventOf(m *sip.Msg) (event string, refuse *sip.Reply) {
	v := m.Header(sip.HEvent)
	name, _, _ := bytes.Cut(v, []byte{';'})
	if string(bytes.TrimSpace(name)) != eventPackage {
		return "", &sip.Reply{Status: 489, Headers: []byte(allowEvents)}
	}
	takes := !m.Has(sip.HAccept)
	m.Each(sip.HAccept, func(v []byte) bool {
		kind, _, _ := bytes.Cut(v, []byte{';'})
		switch string(bytes.ToLower(bytes.TrimSpace(kind))) {
		case content, "application/*", "*/*":
			takes = true
		}
		return !takes
	})
	if !takes {
		return "", &sip.Reply{Status: 406, Reason: "What waits is told as " + content}
	}
	return string(bytes.TrimSpace(v)), nil // with its id, which tells one from another in a dialog
}

// mine reports whether a device asks for itself.
func mine(m *sip.Msg, cred *member.Credential) bool {
	u, ok := sip.ParseURI(m.To.URI)
	if !ok || u.Scheme != sip.SchemeSIP && u.Scheme != sip.SchemeSIPS {
		return false
	}
	user := string(sip.Unescape(nil, u.User))
	return user == cred.SIPUser || user == cred.Number.Canonical()
}

// lifetime is how long a subscription is to last, in seconds: no longer than we keep
// one (RFC 6665 §4.2.1.1).
func lifetime(m *sip.Msg) (seconds int, refuse *sip.Reply) {
	v, given := m.Number(sip.HExpires)
	switch {
	case !given || v > maximum:
		return maximum, nil
	case v > 0 && v < minimum:
		return 0, &sip.Reply{Status: 423, Headers: []byte("Min-Expires: " + strconv.Itoa(minimum) + "\r\n")}
	}
	return int(v), nil
}

// take begins a subscription or goes on with it.
func (n *Notifier) take(in *sip.Incoming, cred *member.Credential, event string, seconds int) *sip.Reply {
	m, now := in.Msg, n.cfg.Now()
	key := string(m.CallID) + "\x00" + string(m.FromTag) + "\x00" + event
	n.mu.Lock()
	defer n.mu.Unlock()
	x := n.subs[key]
	switch {
	case x == nil && m.ToTag != nil, x != nil && (x.cred.Device != cred.Device || x.cred.Number != cred.Number || x.cred.Account != cred.Account):
		return &sip.Reply{Status: 481}
	case x != nil && m.CSeq < x.asked:
		return &sip.Reply{Status: 500, Reason: "A later SUBSCRIBE was seen already"}
	case x != nil && m.CSeq == x.asked: // the answer was lost; the NOTIFY is repeated by itself
		return nil
	case x != nil && x.over != "": // it has ended
		return &sip.Reply{Status: 481}
	case x == nil:
		x = &subscription{key: key, cred: *cred, told: -1, event: event, from: string(bytes.TrimSpace(m.To.Raw)), to: string(m.Header(sip.HFrom)), callID: string(m.CallID), tag: string(in.Tag())}
		m.Each(sip.HRecordRoute, func(v []byte) bool { x.routes = append(x.routes, string(v)); return true })
		x.account = accountOf(m)
	}
	if refuse := x.point(m); refuse != nil {
		return refuse
	}
	if n.subs[key] == nil {
		if !n.makeRoom(cred) {
			return &sip.Reply{Status: 503, Reason: "Too many subscriptions of this telephone have just ended", Headers: []byte("Retry-After: 40\r\n")}
		}
		n.keep(x)
	}
	x.shard, x.flow, x.asked, x.cred = in.Shard(), in.Flow, m.CSeq, *cred
	x.expires, x.owed = now.Add(time.Duration(seconds)*time.Second), true
	if seconds == 0 {
		x.over = timeout // RFC 6665 §4.1.2.3: the last NOTIFY says so
	}
	n.enqueue(x)
	return nil
}

// point takes where a subscription is told: the Contact.
func (x *subscription) point(m *sip.Msg) *sip.Reply {
	a, ok := sip.ParseAddress(m.Header(sip.HContact))
	u, ok2 := sip.ParseURI(a.URI)
	size := len(a.URI) + len(x.from) + len(x.to) + len(x.callID) + len(x.event)
	for _, r := range x.routes {
		size += len(r)
	}
	switch {
	case !ok || !ok2 || u.Scheme != sip.SchemeSIP && u.Scheme != sip.SchemeSIPS:
		return &sip.Reply{Status: 400, Reason: "A subscription needs a Contact with a sip: address"}
	case len(m.FromTag) == 0:
		return &sip.Reply{Status: 400, Reason: "A subscription needs a tag in From"}
	case size > longest:
		return &sip.Reply{Status: 400, Reason: "The addresses of a subscription are longer than " + strconv.Itoa(longest) + " bytes"}
	}
	x.target = string(a.URI)
	return nil
}

// accountOf is what a telephone's message key calls to hear what waits, at the house
// as the telephone calls it.
func accountOf(m *sip.Msg) string {
	u, _ := sip.ParseURI(m.To.URI)
	return string(append(append(sip.AppendUser([]byte("sip:"), routing.MissedCode), '@'), u.Host...))
}

// makeRoom ends the one of a device that was asked for longest ago, if it has as
// many as it may. False says that as many are ending already: they take as long as
// the telephone lets their last NOTIFY go unanswered.
func (n *Notifier) makeRoom(cred *member.Credential) bool {
	var oldest *subscription
	live, ending := 0, 0
	for _, x := range n.lines[cred.Number] {
		switch {
		case x.cred.Device != cred.Device:
		case x.over != "":
			ending++
		default:
			if live++; oldest == nil || x.expires.Before(oldest.expires) {
				oldest = x
			}
		}
	}
	if live >= mostEach && ending < mostEach {
		oldest.over = rejected
		n.enqueue(oldest)
	}
	return ending < mostEach
}
