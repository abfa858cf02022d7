package switching

// String returns the name of the event, as ladders show it.
func (k Kind) String() string {
	names := [...]string{"none", "offered", "decided", "progress", "answered", "confirmed", "modify", "modify-accepted", "modify-refused", "ended", "digit", "media-offered", "media-answered", "media-failed", "media-silent", "media-stopped", "played", "timer", "reserved", "not-reserved", "extended", "not-extended", "recorded", "settled", "hang-up", "cut-off", "transfer", "originated", "directed", "lent", "media-settled", "woken", "not-woken"}
	if int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// String returns the name of the command, as ladders show it.
func (o Op) String() string {
	names := [...]string{"none", "dial", "progress", "answer", "confirm", "modify", "respond", "end", "digit", "media-offer", "media-answer", "bridge", "play", "media-drop", "stop-at", "media-close", "reserve", "extend", "record", "settle", "decide", "set-timer", "cancel-timer", "done", "tell", "ask", "wake", "let-sleep"}
	if int(o) >= len(names) {
		return "unknown"
	}
	return names[o]
}

// String returns the name of the stage, as ladders show it.
func (s Stage) String() string {
	names := [...]string{"trying", "progress", "forwarded", "queued", "ringing"}
	if int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// String returns the name of the timer, as ladders show it.
func (t TimerID) String() string {
	names := [...]string{"ring", "confirm", "modify", "hold", "extend", "warn", "cut", "prompt", "key", "wake"}
	if int(t) >= len(names) {
		return "unknown"
	}
	return names[t]
}
