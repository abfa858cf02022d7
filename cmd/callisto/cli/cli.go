// Package cli is the command line of callisto: it parses and delegates, no more.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
)

// ErrUndialled says that what was asked about cannot be dialled, which is on
// the screen too.
var ErrUndialled = errors.New("it cannot be dialled") // a sentinel, never changed

// ErrSaid is an error whose text is already on the screen.
var ErrSaid = errors.New("said") // a sentinel, never changed

type commands struct {
	Dev     devCmd        `cmd:"" help:"Run a telephone company on this machine, with sample members. No configuration, no second service."`
	Serve   serveCmd      `cmd:"" help:"Run a node from a YAML file."`
	Setup   setupCmd      `cmd:"" help:"Set up a company: ask for domain, certificate, mail, the first operator, a carrier and the first country, and place a test call."`
	Route   routeCmd      `cmd:"" help:"Ask what would happen to a call."`
	Rate    rateCmd       `cmd:"" help:"Ask what calls cost."`
	Ledger  ledgerCmd     `cmd:"" help:"The book of the house."`
	Settle  settleCmd     `cmd:"" name:"settlement" help:"What carriers are owed and owe."`
	Books   accountingCmd `cmd:"" name:"accounting" help:"The book for an accountant."`
	CDR     cdrCmd        `cmd:"" name:"cdr" help:"The call records."`
	Version versionCmd    `cmd:"" help:"Print the version."`
	Help    helpCmd       `cmd:"" help:"Say what a command does and takes, as --help after it."`
}

type devCmd struct {
	Data string `help:"Folder of everything this company keeps; made if it is not there." default:"callisto-data" placeholder:"DIR"`
	HTTP string `help:"Address of the shop and the API; port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	SIP  string `help:"Address where telephones register; further centers take the next free ports, and TLS the first that is free from 10 above it. ENUM (DNS over UDP and TCP) is at 127.0.0.1:8053 or the next free port. Port 0 takes free ones for all, ENUM included." default:"127.0.0.1:5060" placeholder:"HOST:PORT"`
	DB   string `help:"postgres://… instead of SQLite under DIR." placeholder:"URL"`
}

type serveCmd struct {
	Config string `help:"The YAML file; docs/config.md lists its keys." default:"callisto.yaml" placeholder:"FILE"`
}

type routeCmd struct {
	Explain explainCmd `cmd:"" help:"Say what a running node would do with a call, decided by the code that decides real ones."`
}

type ledgerCmd struct {
	Verify verifyCmd `cmd:"" help:"Check the whole book; exits 0 when it is right. Works while the node runs."`
}

type verifyCmd struct {
	Data string `help:"The node's folder." default:"callisto-data" placeholder:"DIR"`
	DB   string `help:"The node's database, if it is PostgreSQL." placeholder:"URL"`
}

type versionCmd struct{}

// helpCmd is only there to be listed: it is put into words that kong knows before.
type helpCmd struct {
	Command []string `arg:"" optional:"" help:"The command, such as route explain; all of them unless said."`
}

// streams is where commands write.
type streams struct {
	out, err io.Writer
}

func parser(out, errOut io.Writer, exit func(int)) (*kong.Kong, *commands, error) {
	c := &commands{}
	k, err := kong.New(c, kong.Name("callisto"), kong.Description("A telephone company in one binary."), kong.Writers(out, errOut),
		kong.Exit(exit), kong.UsageOnError(), kong.ValueFormatter(withDefault), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	return k, c, err
}

// withDefault is the help of a flag and, behind it, what it is unless said.
func withDefault(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if v.Default != "" {
		help += " Default: " + v.Default
	}
	return help
}

// Run does what the arguments say.
func Run(ctx context.Context, args []string, out, errOut io.Writer) error {
	left := false
	k, _, err := parser(out, errOut, func(int) { left = true })
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args[0] == "help" && !slices.Contains(args, "--help") {
		args = append(slices.Clone(args[1:]), "--help")
	}
	cmd, err := k.Parse(args)
	if left {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w. Try `callisto --help`", err)
	}
	cmd.BindTo(ctx, (*context.Context)(nil))
	return cmd.Run(streams{out, errOut})
}

func (c devCmd) Run(ctx context.Context, s streams) error {
	cfg, err := config.Dev(c.Data, c.HTTP, c.SIP, c.DB)
	if err != nil {
		return err
	}
	if err := cfg.Services(os.Getenv); err != nil {
		return err
	}
	return run(ctx, cfg, s)
}

func (c serveCmd) Run(ctx context.Context, s streams) error {
	cfg, err := config.Load(c.Config, os.Getenv)
	if err != nil {
		return err
	}
	return run(ctx, cfg, s)
}

func run(ctx context.Context, cfg config.Config, s streams) error {
	log, err := logger(cfg.Log, s.err)
	if err != nil {
		return err
	}
	n, err := node.New(ctx, cfg, node.Options{Log: log, Out: s.out, Version: version()})
	if err != nil {
		return err
	}
	return errors.Join(n.Run(ctx), n.Close())
}

func logger(level string, w io.Writer) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log: %q is none of debug, info, warn, error", level)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})), nil
}

func (c verifyCmd) Run(ctx context.Context, s streams) error {
	r, err := node.VerifyLedger(ctx, c.Data, c.DB)
	if err != nil {
		return err
	}
	for _, f := range r.Faults {
		fmt.Fprintln(s.err, f)
	}
	if !r.OK() {
		return fmt.Errorf("the books are wrong: %d faults in %d postings", len(r.Faults), r.Postings)
	}
	fmt.Fprintf(s.out, "The books are right: %d postings, %d entries, %d accounts, %d holds.\n", r.Postings, r.Entries, r.Accounts, r.Holds)
	return nil
}

func (versionCmd) Run(s streams) error {
	fmt.Fprintln(s.out, "callisto", version())
	return nil
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && !strings.Contains(v, s.Value[:12]) {
			v += " " + s.Value[:12]
		}
	}
	return v
}

// Reference writes every command and flag as Markdown, for docs/cli.md.
func Reference() (string, error) {
	k, _, err := parser(io.Discard, io.Discard, func(int) {})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Command line\n\nWritten by `make gendoc` from the code; do not edit.\n")
	for _, n := range k.Model.Leaves(true) {
		b.WriteString("\n## `" + n.FullPath() + "`\n\n" + n.Help + "\n")
		if len(n.Positional) > 0 || len(n.Flags) > 0 {
			b.WriteString("\n| | default | |\n|---|---|---|\n")
		}
		for _, p := range n.Positional {
			b.WriteString("| `" + p.Summary() + "` | | " + p.Help + " |\n")
		}
		for _, f := range n.Flags {
			b.WriteString("| `--" + f.Name + "` " + f.PlaceHolder + " | " + tick(f.Default) + " | " + f.Help + " |\n")
		}
	}
	return b.String(), nil
}

func tick(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
