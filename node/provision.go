package node

import (
	"context"
	"net"
	"strconv"
	"strings"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/setup"
	"github.com/callisto-tel/callisto/faces/provision"
)

// openSetups opens the links by which telephones fetch their settings: only a
// house that is reached by https has any, and `callisto dev` on its own machine.
func (n *Node) openSetups() {
	open := n.cfg.Dev || strings.HasPrefix(n.cfg.URL, "https://")
	n.setups = setup.New(n.store.Setups(), n.members, setup.Config{Now: n.opts.Now, SignedIn: n.signedInSince, Open: func() bool { return open }})
}

// lines are members' numbers and telephones, as their holders change them.
type lines struct {
	*member.Service
	setups *setup.Service
}

// NewPassword ends the links by which a telephone was set up, too: whoever has one
// would else fetch the next password.
func (l lines) NewPassword(ctx context.Context, by member.Actor, id string) (member.NewDevice, error) {
	out, err := l.Service.NewPassword(ctx, by, id)
	if err != nil {
		return out, err
	}
	return out, l.setups.End(ctx, id)
}

// describer says where a telephone registers.
type describer struct{ *Node }

// Describe makes a description of what a telephone is to be. Keys of its sound
// would lie open without TLS, and are not offered then.
func (n describer) Describe(a setup.Account) provision.Account {
	out := provision.Account{
		Domain: n.SIPDomain(a.Country), User: a.SIPUser, AuthUser: a.SIPUser, Password: a.Password, Transport: provision.UDP, Sound: provision.SoundPlain,
		Name: a.Name, Label: a.Number.Display(), Language: a.Language, Codes: n.plans.EmergencyCodes(a.Country), Now: n.opts.Now(), Waiting: true, VoiceMail: routing.MissedCode,
	}
	if secure, ok := n.secureDomain(a.Country); ok {
		out.Transport, out.Sound, out.Domain = provision.TLS, provision.SoundMay, secure
	}
	host, port, err := net.SplitHostPort(out.Domain)
	if number, bad := strconv.ParseUint(port, 10, 16); err == nil && bad == nil {
		out.Host, out.Port = host, uint16(number)
	}
	if zone, known := n.plans.Zone(a.TimeZone); known {
		out.Zone = zone
	} else {
		out.Zone = n.plans.Clock(a.Number.CallingCode, a.Number.National)
	}
	switch a.Sound {
	case member.SoundSRTP:
		out.Sound = provision.SoundMust
	case member.SoundDTLS:
		out.Sound = provision.SoundDTLS
	case member.SoundPlain:
		out.Sound = provision.SoundPlain
	default:
	}
	return out
}
