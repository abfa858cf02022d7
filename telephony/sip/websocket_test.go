package sip

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// farEnd is a WebSocket whose other end says what it is given, and answers
// pings as long as it is there.
type farEnd struct {
	says chan string
	here bool
	gone chan struct{}
	once sync.Once
}

func (s *farEnd) Read(ctx context.Context) ([]byte, error) {
	select {
	case m := <-s.says:
		return []byte(m), nil
	case <-s.gone:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *farEnd) Write(context.Context, []byte) error { return nil }

func (s *farEnd) Ping(ctx context.Context) error {
	if s.here {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *farEnd) CloseNow() error {
	s.once.Do(func() { close(s.gone) })
	return nil
}

// TestAWebSocketThatSaysNothing is closed: before its first message soon, later
// when it has been silent for long, a stranger's for a minute, and by a ping when
// nobody is there.
func TestAWebSocketThatSaysNothing(t *testing.T) {
	for _, c := range []struct {
		name               string
		says, proves, here bool
		after              time.Duration
	}{
		{"at all", false, false, true, messageTime}, {"any more", true, true, true, idleTimeout},
		{"any more, a stranger's", true, false, true, strangeTime}, {"and is gone", true, true, false, pingEvery + pongMost},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, err := New(Config{Handler: func(*Shard) Handler { return nil }})
				if err != nil {
					t.Fatal(err)
				}
				l := core.Socketless("KR", WS, netip.MustParseAddrPort("192.0.2.1:80"))
				m := &farEnd{says: make(chan string, 1), here: c.here, gone: make(chan struct{})}
				if c.says {
					m.says <- "REGISTER sip:x SIP/2.0\r\n\r\n"
				}
				if c.proves {
					time.AfterFunc(time.Second, func() { core.conns.get(1).prove() })
				}
				begun := time.Now()
				if err := core.ServeWeb(l, netip.MustParseAddrPort("192.0.2.9:0"), m); err == nil {
					t.Error("it ended well")
				}
				if took := time.Since(begun); took != c.after {
					t.Errorf("it was closed after %s, want %s", took, c.after)
				}
				core.Close()
			})
		})
	}
}
