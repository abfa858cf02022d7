package lab

import (
	"strings"
	"testing"
)

// Registration, RFC 3261 §10.3 and digest authentication. alice has registered
// once already when a ladder begins, with CSeq 2.

func TestTwoContactsAndThenNone(t *testing.T) {
	s := newStage(t, "KR")
	s.Play(`
		alice -> REGISTER "Contact: <sip:a@203.0.113.1:5060>;expires=100, <sip:b@203.0.113.1:5070;ob>;expires=200"
		alice <- 200 REGISTER "Contact: <sip:a@203.0.113.1:5060>;expires=100" "Contact: <sip:b@203.0.113.1:5070;ob>;expires=200" "Contact: <sip:alice@203.0.113.1:5060>;expires=3600"
		wait 30s
		alice -> REGISTER "-Contact"     // only asks (§10.2.3)
		alice <- 200 REGISTER "Contact: <sip:a@203.0.113.1:5060>;expires=70"
		alice -> REGISTER "Contact: <sip:a@203.0.113.1:5060>;expires=0"
		alice <- 200 REGISTER "Contact: <sip:b@203.0.113.1:5070;ob>;expires=170"
		alice -> REGISTER "Contact: *" "Expires: 0"
		alice <- 200 REGISTER "-Contact"
		bob   -> INVITE alice sdp
		bob   <- 480 INVITE
		bob   -> ACK
		`)
	s.leavesNothing(t)
}

// RFC 3261 §10.3 step 6: "*" stands alone and with Expires 0.
func TestContactStarWithoutExpiresZero(t *testing.T) {
	within(t, "KR", `
		alice -> REGISTER "Contact: *"
		alice <- 400 REGISTER
		alice -> REGISTER "Contact: *" "Expires: 100"
		alice <- 400 REGISTER
		alice -> REGISTER "Contact: *, <sip:a@203.0.113.1>" "Expires: 0"
		alice <- 400 REGISTER
		alice -> REGISTER "-Contact"
		alice <- 200 REGISTER "Contact: <sip:alice@"
		`)
}

// RFC 3261 §10.3 step 7, §21.4.17.
func TestExpiryTooShortIs423(t *testing.T) {
	within(t, "KR", `
		alice -> REGISTER "Expires: 10"
		alice <- 423 REGISTER "Min-Expires: 60"
		alice -> REGISTER "Expires: 60"
		alice <- 200 REGISTER "Contact: ;expires=60"
		alice -> REGISTER "Expires: 999999"
		alice <- 200 REGISTER "Contact: ;expires=7200"
		alice -> REGISTER "Expires: 60"
		alice <- 200 REGISTER
		wait 61s
		alice -> REGISTER "-Contact"
		alice <- 200 REGISTER "-Contact"
		`)
}

// RFC 3261 §10.3 step 7: a REGISTER that was overtaken by a later one of the
// same Call-ID changes nothing.
func TestOvertakenRegisterIsRefused(t *testing.T) {
	within(t, "KR", `
		alice -> REGISTER cseq=10
		alice <- 200 REGISTER
		alice -> REGISTER cseq=9 "Expires: 0"
		alice <- 500 REGISTER
		alice -> REGISTER cseq=9 "Contact: *" "Expires: 0"
		alice <- 500 REGISTER
		alice -> REGISTER cseq=11 "-Contact"
		alice <- 200 REGISTER "Contact: <sip:alice@"
		alice -> REGISTER cseq=1 callid=restarted
		alice <- 200 REGISTER "Contact: <sip:alice@"
		`)
}

// RFC 5626 §6: the phone is known by its instance. What comes from a new address
// replaces what it said at the old one.
func TestInstanceReplacesItsBinding(t *testing.T) {
	s := newStage(t, "KR")
	s.Also("bob", addrPort("203.0.113.2:6000"))
	s.Play(`
		bob   -> REGISTER "Contact: *" "Expires: 0"
		bob   <- 200 REGISTER "-Contact"
		bob   -> REGISTER "Contact: <sip:bob@203.0.113.2:5060>;+sip.instance='<urn:uuid:00000000-0000-1000-8000-000A95A0E128>'"
		bob   <- 200 REGISTER "Contact: +sip.instance='<urn:uuid:00000000-0000-1000-8000-000A95A0E128>'"
		bob   -> REGISTER from=203.0.113.2:6000 "Contact: <sip:bob@203.0.113.2:6000>;+sip.instance='<urn:uuid:00000000-0000-1000-8000-000A95A0E128>'"
		bob   <- 200 REGISTER "Contact: <sip:bob@203.0.113.2:6000>"
		`)
	if n := strings.Count(s.Last("bob", "200 REGISTER"), "\r\nContact: "); n != 1 {
		t.Errorf("%d contacts are left", n)
	}
	s.Play(`
		alice -> INVITE bob sdp
		bob   <- INVITE "First line: sip:bob@203.0.113.2:6000"
		bob   -> 486 INVITE
		bob   <- ACK
		alice <- 486 INVITE
		alice -> ACK
		`)
	s.leavesNothing(t)
}

// Whoever tries passwords learns nothing about who there is: the answers differ
// in nothing but what they repeat of the request.
func TestWrongPasswordAndUnknownUserGetTheSameAnswer(t *testing.T) {
	s := newStage(t, "KR")
	answer := func(words string) string {
		s.Play("alice -> REGISTER branch=z9hG4bKsame cseq=50 tag=same " + words + `
			alice <- 403 REGISTER`)
		return s.Last("alice", "403 REGISTER")
	}
	tag := func(text string) string { // ours is new with every answer
		i := strings.Index(text, "To: ")
		j := i + strings.Index(text[i:], "\r\n")
		return text[:strings.Index(text[i:], ";tag=")+i] + text[j:]
	}
	wrong, unknown := answer("password=x"), answer("user=nobody-1")
	if tag(wrong) != tag(unknown) {
		t.Errorf("%s\n%s", wrong, unknown)
	}
	s.Play(`
		alice -> INVITE bob sdp password=x
		alice <- 403 INVITE
		alice -> ACK
		carol -> REGISTER user={alice.user}
		carol <- 403 REGISTER
		`)
	s.leavesNothing(t)
}

// RFC 3261 §10.3 step 4: a device registers itself, not another.
func TestNobodyRegistersForAnother(t *testing.T) {
	within(t, "KR", `
		carol -> REGISTER "To: <sip:{alice.number}@192.0.2.1>"
		carol <- 403 REGISTER
		`)
}

// RFC 7616 §3.3: an old nonce is told stale, so that the telephone tries again
// without asking anybody for a password.
func TestStaleNonce(t *testing.T) {
	within(t, "KR", `
		wait 301s
		alice -> REGISTER
		alice <- 401 REGISTER "WWW-Authenticate: stale=true"
		alice -> REGISTER
		alice <- 200 REGISTER
		alice -> REGISTER noauth
		alice <- 401 REGISTER
		alice -> REGISTER nonce=0123456789abcdef0123456789abcdef
		alice <- 401 REGISTER "WWW-Authenticate: stale=true"
		alice -> REGISTER
		alice <- 200 REGISTER
		bob   -> REGISTER nonce={alice.nonce} nc=00000009  // of another address
		bob   <- 401 REGISTER "WWW-Authenticate: stale=true"
		`)
}

// RFC 7616 §3.4.5: each count of a nonce is good for one request; a
// retransmission of that very request is no replay.
func TestReplayedCountIsRefusedRetransmissionAccepted(t *testing.T) {
	within(t, "KR", `
		alice -> REGISTER nc=00000005
		alice <- 200 REGISTER
		alice -> REGISTER again
		alice <- 200 REGISTER
		alice -> REGISTER nc=00000005    // another request with the same count
		alice <- 401 REGISTER "WWW-Authenticate: stale=true"
		alice -> REGISTER nc=00000007
		alice <- 200 REGISTER
		alice -> REGISTER nc=00000006    // overtaken, but not used
		alice <- 200 REGISTER
		alice -> REGISTER nc=00000006
		alice <- 401 REGISTER "WWW-Authenticate: stale=true"
		`)
}

// RFC 8760, and clients that know only RFC 2069.
func TestDigestAlgorithmsAndClientsWithoutQop(t *testing.T) {
	within(t, "KR", `
		alice -> REGISTER noauth
		alice <- 401 REGISTER "WWW-Authenticate: algorithm=MD5" "WWW-Authenticate: algorithm=SHA-256"
		alice -> REGISTER alg=SHA-256
		alice <- 200 REGISTER
		alice -> REGISTER alg=MD5
		alice <- 200 REGISTER
		alice -> REGISTER noauth
		alice <- 401 REGISTER
		alice -> REGISTER qop=none
		alice <- 200 REGISTER
		alice -> REGISTER again
		alice <- 200 REGISTER
		alice -> REGISTER qop=none       // a nonce without counts is good once
		alice <- 401 REGISTER "WWW-Authenticate: stale=true"
		alice -> REGISTER qop=none alg=SHA-256
		alice <- 200 REGISTER
		alice -> REGISTER alg=SHA-512-256
		alice <- 403 REGISTER
		`)
}
