package sip_test

import (
	"net/netip"
	"testing"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// asks has the agent ask p1 something outside of dialogs; what it was told is
// added to told.
func (b *bench) asks(a sip.Asking, told *[]sip.Told) {
	b.do(func() {
		a.Flow = sip.Flow{Listener: b.core.Listeners()[0], Remote: netip.MustParseAddrPort("198.51.100.11:5060")}
		a.URI, a.From, a.To = []byte("sip:carrier.example"), []byte("<sip:trunk@carrier.example>"), []byte("<sip:trunk@carrier.example>")
		a.Done = func(x sip.Told) { *told = append(*told, x) }
		b.s.Ask(&a)
	})
}

func registers() sip.Asking {
	return sip.Asking{
		Method: sip.REGISTER, CallID: []byte("one"), CSeq: 7, Headers: []byte("Contact: <sip:trunk@192.0.2.1:5060>\r\nExpires: 600\r\n"),
		Login: &sip.Login{User: "trunk", Password: "secret", Realm: "carrier.example"},
	}
}

// TestRegisterElsewhere: RFC 3261 §10.2 and §22.2. The answer is told once,
// however often it comes, with the CSeq that the proof took.
func TestRegisterElsewhere(t *testing.T) {
	b := newBench(t)
	var told []sip.Told
	b.asks(registers(), &told)
	b.Play(`
		p1 <- REGISTER "First line: REGISTER sip:carrier.example SIP/2.0" "-Authorization" "CSeq: 7 REGISTER" "Call-ID: one" "Contact: <sip:trunk@192.0.2.1:5060>" "Expires: 600" nosdp
		p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='other.example', nonce='x'" "WWW-Authenticate: Digest realm='carrier.example', nonce='n1', algorithm=SHA-256, qop='auth'"
		p1 <- REGISTER "CSeq: 8 REGISTER" "Call-ID: one" "Contact: <sip:trunk@192.0.2.1:5060>" "Expires: 600" "Authorization: username='trunk', realm='carrier.example', nonce='n1', uri='sip:carrier.example', response=" "Authorization: nc=00000001"
		p1 -> 200 REGISTER "Expires: 300"
		p1 -> 200 REGISTER again
		silence 40s
		`)
	if len(told) != 1 || told[0].Status != 200 || told[0].CSeq != 8 {
		t.Errorf("told %+v", told)
	}
	b.leavesNothing()
}

// TestAskingProvesItselfToNobodyElse: another realm, a password refused, a nonce
// that is for ever stale: the refusal is the answer.
func TestAskingProvesItselfToNobodyElse(t *testing.T) {
	for name, x := range map[string]struct {
		script string
		status int
	}{
		"another realm":     {`p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='evil.example', nonce='n', qop='auth'"`, 401},
		"nothing to answer": {`p1 -> 407 REGISTER`, 407},
		"a wrong password": {`
			p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='carrier.example', nonce='n', qop='auth'"
			p1 <- REGISTER "Authorization: nonce='n'"
			p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='carrier.example', nonce='n2', qop='auth'"`, 401},
		"for ever stale": {`
			p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='carrier.example', nonce='n', stale=true, qop='auth'"
			p1 <- REGISTER
			p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='carrier.example', nonce='n2', stale=true, qop='auth'"
			p1 <- REGISTER
			p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='carrier.example', nonce='n3', stale=true, qop='auth'"
			p1 <- REGISTER
			p1 -> 401 REGISTER "WWW-Authenticate: Digest realm='carrier.example', nonce='n4', stale=true, qop='auth'"`, 401},
		"sent elsewhere": {`p1 -> 302 REGISTER "Contact: <sip:p2@198.51.100.12>"`, 302},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var told []sip.Told
			b.asks(registers(), &told)
			b.Play("p1 <- REGISTER '-Authorization'\n" + x.script + "\nsilence 40s")
			if len(told) != 1 || told[0].Status != x.status {
				t.Errorf("told %+v", told)
			}
			b.leavesNothing()
		})
	}
}

// TestAskingWithoutAnAnswer: it is repeated (timer E), and given up when its
// patience ends, with 100 Trying or without; whom nobody can reach is told at
// once.
func TestAskingWithoutAnAnswer(t *testing.T) {
	b := newBench(t)
	var told []sip.Told
	b.asks(sip.Asking{Method: sip.OPTIONS, Patience: 4 * sip.Second}, &told)
	b.Play(`
		p1 <- OPTIONS "CSeq: 1 OPTIONS" "-Contact"
		p1 -> 100 OPTIONS
		p1 <- OPTIONS again within=600ms
		silence 4s
		`)
	if len(told) != 1 || told[0].Status != 408 || told[0].Msg != nil {
		t.Errorf("told %+v", told)
	}
	b.sim.Refuse = true
	b.Play("p1 leaves")
	b.asks(sip.Asking{Method: sip.OPTIONS}, &told)
	b.sim.Run(100 * sip.Millisecond)
	if len(told) != 2 || told[1].Status != 503 || told[1].Msg != nil {
		t.Errorf("told %+v", told)
	}
	b.leavesNothing()
}
