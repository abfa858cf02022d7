package webhook_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/platform/webhook"
)

// TestWhereNothingIsSent: an address that is not permitted, whatever name leads
// there; nobody is followed elsewhere, and no bad certificate is believed.
func TestWhereNothingIsSent(t *testing.T) {
	var got []string
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, r.URL.Path+" "+r.Header.Get("webhook-id")+" "+string(b))
		if r.URL.Path == "/elsewhere" {
			http.Redirect(w, r, "/secret", http.StatusTemporaryRedirect)
		}
		_, _ = w.Write([]byte(strings.Repeat("x", 1<<20)))
	}))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	anywhere := webhook.New(func(netip.Addr) bool { return true })
	closed := webhook.New(func(a netip.Addr) bool { return !a.IsLoopback() })
	head := map[string]string{"webhook-id": "evt_1"}
	if status, err := anywhere.Send(t.Context(), plain.URL+"/in", head, []byte("{}")); status != 200 || err != nil {
		t.Error(status, err)
	}
	if status, err := anywhere.Send(t.Context(), plain.URL+"/elsewhere", head, []byte("{}")); status != 307 || err != nil {
		t.Error(status, err)
	}
	if len(got) != 2 || got[0] != "/in evt_1 {}" {
		t.Errorf("the other side got %q", got)
	}
	port := plain.URL[strings.LastIndexByte(plain.URL, ':'):]
	for url, want := range map[string]error{
		plain.URL: webhook.ErrClosed, "http://localhost" + port: webhook.ErrClosed, "http://[::ffff:127.0.0.1]" + port: webhook.ErrClosed, "https://no-such-name.invalid/": webhook.ErrName,
	} {
		if _, err := closed.Send(t.Context(), url, head, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := anywhere.Send(t.Context(), secure.URL, head, nil); !errors.Is(err, webhook.ErrTLS) {
		t.Error(err)
	}
	if len(got) != 2 {
		t.Errorf("the other side got %q", got)
	}
}
