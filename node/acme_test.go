package node

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/platform/config"
)

// TestACertificateIsFetched has `serve` fetch its certificate from an ACME
// server that is not ours: Pebble, of the people of Let's Encrypt. Pebble proves
// the domain over loopback, and a second start needs nobody.
func TestACertificateIsFetched(t *testing.T) {
	dir := t.TempDir()
	directory, management := freeAddr(t), freeAddr(t) // certified as localhost
	file := filepath.Join(dir, "callisto.yaml")
	cert, key := filepath.Join(dir, "pebble.pem"), filepath.Join(dir, "pebble.key")
	root := writeCertificate(t, cert, key, 3)
	text := fmt.Sprintf("data: %s\nhttp: 127.0.0.1:0\nsip: 127.0.0.1:0\nsip_tls: 127.0.0.1:0\ncenters: [{id: KR, name: Korea, countries: [KR]}]\nurl: https://tel.example\ntls: {mode: acme, directory: 'https://localhost:%s/dir', directory_root: %s}\n",
		filepath.Join(dir, "data"), portOf(t, directory), cert)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n, stop := serveFile(t, file)
	ended := pebble(t, dir, directory, management, n.HTTPAddr(), cert, key)
	roots := fetchRoots(t, root, "https://localhost:"+portOf(t, management)+"/roots/0")
	first := handshake(t, n.HTTPAddr(), roots)
	if first.VerifyHostname("tel.example") != nil {
		t.Errorf("a certificate for %v", first.DNSNames)
	}
	for _, name := range []string{"tel.example", ""} { // not every telephone says whom it wants
		asksOverTLS(t, n.telephony.TLSAddr("KR").String(), name, roots)
	}
	if got := n.Transports("KR"); !slices.Contains(got, "tls") {
		t.Errorf("telephones are told of %v", got)
	}
	if at, ok := n.secureDomain("KR"); !ok || at != net.JoinHostPort("tel.example", portOf(t, n.telephony.TLSAddr("KR").String())) {
		t.Errorf("and of %s", at)
	}
	if c, err := tls.Dial("tcp", n.HTTPAddr(), &tls.Config{RootCAs: roots, ServerName: "other.example"}); err == nil {
		t.Error("a certificate is fetched for any name one asks for")
		_ = c.Close()
	}
	stop()
	ended()
	n, stop = serveFile(t, file) // without the authority
	defer stop()
	if again := handshake(t, n.HTTPAddr(), roots); again.SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Error("a restart wants another certificate")
	}
}

// asksOverTLS is a telephone that checks the certificate and asks who is there.
func asksOverTLS(t *testing.T, addr, name string, roots *x509.CertPool) {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name, InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error { //nolint:gosec // it verifies itself: without a name nothing would
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: "tel.example", Intermediates: intermediates(s)})
		return err
	}})
	if err != nil {
		t.Fatalf("%q: %v", name, err)
	}
	defer c.Close() //nolint:errcheck // a test's
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(c, "OPTIONS sip:tel.example SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:tel.example>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.HasPrefix(line, "SIP/2.0 200 ") {
		t.Errorf("%q: %q %v", name, line, err)
	}
}

func intermediates(s tls.ConnectionState) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		pool.AddCert(c)
	}
	return pool
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a test's
	return l.Addr().String()
}

func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// serveFile starts a node as `callisto serve --config` does.
func serveFile(t *testing.T, file string) (*Node, func()) {
	t.Helper()
	cfg, err := config.Load(file, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	<-n.Ready()
	return n, func() {
		cancel()
		if err := errors.Join(<-ended, n.Close()); err != nil {
			t.Error(err)
		}
	}
}

// pebble starts the authority, and a name server that says that every name is
// on this machine. It ends both.
func pebble(t *testing.T, dir, listen, management, prove, cert, key string) (end func()) {
	t.Helper()
	text := fmt.Sprintf(`{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q, "privateKey": %q, "httpPort": 1, "tlsPort": %s, "ocspResponderURL": "", "externalAccountBindingRequired": false}}`,
		listen, management, cert, key, portOf(t, prove))
	file := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	names := freeAddr(t)
	stopNames := program(t, "pebble-challtestsrv", "-dns01", names, "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", freeAddr(t), "-defaultIPv6", "")
	stop := program(t, "pebble", "-config", file, "-dnsserver", names, "-strict")
	return func() { stop(); stopNames() }
}

// program runs one of the authority's programs.
func program(t *testing.T, name string, args ...string) (end func()) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test drives %s, which is not installed: run scripts/install-test-tools, or apt-get install pebble", name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		cancel()
		<-done
		if t.Failed() {
			t.Logf("%s said:\n%s", name, out.String())
		}
	})
	return func() { cancel(); <-done }
}

// fetchRoots reads by whom the authority signs, once it is there.
func fetchRoots(t *testing.T, of *x509.Certificate, url string) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(of)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		res, err := client.Get(url)
		if err == nil {
			text, rerr := io.ReadAll(res.Body)
			_ = res.Body.Close()
			roots := x509.NewCertPool()
			if rerr != nil || !roots.AppendCertsFromPEM(text) {
				t.Fatalf("no root: %d %s %v", res.StatusCode, text, rerr)
			}
			return roots
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the authority does not answer: %v", err)
		}
	}
}

// handshake asks for a page over TLS and returns the certificate that was shown.
func handshake(t *testing.T, addr string, roots *x509.CertPool) *x509.Certificate {
	t.Helper()
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "tel.example"}}}
	res, err := client.Get("https://" + addr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // a test's
	var ready struct{ State string }
	if err := json.NewDecoder(res.Body).Decode(&ready); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%d %v", res.StatusCode, err)
	}
	return res.TLS.PeerCertificates[0]
}
