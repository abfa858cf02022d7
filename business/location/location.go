// Package location holds where terminals are registered (RFC 3261 §10.2.1
// bindings): plain values and an index in memory that many readers use without
// a lock. It is filled by the registrar of this node and by the replicated log
// of the other nodes; it enforces expiry itself.
package location

import (
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/center"
)

// Binding is one registered terminal. Number is the canonical form of the
// number its device belongs to ("2555123482", "5550100#82").
type Binding struct {
	ID           string    `json:"id"` // stable for one (device, instance or contact)
	Number       string    `json:"number"`
	MembershipID string    `json:"membership"`
	DeviceID     string    `json:"device"`
	SIPUser      string    `json:"sip_user"`
	Contact      string    `json:"contact"`            // the Contact URI the terminal gave
	Flow         string    `json:"flow"`               // opaque token of the owner's connection
	Center       center.ID `json:"center"`             // where it registered
	Node         string    `json:"node"`               // who owns the flow
	Epoch        int64     `json:"epoch"`              // which life of that node
	InstanceID   string    `json:"instance,omitempty"` // +sip.instance, RFC 5626
	RegID        uint32    `json:"reg_id,omitempty"`   // which of its flows; 0: it has one way here only
	Path         string    `json:"path,omitempty"`     // the proxies on the way there, first the one next to us (RFC 3327)
	Wakes        bool      `json:"wakes,omitempty"`    // its Contact says how it is woken (RFC 8599)
	CallID       string    `json:"call_id"`
	CSeq         uint32    `json:"cseq"`
	Expires      time.Time `json:"expires"`
	Updated      time.Time `json:"updated"` // when its owner last wrote it
	UserAgent    string    `json:"user_agent,omitempty"`
	Only         bool      `json:"only,omitempty"`    // while it is there, nothing else of its number rings
	Session      string    `json:"session,omitempty"` // of who is signed in at the browser, if it is one; it ends with it
	Host         string    `json:"host,omitempty"`    // SIP user of the telephone itself, where it is lent
}

// Instance is which copy of a telephone it is, as a GRUU says it: RFC 5627 §4.1 has
// the URN of +sip.instance without its brackets.
func (b *Binding) Instance() string {
	return strings.TrimSuffix(strings.TrimPrefix(b.InstanceID, "<"), ">")
}

// Named reports whether a terminal calls itself so: a UUID, of which its instance is
// the URN.
func (b *Binding) Named(uuid string) bool {
	return uuid != "" && (b.Instance() == uuid || b.Instance() == "urn:uuid:"+uuid)
}

// Same reports whether two bindings are of one terminal.
func (b *Binding) Same(o *Binding) bool {
	return b.ID == o.ID || b.DeviceID == o.DeviceID && b.InstanceID != "" && b.InstanceID == o.InstanceID
}

// As is the same terminal for another device that is lent there: both ring.
func (b Binding) As(number, membership, device, sipUser string, only bool) Binding {
	b.ID, b.Host = b.ID+lentHere, b.SIPUser
	b.Number, b.MembershipID, b.DeviceID, b.SIPUser, b.Only = number, membership, device, sipUser, only
	return b
}

// Telephone is the SIP user of the telephone itself, whoever is signed in there.
func (b *Binding) Telephone() string {
	if b.Host != "" {
		return b.Host
	}
	return b.SIPUser
}

const lentHere = "-lent"

// LentID is the id of a binding's second self.
func LentID(id string) string { return id + lentHere }
