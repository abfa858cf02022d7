package freight_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/faces/freight"
)

// serve hands out a file at a server whose answers may take a fifth of a second.
func serve(t *testing.T, write func(*http.Request, io.Writer) error) (http.Header, []byte, error) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		freight.Send(w, "calls.csv", "text/csv", func(error) {}, func(to io.Writer) error { return write(r, to) })
	}))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	s.Start()
	t.Cleanup(s.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(res.Body)
	return res.Header, text, errors.Join(err, res.Body.Close())
}

// TestALargeFileTakesItsTime: a file that takes longer than an answer may arrives
// whole, and who makes it is not told meanwhile that nobody wants it.
func TestALargeFileTakesItsTime(t *testing.T) {
	t.Parallel()
	header, text, err := serve(t, func(r *http.Request, to io.Writer) error {
		piece := make([]byte, 64*1024)
		for range 10 {
			if _, err := to.Write(piece); err != nil {
				return err
			}
			select {
			case <-time.After(60 * time.Millisecond):
			case <-r.Context().Done():
				return r.Context().Err()
			}
		}
		return nil
	})
	if err != nil || len(text) != 10*64*1024 || header.Get("Content-Disposition") != `attachment; filename="calls.csv"` {
		t.Error(len(text), err)
	}
}

// TestHalfAFileIsNone: what cannot be finished does not end as if it were whole.
func TestHalfAFileIsNone(t *testing.T) {
	t.Parallel()
	if _, text, err := serve(t, func(_ *http.Request, to io.Writer) error {
		_, err := to.Write(make([]byte, 64*1024))
		return errors.Join(err, errors.New("the disk is gone"))
	}); err == nil {
		t.Error("half a file arrived as a whole one:", len(text))
	}
}

// TestALargeFileMayCome: one that takes longer to come than a request may is read
// to its end, and what is done with it is not given up meanwhile.
func TestALargeFileMayCome(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		freight.Receive(w)
		text, err := io.ReadAll(r.Body)
		if err != nil || len(text) != 8 {
			t.Error(len(text), err)
		}
		select {
		case <-time.After(300 * time.Millisecond):
			w.WriteHeader(http.StatusNoContent)
		case <-r.Context().Done():
			t.Error("the request was given up:", r.Context().Err())
		}
	}))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	s.Start()
	t.Cleanup(s.Close)
	from, to := io.Pipe()
	go func() {
		for range 8 {
			<-time.After(40 * time.Millisecond)
			_, _ = to.Write([]byte{'x'})
		}
		_ = to.Close()
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, from)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
}
