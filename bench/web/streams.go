//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// streams is what came of sound both ways on all legs for a while.
type streams struct {
	sent, received int
	late           []time.Duration // of each packet, from the send to its arrival at the other end
}

const (
	frame = 20 * time.Millisecond // of sound in a packet
	size  = 12 + 160
)

// talk has every leg say 50 packets a second, evenly spread, for a while after
// half a second of warming up, and tells what its other end heard of them. begin
// and end are called around what is measured.
func talk(legs []*leg, long time.Duration, begin, end func() error) (s streams, err error) {
	e, err := newEars(legs)
	if err != nil {
		return s, err
	}
	defer e.end()
	if err := e.speak(500 * time.Millisecond); err != nil {
		return s, err
	}
	for _, l := range legs {
		l.sent, l.received = 0, 0
	}
	e.late = make([]time.Duration, 0, len(legs)*int(long/frame))
	if err := errors.Join(begin(), e.speak(long), end()); err != nil {
		return s, err
	}
	for _, l := range legs {
		s.sent, s.received = s.sent+l.sent, s.received+l.received
	}
	slices.Sort(e.late)
	s.late = e.late
	return s, nil
}

// speak has all legs say something for a while, and hears until all is quiet.
func (e *ears) speak(long time.Duration) error {
	total := int(long/frame) * len(e.legs)
	start := time.Now()
	for n := 0; n < total; {
		due := min(int(time.Since(start)*time.Duration(len(e.legs))/frame), total)
		for ; n < due; n++ {
			if err := e.legs[n%len(e.legs)].says(e.out[:]); err != nil {
				return err
			}
		}
		e.hear(0)
	}
	for last := time.Now(); time.Since(last) < 100*time.Millisecond; {
		if e.hear(10) {
			last = time.Now()
		}
	}
	return nil
}

// says sends a packet that has the time in it.
func (l *leg) says(b []byte) error {
	b = append(b[:0], 0x80, 0)
	l.seq++
	b = binary.BigEndian.AppendUint16(b, uint16(l.seq)) //nolint:gosec // it turns
	b = binary.BigEndian.AppendUint32(b, l.seq*160)
	b = binary.BigEndian.AppendUint32(b, l.ssrc)
	b = binary.BigEndian.AppendUint64(b, uint64(time.Now().UnixNano())) //nolint:gosec // of this age
	b = b[:size]
	if l.out != nil {
		var err error
		if b, err = l.out.Protect(b, false); err != nil {
			return err
		}
	}
	l.sent++
	_, err := unix.Write(l.fd, b)
	if errors.Is(err, unix.ECONNREFUSED) {
		err = nil
	}
	return err
}

// ears are who hears all legs, and where what comes is read into.
type ears struct {
	ep      int
	legs    []*leg
	events  []unix.EpollEvent
	in      []byte
	control []byte
	out     [2048]byte
	late    []time.Duration
}

func newEars(legs []*leg) (*ears, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	e := &ears{ep: ep, legs: legs, events: make([]unix.EpollEvent, 256), in: make([]byte, 2048), control: make([]byte, 64)}
	for i, l := range legs {
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, l.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil { //nolint:gosec // few
			e.end()
			return nil, err
		}
	}
	return e, nil
}

func (e *ears) end() { _ = unix.Close(e.ep) }

// hear takes what has come, or comes within wait ms, and reports whether it was any.
func (e *ears) hear(wait int) (came bool) {
	n, _ := unix.EpollWait(e.ep, e.events, wait)
	for _, v := range e.events[:max(n, 0)] {
		l := e.legs[v.Fd]
		b, at := e.read(l.fd)
		if len(b) < 12 || b[0]>>6 != 2 {
			continue
		}
		if l.in != nil {
			var err error
			if b, err = l.in.Open(b, false); err != nil {
				continue
			}
		}
		if len(b) < 20 || b[1]&0x7F != 0 {
			continue // a report
		}
		came = true
		l.received++
		e.late = append(e.late, time.Duration(at-int64(binary.BigEndian.Uint64(b[12:])))) //nolint:gosec // times of this age
	}
	return came
}

// read reads one packet, and when the kernel had it.
func (e *ears) read(fd int) (b []byte, at int64) {
	v := unix.Iovec{Base: &e.in[0], Len: uint64(len(e.in))}
	h := unix.Msghdr{Iov: &v, Iovlen: 1, Control: &e.control[0], Controllen: uint64(len(e.control))}
	n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), unix.MSG_DONTWAIT) //nolint:gosec // the kernel writes where we say
	if errno != 0 {
		return nil, 0
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&e.control[0])) //nolint:gosec // see above
	if h.Controllen >= unix.SizeofCmsghdr+16 && c.Type == unix.SO_TIMESTAMPNS {
		t := (*unix.Timespec)(unsafe.Pointer(&e.control[unix.SizeofCmsghdr])) //nolint:gosec // see above
		at = t.Nano()
	}
	return e.in[:n], at
}
