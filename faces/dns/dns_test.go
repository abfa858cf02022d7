package dns

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/callisto-tel/callisto/business/routing"
)

type noNumbers struct{}

func (noNumbers) Published(string) (routing.Holder, bool) { return routing.Holder{}, false }
func (noNumbers) Under(string) bool                       { return false }

// TestOneNetworkIsAnsweredSoMuch, over TCP as over UDP, however many connections
// it has; what it asked over the one is not counted over the other.
func TestOneNetworkIsAnsweredSoMuch(t *testing.T) {
	var seconds atomic.Int64
	s, err := Open(t.Context(), Config{
		Listen: "127.0.0.1:0", Zone: "e164.tel.example", Numbers: noNumbers{}, Domain: func(string) string { return "tel.example" },
		Now: func() time.Time { return time.Unix(1_800_000_000+seconds.Load(), 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	q := new(dns.Msg).SetQuestion("e164.tel.example.", dns.TypeSOA)
	asks := func(network string, times int) (answered int) {
		t.Helper()
		c := dns.Client{Net: network, Timeout: 200 * time.Millisecond}
		var conn *dns.Conn
		for range times {
			if conn == nil {
				if conn, err = c.DialContext(t.Context(), s.Addr().String()); err != nil {
					t.Fatal(err)
				}
			}
			a, _, err := c.ExchangeWithConnContext(t.Context(), q, conn)
			if err == nil && a.Rcode == dns.RcodeSuccess && !a.Truncated {
				answered++
			} else if network == "tcp" {
				var late net.Error
				if err == nil || errors.As(err, &late) && late.Timeout() {
					t.Errorf("over the limit the connection stays: %v", err)
				}
				_ = conn.Close()
				conn = nil
			}
		}
		if conn != nil {
			_ = conn.Close()
		}
		return answered
	}
	if got := asks("tcp", burst/2) + asks("tcp", burst/2); got != burst {
		t.Errorf("%d of %d are answered", got, burst)
	}
	if got := asks("tcp", 5); got != 0 {
		t.Errorf("%d over the limit are answered", got)
	}
	if got := asks("udp", 5); got != 5 {
		t.Errorf("over UDP %d of 5 are answered", got)
	}
	seconds.Add(1)
	if got := asks("tcp", perSecond+5); got != perSecond {
		t.Errorf("a second later %d are answered", got)
	}
	if got := asks("udp", burst+2); got != burst {
		t.Errorf("over UDP %d are answered", got)
	}
}
