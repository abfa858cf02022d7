package webpush

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Key is what a house signs with. Subscriptions are made for it alone: lose it,
// and all of them are lost.
type Key struct {
	private *ecdsa.PrivateKey
	public  string
}

// NewKey makes one.
func NewKey() (*Key, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return keyOf(k)
}

// ParseKey reads what Bytes wrote.
func ParseKey(b []byte) (*Key, error) {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b)
	if err != nil {
		return nil, fmt.Errorf("the key of push messages: %w", err)
	}
	return keyOf(k)
}

func keyOf(k *ecdsa.PrivateKey) (*Key, error) {
	point, err := k.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	return &Key{k, base64.RawURLEncoding.EncodeToString(point)}, nil
}

// Bytes is the secret, to be kept.
func (k *Key) Bytes() ([]byte, error) { return k.private.Bytes() }

// Public is the other half, as browsers want it: base64url.
func (k *Key) Public() string { return k.public }

// signedFor is how long a signature is good (RFC 8292 §2: at most a day).
const signedFor = 12 * time.Hour

// authorization is the header that proves to one push service who sends.
func (k *Key) authorization(origin, contact string, now time.Time) (string, error) {
	says := map[string]any{"aud": origin, "exp": now.Add(signedFor).Unix()}
	if contact != "" {
		says["sub"] = contact
	}
	claims, err := json.Marshal(says)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	text := b64.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + b64.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return "vapid t=" + text + "." + b64.EncodeToString(signature) + ", k=" + k.public, nil
}
