package web

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"github.com/a-h/templ"
)

// workerScript is the browser's: it shows a page of its own where there is no
// network, and keeps no other page, because they hold what is the member's.
//
//go:embed phone/worker.js
var workerScript []byte

func (f *face) worker(w http.ResponseWriter, _ *http.Request, _ *page) (templ.Component, error) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(workerScript)
	return nil, nil
}

// offline is what the worker shows instead of a page that cannot be reached.
func (f *face) offline(_ http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	p.Title = p.T("offline.title")
	return errorPage(p, p.T("offline.title"), p.T("offline.p")), nil
}

// manifest lets a browser install the telephone as a program (W3C Web Application
// Manifest).
func (f *face) manifest(w http.ResponseWriter, _ *http.Request, p *page) (templ.Component, error) {
	icon := func(name, sizes, kind, purpose string) map[string]string {
		return map[string]string{"src": f.assets.address(name), "sizes": sizes, "type": kind, "purpose": purpose}
	}
	h := w.Header()
	h.Set("Content-Type", "application/manifest+json")
	h.Set("Cache-Control", "no-cache")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": "/calls", "name": "Callisto", "short_name": "Callisto", "description": p.T("dock.title"), "lang": p.Tongue.Tag, "dir": p.Tongue.Dir,
		"start_url": "/calls#phone", "scope": "/", "display": "standalone", "background_color": "#F7F8F6", "theme_color": "#FFD21F",
		"icons": []map[string]string{
			icon("icon.svg", "any", "image/svg+xml", "any"), icon("icon-192.png", "192x192", "image/png", "any"), icon("icon-512.png", "512x512", "image/png", "any maskable"),
		},
		"protocol_handlers": []map[string]string{{"protocol": "tel", "url": "/calls#phone=%s"}},
	})
	return nil, nil
}
