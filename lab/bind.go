package lab

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Bind is a run of the name server of Debian's package bind9.
type Bind struct {
	Zones   map[string]string // zone → its records, without SOA and NS
	Options string            // further options of named
	Forward netip.AddrPort    // whom it asks for everything else; it then resolves for others
}

// Serve runs it until the test ends and returns its address.
func (b Bind) Serve(t testing.TB) netip.AddrPort {
	t.Helper()
	dir := t.TempDir()
	at := FreePort(t, netip.MustParseAddr("127.0.0.1"))
	var conf strings.Builder
	fmt.Fprintf(&conf, "options { directory %q; listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none; session-keyfile none; managed-keys-directory %q; dnssec-validation no; empty-zones-enable no; minimal-responses yes; %s\n",
		dir, at.Port(), dir, b.Options)
	if b.Forward.IsValid() {
		fmt.Fprintf(&conf, "recursion yes; allow-recursion { any; }; forward only; forwarders { %s port %d; };\n", b.Forward.Addr(), b.Forward.Port())
	} else {
		conf.WriteString("recursion no;\n")
	}
	conf.WriteString("};\ncontrols { };\n")
	probe := "."
	for zone, records := range b.Zones {
		file := filepath.Join(dir, zone+".zone")
		text := "$TTL 60\n@ IN SOA ns." + zone + ". hostmaster." + zone + ". 1 60 60 600 60\n@ IN NS ns." + zone + ".\nns IN A 127.0.0.1\n" + records
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&conf, "zone %q { type primary; file %q; check-names ignore; };\n", zone, file)
		probe = zone + "."
	}
	path := filepath.Join(dir, "named.conf")
	if err := os.WriteFile(path, []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, tool(t, "named", "bind9"), "-g", "-n", "1", "-c", path)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("named: %s", tail(out.Bytes(), 3000))
		}
	})
	awaitDNS(t, at, probe)
	return at
}

// awaitDNS returns once a name server answers.
func awaitDNS(t testing.TB, at netip.AddrPort, zone string) {
	t.Helper()
	q := new(dns.Msg).SetQuestion(zone, dns.TypeSOA)
	c := dns.Client{Timeout: 200 * time.Millisecond}
	late := time.After(20 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if in, _, err := c.Exchange(q, at.String()); err == nil && (zone == "." || in.Rcode != dns.RcodeServerFailure) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the name server at %s does not answer", at)
		}
	}
}
