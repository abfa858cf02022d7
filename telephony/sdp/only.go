package sdp

import (
	"bytes"
	"strconv"
)

// Only leaves of an audio line what the receiver is to be offered: codecs by
// their names, in that order; none means all. Without events, telephone events
// (RFC 4733) are left out. What goes takes its rtpmap and fmtp along.
func (d *Desc) Only(i int, codecs []string, events bool) error {
	m := &d.media[i]
	if !m.Audio() || m.Proto == UDPTL || m.Port == 0 || len(codecs) == 0 && events {
		return nil
	}
	names := d.names(i)
	var out []byte
	keep := func(name string) {
		var f []byte
		for rest := m.Formats; len(rest) > 0; {
			f, rest = word(rest)
			if n, ok := number(f, 127); ok && names[n] == name && (name != "TELEPHONE-EVENT" || events) {
				if len(out) > 0 {
					out = append(out, ' ')
				}
				out = append(out, f...)
			}
		}
	}
	if len(codecs) == 0 {
		codecs = d.order(m, &names)
	}
	for _, c := range codecs {
		keep(c)
	}
	if len(out) == 0 {
		return ErrCodec
	}
	if events {
		keep("TELEPHONE-EVENT")
	} else {
		m.DTMF = 0
	}
	m.Formats, m.only = out, true
	return nil
}

// order lists the codecs of a line but for telephone events, as they stand.
func (d *Desc) order(m *Media, names *[128]string) (list []string) {
	var f []byte
	seen := map[string]bool{"TELEPHONE-EVENT": true}
	for rest := m.Formats; len(rest) > 0; {
		f, rest = word(rest)
		if n, ok := number(f, 127); ok && !seen[names[n]] {
			seen[names[n]] = true
			list = append(list, names[n])
		}
	}
	return list
}

// names are the codecs of a line by payload type: the static ones (RFC 3551 §6)
// and those of its rtpmaps, in capitals.
func (d *Desc) names(i int) (names [128]string) {
	names[0], names[3], names[4], names[8], names[9], names[13], names[15], names[18] = "PCMU", "GSM", "G723", "PCMA", "G722", "CN", "G728", "G729"
	at := -1
	for rest := d.raw; len(rest) > 0; {
		var t byte
		var v []byte
		t, v, rest = cut(rest)
		if t == 'm' {
			at++
		}
		if name, value := attr(v); t == 'a' && at == i && string(name) == "rtpmap" {
			pt, enc := word(value)
			if n, ok := number(pt, 127); ok {
				enc, _, _ = bytes.Cut(enc, []byte{'/'})
				names[n] = string(bytes.ToUpper(enc))
			}
		}
	}
	return names
}

// kept reports whether an attribute is of a payload type that is left.
func (m *Media) kept(name, value []byte) bool {
	if !m.only {
		return true
	}
	switch string(name) {
	case "rtpmap", "fmtp", "rtcp-fb":
	default:
		return true
	}
	pt, _ := word(value)
	if string(pt) == "*" {
		return true
	}
	var f []byte
	for rest := m.Formats; len(rest) > 0; {
		f, rest = word(rest)
		if string(f) == string(pt) {
			return true
		}
	}
	return false
}

// eventsToo says that telephone events may come with a payload type.
func eventsToo(dst []byte, pt uint8) []byte {
	dst = append(dst, "a=rtpmap:"...)
	dst = strconv.AppendUint(dst, uint64(pt), 10)
	dst = append(dst, " telephone-event/8000\r\na=fmtp:"...)
	dst = strconv.AppendUint(dst, uint64(pt), 10)
	return append(dst, " 0-15\r\n"...)
}
