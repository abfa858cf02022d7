package member

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callisto-tel/callisto/business/numbering"
)

// A flood of sign-ins waits in line: memory for a hash each would take the
// machine.
func TestFewPasswordsAreHashedAtATime(t *testing.T) {
	h := newHasher(Cost{Time: 1, Memory: 64})
	var now, most atomic.Int64
	var all sync.WaitGroup
	for range 50 * cap(h.turns) {
		all.Go(func() {
			err := h.turn(t.Context(), func() {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				_ = hashPassword("correct horse", h.cost)
				now.Add(-1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if int(most.Load()) > cap(h.turns) {
		t.Errorf("%d at a time, %d may", most.Load(), cap(h.turns))
	}
	for range cap(h.turns) {
		h.turns <- struct{}{}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.hash(gone, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("who left still waits: %v", err)
	}
}

func TestTextsShowAsTheyAre(t *testing.T) {
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{cfg: Config{Plans: plans}}
	good := SignUp{Name: "민지 Kim-O’Neill", Email: "ann@example.com", Password: "correct horse", Language: "pt-BR", TimeZone: "Asia/Seoul"}
	if _, wrong := s.checkSignUp(&good); len(wrong) > 0 {
		t.Errorf("refused: %+v", wrong)
	}
	long := make([]byte, 900_000)
	for what, spoil := range map[string]func(*SignUp){
		"NUL in the name":          func(in *SignUp) { in.Name = "a\x00b" },
		"line end in the name":     func(in *SignUp) { in.Name = "a\r\nX: y" },
		"turned name":              func(in *SignUp) { in.Name = "a\u202eb" },
		"broken UTF-8 in the name": func(in *SignUp) { in.Name = "a\xffb" },
		"long language":            func(in *SignUp) { in.Language = string(long) },
		"quoted e-mail address":    func(in *SignUp) { in.Email = `"<script>alert(1)</script>"@example.com` },
		"space in the address":     func(in *SignUp) { in.Email = `"a b"@example.com` },
		"line end in the address":  func(in *SignUp) { in.Email = "\"a\r\nb\"@example.com" },
	} {
		in := good
		spoil(&in)
		if _, wrong := s.checkSignUp(&in); len(wrong) != 1 {
			t.Errorf("%s: %+v", what, wrong)
		}
	}
}
