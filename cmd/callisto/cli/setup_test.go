package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/telephony/testcarrier"
)

// answers writes a file of answers for a company on free ports of this machine.
func answers(t *testing.T, dir string, change map[string]string) string {
	t.Helper()
	a := map[string]string{
		"data": filepath.Join(dir, "data"), "domain": "tel.example", "certificate": "proxy", "http": "127.0.0.1:0", "sip": "127.0.0.1:0",
		"seller_name": "Han River Telephone Ltd", "seller_address": "12 Mapo-daero, Seoul 04168, Korea", "seller_tax_id": "123-45-67890",
		"admin_name": "Ann", "admin_email": "ann@tel.example", "admin_password": "a long password",
		"open_country": "yes", "country": "kr", "center_name": "Korea", "people": "yes", "companies": "no",
	}
	for k, v := range change {
		a[k] = v
	}
	text, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "answers.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSetupUpToTheTestCallAndTheStart(t *testing.T) {
	carrier, err := testcarrier.New(testcarrier.Config{Addr: netip.MustParseAddr("127.0.0.1"), User: "callisto", Password: "secret of the trunk", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(carrier.Close)
	dir := t.TempDir()
	file := filepath.Join(dir, "callisto.yaml")
	var out bytes.Buffer
	run := func(change map[string]string) error {
		return setupCmd{Config: file, Answers: answers(t, dir, change)}.Run(t.Context(), streams{&out, io.Discard})
	}
	if err := run(map[string]string{"sip": "0.0.0.0:5060"}); err == nil || !strings.Contains(err.Error(), "telephones reach") {
		t.Errorf("an address that means all: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a configuration was left by a setup that failed")
	}
	if err := run(map[string]string{"domian": "tel.example"}); err == nil || !strings.Contains(err.Error(), "carrier_gateway") {
		t.Errorf("a mistyped name: %v", err)
	}
	if err := run(map[string]string{"seller_address": ""}); err == nil || !strings.Contains(err.Error(), "seller_address") {
		t.Errorf("invoices from nowhere: %v", err)
	}
	trunk := map[string]string{"carrier_gateway": carrier.Addr().String(), "carrier_user": "callisto", "carrier_password": "secret of the trunk",
		"carrier_number": "+8225550100", "test_number": "+82212345678"}
	if err := run(trunk); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if strings.Contains(out.String(), "secret of the trunk") || strings.Contains(out.String(), "a long password") {
		t.Errorf("a password is on the screen:\n%s", out.String())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	cfg, err := config.Load(file, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if want := (config.Seller{Name: "Han River Telephone Ltd", Address: "12 Mapo-daero, Seoul 04168, Korea", TaxID: "123-45-67890", Email: "sales@tel.example"}); cfg.Seller != want {
		t.Errorf("invoices are from %+v", cfg.Seller)
	}
	if !strings.Contains(out.String(), "Invoices are from:\n  Han River Telephone Ltd\n  12 Mapo-daero\n  Seoul 04168\n  Korea\n  Tax number: 123-45-67890") {
		t.Errorf("it does not show how invoices name the seller:\n%s", out.String())
	}
	base := serve(t, cfg)
	get := func(path string) string {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got := get("/api/v1/numbers?country=KR"); !strings.Contains(got, `"country":"KR"`) {
		t.Errorf("nothing is for sale after setup: %s", got)
	}
	resp, err := http.Post(base+"/api/v1/sessions", "application/json", strings.NewReader(`{"email":"ann@tel.example","password":"a long password"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("the operator signs in: %d", resp.StatusCode)
	}
}

func serve(t *testing.T, cfg config.Config) (base string) {
	t.Helper()
	n, err := node.New(t.Context(), cfg, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	<-n.Ready()
	return "http://" + n.HTTPAddr()
}

// TestSetupAsksAgain: a wrong answer is refused with words, and the question
// comes once more; an input that ends says where.
func TestSetupAsksAgain(t *testing.T) {
	var out bytes.Buffer
	q := &interview{out: &out, in: bufio.NewReader(strings.NewReader("not a domain\ntel.example\n"))}
	if a, err := q.ask("domain", "Domain", "", host); err != nil || a != "tel.example" {
		t.Errorf("%q %v", a, err)
	}
	if !strings.Contains(out.String(), "as in tel.example") {
		t.Errorf("it did not say what is wrong: %s", out.String())
	}
	if _, err := q.ask("sip", "SIP", "", concrete); err == nil || !strings.Contains(err.Error(), "question for sip") {
		t.Errorf("%v", err)
	}
}
