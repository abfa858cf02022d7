package sip

// Nudge sends an OPTIONS to whoever is at the end of a flow and waits for nothing:
// a router between forgets a telephone that is silent, and one that gives way
// only to what comes from inside sees the answer. The answer leads nowhere here.
func (s *Shard) Nudge(f Flow, uri []byte) {
	b := append(append(s.scratch2[:0], "OPTIONS "...), uri...)
	b = append(append(b, " SIP/2.0\r\n"...), f.Listener.via...)
	b = append(s.token(tokenNone, 0, 0).append(b, s.core.key), crlf...)
	b = append(append(append(b, "Max-Forwards: 70\r\nFrom: <sip:"...), f.Listener.HostPort()...), ">;tag="...)
	b = appendHex(b, s.rng.Uint64())
	b = append(append(append(b, "\r\nTo: <"...), uri...), ">\r\n"...)
	b = appendHeader(b, HCallID, s.appendCallID(nil))
	b = appendCSeq(b, 1, methodName[OPTIONS])
	s.scratch2 = appendBody(b, nil)
	s.sendCopy(f, s.scratch2)
}
