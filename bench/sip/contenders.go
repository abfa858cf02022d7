//go:build linux

package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/bench/sip/load"
	"github.com/callisto-tel/callisto/bench/sip/office"
)

// server is a contender's running server.
type server struct {
	name    string
	target  load.Target
	phones  *load.Phones
	proves  bool // its calls are authenticated
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	stderr  *tail
	calls   int64 // made, to be compared with the records
	records bool
}

//go:embed kamailio.cfg
var kamailioConfig string

// pinned is a command that runs on one processor only.
func pinned(ctx context.Context, cpu int, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", strconv.Itoa(cpu), name}, args...)...) //nolint:gosec // our own programs
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// startCallisto starts this very program as the server.
func startCallisto(ctx context.Context, o *options, dir, profile string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "-data", dir}
	if profile != "" {
		args = append(args, "-cpuprofile", profile)
	}
	s := &server{name: "callisto", proves: true, records: true, stderr: &tail{}}
	s.cmd = pinned(ctx, o.serverCPU, self, args...)
	s.cmd.Stderr = s.stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.stdout = bufio.NewReader(out)
	text, err := s.stdout.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("callisto does not start: %w\n%s", err, s.stderr)
	}
	s.target = load.Target{Realm: office.Realm}
	s.target.Addr, err = netip.ParseAddrPort(strings.TrimSpace(text))
	return s, err
}

// startKamailio starts Debian's Kamailio with one worker and its fastest
// allocators.
func startKamailio(ctx context.Context, o *options, dir string) (*server, error) {
	program, err := exec.LookPath("kamailio")
	if err != nil {
		program = "/usr/sbin/kamailio"
	}
	if _, err := os.Stat(program); err != nil {
		return nil, errors.New("kamailio is missing: scripts/install-test-tools installs it")
	}
	addr, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(path, []byte("listen=udp:"+addr.String()+"\n"+kamailioConfig), 0o600); err != nil {
		return nil, err
	}
	s := &server{name: "kamailio", target: load.Target{Addr: addr, Realm: office.Realm}, stderr: &tail{}}
	s.cmd = pinned(ctx, o.serverCPU, program, "-f", path, "-DD", "-E", "-m", "4096", "-M", "64", "-x", "fm", "-X", "fm", "-b", "4194304", "-w", dir, "-Y", dir)
	s.cmd.Stderr, s.cmd.Stdout = s.stderr, s.stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.awaitAnswer(ctx)
}

// awaitAnswer returns once the server answers a datagram.
func (s *server) awaitAnswer(ctx context.Context) error {
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", s.target.Addr.String())
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing was written that could be lost
	ping := "OPTIONS sip:" + s.target.Addr.String() + " SIP/2.0\r\nVia: SIP/2.0/UDP " + c.LocalAddr().String() + ";rport;branch=z9hG4bKping\r\n" +
		"From: <sip:ping@localhost>;tag=1\r\nTo: <sip:" + s.target.Addr.String() + ">\r\nCall-ID: ping\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
	var b [2048]byte
	for range 50 {
		_, _ = c.Write([]byte(ping))
		_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err = c.Read(b[:]); err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		select { // refused: it does not listen yet
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return fmt.Errorf("%s does not answer: %w\n%s", s.name, err, s.stderr)
}

// freePort is a UDP port of host that was free a moment ago.
func freePort(ctx context.Context) (netip.AddrPort, error) {
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", host+":0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	addr := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return addr, c.Close()
}

// stop ends the server. Callisto has to have stored a record of every call.
func (s *server) stop() error {
	if s.phones != nil {
		s.phones.Close()
	}
	if s.stdin == nil {
		_ = s.cmd.Process.Signal(os.Interrupt)
		err := s.cmd.Wait()
		if s.cmd.ProcessState.ExitCode() == 0 {
			return nil
		}
		return fmt.Errorf("%s: %w\n%s", s.name, err, s.stderr)
	}
	_ = s.stdin.Close()
	var e ended
	err := json.NewDecoder(s.stdout).Decode(&e)
	if err = errors.Join(err, s.cmd.Wait()); err != nil {
		return fmt.Errorf("%s: %w\n%s", s.name, err, s.stderr)
	}
	if s.records && (e.Lost > 0 || e.Stored != s.calls) {
		return fmt.Errorf("%s stored %d records of %d calls and lost %d", s.name, e.Stored, s.calls, e.Lost)
	}
	return nil
}

// tail keeps the end of what a program says.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-4000):]
	return len(b), nil
}

func (t *tail) String() string { return string(t.b) }
