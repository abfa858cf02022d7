package sip

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// What nobody finishes is not waited for, however slowly it goes on; a
// telephone that is quiet between messages is.
func TestASlowMessageEndsItsConnection(t *testing.T) {
	const whole = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
	for name, x := range map[string]struct {
		proves       bool
		first, piece string
		every, ends  time.Duration
	}{
		"never a message":       {false, "", "", time.Hour, messageTime},
		"only keep-alives":      {false, "\r\n", "\r\n", 20 * time.Second, messageTime},
		"a byte now and then":   {false, "", "O", 20 * time.Second, messageTime},
		"slow after the first":  {true, whole, "O", 20 * time.Second, 20*time.Second + messageTime},
		"quiet after it":        {true, whole, "", time.Hour, idleTimeout},
		"messages":              {true, whole, whole, 20 * time.Minute, 12*20*time.Minute + idleTimeout},
		"quiet, a stranger":     {false, whole, "", time.Hour, strangeTime},
		"a stranger's messages": {false, whole, whole, 50 * time.Second, 12*50*time.Second + strangeTime},
		"a stranger's CRLF":     {false, whole, "\r\n", 20 * time.Second, strangeTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := New(Config{Handler: func(*Shard) Handler { return tortured{} }})
				if err != nil {
					t.Fatal(err)
				}
				conn := c.newConn(newListener(0, "X", TCP, ap("127.0.0.1:5060"), ""), ap("192.0.2.1:40000"), false)
				if x.proves {
					conn.prove()
				}
				phone, us := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, phone) }()
				over := make(chan struct{})
				go func() {
					_, _ = phone.Write([]byte(x.first))
					for range 12 {
						select {
						case <-time.After(x.every):
						case <-over:
							return
						}
						if _, err := phone.Write([]byte(x.piece)); err != nil {
							return
						}
					}
				}()
				start := time.Now()
				err = conn.serve(us, nil, false)
				if took := time.Since(start); err == nil || took != x.ends {
					t.Errorf("it ended after %v with %v, want %v", took, err, x.ends)
				}
				_ = phone.Close()
				close(over)
			})
		})
	}
}

func TestOneSourceLeavesConnectionsForOthers(t *testing.T) {
	table := newConnTable()
	table.most = 40
	open := func(remote string, out bool) *Conn {
		cn := &Conn{out: out, flow: Flow{Remote: ap(remote), Listener: &Listener{}}, core: &Core{}}
		if goes, ok := table.add(cn); !ok || goes != nil {
			return nil
		}
		if cn.strange != nil { // as if it had proved something
			table.strange.Remove(cn.strange)
			cn.strange = nil
		}
		return cn
	}
	var mine []*Conn
	for i := range 100 {
		if cn := open(fmt.Sprintf("[2001:db8::%x]:%d", i, 1000+i), false); cn != nil { // one customer's network
			mine = append(mine, cn)
		}
	}
	if len(mine) != 10 {
		t.Errorf("one source has %d of 40 connections", len(mine))
	}
	taken := len(mine)
	for i := range 100 {
		if open(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 1000).String(), false) != nil {
			taken++
		}
	}
	if taken != 40 {
		t.Errorf("%d connections, 40 may be", taken)
	}
	if open("127.0.0.1:1000", false) != nil || open("198.51.100.1:5061", true) == nil {
		t.Error("the limit is for what others open, and for all of it")
	}
	table.remove(mine[0])
	table.remove(mine[0])
	if open("203.0.113.1:1000", false) == nil || open("203.0.113.2:1000", false) != nil {
		t.Error("one was given back")
	}
}

// TestStrangersMakeRoom: when there are as many connections as may be, who has
// proved nothing and has been silent longest goes for who comes. Links of centers
// are let in and not counted.
func TestStrangersMakeRoom(t *testing.T) {
	c, err := New(Config{Handler: func(*Shard) Handler { return tortured{} }})
	if err != nil {
		t.Fatal(err)
	}
	c.conns.most = 8
	door, link := newListener(0, "X", TCP, ap("127.0.0.1:5060"), ""), newListener(1, "link:X", TLS, ap("127.0.0.1:5061"), "")
	link.trusted = true
	n := byte(0)
	come := func(l *Listener) *Conn {
		n++
		return c.newConn(l, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 1000), false)
	}
	here := func(cn *Conn) bool { c.wg.Wait(); return cn.Alive() }
	telephone := come(door)
	telephone.prove()
	for range 4 {
		come(door).prove()
	}
	a, b, d := come(door), come(door), come(door)
	a.spoke()
	if e := come(door); e == nil || here(b) || !here(a) || !here(d) || !here(telephone) {
		t.Error("the one that was silent longest was to go")
	} else {
		e.prove()
	}
	a.prove()
	center := come(link)
	if center == nil || here(d) {
		t.Fatal("a center was not let in")
	}
	center.prove()
	last := come(door)
	if last == nil || !here(center) {
		t.Fatal("a link was counted")
	}
	last.prove()
	if come(door) != nil {
		t.Error("one who proved something was to go")
	}
	other := come(link)
	if other == nil || !here(telephone) {
		t.Fatal("a center was not let in beside those who proved themselves")
	}
	other.prove()
	for _, cn := range []*Conn{telephone, center, other} {
		cn.close()
	}
	if c.conns.others != 7 || len(c.conns.bySrc) != 7 || c.conns.strange.Len() != 0 {
		t.Errorf("%d are counted", c.conns.others)
	}
	c.conns = newConnTable()
	c.conns.most = 8
	first := come(door)
	for range 3 {
		come(door)
	}
	if !here(first) || come(door) == nil || here(first) || c.conns.others != 4 {
		t.Errorf("of 8 places %d are strangers'", c.conns.others)
	}
}

// TestWhoRegistersIsNoStranger, nor is whoever's call is taken; who only asks what
// there is stays one.
func TestWhoRegistersIsNoStranger(t *testing.T) {
	for method, want := range map[string]bool{"REGISTER": true, "SUBSCRIBE": true, "INVITE": true, "OPTIONS": false} {
		c, err := New(Config{Handler: func(*Shard) Handler { return taker{} }})
		if err != nil {
			t.Fatal(err)
		}
		c.shards[0].send = func([]Packet) {}
		conn := c.newConn(newListener(0, "X", TCP, ap("127.0.0.1:5060"), ""), ap("192.0.2.1:40000"), false)
		c.shards[0].Packet(conn.flow, fmt.Appendf(nil, "%[1]s sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: o\r\nCSeq: 1 %[1]s\r\nContact: <sip:a@h>\r\nContent-Length: 0\r\n\r\n", method))
		if conn.proved.Load() != want {
			t.Errorf("%s proves: %v", method, conn.proved.Load())
		}
		conn.close()
	}
}

// taker takes whatever comes.
type taker struct{ tortured }

func (taker) Request(in *Incoming) {
	if in.Accept(true) == nil {
		in.Respond(&Reply{Status: 200})
	}
}
