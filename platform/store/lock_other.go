//go:build !unix

package store

// lockFolder does nothing where there is no flock: SQLite's own locks still
// keep two writers apart.
func lockFolder(string) (func() error, error) { return func() error { return nil }, nil }
