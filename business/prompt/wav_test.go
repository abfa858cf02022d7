package prompt_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/prompt"
)

// wav is a file of a tone, with another that no telephone carries.
func wav(rate, channels int, seconds, hz, high, loud float64) []byte {
	n := int(seconds * float64(rate))
	data := make([]byte, n*channels*2)
	for i := range n {
		v := loud * (math.Sin(2*math.Pi*hz*float64(i)/float64(rate)) + math.Sin(2*math.Pi*high*float64(i)/float64(rate))) / 2
		for c := range channels {
			binary.LittleEndian.PutUint16(data[(i*channels+c)*2:], uint16(int16(v*32767)))
		}
	}
	return file(1, rate, channels, 16, data)
}

func file(format, rate, channels, bits int, data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF"), 0, 0, 0, 0)
	b = append(b, "WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00"...)
	b = le.AppendUint16(b, uint16(format))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*bits/8))
	b = le.AppendUint16(b, uint16(channels*bits/8))
	b = le.AppendUint16(b, uint16(bits))
	b = le.AppendUint32(append(b, "data"...), uint32(len(data)))
	return append(b, data...)
}

// power of a frequency in samples of 8000 Hz.
func power(in []int16, hz float64) float64 {
	re, im := 0.0, 0.0
	for i, v := range in {
		re += float64(v) / 32768 * math.Cos(2*math.Pi*hz*float64(i)/8000)
		im += float64(v) / 32768 * math.Sin(2*math.Pi*hz*float64(i)/8000)
	}
	return 2 * math.Hypot(re, im) / float64(len(in))
}

// TestARecordingIsTaken at each rate: as long as it was, as loud as the others, and
// what is above a telephone's sound does not come back below.
func TestARecordingIsTaken(t *testing.T) {
	for rate, high := range map[int]float64{8000: 0, 16_000: 7000, 44_100: 7000, 48_000: 15_000} {
		for channels := 1; channels <= 2; channels++ {
			got, err := prompt.Read(wav(rate, channels, 1, 700, high, 0.1))
			if err != nil {
				t.Fatal(rate, channels, err)
			}
			sum := 0.0
			for _, v := range got {
				sum += float64(v) / 32768 * float64(v) / 32768
			}
			if db := 10 * math.Log10(sum/float64(len(got))); len(got) < 7900 || len(got) > 8100 || db < -17 || db > -15 {
				t.Errorf("%d Hz, %d channels: %d samples at %.1f dB", rate, channels, len(got), db)
			}
			alias := math.Abs(math.Mod(high, 8000))
			if alias > 4000 {
				alias = 8000 - alias
			}
			if tone := power(got, 700); tone < 0.15 || high > 0 && power(got, alias) > tone/100 {
				t.Errorf("%d Hz: 700 Hz has %.3f, %.0f Hz has %.3f", rate, tone, alias, power(got, alias))
			}
		}
	}
}

func TestWhatIsNoRecordingIsRefused(t *testing.T) {
	whole := wav(8000, 1, 1, 700, 0, 0.5)
	for name, b := range map[string][]byte{
		"nothing": nil, "a picture": []byte("\x89PNG\r\n\x1a\n0000000000000000"), "only a head": whole[:40], "compressed": file(7, 8000, 1, 8, whole[60:]), "24 bits": file(1, 8000, 1, 24, whole[60:]),
		"11 kHz": wav(11_025, 1, 1, 700, 0, 0.5), "three channels": wav(8000, 3, 1, 700, 0, 0.5), "silence": wav(8000, 1, 1, 700, 0, 0.0001), "61 seconds": wav(8000, 1, 61, 700, 0, 0.5),
	} {
		if _, err := prompt.Read(b); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := prompt.Read(whole[:len(whole)-2001]); err != nil { // cut off in the middle of a sample
		t.Errorf("a file that was cut off: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(wav(16_000, 2, 0.2, 700, 0, 0.5))
	f.Add(file(0xFFFE, 8000, 1, 16, make([]byte, 2000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := prompt.Read(b); err == nil && (len(out) == 0 || len(out) > 60*8000) {
			t.Errorf("%d samples", len(out))
		}
	})
}
