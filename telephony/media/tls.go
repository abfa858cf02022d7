package media

import (
	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
)

// handshake is the DTLS of a line, as signalling has it (RFC 5763, RFC 8842).
type handshake struct {
	theirs [32]byte // fingerprint of the leg's last description
	named  bool     // it has one
	setup  sdp.Setup
	name   string     // its name in ICE
	mid    []byte     // of the leg, or of our first offer to it
	asked  bool       // our last offer was DTLS
	active bool       // we begin
	web    [2]sdp.Web // what our last offer, and our last answer, said
}

// certified notes what a leg says of DTLS.
func (l *line) certified(m *sdp.Media) {
	is := m.Proto == sdp.DTLS && m.Keying.Proved
	if l.tls == nil {
		if !is {
			return
		}
		l.tls = &handshake{}
	}
	x := l.tls
	if x.named = is; !is {
		return
	}
	x.theirs, x.setup, x.name = m.Keying.Fingerprint, m.Keying.Setup, string(m.Keying.Ufrag)
	if len(m.Mid) > 0 {
		x.mid = append(x.mid[:0], m.Mid...)
	}
}

// asksTLS returns what a new offer says; nil if it is not DTLS.
func (s *Session) asksTLS(l *leg, i int) *sdp.Web {
	x := &l.lines[i]
	if !x.web && l.policy.Protection != Agreed && !(x.on && x.tls != nil && x.tls.named) {
		if x.tls != nil {
			x.tls.asked = false
		}
		return nil
	}
	if x.tls == nil {
		x.tls = &handshake{}
	}
	h := x.tls
	h.asked = true
	s.rtp.Await(x.rtp)
	if len(h.mid) == 0 && x.web {
		h.mid = append(h.mid, byte('0'+i))
	}
	h.web[0] = s.says(x, sdp.ActPass)
	return &h.web[0]
}

// answersTLS returns what the answer to the leg's offer says; nil if that is not
// DTLS. Whoever began once goes on being it.
func (s *Session) answersTLS(l *leg, i int) *sdp.Web {
	x := &l.lines[i]
	h := x.tls
	if h == nil || !h.named {
		return nil
	}
	setup := sdp.Passive
	if h.active = h.setup == sdp.Passive; h.active {
		setup = sdp.Active
	}
	h.web[1] = s.says(x, setup)
	return &h.web[1]
}

// says is what we say of a line.
func (s *Session) says(x *line, setup sdp.Setup) sdp.Web {
	w := sdp.Web{Fingerprint: s.m.rtp.Fingerprint().String(), Setup: setup, Mid: x.tls.mid}
	if x.web {
		if x.tls.name != "" {
			s.rtp.Named(x.rtp, x.tls.name)
		}
		n := s.rtp.Name(x.rtp)
		w.Ufrag, w.Pwd = n.Name, n.Password
	}
	return w
}

// agrees takes the answer of a leg to an offer that was DTLS.
func (l *line) agrees(m *sdp.Media) error {
	h := l.tls
	if h == nil || !h.asked {
		if m.Proto == sdp.DTLS {
			return sdp.ErrCrypto
		}
		return nil
	}
	if !h.named {
		return sdp.ErrCrypto
	}
	h.active = h.setup == sdp.Passive
	return nil
}

// proves puts into force what was said of DTLS.
func (s *Session) proves(x *line) {
	if h := x.tls; h != nil && h.named {
		if x.web {
			s.rtp.Named(x.rtp, h.name)
		}
		s.rtp.Prove(x.rtp, rtp.Fingerprint(h.theirs), h.active)
	}
}
