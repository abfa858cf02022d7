package node_test

import (
	"encoding/base64"
	"encoding/xml"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/lab"
)

// asks fetches what a telephone would, by its User-Agent.
func (r *running) asks(t *testing.T, address, agent string, headers ...string) (status int, body string, h http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", agent)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// registers has a telephone register with what stood in its file.
func (r *running) registers(t *testing.T, device, server, user, password string) {
	t.Helper()
	local := lab.FreePort(t, netip.MustParseAddr("127.0.0.1"))
	lab.SIPp{Scenario: scenarios + "register.xml", Users: []lab.Member{{User: user, Password: password}}, Local: lab.FreePort(t, local.Addr()), Remote: netip.MustParseAddrPort(server), Calls: 1, Rate: 1,
		Extra: func(int) string { return local.String() }}.Run(t)
	if !r.SignedIn(device) {
		t.Errorf("%s is not registered", user)
	}
}

const (
	yealinkAgent = "Yealink SIP-T46S 66.86.0.15 00:15:65:ab:cd:ef"
	gxpAgent     = "Grandstream Model HW GXP2170 V1.6A SW 1.0.11.48 DevId 000b82abcdef"
	snomAgent    = "Mozilla/4.0 (compatible; snomD785-SIP 10.1.64.14 2010.12-00004-g9ba52f5 000413ABCDEF SXM:0 UXM:0 UXMC:0)"
)

// TestALinkIsTriedAsTheDocsSay: with the commands that stand there, once with what
// curl calls itself and once with what the telephone does.
func TestALinkIsTriedAsTheDocsSay(t *testing.T) {
	docs, err := os.ReadFile("../docs/provisioning.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^    curl -A '([^']+)' ADDRESS(\S*)$`).FindAllStringSubmatch(string(docs), -1)
	want := [][2]string{{"yealink", yealinkAgent}, {"grandstream", gxpAgent}, {"snom", snomAgent}}
	if len(commands) != len(want) {
		t.Fatalf("the docs have %q", commands)
	}
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 2, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	for i, x := range want {
		agent, file := commands[i][1], commands[i][2]
		mac := regexp.MustCompile(`(?i)[0-9a-f]{2}(:?[0-9a-f]{2}){5}`).FindString(agent)
		address := str(r.want(t, 201, key, "POST", "/api/v1/members/"+line+"/setup-links", obj{"kind": x[0], "mac": mac, "name": "Tried " + x[0]}).body, "url") + file
		if status, _, _ := r.asks(t, address, "curl/8.14.1"); status != 403 || agent != x[1] {
			t.Errorf("%s: curl as it is gets %d, and the docs have %q", x[0], status, agent)
		}
		if status, text, _ := r.asks(t, address, agent); status != 200 || !strings.Contains(text, "Tried "+x[0]) && !strings.Contains(text, "sip_server") && !strings.Contains(text, "user_pass") && !strings.Contains(text, "P34") {
			t.Errorf("%s: %d %s", x[0], status, text)
		}
	}
}

// TestDeskTelephonesSetThemselvesUp: each of three makers' telephones fetches its
// file over HTTP, takes out of it what it needs, by the names its maker gave, and
// registers with it; whoever else comes by the address gets nothing.
func TestDeskTelephonesSetThemselvesUp(t *testing.T) {
	r := start(t, t.TempDir())
	key := str(r.dev, "members", 2, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	links := "/api/v1/members/" + line + "/setup-links"
	tag := func(text, name string) string {
		m := regexp.MustCompile(`<` + name + `[ >][^<]*`).FindString(text)
		_, value, _ := strings.Cut(m, ">")
		return html.UnescapeString(value)
	}
	for _, x := range []struct {
		kind, mac, agent, file string
		read                   func(text string) (server, user, password string)
	}{
		{"yealink", "00:15:65:AB:CD:EF", yealinkAgent, "001565abcdef.cfg", func(text string) (string, string, string) {
			v := func(name string) string {
				return regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` = (.*)$`).FindStringSubmatch(text + "\n" + name + " = ")[1]
			}
			return v("account.1.sip_server.1.address") + ":" + v("account.1.sip_server.1.port"), v("account.1.auth_name"), v("account.1.password")
		}},
		{"grandstream", "000b82abcdef", gxpAgent, "cfg000b82abcdef.xml", func(text string) (string, string, string) {
			return tag(text, "P47"), tag(text, "P36"), tag(text, "P34")
		}},
		{"snom", "00-04-13-ab-cd-ef", snomAgent, "", func(text string) (string, string, string) {
			server, _, _ := strings.Cut(tag(text, "user_outbound"), ";")
			return server, tag(text, "user_pname"), tag(text, "user_pass")
		}},
	} {
		made := r.want(t, 201, key, "POST", links, obj{"kind": x.kind, "mac": x.mac, "name": "Desk " + x.kind}).body
		address := str(made, "url") + x.file
		if status, body, _ := r.asks(t, address, "Mozilla/5.0 (X11) Firefox/140.0", "Accept", "text/html"); status != 403 || !strings.Contains(body, "for a telephone") || strings.Contains(body, "P34") {
			t.Errorf("%s to a browser: %d %s", x.kind, status, body)
		}
		if status, body, _ := r.asks(t, address, strings.NewReplacer("ab:cd:ef", "00:00:01", "abcdef", "000001", "ABCDEF", "000001").Replace(x.agent)); status != 403 || !strings.Contains(body, "another telephone") {
			t.Errorf("%s to another telephone: %d %s", x.kind, status, body)
		}
		status, file, h := r.asks(t, address, x.agent)
		server, user, password := x.read(file)
		if status != 200 || h.Get("Cache-Control") != "no-store" || password == "" {
			t.Fatalf("%s: %d %v %s", x.kind, status, h, file)
		}
		if strings.HasPrefix(file, "<") {
			if err := xml.Unmarshal([]byte(file), new(struct{})); err != nil {
				t.Errorf("%s: %v", x.kind, err)
			}
		}
		r.registers(t, str(made, "device"), server, user, password)
		status, file, _ = r.asks(t, address, x.agent)
		if _, _, again := x.read(file); status != 200 || again != "" {
			t.Errorf("%s asks again when it restarts: %d, the password %q", x.kind, status, again)
		}
		if !r.SignedIn(str(made, "device")) {
			t.Errorf("%s: fetching anew has signed it off", x.kind)
		}
		if status, _, _ := r.asks(t, str(made, "url"), x.agent); x.file != "" && status != 404 {
			t.Errorf("a list of the files: %d", status)
		}
		got := r.want(t, 200, key, "GET", links, nil)
		if l := at(got.body, "items", 0); str(l, "state") != "fetched" || str(l, "telephone") != x.agent || str(l, "network") == "" || num(l, "refused") != 1 || num(l, "times") < 2 || strings.Contains(got.raw, "/p/") {
			t.Errorf("the holder sees %s", got.raw)
		}
		r.want(t, 204, key, "DELETE", "/api/v1/setup-links/"+str(made, "id"), nil)
		if status, body, _ := r.asks(t, address, x.agent); status != 403 || !strings.Contains(body, "taken back") {
			t.Errorf("%s after it was taken back: %d %s", x.kind, status, body)
		}
	}
	common := r.want(t, 201, key, "POST", links, obj{"kind": "yealink", "mac": "001565000002", "name": "Hall"}).body
	if status, file, _ := r.asks(t, str(common, "url")+"y000000000108.cfg", strings.Replace(yealinkAgent, "ab:cd:ef", "00:00:02", 1)); status != 200 || !strings.Contains(file, "features.key_as_send = 0\n") || strings.Contains(file, "password") {
		t.Errorf("the common file: %d %s", status, file)
	}
	// Who fetched by a link does not fetch the password that its holder makes by hand.
	made := r.want(t, 201, key, "POST", links, obj{"kind": "yealink", "mac": "001565000003", "name": "Cellar"}).body
	cellar, agent := str(made, "url")+"001565000003.cfg", strings.Replace(yealinkAgent, "ab:cd:ef", "00:00:03", 1)
	if status, file, _ := r.asks(t, cellar, agent); status != 200 || !strings.Contains(file, "account.1.password = ") {
		t.Errorf("the cellar's: %d %s", status, file)
	}
	r.want(t, 200, key, "POST", "/api/v1/devices/"+str(made, "device")+"/password", nil)
	if status, file, _ := r.asks(t, cellar, agent); status != 403 || strings.Contains(file, "account.1") {
		t.Errorf("after its holder made another password: %d %s", status, file)
	}
	r.want(t, 422, key, "POST", links, obj{"kind": "snom", "mac": "12", "name": "x"})
	r.want(t, 404, str(r.dev, "members", 1, "api_key"), "GET", links, nil)
	r.want(t, 404, str(r.dev, "members", 1, "api_key"), "DELETE", "/api/v1/setup-links/"+str(common, "id"), nil)
	expire := r.signIn(t, str(r.dev, "members", 2, "email"), str(r.dev, "members", 2, "password"))
	expire.post("/dev/clock", url.Values{"days": {"7"}})
	if status, body, _ := r.asks(t, str(common, "url")+"001565000002.cfg", strings.Replace(yealinkAgent, "ab:cd:ef", "00:00:02", 1)); status != 403 || !strings.Contains(body, "7 days") {
		t.Errorf("after 7 days: %d %s", status, body)
	}
}

func num(v any, path ...any) float64 { f, _ := at(v, path...).(float64); return f }

// TestLinphoneSetsItselfUp: the page shows a code, zbar reads it, linphonec
// fetches its account from what it says and registers; the code works once.
// Current Linphones say that they provision themselves, Debian's 5.1 does not: here a
// proxy says it.
func TestLinphoneSetsItselfUp(t *testing.T) {
	r := start(t, t.TempDir())
	p := r.signIn(t, str(r.dev, "members", 2, "email"), str(r.dev, "members", 2, "password"))
	key := str(r.dev, "members", 2, "api_key")
	line := str(r.want(t, 200, key, "GET", "/api/v1/members", nil).body, "items", 0, "id")
	status, page, to := p.post("/lines/"+line+"/setup", url.Values{"kind": {"linphone"}, "name": {"Ada's mobile"}})
	if status != 200 || to.Path != "/lines/"+line+"/setup" {
		t.Fatalf("%d at %s: %s", status, to, page)
	}
	address := shownAs(t, page, "setup-url")
	if got := r.scans(t, page); got != address {
		t.Errorf("the code says %q instead of %q", got, address)
	}
	if status, body, _ := r.asks(t, address, "Mozilla/5.0", "Accept", "text/html,*/*", "Accept-Language", "de"); status != 403 || !strings.Contains(body, "Linphone") || !strings.Contains(body, `lang="de"`) {
		t.Errorf("a browser that opens it gets %d %s", status, body)
	}
	base, err := url.Parse(r.base)
	if err != nil {
		t.Fatal(err)
	}
	fetched := make(chan int, 4)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(x *httputil.ProxyRequest) { x.SetURL(base); x.Out.Header.Set("X-Linphone-Provisioning", "1") },
		ModifyResponse: func(res *http.Response) error {
			fetched <- res.StatusCode
			return nil
		},
	})
	defer proxy.Close()
	through := strings.Replace(address, r.base, proxy.URL, 1)
	lab.StartLinphone(t, netip.MustParseAddr("127.0.0.1"), "[misc]\nconfig-uri="+through+"\n")
	select {
	case got := <-fetched:
		if got != 200 {
			t.Fatalf("linphone was answered %d", got)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("linphone does not fetch its account")
	}
	device := ""
	for _, l := range r.want(t, 200, key, "GET", "/api/v1/members/"+line+"/setup-links", nil).body["items"].([]any) {
		device = str(l, "device")
	}
	r.await(t, "linphone registers with what it fetched", func() bool { return r.SignedIn(device) })
	if status, body, _ := r.asks(t, address, "Linphone/5.2", "X-Linphone-Provisioning", "1"); status != 403 || !strings.Contains(body, "used already") {
		t.Errorf("the code a second time: %d %s", status, body)
	}
	if _, page = p.get("/lines/" + line + "/setup"); strings.Contains(page, address) || !strings.Contains(page, "fetched") {
		t.Error("the page still shows the address")
	}
	if _, export := p.get("/account/export"); !strings.Contains(export, "telephone_setups.json") {
		t.Error("what is known of an account lacks its telephones' links")
	}
}

// scans reads the code that a page shows, with a program that is not ours.
func (r *running) scans(t *testing.T, page string) string {
	t.Helper()
	m := regexp.MustCompile(`data:image/png;base64,([A-Za-z0-9+/=]+)`).FindStringSubmatch(html.UnescapeString(page))
	if m == nil {
		t.Fatal("the page shows no code")
	}
	image, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "code.png")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return read(t, file)
}
