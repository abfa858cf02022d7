// Package lab is a telephone network in one process, for tests: an exchange
// with real sockets on loopback, numbers and members in memory, and other
// people's telephones (SIPp, baresip) to call through it.
package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/platform/pki"
	"github.com/callisto-tel/callisto/telephony/edge"
	"github.com/callisto-tel/callisto/telephony/exchange"
	"github.com/callisto-tel/callisto/telephony/sip"
	"github.com/callisto-tel/callisto/telephony/switching"
)

// Network is a network with centers in Korea and the United States.
type Network struct {
	*exchange.Exchange
	Sold     *routing.Numbers
	Devices  *member.Directory
	Bindings *location.Table
	Records  *Records
	Tables   *routing.Tables
	Ways     *routing.Ways
	Realm    string
	CA       *pki.Authority
	CAFile   string // what telephones have to trust over TLS
}

// Options says what is unusual.
type Options struct {
	Shards    int
	Portable  bool
	Host      netip.Addr // 127.0.0.1
	America   netip.Addr // of the American center; Host if not said
	Verbose   bool
	Internet  exchange.Internet
	KeepAlive time.Duration // how often telephones behind a NAT are sent something
}

// Records collects call records and wakes who waits for them.
type Records struct {
	mu   sync.Mutex
	cond *sync.Cond
	all  []cdr.Record
}

func newRecords() *Records {
	r := &Records{}
	r.cond = sync.NewCond(&r.mu)
	return r
}

// Record keeps one.
func (r *Records) Record(rec cdr.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, rec)
	r.cond.Broadcast()
}

// All returns those there are.
func (r *Records) All() []cdr.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// Wait returns once there are n records, or fails the test.
func (r *Records) Wait(t testing.TB, n int) []cdr.Record {
	t.Helper()
	late := false
	timer := time.AfterFunc(30*time.Second, func() {
		r.mu.Lock()
		late = true
		r.mu.Unlock()
		r.cond.Broadcast()
	})
	defer timer.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.all) < n && !late {
		r.cond.Wait()
	}
	if len(r.all) < n {
		t.Fatalf("%d call records, waited for %d: %+v", len(r.all), n, r.all)
	}
	return append([]cdr.Record(nil), r.all...)
}

// New starts a network that ends with the test.
func New(t testing.TB, o Options) *Network {
	t.Helper()
	plans, err := numbering.Load()
	if err != nil {
		t.Fatal(err)
	}
	if !o.Host.IsValid() {
		o.Host = netip.MustParseAddr("127.0.0.1")
	}
	if !o.America.IsValid() {
		o.America = o.Host
	}
	n := &Network{Sold: routing.NewNumbers(), Devices: member.NewDirectory(), Bindings: location.NewTable(), Records: newRecords(), Realm: "lab.callisto"}
	centers := center.NewDirectory(plans, []center.Center{
		{ID: "KR", Name: "Korea", Countries: []string{"KR"}}, {ID: "US", Name: "United States", Countries: []string{"US"}},
	})
	folder := t.TempDir()
	n.CAFile = filepath.Join(folder, "ca.crt")
	ca, err := pki.Open(folder, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	n.CA = ca
	n.Ways = routing.NewWays()
	n.Ways.SetFree()
	n.Tables = &routing.Tables{Plans: plans, Centers: centers, Sold: n.Sold, Bindings: n.Bindings, Ways: n.Ways}
	cfg := exchange.Config{
		Centers: []exchange.Center{
			{ID: "KR", Listen: netip.AddrPortFrom(o.Host, 0), TLS: netip.AddrPortFrom(o.Host, 0)},
			{ID: "US", Listen: netip.AddrPortFrom(o.America, 0), TLS: netip.AddrPortFrom(o.America, 0)},
		},
		Realm: n.Realm, Devices: n.Devices, Bindings: n.Bindings, Recorder: n.Records,
		Tables: n.Tables,
		Certificate: func(c center.ID) (tls.Certificate, error) {
			return ca.Certificate(edge.PeerURI(c), exchange.LinkName(c), o.Host.String(), o.America.String())
		},
		Roots: ca.Pool(), TrunkRoots: ca.Pool(), Internet: o.Internet, KeepAlive: o.KeepAlive, Node: "lab", Epoch: 1, Shards: o.Shards, Portable: o.Portable, Now: time.Now,
	}
	if o.Verbose {
		cfg.Logger = slog.Default()
		cfg.Trace = func(id string, e *switching.Event, done []switching.Command) { t.Logf("%s %+v\n    %+v", id, *e, done) }
	}
	if n.Exchange, err = exchange.New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := n.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return n
}

// Member is one telephone account.
type Member struct {
	User, Password string
	Number         numbering.Number
	Country        string
}

// Member sells a number and gives it a device.
func (n *Network) Member(name, country, callingCode, national string) Member {
	num := numbering.Number{Kind: numbering.Individual, CallingCode: callingCode, National: national}
	m := Member{User: num.Canonical() + "-1", Password: "pw" + num.Canonical(), Number: num, Country: country}
	n.Sold.Set(routing.Holder{Number: num, Country: country, Account: "acc_" + num.Canonical(), Membership: "mem_" + num.Canonical(), Registered: true, CallsAs: name})
	h := sip.NewHA1(m.User, n.Realm, m.Password)
	n.Devices.Apply(member.Credential{
		SIPUser: m.User, Device: "dev_" + m.User, Membership: "mem_" + num.Canonical(), Account: "acc_" + num.Canonical(), Number: num, Country: country,
		Name: name, Home: center.ID(country), MD5: h.MD5, SHA256: h.SHA256,
	})
	return m
}

// Members makes count members of a country with consecutive numbers.
func (n *Network) Members(country, callingCode string, first, count int) []Member {
	list := make([]Member, count)
	for i := range list {
		list[i] = n.Member(fmt.Sprintf("Member %d", i), country, callingCode, fmt.Sprint(first+i))
	}
	return list
}

// Settle returns once every shard has finished what it was at: a call record is
// given out within the step that ends its call, not after it.
func (n *Network) Settle() {
	for _, s := range n.Core().Shards() {
		done := make(chan struct{})
		s.Post(func(*sip.Shard) { close(done) })
		<-done
	}
}

// center is the center of a country here.
func (n *Network) center(country string) center.ID { return center.ID(country) }

// Carriers has calls leave and come in by carriers.
func (n *Network) Carriers(list ...carrier.Carrier) {
	n.SetCarriers(list)
	n.Ways.SetCarriers(list)
}

// Change has calls decided by changed tables from now on: those in use are read
// by the shards and must not be written.
func (n *Network) Change(f func(t *routing.Tables)) {
	next := *n.Tables
	f(&next)
	n.Tables = &next
	n.SetTables(&next)
}
