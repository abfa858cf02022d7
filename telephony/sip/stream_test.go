package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// What nobody finishes is not waited for, however slowly it goes on; a
// telephone that is quiet between messages is.
func TestASlowMessageEndsItsConnection(t *testing.T) {
	const whole = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
	for name, x := range map[string]struct {
		first, piece string
		every, ends  time.Duration
	}{
		"never a message":      {"", "", time.Hour, messageTime},
		"only keep-alives":     {"\r\n", "\r\n", 20 * time.Second, messageTime},
		"a byte now and then":  {"", "O", 20 * time.Second, messageTime},
		"slow after the first": {whole, "O", 20 * time.Second, 20*time.Second + messageTime},
		"quiet after it":       {whole, "", time.Hour, idleTimeout},
		"messages":             {whole, whole, 20 * time.Minute, 12*20*time.Minute + idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := New(Config{Handler: func(*Shard) Handler { return tortured{} }})
				if err != nil {
					t.Fatal(err)
				}
				conn := c.newConn(newListener(0, "X", TCP, ap("127.0.0.1:5060"), ""), ap("192.0.2.1:40000"), false)
				phone, us := net.Pipe()
				over := make(chan struct{})
				go func() { // the pipe takes CRLF answers and gives messages
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
				err = conn.read(us)
				if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took != x.ends {
					t.Errorf("it ended after %v with %v, want %v", took, err, x.ends)
				}
				_, _ = phone.Close(), us.Close()
				close(over)
			})
		})
	}
}

func TestOneSourceLeavesConnectionsForOthers(t *testing.T) {
	table := newConnTable()
	table.most = 40
	open := func(remote string, out bool) *Conn {
		cn := &Conn{out: out, flow: Flow{Remote: ap(remote)}}
		if !table.add(cn) {
			return nil
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
