package node

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// TestIdleBrowsersMakeRoom: whoever keeps as many connections open as there may be
// shuts nobody out. The one that has been idle longest goes; one that is at work, or
// was taken over by a WebSocket, stays.
func TestIdleBrowsersMakeRoom(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(l, 4)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
	work := make(chan struct{})
	mux.HandleFunc("GET /work", func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-work
	})
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	})
	srv := &http.Server{Handler: mux, ConnState: d.state, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(d) }()
	t.Cleanup(func() { _ = srv.Close() })
	t.Cleanup(func() { close(work) })
	come := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String()) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	asks := func(c net.Conn, path string) int {
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
			return 0
		}
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return 0
		}
		if path != "/work" {
			_ = r.Body.Close()
		}
		return r.StatusCode
	}
	idle := func(want int) {
		t.Helper()
		for n := -1; n != want; { // the server tells it when the answer is out already
			d.mu.Lock()
			n = d.idle.Len()
			d.mu.Unlock()
			<-time.After(time.Millisecond)
		}
	}
	busy, taken, first, silent := come(), come(), come(), come()
	if asks(busy, "/work") != 200 || asks(taken, "/ws") != 101 || asks(first, "/") != 200 {
		t.Fatal("they get no answer")
	}
	idle(2) // one asks nothing
	if c := come(); asks(c, "/") != 200 || asks(silent, "/") != 0 || asks(first, "/") != 200 {
		t.Error("the one that was idle longest was to go")
	}
	idle(2)
	for i := range 4 {
		if c := come(); asks(c, "/") != 200 {
			t.Errorf("browser %d gets no answer", i)
		}
		idle(2)
	}
	if asks(first, "/") != 0 {
		t.Error("it was idle longest")
	}
	_, _ = taken.Write([]byte("x")) // and nobody closed it, nor the other
	d.mu.Lock()
	all := d.all
	d.mu.Unlock()
	if all != 4 {
		t.Errorf("%d are counted", all)
	}
	_ = taken.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := taken.Read(make([]byte, 1)); err == nil || !err.(net.Error).Timeout() { //nolint:errorlint,forcetypeassert // of a connection
		t.Errorf("what was taken over has ended: %v", err)
	}
}

// come is a connection from somewhere.
type come struct {
	net.Conn
	from netip.AddrPort
}

func (c come) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }
func (come) Close() error           { return nil }

// TestOneSourceLeavesPagesForOthers: an address, or a customer's network, has at
// most its part; a proxy on this machine has all.
func TestOneSourceLeavesPagesForOthers(t *testing.T) {
	d := newDoor(nil, 80)
	enter := func(from string) *guest { return d.admit(come{from: netip.MustParseAddrPort(from)}) }
	var mine []*guest
	for i := range 30 {
		if g := enter(fmt.Sprintf("[2001:db8::%x]:%d", i, 1000+i)); g != nil {
			mine = append(mine, g)
		}
	}
	if len(mine) != 10 || enter("192.0.2.1:1000") == nil {
		t.Errorf("one source has %d of 80", len(mine))
	}
	for i := range 200 {
		g := enter(fmt.Sprintf("127.0.0.1:%d", 1000+i))
		if g == nil {
			t.Fatalf("the proxy's connection %d was turned away", i)
		}
		d.state(g, http.StateActive)
		d.state(g, http.StateIdle)
	}
	if d.all != 80 {
		t.Errorf("%d are there", d.all)
	}
	_ = mine[0].Close() // it made room already
	for e := d.idle.Front(); e != nil; e = d.idle.Front() {
		d.state(e.Value.(*guest), http.StateActive)
	}
	if d.all != 80 || enter("192.0.2.2:1000") != nil {
		t.Error("nobody was idle")
	}
}
