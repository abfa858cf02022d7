// Package lookup asks name servers for records that the system's own resolver
// does not give: with what they say, a look-up that failed is told from one that
// found nothing.
package lookup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Client asks name servers.
type Client struct {
	// Servers are asked in turn, HOST:PORT; none: those of the system.
	Servers []string
}

const (
	timeout = 3 * time.Second // of one question
	most    = 64              // records taken of an answer
)

// Ask returns the records of a name: none where there are none.
func (c Client) Ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	if _, ok := dns.IsDomainName(name); !ok {
		return nil, fmt.Errorf("%q is no domain name", name)
	}
	servers := c.Servers
	if len(servers) == 0 {
		conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil {
			return nil, fmt.Errorf("no name servers are known: %w", err)
		}
		for _, s := range conf.Servers {
			servers = append(servers, net.JoinHostPort(s, conf.Port))
		}
	}
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, false)
	last := errors.New("no name servers are known")
	for _, s := range servers {
		in, err := exchange(ctx, q, s)
		switch {
		case err != nil:
			last = err
		case in.Rcode == dns.RcodeSuccess, in.Rcode == dns.RcodeNameError:
			return in.Answer[:min(len(in.Answer), most)], nil
		default:
			last = fmt.Errorf("the name server %s answers %s", s, dns.RcodeToString[in.Rcode])
		}
	}
	return nil, fmt.Errorf("%s cannot be looked up: %w", name, last)
}

func exchange(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	in, _, err := (&dns.Client{Net: "udp", Timeout: timeout}).ExchangeContext(ctx, q, server)
	if err == nil && in.Truncated {
		in, _, err = (&dns.Client{Net: "tcp", Timeout: timeout}).ExchangeContext(ctx, q, server)
	}
	return in, err
}

// TXT returns the texts of a name, each put together of its parts.
func (c Client) TXT(ctx context.Context, name string) (out []string, err error) {
	list, err := c.Ask(ctx, name, dns.TypeTXT)
	for _, rr := range list {
		if t, ok := rr.(*dns.TXT); ok {
			out = append(out, strings.Join(t.Txt, ""))
		}
	}
	return out, err
}
