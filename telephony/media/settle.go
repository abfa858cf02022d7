package media

import (
	"bytes"

	"github.com/callisto-tel/callisto/telephony/sdp"
)

// agrees keeps the answer by which a browser and we go.
func (l *leg) agrees(answer []byte) {
	if l.policy.Web {
		l.bargain = append(l.bargain[:0], answer...)
	}
}

// Settle answers an offer of a browser by which it only says where it is now, as
// after its network has changed (a restart of ICE, RFC 8839 §4.4.1.1): what is
// sent and who sends stays, so the other side has no part in it. ok is false for
// any other offer; then nothing was taken of it.
func (s *Session) Settle(from uint16, text []byte) (answer []byte, ok bool) {
	f := s.leg(from)
	if len(f.bargain) == 0 || s.desc.Parse(text) != nil || !f.unchanged(&s.desc) {
		return nil, false
	}
	f.heard(&s.desc)
	var lines [sdp.MaxMedia]sdp.Line
	for i := range s.desc.Media() {
		x := &f.lines[i]
		if !x.on || x.rtp == nil {
			continue
		}
		p := x.rtp.Port()
		lines[i] = sdp.Line{Port: p, RTCP: p + 1, Mux: true, Dir: x.told & x.dir.Reverse(), Web: s.answersTLS(f, i)}
		s.proves(x)
	}
	if s.desc.Parse(f.bargain) != nil {
		return nil, false
	}
	w := s.ours(f)
	w.Lines = lines[:f.n]
	s.out = s.desc.Rewrite(s.out[:0], &w)
	return s.out, true
}

// unchanged tells whether an offer of a leg has the same lines as before, in the
// same directions, with everything that was agreed on.
func (l *leg) unchanged(d *sdp.Desc) bool {
	var agreed sdp.Desc
	if agreed.Parse(l.bargain) != nil || len(d.Media()) != l.n || len(agreed.Media()) != l.n {
		return false
	}
	for i := range d.Media() {
		m, x := &d.Media()[i], &l.lines[i]
		if !x.web || kindOf(m) != x.kind || relayed(m) != x.on || m.Direction() != x.dir {
			return false
		}
		for f := range bytes.FieldsSeq(agreed.Media()[i].Formats) {
			is, was := d.Encoding(i, f), agreed.Encoding(i, f)
			if !d.Has(i, f) || is != nil && was != nil && !bytes.EqualFold(is, was) { // static ones need no rtpmap
				return false
			}
		}
	}
	return true
}
