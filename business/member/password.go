package member

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/callisto-tel/callisto/business/fault"
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

// longestPassword is more than anybody types.
const longestPassword = 200

// hasher hashes for as many at a time as there are processors: each hash takes
// 19 MiB, and a thousand sign-ins at once would take the machine.
type hasher struct {
	cost  Cost
	turns chan struct{}
}

// longestTurn is how long somebody waits for his turn.
const longestTurn = 10 * time.Second

func newHasher(c Cost) *hasher {
	return &hasher{cost: c, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// turn runs f when it is its turn.
func (h *hasher) turn(ctx context.Context, f func()) error {
	wait, cancel := context.WithTimeout(ctx, longestTurn)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
		f()
		return nil
	case <-wait.Done():
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fault.New(fault.Limited, "busy", "Too many people sign in at this moment. Try again in a minute.")
	}
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (out string, err error) {
	err = h.turn(ctx, func() { out = hashPassword(password, h.cost) })
	return out, err
}

// check compares, see checkPassword.
func (h *hasher) check(ctx context.Context, password, stored string) (ok, stale bool, err error) {
	err = h.turn(ctx, func() { ok, stale = checkPassword(password, stored, h.cost) })
	return ok, stale, err
}

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

// HashSecret hashes another secret of a member as passwords are.
func (s *Service) HashSecret(ctx context.Context, secret string) (string, error) {
	return s.hasher.hash(ctx, secret)
}

// SecretIs compares a secret with what HashSecret returned.
func (s *Service) SecretIs(ctx context.Context, secret, stored string) (bool, error) {
	ok, _, err := s.hasher.check(ctx, secret, stored)
	return ok, err
}
