// Package office is a telephone office as small as a real one can be: one
// communication center with members in memory, call records in SQLite. All that
// carries a call is what the whole product runs: digest, routing decision, both
// legs, media ports, records. It is what bench/sip measures.
package office

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/platform/store"
	"github.com/callisto-tel/callisto/telephony/exchange"
	"github.com/callisto-tel/callisto/telephony/sip"
)

// Realm is the office's digest realm.
const Realm = "bench.callisto"

// Office is a running one.
type Office struct {
	*exchange.Exchange
	ways     *routing.Ways
	db       *store.DB
	recorder *store.Recorder
	stored   atomic.Int64
	lost     atomic.Int64
}

// Member is a number sold to somebody who has a telephone.
type Member struct {
	User, Password string
	Number         numbering.Number
}

// Members makes count members of Korea with consecutive numbers from first.
func Members(first, count int) []Member {
	list := make([]Member, count)
	for i := range list {
		n := numbering.Number{Kind: numbering.Individual, CallingCode: "82", National: fmt.Sprint(first + i)}
		user := n.Canonical() + "-1"
		list[i] = Member{User: user, Password: "pw" + user, Number: n}
	}
	return list
}

// Open starts an office at addr with its records in dir.
func Open(ctx context.Context, addr netip.AddrPort, dir string, members []Member) (*Office, error) {
	return OpenWeb(ctx, addr, netip.AddrPort{}, dir, members)
}

// OpenWeb starts one that browsers reach at web, where WebSockets are taken by
// whoever runs it.
func OpenWeb(ctx context.Context, addr, web netip.AddrPort, dir string, members []Member) (*Office, error) {
	plans, err := numbering.Load()
	if err != nil {
		return nil, err
	}
	sold, devices, bindings := routing.NewNumbers(), member.NewDirectory(), location.NewTable()
	for _, m := range members {
		id := m.Number.Canonical()
		sold.Set(routing.Holder{Number: m.Number, Country: "KR", Account: "acc_" + id, Membership: "mem_" + id, Registered: true})
		h := sip.NewHA1(m.User, Realm, m.Password)
		devices.Apply(member.Credential{
			SIPUser: m.User, Device: "dev_" + id, Membership: "mem_" + id, Account: "acc_" + id, Number: m.Number, Country: "KR",
			Name: "Member " + id, Home: "KR", MD5: h.MD5, SHA256: h.SHA256,
		})
	}
	o := &Office{ways: routing.NewWays()}
	o.ways.SetFree()
	if o.db, err = store.Open(ctx, store.Config{Dir: dir}); err != nil {
		return nil, err
	}
	o.recorder = store.NewRecorder(o.db.Calls())
	centers := center.NewDirectory(plans, []center.Center{{ID: "KR", Name: "Korea", Countries: []string{"KR"}}})
	o.Exchange, err = exchange.New(exchange.Config{
		Centers: []exchange.Center{{ID: "KR", Listen: addr}}, Realm: Realm, Devices: devices, Bindings: bindings, Recorder: o,
		Tables: &routing.Tables{Plans: plans, Centers: centers, Sold: sold, Bindings: bindings, Ways: o.ways},
		Node:   "1", Epoch: time.Now().Unix(), Now: time.Now, Web: exchange.Web{Addr: web},
	})
	if err == nil {
		err = o.Start(ctx)
	}
	if err != nil {
		o.recorder.Close()
		_ = o.db.Close()
		return nil, err
	}
	return o, nil
}

// Trade has calls to ordinary telephones leave by a trunk to a gateway.
func (o *Office) Trade(gateway netip.AddrPort) {
	plus := carrier.Writing{Format: carrier.Plus}
	list := []carrier.Carrier{{
		ID: "carrier", Center: "KR", Kind: carrier.PSTN, Name: "Carrier", Out: plus, OutCaller: plus, In: plus, InCaller: plus, Shows: carrier.ShowFixed,
		Presents: "+8225550100", Trunks: []carrier.Trunk{{ID: "trunk", Host: gateway.String(), Transport: carrier.UDP, From: []string{gateway.String()}}},
	}}
	o.SetCarriers(list)
	o.ways.SetCarriers(list)
}

// Record keeps a call record.
func (o *Office) Record(r cdr.Record) {
	if o.recorder.Record(r) {
		o.stored.Add(1)
	} else {
		o.lost.Add(1)
	}
}

// Shut ends the office once its records are stored, and tells how many there
// were and how many the store had no room for.
func (o *Office) Shut(ctx context.Context) (stored, lost int64, err error) {
	err = o.Stop(ctx)
	o.recorder.Close()
	if e := o.db.Close(); err == nil {
		err = e
	}
	return o.stored.Load(), o.lost.Load(), err
}
