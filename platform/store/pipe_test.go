package store

import (
	"errors"
	"testing"
)

// TestNothingIsSentOutsideOfATransaction: where it could not begin, what is sent
// together is refused as what is sent alone is.
func TestNothingIsSentOutsideOfATransaction(t *testing.T) {
	gone := errors.New("the server is gone")
	p := &pipe{begun: true, failed: gone}
	if _, err := p.send(t.Context(), statement{text: insertPosting}); !errors.Is(err, gone) {
		t.Error(err)
	}
	if _, err := p.ExecContext(t.Context(), insertPosting); !errors.Is(err, gone) {
		t.Error(err)
	}
}
