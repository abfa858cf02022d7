package node_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
)

// TestTheCalendarOfDevSurvivesARestart: days that went by have gone by, and
// telephones still trust the centers.
func TestTheCalendarOfDevSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, dir)
	res, err := http.PostForm(r.base+"/dev/clock", url.Values{"days": {"40"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the calendar was not put on: %d", res.StatusCode)
	}
	r.stop()
	r = start(t, dir)
	made := str(r.want(t, 201, "", "POST", "/api/v1/accounts", obj{"name": "Rosa Vega", "email": "rosa@example.com", "password": "correct horse"}).body, "created_at")
	if at, err := time.Parse(time.RFC3339, made); err != nil || time.Until(at) < 39*24*time.Hour {
		t.Errorf("after the restart it is %s", made)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "pki", "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	c, err := tls.Dial("tcp", str(r.dev, "centers", "KR", "sips"), &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatalf("a telephone does not trust the center: %v", err)
	}
	_ = c.Close()
}

func TestABrokenCalendarIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dev-clock"), []byte("soon"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Dev(dir, "127.0.0.1:0", "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := node.New(t.Context(), cfg, node.Options{}); err == nil || !strings.Contains(err.Error(), "dev-clock") {
		t.Errorf("%v", err)
		_ = n.Close()
	}
}
