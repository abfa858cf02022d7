//go:build linux && !portable

package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpu returns what the media thread has used, from the scheduler's own count.
func cpu(b *testing.B, e *Engine) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/schedstat", e.loop.tid.Load()))
	if err != nil {
		b.Fatal(err)
	}
	var ns int64
	if _, err := fmt.Sscan(strings.Fields(string(text))[0], &ns); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ns)
}

// BenchmarkStreams relays streams of 50 packets a second each, evenly spread
// as real ones are, and reports what the media thread uses per packet. One
// iteration is 20 ms of all streams: use -benchtime 250x for 5 s.
func BenchmarkStreams(b *testing.B) {
	for _, n := range []int{20, 200, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e := newEngine(b, Config{MinPort: 20000, MaxPort: 29999, Prebind: 2 * n})
			from, to := newPhone(b, "127.0.0.1"), newPhone(b, "127.0.0.1")
			_ = to.c.SetReadBuffer(8 << 20)
			s := e.Open(1)
			defer s.Close()
			ports := make([]netip.AddrPort, n)
			lines := make([]*Line, n)
			for i := range ports {
				x, err := s.Add(1, false)
				if err != nil {
					b.Fatal(err)
				}
				y, err := s.Add(2, false)
				if err != nil {
					b.Fatal(err)
				}
				s.Expect(x, Remote{RTP: from.addr(), RTCP: from.addr(), Signal: loopback}, false)
				s.Expect(y, Remote{RTP: to.addr(), RTCP: to.addr(), Signal: loopback}, false)
				s.Bridge(x, y)
				ports[i], lines[i] = netip.AddrPortFrom(loopback, x.Port()), x
			}
			heard := make(chan int)
			go func() {
				buf, k := make([]byte, 2048), 0
				for {
					if _, err := to.c.Read(buf); err != nil {
						heard <- k
						return
					}
					k++
				}
			}()
			pkt := rtpPacket(string(make([]byte, 160)))
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			until(b, func() bool { return e.loop.tid.Load() != 0 })
			before := cpu(b, e)
			sent, start := 0, time.Now()
			b.ResetTimer()
			for sent < b.N*n {
				<-tick.C
				due := int(time.Since(start) * time.Duration(n) / (20 * time.Millisecond))
				for ; sent < min(due, b.N*n); sent++ {
					from.send(ports[sent%n], pkt)
				}
			}
			until(b, func() bool {
				var k uint64
				for _, l := range lines {
					k += s.Stats(l).Packets
				}
				return k == uint64(sent)
			})
			used := cpu(b, e) - before
			b.StopTimer()
			_ = to.c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			got := <-heard
			b.ReportMetric(float64(used.Nanoseconds())/1000/float64(sent), "cpu-µs/packet")
			b.ReportMetric(float64(sent-got), "lost")
		})
	}
}

// A shortage of files passes; the ports must not be given up for it.
func TestPortsOutliveAShortageOfFiles(t *testing.T) {
	e := newEngine(t, Config{MinPort: 41200, MaxPort: 41399})
	s := e.Open(1)
	defer s.Close()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Add(1, false)
	if rerr := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); rerr != nil {
		t.Fatal(rerr)
	}
	if !errors.Is(err, ErrPorts) || !errors.Is(err, unix.EMFILE) {
		t.Fatalf("without files: %v", err)
	}
	if _, err := s.Add(1, false); err != nil {
		t.Fatalf("with files again: %v", err)
	}
	if p := &e.pools[0]; p.blocked != 0 || p.taken != 1 {
		t.Errorf("%d of %d ports were given up, %d are taken", p.blocked, p.n, p.taken)
	}
}

// TestSoundGoesFirst: the media thread goes before whatever computes; where that is
// not permitted, it is told.
func TestSoundGoesFirst(t *testing.T) {
	e := newEngine(t, Config{})
	const usual = 20 // of the system call: 20 less the niceness
	got, err := unix.Getpriority(unix.PRIO_PROCESS, int(e.loop.tid.Load()))
	if err != nil {
		t.Fatal(err)
	}
	switch told := e.PriorityError(); {
	case told == nil && got != usual-nice:
		t.Errorf("said to go first, but its priority is %d", got)
	case told != nil && unix.Geteuid() == 0:
		t.Errorf("root may not: %v", told)
	}
}
