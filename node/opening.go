package node

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/opening"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/telephony/exchange"
)

// openCountries reads which centers there are: those of the configuration and
// those opened from a page. Of the latter only the started ones count for
// sales and calls; all have their sockets.
func (n *Node) openCountries(ctx context.Context) error {
	list, err := n.store.Openings().Openings(ctx)
	if err != nil {
		return err
	}
	n.centers, n.sites = directory(n.plans, n.cfg.Centers), directory(n.plans, n.cfg.Centers)
	for _, o := range list {
		if _, configured := n.sites.ForCountry(o.Country); configured {
			continue // the configuration has it by now
		}
		n.cfg.Centers = append(n.cfg.Centers, config.Center{ID: o.Country, Name: o.Name, Countries: []string{o.Country}, SIP: o.Listen})
		n.sites.Add(o.Center())
		if o.Open() {
			n.centers.Add(o.Center())
		}
	}
	return nil
}

// openDesk opens the desk where countries are opened.
func (n *Node) openDesk() {
	n.openings = opening.New(opening.Config{
		Store: n.store.Openings(), Plans: n.plans, Directory: n.centers, Network: n, Shop: n.shop, Carriers: n.carriers, Emergency: n.ways.Emergency, Now: n.opts.Now,
		Started: func(ctx context.Context) error {
			if err := n.desk.Load(ctx); err != nil {
				return err
			}
			if err := n.carriers.Load(ctx); err != nil { // who takes its emergency calls counts from now on
				return err
			}
			return n.roster.CatalogueChanged(ctx)
		},
	})
}

// OpenCenter opens the sockets of a center while the others serve.
func (n *Node) OpenCenter(ctx context.Context, o opening.Opening) error {
	x := exchange.Center{ID: center.ID(o.Country)}
	first, err := resolveAddr(ctx, "sip", n.cfg.SIP)
	if err != nil {
		return err
	}
	switch {
	case o.Listen != "":
		if x.Listen, err = resolveAddr(ctx, "address", o.Listen); err != nil {
			return err
		}
	case first.Port() == 0:
		x.Listen = first
	default: // as many further as there are, and then the next free one
		port := int(first.Port()) + len(n.sites.All())
		if port > 65000 {
			return fmt.Errorf("no port is left after %d", first.Port())
		}
		x.Listen, x.Next = netip.AddrPortFrom(first.Addr(), uint16(port)), true
	}
	if n.cfg.Dev {
		x.TLS, x.NextTLS = devTLS(x.Listen), true
	}
	n.hosts.Store(x.ID, x.Listen.Addr().String())
	if n.cfg.SIPTLS != "" {
		if x.TLS, err = resolveAddr(ctx, "sip_tls", n.cfg.SIPTLS); err != nil {
			return err
		}
		x.NextTLS = true
	}
	if err := n.telephony.Open(x); err != nil {
		return err
	}
	n.sites.Add(o.Center())
	if n.tester != nil {
		return n.carriers.Fix(ctx, n.testCarrier(o.Center()))
	}
	return nil
}
