package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestWriteWhole: a file is whole or as it was, and nothing else is left, neither
// beside it nor where the program was called.
func TestWriteWhole(t *testing.T) {
	t.Chdir(t.TempDir())
	folder := t.TempDir()
	out := filepath.Join(folder, "book.csv")
	says := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			if here, _ := os.ReadDir("."); len(here) != 0 {
				t.Errorf("it is written here: %v", here)
			}
			_, werr := io.WriteString(w, text)
			return errors.Join(werr, err)
		}
	}
	if err := writeWhole(out, says("whole", nil)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := writeWhole(out, says("half", broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
	if text, err := os.ReadFile(out); string(text) != "whole" {
		t.Errorf("%q, %v", text, err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("%v are left", left)
	}
	if err := writeWhole(filepath.Join(folder, "none", "book.csv"), says("whole", nil)); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
