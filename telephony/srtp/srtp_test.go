package srtp

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func packet(seq uint16, ssrc uint32, payload string) []byte {
	b := make([]byte, 12, 12+len(payload))
	b[0] = 0x80
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return append(b, payload...)
}

// TestVector: the master key of RFC 3711 appendix B.3, and what libsrtp makes of
// a packet with it (its srtp_validate).
func TestVector(t *testing.T) {
	master, _ := hex.DecodeString("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6")
	plain, _ := hex.DecodeString("800f1234decafbadcafebabe" + "abababababababababababababababab")
	want := "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"
	k, ok := ParseKey(AES128CM80, []byte(base64.StdEncoding.EncodeToString(master)))
	if !ok {
		t.Fatal("the key is not read")
	}
	s, err := NewSender(k)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Protect(plain, false)
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%x %v, want %s", got, err, want)
	}
}

func pair(t testing.TB, s Suite) (*Sender, *Receiver) {
	t.Helper()
	k := NewKey(s)
	text := k.AppendText(nil)
	back, ok := ParseKey(s, text)
	if !ok || back != k {
		t.Fatalf("%s: the key is not what it was", s)
	}
	if n := bytes.TrimRight(text, "="); len(n) != len(text) {
		if bare, ok := ParseKey(s, n); !ok || bare != k {
			t.Errorf("%s: without padding it is not read", s)
		}
	}
	out, err := NewSender(k)
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewReceiver(k)
	if err != nil {
		t.Fatal(err)
	}
	return out, in
}

func TestEverySuiteThereAndBack(t *testing.T) {
	for s := AES128CM80; s <= AES256GCM; s++ {
		if SuiteOf([]byte(s.String())) != s {
			t.Errorf("%s is not found by its name", s)
		}
		out, in := pair(t, s)
		rtp := packet(65535, 7, "sound")
		for i := range 3 { // over the turn of the sequence number
			binary.BigEndian.PutUint16(rtp[2:], uint16(65535+i))
			b, err := out.Protect(rtp, false)
			if err != nil || bytes.Contains(b, []byte("sound")) {
				t.Fatalf("%s: %q %v", s, b, err)
			}
			again := bytes.Clone(b)
			if got, err := in.Open(b, false); err != nil || !bytes.Equal(got, rtp) {
				t.Fatalf("%s: %q %v", s, got, err)
			}
			if _, err := in.Open(again, false); err == nil {
				t.Errorf("%s: the same packet was taken twice", s)
			}
			again[len(again)-1]++
			if _, err := in.Open(again, false); err == nil {
				t.Errorf("%s: a changed packet was taken", s)
			}
		}
		if _, err := in.Open(packet(9, 7, "plain"), false); err == nil {
			t.Errorf("%s: a plain packet was taken", s)
		}
		report := []byte{0x80, 201, 0, 1, 0, 0, 0, 7}
		b, err := out.Protect(report, true)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := in.Open(b, true); err != nil || !bytes.Equal(got, report) {
			t.Errorf("%s: RTCP %x %v", s, got, err)
		}
	}
}

// TestSourcesAreCounted: neither whoever speaks plainly at the other side nor
// whoever has the key makes us keep any number of states.
func TestSourcesAreCounted(t *testing.T) {
	out, in := pair(t, AES128CM80)
	for i := range uint32(mostSources + 5) {
		b, err := out.Protect(packet(1, i, "x"), false)
		if (err == nil) != (i < mostSources) {
			t.Errorf("source %d: %v", i, err)
		}
		if err == nil {
			if _, err := in.Open(b, false); err != nil {
				t.Error(err)
			}
		}
	}
	more, _ := NewSender(in.Key())
	b, _ := more.Protect(packet(1, 99, "x"), false)
	if _, err := in.Open(b, false); err == nil {
		t.Error("one source too many was taken")
	}
	// What is not authentic uses nothing up.
	_, other := pair(t, AES128CM80)
	for i := range uint32(100) {
		if _, err := other.Open(packet(1, i, "xxxxxxxxxxxxxxxxxxxx"), false); err == nil || other.seen.n != 0 {
			t.Fatal("a stranger's source was counted", err)
		}
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	k := NewKey(AES256GCM)
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(f, k); strings.Contains(got, "[") || len(got) > 30 {
			t.Errorf("%s prints %s", f, got)
		}
	}
	for _, bad := range []string{"", "AAAA", strings.Repeat("A", 40) + "!", strings.Repeat("A", 66), strings.Repeat("A", 67), strings.Repeat("A", 39) + "\n", strings.Repeat("A", 4000)} {
		if _, ok := ParseKey(AES128CM80, []byte(bad)); ok {
			t.Errorf("%.50q is read as a key", bad)
		}
	}
	if SuiteOf(nil) != None || SuiteOf([]byte("F8_128_HMAC_SHA1_80")) != None {
		t.Error("a suite that we have not is found")
	}
}

func BenchmarkProtectAndOpen(b *testing.B) {
	for s := AES128CM80; s <= AES256GCM; s++ {
		b.Run(s.String(), func(b *testing.B) {
			out, in := pair(b, s)
			p := packet(0, 7, strings.Repeat("x", 160))
			seq := uint16(0)
			b.ReportAllocs()
			for b.Loop() {
				seq++
				binary.BigEndian.PutUint16(p[2:], seq)
				x, err := out.Protect(p, false)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := in.Open(x, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
