//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"runtime/pprof"
	"time"

	"github.com/callisto-tel/callisto/bench/sip/load"
	"github.com/callisto-tel/callisto/bench/sip/office"
)

// Both sides of the bench know these members: each has one telephone, the first
// half call, the others are called.
const (
	firstNumber = 7000000
	members     = 2000

	// host is where servers listen: an address of loopback that nobody else on
	// the machine takes media ports of.
	host = "127.0.5.60"
)

func accounts(list []office.Member) []load.Account {
	out := make([]load.Account, len(list))
	for i, m := range list {
		out[i] = load.Account{User: m.User, Password: m.Password, Dial: m.Number.Canonical()}
	}
	return out
}

// outsiders are as many ordinary telephones as there are members to call.
func outsiders(list []load.Account) []load.Account {
	for i := range list {
		list[i].Dial = fmt.Sprintf("02555%04d", i)
	}
	return list
}

// ended is what the server says when it has stored everything.
type ended struct{ Stored, Lost int64 }

// serve is the server to be measured. It says where it listens, and serves
// until its standard input ends.
func serve(ctx context.Context, args []string) (err error) {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen := f.String("listen", host+":0", "address of the center")
	dir := f.String("data", "", "folder for call records")
	profile := f.String("cpuprofile", "", "file for a processor profile")
	if err := f.Parse(args); err != nil {
		return err
	}
	addr, err := netip.ParseAddrPort(*listen)
	if err != nil {
		return err
	}
	o, err := office.Open(ctx, addr, *dir, office.Members(firstNumber, members))
	if err != nil {
		return err
	}
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
	fmt.Println(o.Addr("KR"))
	over := make(chan struct{})
	go func() {
		defer close(over)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); { // each line is the gateway of a carrier from now on
			if at, err := netip.ParseAddrPort(in.Text()); err == nil {
				o.Trade(at)
			}
		}
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stored, lost, err := o.Shut(stop)
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(ended{stored, lost}))
}
