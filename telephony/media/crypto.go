package media

import (
	"github.com/callisto-tel/callisto/telephony/sdp"
	"github.com/callisto-tel/callisto/telephony/srtp"
)

// crypto is the SRTP of a line, as signalling has it. Each leg has keys of its
// own: what it sends is opened here, and closed again for the other.
type crypto struct {
	theirs sdp.Crypto    // of the leg's last description; none: plain
	asked  [2]sdp.Crypto // what our last offer had; none: it was plain
	mine   srtp.Key      // what is sent to it is protected with
}

// protected tells whether line m of an offer of one leg is offered to line x of
// another as SRTP. Nothing plain is taken for protected, and what cannot be
// protected is not offered.
func protected(m *sdp.Media, from Protection, x *line, to Protection) (bool, error) {
	if m.Proto == sdp.SAVP && m.Crypto.Tag == 0 || !m.Protected() && from == Always ||
		m.Proto != sdp.DTLS && from == Agreed || !m.Proto.RTP() && (to == Always || to == Agreed) {
		return false, sdp.ErrCrypto
	}
	if to == AsOffered && !x.on { // a trunk that is always protected says nothing about a telephone
		return m.Proto == sdp.SAVP && from == AsOffered || m.Proto == sdp.DTLS, nil
	}
	return x.wants(to), nil
}

// wants tells whether a line of a leg is SRTP, as far as the leg goes: what is in
// use stays.
func (l *line) wants(p Protection) bool {
	return p == Always || p == AsOffered && l.on && l.crypto != nil && l.crypto.theirs.Tag != 0
}

// Protects reports whether what a leg was offered last is SRTP by keys in signalling.
func (s *Session) Protects(id uint16) bool {
	x := s.leg(id).lines[0].crypto
	return x != nil && x.asked[0].Tag != 0
}

// keyed notes the key that a leg names for the line.
func (l *line) keyed(c sdp.Crypto) {
	if l.crypto == nil && c.Tag != 0 {
		l.crypto = &crypto{}
	}
	if l.crypto != nil {
		l.crypto.theirs = c
	}
}

// asks returns what a new offer names. A key that is in use stays.
func (l *line) asks(secure bool) [2]sdp.Crypto {
	if !secure {
		if l.crypto != nil {
			l.crypto.asked = [2]sdp.Crypto{}
		}
		return [2]sdp.Crypto{}
	}
	if l.crypto == nil {
		l.crypto = &crypto{}
	}
	switch x := l.crypto; {
	case !x.mine.Zero():
		x.asked = [2]sdp.Crypto{{Tag: 1, Key: x.mine}}
	case x.asked[0].Tag == 0:
		x.asked = [2]sdp.Crypto{{Tag: 1, Key: srtp.NewKey(srtp.AES128GCM)}, {Tag: 2, Key: srtp.NewKey(srtp.AES128CM80)}}
	}
	return l.crypto.asked
}

// answered takes the answer of a leg to what asks named.
func (l *line) answered(m *sdp.Media) error {
	if l.crypto == nil || l.crypto.asked[0].Tag == 0 {
		if m.Proto == sdp.SAVP {
			return sdp.ErrCrypto
		}
		return nil
	}
	for i := range l.crypto.asked {
		if a := &l.crypto.asked[i]; a.Tag != 0 && m.Proto == sdp.SAVP && m.Crypto.Tag == a.Tag && m.Crypto.Key.Suite == a.Key.Suite {
			l.crypto.mine = a.Key
			return nil
		}
	}
	return sdp.ErrCrypto
}

// answers returns what the answer to the leg's offer names.
func (l *line) answers() [2]sdp.Crypto {
	x := l.crypto
	if x == nil || x.theirs.Tag == 0 {
		return [2]sdp.Crypto{}
	}
	if x.mine.Suite != x.theirs.Key.Suite {
		x.mine = srtp.NewKey(x.theirs.Key.Suite)
	}
	return [2]sdp.Crypto{{Tag: x.theirs.Tag, Key: x.mine}}
}

// secure puts the keys of a line into force.
func (s *Session) secure(l *line) error {
	if l.crypto == nil {
		return nil
	}
	if l.crypto.theirs.Tag == 0 {
		// Should it be protected again, that is with another key: the packets of
		// this one are counted no more, and none may be closed twice alike.
		l.crypto.mine, l.crypto.asked = srtp.Key{}, [2]sdp.Crypto{}
		return s.rtp.Secure(l.rtp, srtp.Key{}, srtp.Key{})
	}
	return s.rtp.Secure(l.rtp, l.crypto.mine, l.crypto.theirs.Key)
}
