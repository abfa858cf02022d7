package testcarrier

import (
	"slices"
	"strings"

	"github.com/callisto-tel/callisto/business/speech"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/rtp"
)

// keyNames are the keys of a telephone, each at its event code (RFC 4733 §3.2).
const keyNames = "0123456789*#"

// mostKeys is how many a call of its own presses.
const mostKeys = 60

// press is keys that are pressed one after the other.
type press struct {
	keys string
	wait int // frames after the last; 0: when what is being said is over
}

// CanPress reports whether keys can be pressed.
func CanPress(keys string) bool {
	return len(keys) <= mostKeys && strings.Trim(keys, keyNames+", ") == ""
}

// presses reads keys: those up to a # belong together.
func presses(keys string) (list []press) {
	const twoSeconds = 100
	var now press
	flush := func() {
		if now.keys != "" {
			list = append(list, now)
			now = press{}
		}
	}
	for i := range len(keys) {
		switch k := keys[i]; {
		case k == ',':
			flush()
			now.wait += twoSeconds
		case !strings.Contains(keyNames, string(k)):
		case k == '#' && (i+1 == len(keys) || keys[i+1] != '#'):
			now.keys += "#"
			flush()
		default:
			now.keys += string(k)
		}
	}
	flush()
	return list
}

// told recognises what is said to a call: our own recordings, frame by frame, as
// they are sent. Nothing tells it which were meant.
type told struct {
	begin map[string][]recording // by the first frame that is loud
	may   []recording            // that it may be, as far as it was heard
	heard int                    // frames of that
}

// recording is one of ours, in whole frames from its first loud one on.
type recording struct {
	name   string
	frames []string
}

// surely is how many frames of a recording tell it from others, if it breaks off
// there.
const surely = 15

// learn takes the recordings in, in the encoding of a call.
func (t *told) learn(payload uint8) {
	t.begin = map[string][]recording{}
	for name, ulaw := range media.Spoken {
		sound := ulaw
		if payload == 8 {
			sound = rtp.Alaw(ulaw)
		}
		r := recording{name: name}
		for at := 0; at+frame <= len(sound); at += frame {
			if len(r.frames) == 0 && silent(ulaw[at:at+frame]) {
				continue
			}
			r.frames = append(r.frames, string(sound[at:at+frame]))
		}
		if len(r.frames) > 0 {
			t.begin[r.frames[0]] = append(t.begin[r.frames[0]], r)
		}
	}
}

// silent reports whether a frame is much the same in any recording.
func silent(ulaw []byte) bool {
	sum := 0.0
	for _, b := range ulaw {
		v := float64(rtp.Linear(0, b)) / 32768
		sum += v * v
	}
	return sum < quiet*quiet*frame
}

// hear takes a frame, and says what was told when a recording ended with it, or
// before it.
func (t *told) hear(data []byte) (text string) {
	now := string(data)
	was, at := t.may, t.heard
	t.may = slices.DeleteFunc(slices.Clone(was), func(r recording) bool { return at >= len(r.frames) || r.frames[at] != now })
	t.heard++
	for _, r := range t.may {
		if len(r.frames) == t.heard {
			t.may, t.heard = nil, 0
			return speech.Text(r.name)
		}
	}
	if len(t.may) > 0 {
		return ""
	}
	if len(was) == 1 && at >= surely {
		text = speech.Text(was[0].name)
	}
	t.may, t.heard = t.begin[now], min(len(t.begin[now]), 1)
	return text
}
