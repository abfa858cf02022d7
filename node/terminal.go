package node

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/terminal"
	"github.com/callisto-tel/callisto/faces/source"
	"github.com/callisto-tel/callisto/telephony/exchange"
)

// webAddress is where browsers open their WebSockets, as SIP names it: where the
// pages are.
func (n *Node) webAddress() exchange.Web {
	port, _ := n.cfg.SoundPort() // it was checked
	w := exchange.Web{Secure: strings.HasPrefix(n.cfg.URL, "https://"), SoundPort: port}
	if a, ok := n.listener.Addr().(*net.TCPAddr); ok {
		w.Addr = a.AddrPort()
	}
	return w
}

// webOrigin is the host that pages of ours are at, "" if the configuration names
// none: then it is the one that was asked.
func (n *Node) webOrigin() string {
	u, err := url.Parse(n.cfg.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// sourceOf is the address a request comes from.
func sourceOf(r *http.Request) netip.Addr {
	a, err := netip.ParseAddr(source.Of(r).Address)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return a
}

// phones lets whoever is signed in use a browser as a telephone.
type phones struct{ *Node }

// Phone makes a pass for a number's browsers and says where they register.
func (n phones) Phone(ctx context.Context, by member.Actor, membership, country string) (terminal.Phone, error) {
	c, err := n.members.BrowserDevice(ctx, by, membership, country)
	if err != nil {
		return terminal.Phone{}, err
	}
	return n.phone(c, cmp.Or(by.Session, by.Key)), nil
}

// CardPhone makes a pass for a terminal at which a card is signed in. It
// registers at the center of the country where it is.
func (n phones) CardPhone(ctx context.Context, s idcard.SignIn) (terminal.Phone, error) {
	c, err := n.members.Lent(ctx, s.Membership, s.Device)
	if err != nil {
		return terminal.Phone{}, err
	}
	x := n.phone(c, "") // its device ends with the sign-in
	if id, open := n.centers.ForCountry(s.Place); open {
		x.Center = string(id)
	}
	return x, nil
}

// phone is what a browser needs to know to be the telephone of a credential, in a
// session.
func (n phones) phone(c member.Credential, session string) terminal.Phone {
	now := n.opts.Now()
	home, _ := n.centers.ForCountry(c.Country)
	pass, until := n.passes.Issue(terminal.Pass{SIPUser: c.SIPUser, Session: session})
	return terminal.Phone{
		Pass: pass, Until: until, User: c.SIPUser, Domain: n.realm, Center: string(home), Number: c.Number.Display(), Name: c.Name, Device: c.Device,
		Servers: terminal.Relay{URLs: n.cfg.TURN.URLs, Secret: n.cfg.TURN.Secret}.Servers(c.Account, now),
	}
}
