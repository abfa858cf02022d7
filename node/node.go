// Package node is the composition root: it opens what a node needs, hangs
// everything off one value, runs it and closes it in order. Nothing else in the
// house knows more than its neighbours.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/accounting"
	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/bell"
	"github.com/callisto-tel/callisto/business/billing"
	"github.com/callisto-tel/callisto/business/bundle"
	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/charging"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/guard"
	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/business/idcard"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/opening"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/business/prompt"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/business/publish"
	"github.com/callisto-tel/callisto/business/roster"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/business/settlement"
	"github.com/callisto-tel/callisto/business/setup"
	"github.com/callisto-tel/callisto/business/shop"
	"github.com/callisto-tel/callisto/business/tariff"
	"github.com/callisto-tel/callisto/business/terminal"
	"github.com/callisto-tel/callisto/business/wallet"
	"github.com/callisto-tel/callisto/faces/dns"
	"github.com/callisto-tel/callisto/platform/bus"
	"github.com/callisto-tel/callisto/platform/config"
	"github.com/callisto-tel/callisto/platform/notify"
	"github.com/callisto-tel/callisto/platform/notify/sink"
	"github.com/callisto-tel/callisto/platform/seal"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/webpush"
	speaking "github.com/callisto-tel/callisto/telephony/access"
	"github.com/callisto-tel/callisto/telephony/testcarrier"
)

// Options is what the caller brings; the zero value of each has a meaning.
type Options struct {
	Log     *slog.Logger     // nil: silent
	Out     io.Writer        // where dev greets; nil: nowhere
	Version string           // shown by the API
	Now     func() time.Time // nil: the clock
}

// nodeName is the name of a node that is alone; joined nodes will have their own.
const nodeName = "1"

// Node is one running Callisto.
type Node struct {
	cfg         config.Config
	first       firstPhones
	opts        Options
	log         *slog.Logger
	plans       *numbering.Plans
	centers     *center.Directory // open: sold and routed
	sites       *center.Directory // those, and those being opened
	openings    *opening.Service
	hosts       sync.Map // center.ID → host in its certificate
	store       *store.DB
	book        *ledger.Service
	shop        *shop.Service
	desk        *shop.Desk
	files       *shop.Files
	members     *member.Service
	roster      *roster.Roster
	bindings    *location.Table
	bus         *bus.Bus
	news        *bus.Changes
	locations   *bus.Locations
	epoch       int64 // which life of the node this is
	public      picks // the certificate of the pages and telephones; nil: not needed yet
	tables      *routing.Tables
	ways        *routing.Ways
	seal        *seal.Seal
	dids        *did.Service
	cards       *publish.Service
	passes      *terminal.Passes
	carriers    *carrier.Service
	tariffs     *tariff.Service
	settlement  *settlement.Service
	proofs      *proof.Service
	pins        *pin.Service
	access      *access.Service
	menus       *speaking.Desk
	prompts     *prompt.Service
	contacts    *contact.Service
	names       *alias.Service
	zone        *dns.Server          // nil: nobody looks our numbers up here
	clock       *devClock            // moved in dev alone
	tester      *testcarrier.Carrier // nil outside of dev
	testCarrier func(center.Center) carrier.Carrier
	recorder    *store.Recorder
	charging    *charging.Service
	hooks       *hook.Service
	wallets     *wallet.Service
	bundles     *bundle.Service
	idcards     *idcard.Service
	setups      *setup.Service
	bell        *bell.Service
	push        *webpush.Sender
	billing     *billing.Service
	accounting  *accounting.Service
	guard       *guard.Service
	realm       string
	till                       // ways to pay, taxes, invoices
	post        *notify.Sender // nil: letters wait
	sink        *sink.Sink     // nil outside of dev
	telephony   telephony
	listener    *door
	samples     []sample
	ready       atomic.Bool
	isReady     chan struct{}
	closing     sync.Once
}

// New opens everything and listens nowhere but on the HTTP port.
func New(ctx context.Context, cfg config.Config, opts Options) (_ *Node, err error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Out == nil {
		opts.Out = io.Discard
	}
	if err := makeFolder(cfg.Data); err != nil {
		return nil, err
	}
	clock := &devClock{}
	if cfg.Dev {
		if clock, err = openDevClock(cfg.Data); err != nil {
			return nil, err
		}
	}
	if opts.Now == nil {
		opts.Now = time.Now
		if cfg.Dev {
			opts.Now = clock.Now
		}
	}
	n := &Node{cfg: cfg, opts: opts, clock: clock, log: opts.Log, isReady: make(chan struct{}), epoch: opts.Now().UnixMilli()}
	defer func() {
		if err != nil {
			_ = n.Close()
		}
	}()
	if n.listener, err = n.listen(ctx); err != nil {
		return nil, err
	}
	if n.store, err = store.Open(ctx, store.Config{Dir: cfg.Data, URL: cfg.Database}); err != nil {
		return nil, err
	}
	if n.plans, err = numbering.Load(); err != nil {
		return nil, fmt.Errorf("the numbering plans: %w", err)
	}
	if err := n.openCountries(ctx); err != nil {
		return nil, err
	}
	if err := n.business(ctx); err != nil {
		return nil, err
	}
	if err := n.openPost(ctx); err != nil {
		return nil, err
	}
	if err := n.openBell(ctx); err != nil {
		return nil, err
	}
	if err := n.openAccess(ctx); err != nil {
		return nil, err
	}
	if err := n.openTelephony(ctx); err != nil {
		return nil, err
	}
	if err := n.openPrompts(ctx); err != nil {
		return nil, err
	}
	if err := n.openCarriers(ctx); err != nil {
		return nil, err
	}
	n.openNames()
	if err := n.openZone(ctx); err != nil {
		return nil, err
	}
	n.openDesk()
	return n, nil
}

func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("--data %s: cannot make the folder: %w", dir, cause(err))
	}
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("--data %s: the folder cannot be written: %w", dir, cause(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// cause is the system's own words: “permission denied”, without the path we name already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e
	}
	return err
}

func directory(plans *numbering.Plans, list []config.Center) *center.Directory {
	centers := make([]center.Center, 0, len(list))
	for _, c := range list {
		centers = append(centers, center.Center{ID: center.ID(c.ID), Name: c.Name, Countries: c.Countries})
	}
	return center.NewDirectory(plans, centers)
}

func (n *Node) currency() money.Currency { return money.Currency(n.cfg.Currency) }

// Run serves until ctx ends or something breaks that a node cannot live without.
func (n *Node) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pages, err := n.secure(n.listener)
	if err != nil {
		return err
	}
	srv, err := n.server()
	if err != nil {
		return err
	}
	srv.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(pages) }()
	if err := n.start(ctx); err != nil {
		_ = srv.Close()
		return err
	}
	var jobs sync.WaitGroup
	jobs.Go(func() { n.housekeeping(ctx) })
	jobs.Go(func() { n.counting(ctx) })
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx)) // to the end of the last call
	defer stopBeating()
	jobs.Go(func() { n.charging.Run(beating) })
	jobs.Go(func() { n.wallets.Run(ctx) })
	jobs.Go(func() { n.bundles.Run(ctx) })
	jobs.Go(func() { n.guard.Run(ctx) })
	// Beside the housekeeping: what it waits for is other people's name servers.
	jobs.Go(func() { n.repeat(ctx, time.Minute, n.names.Sweep, "names could not be looked at again") })
	// A card that was taken out must not ring.
	jobs.Go(func() { n.repeat(ctx, time.Second, n.idcards.Sweep, "sign-ins with ID cards could not be seen to") })
	jobs.Go(func() { n.auditing(ctx) })
	// Lists that another process took in; one that has a start begins by itself.
	jobs.Go(func() {
		n.repeat(ctx, 2*time.Second, n.tariffs.Refresh, "what calls cost was changed elsewhere and could not be read")
	})
	jobs.Go(func() { n.hooks.Run(ctx) })
	jobs.Go(func() { n.bell.Run(ctx) })
	jobs.Go(func() { n.settlement.Run(ctx, settleEvery) })
	if n.post != nil {
		jobs.Go(func() { n.post.Run(ctx) })
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
	}
	n.ready.Store(false)
	stop()
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, srv.Shutdown(down), n.telephony.Stop(down))
	stopBeating()
	jobs.Wait()
	err = errors.Join(err, n.charging.Close(context.WithoutCancel(ctx)))
	return err
}

// start brings the node to readiness.
func (n *Node) start(ctx context.Context) error {
	if n.store.Engine() == "sqlite" { // the folder is locked: nobody else has calls
		if err := n.charging.Adopt(ctx); err != nil {
			return fmt.Errorf("charge the calls that an earlier stop cut: %w", err)
		}
	}
	if err := errors.Join(n.shop.Resume(ctx), n.members.Resume(ctx)); err != nil {
		return fmt.Errorf("finish what an earlier stop interrupted: %w", err)
	}
	if n.cfg.Dev {
		if err := n.forget(); err != nil {
			return err
		}
		if err := n.seed(ctx); err != nil {
			return err
		}
	}
	if err := n.telephony.Start(ctx); err != nil {
		return err
	}
	if n.cfg.Dev { // before readiness: who sees the node ready finds the file
		d := n.describe()
		if err := writeJSON(n.devPath(), d); err != nil {
			return err
		}
		defer n.greet(d)
	} else {
		n.log.Info("ready", "http", "http://"+reachable(n.listener.Addr().(*net.TCPAddr)), "sip", n.telephony.Addrs())
	}
	n.ready.Store(true)
	close(n.isReady)
	return nil
}

// Ready is closed once the node serves.
func (n *Node) Ready() <-chan struct{} { return n.isReady }

// HTTPAddr is where the pages are.
func (n *Node) HTTPAddr() string { return n.listener.Addr().String() }

// repeat does something again and again until ctx ends, and says where it failed.
func (n *Node) repeat(ctx context.Context, every time.Duration, do func(context.Context) error, failed string) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := do(ctx); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, failed, "error", err)
		}
	}
}

// housekeeping does what is due by the clock.
func (n *Node) housekeeping(ctx context.Context) {
	often, seldom := time.NewTicker(5*time.Second), time.NewTicker(time.Minute)
	defer often.Stop()
	defer seldom.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-seldom.C:
			n.age(ctx)
			continue
		case <-often.C:
		}
		if _, err := n.shop.ExpireHolds(ctx); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "holds that are over could not be freed", "error", err)
		}
		if err := errors.Join(n.shop.Resume(ctx), n.members.Resume(ctx)); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "interrupted work could not be finished", "error", err)
		}
		if err := n.bell.Refresh(ctx); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "who has closed browsers to ring could not be read", "error", err)
		}
		if err := n.guard.Refresh(ctx); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "limits of calls that were changed elsewhere could not be read", "error", err)
		}
		n.bindings.Sweep(n.opts.Now())
	}
}

// auditHour is when the books are checked each night, UTC.
const auditHour = 3

// auditing checks the books at the start and each night.
func (n *Node) auditing(ctx context.Context) {
	for {
		if a := n.book.AuditNow(ctx); ctx.Err() != nil {
			return
		} else if a.Failed != nil {
			n.log.ErrorContext(ctx, "the books cannot be checked", "error", a.Failed)
		} else if !a.OK() {
			n.log.ErrorContext(ctx, "the books are wrong", "faults", a.Faults)
		}
		now := n.opts.Now().UTC()
		next := time.Date(now.Year(), now.Month(), now.Day(), auditHour, 0, 0, 0, time.UTC)
		if !next.After(now) {
			next = next.AddDate(0, 0, 1)
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// age does what the calendar asks for.
func (n *Node) age(ctx context.Context) {
	if _, err := n.shop.Renew(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "yearly fees could not be seen to", "error", err)
	}
	if _, err := n.dids.Renew(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "telephone numbers that are due could not be seen to", "error", err)
	}
	if err := n.bundles.Renew(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "packages could not be seen to", "error", err)
	}
	if err := n.billing.Turn(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "invoices of calls, or reminders, could not be written", "error", err)
	}
	if err := n.proofs.Sweep(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "old proofs could not be removed", "error", err)
	}
	if _, err := n.shop.ProveAgain(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "proofs of own telephones could not be seen to", "error", err)
	}
	if _, err := n.files.Sweep(ctx); err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "documents that have served could not be removed", "error", err)
	}
}

// url is how people reach the pages.
func (n *Node) url() string {
	if n.cfg.URL != "" {
		return strings.TrimSuffix(n.cfg.URL, "/")
	}
	return "http://" + reachable(n.listener.Addr().(*net.TCPAddr))
}

// Close gives everything back. It is safe to call after a New that failed.
func (n *Node) Close() error {
	var err error
	n.closing.Do(func() {
		if n.listener != nil {
			if cerr := n.listener.Close(); !errors.Is(cerr, net.ErrClosed) {
				err = errors.Join(err, cerr)
			}
		}
		if n.telephony.Exchange != nil {
			n.telephony.Close()
		}
		if n.bell != nil {
			n.bell.Close()
		}
		if n.zone != nil {
			err = errors.Join(err, n.zone.Close())
		}
		n.closeCarriers()
		if n.locations != nil {
			n.locations.Close()
		}
		if n.news != nil {
			n.news.Close()
		}
		if n.bus != nil {
			n.bus.Close()
		}
		if n.recorder != nil {
			n.recorder.Close()
		}
		if n.sink != nil {
			err = errors.Join(err, n.sink.Close())
		}
		if n.store != nil {
			err = errors.Join(err, n.store.Close())
		}
	})
	return err
}

// VerifyLedger checks a node's book from outside, also while it runs.
func VerifyLedger(ctx context.Context, data, database string) (ledger.Report, error) {
	db, err := openReader(ctx, data, database)
	if err != nil {
		return ledger.Report{}, err
	}
	defer func() { _ = db.Close() }()
	return ledger.New(db.Ledger(), time.Now).Verify(ctx)
}

// ExportCalls hands over the call records of a folder or database, which may be in use.
func ExportCalls(ctx context.Context, data, database string, f cdr.Filter, give func(*cdr.Record) error) error {
	db, err := openReader(ctx, data, database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return db.Calls().Each(ctx, f, give)
}

func openReader(ctx context.Context, data, database string) (*store.DB, error) {
	if database == "" {
		if _, err := os.Stat(data); err != nil {
			return nil, fmt.Errorf("--data %s: %w", data, cause(err))
		}
	}
	return store.OpenReader(ctx, store.Config{Dir: data, URL: database})
}

// SIPDomain is where the telephones of a country's numbers register.
func (n *Node) SIPDomain(country string) string {
	id, _ := n.sites.ForCountry(country)
	return n.telephony.Addrs()[id]
}

// Transports lists what telephones may use.
func (n *Node) Transports(country string) []string {
	list := []string{"udp", "tcp"}
	if _, ok := n.secureDomain(country); ok {
		list = append(list, "tls")
	}
	return list
}

// secureDomain is where telephones of a country register over TLS: HOST:PORT, by
// the name in the certificate. That of dev is of an authority of its own, which
// no telephone knows.
func (n *Node) secureDomain(country string) (string, bool) {
	id, _ := n.sites.ForCountry(country)
	at := n.telephony.TLSAddr(id)
	u, err := url.Parse(n.cfg.URL)
	if n.cfg.Dev || !at.IsValid() || err != nil || u.Hostname() == "" {
		return "", false
	}
	return net.JoinHostPort(u.Hostname(), strconv.Itoa(int(at.Port()))), true
}

// Home is the center of a country's numbers.
func (n *Node) Home(country string) string {
	id, _ := n.centers.ForCountry(country)
	return string(id)
}

// CallingCode is that of a country.
func (n *Node) CallingCode(iso string) string { return n.plans.CallingCode(iso) }

// SignedIn reports whether a telephone is registered now.
func (n *Node) SignedIn(device string) bool {
	var room [1]location.Binding
	return len(n.bindings.ByDevice(room[:0], device, n.opts.Now())) > 0
}

// signedInSince is the same of one that has proved itself since an instant.
func (n *Node) signedInSince(device string, since time.Time) bool {
	return slices.ContainsFunc(n.bindings.ByDevice(nil, device, n.opts.Now()), func(b location.Binding) bool { return !b.Updated.Before(since) })
}

// Countries are those with a center.
func (n *Node) Countries() []string { return n.centers.Countries() }

// CountryOf reads an ISO code or a calling code of a country with a center.
func (n *Node) CountryOf(s string) (string, bool) {
	if slices.Contains(n.Countries(), s) {
		return s, true
	}
	return n.centers.CountryOf(s)
}
