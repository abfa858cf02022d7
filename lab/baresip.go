package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Baresip is a softphone of Debian's package baresip-core, headless: it plays a
// tone and records what it hears.
type Baresip struct {
	User, Password string
	Server         string         // HOST:PORT of the center
	Transport      string         // udp, tcp or tls; udp if empty
	CAFile         string         // for tls
	Hz             int            // the tone it plays
	Dial           string         // what it calls once registered; else it answers
	Seconds        int            // how long it runs
	Gateway        netip.AddrPort // not registered anywhere: it is called here, by User
	SRTP           bool           // it takes no sound but SRTP
	DTLS           bool           // it agrees on the keys of its sound in DTLS
	Flows          bool           // it keeps its way to us open as RFC 5626 has it
	Inside         *House         // it is behind a NAT; here if nil
	AnyAddress     bool           // let it describe its sound with whatever address it likes
}

// Softphone is a running one.
type Softphone struct {
	t    testing.TB
	dir  string
	cmd  *exec.Cmd
	stop context.CancelFunc
	done chan struct{}
	mu   sync.Mutex
	out  bytes.Buffer
	more chan struct{}
}

// Write takes its output.
func (p *Softphone) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.Write(b)
	select {
	case p.more <- struct{}{}:
	default:
	}
	return len(b), nil
}

// Output is what it has said.
func (p *Softphone) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// Start runs it; it ends with the test.
func (b Baresip) Start(t testing.TB) *Softphone {
	t.Helper()
	program := tool(t, "baresip", "baresip-core")
	dir := t.TempDir()
	if b.Transport == "" {
		b.Transport = "udp"
	}
	if b.Gateway.IsValid() {
		b.Server = b.Gateway.String()
	}
	server := netip.MustParseAddrPort(b.Server)
	address, port := server.Addr(), uint16(0)
	if b.Inside != nil {
		address, port = b.Inside.Phone, b.Inside.port()
	} else {
		port = freePort(t, address)
	}
	listen := net2(address, port)
	account := fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;outbound=\"sip:%s;transport=%s\";regint=60", b.User, b.Server, b.Transport, b.User, b.Password, b.Server, b.Transport)
	if b.Gateway.IsValid() {
		listen, account = b.Server, fmt.Sprintf("<sip:%s@%s>;regint=0", b.User, b.Server)
	}
	tone(t, filepath.Join(dir, "tone.wav"), b.Hz, b.Seconds)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config", strings.Join([]string{
		"sip_listen " + listen,
		"audio_source aufile," + filepath.Join(dir, "tone.wav"), "audio_player aufile," + filepath.Join(dir, "played.wav"),
		"audio_alert aufile," + filepath.Join(dir, "alert.wav"), "audio_level no", "jitter_buffer_type fixed",
		"module_path " + modulePath(t), "module g711.so", "module srtp.so", "module dtls_srtp.so", "module aufile.so", "module sndfile.so", "module uuid.so", "module_app account.so", "module_app menu.so",
		"snd_path " + dir, "net_af " + map[bool]string{true: "ipv4", false: "ipv6"}[server.Addr().Is4()],
		"sip_cafile " + b.CAFile, "sip_verify_server yes", "",
	}, "\n"))
	answer := "auto"
	if b.Dial != "" {
		answer = "manual"
	}
	encrypted := ""
	if b.Flows {
		account += ";sipnat=outbound"
	}
	if b.SRTP {
		encrypted = ";mediaenc=srtp-mand"
	}
	if b.DTLS {
		encrypted = ";mediaenc=dtls_srtp"
	}
	write("accounts", account+encrypted+";answermode="+answer+";audio_codecs=PCMU\n")
	args := []string{"-f", dir, "-t", strconv.Itoa(b.Seconds)}
	if !b.AnyAddress {
		args = append(args, "-n", address.String())
	}
	if b.Dial != "" {
		args = append(args, "-e", "d "+b.Dial)
	}
	if b.Inside != nil {
		program, args = b.Inside.command(program, args)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Softphone{t: t, dir: dir, stop: cancel, done: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd = exec.CommandContext(ctx, program, args...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = p, p, dir
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // it is ended, or ends at the time it was given
		close(p.done)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.done
		if t.Failed() {
			t.Logf("baresip %s:\n%s", b.User, p.tail())
		}
	})
	return p
}

func net2(a netip.Addr, port uint16) string { return netip.AddrPortFrom(a, port).String() }

// modulePath is where Debian keeps baresip's modules.
func modulePath(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/*/baresip/modules")
	found2, _ := filepath.Glob("/usr/lib/baresip/modules")
	if found = append(found, found2...); len(found) == 0 {
		t.Fatal("baresip's modules are missing: apt-get install baresip-core (scripts/install-test-tools does)")
	}
	return found[0]
}

// tone writes a WAV file with a sine.
func tone(t testing.TB, file string, hz, seconds int) {
	t.Helper()
	sox := tool(t, "sox", "sox")
	out, err := exec.CommandContext(t.Context(), sox, "-n", "-r", "8000", "-c", "1", "-b", "16", file, "synth", strconv.Itoa(seconds), "sine", strconv.Itoa(hz), "gain", "-10").CombinedOutput()
	if err != nil {
		t.Fatalf("sox: %v %s", err, out)
	}
}

// Wait returns once it has said text, or fails the test.
func (p *Softphone) Wait(text string, limit time.Duration) {
	p.t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for !strings.Contains(p.Output(), text) {
		select {
		case <-p.more:
		case <-timer.C:
			p.t.Fatalf("baresip did not say %q in %v:\n%s", text, limit, p.tail())
		}
	}
}

// Finish waits for it to end by itself.
func (p *Softphone) Finish(limit time.Duration) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		p.t.Fatalf("baresip still runs after %v:\n%s", limit, p.tail())
	}
}

// Recorded is how much sound it received.
func (p *Softphone) Recorded() time.Duration {
	return time.Duration(len(p.samples())) * time.Second / 8000
}

// Heard is the strongest frequency (Hz) of what it heard and its level (0 to 1,
// the amplitude of a full-scale sine being 1), from the middle second of sound.
func (p *Softphone) Heard() (hz int, level float64) {
	p.t.Helper()
	samples := p.samples()
	if len(samples) < 16000 {
		p.t.Fatalf("baresip recorded only %d samples", len(samples))
	}
	middle := samples[len(samples)/2-4000:][:8000]
	for f := 200; f <= 3400; f += 5 {
		if a := goertzel(middle, float64(f)); a > level {
			hz, level = f, a
		}
	}
	return hz, level
}

// samples is what it received.
func (p *Softphone) samples() []float64 {
	p.t.Helper()
	files, _ := filepath.Glob(filepath.Join(p.dir, "*-dec.wav"))
	if len(files) == 0 {
		p.t.Fatalf("baresip recorded nothing:\n%s", p.tail())
	}
	raw, err := exec.CommandContext(p.t.Context(), tool(p.t, "sox", "sox"), files[len(files)-1], "-r", "8000", "-c", "1", "-b", "16", "-e", "signed", "-L", "-t", "raw", "-").Output()
	if err != nil {
		p.t.Fatalf("sox: %v", err)
	}
	samples := make([]float64, len(raw)/2)
	for i := range samples {
		samples[i] = float64(int16(binary.LittleEndian.Uint16(raw[2*i:]))) / 32768
	}
	return samples
}

// goertzel is the amplitude of one frequency.
func goertzel(samples []float64, hz float64) float64 {
	w := 2 * math.Pi * hz / 8000
	c := 2 * math.Cos(w)
	var s1, s2 float64
	for _, x := range samples {
		s1, s2 = x+c*s1-s2, s1
	}
	return 2 * math.Sqrt(s1*s1+s2*s2-c*s1*s2) / float64(len(samples))
}

// tail is the end of its output, without the running display.
func (p *Softphone) tail() string {
	text := regexp.MustCompile(`\[\d+:\d\d:\d\d\][^\[\n]*bit/s\)\s*`).ReplaceAllString(p.Output(), "")
	return string(tail([]byte(text), 3000))
}
