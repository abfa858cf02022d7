package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/money"
)

type explainCmd struct {
	From    string `arg:"" help:"The caller's world number: \"2 555 1234 82\"."`
	To      string `arg:"" help:"What is dialled."`
	Country string `help:"Where the telephone is: KR; the caller's home country unless said." placeholder:"ISO"`
	Words   bool   `help:"Print it for people, step by step, instead of JSON."`

	asked
}

// asked is the running node that a command asks.
type asked struct {
	Data string `help:"Folder of a running callisto dev, which tells its address and the operator's key." default:"callisto-data" placeholder:"DIR"`
	URL  string `help:"Address of another node's API." placeholder:"URL"`
	Key  string `help:"API key for it: the operator's, or the caller's own." env:"CALLISTO_KEY" placeholder:"KEY"`
}

// Run asks the running node, so that the answer is what a call would get now.
func (c explainCmd) Run(ctx context.Context, s streams) error {
	text, err := c.ask(ctx, "/api/v1/routes/explain", map[string]any{"from": c.From, "to": c.To, "country": c.Country})
	if err != nil {
		return err
	}
	if c.Words {
		if err := inWords(s.out, text); err != nil {
			return err
		}
		return undialled(text)
	}
	if err := pretty(s.out, text); err != nil {
		return err
	}
	return undialled(text)
}

// pretty prints an answer as JSON.
func pretty(out io.Writer, text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(text), "", "  "); err != nil {
		return fmt.Errorf("the node's answer is no JSON: %w", err)
	}
	fmt.Fprintln(out, b.String())
	return nil
}

// inWords prints a decision for people: the steps, then where the call goes.
func inWords(out io.Writer, text []byte) error {
	var r struct {
		Kind, Number, E164, Center, Reason string
		Steps                              []string
		Price                              *struct {
			Currency string
			Micros   int64
			Per      int `json:"per_seconds"`
		}
		Legs []struct {
			Kind, Center, Role, Carrier, Trunk, Host, Number, Shows, URI string
			Name                                                         string `json:"carrier_name"`
			Forward                                                      bool
		}
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("the node's answer is no JSON: %w", err)
	}
	for i, s := range r.Steps {
		fmt.Fprintf(out, "%2d. %s\n", i+1, s)
	}
	fmt.Fprintf(out, "\n%s.\n", kindWords(r.Kind))
	for i, l := range r.Legs {
		line := l.Kind
		switch l.Kind {
		case "center":
			line = "on to the center " + l.Center
			if l.Role == "exit" {
				line += ", where it leaves"
			}
		case "device":
			line = "rings a telephone at the center " + l.Center
		case "trunk":
			line = "leaves at " + l.Center
			if name := cmp.Or(l.Name, l.Carrier); name != "" { // the operator alone is told
				line += fmt.Sprintf(" by %s, %s, as %s, showing %s", name, cmp.Or(l.Host, l.Trunk), l.Number, cmp.Or(l.Shows, "no number"))
			}
		case "uri":
			line = "to " + l.URI
		}
		if l.Forward {
			line += ", forwarded"
		}
		fmt.Fprintf(out, "  %d) %s\n", i+1, line)
	}
	switch {
	case r.Price != nil && r.Price.Micros == 0:
		fmt.Fprintln(out, "It is free.")
	case r.Price != nil && r.Price.Per == 60:
		fmt.Fprintf(out, "It costs %s a minute.\n", money.Amount{Currency: money.Currency(r.Price.Currency), Micros: r.Price.Micros})
	case r.Price != nil:
		fmt.Fprintf(out, "It costs %s for %d s.\n", money.Amount{Currency: money.Currency(r.Price.Currency), Micros: r.Price.Micros}, r.Price.Per)
	}
	if r.Reason != "" {
		fmt.Fprintln(out, r.Reason)
	}
	return nil
}

// kindWords is what was dialled, in the words of the page.
func kindWords(kind string) string {
	words := map[string]string{
		"none": "It cannot be dialled", "onnet": "A number of ours", "emergency": "An emergency call", "short": "A short code", "feature": "A feature code",
		"pstn": "An ordinary telephone", "partner": "A partner’s number", "uri": "An address elsewhere",
	}
	return cmp.Or(words[kind], kind)
}

// undialled is ErrUndialled if a decision leads nowhere.
func undialled(text []byte) error {
	var r struct {
		Kind string
		Legs []struct{}
	}
	if err := json.Unmarshal(text, &r); err != nil || len(r.Legs) > 0 || r.Kind == "feature" || r.Kind == "onnet" {
		return nil //nolint:nilerr // what cannot be read was said already
	}
	return ErrUndialled
}

// ask asks it.
func (c *asked) ask(ctx context.Context, path string, what any) ([]byte, error) {
	if c.URL == "" {
		if err := c.fromDev(); err != nil {
			return nil, err
		}
	}
	question, err := json.Marshal(what)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+path, bytes.NewReader(question))
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the node does not answer at %s; is it running? (%w)", c.URL, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		var p struct {
			Detail string `json:"detail"`
		}
		if json.Unmarshal(text, &p) == nil && p.Detail != "" {
			return nil, errors.New(p.Detail)
		}
		return nil, fmt.Errorf("the node answered %s", res.Status)
	}
	return text, nil
}

func (c *asked) fromDev() error {
	file := filepath.Join(c.Data, "dev.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("there is no %s. To ask a node of `callisto serve`, give --url and --key; for `callisto dev`, start `callisto dev --data %s` first", file, c.Data)
	}
	var d struct {
		HTTP     string `json:"http"`
		Operator struct {
			APIKey string `json:"api_key"`
		} `json:"operator"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("%s cannot be read: %w", file, err)
	}
	c.URL = d.HTTP
	if c.Key == "" {
		c.Key = d.Operator.APIKey
	}
	return nil
}
