package sip

import (
	"net/netip"
	"strconv"
)

// Transport is how messages travel.
type Transport uint8

// The transports.
const (
	UDP Transport = iota
	TCP
	TLS
	WS  // WebSocket (RFC 7118)
	WSS // the same under TLS
)

func (t Transport) String() string { return [...]string{"UDP", "TCP", "TLS", "WS", "WSS"}[t] }

// Web tells whether the transport is a browser's.
func (t Transport) Web() bool { return t == WS || t == WSS }

// Private tells whether nobody on the way reads what is sent.
func (t Transport) Private() bool { return t == TLS || t == WSS }

// Reliable transports need no retransmission (RFC 3261 §17.1.1.2).
func (t Transport) Reliable() bool { return t != UDP }

// Listener is a socket that takes SIP. Tag is the user's, for example the
// center it belongs to.
type Listener struct {
	ID        int
	Tag       string
	Transport Transport
	Addr      netip.AddrPort // as bound
	trusted   bool           // who connects proves by a certificate that he is ours
	host      string         // as advertised in Via and Contact
	port      uint16
	via       []byte // up to and with the branch's cookie
	contact   []byte // a Contact line
}

// newListener fills in what is sent with every message. advertise may be empty:
// then the bound address is told.
func newListener(id int, tag string, t Transport, addr netip.AddrPort, advertise string) *Listener {
	l := &Listener{ID: id, Tag: tag, Transport: t, Addr: addr, host: advertise, port: addr.Port()}
	if l.host == "" {
		l.host = addr.Addr().Unmap().String()
		if addr.Addr().Is6() && !addr.Addr().Is4In6() {
			l.host = "[" + l.host + "]"
		}
	}
	hostport := l.HostPort()
	l.via = []byte("Via: SIP/2.0/" + t.String() + " " + hostport + ";rport;branch=" + magicCookie)
	param := [...]string{"", ";transport=tcp", ";transport=tls", ";transport=ws", ";transport=ws"}[t] // RFC 7118 §5.2
	l.contact = []byte("Contact: <sip:callisto@" + hostport + param + ">\r\n")
	return l
}

// HostPort is the address as others are told.
func (l *Listener) HostPort() string { return l.host + ":" + strconv.Itoa(int(l.port)) }

// Flow is the way to one peer: the socket or connection a message came in on,
// and the other side's address (RFC 5626 calls this a flow). Answers and
// requests to a registered phone go back the same way.
type Flow struct {
	Listener *Listener
	Conn     *Conn // nil for UDP
	Remote   netip.AddrPort
	Local    netip.Addr // the address of ours it came to, if the listener is a wildcard
}

// Reliable tells whether the flow's transport is.
func (f *Flow) Reliable() bool { return f.Listener.Transport.Reliable() }

// broken tells whether the connection has ended.
func (f *Flow) broken() bool { return f.Conn != nil && !f.Conn.Alive() }

// Peer is who is at the other end, as proved by its certificate; "" if nobody
// proved anything.
func (f *Flow) Peer() string {
	if f.Conn == nil {
		return ""
	}
	return f.Conn.peer
}

// Names are the DNS names that the other end proved by a certificate when it
// connected to us (RFC 5922 §7.1); none if it proved nothing.
func (f *Flow) Names() []string {
	if f.Conn == nil {
		return nil
	}
	return f.Conn.names
}

// Toward is the flow for a request to a URI of the peer. A connection is kept
// to. So is the address of a peer behind a NAT, whose Contact names an address
// that nobody outside can reach; one that names the address it really sends
// from is believed in its port. Without a NAT the URI decides, if it is an
// address; a name stands for the peer we already talk to.
func (f Flow) Toward(uri []byte, nat bool) Flow {
	if f.Conn != nil {
		return f
	}
	u, ok := ParseURI(uri)
	if !ok {
		return f
	}
	addr, ok := u.Addr()
	remote := f.Remote.Addr().Unmap()
	if !ok || addr.Is4() != remote.Is4() || nat && (addr != remote || u.Port == 0) {
		return f
	}
	port := u.Port
	if port == 0 {
		port = 5060
	}
	f.Remote = addrPort(addr, port)
	return f
}

// Token names the flow in text, to be kept with a binding; [Core.Flow] finds it
// again as long as the connection lasts.
func (f *Flow) Token() string { return string(f.AppendToken(nil)) }

// AppendToken appends the token of the flow.
func (f *Flow) AppendToken(b []byte) []byte {
	b = strconv.AppendInt(b, int64(f.Listener.ID), 10)
	b = append(b, '/')
	if f.Conn != nil {
		b = append(b, 'c')
		b = strconv.AppendUint(b, f.Conn.id, 10)
		b = append(b, '/')
	}
	return f.Remote.AppendTo(b)
}
