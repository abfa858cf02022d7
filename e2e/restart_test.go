package e2e

import (
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTwoCentersOnEachDatabaseAndARestart has two softphones at two centers hear each other, on SQLite and on PostgreSQL;
// then the company is stopped and started with the same data: numbers, members, money and calls are kept, and the
// telephone that had signed in before still rings.
func TestTwoCentersOnEachDatabaseAndARestart(t *testing.T) {
	for name, more := range map[string]func(*testing.T) []string{
		"SQLite":     func(*testing.T) []string { return nil },
		"PostgreSQL": func(t *testing.T) []string { return []string{"--db", postgres(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, args := t.TempDir(), append(more(t), "--sip", "127.0.0.1:"+strconv.Itoa(freePair(t)))
			d, stop := companyIn(t, dir, args...)
			key, line := buy(t, d, "Bo Moon", "KR")
			called := phone(t, line["sip_user"].(string), line["sip_password"].(string), line["sip_domain"].(string), "udp", 700, 55, "")
			called.until("200 OK")
			number := strings.ReplaceAll(line["number"].(string), " ", "")
			talk(t, d, number, called)
			before := kept(t, d, key)
			stop()

			d, stop = companyIn(t, dir, args...)
			if after := kept(t, d, key); !reflect.DeepEqual(before, after) {
				t.Errorf("before the restart\n%v\nafter\n%v", before, after)
			}
			talk(t, d, number, called)
			stop()
			verify := append([]string{"ledger", "verify", "--data", dir}, args[:len(args)-2]...)
			if out, err := exec.Command(binary(t), verify...).CombinedOutput(); err != nil {
				t.Errorf("ledger verify: %v\n%s", err, out)
			}
		})
	}
}

// talk calls from the American center and listens at both ends.
func talk(t *testing.T, d dev, number string, called *softphone) {
	t.Helper()
	m := d.Members[2]
	caller := phone(t, m.SIPUser, m.SIPPassword, m.SIPDomain, "udp", 400, 6, "d "+number)
	caller.until("Call established")
	select {
	case <-caller.ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("the caller does not leave:\n%s", caller.out.String())
	}
	lastCall(t, d, m.APIKey)
	if loud, hertz := caller.heard(); loud < 0.05 || hertz < 600 || hertz > 800 {
		t.Errorf("the caller heard %.0f Hz at %.3f, want 700", hertz, loud)
	}
	if loud, hertz := called.heard(); loud < 0.05 || hertz < 300 || hertz > 500 {
		t.Errorf("the called heard %.0f Hz at %.3f, want 400", hertz, loud)
	}
}

// kept is what a restart may not change.
func kept(t *testing.T, d dev, key string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, path := range []string{"/api/v1/me", "/api/v1/wallet", "/api/v1/orders", "/api/v1/members", "/api/v1/calls"} {
		all[path] = api(t, d, key, "GET", path, nil, 200)
	}
	return all
}
