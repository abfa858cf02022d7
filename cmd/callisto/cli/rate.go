package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

type rateCmd struct {
	Explain rateExplainCmd `cmd:"" help:"Print each line of what a call to an ordinary telephone costs, by the lists of a running node: now, or as it was."`
}

type rateExplainCmd struct {
	To   string        `arg:"" help:"The number that is called: +4930901820."`
	From string        `help:"The caller's country, whose time of day counts: KR; or his world number, whose plan counts too." placeholder:"COUNTRY"`
	Plan string        `help:"A plan instead: its id, or “members”; or a carrier's id, to see what it asks." placeholder:"PLAN"`
	At   string        `help:"When it is answered, as in 2027-01-31T22:00:00Z; now unless said." placeholder:"TIME"`
	For  time.Duration `help:"How long it lasts." default:"3m"`
	JSON bool          `help:"Print JSON instead of words." name:"json"`

	asked
}

// Run asks the running node, which rates calls with the same code.
func (c rateExplainCmd) Run(ctx context.Context, s streams) error {
	q := map[string]any{"to": c.To, "plan": c.Plan, "seconds": c.For.Seconds()}
	if len(c.From) == 2 {
		q["country"] = c.From
	} else {
		q["from"] = c.From
	}
	if c.At != "" {
		t, err := readTime(c.At)
		if err != nil {
			return err
		}
		q["at"] = t
	}
	text, err := c.ask(ctx, "/api/v1/rate/explain", q)
	if err != nil {
		return err
	}
	if c.JSON {
		return pretty(s.out, text)
	}
	return rateWords(s.out, text)
}

// readTime reads an instant; one that names no zone is in UTC.
func readTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--at %q: write it as in 2027-01-31T22:00:00Z", s)
}

// rateWords prints the lines of a charge.
func rateWords(out io.Writer, text []byte) error {
	var r struct {
		Lines []string `json:"lines"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("the node's answer is no JSON: %w", err)
	}
	for i, line := range r.Lines {
		fmt.Fprintf(out, "%2d. %s\n", i+1, strings.TrimSpace(line))
	}
	return nil
}
