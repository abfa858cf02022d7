package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/routing"
)

func (f *face) dockRoutes() map[string]handler {
	return map[string]handler{
		"GET /phone/who":   f.phoneWho,
		"GET /phone/known": f.phoneKnown,

		"GET /offline":              f.offline,
		"GET /worker.js":            f.worker,
		"GET /manifest.webmanifest": f.manifest,
	}
}

// phoneKeys are the keys of a telephone, row by row.
func phoneKeys() []string { return strings.Split("123456789*0#", "") }

// phoneSays is what the browser phone says, by the names its script has for it.
func (p *page) phoneSays() string {
	says := map[string]string{
		"off": p.T("dock.off"), "connecting": p.T("dock.connecting"), "ready": p.T("dock.ready"), "lost": p.T("dock.lost"),
		"incoming": p.T("dock.incoming"), "calling": p.T("dock.calling"), "connected": p.T("dock.connected"), "held": p.T("dock.held"), "waits": p.T("dock.waits"),
		"muted": p.T("dock.muted"), "sign_out": p.T("dock.sign_out"),
		"passing": p.T("dock.passing"), "passing_rings": p.T("dock.passing_rings"), "transfer_pays": p.T("dock.transfer_pays"),
		"to_line": p.T("dock.to_line"), "in": p.T("dock.in"), "out": p.T("dock.out"), "missed": p.T("dock.missed"),
	}
	for _, what := range []string{"loss", "jitter", "delay", "silence"} {
		says["warn_"+what] = p.T("dock.warn." + what)
	}
	for _, what := range []string{
		"insecure", "no_webrtc", "mic_refused", "mic_none", "mic_busy", "press_to_hear", "fingerprint", "no_way", "sound_refused", "no_answer_of_ours", "busy", "declined",
		"not_allowed", "no_money", "not_found", "no_service", "nobody_answered", "not_reachable", "failed", "transfer_failed", "transferred", "page_lost",
		"ended", "ended_there", "ended_money", "ended_lost",
	} {
		says[what] = p.T("dock.sorry." + what)
	}
	for _, state := range []string{"on", "off", "refused", "dismissed", "unsupported", "ios", "insecure", "no_service", "failed"} {
		says["push_"+state] = p.T("dock.push." + state)
	}
	text, _ := json.Marshal(says) // of strings: it cannot fail
	return string(text)
}

// signedIn is asked by scripts: who is not signed in is told so, not sent elsewhere.
func (p *page) signedIn() error {
	if p.SignedIn() {
		return nil
	}
	return fault.New(fault.Unproven, "sign_in", "Sign in first: the session or key is unknown or has ended.")
}

// whoData is what the dial field says, for the telephone.
type whoData struct {
	Shown   string   `json:"shown"`
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Place   string   `json:"place"`
	There   string   `json:"there"`
	Price   string   `json:"price"`
	Words   []string `json:"words"`
	Package string   `json:"package"`
	Refused string   `json:"refused"`
	Call    string   `json:"call"`
	Pays    bool     `json:"pays"` // it is not free to who calls
}

func (f *face) phoneWho(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if s, ok := f.withCard(r, p); ok { // he calls at his tariff
		p.Who = member.Actor{Account: s.Account, Name: s.Holder, Role: member.Customer}
	}
	if err := p.signedIn(); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	d, err := f.dial(r, p)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	out := whoData{Words: []string{}, Refused: d.Problem}
	if x := d.Found; x != nil {
		out = whoData{
			Shown: x.Shown, Kind: p.T("explain.kind." + x.Kind.String()), Name: x.Card.Name, Price: x.Price, Words: append([]string{}, x.Words...), Package: x.Package, Call: x.Call,
			Pays: x.Kind != routing.OnNet && x.Price != "" && !x.Explanation.Price.Quote.Free(),
		}
		if x.Country != "" {
			out.Place = p.Tongue.country(x.Country)
		}
		if x.There != "" {
			out.There = p.T("dial.there", "time", x.There)
		}
		switch {
		case x.Refused.Reason.Text != "":
			out.Refused = p.say(x.Refused.Reason.Text)
		case x.Reason.Text != "" && len(x.Targets) == 0 && x.Kind != routing.OnNet:
			out.Refused = p.say(x.Reason.Text)
		}
	}
	return f.scripted(w, r, p, out, nil)
}

// knownNumber is somebody who called, was called, or is a contact.
type knownNumber struct {
	Name   string `json:"name"`
	Number string `json:"number"`
	When   string `json:"when,omitempty"`
	Kind   string `json:"kind,omitempty"` // in, out, missed
}

// known is whom the telephone offers to call, and what a call changes in the head of a page.
type known struct {
	Recent   []knownNumber `json:"recent"`
	Contacts []knownNumber `json:"contacts"`
	Missed   int           `json:"missed"`
	Purse    string        `json:"purse,omitempty"` // the balance, as the head of a page shows it
}

// recentCalls are as many as are looked at for whom to offer.
const recentCalls = 20

// phoneKnown is whom the telephone offers to call.
func (f *face) phoneKnown(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if _, ok := f.withCard(r, p); ok { // whom he calls is not for every terminal
		return f.scripted(w, r, p, known{Recent: []knownNumber{}, Contacts: []knownNumber{}}, nil)
	}
	if err := p.signedIn(); err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	contacts, err := f.Contacts.Of(r.Context(), p.Who)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	history, err := f.Calls.History(r.Context(), p.Who.Account, "", recentCalls)
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	out := known{Recent: recentOf(history.Items, p.Who.Account, contact.NamesOf(contacts)), Contacts: knownContacts(contacts)}
	if f.readPurse(r.Context(), p); p.Purse.Currency != "" {
		out.Purse = p.Tongue.cash(p.Purse)
	}
	out.Missed, err = f.Missed.AllWaiting(r.Context(), p.Who)
	return f.scripted(w, r, p, out, err)
}

// recentOf is each number once, by the last call with it.
func recentOf(list []cdr.Record, account string, names contact.Names) []knownNumber {
	out, seen := []knownNumber{}, map[string]bool{}
	for i := range list {
		rec := &list[i]
		k := knownNumber{Name: names.Of(rec.With(account)...), Number: otherSide(rec, account), When: rec.Start.UTC().Format("2006-01-02T15:04:05Z"), Kind: "in"}
		switch {
		case outgoing(*rec, account):
			k.Kind = "out"
		case rec.Missed():
			k.Kind = "missed"
		}
		if k.Number == "" || seen[k.Number] {
			continue
		}
		seen[k.Number] = true
		out = append(out, k)
	}
	return out
}

// otherSide is whom a call was with, as he can be dialled.
func otherSide(rec *cdr.Record, account string) string {
	if rec.Caller(account) == "" && !outgoing(*rec, account) { // he withheld it
		return ""
	}
	side := rec.From
	if outgoing(*rec, account) {
		if rec.Hides(account) || rec.To.Number.Zero() && rec.To.Text == "" {
			return rec.Dialled
		}
		side = rec.To
	}
	if !side.Number.Zero() {
		return side.Number.Display()
	}
	return side.Text
}
