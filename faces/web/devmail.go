package web

import (
	"encoding/json"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/platform/notify/sink"
)

// devRoutes are pages of `callisto dev` alone; elsewhere they do not exist.
func (f *face) devRoutes() map[string]handler {
	if f.Mailbox == nil {
		return nil
	}
	return map[string]handler{
		"GET /dev/mail":               f.mails,
		"GET /dev/mail.json":          f.mailsForPrograms,
		"GET /dev/mail/{id}":          f.mail,
		"GET /dev/mail/{id}/file/{n}": f.mailFile,
		"GET /dev/clock":              f.clock,
		"POST /dev/clock":             f.skipDays,
		"GET /dev/phone/{token}":      f.firstPhone,
	}
}

func (f *face) mails(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("devmail.title")
	to := r.URL.Query().Get("to")
	return mailsPage(p, f.Mailbox.Mails(to), to), nil
}

// mailsForPrograms is the same for tests: newest first, ?to= one address.
func (f *face) mailsForPrograms(w http.ResponseWriter, r *http.Request, _ *page) (templ.Component, error) {
	type one struct {
		ID      string   `json:"id"`
		To      string   `json:"to"`
		Subject string   `json:"subject"`
		Text    string   `json:"text"`
		Links   []string `json:"links"`
		Files   []string `json:"files"`
	}
	out := []one{}
	for _, m := range f.Mailbox.Mails(r.URL.Query().Get("to")) {
		x := one{ID: m.ID, To: m.To, Subject: m.Subject, Text: m.Text, Links: linkIn().FindAllString(m.Text, -1), Files: []string{}}
		for _, a := range m.Attachments {
			x.Files = append(x.Files, a.Name)
		}
		out = append(out, x)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return nil, json.NewEncoder(w).Encode(out)
}

func (f *face) mail(_ http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, ok := f.Mailbox.Mail(r.PathValue("id"))
	if !ok {
		return nil, fault.New(fault.Unknown, "no_page", "%s", p.T("error.no_page"))
	}
	p.Title = m.Subject
	return mailPage(p, m), nil
}

func (f *face) mailFile(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	m, ok := f.Mailbox.Mail(r.PathValue("id"))
	n, err := strconv.Atoi(r.PathValue("n"))
	if !ok || err != nil || n < 0 || n >= len(m.Attachments) {
		return nil, fault.New(fault.Unknown, "no_page", "%s", p.T("error.no_page"))
	}
	sendFile(w, m.Attachments[n].Name, m.Attachments[n].Type, m.Attachments[n].Content)
	return nil, nil
}

// sendFile answers with a file of its own name.
func sendFile(w http.ResponseWriter, name, kind string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": name}))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) //nolint:gosec // its type is fixed, nothing may sniff it, and documents of buyers come in a sandbox
}

func linkIn() *regexp.Regexp { return regexp.MustCompile(`https?://\S+`) }

// stretch is a piece of a letter's text; Link if it is an address.
type stretch struct {
	Text string
	Link bool
}

// stretches takes a text apart so that its addresses can be followed.
func stretches(m sink.Mail) []stretch {
	var out []stretch
	text := strings.TrimSpace(m.Text)
	at := 0
	for _, x := range linkIn().FindAllStringIndex(text, -1) {
		out = append(out, stretch{Text: text[at:x[0]]}, stretch{text[x[0]:x[1]], true})
		at = x[1]
	}
	return append(out, stretch{Text: text[at:]})
}
