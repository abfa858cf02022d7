package member

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one guess of a password costs: argon2id (RFC 9106 §4, second
// recommended option scaled to one lane).
type Cost struct {
	Time   uint32
	Memory uint32 // KiB
}

// SaneCost takes about 30 ms and 19 MiB, the floor of OWASP's advice.
func SaneCost() Cost { return Cost{Time: 2, Memory: 19 * 1024} }

const keyLen = 32

// hashPassword returns the PHC string of a password.
func hashPassword(password string, c Cost) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, c.Time, c.Memory, 1, keyLen)
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", c.Memory, c.Time, b.EncodeToString(salt), b.EncodeToString(key))
}

// checkPassword compares; it also tells whether the stored hash is of another
// cost and should be made anew.
func checkPassword(password, stored string, want Cost) (ok, stale bool) {
	var c Cost
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &c.Memory, &c.Time); err != nil {
		return false, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(key) != keyLen || c.Time == 0 || c.Memory > 1<<20 {
		return false, false
	}
	got := argon2.IDKey([]byte(password), salt, c.Time, c.Memory, 1, keyLen)
	return subtle.ConstantTimeCompare(got, key) == 1, c != want
}
