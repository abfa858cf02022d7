package cli

import (
	"bytes"
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
	Data    string `help:"Folder of a running callisto dev, which tells its address and the operator's key." default:"callisto-data" placeholder:"DIR"`
	URL     string `help:"Address of another node's API." placeholder:"URL"`
	Key     string `help:"API key for it: the operator's, or the caller's own." env:"CALLISTO_KEY" placeholder:"KEY"`
}

// Run asks the running node, so that the answer is what a call would get now.
func (c explainCmd) Run(ctx context.Context, s streams) error {
	if c.URL == "" {
		if err := c.fromDev(); err != nil {
			return err
		}
	}
	question, err := json.Marshal(map[string]string{"from": c.From, "to": c.To, "country": c.Country})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+"/api/v1/routes/explain", bytes.NewReader(question))
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the node does not answer at %s; is it running? (%w)", c.URL, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var p struct {
			Detail string `json:"detail"`
		}
		if json.Unmarshal(text, &p) == nil && p.Detail != "" {
			return errors.New(p.Detail)
		}
		return fmt.Errorf("the node answered %s", res.Status)
	}
	if c.Words {
		return inWords(s.out, text)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(text), "", "  "); err != nil {
		return fmt.Errorf("the node's answer is no JSON: %w", err)
	}
	fmt.Fprintln(s.out, pretty.String())
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
			Kind, Center, Role, Carrier, Trunk, Number, Shows, URI string
			Forward                                                bool
		}
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("the node's answer is no JSON: %w", err)
	}
	for i, s := range r.Steps {
		fmt.Fprintf(out, "%2d. %s\n", i+1, s)
	}
	fmt.Fprintf(out, "\nIt is %s.\n", r.Kind)
	for i, l := range r.Legs {
		line := l.Kind
		switch l.Kind {
		case "center":
			line = "on to the center " + l.Center + " (" + l.Role + ")"
		case "device":
			line = "rings a telephone at the center " + l.Center
		case "trunk":
			line = strings.TrimSpace(fmt.Sprintf("leaves at %s by %s, trunk %s, as %s, showing %s", l.Center, l.Carrier, l.Trunk, l.Number, l.Shows))
		case "uri":
			line = "to " + l.URI
		}
		if l.Forward {
			line += ", forwarded"
		}
		fmt.Fprintf(out, "  %d) %s\n", i+1, line)
	}
	if r.Price != nil {
		fmt.Fprintf(out, "It costs %s for %d s.\n", money.Amount{Currency: money.Currency(r.Price.Currency), Micros: r.Price.Micros}, r.Price.Per)
	}
	if r.Reason != "" {
		fmt.Fprintln(out, r.Reason)
	}
	return nil
}

func (c *explainCmd) fromDev() error {
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
