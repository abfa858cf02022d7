package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer is what was answered to a request that carried an Idempotency-Key.
type Answer struct {
	Digest string // of method, path and body
	Status int    // 0: still being worked on
	Type   string
	Body   []byte
}

// Answers remembers answers for AnswerLife.
type Answers interface {
	// Claim takes a key for a digest. If it is taken, the stored answer is returned and fresh is false.
	Claim(ctx context.Context, account, key, digest string, now time.Time, life time.Duration) (stored Answer, fresh bool, err error)
	// Keep stores the answer of a claimed key; Drop gives the key free.
	Keep(ctx context.Context, account, key string, a Answer) error
	Drop(ctx context.Context, account, key string) error
}

// AnswerLife is how long a key is remembered.
const AnswerLife = 24 * time.Hour

const mostBody = 1 << 20

// replay answers a repeated POST on orders from memory. Answers that hold a
// secret (sign-up, keys, credentials) are not kept, so their addresses do not
// take part.
func (f *face) replay(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if r.Method != http.MethodPost || key == "" || !strings.HasPrefix(r.URL.Path, "/api/v1/orders") {
			next.ServeHTTP(w, r)
			return
		}
		if len(key) > 128 || strings.IndexFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			writeProblem(w, http.StatusBadRequest, "idempotency_key", "The Idempotency-Key may have at most 128 characters, all of them ASCII.")
			return
		}
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		who, err := f.whoHas(r.Context(), strings.TrimSpace(token))
		if err != nil || who.Account == "" {
			next.ServeHTTP(w, r) // refused there
			return
		}
		payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
		if err != nil {
			writeProblem(w, http.StatusRequestEntityTooLarge, "too_large", "The body is larger than 1 MB.")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(payload))
		f.answerOnce(w, r, next, who.Account, key, digest(r, payload))
	})
}

func digest(r *http.Request, payload []byte) string {
	h := sha256.New()
	_, _ = io.WriteString(h, r.Method+" "+r.URL.Path+"\n")
	_, _ = h.Write(payload)
	return hex.EncodeToString(h.Sum(nil))
}

func (f *face) answerOnce(w http.ResponseWriter, r *http.Request, next http.Handler, account, key, digest string) {
	stored, fresh, err := f.Answers.Claim(r.Context(), account, key, digest, f.Now(), AnswerLife)
	switch {
	case err != nil:
		f.Log.ErrorContext(r.Context(), "idempotency key", "error", err)
		writeProblem(w, http.StatusServiceUnavailable, "try_again", "We could not look at your Idempotency-Key. Try again.")
		return
	case !fresh && stored.Digest != digest:
		writeProblem(w, http.StatusUnprocessableEntity, "idempotency_key_reused", "This Idempotency-Key was used for another request. Take a new one.")
		return
	case !fresh && stored.Status == 0:
		writeProblem(w, http.StatusConflict, "in_progress", "The first request with this Idempotency-Key is still being worked on. Try again in a moment.")
		return
	case !fresh:
		w.Header().Set("Content-Type", stored.Type)
		w.Header().Set("Idempotent-Replay", "true")
		w.WriteHeader(stored.Status)
		_, _ = w.Write(stored.Body)
		return
	}
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	done := false
	defer func() { // a panic or a fault of ours must not lock the key
		ctx := context.WithoutCancel(r.Context())
		if done && rec.status < 500 {
			err = f.Answers.Keep(ctx, account, key, Answer{Digest: digest, Status: rec.status, Type: w.Header().Get("Content-Type"), Body: rec.body.Bytes()})
		} else {
			err = f.Answers.Drop(ctx, account, key)
		}
		if err != nil {
			f.Log.ErrorContext(ctx, "idempotency key", "error", err)
		}
	}()
	next.ServeHTTP(rec, r)
	done = true
}

// recorder keeps a copy of what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}
