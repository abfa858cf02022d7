package notifier

import (
	"strconv"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
)

func of(account, number, device string) *subscription {
	return &subscription{key: number + device, cred: member.Credential{Account: account, Device: device, Number: numbering.Number{CallingCode: "7", National: number}}}
}

// TestWhoIsTold: what a number missed concerns its telephones, and a look at his calls
// those of all numbers of an account; who has gone is forgotten.
func TestWhoIsTold(t *testing.T) {
	n := New(Config{Now: time.Now})
	all := []*subscription{of("acc_1", "11", "desk"), of("acc_1", "11", "hall"), of("acc_1", "12", "desk"), of("acc_2", "21", "desk")}
	told := func(want string, what func()) {
		t.Helper()
		what()
		got := ""
		for _, x := range n.queue {
			got += " " + x.key
			x.queued, x.due = false, false
		}
		if n.queue = nil; got != want {
			t.Errorf("told are%s, want%s", got, want)
		}
	}
	for _, x := range all {
		n.keep(x)
	}
	told(" 11desk 11hall", func() { n.Missed(all[0].cred.Number) })
	told(" 11desk 11hall 12desk", func() { n.Seen("acc_1") })
	n.drop(all[0])
	n.drop(all[0]) // once is enough
	told(" 11hall 12desk", func() { n.Seen("acc_1") })
	told(" 11hall", func() { n.Missed(all[0].cred.Number) })
	told(" 21desk", func() { n.Seen("acc_2") })
	for _, x := range all {
		n.drop(x)
	}
	told("", func() { n.Seen("acc_1"); n.Missed(all[0].cred.Number) })
	if n.Live() != 0 || len(n.lines) != 0 || len(n.accounts) != 0 {
		t.Errorf("left are %d subscriptions, %v, %v", n.Live(), n.lines, n.accounts)
	}
}

// BenchmarkSeen measures how long the shards' threads, where telephones subscribe,
// may have to wait for a member who looks at his calls, with 10,000 subscriptions.
func BenchmarkSeen(b *testing.B) {
	n := New(Config{Now: time.Now})
	for i := range 10_000 {
		n.keep(of("acc_"+strconv.Itoa(i), strconv.Itoa(i), "desk"))
	}
	b.ReportAllocs()
	for b.Loop() {
		n.Seen("acc_5000")
	}
}
