package testcarrier

import (
	"math"
	"strings"

	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/rtp"
)

// ear recognises spoken digits by comparing what it hears with the prompts, as
// sound: nothing tells it which code was meant. Where a sound begins after a
// silence, every digit of every language is laid over it; the one whose
// normalised correlation is high enough is what was said. A phrase is like none
// of them and ends a run of digits.
type ear struct {
	words []word
	heard []float64
	loud  []bool // by frame of heard
	next  int    // the frame to go on at
	run   string
	codes []string // runs of codeLen digits
}

// word is one digit as it sounds.
type word struct {
	digit string
	sound []float64
}

const (
	frame   = 160    // samples in 20 ms
	quiet   = 0.012  // RMS of a frame; speech has ten times that
	pause   = 4      // quiet frames before the beginning of a word
	alike   = 0.75   // correlation of the same word; others stay below a third of it
	slack   = 320    // samples that a word may be off its place
	start   = 1000   // samples by which its place is found
	longest = 1.2    // seconds, the longest digit
	codeLen = 6      // digits
	most    = 120000 // samples it remembers: 15 s
)

// newEar learns the digits.
func newEar() *ear {
	e := &ear{}
	for name, ulaw := range media.Spoken {
		_, digit, ok := strings.Cut(name, "/digit/")
		if !ok {
			continue
		}
		samples := make([]float64, 0, len(ulaw)+frame)
		for _, b := range ulaw {
			samples = append(samples, float64(rtp.Linear(0, b))/32768)
		}
		from, to := bounds(samples)
		e.words = append(e.words, word{digit: digit, sound: samples[from:to]})
	}
	return e
}

// bounds is where the loud part of a sound is, in whole frames.
func bounds(s []float64) (from, to int) {
	from = len(s)
	for at := 0; at < len(s); at += frame {
		if isLoud(s[at:min(at+frame, len(s))]) {
			from, to = min(from, at), min(at+frame, len(s))
		}
	}
	return min(from, to), to
}

func energy(s []float64) (sum float64) {
	for _, v := range s {
		sum += v * v
	}
	return sum
}

func isLoud(s []float64) bool { return energy(s) > quiet*quiet*float64(len(s)) }

// hear takes one packet of sound and reports whether it was loud. nil is the
// silence of a frame in which nothing came.
func (e *ear) hear(payload uint8, data []byte) bool {
	var samples [frame]float64
	for i, b := range data[:min(len(data), frame)] {
		samples[i] = float64(rtp.Linear(payload, b)) / 32768
	}
	return e.take(samples[:])
}

// take takes one frame.
func (e *ear) take(samples []float64) bool {
	loud := isLoud(samples)
	e.heard = append(e.heard, samples...)
	e.loud = append(e.loud, loud)
	e.listen()
	return loud
}

// Codes hears the codes in a recording of 8000 Hz: each run of six digits.
func Codes(recording []float64) []string {
	e := newEar()
	for at := 0; at+frame <= len(recording); at += frame {
		e.take(recording[at : at+frame])
	}
	for range 100 {
		e.take(make([]float64, frame))
	}
	return e.codes
}

// listen goes on as far as there is enough to compare.
func (e *ear) listen() {
	ahead := int(longest*8000)/frame + 2
	for e.next+ahead < len(e.loud) {
		if !e.begins(e.next) {
			e.next++
			continue
		}
		digit, length := e.match(e.next * frame)
		if digit == "" {
			e.run = ""
			e.next++
			continue
		}
		e.next += max(length/frame-1, 1)
		if e.run += digit; len(e.run) == codeLen {
			e.codes = append(e.codes, e.run)
			e.run = ""
		}
	}
	if extra := len(e.heard) - most; extra > 0 {
		n := min(extra/frame, e.next-pause)
		if n > 0 {
			e.heard, e.loud, e.next = e.heard[n*frame:], e.loud[n:], e.next-n
		}
	}
}

// begins reports whether a sound begins at a frame, after a pause.
func (e *ear) begins(at int) bool {
	if !e.loud[at] {
		return false
	}
	for i := max(at-pause, 0); i < at; i++ {
		if e.loud[i] {
			return false
		}
	}
	return true
}

// match finds the digit that was said from about a sample on, and its length.
// Mostly it stands exactly there; else the beginning of each word is moved
// about, and the word compared where that fits best.
func (e *ear) match(at int) (digit string, length int) {
	best := alike
	try := func(w *word, from int) {
		if from >= 0 && from+len(w.sound) <= len(e.heard) {
			if c := like(w.sound, e.heard[from:]); c > best {
				best, digit, length = c, w.digit, len(w.sound)
			}
		}
	}
	for i := range e.words {
		try(&e.words[i], at)
	}
	if digit != "" {
		return digit, length
	}
	for i := range e.words {
		w := &e.words[i]
		head := w.sound[:min(start, len(w.sound))]
		from, most := at, 0.0
		for x := max(at-slack, 0); x < min(at+slack, len(e.heard)-len(head)); x++ {
			if c := like(head, e.heard[x:]); c > most {
				from, most = x, c
			}
		}
		try(w, from)
	}
	return digit, length
}

// like is the normalised correlation of a word with as much of a sound. It is
// where the time goes, over sound that no other goroutine has: the race detector
// would look at each sample, and take minutes for it.
//
//go:norace
func like(word, s []float64) float64 {
	s = s[:len(word)]
	dot, sum, own := 0.0, 0.0, 0.0
	for i, v := range word {
		dot += v * s[i]
		sum += s[i] * s[i]
		own += v * v
	}
	if sum == 0 || own == 0 {
		return 0
	}
	return dot / math.Sqrt(sum*own)
}

// code is the code that was heard first; "" if none was.
func (e *ear) code() string {
	if len(e.codes) == 0 {
		return ""
	}
	return e.codes[0]
}
