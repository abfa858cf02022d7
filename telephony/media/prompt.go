package media

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/telephony/rtp"
)

//go:embed prompts
var spoken embed.FS // by scripts/prompts: LANGUAGE/NAME.ulaw

// Prompts are the sounds we make, each prepared once as raw G.711 in both
// encodings.
type Prompts struct {
	mu     sync.RWMutex
	byName map[string]prompt
	put    map[string]prompt // in the place of those
}

type prompt struct {
	ulaw, alaw []byte
	loop       bool
}

// Spoken yields what is spoken, raw µ-law by its name: "en/digit/3".
func Spoken(yield func(name string, ulaw []byte) bool) {
	err := fs.WalkDir(spoken, "prompts", func(path string, d fs.DirEntry, err error) error {
		name, ok := strings.CutSuffix(strings.TrimPrefix(path, "prompts/"), ".ulaw")
		if err != nil || d.IsDir() || !ok {
			return err
		}
		data, err := spoken.ReadFile(path)
		if err == nil && !yield(name, data) {
			return fs.SkipAll
		}
		return err
	})
	if err != nil { // they are in the program
		panic(fmt.Sprintf("media: the spoken prompts: %v", err))
	}
}

// SpokenBy is what is spoken under a name, raw µ-law.
func SpokenBy(name string) ([]byte, bool) {
	ulaw, err := spoken.ReadFile("prompts/" + name + ".ulaw")
	return ulaw, err == nil
}

// NewPrompts returns the tones (after ITU-T E.180 in the plan of North
// America) and what is spoken; announcements can be added.
func NewPrompts() *Prompts {
	p := &Prompts{byName: map[string]prompt{}, put: map[string]prompt{}}
	const ms = time.Millisecond
	p.tone("tone:ringing", 1, 2000*ms, 4000*ms, true, 440, 480)
	p.tone("tone:warning", 2, 200*ms, 200*ms, false, 1400)
	p.tone(speech.Pause, 1, 0, 300*ms, false)
	return p
}

func (p *Prompts) tone(name string, times int, on, off time.Duration, loop bool, hz ...float64) {
	var x prompt
	x.loop = loop
	for range times {
		x.ulaw = append(append(x.ulaw, rtp.Tone(0, on, hz...)...), rtp.Tone(0, off)...)
		x.alaw = append(append(x.alaw, rtp.Tone(8, on, hz...)...), rtp.Tone(8, off)...)
	}
	p.byName[name] = x
}

// Replace has recordings, raw µ-law of 8000 Hz by name, take the place of what is
// spoken, and of those that took it before.
func (p *Prompts) Replace(recorded map[string][]byte) {
	put := make(map[string]prompt, len(recorded))
	for name, ulaw := range recorded {
		put[name] = prompt{ulaw: ulaw, alaw: rtp.Alaw(ulaw)}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put = put
}

// get finds a prompt. What is spoken is prepared when it is first wanted: there
// is much of it, and most calls want little.
func (p *Prompts) get(name string) (prompt, bool) {
	p.mu.RLock()
	x, ok := p.put[name]
	if !ok {
		x, ok = p.byName[name]
	}
	p.mu.RUnlock()
	if ok {
		return x, true
	}
	ulaw, ok := SpokenBy(name)
	if !ok {
		return prompt{}, false
	}
	x = prompt{ulaw: ulaw, alaw: rtp.Alaw(ulaw)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byName[name] = x
	return x, true
}
