package sdp

import "strconv"

// Codec is what a local endpoint speaks after Answer or on reading an answer.
type Codec struct {
	Payload uint8 // 0 PCMU, 8 PCMA (RFC 3551 §6)
	DTMF    uint8 // payload type of telephone-event (RFC 4733), 0 if none
}

// Speak returns the first of PCMU and PCMA in the order of a media line.
func (m *Media) Speak() (Codec, bool) {
	var f []byte
	for rest := m.Formats; len(rest) > 0; {
		f, rest = word(rest)
		if len(f) == 1 && (f[0] == '0' || f[0] == '8') {
			return Codec{Payload: f[0] - '0', DTMF: m.DTMF}, true
		}
	}
	return Codec{}, false
}

// Speakable reports whether a local endpoint can take the line's packets: plain,
// or protected in a way that we know.
func (m *Media) Speakable() bool {
	return m.Port != 0 && (m.Proto == AVP || m.Proto == SAVP && m.Crypto.Tag != 0 || m.Proto == DTLS && m.Keying.Proved)
}

// Reply appends an answer of our own to d, for a call that has only one leg: the
// first audio line that can be spoken is taken, all others are refused
// (RFC 3264 §6). w.Lines[i].Port is wanted for that line; the direction is
// what Lines says, as far as the offer lets it.
func (d *Desc) Reply(dst []byte, w *Rewriting) ([]byte, Codec, error) {
	use := -1
	var c Codec
	for i := range d.n {
		m := &d.media[i]
		if m.Audio() && m.Speakable() && i < len(w.Lines) && w.Lines[i].Port != 0 {
			if k, ok := m.Speak(); ok {
				use, c = i, k
				break
			}
		}
	}
	if use < 0 {
		return dst, c, ErrCodec
	}
	dst, at := header(dst, w)
	for i := range d.n {
		m := &d.media[i]
		if i != use {
			dst = mLine(dst, m, &Line{})
			continue
		}
		dst = spoken(dst, &w.Lines[i], m, c)
		l := w.Lines[i]
		l.Dir &= m.Direction().Reverse()
		l.Mux = l.Mux && m.Mux
		dst = ending(dst, &l, m, w.Addr)
	}
	return stamp(dst, at, w.From), c, nil
}

// spoken writes the audio line of a local endpoint with one codec.
func spoken(dst []byte, l *Line, m *Media, c Codec) []byte {
	dst = append(dst, "m=audio "...)
	dst = strconv.AppendUint(dst, uint64(l.Port), 10)
	dst = append(dst, ' ')
	dst = appendProto(dst, m, l)
	dst = append(dst, ' ')
	dst = append(dst, '0'+c.Payload)
	if c.DTMF != 0 {
		dst = append(dst, ' ')
		dst = strconv.AppendUint(dst, uint64(c.DTMF), 10)
	}
	if c.Payload == 0 {
		dst = append(dst, "\r\na=rtpmap:0 PCMU/8000\r\n"...)
	} else {
		dst = append(dst, "\r\na=rtpmap:8 PCMA/8000\r\n"...)
	}
	if c.DTMF != 0 {
		dst = eventsToo(dst, c.DTMF)
	}
	return append(dst, "a=ptime:20\r\n"...)
}

// Offer appends an offer of our own with one audio line: PCMU, PCMA and
// telephone-event.
func Offer(dst []byte, w *Rewriting) []byte {
	dst, _ = OfferOnly(dst, w, []string{"PCMU", "PCMA"}) // which we speak
	return dst
}

// OfferOnly is Offer with some codecs only, in their order.
func OfferOnly(dst []byte, w *Rewriting, only []string) ([]byte, error) {
	dst, at := header(dst, w)
	dst = append(dst, "m=audio "...)
	dst = strconv.AppendUint(dst, uint64(w.Lines[0].Port), 10)
	m := Media{Proto: AVP, RawProt: []byte("RTP/AVP")}
	dst = appendProto(append(dst, ' '), &m, &w.Lines[0])
	maps := ""
	for _, c := range only {
		switch c {
		case "PCMU":
			dst, maps = append(dst, " 0"...), maps+"a=rtpmap:0 PCMU/8000\r\n"
		case "PCMA":
			dst, maps = append(dst, " 8"...), maps+"a=rtpmap:8 PCMA/8000\r\n"
		}
	}
	if maps == "" {
		return nil, ErrCodec
	}
	dst = append(append(dst, " 101\r\n"...), maps...)
	dst = append(eventsToo(dst, 101), "a=ptime:20\r\n"...)
	dst = ending(dst, &w.Lines[0], &m, w.Addr)
	return stamp(dst, at, w.From), nil
}
