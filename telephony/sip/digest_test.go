package sip

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"net/netip"
	"testing"
)

// prover asks for a proof of every REGISTER and notes the outcome.
type prover struct {
	tortured
	ha1 HA1
	got []Proof
}

func (p *prover) Request(in *Incoming) {
	_, proof := in.shard.Authenticate(in.Msg, &in.Flow, "r", func([]byte) (HA1, bool) { return p.ha1, true })
	if p.got = append(p.got, proof); proof == Proven {
		in.Respond(&Reply{Status: 200})
		return
	}
	in.Challenge("r", proof == Stale, false)
}

// An overheard request opens nothing: only its exact repetition from where it
// came is taken twice.
func TestOverheardProofIsGoodForNothingElse(t *testing.T) {
	sim := NewSim(1)
	self, phone := ap("192.0.2.99:5060"), ap("198.51.100.7:40000")
	p := &prover{ha1: NewHA1("u", "r", "pw")}
	c, err := sim.Core(Config{Handler: func(*Shard) Handler { return p }}, map[netip.AddrPort]string{self: "X"})
	if err != nil {
		t.Fatal(err)
	}
	s := c.shards[0]
	f := Flow{Listener: c.Listeners()[0], Remote: phone}
	nonce := s.appendNonce(nil, &f)
	sum := func(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }
	sign := func(nc string) string { // RFC 7616 §3.4.1
		return sum(sum("u:r:pw") + ":" + string(nonce) + ":" + nc + ":c:auth:" + sum("REGISTER:sip:r"))
	}
	request := func(nc, branch, contact string) []byte {
		return fmt.Appendf(nil, "REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK%s\r\nFrom: <sip:u@r>;tag=1\r\nTo: <sip:u@r>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"+
			"Contact: <sip:u@%s>\r\nAuthorization: Digest username=\"u\", realm=\"r\", nonce=\"%s\", uri=\"sip:r\", response=\"%s\", qop=auth, nc=%s, cnonce=\"c\"\r\nContent-Length: 0\r\n\r\n",
			branch, contact, nonce, sign(nc), nc)
	}
	const nc = "00000001"
	for _, x := range []struct {
		what string
		from netip.AddrPort
		raw  []byte
		want Proof
	}{
		{"the request", phone, request(nc, "a", "h"), Proven},
		{"its repetition", phone, request(nc, "a", "h"), Proven},
		{"another Contact", phone, request(nc, "a", "evil"), Stale},
		{"another transaction", phone, request(nc, "b", "h"), Stale},
		{"another port of the same NAT", netip.AddrPortFrom(phone.Addr(), 40001), request(nc, "a", "h"), Stale},
		{"another address", netip.AddrPortFrom(netip.MustParseAddr("198.51.100.8"), 40000), request(nc, "a", "h"), Stale},
		{"the next count", phone, request("00000002", "c", "h"), Proven},
	} {
		p.got = p.got[:0]
		s.Packet(Flow{Listener: c.Listeners()[0], Remote: x.from}, bytes.Clone(x.raw))
		if len(p.got) != 1 || p.got[0] != x.want {
			t.Errorf("%s: %v, want %v", x.what, p.got, x.want)
		}
	}
}
