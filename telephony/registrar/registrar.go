// Package registrar takes REGISTER requests (RFC 3261 §10.3): it authenticates
// the device, keeps its contacts as bindings, and tells it what is kept. A phone
// that says which instance it is and comes back from another address replaces
// its old binding; it may have several flows (RFC 5626), come by proxies (RFC
// 3327), be called by an address of its own (RFC 5627), and be woken (RFC 8599).
package registrar

import (
	"bytes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/terminal"
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

// Passes opens what whoever is signed in proves himself by (see
// business/terminal); it must not block.
type Passes interface {
	Open(pass []byte) (x terminal.Pass, ok bool)
}

// Guests tells who is signed in at a telephone by its keypad; it must not block.
type Guests interface {
	Guest(device string) (member.Credential, bool)
}

// Config describes a Registrar.
type Config struct {
	Realm       string
	Credentials Credentials
	Passes      Passes // nil: there are none
	Bindings    Bindings
	Guests      Guests // nil: nobody signs in at telephones of others
	Log         Log
	Node        string
	Epoch       int64
	// Minimum, Maximum and Default are expiry times in seconds; 60, 7200 and
	// 3600 if zero. Shorter requests are answered 423 with Min-Expires.
	Minimum, Maximum, Default uint32
	// Wakes are the push services by which telephones can be woken, in the words
	// of pn-provider (RFC 8599): "webpush", "apns", "fcm". VAPID is the public key
	// we send by webpush with (RFC 8292).
	Wakes []string
	VAPID string
	// Woken reports whether what a telephone names in pn-prid is something we would
	// send to by a service; nil takes everything. It must not block.
	Woken func(service, id string) bool
	// Secret hides whose a temporary GRUU is; without it there are none.
	Secret []byte
	// Contacts is how many bindings a device may have; 8 if zero.
	Contacts int
	Now      func() time.Time
}

// Registrar keeps the bindings of one node.
type Registrar struct {
	cfg  Config
	hide cipher.AEAD
	free sync.Pool // *room
}

// room is what handling one request needs of memory; it is used again.
type room struct {
	contacts []contact
	existing []location.Binding
	text     []byte
	reply    sip.Reply
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
	return &Registrar{cfg: cfg, hide: newHide(cfg.Secret)}
}

// Authenticate checks a request's credentials; if it returns false the request
// has been answered. The answer to an unknown user and to a wrong password is
// the same.
func (r *Registrar) Authenticate(in *sip.Incoming) (member.Credential, bool) {
	cred, _, ok := r.authenticate(in)
	return cred, ok
}

// authenticate also tells the session of who is signed in, where a pass was given.
func (r *Registrar) authenticate(in *sip.Incoming) (cred member.Credential, session string, ok bool) {
	if pass, ok := in.Msg.Bearer(); ok && r.cfg.Passes != nil {
		return r.passes(in, pass)
	}
	_, proof := in.Shard().Authenticate(in.Msg, &in.Flow, r.cfg.Realm, func(user []byte) (sip.HA1, bool) {
		c, ok := r.cfg.Credentials.Get(string(user))
		cred = c
		return sip.HA1{MD5: c.MD5, SHA256: c.SHA256}, ok && !c.Revoked && c.Kind == member.Telephone
	})
	switch proof {
	case sip.Proven:
		return cred, "", true
	case sip.Wrong:
		in.Respond(&sip.Reply{Status: 403, Reason: "Wrong user or password"})
	default:
		in.Challenge(r.cfg.Realm, proof == sip.Stale, false)
	}
	return cred, "", false
}

// passes checks a pass. It is taken where nobody reads it on the way; one that is
// too old gets 401, and a new one is to be asked for where the first came from.
func (r *Registrar) passes(in *sip.Incoming, pass []byte) (cred member.Credential, session string, ok bool) {
	if !in.Flow.Listener.Transport.Web() {
		in.Respond(&sip.Reply{Status: 403, Reason: "A pass is taken over WebSocket only"})
		return cred, "", false
	}
	x, ok := r.cfg.Passes.Open(pass)
	cred, known := r.cfg.Credentials.Get(x.SIPUser)
	if !ok || !known || cred.Revoked || cred.Kind == member.Telephone {
		in.Respond(passOver())
		return member.Credential{}, "", false
	}
	return cred, x.Session, true
}

func passOver() *sip.Reply {
	return &sip.Reply{Status: 401, Reason: "The pass is not valid any more: sign in again"}
}

// over reports whether the session of a pass ended while the pass was used: who
// removes what is registered in it may have been here already.
func (r *Registrar) over(m *sip.Msg) bool {
	pass, _ := m.Bearer()
	_, ok := r.cfg.Passes.Open(pass)
	return !ok
}

// signedOut removes what a device registered in a session.
func (r *Registrar) signedOut(device, session string, w *room) {
	w.existing = r.cfg.Bindings.ByDevice(w.existing[:0], device, r.cfg.Now())
	for i := range w.existing {
		if w.existing[i].Session == session {
			r.remove(w.existing[i].ID)
		}
	}
}

// SessionOf is the session of the pass that a request carries, "" if it carries none.
// It is told also of one that ended since the pass was taken: what the request begins
// is then about to be ended by it.
func (r *Registrar) SessionOf(m *sip.Msg) string {
	pass, ok := m.Bearer()
	if !ok || r.cfg.Passes == nil {
		return ""
	}
	x, _ := r.cfg.Passes.Open(pass)
	return x.Session
}

// Credential is that of a live device, by its SIP user.
func (r *Registrar) Credential(sipUser string) (member.Credential, bool) {
	c, ok := r.cfg.Credentials.Get(sipUser)
	return c, ok && !c.Revoked
}

// Knows reports whether a SIP user is a telephone of ours.
func (r *Registrar) Knows(sipUser string) bool {
	c, ok := r.cfg.Credentials.Get(sipUser)
	return ok && !c.Revoked
}

// contact is one Contact value of a request, whose bytes it borrows.
type contact struct {
	uri      []byte
	instance []byte
	regID    uint32
	expires  uint32
	wakes    bool
}

// passedMost is the longest registration by a pass, in seconds: about as long as
// the pass itself.
const passedMost = 600

// Register answers a REGISTER that came to a center.
func (r *Registrar) Register(in *sip.Incoming, at center.ID) {
	cred, session, ok := r.authenticate(in)
	if !ok {
		return
	}
	m := in.Msg
	to, ok := sip.ParseURI(m.To.URI)
	if !ok || to.Scheme != sip.SchemeSIP && to.Scheme != sip.SchemeSIPS {
		in.Respond(&sip.Reply{Status: 404, Reason: "Only sip: addresses are registered here"})
		return
	}
	w, _ := r.free.Get().(*room)
	if w == nil {
		w = &room{}
	}
	defer r.free.Put(w)
	// RFC 3261 §10.3 step 4: a device registers itself and nobody else.
	w.text = sip.Unescape(w.text[:0], to.User)
	if string(w.text) != cred.SIPUser && string(w.text) != cred.Number.Canonical() {
		in.Respond(&sip.Reply{Status: 403, Reason: "This address belongs to another device"})
		return
	}
	all, reply := r.contacts(m, w)
	var want asked
	var way []byte
	if reply == nil {
		want, reply = r.extensions(m, w.contacts)
	}
	if reply == nil {
		way, reply = path(m)
	}
	if cred.Kind != member.Telephone { // who is signed in no more registers no more
		for i := range w.contacts {
			w.contacts[i].expires = min(w.contacts[i].expires, passedMost)
		}
	}
	if reply == nil {
		reply = r.apply(in, at, &cred, session, w, all, way)
	}
	if reply == nil && session != "" && r.over(m) {
		reply = passOver()
		r.signedOut(cred.Device, session, w)
	}
	if reply == nil {
		reply = r.list(m, &cred, w, want, to.Host)
	}
	in.Respond(reply)
	clear(w.contacts)
}

// contacts reads the Contact values. all says that it was "*", which removes.
func (r *Registrar) contacts(m *sip.Msg, w *room) (all bool, refuse *sip.Reply) {
	list := w.contacts[:0]
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
		c := contact{uri: a.URI, expires: header}
		if v, ok := a.Param("expires"); ok {
			if n, good := sip.Decimal(v); good {
				c.expires = n
			}
		}
		if v, ok := a.Param("+sip.instance"); ok && len(v) <= 200 && bytes.IndexByte(v, '\r') < 0 { // it stands in our answers
			c.instance = v
		}
		c.regID = flow(m, &a, c.instance)
		if c.expires > 0 && c.expires < r.cfg.Minimum {
			refuse = &sip.Reply{Status: 423, Headers: []byte("Min-Expires: " + strconv.Itoa(int(r.cfg.Minimum)) + "\r\n")}
			return false
		}
		list = append(list, c)
		return len(list) <= r.cfg.Contacts
	})
	if refuse == nil && all && (count > 1 || !given || header != 0) {
		refuse = &sip.Reply{Status: 400, Reason: "Contact * stands alone and needs Expires 0"} // RFC 3261 §10.3 step 6
	}
	if refuse == nil && len(list) > r.cfg.Contacts {
		refuse = r.tooMany()
	}
	w.contacts = list
	return all, refuse
}

func (r *Registrar) tooMany() *sip.Reply {
	return &sip.Reply{Status: 403, Reason: "A device may have " + strconv.Itoa(r.cfg.Contacts) + " contacts; remove one first"}
}

// apply changes the bindings, all or none (RFC 3261 §10.3 step 7).
func (r *Registrar) apply(in *sip.Incoming, at center.ID, cred *member.Credential, session string, w *room, all bool, way []byte) *sip.Reply {
	m, now := in.Msg, r.cfg.Now()
	w.existing = r.cfg.Bindings.ByDevice(w.existing[:0], cred.Device, now)
	existing, contacts := w.existing, w.contacts
	if all {
		for i := range existing {
			if late(m, &existing[i]) {
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
		old := find(existing, &contacts[i])
		if old != nil && late(m, old) {
			return outdated()
		}
		if old == nil && contacts[i].expires > 0 {
			fresh++
		}
	}
	r.makeRoom(existing, contacts, len(existing)+fresh-r.cfg.Contacts)
	for i := range contacts {
		c := &contacts[i]
		old := find(existing, c)
		switch {
		case c.expires > 0:
			r.bind(in, at, cred, session, c, old, now, way)
		case old != nil:
			r.remove(old.ID)
		}
	}
	return nil
}

// makeRoom removes the bindings refreshed longest ago, except those the request
// names. A phone that tells no instance and comes back from another port after
// each restart would else lock itself out until the old ones expire.
func (r *Registrar) makeRoom(existing []location.Binding, named []contact, surplus int) {
	for ; surplus > 0; surplus-- {
		oldest := -1
		for i := range existing {
			b := &existing[i]
			if b.ID != "" && (oldest < 0 || b.Updated.Before(existing[oldest].Updated)) && !slices.ContainsFunc(named, func(c contact) bool { return names(&c, b) }) {
				oldest = i
			}
		}
		if oldest < 0 {
			return
		}
		r.remove(existing[oldest].ID)
		existing[oldest].ID = ""
	}
}

// late tells a request that was overtaken by the one that made a binding.
func late(m *sip.Msg, old *location.Binding) bool {
	return old.CallID == string(m.CallID) && m.CSeq < old.CSeq
}

// bind puts a binding; old is what it was before, if it was. Most of it will
// not have changed: those texts are kept instead of copied.
func (r *Registrar) bind(in *sip.Incoming, at center.ID, cred *member.Credential, session string, c *contact, old *location.Binding, now time.Time, way []byte) {
	m := in.Msg
	agent := m.Header(sip.HUserAgent)
	agent = agent[:min(len(agent), 120)]
	b := location.Binding{
		MembershipID: cred.Membership, DeviceID: cred.Device, SIPUser: cred.SIPUser, Session: session, Only: cred.Only,
		Center: at, Node: r.cfg.Node, Epoch: r.cfg.Epoch, CSeq: m.CSeq,
		Expires: now.Add(time.Duration(c.expires) * time.Second), Updated: now,
	}
	if old == nil {
		old = &location.Binding{ID: bindingID(cred.Device, c), Number: cred.Number.Canonical()}
	} else if !now.After(old.Updated) {
		b.Updated = old.Updated.Add(1) // the clock was set back: this one is later all the same
	}
	var flow [64]byte
	b.ID, b.Number = old.ID, old.Number
	b.RegID, b.Wakes, b.Path = c.regID, c.wakes, kept(old.Path, way)
	b.Contact, b.InstanceID = kept(old.Contact, c.uri), kept(old.InstanceID, c.instance)
	b.Flow, b.CallID = kept(old.Flow, in.Flow.AppendToken(flow[:0])), kept(old.CallID, m.CallID)
	b.UserAgent = kept(old.UserAgent, agent)
	r.put(b)
	if g, ok := r.Guest(b.DeviceID); ok {
		r.put(b.As(g.Number.Canonical(), g.Membership, g.Device, g.SIPUser, g.Only))
	}
}

func (r *Registrar) put(b location.Binding) {
	if r.cfg.Bindings.Put(b) && r.cfg.Log != nil {
		r.cfg.Log.Put(b)
	}
}

// Guest is who is signed in at a telephone by its keypad: what it calls is his.
func (r *Registrar) Guest(device string) (member.Credential, bool) {
	if r.cfg.Guests == nil {
		return member.Credential{}, false
	}
	return r.cfg.Guests.Guest(device)
}

// Lends has a telephone, as it is registered now, ring for who signed in there.
func (r *Registrar) Lends(device string) {
	g, ok := r.Guest(device)
	if !ok {
		return
	}
	for _, b := range r.cfg.Bindings.ByDevice(nil, device, r.cfg.Now()) {
		r.put(b.As(g.Number.Canonical(), g.Membership, g.Device, g.SIPUser, g.Only))
	}
}

// kept is now as a string: the old one if it is the same.
func kept(old string, now []byte) string {
	if old == string(now) {
		return old
	}
	return string(now)
}

func (r *Registrar) remove(id string) {
	if b, ok := r.cfg.Bindings.Remove(location.LentID(id)); ok && r.cfg.Log != nil {
		r.cfg.Log.Remove(b)
	}
	if b, ok := r.cfg.Bindings.Remove(id); ok && r.cfg.Log != nil {
		r.cfg.Log.Remove(b)
	}
}

func outdated() *sip.Reply {
	return &sip.Reply{Status: 500, Reason: "A later REGISTER was seen already"}
}

// find finds the binding of a contact: by the instance if the phone tells it,
// else by the Contact URI (RFC 5626 §6).
func find(list []location.Binding, c *contact) *location.Binding {
	for i := range list {
		if names(c, &list[i]) {
			return &list[i]
		}
	}
	return nil
}

// names reports whether a contact means a binding.
func names(c *contact, b *location.Binding) bool {
	return len(c.instance) > 0 && b.InstanceID == string(c.instance) && b.RegID == c.regID || len(c.instance) == 0 && b.InstanceID == "" && b.Contact == string(c.uri)
}

// bindingID names a binding, the same over restarts, by what find goes by.
func bindingID(device string, c *contact) string {
	key := c.instance
	if len(key) == 0 {
		key = c.uri
	}
	sum := sha256.Sum256(key)
	if c.regID > 0 {
		sum = sha256.Sum256(strconv.AppendUint(append(sum[:], '#'), uint64(c.regID), 10))
	}
	return device + "." + base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10])
}

// list answers with every contact of the device and the time it has left
// (RFC 3261 §10.3 step 8).
func (r *Registrar) list(m *sip.Msg, cred *member.Credential, w *room, want asked, host []byte) *sip.Reply {
	now := r.cfg.Now()
	w.existing = r.cfg.Bindings.ByDevice(w.existing[:0], cred.Device, now)
	b := w.text[:0]
	for i := range w.existing {
		x := &w.existing[i]
		b = append(b, "Contact: <"...)
		b = append(b, x.Contact...)
		b = append(b, ">;expires="...)
		b = strconv.AppendInt(b, int64((x.Expires.Sub(now)+time.Second/2)/time.Second), 10)
		if x.InstanceID != "" {
			b = append(b, ";+sip.instance=\""...)
			b = append(b, x.InstanceID...)
			b = append(b, '"')
		}
		if x.RegID > 0 {
			b = append(b, ";reg-id="...)
			b = strconv.AppendUint(b, uint64(x.RegID), 10)
		}
		if want.gruu {
			b = r.appendGRUU(b, host, x)
		}
		b = append(b, "\r\n"...)
	}
	b = r.appendExtensions(b, m, want)
	b = append(b, "Supported: outbound, path, gruu\r\nDate: "...)
	b = now.UTC().AppendFormat(b, "Mon, 02 Jan 2006 15:04:05 GMT")
	b = append(b, "\r\n"...)
	w.text = b
	w.reply = sip.Reply{Status: 200, Headers: b}
	return &w.reply
}
