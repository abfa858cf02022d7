package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyTheSameKeyAndPurposeOpen(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("register of companies, page 1")
	sealed := s.Seal(secret, "doc_1")
	if bytes.Contains(sealed, secret[:8]) {
		t.Error("the text is readable")
	}
	again, err := Open(dir) // a restart
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, "doc_1"); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%q %v", got, err)
	}
	if _, err := again.Open(sealed, "doc_2"); !errors.Is(err, ErrBroken) {
		t.Errorf("opened for another purpose: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := again.Open(bad, "doc_1"); !errors.Is(err, ErrBroken) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	if _, err := again.Open(sealed[:5], "doc_1"); !errors.Is(err, ErrBroken) {
		t.Error("a stump was opened")
	}
	other, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(sealed, "doc_1"); !errors.Is(err, ErrBroken) {
		t.Error("another folder's key opened it")
	}
	info, err := os.Stat(filepath.Join(dir, File))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, File), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a damaged key was taken")
	}
}
