package node_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
)

// row is n ports in a row that are free for TCP and UDP, as far as a look tells.
func row(t *testing.T, n int) int {
	t.Helper()
	for first := 41000; first < 60000; first += n {
		free := true
		for port := first; port < first+n && free; port++ {
			at := fmt.Sprintf("127.0.0.1:%d", port)
			l, err := net.Listen("tcp", at)
			if err == nil {
				_ = l.Close()
			}
			u, uerr := net.ListenPacket("udp", at)
			if uerr == nil {
				_ = u.Close()
			}
			free = err == nil && uerr == nil
		}
		if free {
			return first
		}
	}
	t.Fatal("no free ports")
	return 0
}

// TestAPortThatIsTaken: one line says which, by whom, and what to set instead.
func TestAPortThatIsTaken(t *testing.T) {
	me, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	who := fmt.Sprintf("taken by %.15s (process %d)", filepath.Base(me), os.Getpid()) // as much as Linux keeps of a name
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close() //nolint:errcheck // a test's
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close() //nolint:errcheck // a test's
	serve := func(lines string) (config.Config, error) {
		file := filepath.Join(t.TempDir(), "callisto.yaml")
		if !strings.Contains(lines, "web_port") {
			lines += "web_port: 0\n"
		}
		text := "data: " + t.TempDir() + "\ncenters:\n  - {id: KR, countries: [KR]}\n" + lines
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Load(file, func(string) string { return "" })
	}
	port := func(a net.Addr) uint16 { return netip.MustParseAddrPort(a.String()).Port() }
	const free = "127.0.0.1:0"
	for name, c := range map[string]struct {
		cfg   func() (config.Config, error)
		wants []string
	}{
		"the pages of dev": {func() (config.Config, error) { return config.Dev(t.TempDir(), tcp.Addr().String(), free, "") },
			[]string{"http: ", fmt.Sprintf("port %d (TCP at 127.0.0.1)", port(tcp.Addr())), who, "--http HOST:PORT", "0 takes a free one"}},
		"SIP of dev, UDP": {func() (config.Config, error) { return config.Dev(t.TempDir(), free, udp.LocalAddr().String(), "") },
			[]string{"sip: ", fmt.Sprintf("port %d (UDP at 127.0.0.1)", port(udp.LocalAddr())), who, "--sip HOST:PORT"}},
		"SIP of dev, TCP": {func() (config.Config, error) { return config.Dev(t.TempDir(), free, tcp.Addr().String(), "") },
			[]string{"sip: ", "(TCP at 127.0.0.1)", who, "--sip HOST:PORT"}},
		"the pages": {func() (config.Config, error) { return serve("http: " + tcp.Addr().String() + "\nsip: " + free + "\n") },
			[]string{"http: ", who, "http in the configuration, or CALLISTO_HTTP"}},
		"SIP": {func() (config.Config, error) {
			return serve("http: " + free + "\nsip: " + udp.LocalAddr().String() + "\n")
		},
			[]string{"sip: ", who, "sip in the configuration, or CALLISTO_SIP"}},
		"sound": {func() (config.Config, error) {
			return serve(fmt.Sprintf("http: %s\nsip: %s\nweb_port: %d\n", free, free, port(udp.LocalAddr())))
		}, []string{"web_port: ", who, "CALLISTO_WEB_PORT"}},
		"ENUM": {func() (config.Config, error) {
			return serve("http: " + free + "\nsip: " + free + "\ndns: {listen: \"" + udp.LocalAddr().String() + "\", zone: e164.tel.example}\n")
		}, []string{"dns.listen: ", who, "CALLISTO_DNS_LISTEN"}},
		"an address of another machine": {func() (config.Config, error) { return config.Dev(t.TempDir(), "192.0.2.1:0", free, "") },
			[]string{"http: 192.0.2.1 is no address of this machine", "--http HOST:PORT"}},
	} {
		cfg, err := c.cfg()
		if err != nil {
			t.Fatal(name, err)
		}
		n, err := node.New(t.Context(), cfg, node.Options{})
		if err == nil {
			_ = n.Close()
			t.Errorf("%s: it starts", name)
			continue
		}
		for _, want := range c.wants {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %q does not say %q in one line", name, err, want)
			}
		}
	}
}

// TestDevListensAtTheSamePorts: TLS and ENUM too, or at the next free ones.
func TestDevListensAtTheSamePorts(t *testing.T) {
	first := row(t, 15)
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+10))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // a test's
	r := startWith(t, t.TempDir(), func(c *config.Config) { c.SIP = fmt.Sprintf("127.0.0.1:%d", first) })
	for center, want := range map[string]string{"KR": fmt.Sprintf("127.0.0.1:%d", first+11), "US": fmt.Sprintf("127.0.0.1:%d", first+12)} {
		if got := str(r.dev, "centers", center, "sips"); got != want {
			t.Errorf("%s takes TLS at %s, not %s", center, got, want)
		}
	}
	if at := netip.MustParseAddrPort(str(r.dev, "dns", "listen")); at.Port() < 8053 || at.Port() > 8152 {
		t.Errorf("ENUM is at %v", at)
	}
}
