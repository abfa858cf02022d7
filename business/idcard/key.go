package idcard

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
)

// The algorithms a card's key may have, as WebCrypto and RFC 7518 name them.
const (
	Ed25519 = "Ed25519"
	ES256   = "ES256"
)

// What a signature is of begins with what it is for, so that none can be taken
// for another.
const (
	certificateSays = "callisto id card certificate v1\n"
	answerSays      = "callisto id card sign-in v1\n"
)

// Certificate is what we say of a card, for every terminal to bring along.
type Certificate struct {
	Card      string `json:"card"`
	Serial    int    `json:"serial"`
	Number    string `json:"number"` // as people write it
	Holder    string `json:"holder"`
	Algorithm string `json:"algorithm"`
	Key       string `json:"key"`
	Until     int64  `json:"until"` // Unix seconds
}

func raw(s string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return b, err == nil
}

// checkKey tells whether a public key is one: a point that somebody holds.
func checkKey(algorithm, key string) bool {
	b, ok := raw(key)
	switch {
	case !ok:
		return false
	case algorithm == Ed25519:
		return len(b) == ed25519.PublicKeySize
	case algorithm == ES256:
		_, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b)
		return err == nil
	default:
		return false
	}
}

// signedBy tells whether a text was signed by the private half of a key.
func signedBy(algorithm, key, signature, text string) bool {
	k, ok := raw(key)
	sig, ok2 := raw(signature)
	if !ok || !ok2 {
		return false
	}
	switch algorithm {
	case Ed25519:
		return len(k) == ed25519.PublicKeySize && ed25519.Verify(k, []byte(text), sig)
	case ES256: // r and s, as WebCrypto writes them
		pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k)
		if err != nil || len(sig) != 64 {
			return false
		}
		sum := sha256.Sum256([]byte(text))
		return ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	default:
		return false
	}
}

// certify signs what we say of a card.
func (s *Service) certify(c *Card) (string, error) {
	body, err := json.Marshal(Certificate{c.ID, c.Serial, c.Number.Display(), c.Holder, c.Algorithm, c.Key, c.Until.Unix()})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.cfg.Key, []byte(certificateSays+text))), nil
}

// mostCertificate is how long one may be.
const mostCertificate = 4096

// certified reads a certificate that we signed.
func (s *Service) certified(text string, now time.Time) (c Certificate, err error) {
	refused := fault.New(fault.Unproven, "card_foreign", "This is no ID card of this telephone company.")
	body, signature, ok := strings.Cut(text, ".")
	if !ok || len(text) > mostCertificate {
		return c, refused
	}
	sig, ok := raw(signature)
	public, _ := s.cfg.Key.Public().(ed25519.PublicKey)
	if !ok || !ed25519.Verify(public, []byte(certificateSays+body), sig) {
		return c, refused
	}
	b, ok := raw(body)
	if !ok || json.Unmarshal(b, &c) != nil {
		return c, refused
	}
	if c.Until <= now.Unix() {
		return c, over()
	}
	return c, nil
}

// Asked is the text that a terminal signs: for these pages, this card, this once.
func Asked(origin, card, nonce string) string {
	return answerSays + origin + "\n" + card + "\n" + nonce
}
