package node_test

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/callisto-tel/callisto/node"
	"github.com/callisto-tel/callisto/platform/config"
)

// TestWithoutMailTheTruthIsTold signs up where no mail server is set up: the
// page says that no letter leaves, and the operator hands the link over.
func TestWithoutMailTheTruthIsTold(t *testing.T) {
	cfg, err := config.Dev(t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Dev = false
	n, err := node.New(t.Context(), cfg, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Setup().AddOperator(t.Context(), "Staff", "staff@example.com", "a long enough one"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	<-n.Ready()
	r := &running{Node: n, base: "http://" + n.HTTPAddr()}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, body, _ := r.asks(t, r.base+"/p/something/linphone.xml", "Linphone/5.2", "X-Linphone-Provisioning", "1"); status != 403 || !strings.Contains(body, "https only") {
		t.Errorf("settings of telephones without https: %d %s", status, body)
	}
	rosa := person{t, r, &http.Client{Jar: jar}}
	if _, page := rosa.get("/sign-up"); !strings.Contains(page, `id="no-mail"`) {
		t.Error("the form does not say that no letter can leave")
	}
	status, page, _ := rosa.post("/sign-up", url.Values{"name": {"Rosa"}, "email": {"rosa@example.com"}, "password": {"correct horse"}, "country": {"KR"}})
	if status != 200 || strings.Contains(page, "We have written") || !strings.Contains(page, "Ask the operator") {
		t.Errorf("%d: %s", status, page)
	}
	if _, page, _ = rosa.post("/forgot", url.Values{"email": {"rosa@example.com"}}); strings.Contains(page, "on its way") || !strings.Contains(page, "no letter can reach") {
		t.Errorf("forgot: %s", page)
	}
	rosa.post("/sign-in", url.Values{"email": {"rosa@example.com"}, "password": {"correct horse"}})
	if _, page = rosa.get("/account"); !strings.Contains(page, `id="no-mail"`) || strings.Contains(page, "We wrote to") {
		t.Error("the account's page says that we wrote")
	}

	staff := r.signIn(t, "staff@example.com", "a long enough one")
	_, page = staff.get("/operator/letters")
	link := regexp.MustCompile(`/confirm\?token=[^<"]+`).FindString(html.UnescapeString(page))
	if !strings.Contains(page, "rosa@example.com") || link == "" || strings.Contains(page, "/reset?token=") {
		t.Fatalf("the letters that wait: %s", page)
	}
	if status, page, _ = rosa.post("/confirm", url.Values{"token": {strings.TrimPrefix(link, "/confirm?token=")}}); status != 200 {
		t.Errorf("the link handed over: %d %s", status, page)
	}
	if _, page = rosa.get("/account"); strings.Contains(page, `id="confirmation"`) {
		t.Error("the address is not confirmed")
	}
}

// TestWhomPushServicesMayWriteTo: a house that names nobody is told so at its start,
// and what to set; one that does is not, nor is dev.
func TestWhomPushServicesMayWriteTo(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*config.Config)
		warns  bool
	}{
		"nobody":   {func(c *config.Config) {}, true},
		"http":     {func(c *config.Config) { c.URL = "http://tel.example" }, true},
		"a seller": {func(c *config.Config) { c.Seller.Email = "staff@tel.example" }, false},
		"https":    {func(c *config.Config) { c.URL = "https://tel.example" }, false},
		"dev":      {func(c *config.Config) { c.Dev = true }, false},
	} {
		cfg, err := config.Dev(t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", "")
		if err != nil {
			t.Fatal(err)
		}
		cfg.Dev, cfg.Seller.Email = false, ""
		x.change(&cfg)
		var said lines
		n, err := node.New(t.Context(), cfg, node.Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if text := said.String(); x.warns != (strings.Contains(text, "level=WARN") && strings.Contains(text, "set seller.email in the configuration, or an https url")) {
			t.Errorf("%s: the log says %s", name, text)
		}
	}
}

// lines are a log that several write.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestPricesAreTypedAsPeopleWriteThem sets prices with a comma, and has what is
// wrong said at its field.
func TestPricesAreTypedAsPeopleWriteThem(t *testing.T) {
	r := start(t, t.TempDir())
	staff := r.signIn(t, str(r.dev, "operator", "email"), str(r.dev, "operator", "password"))
	price := url.Values{"country": {"KR"}, "kind": {"individual"}, "class": {"own"}, "setup": {"7,50"}, "yearly": {"1.234,00"}}
	if status, page, at := staff.post("/operator/numbers/price", price); status != 200 || at.Path != "/operator/prices" || !strings.Contains(page, "7.50") || !strings.Contains(page, "1,234.00") {
		t.Errorf("%d at %s", status, at)
	}
	for field, typed := range map[string]string{"setup": "1.234", "yearly": "a lot"} {
		bad := url.Values{"country": {"KR"}, "kind": {"individual"}, "setup": {"1"}, "yearly": {"1"}}
		bad.Set(field, typed)
		status, page, _ := staff.post("/operator/numbers/price", bad)
		if status != 422 || !strings.Contains(page, `id="x-`+field+`-wrong"`) || strings.Count(page, `class="wrong"`) != 1 || !strings.Contains(page, `value="`+typed+`"`) {
			t.Errorf("%s: %d", field, status)
		}
	}
	_, page := staff.get("/request?country=KR&national=23161234")
	if !strings.Contains(page, "1,241.50") {
		t.Error("the quote of an own number does not follow its rule")
	}
}
