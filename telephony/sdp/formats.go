package sdp

import "bytes"

// Format is what a payload type of an audio line is.
type Format struct {
	Payload uint8
	Name    string // in capitals, of those known here; "" of others
	Clock   uint32
}

// codecNames are the codecs that are known by name.
func codecNames() [15]string {
	return [...]string{"PCMU", "PCMA", "G722", "G729", "OPUS", "GSM", "ILBC", "G723", "G728", "AMR", "AMR-WB", "SPEEX", "L16", "GSM-EFR", "G726-32"}
}

// Formats appends the codecs of a line in its order, without telephone events
// and comfort noise. It allocates nothing if dst has room.
func (d *Desc) Formats(dst []Format, i int) []Format {
	var f []byte
	for rest := d.media[i].Formats; len(rest) > 0 && len(dst) < cap(dst); {
		f, rest = word(rest)
		n, ok := number(f, 127)
		if !ok {
			continue
		}
		x := Format{Payload: uint8(n), Clock: 8000}
		switch n { // RFC 3551 §6
		case 0:
			x.Name = "PCMU"
		case 3:
			x.Name = "GSM"
		case 4:
			x.Name = "G723"
		case 8:
			x.Name = "PCMA"
		case 9:
			x.Name = "G722"
		case 15:
			x.Name = "G728"
		case 18:
			x.Name = "G729"
		}
		enc := d.Encoding(i, f)
		name, clock, _ := bytes.Cut(enc, []byte{'/'})
		if bytes.EqualFold(name, []byte("telephone-event")) || bytes.EqualFold(name, []byte("CN")) || n == 13 {
			continue
		}
		if len(name) > 0 {
			x.Name = ""
			for _, known := range codecNames() {
				if len(name) == len(known) && bytes.EqualFold(name, []byte(known)) {
					x.Name = known
				}
			}
		}
		clock, _, _ = bytes.Cut(clock, []byte{'/'})
		if hz, ok := number(clock, 192000); ok && hz > 0 {
			x.Clock = uint32(hz)
		}
		dst = append(dst, x)
	}
	return dst
}

// Has reports whether a line has a payload type.
func (d *Desc) Has(i int, pt []byte) bool {
	for f := range bytes.FieldsSeq(d.media[i].Formats) {
		if bytes.Equal(f, pt) {
			return true
		}
	}
	return false
}

// Encoding finds the rtpmap of a payload type of a line; nil if there is none.
func (d *Desc) Encoding(i int, pt []byte) []byte {
	at := -1
	for rest := d.raw; len(rest) > 0; {
		var t byte
		var v []byte
		t, v, rest = cut(rest)
		if t == 'm' {
			at++
		}
		if t != 'a' || at != i {
			continue
		}
		if name, value := attr(v); string(name) == "rtpmap" {
			if n, enc := word(value); bytes.Equal(n, pt) {
				return enc
			}
		}
	}
	return nil
}
