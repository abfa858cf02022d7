//go:build linux

// Command web measures what browsers' calls cost: memory and processor time of
// the server's process for each leg, the time from INVITE to the first sound, and
// by how much sound is later than without us. The server is pinned to one
// processor, the browsers and telephones to another. They speak SIP over WebSocket
// or TCP, ICE, DTLS and SRTP, by pion's packages; what came when is the kernel's
// word (SO_TIMESTAMPNS), so that the load's own delay does not count.
//
//	go run ./bench/web                 # everything, some eight minutes
//	go run ./bench/web -only web-500 -rounds 1 -cpuprofile /tmp
//
// "web serve" is the server that is measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/web:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

// options are what the command is told.
type options struct {
	rounds             int
	only, profile      string
	talk               time.Duration
	serverCPU, loadCPU int
	scale              float64
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "serve" {
		return serve(ctx, args[1:])
	}
	var o options
	f := flag.NewFlagSet("web", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 3, "how often each work is measured; the medians are printed")
	f.StringVar(&o.only, "only", "", "works to do, by name, separated by commas (all)")
	f.StringVar(&o.profile, "cpuprofile", "", "folder for a processor profile of the server at each work")
	f.DurationVar(&o.talk, "talk", 10*time.Second, "how long sound is measured")
	f.Float64Var(&o.scale, "scale", 1, "multiplies the number of calls")
	f.IntVar(&o.serverCPU, "server-cpu", 0, "processor of the server")
	f.IntVar(&o.loadCPU, "load-cpu", 1, "processor of the load")
	if err := f.Parse(args); err != nil {
		return err
	}
	return contest(ctx, &o, os.Stdout)
}
