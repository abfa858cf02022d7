package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// softphone is a baresip with a folder of its own, which plays a tone and keeps what it hears.
type softphone struct {
	t     *testing.T
	dir   string
	out   output
	ended chan error
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test drives %s, which is not installed: run scripts/install-test-tools, or apt-get install baresip-core sox", name)
	}
	return path
}

// freePair returns a port that is free for UDP and TCP, and its follower too:
// baresip takes that one for TLS. It is none that the system hands out itself
// (ip_local_port_range), which any connection may take before the program starts,
// and it is this test's until it ends: the name of a socket is held for it.
func freePair(t *testing.T) int {
	t.Helper()
	const from, pairs = 30_000, 1_300
	first := rand.IntN(pairs)
	for i := range pairs {
		port := from + (first+i)%pairs*2
		claim, err := net.Listen("unix", "@callisto-port-"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		if bindable(port) && bindable(port+1) {
			t.Cleanup(func() { _ = claim.Close() })
			return port
		}
		_ = claim.Close()
	}
	t.Fatal("no two free ports in a row")
	return 0
}

func bindable(port int) bool {
	at := "127.0.0.1:" + strconv.Itoa(port)
	u, err := net.ListenPacket("udp", at)
	if err != nil {
		return false
	}
	_ = u.Close()
	l, err := net.Listen("tcp", at)
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// phone starts a softphone; it leaves by itself after some seconds.
func phone(t *testing.T, user, password, domain, transport string, hertz, seconds int, do string) *softphone {
	t.Helper()
	account := fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;outbound=\"sip:%s;transport=%s\";answermode=auto;regint=60", user, domain, transport, user, password, domain, transport)
	return handset{port: freePair(t), account: account, hertz: hertz, seconds: seconds, do: do}.start(t)
}

// handset is how a softphone is set up.
type handset struct {
	port           int
	account        string
	more           []string // lines of its configuration
	hertz, seconds int
	do             string // what it does first
}

func (h handset) start(t *testing.T) *softphone {
	t.Helper()
	p := &softphone{t: t, dir: t.TempDir(), ended: make(chan error, 1)}
	tone := filepath.Join(p.dir, "tone.wav")
	if out, err := exec.Command(program(t, "sox"), "-n", "-r", "8000", "-c", "1", "-b", "16", tone, "synth", "60", "sine", strconv.Itoa(h.hertz), "vol", "0.5").CombinedOutput(); err != nil {
		t.Fatalf("sox: %v\n%s", err, out)
	}
	modules := "/usr/lib/baresip/modules"
	if _, err := os.Stat(modules); err != nil {
		modules = "/usr/lib/x86_64-linux-gnu/baresip/modules"
	}
	config := fmt.Sprintf("sip_listen 127.0.0.1:%d\naudio_source aufile,%s\naudio_player aufile,%s\naudio_alert aufile,%s\nsnd_path %s\nmodule_path %s\n"+
		"module g711.so\nmodule srtp.so\nmodule dtls_srtp.so\nmodule aufile.so\nmodule sndfile.so\nmodule_app account.so\nmodule_app menu.so\n%s\n",
		h.port, tone, filepath.Join(p.dir, "heard.wav"), filepath.Join(p.dir, "alert.wav"), p.dir, modules, strings.Join(h.more, "\n"))
	for name, text := range map[string]string{"config": config, "accounts": h.account + "\n", "contacts": "", "uuid": ""} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-4", "-n", "127.0.0.1", "-f", p.dir, "-t", strconv.Itoa(h.seconds)}
	if h.do != "" {
		args = append(args, "-e", h.do)
	}
	cmd := exec.Command(program(t, "baresip"), args...)
	cmd.Dir = p.dir
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return p
}

// until waits for the telephone to print something.
func (p *softphone) until(text string) {
	p.t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for !strings.Contains(p.out.String(), text) {
		select {
		case <-look.C:
		case <-late.C:
			p.t.Fatalf("the telephone never says %q:\n%s", text, p.out.String())
		}
	}
}

// heard is the loudness and the pitch of what the telephone received.
func (p *softphone) heard() (loud, hertz float64) {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if err != nil || len(files) == 0 {
		p.t.Fatalf("the telephone kept no sound: %v\n%s", err, p.out.String())
	}
	stat, err := exec.Command(program(p.t, "sox"), files[len(files)-1], "-n", "stat").CombinedOutput()
	if err != nil {
		p.t.Fatalf("sox: %v\n%s", err, stat)
	}
	read := func(name string) float64 {
		m := regexp.MustCompile(name + `:\s+([\d.]+)`).FindSubmatch(stat)
		if m == nil {
			p.t.Fatalf("sox says nothing of %s:\n%s", name, stat)
		}
		f, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			p.t.Fatal(err)
		}
		return f
	}
	return read("RMS     amplitude"), read(`Rough   frequency`)
}

// buy gets a new person a number through the API, as a program would.
func buy(t *testing.T, d dev, name, country string) (key string, line map[string]any) {
	t.Helper()
	email := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@callisto.example"
	key = api(t, d, "", "POST", "/api/v1/accounts", map[string]any{"name": name, "email": email, "password": "four words in a row"}, 201)["api_key"].(string)
	stock := api(t, d, "", "GET", "/api/v1/numbers?country="+country+"&limit=1", nil, 200)["items"].([]any)[0].(map[string]any)
	order := api(t, d, key, "POST", "/api/v1/orders", map[string]any{"kind": "individual", "country": country, "national": stock["national"]}, 201)["id"].(string)
	api(t, d, key, "POST", "/api/v1/orders/"+order+"/select", nil, 200)
	api(t, d, key, "POST", "/api/v1/orders/"+order+"/payments", map[string]any{"method": "wallet"}, 200)
	line = api(t, d, key, "POST", "/api/v1/members", map[string]any{
		"order_id": order, "contact_pstn": "+82 2 312 3456", "name": name, "country": country, "languages": []string{"en"}, "email": email, "time_zone": "Asia/Seoul",
	}, 201)
	return key, line
}

// lastCall waits for a call to come into a history; it must be there within two seconds of its end.
func lastCall(t *testing.T, d dev, key string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		if items := api(t, d, key, "GET", "/api/v1/calls", nil, 200)["items"].([]any); len(items) > 0 {
			return items[0].(map[string]any)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("two seconds after its end the call is in no history")
		}
	}
}

// TestANumberBoughtNowRingsNow has two real softphones talk: within a center, and between two.
func TestANumberBoughtNowRingsNow(t *testing.T) {
	for _, c := range []struct {
		name      string
		caller    int // of the sample members
		transport string
	}{{"from the same center", 0, "udp"}, {"from another center", 2, "tcp"}} {
		t.Run(c.name, func(t *testing.T) {
			d := company(t)
			key, line := buy(t, d, "Bo Moon", "KR")
			called := phone(t, line["sip_user"].(string), line["sip_password"].(string), line["sip_domain"].(string), "udp", 700, 30, "")
			called.until("200 OK")
			m := d.Members[c.caller]
			caller := phone(t, m.SIPUser, m.SIPPassword, m.SIPDomain, c.transport, 400, 6, "d "+strings.ReplaceAll(line["number"].(string), " ", ""))
			select {
			case <-caller.ended:
			case <-time.After(30 * time.Second):
				t.Fatalf("the caller does not leave:\n%s", caller.out.String())
			}
			called.until("terminated")
			if loud, hertz := caller.heard(); loud < 0.05 || hertz < 600 || hertz > 800 {
				t.Errorf("the caller heard %.0f Hz at %.3f, want 700\n%s", hertz, loud, caller.out.String())
			}
			if loud, hertz := called.heard(); loud < 0.05 || hertz < 300 || hertz > 500 {
				t.Errorf("the called heard %.0f Hz at %.3f, want 400", hertz, loud)
			}
			out, in := lastCall(t, d, m.APIKey), lastCall(t, d, key)
			if out["direction"] != "out" || in["direction"] != "in" || out["to"] != line["number"] || in["from"] != m.Number || out["call_id"] != in["call_id"] {
				t.Errorf("the histories: %v and %v", out, in)
			}
			for _, who := range []string{m.APIKey, key} {
				if n := len(api(t, d, who, "GET", "/api/v1/calls", nil, 200)["items"].([]any)); n != 1 {
					t.Errorf("one call stands %d times in a history", n)
				}
			}
			if s := out["duration_seconds"].(float64); s < 2 || s > 8 || out["cause"] != "normal" {
				t.Errorf("the call took %v s and ended %v", s, out["cause"])
			}
			if charge := out["charge"].(map[string]any); charge["micros"].(float64) != 0 {
				t.Errorf("calls between members are free, this cost %v", charge)
			}
			w := walker{t, browser(t), d.HTTP}
			w.open("/sign-in?lang=en&next=/calls")
			w.fill("#email", m.Email)
			w.fill("#password", m.Password)
			w.press("main form button.button")
			w.see("tbody .connected")
			w.says("tbody", line["number"].(string))
			w.says("tbody", "free")
			w.shoot("calls")
		})
	}
}
