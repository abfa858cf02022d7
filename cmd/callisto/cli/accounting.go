package cli

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
)

type accountingCmd struct {
	Export accountingExportCmd `cmd:"" help:"Write the book of a period for an accountant: each entry as CSV, or postings in the DATEV format; docs/invoices.md says what is in them. Works while the node runs."`
}

type accountingExportCmd struct {
	From   string `arg:"" help:"A day like 2026-11-01, or a month like 2026-11; UTC."`
	To     string `arg:"" optional:"" help:"The last day or month; the same unless said."`
	Format string `help:"csv or datev." default:"csv" placeholder:"FORMAT"`
	Single bool   `help:"DATEV: each posting by itself, not summed by day."`
	Config string `help:"The node's YAML file, with its database and accounting.*; without one the folder below is read." placeholder:"FILE"`
	Out    string `help:"The file to write. Standard output unless said." short:"o" placeholder:"FILE"`
	Data   string `help:"The node's folder." default:"callisto-data" placeholder:"DIR"`
	DB     string `help:"The node's database, if it is PostgreSQL." placeholder:"URL"`
}

// Run writes the file, whole or not at all.
func (c accountingExportCmd) Run(ctx context.Context, s streams) (err error) {
	o, err := accounting.Period(c.From, c.To)
	if err != nil {
		return err
	}
	o.Single = c.Single
	cfg, err := config.Dev(c.Data, "127.0.0.1:0", "127.0.0.1:0", c.DB)
	if c.Config != "" {
		cfg, err = config.Load(c.Config, os.Getenv)
	}
	if err == nil {
		err = cfg.Services(os.Getenv)
	}
	if err != nil {
		return err
	}
	book, done, err := node.ExportBook(ctx, cfg.Data, cfg.Database, cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	write, err := book.Write(ctx, member.System(), c.Format, o)
	if err != nil {
		return err
	}
	if c.Out == "" {
		return write(s.out)
	}
	return writeWhole(c.Out, write)
}
