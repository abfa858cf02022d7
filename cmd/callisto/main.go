// Command callisto is a telephone company in one binary: `callisto dev` runs
// one on this machine with sample members, `callisto serve` runs a real one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/callisto-tel/callisto/cmd/callisto/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err == nil {
		return
	}
	if errors.Is(err, cli.ErrUndialled) {
		os.Exit(2)
	}
	if !errors.Is(err, cli.ErrSaid) {
		fmt.Fprintln(os.Stderr, "callisto:", err)
	}
	os.Exit(1)
}
