package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
	"golang.org/x/term"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
)

// answerNames are the questions, as a file of answers names them.
const answerNames = "data domain certificate certificate_email certificate_file certificate_key http sip database currency " +
	"seller_name seller_address seller_tax_id seller_email mail_host mail_port mail_user mail_password mail_from mail_tls admin_name admin_email admin_password open_country country center_name people companies " +
	"carrier_gateway carrier_name carrier_transport carrier_user carrier_password carrier_number carrier_format test_number"

type setupCmd struct {
	Config  string `help:"The configuration file to write. One that exists is used as it is, and the questions it answers are not asked." default:"callisto.yaml" placeholder:"FILE"`
	Answers string `help:"Read the answers from a YAML file of lines like domain: tel.example, instead of asking; an unknown name is refused with the list of all." placeholder:"FILE"`
}

// Run asks for what a company needs to begin, writes the configuration, and
// goes on to the first operator, carrier and country on a node that it starts
// for this and stops again.
func (c setupCmd) Run(ctx context.Context, s streams) error {
	q := &interview{out: s.out, in: bufio.NewReader(os.Stdin)}
	if c.Answers != "" {
		text, err := os.ReadFile(c.Answers)
		if err != nil {
			return fmt.Errorf("cannot read the answers: %w", err)
		}
		if err := yaml.Unmarshal(text, &q.given); err != nil {
			return fmt.Errorf("%s: the answers are lines of name: value: %w", c.Answers, err)
		}
		for name := range q.given {
			if !slices.Contains(strings.Fields(answerNames), name) {
				return fmt.Errorf("%s: %q answers no question. The names are: %s", c.Answers, name, answerNames)
			}
		}
	}
	return q.run(ctx, c.Config)
}

// interview asks questions, each until the answer will do.
type interview struct {
	out   io.Writer
	in    *bufio.Reader
	given map[string]string // answers from a file; nil: ask
}

// ask puts a question. check refuses an answer with words for a person.
func (q *interview) ask(name, text, standard string, check func(string) error) (string, error) {
	for {
		shown := text
		if standard != "" {
			shown += " [" + standard + "]"
		}
		fmt.Fprintf(q.out, "%s: ", shown)
		answer, err := q.next(name)
		if err != nil {
			return "", err
		}
		if answer == "" {
			answer = standard
		}
		if check == nil {
			return answer, nil
		}
		wrong := check(answer)
		if wrong == nil {
			return answer, nil
		}
		if q.given != nil {
			return "", fmt.Errorf("%s: %w", name, wrong)
		}
		fmt.Fprintf(q.out, "  %s\n", wrong)
	}
}

func (q *interview) next(name string) (string, error) {
	if q.given != nil {
		answer := strings.TrimSpace(q.given[name])
		if secret(name) && answer != "" {
			fmt.Fprintln(q.out, "…")
		} else {
			fmt.Fprintln(q.out, answer)
		}
		return answer, nil
	}
	if fd := int(os.Stdin.Fd()); secret(name) && term.IsTerminal(fd) {
		typed, err := term.ReadPassword(fd)
		fmt.Fprintln(q.out)
		return strings.TrimSpace(string(typed)), err
	}
	line, err := q.in.ReadString('\n')
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		return "", fmt.Errorf("the input ended at the question for %s; nothing after it was done: %w", name, err)
	}
	return strings.TrimSpace(line), nil
}

func secret(name string) bool {
	return strings.Contains(name, "password") || strings.Contains(name, "secret")
}

// yes asks a question that is answered by yes or no.
func (q *interview) yes(name, text string, standard bool) (bool, error) {
	word := map[bool]string{true: "yes", false: "no"}
	a, err := q.ask(name, text+" (yes or no)", word[standard], func(s string) error {
		if s = strings.ToLower(s); s != "yes" && s != "no" && s != "y" && s != "n" {
			return errors.New("Answer yes or no.") //nolint:staticcheck // a sentence for people
		}
		return nil
	})
	return strings.HasPrefix(strings.ToLower(a), "y"), err
}

func (q *interview) say(text string, args ...any) { fmt.Fprintf(q.out, text+"\n", args...) }

func (q *interview) run(ctx context.Context, file string) (err error) {
	cfg, err := config.Load(file, os.Getenv)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		q.say("Callisto: setting up a telephone company. Enter takes what stands in brackets.\n")
		if err := q.configure(file); err != nil {
			return err
		}
		if cfg, err = config.Load(file, os.Getenv); err != nil {
			return err
		}
		q.say("\nWritten: %s. It holds passwords; only you can read it.\n", file)
	case err != nil:
		return err
	default:
		q.say("%s is there already and is used as it is.\n", file)
	}
	q.seller(cfg.Seller, file)
	n, err := node.New(ctx, cfg, node.Options{Log: slog.New(slog.DiscardHandler), Version: version()})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended, n.Close())
	}()
	select {
	case <-n.Ready():
	case err := <-ended:
		ended <- nil
		return err
	}
	return q.found(ctx, n.Setup(), cfg, file)
}

// seller shows how invoices will name who sells.
func (q *interview) seller(s config.Seller, file string) {
	if s.Name == "" || s.Address == "" {
		q.say("Invoices do not say who sells, which the law asks for nearly everywhere: set seller.name and seller.address in %s.\n", file)
		return
	}
	q.say("Invoices are from:\n  %s", strings.Join(append([]string{s.Name}, strings.Split(s.Address, ", ")...), "\n  "))
	if s.TaxID != "" {
		q.say("  Tax number: %s", s.TaxID)
	}
	q.say("")
}

// configure asks for the configuration and writes it.
func (q *interview) configure(file string) error {
	y := map[string]any{}
	var asked error
	get := func(name, text, standard string, check func(string) error) string {
		if asked != nil {
			return ""
		}
		var a string
		a, asked = q.ask(name, text, standard, check)
		return a
	}
	put := func(key, value string) {
		if value != "" {
			y[key] = value
		}
	}
	put("data", get("data", "Folder of everything it keeps", "/var/lib/callisto", folder))
	domain := get("domain", "Domain of the pages, as in tel.example", "", host)
	put("url", "https://"+domain)
	mode := get("certificate", "Certificate: acme (fetched by itself), files, or proxy (another program does it)", config.TLSAcme, oneOf(config.TLSAcme, config.TLSFiles, config.TLSProxy))
	secure := map[string]string{"mode": mode}
	standard := "0.0.0.0:443"
	switch mode {
	case config.TLSAcme:
		secure["email"] = get("certificate_email", "E-mail for the certificate authority", "admin@"+domain, address)
	case config.TLSFiles:
		secure["cert"] = get("certificate_file", "Certificate with its chain (PEM file)", "", readable)
		secure["key"] = get("certificate_key", "Its key (PEM file)", "", readable)
	default:
		standard = "127.0.0.1:8080"
	}
	y["tls"] = secure
	put("http", get("http", "Address of the pages", standard, hostPort))
	put("sip", get("sip", "Address where telephones register: the one they reach", "", concrete))
	put("database", get("database", "PostgreSQL URL; empty keeps everything in the folder", "", nil))
	put("currency", get("currency", "Currency of the wallets", "USD", nil))
	var seller config.Seller
	seller.Name = get("seller_name", "Company that sells, as invoices name it", "", line(150))
	seller.Address = get("seller_address", "Its address, a comma between the lines", "", line(400))
	seller.TaxID = get("seller_tax_id", "Its tax number; empty: invoices show none", "", maybe(line(40)))
	seller.Email = get("seller_email", "Where buyers write to", "sales@"+domain, address)
	y["seller"] = seller
	if server := get("mail_host", "Mail server; with none nobody can confirm an account", "", nil); server != "" {
		m := map[string]string{"host": server}
		m["port"] = get("mail_port", "Its port", "587", nil)
		m["user"] = get("mail_user", "User name there", "", nil)
		m["password"] = get("mail_password", "Password there", "", nil)
		m["from"] = get("mail_from", "Sender of the letters", "Callisto <callisto@"+domain+">", nil)
		m["tls"] = get("mail_tls", "Secured by starttls, tls or none", "starttls", oneOf("starttls", "tls", "none"))
		y["mail"] = m
	}
	if asked != nil {
		return asked
	}
	text, err := yaml.Marshal(y)
	if err != nil {
		return err
	}
	return writeNew(file, append([]byte("# Written by callisto setup. docs/config.md lists every key.\n"), text...))
}

// writeNew writes a file that must not be there, for its owner alone. It is
// read back before it counts: a configuration that does not load is not left
// behind.
func writeNew(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the configuration: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		_, err = config.Load(file, func(string) string { return "" })
	}
	if err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// found makes the first operator, and opens the first country if asked to.
func (q *interview) found(ctx context.Context, s node.Setup, cfg config.Config, file string) error {
	there, err := s.HasOperator(ctx)
	if err != nil {
		return err
	}
	if !there {
		if err := q.operator(ctx, s); err != nil {
			return err
		}
	}
	open, err := q.yes("open_country", "Open a country now", true)
	if err != nil || !open {
		q.say("\nDone. Start the company with `callisto serve --config %s`, sign in at %s and open a country under Desk, Countries.", file, cfg.URL)
		return err
	}
	started, err := q.country(ctx, s)
	if err != nil {
		return err
	}
	q.say("\nDone. Start the company with `callisto serve --config %s`, then sign in at %s.", file, cfg.URL)
	if !started {
		q.say("The country is not started: finish its steps under Desk, Countries.")
	}
	return nil
}

func (q *interview) operator(ctx context.Context, s node.Setup) error {
	name, err := q.ask("admin_name", "Your name, first operator", "", filled)
	if err != nil {
		return err
	}
	for {
		email, err := q.ask("admin_email", "Your e-mail address", "", address)
		if err != nil {
			return err
		}
		password, err := q.ask("admin_password", "Password (empty: one is made)", "", nil)
		if err != nil {
			return err
		}
		made := password == ""
		if made {
			password = ident.Secret(15)
		}
		if err = s.AddOperator(ctx, name, email, password); err == nil {
			q.say("You sign in as %s.", email)
			if made {
				q.say("Your password, shown this once: %s", password)
			}
			return nil
		}
		if q.given != nil || fault.KindOf(err) == fault.Internal {
			return err
		}
		q.refused(err)
	}
}

// refused says what a service did not take.
func (q *interview) refused(err error) {
	q.say("  %s", fault.ReasonOf(err).Text)
	for _, f := range fault.FieldsOf(err) {
		q.say("  %s: %s", f.Name, f.Text)
	}
}

// country opens the first country as far as its answers go.
func (q *interview) country(ctx context.Context, s node.Setup) (started bool, err error) {
	iso, err := q.ask("country", "Country (two letters, as in KR)", "", func(a string) error {
		if len(a) != 2 {
			return errors.New("Use the two-letter code of a country, as in KR.") //nolint:staticcheck // a sentence for people
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	iso = strings.ToUpper(iso)
	name, err := q.ask("center_name", "Name of its communication center", iso, filled)
	if err != nil {
		return false, err
	}
	if _, err := s.Begin(ctx, iso, name, ""); err != nil && fault.ReasonOf(err).Code != "country_open" {
		return false, err
	}
	people, err := q.yes("people", "Sell numbers to people there", true)
	if err != nil {
		return false, err
	}
	companies, err := q.yes("companies", "Sell numbers to companies there", true)
	if err != nil {
		return false, err
	}
	blocks, err := s.Stock(ctx, iso, people, companies)
	if err != nil {
		return false, err
	}
	q.say("  Prices: as under Desk, Prices; change them there before the start.")
	if people && !slices.ContainsFunc(blocks, func(b shop.Block) bool { return b.Kind == numbering.Individual }) {
		q.say("  No block of numbers is allowed there; people can have only what they prove as their own telephone.")
	}
	for _, b := range blocks {
		q.say("  In stock: %s numbers that begin with %s and have %d digits.", b.Kind, b.Prefix, b.Length)
	}
	id, err := q.carrier(ctx, s, center.ID(iso))
	if err != nil || id == "" {
		return false, err
	}
	if err := s.Choose(ctx, iso, id); err != nil {
		return false, err
	}
	q.say("  Emergency calls: nobody takes them yet, so they are refused with an announcement. Change that under Desk, Countries.")
	return q.test(ctx, s, iso)
}

// carrier asks for the carrier; an empty gateway adds none.
func (q *interview) carrier(ctx context.Context, s node.Setup, at center.ID) (string, error) {
	for {
		gateway, err := q.ask("carrier_gateway", "Gateway of your carrier, HOST:PORT; empty adds none yet", "", nil)
		if err != nil || gateway == "" {
			return "", err
		}
		in := carrier.Input{Center: at}
		trunk := carrier.TrunkInput{Trunk: carrier.Trunk{Host: gateway}}
		var transport, format, password string
		for _, x := range []struct {
			name, text, standard string
			into                 *string
		}{
			{"carrier_name", "Its name", "Carrier", &in.Name},
			{"carrier_transport", "udp, tcp or tls", "udp", &transport},
			{"carrier_user", "User name there; empty: it knows us by our address", "", &trunk.User},
			{"carrier_password", "Password there", "", &password},
			{"carrier_number", "Number that calls show, with +", "", &in.Presents},
			{"carrier_format", "Called number as +E164, E164 or national", "+E164", &format},
		} {
			if *x.into, err = q.ask(x.name, x.text, x.standard, nil); err != nil {
				return "", err
			}
		}
		trunk.Transport, in.Out.Format = carrier.Transport(transport), carrier.Format(format)
		if password != "" {
			trunk.Password = &password
		}
		in.Trunks = []carrier.TrunkInput{trunk}
		c, err := s.AddCarrier(ctx, in)
		if err == nil {
			return c.ID, nil
		}
		if q.given != nil || fault.KindOf(err) == fault.Internal {
			return "", err
		}
		q.refused(err)
	}
}

// test places test calls until one is answered or no more are wanted.
func (q *interview) test(ctx context.Context, s node.Setup, iso string) (started bool, err error) {
	for {
		number, err := q.ask("test_number", "Telephone to ring for a test, with +; empty tests later", "", nil)
		if err != nil || number == "" {
			return false, err
		}
		ok, report, err := s.Test(ctx, iso, number)
		if err != nil {
			if q.given != nil || fault.KindOf(err) == fault.Internal {
				return false, err
			}
			q.refused(err)
			continue
		}
		q.say("  %s", report)
		if ok {
			return true, s.Start(ctx, iso)
		}
		if q.given != nil {
			return false, nil
		}
	}
}

func filled(s string) error {
	if s == "" || len(s) > 60 {
		return errors.New("Write 1 to 60 letters.") //nolint:staticcheck // a sentence for people
	}
	return nil
}

// line takes a text that invoices can print.
func line(most int) func(string) error {
	return func(s string) error {
		if s == "" || len(s) > most || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("Write 1 to %d letters.", most) //nolint:staticcheck // a sentence for people
		}
		return nil
	}
}

// maybe lets nothing pass, too.
func maybe(check func(string) error) func(string) error {
	return func(s string) error {
		if s == "" {
			return nil
		}
		return check(s)
	}
}

func address(s string) error {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return errors.New("Write an e-mail address, as in ann@example.com.") //nolint:staticcheck // a sentence for people
	}
	return nil
}

func host(s string) error {
	if u, err := url.Parse("https://" + s); err != nil || u.Host != s || u.Port() != "" || !strings.Contains(s, ".") || strings.Contains(s, " ") {
		return errors.New("Write a domain name, as in tel.example.") //nolint:staticcheck // a sentence for people
	}
	return nil
}

func hostPort(s string) error {
	if _, port, err := net.SplitHostPort(s); err != nil || port == "" {
		return errors.New("Write an address and a port, as in 127.0.0.1:8080.") //nolint:staticcheck // a sentence for people
	}
	return nil
}

// concrete refuses addresses that mean all: telephones are told it.
func concrete(s string) error {
	h, port, err := net.SplitHostPort(s)
	if ip := net.ParseIP(h); err != nil || port == "" || h == "" || ip != nil && ip.IsUnspecified() {
		return errors.New("Write the address that telephones reach and a port, as in 203.0.113.5:5060.") //nolint:staticcheck // a sentence for people
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		for _, w := range words {
			if s == w {
				return nil
			}
		}
		return fmt.Errorf("Write one of %s.", strings.Join(words, ", ")) //nolint:staticcheck // a sentence for people
	}
}

func readable(s string) error {
	f, err := os.Open(s)
	if err != nil {
		return fmt.Errorf("The file cannot be read: %w", err) //nolint:staticcheck // a sentence for people
	}
	return f.Close()
}

func folder(s string) error {
	if !filepath.IsAbs(s) {
		return errors.New("Write a whole path, as in /var/lib/callisto.") //nolint:staticcheck // a sentence for people
	}
	return nil
}
