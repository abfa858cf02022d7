//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/bench/sip/office"
)

const (
	// host is an address of loopback that nobody else on the machine takes media
	// ports of.
	host        = "127.0.5.61"
	firstNumber = 7000000
	members     = 1000
)

// serve is the server to be measured. It says where telephones and browsers find
// it, and serves until its standard input ends.
func serve(ctx context.Context, args []string) (err error) {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	dir := f.String("data", "", "folder for call records")
	profile := f.String("cpuprofile", "", "file for a processor profile")
	if err := f.Parse(args); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", host+":0")
	if err != nil {
		return err
	}
	web := l.Addr().(*net.TCPAddr).AddrPort()
	o, err := office.OpenWeb(ctx, netip.MustParseAddrPort(host+":0"), web, *dir, office.Members(firstNumber, members))
	if err != nil {
		return err
	}
	pages := &http.Server{ReadHeaderTimeout: time.Minute, Handler: o.WebSocket("", func(r *http.Request) netip.Addr {
		a, _ := netip.ParseAddrPort(r.RemoteAddr)
		return a.Addr()
	})}
	go pages.Serve(l) //nolint:errcheck // it ends with the process
	if *profile != "" {
		out, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(out); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			_ = out.Close()
		}()
	}
	fmt.Println(o.Addr("KR"), web)
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, _, err = o.Shut(stop)
	return errors.Join(err, pages.Close())
}

// server is a running one, in a process of its own.
type server struct {
	sip, web netip.AddrPort
	cmd      *exec.Cmd
	stdin    io.WriteCloser
}

// startServer starts this very program as the server.
func startServer(ctx context.Context, o *options, dir, name string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"-c", strconv.Itoa(o.serverCPU), self, "serve", "-data", dir}
	if o.profile != "" {
		args = append(args, "-cpuprofile", filepath.Join(o.profile, name+".pprof"))
	}
	s := &server{cmd: exec.CommandContext(ctx, "taskset", args...)} //nolint:gosec // our own program
	s.cmd.Stderr = os.Stderr
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
	text, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server does not start: %w", err)
	}
	a, b, _ := strings.Cut(strings.TrimSpace(text), " ")
	if s.sip, err = netip.ParseAddrPort(a); err != nil {
		return nil, err
	}
	s.web, err = netip.ParseAddrPort(b)
	return s, err
}

func (s *server) stop() error {
	_ = s.stdin.Close()
	return s.cmd.Wait()
}
