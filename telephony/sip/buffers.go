package sip

// buffers lends the memory in which transactions keep their messages. While one
// works it has large buffers, used again soon while they are warm; what it keeps
// for half a minute after its end, in case the other side repeats itself, moves
// to a small one.
type buffers struct{ small, large [][]byte }

const (
	smallBuffer = 512  // holds an answer without a body, or an ACK
	largeBuffer = 2048 // most requests; longer ones get memory of their own
)

// take lends a buffer.
func (p *buffers) take() []byte {
	if n := len(p.large); n > 0 {
		b := p.large[n-1]
		p.large = p.large[:n-1]
		return b
	}
	return make([]byte, 0, largeBuffer)
}

// give takes a buffer back. It returns nil, for whoever had it.
func (p *buffers) give(b []byte) []byte {
	switch cap(b) {
	case smallBuffer:
		p.small = append(p.small, b[:0])
	case largeBuffer:
		p.large = append(p.large, b[:0])
	}
	return nil
}

// keep moves what is to be kept for long to a small buffer if it fits.
func (p *buffers) keep(b []byte) []byte {
	if len(b) > smallBuffer || cap(b) == smallBuffer {
		return b
	}
	var c []byte
	if n := len(p.small); n > 0 {
		c = p.small[n-1]
		p.small = p.small[:n-1]
	} else {
		c = make([]byte, 0, smallBuffer)
	}
	c = append(c, b...)
	p.give(b)
	return c
}
