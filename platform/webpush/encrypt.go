package webpush

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

const (
	authSize   = 16
	saltSize   = 16
	recordSize = 4096
)

// encrypt seals a message for a subscription, with a key that is used once.
func encrypt(to *ecdh.PublicKey, auth, payload []byte) ([]byte, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return sealed(to, auth, payload, key, salt)
}

// sealed is the one record of a message (RFC 8291 §3, RFC 8188 §2): what makes the
// key, and the message with the mark of a last record.
func sealed(to *ecdh.PublicKey, auth, payload []byte, key *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	secret, err := key.ECDH(to)
	if err != nil {
		return nil, err
	}
	mine := key.PublicKey().Bytes()
	info := append(append([]byte("WebPush: info\x00"), to.Bytes()...), mine...)
	shared, err := hkdf.Key(sha256.New, secret, auth, string(info), 32)
	if err != nil {
		return nil, err
	}
	cek, err := hkdf.Key(sha256.New, shared, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, shared, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, recordSize), salt...)
	out = binary.BigEndian.AppendUint32(out, recordSize)
	out = append(out, byte(len(mine)))
	out = append(out, mine...)
	return aead.Seal(out, nonce, append(append(make([]byte, 0, len(payload)+1), payload...), 2), nil), nil
}
