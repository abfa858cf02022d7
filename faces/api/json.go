package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// needJSON refuses a body that says it is something else than JSON (RFC 9110 §15.5.16).
func (f *face) needJSON(ctx huma.Context, next func(huma.Context)) {
	kind := ctx.Header("Content-Type")
	if ctx.Operation().RequestBody == nil || kind == "" {
		next(ctx)
		return
	}
	if ctx.Operation().RequestBody.Content["application/json"] == nil { // it takes files
		next(ctx)
		return
	}
	name, _, err := mime.ParseMediaType(kind)
	if err != nil || name != "application/json" {
		f.problem(ctx, newProblem(http.StatusUnsupportedMediaType, "media_type", "Send JSON with the header Content-Type: application/json."))
		return
	}
	next(ctx)
}

// exact is a body in which a misspelt field would be lost without a word, and be
// missed only when calls go wrong. Elsewhere fields that are not known are passed
// over: programs that others write may send more than we read.
type exact interface{ exact() }

// strictly makes the body it is part of exact: what sets limits, prices and terms
// takes what is not named as empty, and moves money.
type strictly struct{}

func (strictly) exact() {}

// readJSON says what is wrong with a body in words for people; asProblem makes them the detail.
func readJSON(data []byte, v any) error {
	if hasNUL(data) {
		return errors.New("There is a character U+0000 in a text, which cannot be kept. Leave it out.") //nolint:staticcheck // a sentence for people
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, ok := v.(exact); ok {
		d.DisallowUnknownFields()
	}
	err := d.Decode(v)
	if _, end := d.Token(); err == nil && !errors.Is(end, io.EOF) {
		err = errors.New("there is something after its end")
	}
	if err == nil {
		return nil
	}
	if name, is := strings.CutPrefix(err.Error(), "json: unknown field "); is {
		return fmt.Errorf("There is no field “%s” in what is sent here. The fields are listed at /api/docs.", strings.Trim(name, `"`)) //nolint:staticcheck // a sentence for people
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("The body must be a JSON object, not %s.", article(wrong.Value)) //nolint:staticcheck // a sentence for people
		}
		return fmt.Errorf("The field “%s” cannot be %s.", wrong.Field, article(wrong.Value)) //nolint:staticcheck // a sentence for people
	}
	return fmt.Errorf("The body is no valid JSON: %w.", err) //nolint:staticcheck // a sentence for people
}

// hasNUL finds the one character that PostgreSQL keeps in no text. JSON can only
// write it as an escape (RFC 8259 §7), before which the backslashes are in pairs.
func hasNUL(data []byte) bool {
	for {
		i := bytes.Index(data, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		if before := data[:i]; (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 0 {
			return true
		}
		data = data[i+2:]
	}
}

// article names a JSON value in a sentence.
func article(value string) string {
	value, _, _ = strings.Cut(value, " ") // "number 1.5": the kind is enough
	switch value {
	case "array", "object":
		return "an " + value
	case "bool":
		return "true or false"
	default:
		return "a " + value
	}
}
