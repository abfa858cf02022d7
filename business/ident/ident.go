// Package ident mints our ids: a type prefix and 16 lower-case base32 letters
// (RFC 4648 §6 alphabet), sortable by time and unguessable enough to be no
// secret and no counter: "ord_ab3k…". No authority is needed to mint one.
package ident

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// epoch is where our time starts: 2020-01-01T00:00:00Z in milliseconds.
const epoch = 1577836800000

// letters keep byte order (the "extended hex" alphabet of RFC 4648 §7), so ids
// sort by time.
const letters = "0123456789abcdefghijklmnopqrstuv"

// New returns an id of a type, for example New("ord", now). The first 42 bits
// are milliseconds, the other 38 are random.
func New(prefix string, now time.Time) string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	ms := uint64(max(now.UnixMilli()-epoch, 0)) << 22
	return write(prefix, ms|binary.BigEndian.Uint64(b[:8])&(1<<22-1), binary.BigEndian.Uint16(b[8:]))
}

// Least is the least id of a type that New makes at an instant or later.
func Least(prefix string, at time.Time) string {
	return write(prefix, uint64(max(at.UnixMilli()-epoch, 0))<<22, 0)
}

// write writes 80 bits: the first 64, and the 16 that follow.
func write(prefix string, high uint64, low uint16) string {
	var b [16]byte
	for i := 15; i >= 0; i-- {
		b[i] = letters[low&31]
		low = low>>5 | uint16(high&31)<<11
		high >>= 5
	}
	return prefix + "_" + string(b[:])
}

// Is reports whether a text has the form of an id of a type, for those that others
// may choose.
func Is(prefix, s string) bool {
	id, ok := strings.CutPrefix(s, prefix+"_")
	return ok && len(id) == 16 && strings.Trim(id, letters) == ""
}

// Secret returns n random bytes as lower-case letters and digits, for
// passwords and tokens that people may have to type.
func Secret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding).EncodeToString(b)
}

// Hashed is what is kept of such a token: long random ones need no salt and no cost.
func Hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
