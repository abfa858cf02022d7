package node

import (
	"context"
	"net/netip"
	"strings"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/faces/dns"
	"github.com/callisto-tel/callisto/platform/lookup"
	"github.com/callisto-tel/callisto/telephony/exchange"
)

// openNames opens the desk where domain names and e-mail addresses are proved.
func (n *Node) openNames() {
	n.names = alias.New(n.store.Names(), alias.Config{
		Sold: n.roster.Numbers, TXT: lookup.Client{Servers: n.cfg.Internet.Servers()}.TXT, Proved: n.provedAny,
		Reader: n.reader, Tell: n.roster.Named, Ours: n.ours, Link: n.link, Log: n.log, Now: n.opts.Now,
	})
}

// provedAny reports whether an account has proved a telephone, whatever for.
func (n *Node) provedAny(ctx context.Context, account, e164 string) bool {
	for _, purpose := range proof.Purposes() {
		if n.provedFor(ctx, account, e164, member.Purpose(purpose)) {
			return true
		}
	}
	return false
}

// devZone is where the numbers of dev are looked up.
const devZone = "e164.callisto.example"

// openZone opens the listener where our numbers are looked up.
func (n *Node) openZone(ctx context.Context) error {
	cfg := n.cfg.DNS
	if cfg.Listen == "" {
		if !n.cfg.Dev {
			return nil
		}
		return n.openDevZone(ctx)
	}
	var err error
	if n.zone, err = n.zoneAt(ctx, cfg.Listen, cfg.Zone); err != nil {
		return n.notOpened("dns.listen", err)
	}
	return nil
}

// openDevZone does that in dev, at the same port each time if it is free.
func (n *Node) openDevZone(ctx context.Context) error {
	first := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), devZonePort)
	if strings.HasSuffix(n.cfg.SIP, ":0") {
		first = netip.AddrPortFrom(first.Addr(), 0)
	}
	return exchange.Nearby(first, true, func(at netip.AddrPort) (err error) {
		n.zone, err = n.zoneAt(ctx, at.String(), devZone)
		return err
	})
}

func (n *Node) zoneAt(ctx context.Context, listen, zone string) (*dns.Server, error) {
	return dns.Open(ctx, dns.Config{
		Listen: listen, Zone: zone, Numbers: routing.NewDirectory(n.tables, n.roster.Numbers, n.roster.LineNumbers, n.opts.Now), Publisher: n.publisher(),
		Domain: func(country string) string {
			if d := n.cfg.SIPDomain(); d != "" {
				return d
			}
			return n.SIPDomain(country)
		},
		Log: n.log, Now: n.opts.Now,
	})
}

// publisher is what holders publish of their numbers.
func (n *Node) publisher() dns.Publisher {
	return publish.Lookup{Cards: n.cards, Numbers: numbersAndLines{n.roster.Numbers, n.roster}}
}

// numbersAndLines are the world numbers, and the telephone numbers that ring them.
type numbersAndLines struct {
	*routing.Numbers
	lines routing.Lines
}

// Line finds a telephone number.
func (x numbersAndLines) Line(e164 string) (routing.Line, bool) { return x.lines.Line(e164) }
