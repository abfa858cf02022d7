// Package freight lets large files come and go that take longer than a request of
// an ordinary size may.
package freight

import (
	"io"
	"net/http"
	"time"
)

const (
	// Upload is how long a large file may take to come.
	Upload = 5 * time.Minute
	// patience is how long whoever fetches a file may take for the next piece of it,
	// or waits for what became of one he brought.
	patience = time.Minute
)

// Receive puts the server's deadlines off for a request that brings a large file.
func Receive(w http.ResponseWriter) { put(w, Upload) }

func put(w http.ResponseWriter, off time.Duration) {
	control, end := http.NewResponseController(w), time.Now().Add(off+patience)
	_ = control.SetReadDeadline(end) // where there are none, nothing is cut short
	_ = control.SetWriteDeadline(end)
}

// Send hands out a file of a kind under a name; "" leaves the name to whoever
// fetches it. What fails is told to failed, and breaks the connection off: half a
// file must not look like a whole one.
func Send(w http.ResponseWriter, name, kind string, failed func(error), write func(io.Writer) error) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	if name != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	if err := write(writer{w}); err != nil {
		failed(err)
		panic(http.ErrAbortHandler)
	}
}

// writer puts the server's deadlines off with each piece. Also that for reading:
// once it has passed, the request is given up.
type writer struct{ to http.ResponseWriter }

func (w writer) Write(b []byte) (int, error) {
	put(w.to, 0)
	return w.to.Write(b)
}
