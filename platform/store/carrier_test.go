package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
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
		secret := "the password of the trunk"
		in := carrier.Input{Center: "KR", Name: "Seoul Tel", Host: "sip.seoul.example:5060", User: "callisto", Password: &secret, Presents: "+82 2 555 0100"}
		c, err := s.Add(ctx, member.System(), in)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(c.Password, secret) || !c.Secret() || c.Presents != "+8225550100" || c.Transport != carrier.UDP || c.Format != carrier.Plus {
			t.Errorf("added %+v", c)
		}
		list, err := s.Carriers(ctx, member.System())
		if err != nil || len(list) != 1 || list[0].Password == secret {
			t.Errorf("listed %+v %v", list, err)
		}
		if len(l.list) != 1 || l.list[0].Password != secret {
			t.Errorf("the trunks know %+v", l.list)
		}
		if cfg.URL == "" {
			notOnDisk(t, filepath.Join(cfg.Dir, store.File), secret)
		}
		if rows, err := h.db.Carriers().Carriers(ctx); err != nil || len(rows) != 1 || strings.Contains(rows[0].Password, "password") {
			t.Errorf("stored %+v %v", rows, err)
		}

		in.Password, in.Host, in.Format, in.Assert = nil, "192.0.2.7:5080", carrier.National, true // the password stays
		if _, err := s.Change(ctx, member.System(), c.ID, in); err != nil {
			t.Fatal(err)
		}
		l2 := &lines{}
		s = h.carriers(t, cfg.Dir, l2) // after a restart
		if len(l2.list) != 1 || l2.list[0].Password != secret || l2.list[0].Host != "192.0.2.7:5080" || !l2.list[0].Assert || !l2.list[0].Created.Equal(c.Created) {
			t.Errorf("after a restart %+v", l2.list)
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

// notOnDisk looks for a text in every row of the file.
func notOnDisk(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's connection
	n := 0
	if err := db.QueryRow(`SELECT COUNT(*) FROM carrier WHERE sealed LIKE '%'||$1||'%' OR sealed = ''`, text).Scan(&n); err != nil || n != 0 {
		t.Errorf("the clear password is in the database: %d %v", n, err)
	}
}

func TestWrongCarriersAreRefused(t *testing.T) {
	h := build(t, store.Config{Dir: t.TempDir()}, newClock())
	s := h.carriers(t, t.TempDir(), &lines{})
	secret := "x"
	good := carrier.Input{Center: "KR", Name: "A", Host: "a.example:5060", User: "u", Password: &secret, Presents: "+8225550100"}
	for field, change := range map[string]func(*carrier.Input){
		"center":    func(in *carrier.Input) { in.Center = "XX" },
		"name":      func(in *carrier.Input) { in.Name = " " },
		"host":      func(in *carrier.Input) { in.Host = "a.example" },
		"transport": func(in *carrier.Input) { in.Transport = "sctp" },
		"format":    func(in *carrier.Input) { in.Format = "0049" },
		"user":      func(in *carrier.Input) { in.User = "" },
		"realm":     func(in *carrier.Input) { in.Realm = "a\r\nb" },
		"presents":  func(in *carrier.Input) { in.Presents = "112" },
	} {
		in := good
		change(&in)
		_, err := s.Add(t.Context(), member.System(), in)
		e, ok := err.(*fault.Error) //nolint:errorlint // it is bare
		if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, host := range []string{"", ":5060", "a:0", "a:70000", "1.2.3.4:5060", "[2001:db8::1]:5060", "0.0.0.0:5060", "a b:5060", "-a.example:5060", "1.2.3:5060", "x@a.example:5060", "a.example:5060>;x"} {
		in := good
		in.Host = host
		_, err := s.Add(t.Context(), member.System(), in)
		if ok := host == "1.2.3.4:5060" || host == "[2001:db8::1]:5060"; ok != (err == nil) {
			t.Errorf("%q: %v", host, err)
		}
	}
}
