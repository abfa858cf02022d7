package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Kamailio is Debian's Kamailio as another VoIP company: see
// testdata/kamailio.cfg. Its realm is partner.example, the password of a user
// is "pw" and his name.
type Kamailio struct {
	Callisto string           // HOST:PORT where it calls us, with ;transport=tls if so
	Realm    string           // ours, where it has to prove itself
	Gateway  netip.AddrPort   // where ordinary telephones are reached
	TLS      *tls.Certificate // it has TLS, with this certificate in both directions; then calls over TLS need no digest
	CAFile   string           // whom it believes over TLS
}

// Start runs it until the test ends and returns where it listens: over TLS if it
// has that, and over UDP.
func (k Kamailio) Start(t testing.TB) (secure, plain netip.AddrPort) {
	t.Helper()
	dir := t.TempDir()
	plain = FreePort(t, netip.MustParseAddr("127.0.0.1"))
	listen, secrets, proven := "listen=udp:"+plain.String()+"\ndisable_tcp=yes", "", "method == \"INVITE\""
	if k.TLS != nil {
		secure = FreePort(t, netip.MustParseAddr("127.0.0.1"))
		listen = "listen=udp:" + plain.String() + "\nlisten=tls:" + secure.String() + "\nenable_tls=yes\ntcp_children=2"
		secrets = "loadmodule \"tls.so\"\nmodparam(\"tls\", \"config\", \"" + filepath.Join(dir, "tls.cfg") + "\")"
		proven = "$proto != \"tls\""
		k.certificate(t, dir)
	}
	if !k.Gateway.IsValid() {
		k.Gateway = plain
	}
	kamailio(t, dir, "kamailio.cfg", "@LISTEN@", listen, "@TLS@", secrets, "@PROVEN@", proven,
		"@GATEWAY@", k.Gateway.String(), "@CALLISTO@", k.Callisto, "@REALM@", k.Realm)
	awaitBound(t, plain)
	if secure.IsValid() {
		awaitAccepting(t, secure)
	}
	return secure, plain
}

// EdgeProxy runs Kamailio between telephones and us until the test ends: see
// testdata/edge.cfg. It returns where telephones reach it.
func EdgeProxy(t testing.TB, callisto string) netip.AddrPort {
	t.Helper()
	at := FreePort(t, netip.MustParseAddr("127.0.0.1"))
	kamailio(t, t.TempDir(), "edge.cfg", "@LISTEN@", "listen=udp:"+at.String(), "@CALLISTO@", callisto)
	awaitBound(t, at)
	return at
}

// kamailio runs it by a configuration of testdata, with what stands there put in.
func kamailio(t testing.TB, dir, name string, puts ...string) {
	t.Helper()
	program, err := exec.LookPath("kamailio")
	if err != nil {
		program = "/usr/sbin/kamailio"
	}
	text, err := os.ReadFile(filepath.Join("testdata", name)) //nolint:gosec // one of two
	if err != nil {
		t.Fatal(err)
	}
	modules, _ := filepath.Glob("/usr/lib/*/kamailio/modules")
	if len(modules) == 0 {
		t.Fatal("kamailio is missing: apt-get install kamailio kamailio-tls-modules (scripts/install-test-tools does)")
	}
	config := strings.NewReplacer(append(puts, "@MODULES@", modules[0]+"/")...).Replace(string(text))
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil { //nolint:gosec // a folder of the test
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Softphone{t: t, dir: dir, stop: cancel, done: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd = exec.CommandContext(ctx, program, "-f", path, "-DD", "-E", "-m", "64", "-M", "8", "-w", dir, "-Y", dir)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = p, p, dir
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) } // it ends its children
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // it is ended
		close(p.done)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.done
		if t.Failed() {
			t.Logf("kamailio:\n%s", p.tail())
		}
	})
}

// certificate writes what Kamailio's TLS needs.
func (k Kamailio) certificate(t testing.TB, dir string) {
	t.Helper()
	var chain []byte
	for _, der := range k.TLS.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(k.TLS.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	conf := ""
	for _, side := range []string{"server", "client"} {
		conf += "[" + side + ":default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes" +
			"\nprivate_key = " + filepath.Join(dir, "key.pem") + "\ncertificate = " + filepath.Join(dir, "cert.pem") + "\nca_list = " + k.CAFile + "\n"
	}
	for name, b := range map[string][]byte{"cert.pem": chain, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), "tls.cfg": []byte(conf)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
