package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/platform/store/storetest"
)

// full is a record with everything in it.
func full(i int, account string) cdr.Record {
	r := call(i, account, "")
	r.Decision = cdr.Decision{Kind: "pstn", Way: cdr.ToTrunk, Why: "next", Number: "+4930901820", Plan: "members", Version: "dck_7", Prefix: "4930", Micros: 12_000}
	r.PDD, r.HungUp, r.Q850, r.Status, r.LegsMore = 1800*time.Millisecond, cdr.ByCalled, 16, 0, 3
	r.Payer, r.Carrier, r.Trunk = account, "car_2", "trk_2"
	r.Quality = cdr.Quality{From: cdr.Stream{Codec: "PCMA", Packets: 3000, Lost: 7, Loss: 2, Jitter: 3 * time.Millisecond, Gap: 61 * time.Millisecond, RTT: 40 * time.Millisecond, MOS: 432}}
	r.Legs = []cdr.Leg{
		{Kind: cdr.ToTrunk, Carrier: "car_1", Trunk: "trk_1", Number: "004930\x00901820", Start: r.Start.Add(50 * time.Millisecond), End: r.Start.Add(time.Second), Cause: cdr.Failed, Status: 503, Q850: 34},
		{
			Kind: cdr.ToTrunk, Carrier: "car_2", Trunk: "trk_2", Number: "+4930901820", Forward: true, Start: r.Start.Add(time.Second), Ring: r.Start.Add(2 * time.Second), Answer: r.Answer, End: r.End,
			Cause: cdr.Normal, Q850: 16, Quality: cdr.Quality{To: cdr.Stream{Loss: 10, Jitter: time.Millisecond, MOS: 410}},
		},
	}
	return r
}

func TestARecordKeepsItsDetail(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		db := storetest.Open(t, cfg)
		want := full(7, "acc_a")
		plain := call(3, "acc_a", "")
		if err := db.Calls().AppendRecords(t.Context(), []cdr.Record{plain, want}); err != nil {
			t.Fatal(err)
		}
		page, err := db.Calls().History(t.Context(), "acc_a", "", 10)
		if err != nil || len(page.Items) != 2 {
			t.Fatal(page, err)
		}
		if !reflect.DeepEqual(page.Items[0], want) {
			t.Errorf("got  %+v\nwant %+v", page.Items[0], want)
		}
		if !reflect.DeepEqual(page.Items[1], plain) {
			t.Errorf("got  %+v\nwant %+v", page.Items[1], plain)
		}
		if pdd := want.Legs[1].PDD(); pdd != time.Second {
			t.Error(pdd)
		}
	})
}
