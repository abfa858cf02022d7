// Package registrar takes REGISTER requests (RFC 3261 §10.3): it authenticates
// the device, keeps its contacts as bindings, and tells it what is kept. Of
// RFC 5626 it knows +sip.instance: a phone that comes back from another address
// replaces its old binding.
package registrar

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// Credentials finds a device by its SIP user; it must not block.
type Credentials interface {
	Get(sipUser string) (member.Credential, bool)
}

// Bindings is the index the bindings are kept in.
type Bindings interface {
	Put(b location.Binding) bool
	Remove(id string) (location.Binding, bool)
	ByDevice(dst []location.Binding, device string, now time.Time) []location.Binding
	Get(id string, now time.Time) (location.Binding, bool)
}

// Log is told of every binding put or removed here, to tell other nodes. It
// must not block.
type Log interface {
	Put(b location.Binding)
	Remove(b location.Binding)
}

// Config describes a Registrar.
type Config struct {
	Realm       string
	Credentials Credentials
	Bindings    Bindings
	Log         Log
	Node        string
	Epoch       int64
	// Minimum, Maximum and Default are expiry times in seconds; 60, 7200 and
	// 3600 if zero. Shorter requests are answered 423 with Min-Expires.
	Minimum, Maximum, Default uint32
	// Contacts is how many bindings a device may have; 8 if zero.
	Contacts int
	Now      func() time.Time
}

// Registrar keeps the bindings of one node.
type Registrar struct {
	cfg Config
}

// New returns a Registrar.
func New(cfg Config) *Registrar {
	def := func(v *uint32, d uint32) {
		if *v == 0 {
			*v = d
		}
	}
	def(&cfg.Minimum, 60)
	def(&cfg.Maximum, 7200)
	def(&cfg.Default, 3600)
	if cfg.Contacts == 0 {
		cfg.Contacts = 8
	}
	return &Registrar{cfg: cfg}
}

// Authenticate checks a request's credentials; if it returns false the request
// has been answered. The answer to an unknown user and to a wrong password is
// the same.
func (r *Registrar) Authenticate(in *sip.Incoming) (member.Credential, bool) {
	var cred member.Credential
	_, proof := in.Shard().Authenticate(in.Msg, &in.Flow, r.cfg.Realm, func(user []byte) (sip.HA1, bool) {
		c, ok := r.cfg.Credentials.Get(string(user))
		cred = c
		return sip.HA1{MD5: c.MD5, SHA256: c.SHA256}, ok && !c.Revoked
	})
	switch proof {
	case sip.Proven:
		return cred, true
	case sip.Wrong:
		in.Respond(&sip.Reply{Status: 403, Reason: "Wrong user or password"})
	default:
		in.Challenge(r.cfg.Realm, proof == sip.Stale, false)
	}
	return cred, false
}

// contact is one Contact value of a request.
type contact struct {
	uri      string
	instance string
	expires  uint32
}

// Register answers a REGISTER that came to a center.
func (r *Registrar) Register(in *sip.Incoming, at center.ID) {
	cred, ok := r.Authenticate(in)
	if !ok {
		return
	}
	m := in.Msg
	to, ok := sip.ParseURI(m.To.URI)
	if !ok || to.Scheme != sip.SchemeSIP && to.Scheme != sip.SchemeSIPS {
		in.Respond(&sip.Reply{Status: 404, Reason: "Only sip: addresses are registered here"})
		return
	}
	// RFC 3261 §10.3 step 4: a device registers itself and nobody else.
	user := string(sip.Unescape(nil, to.User))
	if user != cred.SIPUser && user != cred.Number.Canonical() {
		in.Respond(&sip.Reply{Status: 403, Reason: "This address belongs to another device"})
		return
	}
	contacts, all, reply := r.contacts(m)
	if reply == nil {
		reply = r.apply(in, at, &cred, contacts, all)
	}
	if reply == nil {
		reply = r.list(&cred)
	}
	in.Respond(reply)
}

// contacts reads the Contact values. all says that it was "*", which removes.
func (r *Registrar) contacts(m *sip.Msg) (list []contact, all bool, refuse *sip.Reply) {
	header, given := m.Number(sip.HExpires)
	if !given {
		header = r.cfg.Default
	}
	count := 0
	m.Each(sip.HContact, func(v []byte) bool {
		count++
		if len(v) == 1 && v[0] == '*' {
			all = true
			return true
		}
		a, ok := sip.ParseAddress(v)
		u, ok2 := sip.ParseURI(a.URI)
		if !ok || !ok2 || u.Scheme != sip.SchemeSIP && u.Scheme != sip.SchemeSIPS || len(a.URI) > 512 {
			refuse = &sip.Reply{Status: 400, Reason: "Malformed Contact"}
			return false
		}
		c := contact{uri: string(a.URI), expires: header}
		if v, ok := a.Param("expires"); ok {
			if n, good := sip.Decimal(v); good {
				c.expires = n
			}
		}
		if v, ok := a.Param("+sip.instance"); ok && len(v) <= 200 {
			c.instance = string(v)
		}
		if c.expires > 0 && c.expires < r.cfg.Minimum {
			refuse = &sip.Reply{Status: 423, Headers: []byte("Min-Expires: " + strconv.Itoa(int(r.cfg.Minimum)) + "\r\n")}
			return false
		}
		c.expires = min(c.expires, r.cfg.Maximum)
		list = append(list, c)
		return len(list) <= r.cfg.Contacts
	})
	if refuse == nil && all && (count > 1 || !given || header != 0) {
		refuse = &sip.Reply{Status: 400, Reason: "Contact * stands alone and needs Expires 0"} // RFC 3261 §10.3 step 6
	}
	if refuse == nil && len(list) > r.cfg.Contacts {
		refuse = r.tooMany()
	}
	return list, all, refuse
}

func (r *Registrar) tooMany() *sip.Reply {
	return &sip.Reply{Status: 403, Reason: "A device may have " + strconv.Itoa(r.cfg.Contacts) + " contacts; remove one first"}
}

// apply changes the bindings, all or none (RFC 3261 §10.3 step 7).
func (r *Registrar) apply(in *sip.Incoming, at center.ID, cred *member.Credential, contacts []contact, all bool) *sip.Reply {
	m, now := in.Msg, r.cfg.Now()
	var room [8]location.Binding
	existing := r.cfg.Bindings.ByDevice(room[:0], cred.Device, now)
	callID := string(m.CallID)
	if all {
		for i := range existing {
			if old := &existing[i]; old.CallID == callID && m.CSeq < old.CSeq {
				return outdated()
			}
		}
		for i := range existing {
			r.remove(existing[i].ID)
		}
		return nil
	}
	fresh := 0
	for i := range contacts {
		old := find(existing, bindingID(cred.Device, &contacts[i]))
		if old != nil && old.CallID == callID && m.CSeq < old.CSeq {
			return outdated()
		}
		if old == nil && contacts[i].expires > 0 {
			fresh++
		}
	}
	if len(existing)+fresh > r.cfg.Contacts {
		return r.tooMany()
	}
	for i := range contacts {
		c := &contacts[i]
		id := bindingID(cred.Device, c)
		if c.expires == 0 {
			r.remove(id)
			continue
		}
		b := location.Binding{
			ID: id, Number: cred.Number.Canonical(), MembershipID: cred.Membership, DeviceID: cred.Device, SIPUser: cred.SIPUser,
			Contact: c.uri, InstanceID: c.instance, Flow: in.Flow.Token(), Center: at, Node: r.cfg.Node, Epoch: r.cfg.Epoch,
			CallID: callID, CSeq: m.CSeq, Expires: now.Add(time.Duration(c.expires) * time.Second), Updated: now,
			UserAgent: string(m.Header(sip.HUserAgent)),
		}
		if old := find(existing, id); old != nil && !b.Updated.After(old.Updated) {
			b.Updated = old.Updated.Add(1) // the clock was set back: this one is later all the same
		}
		if len(b.UserAgent) > 120 {
			b.UserAgent = b.UserAgent[:120]
		}
		if r.cfg.Bindings.Put(b) && r.cfg.Log != nil {
			r.cfg.Log.Put(b)
		}
	}
	return nil
}

func (r *Registrar) remove(id string) {
	if b, ok := r.cfg.Bindings.Remove(id); ok && r.cfg.Log != nil {
		r.cfg.Log.Remove(b)
	}
}

func outdated() *sip.Reply {
	return &sip.Reply{Status: 500, Reason: "A later REGISTER was seen already"}
}

func find(list []location.Binding, id string) *location.Binding {
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}

// bindingID names a binding, the same over restarts: by the instance if the phone tells it, else by the
// Contact URI (RFC 5626 §6).
func bindingID(device string, c *contact) string {
	key := c.instance
	if key == "" {
		key = c.uri
	}
	sum := sha256.Sum256([]byte(key))
	return device + "." + base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10])
}

// list answers with every contact of the device and the time it has left
// (RFC 3261 §10.3 step 8).
func (r *Registrar) list(cred *member.Credential) *sip.Reply {
	now := r.cfg.Now()
	var room [8]location.Binding
	b := make([]byte, 0, 256)
	for _, x := range r.cfg.Bindings.ByDevice(room[:0], cred.Device, now) {
		b = append(b, "Contact: <"...)
		b = append(b, x.Contact...)
		b = append(b, ">;expires="...)
		b = strconv.AppendInt(b, int64((x.Expires.Sub(now)+time.Second/2)/time.Second), 10)
		if x.InstanceID != "" {
			b = append(b, ";+sip.instance=\""...)
			b = append(b, x.InstanceID...)
			b = append(b, '"')
		}
		b = append(b, "\r\n"...)
	}
	b = append(b, "Date: "...)
	b = now.UTC().AppendFormat(b, "Mon, 02 Jan 2006 15:04:05 GMT")
	b = append(b, "\r\n"...)
	return &sip.Reply{Status: 200, Headers: b}
}
