// Package seal keeps what the house must be able to read again but nobody else
// may: documents that buyers show, passwords of trunks. What is sealed is
// encrypted and authenticated (AES-256-GCM) under a key that lies in the data
// folder, never in the database.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is the name of the key in the data folder.
const File = "seal.key"

const keySize = 32

// ErrBroken says that something was not sealed by this key, or for another
// purpose, or has been changed since.
var ErrBroken = errors.New("what is sealed cannot be opened with the key of this folder") //nolint:gochecknoglobals // sentinel

// Seal seals and opens. It is safe for many goroutines.
type Seal struct{ aead cipher.AEAD }

// Open reads the key of a data folder, and makes one the first time.
func Open(dir string) (*Seal, error) {
	path := filepath.Join(dir, File)
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the sealing key: %w", err)
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("the sealing key %s has %d bytes instead of %d; put the right file back, or what was sealed is lost", path, len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Seal{aead}, err
}

// create writes a new key and sees to it that it is on the disk before
// anything depends on it.
func create(path string) ([]byte, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	return key, errors.Join(err, f.Sync(), f.Close())
}

// Seal encrypts. Only Open with the same purpose reads it: a sealed thing put
// into the place of another is refused.
func (s *Seal) Seal(plain []byte, purpose string) []byte {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	_, _ = rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, []byte(purpose))
}

// Open decrypts.
func (s *Seal) Open(sealed []byte, purpose string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrBroken
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(purpose))
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}
