package lab

import (
	"strings"
	"testing"
	"time"
)

// TestATelephoneKeepsItsFlow: baresip registers with a reg-id over each transport,
// and is called by that flow.
func TestATelephoneKeepsItsFlow(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			n := New(t, Options{})
			caller, called := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "KR", "82", "25551235")
			b := Baresip{User: called.User, Password: called.Password, Server: n.server("KR", transport), Transport: transport, CAFile: n.CAFile, Flows: true, Hz: 1200, Seconds: 9}.Start(t)
			b.Wait("200 OK", 5*time.Second)
			list := n.Bindings.ByNumber(nil, called.Number.Canonical(), time.Now())
			if len(list) != 1 || list[0].RegID != 1 || list[0].InstanceID == "" {
				t.Fatalf("it is registered as %+v", list)
			}
			a := Baresip{User: caller.User, Password: caller.Password, Server: n.server("KR", "udp"), Hz: 500, Seconds: 7, Dial: called.Number.Canonical()}.Start(t)
			a.Wait("Call established", 6*time.Second)
			hear(t, a, 500, b, 1200)
		})
	}
}

// TestATelephoneBehindAProxy: one that reaches us by a proxy at the edge of its
// network is called by that way, and calls by it.
func TestATelephoneBehindAProxy(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	inside, outside := n.Member("Minji Kim", "KR", "82", "25551234"), n.Member("Ada Rivera", "US", "1", "3125550142")
	proxy := EdgeProxy(t, n.server("KR", "udp")).String()
	for _, calls := range []bool{false, true} {
		seconds, dial, other := 11, "", 7
		if calls {
			seconds, dial, other = 7, outside.Number.Canonical(), 11
		}
		far := func() *Softphone {
			b := Baresip{User: outside.User, Password: outside.Password, Server: n.server("US", "udp"), Hz: 1200, Seconds: other}
			if !calls {
				b.Dial = inside.Number.Canonical()
			}
			return b.Start(t)
		}
		var a, b *Softphone
		if calls {
			b = far()
			b.Wait("200 OK", 5*time.Second)
		}
		a = Baresip{User: inside.User, Password: inside.Password, Server: proxy, Hz: 500, Seconds: seconds, Dial: dial}.Start(t)
		a.Wait("200 OK", 5*time.Second)
		list := n.Bindings.ByNumber(nil, inside.Number.Canonical(), time.Now())
		if len(list) == 0 || !strings.Contains(list[0].Path, proxy) || !strings.Contains(list[0].Path, "received=") {
			t.Fatalf("it is registered as %+v", list)
		}
		if !calls {
			b = far()
			b.Wait("Call established", 6*time.Second)
			hear(t, b, 1200, a, 500)
		} else {
			a.Wait("Call established", 6*time.Second)
			hear(t, a, 500, b, 1200)
		}
		for _, r := range n.Records.Wait(t, 2) {
			if !r.Answered() || r.HungUp == "" {
				t.Errorf("the record is %+v", r)
			}
		}
	}
}
