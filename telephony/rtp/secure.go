package rtp

import "github.com/callisto-tel/callisto/telephony/srtp"

// secure is the SRTP of a line.
type secure struct {
	in  *srtp.Receiver
	out *srtp.Sender
}

// Secure has all packets of the line protected from now on (RFC 3711): with send
// those that go out, with receive those that come in; plain ones are dropped.
// Keys that are in use already keep their state. With zero keys the line is
// plain again.
func (s *Session) Secure(l *Line, send, receive srtp.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.protect(l, send, receive)
}

// protect is Secure with the lock held.
func (s *Session) protect(l *Line, send, receive srtp.Key) error {
	if send.Zero() || receive.Zero() {
		l.secure = nil
		return nil
	}
	x := secure{}
	if l.secure != nil {
		x = *l.secure
	}
	var err error
	if x.out == nil || x.out.Key() != send {
		if x.out, err = srtp.NewSender(send); err != nil {
			return err
		}
	}
	if x.in == nil || x.in.Key() != receive {
		if x.in, err = srtp.NewReceiver(receive); err != nil {
			return err
		}
	}
	l.secure = &x
	return nil
}

// opened returns the plain packet, or nil for one that is not taken.
func (x *secure) opened(b []byte, ctrl bool) []byte {
	out, err := x.in.Open(b, ctrl)
	if err != nil {
		return nil
	}
	return out
}

// protected returns the packet as it goes out, or nil if it must not: nothing
// goes out plain instead.
func (x *secure) protected(b []byte, ctrl bool) []byte {
	out, err := x.out.Protect(b, ctrl)
	if err != nil {
		return nil
	}
	return out
}
