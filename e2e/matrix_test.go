package e2e

import (
	bits "encoding/binary"
	"fmt"
	"math"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// terminal is a telephone of some kind that calls, is called, and plays a tone.
type terminal interface {
	in(t *testing.T) terminal // the same, for a test within the test
	number() string           // which others dial
	hertz() float64           // of its tone
	call(number string)
	answer()
	talks()
	hearing(hertz float64) // waits until it hears the tone, or leaves it to ends
	hangUp()
	ends(hertz float64) // waits for the end, and what was heard must have been the tone
}

// browserPhone is a browser as a terminal.
type browserPhone struct {
	walker
	mine string
}

func (p browserPhone) in(t *testing.T) terminal { p.t = t; return p }
func (p browserPhone) number() string           { return p.mine }
func (p browserPhone) hertz() float64           { return 440 }
func (p browserPhone) answer()                  { p.stage("incoming"); p.press(`[data-do=answer]`) }
func (p browserPhone) talks()                   { p.stage("connected") }
func (p browserPhone) hearing(hertz float64)    { p.hears(hertz) }
func (p browserPhone) hangUp()                  { p.press(`[data-do=hangUp]:not([hidden])`) }
func (p browserPhone) ends(float64)             { p.idle() }

func (p browserPhone) call(number string) {
	p.types(number)
	p.press(`[data-part=dial] button`)
}

// desk is a softphone as a terminal, which is told what to do over TCP.
type desk struct {
	*softphone
	mine   string
	tone   int
	dialed string // what is put behind a number it dials
	tell   net.Conn
	said   *int // how much of what it has said was before this call
}

func newDesk(t *testing.T, account, mine string, tone, port int, more ...string) desk {
	t.Helper()
	control := "127.0.0.1:" + strconv.Itoa(freePair(t))
	h := handset{port: port, account: account, hertz: tone, seconds: 120, more: append(more, "module_app ctrl_tcp.so", "ctrl_tcp_listen "+control)}
	d := desk{softphone: h.start(t), mine: mine, tone: tone, said: new(int)}
	d.until("baresip is ready")
	var err error
	if d.tell, err = net.Dial("tcp", control); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.tell.Close() })
	go func() { // it tells what happens there too; nobody reads it
		for b := make([]byte, 4096); ; {
			if _, err := d.tell.Read(b); err != nil {
				return
			}
		}
	}()
	return d
}

func (d desk) in(t *testing.T) terminal { d.softphone.t = t; *d.said = len(d.out.String()); return d }
func (d desk) number() string           { return d.mine }
func (d desk) hertz() float64           { return float64(d.tone) }
func (d desk) call(number string) {
	d.does("dial", strings.ReplaceAll(number, " ", "")+d.dialed)
}
func (d desk) answer()         { d.says("Call established") }
func (d desk) talks()          { d.says("Call established") }
func (d desk) hearing(float64) { d.says("incoming rtp") }
func (d desk) hangUp()         { d.does("hangup", "") }

// does has the softphone do something.
func (d desk) does(command, what string) {
	d.t.Helper()
	text := fmt.Sprintf(`{"command":%q,"params":%q}`, command, what)
	if _, err := fmt.Fprintf(d.tell, "%d:%s,", len(text), text); err != nil {
		d.t.Fatal(err)
	}
}

// says waits for the softphone to say something of this call.
func (d desk) says(text string) {
	d.t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(d.out.String()[*d.said:], text); <-look.C {
		if time.Now().After(end) {
			d.t.Fatalf("the telephone does not say %q:\n%s", text, d.out.String()[*d.said:])
		}
	}
}

func (d desk) ends(hertz float64) {
	d.t.Helper()
	d.says("terminated")
	if heard, level := d.strongest(); math.Abs(heard-hertz) > 15 || level < 0.05 {
		d.t.Errorf("%s heard %.0f Hz at %.3f, want %.0f\n%s", d.mine, heard, level, hertz, d.out.String()[*d.said:])
	}
}

// strongest is the tone that was heard most in the last call, and its amplitude.
func (p *softphone) strongest() (hertz, level float64) {
	p.t.Helper()
	files, _ := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if len(files) == 0 {
		p.t.Fatalf("the telephone kept no sound:\n%s", p.out.String())
	}
	raw, err := exec.Command(program(p.t, "sox"), slices.Max(files), "-r", "8000", "-c", "1", "-b", "16", "-e", "signed", "-L", "-t", "raw", "-").Output()
	if err != nil || len(raw) < 2*4000 {
		p.t.Fatalf("the telephone kept %d bytes of sound: %v", len(raw), err)
	}
	last := raw[len(raw)-2*4000:] // half a second, before the end
	for f := 200.0; f <= 3400; f += 4 {
		c := 2 * math.Cos(2*math.Pi*f/8000)
		var a, b float64
		for i := 0; i < len(last); i += 2 {
			a, b = float64(int16(bits.LittleEndian.Uint16(last[i:])))/32768+c*a-b, a
		}
		if x := 2 * math.Sqrt(a*a+b*b-c*a*b) / 4000; x > level {
			hertz, level = f, x
		}
	}
	return hertz, level
}

// terminals are one of each kind: a browser, a SIP telephone, an ordinary telephone
// behind a carrier, a SIP telephone over TLS that takes no sound but SRTP, as its
// holder has told us too, and one that agrees on its keys in DTLS.
func terminals(t *testing.T, d dev) map[string]terminal {
	t.Helper()
	var free []member
	for _, m := range d.Members {
		if m.Number != d.Phones[0].Number {
			free = append(free, m)
		}
	}
	plain, secure, proved := free[0], free[1], free[2]
	const ordinary = "+8225554321"
	port := freePair(t)
	gateway := "127.0.0.1:" + strconv.Itoa(port)
	plus := map[string]any{"format": "+E164"}
	for center := range d.Centers {
		c := api(t, d, d.Operator.APIKey, "POST", "/api/v1/carriers", map[string]any{
			"name": "Gateway " + center, "center": center, "presents": "+8225550100", "shows": "own", "reach": []any{"*"},
			"in": map[string]any{"format": "world"}, "in_caller": plus, "out": plus, "out_caller": plus,
			"trunks": []any{map[string]any{"host": gateway, "transport": "udp", "from": []any{gateway}}},
		}, 201)["id"].(string)
		api(t, d, d.Operator.APIKey, "PUT", "/api/v1/carriers/"+c+"/rates", map[string]any{"items": []any{map[string]any{"prefix": "82", "micros": 100}}}, 204)
	}
	pstn := newDesk(t, "<sip:"+ordinary+"@"+gateway+">;regint=0;answermode=auto;audio_codecs=PCMA", ordinary, 1500, port)
	pstn.dialed = "@" + d.Centers["KR"].SIP
	udp := newDesk(t, accountAt(plain, plain.SIPDomain, "udp"), plain.Number, 700, freePair(t))
	over := func(m member, encryption string) desk {
		return newDesk(t, accountAt(m, d.Centers[m.Country].SIPS, "tls")+";mediaenc="+encryption, m.Number, 1000, freePair(t),
			"sip_cafile "+filepath.Join(d.dir, "pki", "ca.crt"), "sip_verify_server yes")
	}
	encrypts(t, d, secure, "srtp")
	encrypts(t, d, proved, "dtls")
	private, agreed := over(secure, "srtp-mand"), over(proved, "dtls_srtp")
	for _, p := range []desk{udp, private, agreed} {
		p.until("200 OK")
	}
	w := speaker(t, d.HTTP, 440)
	w.opens(d.Phones[0].URL)
	return map[string]terminal{"browser": browserPhone{w, d.Phones[0].Number}, "SIP": udp, "PSTN": pstn, "TLS + SRTP": private, "DTLS-SRTP": agreed}
}

// accountAt is a member's account as baresip writes it.
func accountAt(m member, at, transport string) string {
	return fmt.Sprintf(`<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;outbound="sip:%s;transport=%s";answermode=auto;regint=60`, m.SIPUser, at, transport, m.SIPUser, m.SIPPassword, at, transport)
}

// encrypts has a member say how the sound of his telephone is protected.
func encrypts(t *testing.T, d dev, m member, sound string) {
	t.Helper()
	for _, line := range api(t, d, m.APIKey, "GET", "/api/v1/members", nil, 200)["items"].([]any) {
		for _, x := range api(t, d, m.APIKey, "GET", "/api/v1/members/"+line.(map[string]any)["id"].(string)+"/devices", nil, 200)["items"].([]any) {
			if x := x.(map[string]any); x["sip_user"] == m.SIPUser {
				api(t, d, m.APIKey, "PATCH", "/api/v1/devices/"+x["id"].(string), map[string]any{"sound": sound}, 204)
				return
			}
		}
	}
	t.Fatalf("there is no telephone %s", m.SIPUser)
}

// TestEveryTerminalCallsEveryOther: each kind of terminal calls each other kind, and
// both hear the other's tone; now the caller hangs up, now the called. Two calls
// go on at a time.
func TestEveryTerminalCallsEveryOther(t *testing.T) {
	d := company(t)
	all := terminals(t, d)
	var mu sync.Mutex
	heard := map[string]string{}
	for i, round := range [][][2]string{
		{{"browser", "SIP"}, {"TLS + SRTP", "PSTN"}}, {{"SIP", "browser"}, {"PSTN", "TLS + SRTP"}},
		{{"browser", "PSTN"}, {"SIP", "TLS + SRTP"}}, {{"PSTN", "browser"}, {"TLS + SRTP", "SIP"}},
		{{"browser", "TLS + SRTP"}, {"PSTN", "SIP"}}, {{"TLS + SRTP", "browser"}, {"SIP", "PSTN"}},
		{{"browser", "DTLS-SRTP"}}, {{"DTLS-SRTP", "TLS + SRTP"}}, {{"SIP", "DTLS-SRTP"}}, {{"TLS + SRTP", "DTLS-SRTP"}},
	} {
		t.Run(fmt.Sprint("round ", i+1), func(t *testing.T) {
			for _, who := range round {
				t.Run(who[0]+" calls "+who[1], func(t *testing.T) {
					t.Parallel()
					begun := time.Now()
					a, b := all[who[0]].in(t), all[who[1]].in(t)
					a.call(b.number())
					b.answer()
					a.talks()
					answered := time.Since(begun)
					enough := time.After(1200 * time.Millisecond)
					b.hearing(a.hertz())
					a.hearing(b.hertz())
					<-enough
					if i%2 == 0 {
						a.hangUp()
					} else {
						b.hangUp()
					}
					a.ends(b.hertz())
					b.ends(a.hertz())
					if t.Failed() {
						return
					}
					mu.Lock()
					defer mu.Unlock()
					heard[who[0]+who[1]] = fmt.Sprintf("%.0f ⇄ %.0f Hz, %.1f s", a.hertz(), b.hertz(), answered.Seconds())
				})
			}
		})
	}
	kinds := []string{"browser", "SIP", "PSTN", "TLS + SRTP", "DTLS-SRTP"}
	fmt.Printf("%-14s", "calls →")
	for _, to := range kinds {
		fmt.Printf("%-24s", to)
	}
	for _, from := range kinds {
		fmt.Printf("\n%-14s", from)
		for _, to := range kinds {
			what := heard[from+to]
			if what == "" {
				what = "-" // or it failed
			}
			fmt.Printf("%-24s", what)
		}
	}
	fmt.Println()
}
