//go:build unix

package sip

import "golang.org/x/sys/unix"

// OpenFiles is how many files the process may open.
func OpenFiles() int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 1024
	}
	return int(min(l.Cur, 1<<20)) //nolint:gosec // just bounded
}
