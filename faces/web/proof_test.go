package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/proof"
)

// TestAProofLeadsBackToWhereItWasBegun, and nowhere else but on our pages.
func TestAProofLeadsBackToWhereItWasBegun(t *testing.T) {
	for next, want := range map[string]string{"/access": "/access", "": "", "//evil.example": "", "https://evil.example/": ""} {
		p := ofMember(t)
		r := httptest.NewRequest(http.MethodGet, withNext("/proofs/prf_1", next), http.NoBody)
		x := p.f.provingOf(r, proof.Proof{ID: "prf_1", E164: "+8225556789", Purpose: proof.Contact, State: proof.Proved, Until: time.Unix(1, 0)})
		if x.Back != want {
			t.Errorf("begun at %q it leads back to %q", next, x.Back)
		}
		for _, address := range []string{x.at("/confirm"), x.at("/state?seen=x"), x.again()} {
			if u, err := url.Parse(address); err != nil || u.Query().Get("next") != want {
				t.Errorf("begun at %q: %s forgets it", next, address)
			}
		}
		var b strings.Builder
		if err := proofBody(p, x).Render(p.rendering(t.Context()), &b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), `href="`+want+`">Back to where you began`); got != (want != "") || strings.Contains(b.String(), "<time") || !strings.Contains(b.String(), "not asked for again") {
			t.Errorf("begun at %q: %s", next, b.String())
		}
	}
}
