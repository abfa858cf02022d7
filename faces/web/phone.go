package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/terminal"
)

// Phones let whoever is signed in use a browser as a telephone.
type Phones interface {
	Phone(ctx context.Context, by member.Actor, membership, country string) (terminal.Phone, error)
}

func (f *face) phoneRoutes() map[string]handler {
	return map[string]handler{
		"POST /phone/pass": f.phonePass,
	}
}

// phonePass is what the browser's phone registers with. line chooses one of
// several numbers, country an office of a company's.
type phonePass struct {
	Pass    string               `json:"pass"`
	For     int                  `json:"for"` // seconds from now: the browser's clock may be wrong
	WS      string               `json:"ws"`
	URI     string               `json:"uri"`
	Line    string               `json:"line"`
	Number  string               `json:"number"`
	Name    string               `json:"name"`
	Device  string               `json:"device"`
	Servers []terminal.ICEServer `json:"ice_servers"`
	Lines   []phoneLine          `json:"lines,omitempty"` // to choose from, if there are several
}

// phoneLine is a number to call with.
type phoneLine struct {
	ID     string `json:"id"`
	Number string `json:"number"`
}

func (f *face) phonePass(w http.ResponseWriter, r *http.Request, p *page) (templ.Component, error) {
	if s, ok := f.withCard(r, p); ok {
		x, err := f.CardPhones.CardPhone(r.Context(), s)
		return f.scripted(w, r, p, f.passOf(r, s.Membership, x), err)
	}
	if !p.SignedIn() {
		return f.scripted(w, r, p, nil, p.signedIn())
	}
	line, all, err := f.phoneLine(r.Context(), p, r.PostFormValue("line"))
	if reason := fault.ReasonOf(err); reason.Code == "no_number" { // which is no failure of the page that asks
		return f.scripted(w, r, p, map[string]string{"none": p.say(reason.Text)}, nil)
	}
	if err != nil {
		return f.scripted(w, r, p, nil, err)
	}
	x, err := f.Phones.Phone(r.Context(), p.Who, line, r.PostFormValue("country"))
	out := f.passOf(r, line, x)
	if len(all) > 1 {
		for i := range all {
			out.Lines = append(out.Lines, phoneLine{all[i].ID, all[i].Number.Display()})
		}
	}
	return f.scripted(w, r, p, out, err)
}

func (f *face) passOf(r *http.Request, line string, x terminal.Phone) phonePass {
	return phonePass{
		Pass: x.Pass, For: int(x.Until.Sub(f.Now()) / time.Second), WS: socketAt(f.pagesOf(r), x.Center), URI: "sip:" + x.User + "@" + x.Domain,
		Line: line, Number: x.Number, Name: x.Name, Device: x.Device, Servers: x.Servers,
	}
}

// phoneLine is the line that is meant, the first if none is named, and all there are.
func (f *face) phoneLine(ctx context.Context, p *page, line string) (string, []member.Membership, error) {
	all, err := f.Members.Memberships(ctx, p.Who, p.Who.Account)
	if err != nil || line != "" {
		return line, all, err
	}
	if len(all) == 0 {
		return "", nil, fault.New(fault.Conflict, "no_number", "You have no number to call with yet. Choose one first.")
	}
	return all[0].ID, all, nil
}

// socketAt is where browsers speak SIP with a center.
func socketAt(origin, center string) string {
	return strings.Replace(origin, "http", "ws", 1) + "/ws?center=" + url.QueryEscape(center)
}
