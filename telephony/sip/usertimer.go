package sip

import "unsafe"

// UserTimer is a timer of the shard's user, embedded in whatever it belongs to
// and set with [Shard.SetTimer]. Owner is the user's reference.
type UserTimer struct {
	t     timer
	Owner any
	Kind  int
}

// SetTimer arms t, moving it if it is armed. Its resolution is 10 ms.
func (s *Shard) SetTimer(t *UserTimer, at Mono) {
	t.t.owner = ownerUser
	s.wheel.set(&t.t, at)
}

// ClearTimer disarms t.
func (s *Shard) ClearTimer(t *UserTimer) { s.wheel.clear(&t.t) }

// userTimer finds the UserTimer around a node; the node is its first field.
func (s *Shard) userTimer(t *timer) *UserTimer {
	return (*UserTimer)(unsafe.Pointer(t)) //nolint:gosec // t is the first field of a UserTimer: only SetTimer sets ownerUser
}
