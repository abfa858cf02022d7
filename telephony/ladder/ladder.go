// Package ladder plays SIP parties from a script, for tests. It writes and
// reads messages as text and shares no code with the SIP core it is held
// against, so that a mistake of the core is not made twice. The network is the
// simulator of telephony/sip, in virtual time.
//
// A script is a ladder diagram in words, one arrow a line:
//
//	alice -> INVITE bob sdp         // to bob's number, with credentials
//	bob   <- INVITE sdp
//	bob   -> 180 INVITE
//	alice <- 180 INVITE
//	bob   -> 200 INVITE sdp
//	bob   <- ACK
//	alice <- 200 INVITE sdp
//	alice -> ACK
//	wait 5s
//	alice -> BYE
//
// What a party is sent has to come in this order, in time, and nothing else may
// come; only 100 Trying may go without saying. Everything received is checked
// against RFC 3261 on the way: lengths, echoed header fields, CSeq, tags.
//
//	wait 5s, silence 5s   time passes; in silence nobody may get anything
//	bob forgets           what he got and nobody spoke of
//	bob leaves            his address is nobody's any more
//
// Words after the method or status, for sending:
//
//	"Name: value"   a header field instead of, or beside, the usual ones
//	"-Name"         leave that header field out
//	sdp, sdp=DIR    a session description, with a direction
//	nokeys          without telephone events in it
//	body="text"     another body
//	again           the very same message once more
//	branch= cseq= callid= uri= tag= totag=   other than the usual values
//	from=NAME to=HOST:PORT   from another party's address; to elsewhere
//	noauth password= user= alg= qop= nc= nonce=   about the credentials
//	auth            with credentials within a dialog as well
//
// and for expecting:
//
//	"Name: text"    a header field of this name contains the text
//	"-Name"         it is not there
//	sdp, nosdp, sdp=text, body=text   about the body
//	again           the same bytes as the last message of its kind
//	within=1s       how long it may take; 100 ms if nothing is said
//	times=N         so often, the same bytes each time
//
// {name.key} stands for what is known of a party: addr, number, user, callid,
// tag (its own), rtag (the other's), branch, target, nonce.
package ladder

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// Ladder is a script being played.
type Ladder struct {
	// Step does the next thing that happens in the network before a time.
	Step func(end sip.Mono) bool

	t       testing.TB
	sim     *sip.Sim
	parties map[string]*Party
	names   []string
	sent    map[string]request // by branch and method
	invited map[string]bool    // senders of INVITEs with their CSeqs
	log     []string
	serial  int
}

// request is one that was sent, and where.
type request struct {
	text string
	to   netip.AddrPort
}

// New returns a ladder without parties on a network.
func New(t testing.TB, sim *sip.Sim) *Ladder {
	sim.Delay = 0 // what is sent first arrives first
	return &Ladder{Step: sim.Step, t: t, sim: sim, parties: map[string]*Party{}, sent: map[string]request{}, invited: map[string]bool{}}
}

// Add adds a party; give it Addr and Server at least.
func (l *Ladder) Add(p *Party) *Party {
	p.l = l
	p.said, p.heard, p.seqs, p.seen = map[string]string{}, map[string]*message{}, map[string]int{}, map[string]bool{}
	l.parties[p.Name] = p
	l.names = append(l.names, p.Name)
	l.sim.Peer(p.Addr, p.receive)
	return p
}

// Also gives a party a further address.
func (l *Ladder) Also(name string, a netip.AddrPort) { l.sim.Peer(a, l.Party(name).receive) }

// Party finds a party by its name.
func (l *Ladder) Party(name string) *Party {
	p := l.parties[name]
	if p == nil {
		l.t.Helper()
		l.t.Fatalf("nobody is called %q", name)
	}
	return p
}

// Play plays a script.
func (l *Ladder) Play(script string) {
	l.t.Helper()
	for i, line := range strings.Split(script, "\n") {
		line, _, _ = strings.Cut(line, "//")
		words, err := split(l.fill(line))
		if err != nil {
			l.fail("line %d: %v", i, err)
		}
		if len(words) > 0 {
			l.line(strings.TrimSpace(line), words)
		}
	}
}

func (l *Ladder) line(text string, words []string) {
	l.t.Helper()
	switch {
	case len(words) == 2 && words[0] == "wait":
		l.pass(l.duration(words[1]))
	case len(words) == 2 && words[0] == "silence":
		l.pass(l.duration(words[1]))
		l.quiet(text)
	case len(words) == 2 && words[1] == "forgets":
		l.Party(words[0]).inbox = nil
	case len(words) == 2 && words[1] == "leaves":
		l.sim.Peer(l.Party(words[0]).Addr, nil)
	case len(words) > 2 && words[1] == "->":
		l.Party(words[0]).send(words[2:])
	case len(words) > 2 && words[1] == "<-":
		l.Party(words[0]).expect(text, words[2:])
	default:
		l.fail("what is %q?", text)
	}
}

// quiet fails if a party holds a message nobody spoke of.
func (l *Ladder) quiet(at string) {
	l.t.Helper()
	for _, name := range l.names {
		p := l.parties[name]
		p.skipTrying("")
		if len(p.inbox) > 0 {
			l.fail("%s: %s got\n%s", at, name, p.inbox[0].text)
		}
	}
}

// End lets enough time pass for everything to end, in silence.
func (l *Ladder) End() {
	l.t.Helper()
	l.pass(400 * time.Second)
	l.quiet("at the end")
}

// Heard and Said tell whether a party got or sent a message of a kind.
func (l *Ladder) Heard(name, kind string) bool { return l.Party(name).heard[kind] != nil }

// Said is the other way round.
func (l *Ladder) Said(name, kind string) bool { return l.Party(name).said[kind] != "" }

// Last is the last message a party got of a kind: "INVITE", "200 INVITE".
func (l *Ladder) Last(name, kind string) string {
	l.t.Helper()
	m := l.Party(name).heard[kind]
	if m == nil {
		l.fail("%s never got %s", name, kind)
	}
	return m.text
}

func (l *Ladder) pass(d time.Duration) {
	for end := l.sim.Now() + sip.Mono(d); l.Step(end); {
	}
}

func (l *Ladder) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		l.fail("%v", err)
	}
	return d
}

func (l *Ladder) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		l.fail("%v", err)
	}
	return n
}

// fail ends the test with the ladder so far.
func (l *Ladder) fail(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("%s\nso far:\n%s", fmt.Sprintf(format, args...), strings.Join(l.log, "\n"))
}

func (l *Ladder) note(who, arrow, text string) {
	first, _, _ := strings.Cut(text, "\r\n")
	l.log = append(l.log, fmt.Sprintf("%9.3fs %-6s %s %-50.50s %s", float64(l.sim.Now())/1e9, who, arrow, first, header(text, "CSeq")))
}

// fill replaces {name.key}.
func (l *Ladder) fill(s string) string {
	for {
		i := strings.IndexByte(s, '{')
		j := strings.IndexByte(s, '}')
		if i < 0 || j < i {
			return s
		}
		name, key, _ := strings.Cut(s[i+1:j], ".")
		s = s[:i] + l.Party(name).known(key) + s[j+1:]
	}
}

// split cuts a line into words; quotes keep spaces together.
func split(line string) (words []string, err error) {
	var w strings.Builder
	quoted, any := false, false
	flush := func() {
		if any {
			words = append(words, w.String())
		}
		w.Reset()
		any = false
	}
	for _, c := range line {
		switch {
		case c == '"' && !quoted && !any:
			w.WriteByte('"') // a header field: kept apart from other words
			quoted, any = true, true
		case c == '"':
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			flush()
		default:
			w.WriteRune(c)
			any = true
		}
	}
	flush()
	if quoted {
		return nil, fmt.Errorf("a quote is open in %q", line)
	}
	return words, nil
}

// options are the words after the method.
type options struct {
	words   []string // without '=' and quotes
	value   map[string]string
	headers []string
}

func parseOptions(words []string) options {
	o := options{value: map[string]string{}}
	for _, w := range words {
		k, v, is := strings.Cut(w, "=")
		switch {
		case w[0] == '"':
			o.headers = append(o.headers, strings.NewReplacer(`\r`, "\r", `\n`, "\n", "'", `"`).Replace(w[1:]))
		case is:
			o.value[k] = strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(v)
		default:
			o.words = append(o.words, w)
		}
	}
	return o
}

func (o *options) has(word string) bool {
	for _, w := range o.words {
		if w == word {
			return true
		}
	}
	return false
}

func (o *options) get(key, usual string) string {
	if v, ok := o.value[key]; ok {
		return v
	}
	return usual
}

// address is where a party of the ladder is, or an address as it stands.
func (l *Ladder) address(s string) netip.AddrPort {
	if p := l.parties[s]; p != nil {
		return p.Addr
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		l.fail("%v", err)
	}
	return a
}
