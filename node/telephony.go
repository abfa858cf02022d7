package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/platform/pki"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/exchange"
)

// telephony is what carries calls: telephony/exchange with the node's memory
// behind it.
type telephony struct{ *exchange.Exchange }

// openTelephony opens the sockets of every center.
func (n *Node) openTelephony(ctx context.Context) error {
	ca, err := pki.Open(filepath.Join(n.cfg.Data, "pki"), time.Now) // not the calendar of dev: others look at the machine's clock
	if err != nil {
		return err
	}
	centers, err := n.sipAddresses(ctx)
	if err != nil {
		return err
	}
	for _, c := range centers {
		n.hosts.Store(c.ID, c.Listen.Addr().String())
	}
	first, err := resolveAddr(ctx, "sip", n.cfg.SIP)
	if err != nil {
		return err
	}
	var public picks
	if n.cfg.SIPTLS != "" {
		if public, err = n.certificate(); err != nil {
			return err
		}
	}
	telephone, account := n.cfg.Together()
	x, err := exchange.New(exchange.Config{
		Public:  public,
		Centers: centers, Sound: first.Addr(), Realm: n.realm, Tables: n.tables, Devices: n.roster.Devices, Passes: n.passes, Guests: n.roster.Devices, Web: n.webAddress(), Bindings: n.bindings,
		Recorder: records{n.recorder, n.guard, n.log}, Charging: meter{n.charging, n.wallets, n.bundles, n.missed}, AtOnce: n.guard.AtOnce, Together: telephone, OfAccount: account, Waker: waker{n}, Wakes: []string{pushProvider}, VAPID: n.push.Public(), Woken: n.woken, Waiting: n.bell.Waiting, Menus: n.menus, Currency: n.currency(), Roots: ca.Pool(),
		Certificate: func(c center.ID) (tls.Certificate, error) {
			host, _ := n.hosts.Load(c)
			name, _ := host.(string)
			return ca.Certificate(edge.PeerURI(c), exchange.LinkName(c), name)
		},
		Node: nodeName, Epoch: n.epoch, Log: n.locations, Logger: n.log, Now: n.opts.Now,
		Internet: exchange.Internet{Domain: n.cfg.SIPDomain(), DNS: n.cfg.Internet.Servers(), Near: n.cfg.Internet.Nearby(), Open: n.cfg.Internet.IsOpen()},
	})
	if err != nil {
		return n.notOpened(n.sipKey(err), err)
	}
	n.telephony = telephony{x}
	return ctx.Err()
}

// sipAddresses gives each center its port: its own, or the next free one after
// that of the center before.
func (n *Node) sipAddresses(ctx context.Context) ([]exchange.Center, error) {
	first, err := resolveAddr(ctx, "sip", n.cfg.SIP)
	if err != nil {
		return nil, err
	}
	list := make([]exchange.Center, 0, len(n.cfg.Centers))
	for i, c := range n.cfg.Centers {
		x := exchange.Center{ID: center.ID(c.ID)}
		switch {
		case c.SIP != "":
			if x.Listen, err = resolveAddr(ctx, "centers: "+c.ID+": sip", c.SIP); err != nil {
				return nil, err
			}
		case i == 0 || first.Port() == 0:
			x.Listen = first
		default:
			x.Listen, x.Next = netip.AddrPortFrom(first.Addr(), first.Port()+uint16(i)), true
		}
		if n.cfg.Dev {
			x.TLS, x.NextTLS = devTLS(x.Listen), true
		}
		if n.cfg.SIPTLS != "" {
			if x.TLS, err = resolveAddr(ctx, "sip_tls", n.cfg.SIPTLS); err != nil {
				return nil, err
			}
			if i > 0 && x.TLS.Port() != 0 {
				x.TLS, x.NextTLS = netip.AddrPortFrom(x.TLS.Addr(), x.TLS.Port()+uint16(i)), true
			}
		}
		list = append(list, x)
	}
	return list, nil
}

// resolveAddr reads HOST:PORT; the host may be a name.
func resolveAddr(ctx context.Context, name, addr string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s: %w", name, err)
	}
	p, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s: %w", name, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s: %w", name, err)
	}
	return netip.AddrPortFrom(ips[0].Unmap(), uint16(p)), nil
}

// CallPrice is what the first minute to what is dialled costs an account now, with what it costs to connect, by the time
// of day of a number of its: by that it is charged for what is forwarded.
func (n *Node) CallPrice(account string, number numbering.Number, dialled string) (money.Amount, bool) {
	at := n.opts.Now().In(n.plans.Clock(number.CallingCode, number.National))
	price := n.ways.PriceOf(at, account, dialled)
	cost := money.Amount{Currency: n.currency()}
	if !price.Quote.Free() {
		cost.Micros = price.Quote.FirstMinute(at)
	}
	return cost, price.Known
}

// Addrs is where each center's telephones register, HOST:PORT.
func (t telephony) Addrs() map[center.ID]string {
	out := map[center.ID]string{}
	for _, c := range t.Centers() {
		out[c] = t.Addr(c).String()
	}
	return out
}

// records hands call records to the store. One it cannot take is written to the
// log, the last place that keeps it.
type records struct {
	store *store.Recorder
	guard *guard.Service
	log   *slog.Logger
}

// Record keeps a record.
func (r records) Record(rec cdr.Record) {
	r.guard.Watched(rec)
	if !r.store.Record(rec) {
		r.log.Error("call record not stored: the database stands still", "record", rec)
	}
}
