package media

import (
	"net/netip"

	"github.com/callisto-tel/callisto/telephony/rtp"
	"github.com/callisto-tel/callisto/telephony/sdp"
)

// payloads appends what the payload types of line i of an answer are: both sides
// use its numbers (RFC 3264 §6.1). Lines that are no audio have none: their
// sound is not measured.
func payloads(dst []rtp.Payload, d *sdp.Desc, i int) []rtp.Payload {
	if !d.Media()[i].Audio() || !d.Media()[i].Proto.RTP() {
		return dst
	}
	var room [rtp.MostPayloads]sdp.Format
	for _, f := range d.Formats(room[:0], i) {
		dst = append(dst, rtp.Payload{Type: f.Payload, Name: f.Name, Clock: f.Clock})
	}
	return dst
}

// Quality is how the sound of a leg came, and how it got what was sent to it.
func (s *Session) Quality(id uint16) (from, to rtp.Heard) {
	for i := range s.legs {
		if s.legs[i].id != id {
			continue
		}
		for j := range s.legs[i].lines {
			if x := &s.legs[i].lines[j]; x.rtp != nil && x.audio {
				if from, to = s.rtp.Quality(x.rtp); from.Packets > 0 || to != (rtp.Heard{}) {
					return from, to
				}
			}
		}
	}
	return from, to
}

// LineStats is what came in on a line, and where from.
type LineStats struct {
	Kind      string
	Port      uint16         // ours
	Announced netip.AddrPort // where its description says it is
	rtp.Stats
}

// Stats appends the counters of a leg's lines.
func (s *Session) Stats(dst []LineStats, id uint16) []LineStats {
	l := s.leg(id)
	for i := range l.n {
		if x := &l.lines[i]; x.rtp != nil {
			dst = append(dst, LineStats{x.kind, x.rtp.Port(), x.remote.RTP, s.rtp.Stats(x.rtp)})
		}
	}
	return dst
}
