package sip

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Messages is a WebSocket that was accepted (RFC 6455): each of its messages is
// one of SIP (RFC 7118 §5). Read fails when the other side is gone or sends more
// than it may; CloseNow ends both directions at once.
type Messages interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, b []byte) error
	Ping(ctx context.Context) error
	CloseNow() error
}

// A browser that has gone without a word is noticed by a ping within the sum of
// these (RFC 7118 §6).
const (
	pingEvery = 15 * time.Second
	pongMost  = 10 * time.Second
)

// errConnections says that there are as many connections as there may be.
var errConnections = errors.New("there are too many SIP connections, of this address or in all")

type webSocket struct {
	core *Core
	m    Messages
}

func (w webSocket) write(o *outbox) error {
	at := 0
	for _, end := range o.ends {
		ctx, cancel := context.WithTimeout(w.core.ctx, writeStall)
		err := w.m.Write(ctx, o.bytes[at:end])
		cancel()
		if err != nil {
			return err
		}
		at = end
	}
	return nil
}

func (w webSocket) Close() error { return w.m.CloseNow() }

// ServeWeb serves a WebSocket to its end, and returns why it ended.
func (c *Core) ServeWeb(l *Listener, remote netip.AddrPort, m Messages) error {
	c.opening.Lock() // Close waits for what began before it
	if c.ctx.Err() != nil {
		c.opening.Unlock()
		return m.CloseNow()
	}
	c.wg.Add(1)
	c.opening.Unlock()
	defer c.wg.Done()
	cn := c.newConn(l, remote, false)
	if cn == nil {
		return errors.Join(errConnections, m.CloseNow())
	}
	defer cn.close()
	if !cn.connected(webSocket{c, m}) {
		return m.CloseNow()
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	c.wg.Go(func() { cn.ping(ctx, m) })
	shard := c.shards[cn.id%uint64(len(c.shards))]
	due := messageTime // the first message comes soon, as over any connection
	for {
		wait, stop := context.WithTimeout(ctx, due)
		b, err := m.Read(wait)
		stop()
		if err != nil {
			return err
		}
		due = idleTimeout
		if keepAlive(b) {
			if len(b) == 4 { // a ping of RFC 5626 §3.5.1
				cn.send(crlf)
			}
			continue
		}
		cn.spoke()
		shard.Deliver(cn.flow, b)
	}
}

// ping notices an other side that is gone.
func (c *Conn) ping(ctx context.Context, m Messages) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		pong, cancel := context.WithTimeout(ctx, pongMost)
		err := m.Ping(pong)
		cancel()
		if err != nil {
			c.close()
			return
		}
	}
}
