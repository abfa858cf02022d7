package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds callisto once for all tests.
func binary(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

//nolint:gochecknoglobals // built once for the test binary
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "callisto-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "callisto")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/callisto")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := built(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// member is a sample member.
type member struct {
	Name, Email, Password, Number, E164, Country string
	SIPUser                                      string `json:"sip_user"`
	SIPPassword                                  string `json:"sip_password"`
	SIPDomain                                    string `json:"sip_domain"`
	APIKey                                       string `json:"api_key"`
}

// dev is what a `callisto dev` says of itself in dev.json.
type dev struct {
	dir      string
	HTTP     string                                         `json:"http"`
	Centers  map[string]struct{ SIP, SIPS string }          `json:"centers"`
	Members  []member                                       `json:"members"`
	Company  struct{ Name, Number, Email, Password string } `json:"company"`
	Operator struct {
		Email, Password string
		APIKey          string `json:"api_key"`
	} `json:"operator"`
	Phones []struct{ Name, Number, URL string } `json:"phones"`
}

// output collects what a program prints; it is read while the program writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// company starts `callisto dev` on free ports and stops it with the test.
func company(t *testing.T) dev {
	t.Helper()
	d, _ := companyIn(t, t.TempDir())
	return d
}

// companyIn starts it in a folder and returns how to stop it early.
func companyIn(t *testing.T, dir string, more ...string) (dev, func()) {
	t.Helper()
	d, stop, _ := running(t, dir, more...)
	return d, stop
}

// running starts it in a folder and returns how to stop it early, and how to kill
// it.
func running(t *testing.T, dir string, more ...string) (d dev, stop, kill func()) {
	t.Helper()
	args := append([]string{"dev", "--data", dir, "--http", "127.0.0.1:0"}, more...)
	if !slices.Contains(args, "--sip") {
		args = append(args, "--sip", "127.0.0.1:0")
	}
	cmd := exec.Command(binary(t), args...)
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("callisto dev ended badly: %v\n%s", err, out.String())
				}
			case <-time.After(20 * time.Second):
				_ = cmd.Process.Kill()
				t.Errorf("callisto dev does not stop\n%s", out.String())
			}
		})
	}
	kill = func() {
		once.Do(func() {
			_ = cmd.Process.Kill()
			<-ended
		})
	}
	t.Cleanup(stop)
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("callisto dev ended before it was ready: %v\n%s", err, out.String())
		case <-deadline.C:
			t.Fatalf("callisto dev is not ready after a minute\n%s", out.String())
		case <-look.C:
		}
		if d, err := readDev(dir); err == nil && ready(t.Context(), d.HTTP) == nil {
			d.dir = dir
			return d, stop, kill
		}
	}
}

func readDev(dir string) (d dev, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "dev.json"))
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(text, &d)
}

func ready(ctx context.Context, base string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// api does one call of the HTTP API and fails the test unless it answers want.
func api(t *testing.T, d dev, key, method, path string, body any, want int) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, d.HTTP+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	var raw bytes.Buffer
	_, _ = raw.ReadFrom(res.Body)
	if strings.TrimSpace(raw.String()) != "" {
		if err := json.Unmarshal(raw.Bytes(), &out); err != nil {
			t.Fatalf("%s %s answered no JSON: %s", method, path, raw.String())
		}
	}
	if res.StatusCode != want {
		t.Fatalf("%s %s: %s, want %d: %s", method, path, res.Status, want, raw.String())
	}
	return out
}
