//go:build linux

// Command sip measures Callisto's signalling against Debian's Kamailio, in
// turn, in one run on one machine: processor time of the server per unit of
// work, and memory. The server is pinned to one processor, the load to another.
// It needs Kamailio (scripts/install-test-tools) and two processors.
//
//	go run ./bench/sip            # the whole contest
//	go run ./bench/sip -only register,call -contenders callisto -rounds 1 -cpuprofile /tmp/cpu
//
// "sip serve" is the server that is measured; see package office.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/sip:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "serve" {
		return serve(ctx, args[1:])
	}
	var o options
	f := flag.NewFlagSet("sip", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 5, "how often each contender has its turn at each work")
	f.StringVar(&o.only, "only", "", "works to do, by name, separated by commas (all)")
	f.StringVar(&o.contenders, "contenders", "kamailio,callisto", "who takes part")
	f.StringVar(&o.profile, "cpuprofile", "", "folder for a processor profile of Callisto at each work")
	f.Float64Var(&o.scale, "scale", 1, "multiplies the length of each turn")
	f.IntVar(&o.serverCPU, "server-cpu", 0, "processor of the server")
	f.IntVar(&o.loadCPU, "load-cpu", 1, "processor of the load")
	if err := f.Parse(args); err != nil {
		return err
	}
	return contest(ctx, &o, os.Stdout)
}
