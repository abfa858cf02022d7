package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
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
	case config.TLSFiles:
		c := &fileCertificate{cert: n.cfg.TLS.Cert, key: n.cfg.TLS.Key, now: n.opts.Now}
		if _, err := c.get(nil); err != nil {
			return nil, err
		}
		return tls.NewListener(l, &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}), nil
	case config.TLSAcme:
		u, err := url.Parse(n.cfg.URL)
		if err != nil {
			return nil, fmt.Errorf("url: %w", err)
		}
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(n.cfg.Data, "certificates")),
			HostPolicy: autocert.HostWhitelist(u.Hostname()), Email: n.cfg.TLS.Email,
		}
		if n.cfg.TLS.Directory != "" {
			m.Client = &acme.Client{DirectoryURL: n.cfg.TLS.Directory}
		}
		c := m.TLSConfig()
		c.MinVersion = tls.VersionTLS12
		return tls.NewListener(l, c), nil
	default:
		return l, nil
	}
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
