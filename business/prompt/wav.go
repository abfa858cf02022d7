package prompt

import (
	"encoding/binary"
	"math"

	"github.com/callisto-tel/callisto/business/fault"
)

// MostBytes is the largest file taken: a minute in stereo at 48 kHz.
const MostBytes = 60*48_000*4 + 64*1024

const (
	rate    = 8000
	longest = 60    // seconds
	loud    = 0.158 // -16 dBFS, as the other prompts
	peak    = 0.94
)

func wrong(text string) error {
	return fault.New(fault.Invalid, "wav_form", "%s", text).WithFields(fault.Field{Name: "file", Text: text})
}

// wave is what a WAV file says of itself.
type wave struct {
	channels, rate int
	data           []byte
}

// parse reads the chunks of a WAV file.
func parse(b []byte) (w wave, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return w, wrong("This is no WAV file.")
	}
	for rest := b[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		chunk := rest[:min(size, len(rest))] // a recorder that was cut off says more than there is
		rest = rest[min(len(rest), size+size%2):]
		switch name {
		case "fmt ":
			if len(chunk) < 16 {
				return w, wrong("This is no WAV file.")
			}
			format, bits := binary.LittleEndian.Uint16(chunk), binary.LittleEndian.Uint16(chunk[14:])
			if format == 0xFFFE && len(chunk) >= 26 { // extensible: the format is in its GUID
				format = binary.LittleEndian.Uint16(chunk[24:])
			}
			if format != 1 || bits != 16 {
				return w, wrong("Save the recording as a WAV file of 16 bits, uncompressed (PCM).")
			}
			w.channels, w.rate = int(binary.LittleEndian.Uint16(chunk[2:])), int(binary.LittleEndian.Uint32(chunk[4:]))
		case "data":
			w.data = chunk
		}
	}
	switch {
	case w.channels != 1 && w.channels != 2:
		return w, wrong("Save the recording in mono or stereo.")
	case w.rate != 8000 && w.rate != 16_000 && w.rate != 44_100 && w.rate != 48_000:
		return w, wrong("Save the recording at 8, 16, 44.1 or 48 kHz.")
	case len(w.data) > longest*w.rate*2*w.channels:
		return w, wrong("The recording is longer than 60 seconds.")
	case len(w.data) < w.rate*w.channels/5: // a tenth of a second
		return w, wrong("There is no sound in this file.")
	}
	return w, nil
}

// Read returns what a WAV file says as samples of 8000 Hz, as loud as the other
// prompts.
func Read(file []byte) ([]int16, error) {
	if len(file) > MostBytes {
		return nil, wrong("The recording is longer than 60 seconds.")
	}
	w, err := parse(file)
	if err != nil {
		return nil, err
	}
	frame := 2 * w.channels
	in := make([]float64, len(w.data)/frame)
	for i := range in {
		for c := range w.channels {
			in[i] += float64(int16(binary.LittleEndian.Uint16(w.data[i*frame+2*c:]))) / 32768 / float64(w.channels) //nolint:gosec // that is what it means
		}
	}
	return level(resample(in, w.rate))
}

// resample takes sound to 8000 Hz: what is above what a telephone carries goes
// first, by a windowed sinc, else it would be heard below as something else.
func resample(in []float64, from int) []float64 {
	if from == rate {
		return in
	}
	ratio := float64(from) / rate
	const lobes = 16
	cut, half := 0.92/ratio, int(lobes*ratio)
	out := make([]float64, int(float64(len(in))/ratio))
	for i := range out {
		center := float64(i) * ratio
		first := int(center) - half
		sum := 0.0
		for k := max(first, 0); k <= min(int(center)+half, len(in)-1); k++ {
			x := center - float64(k)
			window := 0.5 + 0.5*math.Cos(math.Pi*x/float64(half+1))
			sum += in[k] * sinc(x*cut) * cut * window
		}
		out[i] = sum
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// level makes sound as loud as the other prompts, without the silence around it.
func level(in []float64) ([]int16, error) {
	top := 0.0
	for _, v := range in {
		top = max(top, math.Abs(v))
	}
	if top < 0.003 { // -50 dBFS
		return nil, wrong("There is no sound in this file.")
	}
	first, last := 0, len(in)
	for first < last && math.Abs(in[first]) < top/50 {
		first++
	}
	for last > first && math.Abs(in[last-1]) < top/50 {
		last--
	}
	const keep = rate / 10
	in = in[max(0, first-keep):min(len(in), last+keep)]
	power := 0.0
	for _, v := range in {
		power += v * v
	}
	gain := min(loud/math.Sqrt(power/float64(len(in))), peak/top)
	out := make([]int16, len(in))
	for i, v := range in {
		out[i] = int16(v * gain * 32767)
	}
	return out, nil
}

// WAV writes samples of 8 kHz as a file that any player takes, a minute at most.
func WAV(samples []int16) []byte {
	le := binary.LittleEndian
	size := uint32(2 * len(samples)) //nolint:gosec // a minute at most
	b := le.AppendUint32([]byte("RIFF"), 36+size)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data"...)
	b = le.AppendUint32(b, size)
	for _, v := range samples {
		b = le.AppendUint16(b, uint16(v)) //nolint:gosec // two's complement
	}
	return b
}
