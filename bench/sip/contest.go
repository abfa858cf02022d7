//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/bench/proc"
	"github.com/callisto-tel/callisto/bench/sip/load"
	"github.com/callisto-tel/callisto/bench/sip/office"
)

type options struct {
	rounds             int
	only, contenders   string
	profile            string
	scale              float64
	serverCPU, loadCPU int
}

// work is something to measure: a warm-up, then turns of the contenders.
type work struct {
	name, unit string
	calls      bool
	trunk      bool // to ordinary telephones, by a carrier
	plan       load.Plan
	goal       float64 // ratio to Kamailio
	only       string  // the contender it makes sense for
}

// works are what is measured. At a fixed rate telephones ring and talk a while,
// so that messages come one by one, as they do in life.
func works() []work {
	ring, talk := 100*time.Millisecond, 300*time.Millisecond
	return []work{
		{name: "register", unit: "REGISTER with digest (401 and 200), saturated", plan: load.Plan{Count: 60_000, Outstanding: 256}, goal: 0.35},
		{name: "register-rate", unit: "the same at 2,500/s", plan: load.Plan{Count: 12_500, Rate: 2500}, goal: 0.40},
		{name: "call", unit: "call, INVITE to BYE, saturated", calls: true, plan: load.Plan{Count: 25_000, Outstanding: 200, Prove: true}, goal: 0.40},
		{name: "call-rate", unit: "the same at 400/s", calls: true, plan: load.Plan{Count: 2400, Rate: 400, Ring: ring, Talk: talk, Prove: true}, goal: 0.60},
		{name: "call-challenge", unit: "call with a 401 each time, saturated", calls: true, only: "callisto",
			plan: load.Plan{Count: 20_000, Outstanding: 200, Prove: true, Forget: true}},
		{name: "call-trunk", unit: "call by a carrier's trunk, saturated", calls: true, trunk: true, only: "callisto",
			plan: load.Plan{Count: 25_000, Outstanding: 200, Prove: true}},
	}
}

// turn is one contender's figures of one turn.
type turn struct {
	perUnit  time.Duration
	rate     float64
	busy     float64 // of the server's processor
	load     float64 // of the load's
	p50, p99 time.Duration
	repeated int
}

// score collects a contender's turns at a work.
type score struct {
	turns  []turn
	memory int64 // after the first turn: for calls, 30,000 with the warm-up
}

// contest runs every work and prints the table.
func contest(ctx context.Context, o *options, out io.Writer) error {
	if o.serverCPU == o.loadCPU {
		return fmt.Errorf("server and load both on processor %d: the figures would mean nothing", o.loadCPU)
	}
	if err := proc.Pin(o.loadCPU); err != nil {
		return err
	}
	const columns = "%-15s%-10s%9s%12s%9s%8s%7s%10s%10s%6s%7s%6s\n"
	fmt.Fprintf(out, columns, "work", "server", "µs/unit", "min–max", "units/s", "server", "load", "p50", "p99", "MiB", "ratio", "goal")
	for _, k := range works() {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), k.name) {
			continue
		}
		k.plan.Count = max(int(float64(k.plan.Count)*o.scale), 100)
		scores, err := o.measure(ctx, &k)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		report(out, columns, &k, scores)
	}
	return nil
}

// measure has the contenders take turns at one work, each on a server of its
// own that runs throughout.
func (o *options) measure(ctx context.Context, k *work) (scores map[string]*score, err error) {
	dir, err := os.MkdirTemp("", "bench-sip-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	var servers []*server
	defer func() {
		for _, s := range servers {
			if e := s.stop(); err == nil {
				err = e
			}
		}
	}()
	scores = map[string]*score{}
	for _, name := range strings.Split(o.contenders, ",") {
		if k.only != "" && k.only != name {
			continue
		}
		s, err := o.start(ctx, name, dir, k)
		if s != nil {
			servers = append(servers, s)
		}
		if err == nil {
			err = s.warm(k)
		}
		if err != nil {
			return nil, err
		}
		scores[name] = &score{}
	}
	for round := range o.rounds {
		for _, s := range servers {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			t, err := s.turn(k)
			if err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", s.name, err, s.stderr)
			}
			scores[s.name].turns = append(scores[s.name].turns, t)
			if round > 0 {
				continue
			}
			if scores[s.name].memory, err = proc.Memory(s.cmd.Process.Pid); err != nil {
				return nil, err
			}
		}
	}
	return scores, nil
}

func (o *options) start(ctx context.Context, name, dir string, k *work) (s *server, err error) {
	dir = filepath.Join(dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	list := office.Members(firstNumber, members)
	switch name {
	case "callisto":
		profile := ""
		if o.profile != "" {
			profile = filepath.Join(o.profile, k.name+".pprof")
		}
		s, err = startCallisto(ctx, o, dir, profile)
	case "kamailio":
		s, err = startKamailio(ctx, o, dir)
	default:
		return nil, fmt.Errorf("no contender is called %q", name)
	}
	if err != nil {
		return s, err
	}
	callers, callees := accounts(list[:members/2]), accounts(list[members/2:])
	if name == "kamailio" { // it looks numbers up as they registered
		for i := range callees {
			callees[i].Dial = callees[i].User
		}
	}
	if k.trunk {
		callees = outsiders(callees)
	}
	if s.phones, err = load.New(s.target, netip.MustParseAddr("127.0.0.1"), callers, callees); err == nil && k.trunk {
		_, err = fmt.Fprintln(s.stdin, s.phones.Gateway())
	}
	return s, err
}

// warm registers every telephone and does some of the work unmeasured.
func (s *server) warm(k *work) error {
	if _, err := s.phones.Register(load.Plan{Count: members / 2, Outstanding: 32}); err != nil {
		return fmt.Errorf("%s: warming up: %w", s.name, err)
	}
	if !k.calls {
		return nil
	}
	p := load.Plan{Count: max(k.plan.Count/5, 100), Outstanding: 50, Prove: s.proves && k.plan.Prove}
	s.calls += int64(p.Count)
	if _, err := s.phones.Call(p); err != nil {
		return fmt.Errorf("%s: warming up: %w", s.name, err)
	}
	return nil
}

// turn measures the work once.
func (s *server) turn(k *work) (t turn, err error) {
	p := k.plan
	p.Prove = p.Prove && s.proves
	do := s.phones.Register
	if k.calls {
		do = s.phones.Call
		s.calls += int64(p.Count)
	}
	before, err := proc.Time(s.cmd.Process.Pid)
	if err != nil {
		return t, err
	}
	r, err := do(p)
	if err != nil {
		return t, err
	}
	after, err := proc.Time(s.cmd.Process.Pid)
	if err != nil {
		return t, err
	}
	used := after - before
	return turn{
		perUnit: used / time.Duration(p.Count), rate: float64(p.Count) / r.Elapsed.Seconds(), busy: float64(used) / float64(r.Elapsed),
		load: r.Busy, p50: r.P50, p99: r.P99, repeated: r.Repeated,
	}, nil
}

// median of what get takes of each turn.
func median[T ~int64 | ~float64 | ~int](turns []turn, get func(t turn) T) T {
	list := make([]T, len(turns))
	for i, t := range turns {
		list[i] = get(t)
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func report(out io.Writer, columns string, k *work, scores map[string]*score) {
	per := func(t turn) time.Duration { return t.perUnit }
	var base time.Duration
	if s := scores["kamailio"]; s != nil {
		base = median(s.turns, per)
	}
	for _, name := range []string{"kamailio", "callisto"} {
		s := scores[name]
		if s == nil {
			continue
		}
		m := median(s.turns, per)
		ratio, goal := "", ""
		if base > 0 && name != "kamailio" {
			ratio = fmt.Sprintf("%.2f", float64(m)/float64(base))
			if k.goal > 0 {
				goal = fmt.Sprintf("%.2f", k.goal)
			}
		}
		low, high := m, m
		again := 0
		for _, t := range s.turns {
			low, high, again = min(low, t.perUnit), max(high, t.perUnit), again+t.repeated
		}
		percent := func(get func(t turn) float64) string { return fmt.Sprintf("%.0f %%", 100*median(s.turns, get)) }
		ms := func(get func(t turn) time.Duration) string {
			return fmt.Sprintf("%.1f ms", micros(median(s.turns, get))/1000)
		}
		fmt.Fprintf(out, columns, k.name, name, fmt.Sprintf("%.1f", micros(m)), fmt.Sprintf("%.0f–%.0f", micros(low), micros(high)),
			fmt.Sprintf("%.0f", median(s.turns, func(t turn) float64 { return t.rate })),
			percent(func(t turn) float64 { return t.busy }), percent(func(t turn) float64 { return t.load }),
			ms(func(t turn) time.Duration { return t.p50 }), ms(func(t turn) time.Duration { return t.p99 }),
			fmt.Sprint(s.memory>>20), ratio, goal)
		if again > 0 {
			fmt.Fprintf(out, "    %d messages came more than once\n", again)
		}
	}
}
