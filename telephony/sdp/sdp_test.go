package sdp

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the goldens anew") //nolint:gochecknoglobals // a flag

const typical = "v=0\r\no=- 1622 456 IN IP4 192.168.1.2\r\ns=call\r\nc=IN IP4 192.168.1.2\r\nt=0 0\r\n" +
	"m=audio 7078 RTP/AVP 96 97 98 0 8 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n" +
	"a=rtpmap:97 speex/16000\r\na=rtpmap:98 speex/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n" +
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\na=rtcp:7079\r\n"

// crlf turns a text of a golden into what goes over the wire; ~ is a bare CR.
func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", "\r\n"), "~", "\r")
}

// relayed rewrites in as a relay with two ports for each line would.
func relayed(in []byte, o *Origin) ([]byte, error) {
	var d Desc
	if err := d.Parse(in); err != nil {
		return nil, err
	}
	w := Rewriting{Addr: netip.MustParseAddr("198.51.100.1"), From: o}
	for i := range d.Media() {
		m := &d.Media()[i]
		l := Line{Port: uint16(20000 + 2*i), RTCP: uint16(20001 + 2*i), Mux: m.Mux, Dir: m.Direction(), Crypto: [2]Crypto{m.Crypto}}
		if m.Port == 0 || m.Proto == DTLS || m.Proto == OtherProto {
			l.Port = 0
		}
		w.Lines = append(w.Lines, l)
	}
	return d.Rewrite(nil, &w), nil
}

func TestRewriteGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(files) < 8 {
		t.Fatal("the goldens are missing", err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			why, rest, _ := strings.Cut(string(b), "-- in --\n")
			in, want, _ := strings.Cut(rest, "-- out --\n")
			o := NewOrigin(1)
			got, err := relayed([]byte(crlf(in)), &o)
			text := strings.ReplaceAll(string(got), "\r\n", "\n")
			if err != nil {
				text = fmt.Sprintln("error:", err)
			}
			if *update {
				if err := os.WriteFile(f, []byte(why+"-- in --\n"+in+"-- out --\n"+text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if text != want {
				t.Errorf("%s\ngot:\n%s\nwant:\n%s", why, text, want)
			}
			lf, err := relayed([]byte(strings.ReplaceAll(in, "~", "\r")), &o)
			if err == nil && string(lf) != string(got) {
				t.Errorf("with bare LF it reads otherwise:\n%s", lf)
			}
		})
	}
}

// TestOnlySomeCodecs: what a carrier takes, in its order; the rest goes with all
// that is said of it.
func TestOnlySomeCodecs(t *testing.T) {
	const events = "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n"
	for _, x := range []struct {
		codecs []string
		events bool
		want   string // "" refuses
	}{
		{nil, true, "7078 RTP/AVP 96 97 98 0 8 101\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1\na=rtpmap:97 speex/16000\na=rtpmap:98 speex/8000\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n" + events},
		{[]string{"PCMA", "G729", "OPUS"}, true, "7078 RTP/AVP 8 96 101\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1\na=rtpmap:8 PCMA/8000\n" + events},
		{[]string{"PCMU"}, false, "7078 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"},
		{nil, false, "7078 RTP/AVP 96 97 98 0 8\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1\na=rtpmap:97 speex/16000\na=rtpmap:98 speex/8000\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n"},
		{[]string{"G729", "GSM"}, true, ""},
	} {
		var d Desc
		if err := d.Parse([]byte(typical)); err != nil {
			t.Fatal(err)
		}
		if err := d.Only(0, x.codecs, x.events); (err != nil) != (x.want == "") || err != nil && !errors.Is(err, ErrCodec) {
			t.Errorf("%v: %v", x.codecs, err)
		}
		if x.want == "" {
			continue
		}
		o := NewOrigin(1)
		got := d.Rewrite(nil, &Rewriting{Addr: netip.MustParseAddr("198.51.100.1"), From: &o, Lines: []Line{{Port: 7078, Dir: SendRecv}}})
		_, after, _ := strings.Cut(strings.ReplaceAll(string(got), "\r\n", "\n"), "m=audio ")
		if after != x.want+"a=ptime:20\na=sendrecv\n" {
			t.Errorf("%v %v:\n%s", x.codecs, x.events, after)
		}
	}
}

func TestVersionCountsChanges(t *testing.T) {
	o := NewOrigin(7)
	version := func(in string) string {
		out, err := relayed([]byte(in), &o)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(out), "o=- ")
		return strings.Fields(rest)[1]
	}
	held := strings.Replace(typical, "sendrecv", "sendonly", 1)
	got := []string{version(typical), version(typical), version(held), version(typical), version(typical)}
	want := []string{"1000000001", "1000000001", "1000000002", "1000000003", "1000000003"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("versions %v, want %v", got, want)
	}
}

func TestRemoteAddresses(t *testing.T) {
	for _, c := range []struct{ body, rtp, rtcp string }{
		{"c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n", "192.0.2.1:4000", "192.0.2.1:4001"},
		{"c=IN IP4 192.0.2.1/127\nm=audio 4000/2 RTP/AVP 0\na=rtcp:5000\n", "192.0.2.1:4000", "192.0.2.1:5000"},
		{"c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp:5000 IN IP4 192.0.2.2\n", "192.0.2.1:4000", "192.0.2.2:5000"},
		{"c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp-mux\n", "192.0.2.1:4000", "192.0.2.1:4000"},
		{"m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\n", "[2001:db8::1]:4000", "[2001:db8::1]:4001"},
		{"c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.9\n", "192.0.2.9:4000", "192.0.2.9:4001"},
		{"c=IN IP6 ::ffff:192.0.2.1\nm=audio 4000 RTP/AVP 0\n", "192.0.2.1:4000", "192.0.2.1:4001"},
		{"c=IN IP4 phone.example.org\nm=audio 4000 RTP/AVP 0\n", "invalid AddrPort", "invalid AddrPort"},
		{"c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n", "invalid AddrPort", "invalid AddrPort"},
		{"c=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\n", "invalid AddrPort", "invalid AddrPort"},
		{"c=IN IP4 192.0.2.256\nm=audio 4000 RTP/AVP 0\n", "invalid AddrPort", "invalid AddrPort"},
		{"c=IN IP4 192.0.2.1\nm=audio 65535 RTP/AVP 0\n", "192.0.2.1:65535", "invalid AddrPort"},
	} {
		var d Desc
		if err := d.Parse([]byte("v=0\n" + c.body)); err != nil {
			t.Errorf("%q: %v", c.body, err)
			continue
		}
		m := d.Media()[0]
		if got := m.RTPAddr().String(); got != c.rtp {
			t.Errorf("%q: RTP %s, want %s", c.body, got, c.rtp)
		}
		if got := m.RTCPAddr().String(); got != c.rtcp {
			t.Errorf("%q: RTCP %s, want %s", c.body, got, c.rtcp)
		}
	}
}

func TestRefused(t *testing.T) {
	for in, want := range map[string]error{
		"":                                     ErrSyntax,
		"hello":                                ErrSyntax,
		"v=0\nm=audio\n":                       ErrSyntax,
		"v=0\nm=audio 70000 RTP/AVP 0\n":       ErrSyntax,
		"v=0\nm=audio -1 RTP/AVP 0\n":          ErrSyntax,
		"v=0\nm=audio 1\r2 RTP/AVP 0\n":        ErrSyntax,
		"v=0\n" + strings.Repeat("a=x\n", 600): ErrSize,
		"v=0\n" + strings.Repeat("m=audio 1 RTP/AVP 0\n", MaxMedia+1): ErrMedia,
		"v=0\na=" + strings.Repeat("x", MaxSize):                      ErrSize,
		"v=0\nm=audio 1 RTP/AVP" + strings.Repeat(" 0", maxLine/2):    ErrSize,
	} {
		var d Desc
		if err := d.Parse([]byte(in)); !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", in, err, want)
		}
	}
}

// TestWhatIsPassedOnIsBounded: nobody fills others' connections with attributes,
// and what belongs to the call is passed on beside such as nobody knows.
func TestWhatIsPassedOnIsBounded(t *testing.T) {
	for name, x := range map[string]struct {
		line     string
		from, to int // of what is passed on
	}{
		"unknown attributes": {"a=X-" + strings.Repeat("x", 180) + "\r\n", mostOdd - 200, mostOdd},
		"bandwidths":         {"b=X-" + strings.Repeat("x", 180) + "\r\n", mostOdd - 200, mostOdd},
		"known attributes":   {"a=fmtp:0 " + strings.Repeat("x", 180) + "\r\n", mostPassed - 200, mostPassed},
	} {
		o := NewOrigin(1)
		text := typical + strings.Repeat(x.line, 60) + "a=fmtp:101 0-16\r\n"
		got, err := relayed([]byte(text), &o)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(got), x.line) * len(x.line); n < x.from-400 || n > x.to {
			t.Errorf("of %s %d bytes are passed on, want %d", name, n, x.to)
		}
		if odd := !strings.Contains(x.line, "fmtp"); odd && !strings.Contains(string(got), "a=fmtp:101 0-16\r\n") {
			t.Errorf("%s: what is known is not passed on beside them", name)
		}
	}
}

func TestDirections(t *testing.T) {
	for d, want := range map[Direction]Direction{SendRecv: SendRecv, SendOnly: RecvOnly, RecvOnly: SendOnly, Inactive: Inactive} {
		if d.Reverse() != want {
			t.Errorf("%s reversed is %s, want %s", d, d.Reverse(), want)
		}
	}
}

func TestReplyOfOurOwn(t *testing.T) {
	for _, c := range []struct {
		offer, want string
		codec       Codec
		err         error
	}{
		{typical, "m=audio 20000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n", Codec{0, 101}, nil},
		{"v=0\r\nc=IN IP4 1.2.3.4\r\nm=video 5 RTP/AVP 31\r\nm=audio 4 RTP/AVP 8 0\r\na=sendonly\r\n",
			"m=video 0 RTP/AVP 31\r\nm=audio 20002 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=recvonly\r\n", Codec{8, 0}, nil},
		{"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 4 RTP/AVP 9\r\n", "", Codec{}, ErrCodec},
		{"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 4 RTP/SAVP 0\r\n", "", Codec{}, ErrCodec},
	} {
		var d Desc
		if err := d.Parse([]byte(c.offer)); err != nil {
			t.Fatal(err)
		}
		o := NewOrigin(1)
		w := Rewriting{Addr: netip.MustParseAddr("2001:db8::1"), From: &o, Lines: []Line{{Port: 20000, RTCP: 20001, Dir: SendRecv}, {Port: 20002, RTCP: 20003, Dir: SendRecv}}}
		out, codec, err := d.Reply(nil, &w)
		if !errors.Is(err, c.err) || codec != c.codec || !strings.Contains(string(out), c.want) {
			t.Errorf("%q: %v %v\n%s", c.offer, codec, err, out)
		}
	}
	o := NewOrigin(1)
	w := Rewriting{Addr: netip.MustParseAddr("192.0.2.1"), From: &o, Lines: []Line{{Port: 9000, RTCP: 9001, Dir: SendRecv}}}
	if out, err := OfferOnly(nil, &w, []string{"G729", "PCMA"}); err != nil || !strings.Contains(string(out), "m=audio 9000 RTP/AVP 8 101\r\na=rtpmap:8 ") {
		t.Errorf("an offer to somebody who takes no PCMU: %v\n%s", err, out)
	}
	if _, err := OfferOnly(nil, &w, []string{"G729"}); !errors.Is(err, ErrCodec) {
		t.Errorf("what we cannot speak was offered: %v", err)
	}
	out := Offer(nil, &w)
	var d Desc
	if err := d.Parse(out); err != nil || d.Media()[0].RTPAddr().String() != "192.0.2.1:9000" || d.Media()[0].DTMF != 101 {
		t.Errorf("our own offer: %v\n%s", err, out)
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add([]byte(typical))
	f.Add([]byte(strings.Replace(typical, "RTP/AVP", "RTP/SAVP", 1) + "a=crypto:1 AEAD_AES_256_GCM inline:" + strings.Repeat("A", 66) + "\r\n"))
	files, _ := filepath.Glob("testdata/*.sdp")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(b), "-- in --\n")
		in, _, _ := strings.Cut(rest, "-- out --\n")
		f.Add([]byte(crlf(in)))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		o := NewOrigin(1)
		out, err := relayed(in, &o)
		if err != nil {
			return
		}
		var d, back Desc
		if err := d.Parse(in); err != nil {
			t.Fatal(err)
		}
		if err := back.Parse(out); err != nil {
			t.Fatalf("what we send cannot be read: %v\n%q", err, out)
		}
		if len(back.Media()) != len(d.Media()) {
			t.Fatalf("%d lines became %d\n%q", len(d.Media()), len(back.Media()), out)
		}
		if bytes.Contains(bytes.ReplaceAll(out, []byte("\r\n"), nil), []byte("\r")) {
			t.Fatalf("a bare CR got through\n%q", out)
		}
		for i, m := range back.Media() {
			if m.ICE || m.Port != 0 && m.Addr != netip.MustParseAddr("198.51.100.1") {
				t.Fatalf("line %d leaks\n%q", i, out)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var d Desc
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Parse([]byte(typical)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndRewrite(b *testing.B) {
	var d Desc
	o := NewOrigin(1)
	w := Rewriting{Addr: netip.MustParseAddr("198.51.100.1"), From: &o, Lines: []Line{{Port: 20000, RTCP: 20001, Dir: SendRecv}}}
	buf := make([]byte, 0, 1024)
	in := []byte(typical)
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Parse(in); err != nil {
			b.Fatal(err)
		}
		buf = d.Rewrite(buf[:0], &w)
	}
}
