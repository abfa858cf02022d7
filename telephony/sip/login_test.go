package sip_test

import (
	"testing"

	"github.com/callisto-tel/callisto/telephony/sip"
)

func asTrunk() sip.Outgoing {
	return sip.Outgoing{SDP: []byte(plain), Login: &sip.Login{User: "trunk", Password: "secret", Realm: "carrier.example"}}
}

// TestChallengedInvite: RFC 3261 §22.2 and RFC 7616. The proof goes with the
// INVITE's ACK and what follows, counted up, but not to another host.
func TestChallengedInvite(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.11:5060", asTrunk())
	b.Play(`
		p1 <- INVITE "-Authorization" "-Proxy-Authorization" sdp "CSeq: 1 INVITE"
		p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n1', algorithm=SHA-512-256, qop='auth'" "WWW-Authenticate: Digest realm='carrier.example', nonce='n1', opaque='o', algorithm=SHA-256, qop='auth-int, auth'"
		p1 <- ACK
		p1 <- INVITE sdp "CSeq: 2 INVITE" "Authorization: Digest username='trunk', realm='carrier.example', nonce='n1', uri='sip:bob@bob.example', response=" "Authorization: algorithm=SHA-256, cnonce=" "Authorization: qop=auth, nc=00000001, opaque='o'"
		p1 -> 200 INVITE sdp "Contact: <sip:bob@198.51.100.11:5060>"
		p1 <- ACK "Authorization: nc=00000001" "CSeq: 2 ACK"
		`)
	b.do(func() { b.d.Modify([]byte(plain)) })
	b.Play(`
		p1 <- INVITE "CSeq: 3 INVITE" "Authorization: nc=00000002"
		p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n2', stale=true, algorithm=SHA-256, qop='auth'"
		p1 <- ACK
		p1 <- INVITE "CSeq: 4 INVITE" "Authorization: nonce='n2'" "Authorization: nc=00000001"
		p1 -> 200 INVITE sdp "Contact: <sip:bob@198.51.100.1:5060>"
		bob <- ACK "-Authorization"
		`)
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		bob <- BYE "-Authorization" "CSeq: 5 BYE"
		bob -> 200 BYE
		`)
	b.leavesNothing()
}

// TestNobodyElseGetsAProof: another realm, one that changes, one that refuses
// what it was told, and anything that cannot be answered.
func TestNobodyElseGetsAProof(t *testing.T) {
	for name, script := range map[string]string{
		"another realm": `
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='other.example', nonce='n', qop='auth'"
			p1 <- ACK`,
		"a realm that changes": `
			p1 -> 407 INVITE "Proxy-Authenticate: Digest realm='carrier.example', nonce='n', qop='auth'"
			p1 <- ACK
			p1 <- INVITE "Proxy-Authorization: realm='carrier.example'" "-Authorization"
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='evil.example', nonce='n2', stale=true, qop='auth'"
			p1 <- ACK`,
		"a wrong password": `
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n', qop='auth'"
			p1 <- ACK
			p1 <- INVITE "Authorization: nonce='n'" "-Proxy-Authorization"
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n2', qop='auth'"
			p1 <- ACK`,
		"for ever stale": `
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n', stale=true, qop='auth'"
			p1 <- ACK
			p1 <- INVITE
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n2', stale=true, qop='auth'"
			p1 <- ACK
			p1 <- INVITE
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n3', stale=true, qop='auth'"
			p1 <- ACK
			p1 <- INVITE
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n4', stale=true, qop='auth'"
			p1 <- ACK`,
		"auth-int only": `
			p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n', qop='auth-int'"
			p1 <- ACK`,
		"sent elsewhere": `
			p1 -> 302 INVITE "Contact: <sip:1900555@198.51.100.12>"
			p1 <- ACK`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.calls("198.51.100.11:5060", asTrunk())
			b.Play("p1 <- INVITE '-Authorization'\n" + script + "\nsilence 2s")
			b.saw(sip.EventFail)
			b.leavesNothing()
		})
	}
}

// TestGivenUpWhileChallenged: a call that was cancelled proves nothing more.
func TestGivenUpWhileChallenged(t *testing.T) {
	b := newBench(t)
	b.calls("198.51.100.11:5060", asTrunk())
	b.Play("p1 <- INVITE")
	b.do(func() { b.d.End(480, "") })
	b.Play(`
		silence 10ms
		p1 -> 401 INVITE "WWW-Authenticate: Digest realm='carrier.example', nonce='n', qop='auth'"
		p1 <- ACK
		silence 2s
		`)
	b.leavesNothing()
}
