package lab

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// SIPp is a run of the SIP tester of Debian's package sip-tester.
type SIPp struct {
	Scenario string // file in testdata
	Users    []Member
	Extra    func(i int) string // further injection fields of user i
	Local    netip.AddrPort
	Remote   netip.AddrPort
	Calls    int
	Rate     int
	Args     []string
}

// tool finds a program or fails the test, saying how to get it.
func tool(t testing.TB, name, pkg string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s (scripts/install-test-tools does)", name, pkg)
	}
	return p
}

// command builds the command line in a folder of its own.
func (s SIPp) command(ctx context.Context, t testing.TB) (*exec.Cmd, string) {
	t.Helper()
	dir := t.TempDir()
	scenario, err := filepath.Abs(filepath.Join("testdata", s.Scenario))
	if err != nil {
		t.Fatal(err)
	}
	var inf strings.Builder
	inf.WriteString("SEQUENTIAL\n")
	for i, m := range s.Users {
		inf.WriteString(m.User + ";[authentication username=" + m.User + " password=" + m.Password + "]")
		if s.Extra != nil {
			inf.WriteString(";" + s.Extra(i))
		}
		inf.WriteByte('\n')
	}
	fields := filepath.Join(dir, "fields.csv")
	if err := os.WriteFile(fields, []byte(inf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		s.Remote.String(), "-sf", scenario, "-inf", fields, "-i", s.Local.Addr().String(), "-p", strconv.Itoa(int(s.Local.Port())),
		"-m", strconv.Itoa(s.Calls), "-r", strconv.Itoa(s.Rate), "-nostdin", "-buff_size", "4194304",
		"-mp", strconv.Itoa(int(freePort(t, s.Local.Addr()))), "-trace_err", "-error_file", filepath.Join(dir, "errors"), "-timeout", "120s", "-timeout_error",
	}
	cmd := exec.CommandContext(ctx, tool(t, "sipp", "sip-tester"), append(args, s.Args...)...)
	cmd.Dir = dir
	return cmd, dir
}

// Run runs it to its end; any failed call fails the test.
func (s SIPp) Run(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
	defer cancel()
	cmd, dir := s.command(ctx, t)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		errs, _ := os.ReadFile(filepath.Join(dir, "errors"))
		t.Fatalf("sipp %s: %v\n%s\n%s", s.Scenario, err, tail(out.Bytes(), 2500), tail(errs, 3000))
	}
}

// Serve starts it as the called side and stops it with the test.
func (s SIPp) Serve(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd, dir := s.command(ctx, t)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if errs, _ := os.ReadFile(filepath.Join(dir, "errors")); t.Failed() {
			t.Logf("sipp %s: %s\n%s", s.Scenario, tail(out.Bytes(), 2000), tail(errs, 3000))
		}
	})
}

// Begin starts it, and returns a function that waits for its end: any failed
// call fails the test.
func (s SIPp) Begin(t testing.TB) (finished func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	cmd, dir := s.command(ctx, t)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	var failed error
	done := make(chan struct{})
	go func() {
		failed = cmd.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return func() {
		t.Helper()
		<-done
		if failed != nil {
			errs, _ := os.ReadFile(filepath.Join(dir, "errors"))
			t.Errorf("sipp %s: %v\n%s\n%s", s.Scenario, failed, tail(out.Bytes(), 2500), tail(errs, 3000))
		}
	}
}

func tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}

// FreePort returns a UDP and TCP port that is the test's alone; so is the next one.
func FreePort(t testing.TB, host netip.Addr) netip.AddrPort {
	t.Helper()
	return netip.AddrPortFrom(host, freePort(t, host))
}
