package exchange

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/coder/websocket"

	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// mostMessage is the longest message a browser may send.
const mostMessage = 64 << 10

// WebSocket takes the WebSockets of browsers: /ws?center=KR. origin is our own
// address as the configuration has it, "" if it has none; from tells where a
// request comes from, which a proxy may know better.
func (x *Exchange) WebSocket(origin string, from func(*http.Request) netip.Addr) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, err := x.webListener(r.URL.Query().Get("center"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		options := websocket.AcceptOptions{Subprotocols: []string{"sip"}, CompressionMode: websocket.CompressionDisabled}
		if origin != "" {
			options.OriginPatterns = []string{origin} // beside the host that was asked
		}
		c, err := websocket.Accept(w, r, &options) // who is of another origin gets 403
		if err != nil {
			x.cfg.Logger.DebugContext(r.Context(), "a WebSocket was not accepted", "error", err)
			return
		}
		if c.Subprotocol() != "sip" { // RFC 7118 §4.1
			_ = c.Close(websocket.StatusPolicyViolation, "the subprotocol sip is spoken here")
			return
		}
		c.SetReadLimit(mostMessage)
		err = x.core.ServeWeb(l, netip.AddrPortFrom(from(r), 0), messages{c})
		x.cfg.Logger.DebugContext(r.Context(), "a WebSocket ended", "error", err)
	})
}

// webListener is the one of a center; of the first, if none is named.
func (x *Exchange) webListener(name string) (*sip.Listener, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := center.ID(name)
	if name == "" && len(x.order) > 0 {
		id = x.order[0]
	}
	d, ok := x.doors[id]
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no center %q", name)
	case d.web == nil:
		return nil, errors.New("browsers are not served here")
	}
	return d.web, nil
}

// messages is a WebSocket as the core has it.
type messages struct{ c *websocket.Conn }

func (m messages) Read(ctx context.Context) ([]byte, error) {
	_, b, err := m.c.Read(ctx)
	return b, err
}

func (m messages) Write(ctx context.Context, b []byte) error {
	return m.c.Write(ctx, websocket.MessageText, b)
}

func (m messages) Ping(ctx context.Context) error { return m.c.Ping(ctx) }

func (m messages) CloseNow() error { return m.c.CloseNow() }
