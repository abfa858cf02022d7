package node

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callisto-tel/callisto/faces/api"
	"github.com/callisto-tel/callisto/faces/source"
	"github.com/callisto-tel/callisto/faces/takeout"
	"github.com/callisto-tel/callisto/faces/web"
	"github.com/callisto-tel/callisto/platform/passkey"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// listen takes the HTTP address before anything else is opened, so that a port in use is told at once.
// Browsers that keep connections open make room for each other rather than take the files that calls and
// the database need.
func (n *Node) listen(ctx context.Context) (*door, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", n.cfg.HTTP)
	if err != nil {
		return nil, n.notOpened("http", err)
	}
	return newDoor(l, sip.OpenFiles()/5), nil
}

// handler is every page and address of the node.
func (n *Node) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /ws", n.telephony.WebSocket(n.webOrigin(), sourceOf))
	api.Mount(mux, api.Deps{
		IDCards: n.idcards, CardDesk: n.idcards,
		Lines: lines{n.members, n.setups}, Calling: n.members, Phones: phones{n}, Bell: n.bell, Setups: n.setups, SetupLink: n.link, Telephones: n.dids, Publisher: n.cards, Clerk: n.members, Takeout: n.takeout(), Eraser: n.members,
		Accounts: n.members, Identity: n.members, Sessions: n.members, Keys: n.members, Members: n.members,
		Shop: n.shop, Orders: n.shop, Tenure: n.shop, Offices: n.shop, Desk: n.desk, Files: n.files, Openings: n.openings,
		Cashier: n.cashier, Statements: n.cashier, Papers: n.papers, Taxes: n.taxes, Card: n.cardMessages(),
		Wallet: n.book, Calls: n.store.Calls(), PINs: n.pins, Contacts: n.contacts, Access: n.access, CallBacks: n, Prompts: n.prompts, Sounds: n, Hooks: n.hooks, Guard: n.guard, GuardRules: n.guard, Foresight: n.guard, Alerts: n.guard,
		Carriers: n.carriers, Decks: n.tariffs, Plans: n.tariffs, Settlement: n.settlement, Asked: n.settlement, Payouts: n.settlement,
		Trunks: n.telephony, Proofs: n.proofs, Names: n.names,
		Router: n.tables, Sold: n.roster.Numbers, Reader: n, Answers: answers{n.store.Answers()}, Currency: n.currency(), Version: n.opts.Version, Origin: n.cfg.URL, Dev: n.cfg.Dev,
		Log: n.log, Now: n.opts.Now,
		TopUps: n.cashier, AutoTopUps: n.cashier, Wallets: n.wallets, Bills: n.billing, Dunning: n.billing, Accounting: n.accounting, Packages: n.bundles, PackageDesk: n.bundles,
	})
	keys := passkey.New(n.members)
	err := web.Mount(mux, web.Deps{
		IDCards: n.idcards, CardChoices: n.idcards, CardDesk: n.idcards, CardPress: n.printer, Terminals: n.idcards, Holders: keys, CardPhones: phones{n},
		Passkeys: keys, Ring: n.members, Origin: n.cfg.URL, Lines: lines{n.members, n.setups}, Phones: phones{n}, Bell: n.bell, Missed: n.bell, Setups: n.setups, Describer: describer{n}, Calling: n.members, Telephones: n.dids, TelStock: n.dids, Publisher: n.cards, Rates: n,
		Takeout: n.takeout(), Eraser: n.members,
		Accounts: n.members, Identity: n.members, Sessions: n.members, Keys: n.members, Members: n.members,
		Shop: n.shop, Terms: n.shop, Orders: n.shop, Tenure: n.shop, Offices: n.shop, Staff: n.shop, Clerk: n.members, Desk: n.desk, Files: n.files, Openings: n.openings, Carriers: n.carriers, Trunks: n.telephony, Decks: n.tariffs, Sell: n.tariffs, Settlement: n.settlement, Asked: n.settlement, Payouts: n.settlement, Router: n.tables, Sold: n.roster.Numbers, Rented: n.roster, Plans: n.plans, Books: n.book,
		Wallet: n.book, Calls: n.store.Calls(), PINs: n.pins, Access: n.access, CallBacks: n, Prompts: n.prompts, Sounds: n, Hooks: n.hooks, Guard: n.guard, GuardRules: n.guard, Foresight: n.guard, Alerts: n.guard,
		Reader: n, Seal: n.seal, Currency: n.currency(), Secure: strings.HasPrefix(n.cfg.URL, "https://"), Dev: n.cfg.Dev, Log: n.log, Now: n.opts.Now,
		Mailing: n.post != nil, Mailbox: n.mailbox(), Calendar: calendar{n}, FirstPhones: &n.first, Contacts: n.contacts, Letters: n.store.Letters(),
		Cashier: n.cashier, Statements: n.cashier, Papers: n.papers, Press: n.printer, Taxes: n.taxes, PayHosts: n.payHosts(),
		TopUps: n.cashier, AutoTopUps: n.cashier, Wallets: n.wallets, Bills: n.billing, Dunning: n.billing, Accounting: n.accounting, Packages: n.bundles, PackageDesk: n.bundles,
		Proofs: n.proofs, Names: n.names, TestCarrier: n.testCalls(),
	})
	if err != nil {
		return nil, err
	}
	return n.calm(mux), nil
}

// takeout gathers what is known of an account.
func (n *Node) takeout() takeout.Service {
	return takeout.Service{Accounts: n.members, Contacts: n.contacts, Browsers: n.bell, Orders: n.shop, Wallet: n.book, Calls: n.store.Calls(), Letters: n.store.Letters(),
		Cards: n.cards, Names: n.names, Rented: n.dids, Limits: n.guard, Autos: n.cashier, Packages: n.bundles, IDCards: n.idcards, Setups: n.setups, Access: n.access, PINs: n.pins, Currency: n.currency()}
}

// calm turns a panic into a 500 and a line in the log, and keeps the others
// talking. It lets no address in that is no text.
func (n *Node) calm(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // a panic value is compared, not an error chain
				n.log.ErrorContext(r.Context(), "a handler panicked", "path", source.Path(r), "panic", p, "stack", string(debug.Stack()))
				plain(w, http.StatusInternalServerError, "Something went wrong on our side. Try again; if it stays, tell the operator.\n")
			}
		}()
		if query, err := url.QueryUnescape(r.URL.RawQuery); err != nil || !isText(r.URL.Path) || !isText(query) {
			plain(w, http.StatusBadRequest, "The address holds characters that are no text.\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isText refuses what a database may choke on: NUL, and bytes that are no UTF-8.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// readyz answers 200 once the node serves pages, takes registrations and its database answers.
func (n *Node) readyz(w http.ResponseWriter, r *http.Request) {
	status, answer := http.StatusOK, map[string]string{"state": "ready"}
	switch {
	case !n.ready.Load():
		status, answer["state"] = http.StatusServiceUnavailable, "starting"
	default:
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := n.store.Ping(ctx); err != nil {
			n.log.WarnContext(ctx, "not ready", "error", err)
			status, answer["state"] = http.StatusServiceUnavailable, "the database does not answer"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (n *Node) server() (*http.Server, error) {
	h, err := n.handler()
	if err != nil {
		return nil, err
	}
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ConnState: n.listener.state,
	}, nil
}
