package lab

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/telephony/sip"
)

// The lamp of a telephone: subscriptions to message-summary (RFC 6665, RFC 3842).

const subscribes = `bob -> SUBSCRIBE bob callid=lamp tag=b1 "Event: message-summary" "Accept: application/simple-message-summary"`

// lampStage is a stage on which lamps are told what changes, each tenth of a second.
func lampStage(t *testing.T) *stage {
	s := newStage(t, "KR")
	s.Step = func(end sip.Mono) bool {
		s.n.lamps.Expire()
		if err := s.n.lamps.Turn(t.Context()); err != nil && !errors.Is(err, s.n.uncounted) {
			t.Error(err)
		}
		to := min(end, s.n.sim.Now()+100*sip.Millisecond)
		return s.n.step(to) || to < end
	}
	return s
}

// again is a SUBSCRIBE within the subscription that was begun.
func (s *stage) again(t *testing.T, more string) string {
	t.Helper()
	tag := regexp.MustCompile(`(?m)^To: .*(;tag=[^;\r]+)`).FindStringSubmatch(s.Last("bob", "200 SUBSCRIBE"))
	if tag == nil {
		t.Fatal("the answer has no tag in To")
	}
	return strings.Replace(subscribes, "callid", `"To: <sip:{bob.number}@192.0.2.1:5060>`+tag[1]+`" callid`, 1) + " " + more
}

// changes says that a number has missed so many calls now.
func (s *stage) changes(name string, missed int) {
	c, _ := s.n.lab.Devices.Get(s.Party(name).User)
	s.n.missed[c.Number.Canonical()] = missed
	s.n.lamps.Missed(c.Number)
}

func TestALampFollowsMissedCalls(t *testing.T) {
	s := lampStage(t)
	s.Play(subscribes + ` noauth
		bob <- 401 SUBSCRIBE
		` + subscribes + ` "Expires: 3600" "Record-Route: <sip:203.0.113.2:5060;lr>"
		bob <- 200 SUBSCRIBE "Expires: 600" "Contact: <sip:" "Record-Route: <sip:203.0.113.2:5060;lr>"
		bob <- NOTIFY "First line: sip:bob@203.0.113.2:5060" "To: ;tag=b1" "Call-ID: lamp" "Contact: <sip:callisto@" "Event: message-summary" "Subscription-State: active;expires=600" "Route: <sip:203.0.113.2:5060;lr>" "Content-Type: application/simple-message-summary" body="Messages-Waiting: no"
		bob -> 200 NOTIFY
		silence 5s`)
	s.changes("bob", 2)
	s.Play(`
		bob <- NOTIFY "Subscription-State: active;expires=595" body="Messages-Waiting: yes"
		bob -> 200 NOTIFY`)
	if body := s.Last("bob", "NOTIFY"); !strings.HasSuffix(body, "\r\n\r\nMessages-Waiting: yes\r\nMessage-Account: sip:*56@192.0.2.1\r\nVoice-Message: 2/0\r\n") {
		t.Errorf("it was told\n%s", body)
	}
	// What changes several times in a second is told once, as it is then; what is as it was, not at all.
	s.changes("bob", 3)
	s.changes("bob", 4)
	s.Play(`bob <- NOTIFY body="Voice-Message: 4/0" within=1200ms
		bob -> 200 NOTIFY`)
	s.changes("bob", 6) // within a second of the last
	s.Play("silence 700ms")
	s.changes("bob", 4)
	s.changes("alice", 9)
	s.Play("silence 5s")
	// Nothing is sent before the last is answered.
	s.changes("bob", 5)
	s.Play(`bob <- NOTIFY body="Voice-Message: 5/0"`)
	s.changes("bob", 0)
	s.Play(`silence 400ms
		bob -> 200 NOTIFY
		bob <- NOTIFY body="Messages-Waiting: no" within=1200ms
		bob -> 200 NOTIFY`)
	// It is asked for again, and given up.
	s.Play(s.again(t, `cseq=500 "Expires: 300"`) + `
		bob <- 200 SUBSCRIBE "Expires: 300"
		bob <- NOTIFY "Subscription-State: active;expires=300"
		bob -> 200 NOTIFY
		` + s.again(t, `cseq=499 "Expires: 300"`) + `
		bob <- 500 SUBSCRIBE
		` + s.again(t, `cseq=500 "Expires: 300"`) + ` // its answer was lost
		bob <- 200 SUBSCRIBE "Expires: 300"
		silence 2s`)
	s.changes("bob", 8)
	s.Play(`bob <- NOTIFY body="Voice-Message: 8/0"
		` + s.again(t, `cseq=501 "Expires: 0"`) + ` // it is told so when it has answered
		bob <- 200 SUBSCRIBE "Expires: 0"
		` + s.again(t, `cseq=502 "Expires: 300"`) + `
		bob <- 481 SUBSCRIBE
		bob -> 200 NOTIFY
		bob <- NOTIFY "Subscription-State: terminated;reason=timeout"
		bob -> 200 NOTIFY
		` + s.again(t, `cseq=503 "Expires: 300"`) + `
		bob <- 481 SUBSCRIBE`)
	s.changes("bob", 1)
	s.Play("silence 2s")
	s.noLamps(t)
}

func (s *stage) noLamps(t *testing.T) {
	t.Helper()
	if n := s.n.lamps.Live(); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
	s.leavesNothing(t)
}

// A subscription ends when it is not asked for again, when the telephone does not
// know it or is not there, and when the device may not sign in any more.
func TestALampGoesOut(t *testing.T) {
	begun := subscribes + `
		bob <- 200 SUBSCRIBE
		bob <- NOTIFY
		bob -> 200 NOTIFY
		`
	t.Run("not asked for again", func(t *testing.T) {
		s := lampStage(t)
		s.Play(begun + `silence 599s
			bob <- NOTIFY "Subscription-State: terminated;reason=timeout" within=2s
			bob -> 200 NOTIFY`)
		s.noLamps(t)
	})
	t.Run("not known", func(t *testing.T) {
		s := lampStage(t)
		s.Play(begun)
		s.changes("bob", 1)
		s.Play(`bob <- NOTIFY within=1200ms
			bob -> 481 NOTIFY`)
		s.changes("bob", 2)
		s.Play("silence 2s")
		s.noLamps(t)
	})
	t.Run("busy", func(t *testing.T) {
		s := lampStage(t)
		s.Play(begun)
		s.changes("bob", 1)
		s.Play(`bob <- NOTIFY within=1200ms
			bob -> 503 NOTIFY`)
		s.changes("bob", 2)
		s.Play(`bob <- NOTIFY within=1200ms
			bob -> 200 NOTIFY`)
	})
	t.Run("not there", func(t *testing.T) {
		s := lampStage(t)
		s.Play(begun)
		s.changes("bob", 1)
		s.Play(`bob <- NOTIFY within=1200ms
			wait 40s
			bob forgets`)
		s.noLamps(t)
	})
	t.Run("revoked", func(t *testing.T) {
		s := lampStage(t)
		s.Play(begun)
		c, _ := s.n.lab.Devices.Get(s.Party("bob").User)
		c.Revoked = true
		s.changes("bob", 7)
		s.n.lab.Devices.Apply(c)
		s.Play(`bob <- NOTIFY "Subscription-State: terminated;reason=rejected" body="Messages-Waiting: no" within=1200ms
			bob -> 200 NOTIFY`)
		s.noLamps(t)
	})
	t.Run("another password", func(t *testing.T) {
		s := lampStage(t)
		s.Play(begun)
		c, _ := s.n.lab.Devices.Get(s.Party("bob").User)
		c.MD5[0]++
		s.n.lab.Devices.Apply(c)
		s.Play(`bob <- NOTIFY "Subscription-State: terminated;reason=rejected" within=1200ms
			bob -> 200 NOTIFY`)
		s.noLamps(t)
	})
	t.Run("another account's, before that was looked at", func(t *testing.T) {
		s := newStage(t, "KR")
		s.Play(subscribes + `
			bob <- 200 SUBSCRIBE`)
		c, _ := s.n.lab.Devices.Get(s.Party("bob").User)
		c.Account = "acc_other"
		s.n.lab.Devices.Apply(c)
		s.Play(s.again(t, "cseq=500") + `
			bob <- 481 SUBSCRIBE`)
	})
}

// What nobody is subscribed by.
func TestWhatIsNoSubscription(t *testing.T) {
	s := lampStage(t)
	s.Play(`
		bob   -> SUBSCRIBE bob "Event: dialog"
		bob   <- 489 SUBSCRIBE "Allow-Events: message-summary"
		bob   -> SUBSCRIBE bob
		bob   <- 489 SUBSCRIBE
		bob   -> SUBSCRIBE bob "Event: message-summary" "Accept: application/pidf+xml"
		bob   <- 406 SUBSCRIBE
		bob   -> SUBSCRIBE bob "Event: message-summary" "Expires: 30"
		bob   <- 423 SUBSCRIBE "Min-Expires: 60"
		bob   -> SUBSCRIBE bob "Event: message-summary" "-Contact"
		bob   <- 400 SUBSCRIBE
		bob   -> SUBSCRIBE alice "Event: message-summary" // of somebody else
		bob   <- 403 SUBSCRIBE
		bob   -> SUBSCRIBE bob "Event: message-summary" password=wrong
		bob   <- 403 SUBSCRIBE
		bob   -> SUBSCRIBE bob "Event: message-summary" "To: <sip:{bob.number}@192.0.2.1:5060>;tag=made-up"
		bob   <- 481 SUBSCRIBE
		silence 2s
		`)
	// In a dialog of somebody else's, whose tags were overheard.
	s.Play(subscribes + `
		bob   <- 200 SUBSCRIBE
		bob   <- NOTIFY
		bob   -> 200 NOTIFY`)
	s.Play(strings.Replace(s.again(t, `"Contact: <sip:alice@203.0.113.1:5060>"`), "bob ->", "alice ->", 1) + `
		alice <- 403 SUBSCRIBE // the number is not hers
		` + strings.ReplaceAll(strings.Replace(s.again(t, ""), "bob ->", "alice ->", 1), "{bob.number}", "{alice.number}") + `
		alice <- 481 SUBSCRIBE
		silence 2s`)
}

// While nobody can count, a lamp stays as it is, and is right afterwards.
func TestALampWaitsForTheCount(t *testing.T) {
	s := lampStage(t)
	s.n.uncounted = errors.New("the database is away")
	s.Play(subscribes + `
		bob <- 200 SUBSCRIBE
		silence 5s`)
	s.n.uncounted = nil
	s.Play(`bob <- NOTIFY body="Messages-Waiting: no"
		bob -> 200 NOTIFY
		wait 1s`)
	s.n.uncounted = errors.New("the database is away again")
	s.changes("bob", 1)
	s.Play("silence 5s")
	s.n.uncounted = nil
	s.Play(`bob <- NOTIFY body="Messages-Waiting: yes"
		bob -> 200 NOTIFY`)
}

// A number that cannot be counted puts nobody else's lamp off.
func TestALampWaitsForNoOther(t *testing.T) {
	s := lampStage(t)
	s.n.uncounted, s.n.uncountedAt = errors.New("it takes too long"), s.Party("alice").Number
	s.Play(strings.NewReplacer("bob", "alice", "lamp", "other", "b1", "a1").Replace(subscribes) + `
		alice <- 200 SUBSCRIBE
		silence 1s
		` + subscribes + `
		bob <- 200 SUBSCRIBE
		bob <- NOTIFY
		bob -> 200 NOTIFY
		silence 1s`)
	s.n.uncounted = nil
	s.Play(`alice <- NOTIFY
		alice -> 200 NOTIFY`)
}

// A telephone that begins ever new subscriptions and answers no NOTIFY is refused
// until those that had to give way have ended.
func TestLampsThatNobodyAnswersFor(t *testing.T) {
	s := lampStage(t)
	begins := func(i int, status string) {
		t.Helper()
		s.Play(strings.ReplaceAll(subscribes, "lamp", fmt.Sprint("lamp", i)) + `
			bob <- ` + status + ` SUBSCRIBE
			wait 200ms
			bob forgets`)
	}
	for i := range 16 {
		begins(i, "200")
	}
	begins(16, "503")
	if n := s.n.lamps.Live(); n != 16 {
		t.Errorf("%d subscriptions", n)
	}
	s.Play(`wait 40s
		bob forgets`)
	begins(17, "200")
}

// Each telephone of a number has its own, up to eight; the one asked for longest
// ago gives way.
func TestLampsGiveWay(t *testing.T) {
	s := lampStage(t)
	for i := range 8 {
		s.Play(strings.ReplaceAll(subscribes, "lamp", "lamp"+string(rune('a'+i))) + `
			bob <- 200 SUBSCRIBE
			bob <- NOTIFY
			bob -> 200 NOTIFY
			wait 1s`)
	}
	s.Play(strings.ReplaceAll(subscribes, "lamp", "lampx") + `
		bob <- 200 SUBSCRIBE
		bob <- NOTIFY "Call-ID: lampa" "Subscription-State: terminated;reason=rejected"
		bob -> 200 NOTIFY
		bob <- NOTIFY "Call-ID: lampx" "Subscription-State: active"
		bob -> 200 NOTIFY`)
	if n := s.n.lamps.Live(); n != 8 {
		t.Errorf("%d subscriptions", n)
	}
}
