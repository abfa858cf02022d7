package location

import "time"

// Table is the index of bindings in memory.
type Table struct{}

// NewTable returns an empty table.
func NewTable() *Table { return &Table{} }

// Put applies a binding if it is newer than what is known of its id (by epoch
// of one node, else by expiry) and reports whether it was.
func (t *Table) Put(b Binding) bool { return false }

// Remove forgets a binding.
func (t *Table) Remove(id string) {}

// ByNumber appends the live bindings of a number (canonical form) to dst.
func (t *Table) ByNumber(dst []Binding, number string, now time.Time) []Binding { return dst }

// ByDevice appends the live bindings of a device to dst.
func (t *Table) ByDevice(dst []Binding, device string, now time.Time) []Binding { return dst }

// Get returns a live binding by its id.
func (t *Table) Get(id string, now time.Time) (Binding, bool) { return Binding{}, false }

// RemoveDevice forgets every binding of a device (it was revoked) and returns
// them.
func (t *Table) RemoveDevice(device string) []Binding { return nil }

// Sweep forgets what expired before now and returns how many those were.
func (t *Table) Sweep(now time.Time) int { return 0 }

// Len is how many bindings are held, expired ones not yet swept included.
func (t *Table) Len() int { return 0 }
