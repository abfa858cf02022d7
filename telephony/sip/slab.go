package sip

// slab holds values of one type at addresses that never move, so that timers
// can be embedded, and reuses them: no allocation in the steady state. A
// generation per slot tells a stale reference.
type slab[T any] struct {
	chunks [][]slot[T]
	free   []uint32
	live   int
}

type slot[T any] struct {
	v    T
	gen  uint16
	used bool
}

const slabChunk = 256

// alloc returns a slot with whatever its last user left in it, so that buffers
// are reused.
func (s *slab[T]) alloc() (uint32, *T) {
	if len(s.free) == 0 {
		base := uint32(len(s.chunks)) * slabChunk
		s.chunks = append(s.chunks, make([]slot[T], slabChunk))
		for i := uint32(slabChunk); i > 0; i-- {
			s.free = append(s.free, base+i-1)
		}
	}
	i := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	e := &s.chunks[i/slabChunk][i%slabChunk]
	e.used = true
	s.live++
	return i, &e.v
}

func (s *slab[T]) at(i uint32) *T { return &s.chunks[i/slabChunk][i%slabChunk].v }

func (s *slab[T]) gen(i uint32) uint16 { return s.chunks[i/slabChunk][i%slabChunk].gen }

// get returns the value if the slot still is of that generation.
func (s *slab[T]) get(i uint32, gen uint16) *T {
	if int(i/slabChunk) >= len(s.chunks) {
		return nil
	}
	e := &s.chunks[i/slabChunk][i%slabChunk]
	if !e.used || e.gen != gen {
		return nil
	}
	return &e.v
}

func (s *slab[T]) release(i uint32) {
	e := &s.chunks[i/slabChunk][i%slabChunk]
	e.used = false
	e.gen++
	s.live--
	s.free = append(s.free, i)
}

// each calls f for every value in use.
func (s *slab[T]) each(f func(i uint32, v *T)) {
	for c := range s.chunks {
		for j := range s.chunks[c] {
			if e := &s.chunks[c][j]; e.used {
				f(uint32(c*slabChunk+j), &e.v)
			}
		}
	}
}
