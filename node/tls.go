package node

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/callisto-tel/callisto/platform/config"
)

// secure puts TLS on the port of the pages, as the configuration says: with a
// certificate that is fetched and renewed by itself (ACME, RFC 8555, by
// TLS-ALPN-01, RFC 8737), with one from files, or not at all, where a proxy in
// front does it.
func (n *Node) secure(l net.Listener) (net.Listener, error) {
	switch n.cfg.TLS.Mode {
	case config.TLSFiles, config.TLSAcme:
		c, err := n.certificate()
		if err != nil {
			return nil, err
		}
		t := &tls.Config{GetCertificate: c, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
		if n.cfg.TLS.Mode == config.TLSAcme {
			t.NextProtos = append(t.NextProtos, acme.ALPNProto)
		}
		return tls.NewListener(l, t), nil
	default:
		return l, nil
	}
}

// picks is how a certificate is chosen as somebody connects.
type picks = func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// certificate is that of the name the house is reached by, for its pages and its
// telephones.
func (n *Node) certificate() (picks, error) {
	if n.public != nil {
		return n.public, nil
	}
	if n.cfg.TLS.Mode != config.TLSAcme {
		c := &fileCertificate{cert: n.cfg.TLS.Cert, key: n.cfg.TLS.Key, now: n.opts.Now}
		if _, err := c.get(nil); err != nil {
			return nil, err
		}
		n.public = c.get
		return n.public, nil
	}
	u, err := url.Parse(n.cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(n.cfg.Data, "certificates")),
		HostPolicy: autocert.HostWhitelist(u.Hostname()), Email: n.cfg.TLS.Email,
	}
	if m.Client, err = acmeClient(n.cfg.TLS); err != nil {
		return nil, err
	}
	n.public = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "" { // many telephones do not say whom they want
			named := *hello
			named.ServerName = u.Hostname()
			hello = &named
		}
		return m.GetCertificate(hello)
	}
	return n.public, nil
}

// acmeClient asks another authority than the usual one; nil is the usual one.
func acmeClient(t config.TLS) (*acme.Client, error) {
	if t.Directory == "" {
		return nil, nil //nolint:nilnil // autocert has its own
	}
	c := &acme.Client{DirectoryURL: t.Directory}
	if t.Root == "" {
		return c, nil
	}
	text, err := os.ReadFile(t.Root)
	if err != nil {
		return nil, fmt.Errorf("tls.directory_root: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("tls.directory_root: %s holds no certificate (PEM)", t.Root)
	}
	c.HTTPClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	return c, nil
}

// fileCertificate is a certificate in files, read again when they change, so
// that whoever renews it need not stop the house.
type fileCertificate struct {
	cert, key string
	now       func() time.Time
	mu        sync.Mutex
	have      *tls.Certificate
	changed   time.Time // of the file that was read
	looked    time.Time
}

const lookAgain = time.Minute

func (f *fileCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.have != nil && f.now().Sub(f.looked) < lookAgain {
		return f.have, nil
	}
	f.looked = f.now()
	info, err := os.Stat(f.cert)
	if err == nil && f.have != nil && info.ModTime().Equal(f.changed) {
		return f.have, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(f.cert, f.key)
	}
	if err != nil {
		if f.have != nil { // half written: the old one is better than none
			return f.have, nil
		}
		return nil, errors.Join(fmt.Errorf("tls.cert %s and tls.key %s cannot be read", f.cert, f.key), err)
	}
	f.have, f.changed = &pair, info.ModTime()
	return f.have, nil
}
