package trunk

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// nobody takes no calls.
type nobody struct{}

func (nobody) Urgent(*sip.Msg) bool         { return false }
func (nobody) Timer(*sip.UserTimer)         {}
func (nobody) Event(*sip.Dialog, sip.Event) {}
func (nobody) Request(*sip.Incoming)        {}

// network is a center and a gateway in virtual time. The gateway notes what it
// is asked and answers what the test says: lines after the status line.
type network struct {
	t     *testing.T
	sim   *sip.Sim
	x     *Trunks
	start time.Time
	asked []string // what the gateway got, one for each request
	say   func(req string) (status string, lines []string)
	seen  string // where it says that we come from: ;received= and ;rport=
}

var gatewayAt = netip.MustParseAddrPort("198.51.100.11:5060")

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{t: t, sim: sip.NewSim(3), start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	n.sim.Delay, n.sim.Refuse = sip.Millisecond, true
	core, err := n.sim.Core(sip.Config{Handler: func(*sip.Shard) sip.Handler { return nobody{} }}, map[netip.AddrPort]string{netip.MustParseAddrPort("192.0.2.1:5060"): "KR"})
	if err != nil {
		t.Fatal(err)
	}
	n.x = newTrunks(Config{Core: func() *sip.Core { return core }, Now: func() time.Time { return n.start.Add(time.Duration(n.sim.Now())) }})
	n.there()
	return n
}

// there has the gateway at its address.
func (n *network) there() {
	n.sim.Peer(gatewayAt, func(from netip.AddrPort, b []byte) {
		req := string(b)
		n.asked = append(n.asked, req)
		if n.say == nil {
			return
		}
		status, lines := n.say(req)
		out := "SIP/2.0 " + status + "\r\n"
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			v := field(req, name)
			if name == "To" {
				v += ";tag=gw"
			}
			if name == "Via" && n.seen != "" {
				v = strings.Replace(v, ";rport", n.seen, 1)
			}
			out += name + ": " + v + "\r\n"
		}
		for _, l := range lines {
			out += l + "\r\n"
		}
		n.sim.Send(gatewayAt, from, []byte(out+"Content-Length: 0\r\n\r\n"))
	})
}

func field(msg, name string) string {
	_, rest, _ := strings.Cut(msg, "\r\n"+name+": ")
	v, _, _ := strings.Cut(rest, "\r\n")
	return v
}

// run lets time pass, and has the trunks tended as often as they ask for.
func (n *network) run(d sip.Mono) {
	end := n.sim.Now() + d
	next := n.sim.Now()
	for n.sim.Now() < end {
		select {
		case <-n.x.kick:
			next = n.sim.Now()
		default:
		}
		if next <= n.sim.Now() {
			next = n.x.keep(n.sim.Now())
		}
		n.sim.Run(min(max(next-n.sim.Now(), 10*sip.Millisecond), 50*sip.Millisecond, end-n.sim.Now()))
	}
}

func (n *network) set(x carrier.Trunk) {
	x.ID, x.Host, x.Transport = "t", gatewayAt.String(), carrier.UDP
	n.x.SetCarriers([]carrier.Carrier{{ID: "c", Center: "KR", Trunks: []carrier.Trunk{x}}})
}

func (n *network) count(method string) (k int) {
	for _, a := range n.asked {
		if strings.HasPrefix(a, method+" ") {
			k++
		}
	}
	return k
}

func (n *network) health(want carrier.Health) {
	n.t.Helper()
	if s := n.x.State("t"); s.Health != want || n.x.Down("t") != (want == carrier.Down) || (want == carrier.Unknown) != s.Since.IsZero() {
		n.t.Fatalf("after %v: %+v, want %s", time.Duration(n.sim.Now()), s, want)
	}
}

func always(status string, lines ...string) func(string) (string, []string) {
	return func(string) (string, []string) { return status, lines }
}

// TestAGatewayIsAskedWhetherItIsThere: every 30 s; any answer says that it is,
// three that do not come that it is not, and a refused connection at once.
func TestAGatewayIsAskedWhetherItIsThere(t *testing.T) {
	n := newNetwork(t)
	n.set(carrier.Trunk{})
	n.run(100 * sip.Second)
	n.health(carrier.Unknown)
	if len(n.asked) != 0 {
		t.Fatalf("asked without need: %q", n.asked)
	}
	n.set(carrier.Trunk{Ping: true})
	n.say = always("404 Not Here")
	n.run(95 * sip.Second)
	n.health(carrier.Up)
	if k := n.count("OPTIONS"); k != 4 {
		t.Errorf("asked %d times in 95 s", k)
	}
	if s := n.x.State("t"); s.Answer.Text() != "The gateway answers: 404 Not Here." {
		t.Errorf("%+v", s)
	}
	n.say = nil // it says nothing any more
	n.run(75 * sip.Second)
	n.health(carrier.Up)
	n.run(30 * sip.Second)
	n.health(carrier.Down)
	n.say = always("200 OK")
	n.run(30 * sip.Second)
	n.health(carrier.Up)
	n.sim.Peer(gatewayAt, nil)
	n.run(31 * sip.Second)
	n.health(carrier.Down)
	if s := n.x.State("t"); s.Answer.Code != carrier.Unreached || s.Since.Before(n.start) {
		t.Errorf("%+v", s)
	}
	n.there()
	n.run(31 * sip.Second)
	n.health(carrier.Up)
}

// registrar registers for a time, once it has seen credentials.
func registrar(seconds string) func(string) (string, []string) {
	return func(req string) (string, []string) {
		if !strings.HasPrefix(req, "REGISTER ") || strings.Contains(req, "\r\nAuthorization: Digest username=\"us\", realm=\"carrier\"") {
			return "200 OK", []string{"Contact: <sip:somebody@192.0.2.99>;expires=5", "Contact: <sip:us@192.0.2.1:5060>;expires=" + seconds, "Expires: 7"}
		}
		return "401 Who", []string{`WWW-Authenticate: Digest realm="carrier", nonce="n", qop="auth"`}
	}
}

func us() carrier.Trunk { return carrier.Trunk{Register: true, User: "us", Password: "secret"} }

// TestARegistrationIsKept: refreshed before it ends, with one Call-ID and a
// growing CSeq, and given up when the trunk goes.
func TestARegistrationIsKept(t *testing.T) {
	n := newNetwork(t)
	n.say = registrar("100")
	n.set(us())
	n.run(sip.Second)
	n.health(carrier.Up)
	s := n.x.State("t")
	if left := s.Registered.Sub(n.x.cfg.Now()); left < 95*time.Second || left > 100*time.Second || s.Registry.Code != carrier.Registered {
		t.Fatalf("%+v", s)
	}
	if c := n.x.ByAddress("KR", gatewayAt, "us"); len(c) != 1 || c[0].Trunk.ID != "t" {
		t.Error("a call over the registration is not known")
	}
	if c := n.x.ByAddress("KR", netip.MustParseAddrPort("198.51.100.11:5099"), "us"); len(c) > 0 {
		t.Error("a call from another port is")
	}
	for range 20 {
		n.run(50 * sip.Second)
		if left := n.x.State("t").Registered.Sub(n.x.cfg.Now()); left < 5*time.Second {
			t.Fatalf("only %v left", left)
		}
	}
	if k := n.count("REGISTER"); k < 22 || k > 30 { // twice each, for the challenge
		t.Errorf("%d requests in 1000 s", k)
	}
	seq := 0
	for _, a := range n.asked {
		var v int
		if _, err := fmt.Sscan(field(a, "CSeq"), &v); err != nil || v <= seq || field(a, "Call-ID") != field(n.asked[0], "Call-ID") {
			t.Fatalf("after CSeq %d:\n%s", seq, a)
		}
		seq = v
	}
	n.x.SetCarriers(nil)
	n.sim.Run(sip.Second)
	if last := n.asked[len(n.asked)-1]; field(last, "Contact") != "<sip:us@192.0.2.1:5060>;expires=0" || !strings.Contains(last, "Authorization") {
		t.Errorf("no leave was taken:\n%s", last)
	}
}

// TestALongerRegistrationIsAskedFor: RFC 3261 §10.2.8; and one that wants
// more each time is not given in to for ever.
func TestALongerRegistrationIsAskedFor(t *testing.T) {
	n := newNetwork(t)
	n.say = func(req string) (string, []string) {
		if strings.Contains(field(req, "Contact"), "expires=600") {
			return "423 Too Brief", []string{"Min-Expires: 1800"}
		}
		return "200 OK", []string{"Expires: 1800"}
	}
	n.set(us())
	n.run(sip.Second)
	if s := n.x.State("t"); s.Registered.Sub(n.x.cfg.Now()) < 1790*time.Second || n.count("REGISTER") != 2 {
		t.Errorf("%+v after %d", s, n.count("REGISTER"))
	}
	n.asked = nil
	wants := 2000
	n.say = func(string) (string, []string) {
		wants++
		return "423 More", []string{fmt.Sprint("Min-Expires: ", wants)}
	}
	n.run(2000 * sip.Second)
	if k := n.count("REGISTER"); k == 0 || k > 20 {
		t.Errorf("%d requests of one who never has enough", k)
	}
}

// TestARefusedRegistrationWaitsLongerEachTime, and calls may still leave: the
// gateway is there. What is changed of it is tried at once.
func TestARefusedRegistrationWaitsLongerEachTime(t *testing.T) {
	n := newNetwork(t)
	n.say = always("403 Not You")
	n.set(us())
	n.run(3600 * sip.Second)
	n.health(carrier.Up)
	if k := n.count("REGISTER"); k < 12 || k > 40 {
		t.Errorf("%d requests in an hour", k)
	}
	if s := n.x.State("t"); !s.Registered.IsZero() || s.Registry.Code != carrier.Disbelieve || !strings.Contains(s.Registry.Text(), "403 Not You") {
		t.Errorf("%+v", s)
	}
	n.say = registrar("100")
	better := us()
	better.Password = "better"
	n.set(better)
	n.run(sip.Second)
	if s := n.x.State("t"); s.Registered.IsZero() {
		t.Errorf("%+v", s)
	}
	n.say = nil
	n.run(400 * sip.Second)
	n.health(carrier.Down)
	n.say = always("503 Later", "Retry-After: 200 (maintenance)")
	n.run(300 * sip.Second)
	n.asked = nil
	n.run(190 * sip.Second)
	if k := n.count("REGISTER"); k > 1 {
		t.Errorf("asked %d times though it was to be left alone", k)
	}
}

// TestWhereWeAreSeenIsRegistered: behind a NAT, and again when that changes;
// the old address is taken out.
func TestWhereWeAreSeenIsRegistered(t *testing.T) {
	n := newNetwork(t)
	n.say = always("200 OK", "Expires: 100")
	n.seen = ";received=203.0.113.9;rport=1024"
	n.set(us())
	n.run(sip.Second)
	if k := n.count("REGISTER"); k != 2 || strings.Count(n.asked[1], "Contact: ") != 2 || !strings.Contains(n.asked[1], "Contact: <sip:us@203.0.113.9:1024>;expires=600\r\n") ||
		!strings.Contains(n.asked[1], "Contact: <sip:us@192.0.2.1:5060>;expires=0\r\n") {
		t.Fatalf("%d: %q", k, n.asked)
	}
	n.run(70 * sip.Second)
	n.seen = ";received=203.0.113.9;rport=2048"
	n.run(30 * sip.Second)
	if last := n.asked[len(n.asked)-1]; !strings.Contains(last, "<sip:us@203.0.113.9:2048>;expires=600") || !strings.Contains(last, "<sip:us@203.0.113.9:1024>;expires=0") {
		t.Errorf("%s", last)
	}
	// One that says another port each time is not followed around.
	port := 3000
	n.say = func(string) (string, []string) {
		port++
		n.seen = fmt.Sprint(";received=203.0.113.9;rport=", port)
		return "200 OK", []string{"Expires: 100"}
	}
	n.asked = nil
	n.run(1000 * sip.Second)
	if k := n.count("REGISTER"); k > 30 {
		t.Errorf("%d requests", k)
	}
}

// TestAGatewayOfSeveralAddresses is there as long as one of them answers.
func TestAGatewayOfSeveralAddresses(t *testing.T) {
	n := newNetwork(t)
	n.say = func(string) (string, []string) { return "200 OK", nil }
	n.set(carrier.Trunk{Ping: true})
	n.x.mu.Lock()
	n.x.ways["t"].addrs = []netip.Addr{netip.MustParseAddr("198.51.100.77"), gatewayAt.Addr()}
	n.x.mu.Unlock()
	n.run(3 * sip.Mono(pingEvery))
	n.health(carrier.Up)
	if w, err := n.x.Way("t"); err != nil || w.Flow.Remote != gatewayAt {
		t.Errorf("calls go to %v %v", w.Flow.Remote, err)
	}
}

// TestAnUrgentCallIsNotRefused where a trunk has all that it takes, and counts.
func TestAnUrgentCallIsNotRefused(t *testing.T) {
	n := newNetwork(t)
	n.set(carrier.Trunk{Capacity: 1, CPS: 1})
	now := n.x.cfg.Now()
	for i, x := range []struct{ urgent, ok bool }{{false, true}, {false, false}, {true, true}, {true, true}, {false, false}} {
		if err := n.x.Take("t", now, x.urgent); (err == nil) != x.ok {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if calls := n.x.Calls("t"); calls != 3 {
		t.Errorf("%d calls are counted", calls)
	}
}
