package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/platform/seal"
	"github.com/callisto-tel/callisto/platform/store"
)

// lines notes what the trunks are told.
type lines struct{ list []carrier.Carrier }

func (l *lines) SetCarriers(list []carrier.Carrier) { l.list = list }

func (h *house) carriers(t *testing.T, dir string, l *lines) *carrier.Service {
	t.Helper()
	v, err := seal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	centers := center.NewDirectory(plans(t), []center.Center{{ID: "KR", Countries: []string{"KR"}}, {ID: "US", Countries: []string{"US"}}})
	s := carrier.New(h.db.Carriers(), v, carrier.Config{Plans: plans(t), Centers: func() *center.Directory { return centers }, Trunks: l, Now: h.clock.now})
	if err := s.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestACarrierIsKept(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx, clock := t.Context(), newClock()
		h := build(t, cfg, clock)
		l := &lines{}
		s := h.carriers(t, cfg.Dir, l)
		secret, inward := "the password of the trunk", "the password to call us"
		in := carrier.Input{Center: "KR", Name: "Seoul Tel", Presents: "+82 2 555 0100", Trunks: []carrier.TrunkInput{{
			Trunk: carrier.Trunk{Host: "sip.seoul.example:5060", User: "callisto", InUser: "seoul"}, Password: &secret, InPassword: &inward,
		}}}
		c, err := s.Add(ctx, member.System(), in)
		if err != nil {
			t.Fatal(err)
		}
		x := c.Trunks[0]
		if x.Password == secret || x.Password == "" || x.InPassword == inward || c.Presents != "+8225550100" || x.Transport != carrier.UDP || c.Out.Format != carrier.Plus {
			t.Errorf("added %+v", c)
		}
		list, err := s.Carriers(ctx, member.System())
		if err != nil || len(list) != 1 || list[0].Trunks[0].Password == secret {
			t.Errorf("listed %+v %v", list, err)
		}
		if len(l.list) != 1 || l.list[0].Trunks[0].Password != secret || l.list[0].Trunks[0].InPassword != inward {
			t.Errorf("the trunks know %+v", l.list)
		}
		if cfg.URL == "" {
			notOnDisk(t, filepath.Join(cfg.Dir, store.File), secret)
			notOnDisk(t, filepath.Join(cfg.Dir, store.File), inward)
		}
		if rows, err := h.db.Carriers().Carriers(ctx); err != nil || len(rows) != 1 || strings.Contains(rows[0].Trunks[0].Password+rows[0].Trunks[0].InPassword, "password") {
			t.Errorf("stored %+v %v", rows, err)
		}

		in.Trunks[0].Password, in.Trunks[0].InPassword, in.Trunks[0].ID = nil, nil, x.ID // the passwords stay
		in.Out.Format, in.Assert, in.SRTP, in.Trunks[0].Transport = carrier.National, true, true, carrier.TLS
		if _, err := s.Change(ctx, member.System(), c.ID, in); err != nil {
			t.Fatal(err)
		}
		l2 := &lines{}
		s = h.carriers(t, cfg.Dir, l2) // after a restart
		if len(l2.list) != 1 || l2.list[0].Trunks[0].Password != secret || l2.list[0].Trunks[0].InPassword != inward || !l2.list[0].Assert || !l2.list[0].SRTP || !l2.list[0].Created.Equal(c.Created) {
			t.Errorf("after a restart %+v", l2.list)
		}
		moved := in
		moved.Trunks = slices.Clone(in.Trunks)
		moved.Trunks[0].Host = "192.0.2.7:5080"
		var f *fault.Error
		if _, err := s.Change(ctx, member.System(), c.ID, moved); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Name != "trunks.0.password" {
			t.Errorf("another gateway without its password: %v", err)
		}
		if x := l2.list[0].Trunks[0]; x.Password != secret || x.Host != in.Trunks[0].Host {
			t.Errorf("refused, and changed: %+v", x)
		}
		other := "another one"
		moved.Trunks[0].Password = &other
		if _, err := s.Change(ctx, member.System(), c.ID, moved); err != nil {
			t.Fatal(err)
		}
		if x := l2.list[0].Trunks[0]; x.Password != other || x.InPassword != inward || x.Host != "192.0.2.7:5080" {
			t.Errorf("another gateway is given the password of the old one: %+v", x)
		}
		if _, err := s.Add(ctx, member.System(), carrier.Input{Center: "KR", Name: "B", Presents: "+82 2 555 0100", Trunks: []carrier.TrunkInput{{
			Trunk: carrier.Trunk{Host: "b.example:5060", InUser: "seoul"}, InPassword: &inward,
		}}}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("two carriers prove themselves by one name: %v", err)
		}
		if x, ok := s.For("US"); !ok || x.ID != c.ID {
			t.Errorf("for the US: %+v", x)
		}

		customer := h.person(t, "minji")
		_, err1 := s.Carriers(ctx, customer)
		_, err2 := s.Add(ctx, customer, in)
		_, err3 := s.Change(ctx, customer, c.ID, in)
		_, err4 := s.Test(ctx, customer, c.ID, "+8225551234")
		for _, err := range []error{err1, err2, err3, err4, s.Remove(ctx, customer, c.ID)} {
			if fault.KindOf(err) != fault.Forbidden {
				t.Errorf("a customer: %v", err)
			}
		}
		if err := s.Remove(ctx, member.System(), c.ID); err != nil || len(l2.list) != 0 {
			t.Errorf("removed: %v, %d left", err, len(l2.list))
		}
		if err := s.Remove(ctx, member.System(), c.ID); fault.KindOf(err) != fault.Unknown {
			t.Errorf("removed twice: %v", err)
		}
		if _, err := s.Change(ctx, member.System(), c.ID, in); fault.KindOf(err) != fault.Unknown {
			t.Errorf("changed after: %v", err)
		}
	})
}

// TestAZoneIsBelievedWithinRanges: or for every number, if that was said; else
// a partner's zone is refused.
func TestAZoneIsBelievedWithinRanges(t *testing.T) {
	cluster.Each(t, func(t *testing.T, cfg store.Config) {
		ctx := t.Context()
		h := build(t, cfg, newClock())
		s := h.carriers(t, cfg.Dir, &lines{})
		in := carrier.Input{Center: "KR", Kind: carrier.Partner, Name: "Partner", ENUM: "e164.partner.example", Prefix: "7799", Trunks: []carrier.TrunkInput{{
			Trunk: carrier.Trunk{Host: "sip.partner.example:5060"},
		}}}
		var f *fault.Error
		if _, err := s.Add(ctx, member.System(), in); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Name != "enum" {
			t.Errorf("a zone for nobody knows which numbers: %v", err)
		}
		in.ENUMAll = true
		c, err := s.Add(ctx, member.System(), in)
		if err != nil {
			t.Fatal(err)
		}
		l := &lines{}
		s = h.carriers(t, cfg.Dir, l) // after a restart
		if len(l.list) != 1 || !l.list[0].Looks("4930901820") {
			t.Errorf("believed for every number: %+v", l.list)
		}
		in.ENUMAll, in.Ranges = false, []string{"+82 70 123"}
		if _, err := s.Change(ctx, member.System(), c.ID, in); err != nil {
			t.Fatal(err)
		}
		l = &lines{}
		h.carriers(t, cfg.Dir, l)
		if len(l.list) != 1 || l.list[0].Looks("4930901820") || !l.list[0].Looks("82701230000") {
			t.Errorf("believed within its ranges: %+v", l.list)
		}
	})
}

// notOnDisk looks for a text in every row of the file.
func notOnDisk(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's connection
	n := 0
	if err := db.QueryRow(`SELECT COUNT(*) FROM carrier WHERE document LIKE '%'||$1||'%' OR document NOT LIKE '%"password":"%'`, text).Scan(&n); err != nil || n != 0 {
		t.Errorf("the clear password is in the database: %d %v", n, err)
	}
}

func TestWrongCarriersAreRefused(t *testing.T) {
	h := build(t, cluster.SQLite(t), newClock())
	s := h.carriers(t, t.TempDir(), &lines{})
	secret := "x"
	good := func() carrier.Input {
		return carrier.Input{Center: "KR", Name: "A", Presents: "+8225550100", Trunks: []carrier.TrunkInput{{
			Trunk: carrier.Trunk{Host: "a.example:5060", User: "u", InUser: "a"}, Password: &secret, InPassword: new("twelve letters"),
		}}}
	}
	trunk := func(f func(*carrier.TrunkInput)) func(*carrier.Input) {
		return func(in *carrier.Input) { f(&in.Trunks[0]) }
	}
	many := make([]carrier.Rule, 51)
	for field, changes := range map[string][]func(*carrier.Input){
		"center":               {func(in *carrier.Input) { in.Center = "XX" }},
		"kind":                 {func(in *carrier.Input) { in.Kind = "friend" }},
		"name":                 {func(in *carrier.Input) { in.Name = " " }},
		"trunks.0.host":        {trunk(func(x *carrier.TrunkInput) { x.Host = "a.example" }), func(in *carrier.Input) { in.Trunks = nil }},
		"trunks.0.transport":   {trunk(func(x *carrier.TrunkInput) { x.Transport = "sctp" })},
		"trunks.0.user":        {trunk(func(x *carrier.TrunkInput) { x.User = "" }), trunk(func(x *carrier.TrunkInput) { x.User, x.Password, x.Register = "", nil, true })},
		"trunks.0.realm":       {trunk(func(x *carrier.TrunkInput) { x.Realm = "a\r\nb" })},
		"trunks.0.in_user":     {trunk(func(x *carrier.TrunkInput) { x.InUser = "" }), trunk(func(x *carrier.TrunkInput) { x.InPassword = nil })},
		"trunks.0.in_password": {trunk(func(x *carrier.TrunkInput) { x.InPassword = &secret })},
		"trunks.0.in_name":     {trunk(func(x *carrier.TrunkInput) { x.InName = "a b" })},
		"trunks.0.capacity":    {trunk(func(x *carrier.TrunkInput) { x.Capacity = -1 })},
		"trunks.0.rate":        {trunk(func(x *carrier.TrunkInput) { x.CPS = 1 << 20 })},
		"trunks.0.from": {
			trunk(func(x *carrier.TrunkInput) { x.From = []string{"0.0.0.0/0"} }), trunk(func(x *carrier.TrunkInput) { x.From = []string{"sip.example"} }),
			trunk(func(x *carrier.TrunkInput) {
				x.From = make([]string, 0)
				for range 65 {
					x.From = append(x.From, "192.0.2.1")
				}
			}),
		},
		"trunks.1.host": {func(in *carrier.Input) {
			in.Trunks = append(in.Trunks, carrier.TrunkInput{Trunk: carrier.Trunk{Host: "b.example"}})
		}},
		"out":      {func(in *carrier.Input) { in.Out.Format = "0049" }, func(in *carrier.Input) { in.Out.Rules = many }},
		"in":       {func(in *carrier.Input) { in.In.Rules = []carrier.Rule{{Prefix: "0", With: "sip:"}} }},
		"presents": {func(in *carrier.Input) { in.Presents = "112" }, func(in *carrier.Input) { in.Presents = "" }},
		"shows":    {func(in *carrier.Input) { in.Shows = "both" }},
		"dtmf":     {func(in *carrier.Input) { in.DTMF = "morse" }},
		"srtp":     {func(in *carrier.Input) { in.SRTP = true }}, // by UDP
		"codecs":   {func(in *carrier.Input) { in.Codecs = []string{"MP3"} }},
		"prefix":   {func(in *carrier.Input) { in.Prefix = "77" }, func(in *carrier.Input) { in.Kind, in.Prefix = carrier.Partner, "7a" }},
		"ranges":   {func(in *carrier.Input) { in.Kind, in.Prefix, in.Ranges = carrier.Partner, "77", []string{"070"} }},
		"reach":    {func(in *carrier.Input) { in.Reach = []string{"everybody"} }},
		"domain":   {func(in *carrier.Input) { in.Domain = "a example" }},
	} {
		for i, change := range changes {
			in := good()
			change(&in)
			_, err := s.Add(t.Context(), member.System(), in)
			e, ok := err.(*fault.Error) //nolint:errorlint // it is bare
			if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != field {
				t.Errorf("%s %d: %v", field, i, err)
			}
		}
	}
	for _, host := range []string{"", ":5060", "a:0", "a:70000", "1.2.3.4:5060", "[2001:db8::1]:5060", "0.0.0.0:5060", "a b:5060", "-a.example:5060", "1.2.3:5060", "x@a.example:5060", "a.example:5060>;x"} {
		in := good()
		in.Trunks[0].Host, in.Trunks[0].InUser, in.Trunks[0].InPassword = host, "", nil
		_, err := s.Add(t.Context(), member.System(), in)
		if ok := host == "1.2.3.4:5060" || host == "[2001:db8::1]:5060"; ok != (err == nil) {
			t.Errorf("%q: %v", host, err)
		}
	}
}
