//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/bench/proc"
	"github.com/callisto-tel/callisto/bench/sip/office"
)

// work is something to measure.
type work struct {
	name, unit string
	calls      int
	caller     bool // is a browser
	called     bool // is one
	setup      bool // the time until both hear each other, one call after the other
}

// legs is how many of its legs are those the work is named after: of the browsers,
// where there are some.
func (k *work) legs() int {
	if k.caller != k.called {
		return k.calls
	}
	return 2 * k.calls
}

func works() []work {
	return []work{
		{name: "relay-100", unit: "100 legs, RTP", calls: 50},
		{name: "relay-500", unit: "500 legs, RTP", calls: 250},
		{name: "web-100", unit: "100 legs of browsers", calls: 50, caller: true, called: true},
		{name: "web-500", unit: "500 legs of browsers", calls: 250, caller: true, called: true},
		{name: "mixed-500", unit: "500 browsers with 500 telephones", calls: 500, caller: true},
		{name: "setup", unit: "browser to browser", calls: 200, caller: true, called: true, setup: true},
	}
}

// figures are what one round of a work came to.
type figures struct {
	idle, talking int64         // bytes of memory: registered, in the calls
	used          time.Duration // of the server's processor
	sound         streams
	direct        streams // the same without us
	setups        []time.Duration
}

// contest does every work and prints the table.
func contest(ctx context.Context, o *options, out io.Writer) error {
	if o.serverCPU == o.loadCPU {
		return fmt.Errorf("server and load both on processor %d: the figures would mean nothing", o.loadCPU)
	}
	if err := proc.Pin(o.loadCPU); err != nil {
		return err
	}
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(out, "load of the machine before: %s\n%-11s%-34s%10s%12s%8s%10s%10s%10s%10s%8s\n", strings.TrimSpace(string(load)),
		"work", "", "kB/leg", "CPU s/10⁶", "CPU", "lost", "p50", "p99", "direct", "p99")
	for _, k := range works() {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), k.name) {
			continue
		}
		k.calls = max(int(float64(k.calls)*o.scale), 1)
		var all []figures
		for range o.rounds {
			f, err := o.measure(ctx, &k)
			if err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
			all = append(all, f)
		}
		report(out, &k, o, all)
	}
	return nil
}

// measure does a work once, with a server of its own.
func (o *options) measure(ctx context.Context, k *work) (f figures, err error) {
	dir, err := os.MkdirTemp("", "bench-web-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	s, err := startServer(ctx, o, dir, k.name)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return o.against(ctx, k, s, s.cmd.Process.Pid)
}

// against does a work with a running server.
func (o *options) against(ctx context.Context, k *work, s *server, pid int) (f figures, err error) {
	c, err := newCertificate()
	if err != nil {
		return f, err
	}
	b := &bench{cert: &c, server: s}
	defer b.end()
	if k.setup {
		f.setups, err = b.setups(ctx, k)
		return f, err
	}
	if err := b.register(ctx, k); err != nil {
		return f, err
	}
	if f.idle, err = proc.Memory(pid); err != nil {
		return f, err
	}
	for i := range k.calls {
		if _, err := b.call(ctx, 2*i, 2*i+1); err != nil {
			return f, fmt.Errorf("call %d: %w", i, err)
		}
	}
	var before, after time.Duration
	f.sound, err = talk(b.legs, o.talk, func() (err error) { before, err = proc.Time(pid); return err }, func() (err error) {
		after, err = proc.Time(pid)
		return err
	})
	if err != nil {
		return f, err
	}
	f.used = after - before
	if f.talking, err = proc.Memory(pid); err != nil {
		return f, err
	}
	f.direct, err = direct(len(b.legs), min(o.talk, 2*time.Second))
	return f, err
}

// direct is as many legs that send to each other without a server.
func direct(n int, long time.Duration) (streams, error) {
	legs := make([]*leg, n)
	for i := range legs {
		var err error
		if legs[i], err = newLeg(false, i); err != nil {
			return streams{}, err
		}
		defer legs[i].closed()
	}
	for i, l := range legs {
		if err := l.joins(legs[i^1].at); err != nil {
			return streams{}, err
		}
	}
	nothing := func() error { return nil }
	return talk(legs, long, nothing, nothing)
}

// bench is a run against a server.
type bench struct {
	cert   *certificate
	server *server
	phones []*phone
	legs   []*leg
}

func (b *bench) end() {
	for _, p := range b.phones {
		p.end()
	}
	for _, l := range b.legs {
		l.closed()
	}
}

// register has two telephones for each call: that of the caller and of the called.
func (b *bench) register(ctx context.Context, k *work) error {
	for i, m := range office.Members(firstNumber, 2*k.calls) {
		p, err := connect(ctx, b.server, m, i%2 == 0 && k.caller || i%2 == 1 && k.called)
		if err != nil {
			return err
		}
		b.phones = append(b.phones, p)
		if err := p.register(); err != nil {
			return err
		}
		l, err := newLeg(p.web, i)
		if err != nil {
			return err
		}
		b.legs = append(b.legs, l)
	}
	return nil
}

// call has one call another, until their sound is connected. It returns the dialog
// as the caller has it.
func (b *bench) call(ctx context.Context, from, to int) (*request, error) {
	caller, called := b.phones[from], b.phones[to]
	done := make(chan error, 1)
	go func() {
		select {
		case m, ok := <-called.calls:
			if !ok {
				done <- errors.New("the connection of the called has ended")
				return
			}
			if err := called.reply(&m, b.legs[to].describes(b.cert, true)); err != nil {
				done <- err
				return
			}
			done <- b.legs[to].connects(ctx, m.body, b.cert)
		case <-time.After(patience):
			done <- errors.New("it does not ring")
		}
	}()
	uri := "sip:" + called.Number.Canonical() + "@" + office.Realm
	r := &request{method: "INVITE", uri: uri, to: "<" + uri + ">", callID: fmt.Sprintf("c%d-%d", from, caller.next()), body: b.legs[from].describes(b.cert, false)}
	m, err := caller.ask(r)
	if err == nil && m.status() != 200 {
		err = errors.New(m.first)
	}
	if err != nil {
		return nil, err
	}
	err = b.legs[from].connects(ctx, m.body, b.cert)
	r.uri, r.to, r.body = address(m.head["contact"]), m.head["to"], ""
	return r, errors.Join(err, <-done)
}

// setups are how long each of some calls took from the caller's INVITE until both
// had opened a packet of the other: one after the other, between the same two.
func (b *bench) setups(ctx context.Context, k *work) (all []time.Duration, err error) {
	two := *k
	two.calls = 1
	if err := b.register(ctx, &two); err != nil {
		return nil, err
	}
	for i := range k.calls {
		begun := time.Now()
		r, err := b.call(ctx, 0, 1)
		if err == nil {
			err = b.heard()
		}
		if err != nil {
			return nil, fmt.Errorf("call %d: %w", i, err)
		}
		all = append(all, time.Since(begun))
		r.method = "BYE"
		if m, err := b.phones[0].ask(r); err != nil || m.status() != 200 {
			return nil, fmt.Errorf("call %d does not end: %s %w", i, m.first, err)
		}
		for j, l := range b.legs { // the next has other ports and other keys
			l.closed()
			if b.legs[j], err = newLeg(true, 2*i+2+j); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

// heard returns once both legs have heard the other.
func (b *bench) heard() error {
	e, err := newEars(b.legs)
	if err != nil {
		return err
	}
	defer e.end()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		for _, l := range b.legs {
			if err := l.says(e.out[:]); err != nil {
				return err
			}
		}
		for next := time.Now().Add(frame); time.Now().Before(next); {
			e.hear(1)
			if b.legs[0].received > 0 && b.legs[1].received > 0 {
				return nil
			}
		}
	}
	return errors.New("they do not hear each other")
}

// median of what get takes of each round.
func median[T ~int64 | ~int | ~float64](all []figures, get func(f *figures) T) T {
	list := make([]T, len(all))
	for i := range all {
		list[i] = get(&all[i])
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func at(list []time.Duration, of float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[min(int(float64(len(list))*of), len(list)-1)]
}

func report(out io.Writer, k *work, o *options, all []figures) {
	ms := func(get func(f *figures) time.Duration) string {
		return fmt.Sprintf("%.3f ms", float64(median(all, get))/float64(time.Millisecond))
	}
	if k.setup {
		fmt.Fprintf(out, "%-11s%-34sp50 %s, p99 %s (%d calls)\n", k.name, k.unit, ms(func(f *figures) time.Duration { return at(f.setups, 0.5) }),
			ms(func(f *figures) time.Duration { return at(f.setups, 0.99) }), k.calls)
		return
	}
	fmt.Fprintf(out, "%-11s%-34s%10.1f%12.2f%7.0f%%%10d%10s%10s%10s%10s\n", k.name, k.unit,
		median(all, func(f *figures) float64 { return float64(f.talking-f.idle) / 1024 / float64(k.legs()) }),
		median(all, func(f *figures) float64 { return f.used.Seconds() * 1e6 / float64(f.sound.received) }),
		median(all, func(f *figures) float64 { return 100 * float64(f.used) / float64(o.talk) }),
		median(all, func(f *figures) int { return f.sound.sent - f.sound.received }),
		ms(func(f *figures) time.Duration { return at(f.sound.late, 0.5) }), ms(func(f *figures) time.Duration { return at(f.sound.late, 0.99) }),
		ms(func(f *figures) time.Duration { return at(f.direct.late, 0.5) }), ms(func(f *figures) time.Duration { return at(f.direct.late, 0.99) }))
}
