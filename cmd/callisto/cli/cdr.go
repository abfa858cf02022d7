package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/node"
)

type cdrCmd struct {
	Export exportCmd `cmd:"" help:"Write the call records of a period, oldest first, as CSV or one JSON object a line; docs/cdr.md lists the columns. Works while the node runs."`
}

type exportCmd struct {
	From    string `help:"Calls that began then or later: a day like 2026-11-26 (UTC), or an instant like 2026-11-26T08:00:00Z." placeholder:"TIME"`
	To      string `help:"Calls that began before; a day is included." placeholder:"TIME"`
	Format  string `help:"csv or ndjson." default:"csv" placeholder:"FORMAT"`
	Account string `help:"Only calls of this account, as its holder may see them." placeholder:"ID"`
	Out     string `help:"The file to write; it appears when it is whole. Standard output unless said." short:"o" placeholder:"FILE"`
	Data    string `help:"The node's folder." default:"callisto-data" placeholder:"DIR"`
	DB      string `help:"The node's database, if it is PostgreSQL." placeholder:"URL"`
}

// Run writes the records.
func (c exportCmd) Run(ctx context.Context, s streams) (err error) {
	format, err := cdr.ParseFormat(c.Format)
	if err != nil {
		return err
	}
	f := cdr.Filter{Account: c.Account}
	if err := f.Period(c.From, c.To, time.UTC); err != nil {
		return err
	}
	if c.Out == "" {
		_, err := c.write(ctx, s.out, f, format)
		return err
	}
	n := 0
	err = writeWhole(c.Out, func(w io.Writer) (err error) {
		n, err = c.write(ctx, w, f, format)
		return err
	})
	if err == nil {
		fmt.Fprintf(s.err, "%d call records in %s.\n", n, c.Out)
	}
	return err
}

// writeWhole writes a file that appears when it is whole. What it is written to
// meanwhile is in the same folder: from another disk it could not be moved there.
func writeWhole(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".callisto-*")
	if err != nil {
		return fmt.Errorf("--out %s: %w", name, err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already if it was renamed
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return fmt.Errorf("--out %s: %w", name, err)
	}
	return nil
}

func (c exportCmd) write(ctx context.Context, w io.Writer, f cdr.Filter, format cdr.Format) (n int, err error) {
	out := cdr.NewWriter(w, format, f.Account)
	err = node.ExportCalls(ctx, c.Data, c.DB, f, func(r *cdr.Record) error { n++; return out.Write(r) })
	return n, errors.Join(err, out.Close())
}
