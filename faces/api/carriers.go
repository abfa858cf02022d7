package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/member"
)

// Carriers keeps the carriers of the telephone network.
type Carriers interface {
	Carriers(ctx context.Context, by member.Actor) ([]carrier.Carrier, error)
	Add(ctx context.Context, by member.Actor, in carrier.Input) (carrier.Carrier, error)
	Change(ctx context.Context, by member.Actor, id string, in carrier.Input) (carrier.Carrier, error)
	Remove(ctx context.Context, by member.Actor, id string) error
	Test(ctx context.Context, by member.Actor, id, number string) (carrier.Report, error)
}

// Trunks knows how trunks do.
type Trunks interface {
	TrunkState(trunk string) carrier.State
}

// Writing is how numbers are written on a trunk.
type Writing struct {
	Format string `json:"format,omitempty" enum:"+E164,E164,national,international,world" doc:"+E164 unless said. national and international: with the prefixes of the center's country; world: as a world number is typed"`
	Rules  []Rule `json:"rules,omitempty" nullable:"false" doc:"The first whose prefix fits replaces it: after the format on the way out, before it on the way in"`
}

// Rule replaces the beginning of a number.
type Rule struct {
	Prefix string `json:"prefix" doc:"Digits, +, * or #; empty fits every number"`
	With   string `json:"with"`
}

type trunkIn struct {
	ID         string   `json:"id,omitempty" doc:"Of the trunk that is changed; leave out for a new one"`
	Host       string   `json:"host" doc:"HOST:PORT of the gateway"`
	Transport  string   `json:"transport,omitempty" enum:"udp,tcp,tls" doc:"udp unless said"`
	User       string   `json:"user,omitempty" doc:"For digest; leave out if the carrier knows us by our address"`
	Password   *string  `json:"password,omitempty" doc:"Kept sealed, never shown; leave out in a change to keep the one there is"`
	Realm      string   `json:"realm,omitempty" doc:"The realm that may ask for the password; unless said, the first that does in each call"`
	Register   bool     `json:"register,omitempty" doc:"Register there, so that it sends our calls to where we are"`
	Ping       bool     `json:"ping,omitempty" doc:"Ask it by OPTIONS whether it is there; calls leave by it only if it is"`
	Capacity   int      `json:"capacity,omitempty" minimum:"0" maximum:"100000" doc:"Calls at once, both ways; 0: no limit"`
	Rate       int      `json:"rate,omitempty" minimum:"0" maximum:"100000" doc:"Call attempts a second; 0: no limit"`
	From       []string `json:"from,omitempty" nullable:"false" doc:"Addresses, ADDRESS:PORT or networks its calls come from"`
	InUser     string   `json:"in_user,omitempty" doc:"User name by which it proves itself to us (digest)"`
	InPassword *string  `json:"in_password,omitempty" doc:"As password; at least 12 characters"`
	InName     string   `json:"in_name,omitempty" doc:"DNS name in its certificate, over TLS (RFC 5922)"`
}

type carrierIn struct {
	Center    string    `json:"center" doc:"Whose calls it takes, for example KR"`
	Kind      string    `json:"kind,omitempty" enum:"pstn,partner" doc:"pstn unless said; partner: another VoIP company"`
	Name      string    `json:"name"`
	Closed    bool      `json:"closed,omitempty" doc:"Takes no calls now"`
	Trunks    []trunkIn `json:"trunks" minItems:"1" maxItems:"16" nullable:"false" doc:"Tried in this order"`
	Out       Writing   `json:"out,omitempty" doc:"How called numbers are written there"`
	OutCaller Writing   `json:"out_caller,omitempty" doc:"How the caller's number is"`
	In        Writing   `json:"in,omitempty" doc:"How the numbers it calls here are written"`
	InCaller  Writing   `json:"in_caller,omitempty" doc:"And those of its callers"`
	Shows     string    `json:"shows,omitempty" enum:"own,fixed" doc:"own: the caller's own number where he has an ordinary one; fixed (unless said): always presents"`
	Presents  string    `json:"presents,omitempty" doc:"The number our calls show, with +; a partner needs none"`
	Assert    bool      `json:"assert,omitempty" doc:"Send P-Asserted-Identity"`
	Diverts   bool      `json:"diverts,omitempty" doc:"Send Diversion with forwarded calls, and believe it"`
	Codecs    []string  `json:"codecs,omitempty" nullable:"false" doc:"The only ones offered there, best first; none: as the caller's terminal"`
	DTMF      string    `json:"dtmf,omitempty" enum:"any,rfc4733,info" doc:"any unless said"`
	SRTP      bool      `json:"srtp,omitempty" doc:"Sound is encrypted both ways (SRTP, RFC 3711, keys by RFC 4568); every trunk has to use tls"`
	Short     bool      `json:"short,omitempty" doc:"Takes short codes of its center's country"`
	Emergency bool      `json:"emergency,omitempty" doc:"Takes emergency calls of its center's countries"`
	Prefix    string    `json:"prefix,omitempty" doc:"Partner: what is dialled before its own numbers"`
	Ranges    []string  `json:"ranges,omitempty" nullable:"false" doc:"Partner: prefixes of + forms that are its own within a national plan"`
	Domain    string    `json:"domain,omitempty" doc:"The host part of addresses there; the gateway's name unless said"`
	ENUM      string    `json:"enum,omitempty" doc:"Partner: the zone where its numbers are looked up (RFC 6116), those of its ranges; what the zone has goes there first, what it lacks goes to others first"`
	ENUMAll   bool      `json:"enum_all,omitempty" doc:"Partner: ask its zone, and believe it, for every number: whoever runs it can draw all calls"`
	Sells     *int64    `json:"sells_micros,omitempty" minimum:"0" doc:"Partner: what members pay a minute for its own numbers, in micro-units"`
	Reach     []string  `json:"reach,omitempty" nullable:"false" doc:"Prefixes of the numbers of ours it may call, or *"`
}

func (*carrierIn) exact() {}

// Carrier is what may be told of one.
type Carrier struct {
	ID        string    `json:"id"`
	Center    string    `json:"center"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	Closed    bool      `json:"closed"`
	Trunks    []Trunk   `json:"trunks" nullable:"false"`
	Out       Writing   `json:"out"`
	OutCaller Writing   `json:"out_caller"`
	In        Writing   `json:"in"`
	InCaller  Writing   `json:"in_caller"`
	Shows     string    `json:"shows"`
	Presents  string    `json:"presents"`
	Assert    bool      `json:"assert"`
	Diverts   bool      `json:"diverts"`
	Codecs    []string  `json:"codecs" nullable:"false"`
	DTMF      string    `json:"dtmf"`
	SRTP      bool      `json:"srtp"`
	Short     bool      `json:"short"`
	Emergency bool      `json:"emergency"`
	Prefix    string    `json:"prefix"`
	Ranges    []string  `json:"ranges" nullable:"false"`
	Domain    string    `json:"domain"`
	ENUM      string    `json:"enum"`
	ENUMAll   bool      `json:"enum_all"`
	Sells     *int64    `json:"sells_micros"`
	Reach     []string  `json:"reach" nullable:"false"`
	Created   time.Time `json:"created_at"`
}

// Trunk is what may be told of one.
type Trunk struct {
	ID         string   `json:"id"`
	Host       string   `json:"host"`
	Transport  string   `json:"transport"`
	User       string   `json:"user"`
	Password   bool     `json:"password" doc:"Whether one is kept"`
	Realm      string   `json:"realm"`
	Register   bool     `json:"register"`
	Ping       bool     `json:"ping"`
	Capacity   int      `json:"capacity"`
	Rate       int      `json:"rate"`
	From       []string `json:"from" nullable:"false"`
	InUser     string   `json:"in_user"`
	InPassword bool     `json:"in_password"`
	InName     string   `json:"in_name"`
	State      State    `json:"state"`
}

// State is how a trunk does now.
type State struct {
	Health     string     `json:"health" enum:"unknown,up,down" doc:"unknown: it is neither asked nor registered at; down: calls leave by others while there are others"`
	Since      *time.Time `json:"since"`
	Answer     string     `json:"answer" doc:"The gateway's last answer, for people"`
	Registered *time.Time `json:"registered_until" doc:"null: we are not registered there"`
	Registry   string     `json:"registration" doc:"Its last answer to a registration, for people"`
	Calls      int        `json:"calls" doc:"Now, both ways"`
}

type carrierReport struct {
	OK       bool   `json:"ok"`
	Code     string `json:"code" doc:"answered, busy, unproven, refused, no_response, redirected, silent, …"`
	Text     string `json:"text" doc:"What happened, for people"`
	Answered bool   `json:"answered"`
	Heard    bool   `json:"heard" doc:"Sound came back from the carrier"`
	Delay    int64  `json:"delay_ms" doc:"To the first sign of ringing, or the answer; 0: neither came"`
	Status   int    `json:"status" doc:"The SIP status that refused the call; 0: none did"`
	Zone     string `json:"zone" doc:"What is wrong with a partner's ENUM zone, for people; empty: nothing, or it has none"`
}

func (f *face) registerCarriers() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/carriers", "list-carriers", "Operator", "The carriers of the telephone network", 0)), f.listCarriers)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/carriers", "add-carrier", "Operator", "Add a carrier", http.StatusCreated)), f.addCarrier)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/carriers/{id}", "change-carrier", "Operator", "Change a carrier", 0)), f.changeCarrier)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/carriers/{id}", "remove-carrier", "Operator", "Remove a carrier; calls under way go on", http.StatusNoContent)), f.removeCarrier)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/carriers/{id}/test", "test-carrier", "Operator", "Place a test call by a carrier's first trunk, or by the trunk with the id, and say in words what became of it", 0)), f.testCarrier)
}

func (w Writing) value() carrier.Writing {
	out := carrier.Writing{Format: carrier.Format(w.Format)}
	for _, r := range w.Rules {
		out.Rules = append(out.Rules, carrier.Rule{Prefix: r.Prefix, With: r.With})
	}
	return out
}

func showWriting(w carrier.Writing) Writing {
	out := Writing{Format: string(w.Format)}
	for _, r := range w.Rules {
		out.Rules = append(out.Rules, Rule{Prefix: r.Prefix, With: r.With})
	}
	return out
}

func (c carrierIn) input() carrier.Input {
	in := carrier.Input{
		Center: center.ID(c.Center), Kind: carrier.Kind(c.Kind), Name: c.Name, Closed: c.Closed,
		Out: c.Out.value(), OutCaller: c.OutCaller.value(), In: c.In.value(), InCaller: c.InCaller.value(),
		Shows: carrier.Showing(c.Shows), Presents: c.Presents, Assert: c.Assert, Diverts: c.Diverts, Codecs: c.Codecs, DTMF: carrier.DTMF(c.DTMF),
		SRTP: c.SRTP, Short: c.Short, Emergency: c.Emergency, Prefix: c.Prefix, Ranges: c.Ranges, Domain: c.Domain, ENUM: c.ENUM, ENUMAll: c.ENUMAll, Sells: c.Sells, Reach: c.Reach,
	}
	for _, t := range c.Trunks {
		in.Trunks = append(in.Trunks, carrier.TrunkInput{
			Trunk: carrier.Trunk{
				ID: t.ID, Host: t.Host, Transport: carrier.Transport(t.Transport), User: t.User, Realm: t.Realm, Register: t.Register, Ping: t.Ping,
				Capacity: t.Capacity, CPS: t.Rate, From: t.From, InUser: t.InUser, InName: t.InName,
			},
			Password: t.Password, InPassword: t.InPassword,
		})
	}
	return in
}

func (f *face) showState(trunk string) State {
	s := f.Trunks.TrunkState(trunk)
	return State{
		Health: string(s.Health), Since: when(s.Since), Answer: s.Answer.Text(), Registered: when(s.Registered), Registry: s.Registry.Text(), Calls: s.Calls,
	}
}

func (f *face) showCarrier(c carrier.Carrier) Carrier {
	out := Carrier{
		ID: c.ID, Center: string(c.Center), Kind: string(c.Kind), Name: c.Name, Closed: c.Closed, Trunks: []Trunk{},
		Out: showWriting(c.Out), OutCaller: showWriting(c.OutCaller), In: showWriting(c.In), InCaller: showWriting(c.InCaller),
		Shows: string(c.Shows), Presents: c.Presents, Assert: c.Assert, Diverts: c.Diverts, Codecs: listed(c.Codecs), DTMF: string(c.DTMF),
		SRTP: c.SRTP, Short: c.Short, Emergency: c.Emergency, Prefix: c.Prefix, Ranges: listed(c.Ranges), Domain: c.Domain, ENUM: c.ENUM, ENUMAll: c.ENUMAll, Sells: c.Sells,
		Reach: listed(c.Reach), Created: c.Created.UTC(),
	}
	for _, t := range c.Trunks {
		out.Trunks = append(out.Trunks, Trunk{
			ID: t.ID, Host: t.Host, Transport: string(t.Transport), User: t.User, Password: t.Password != "", Realm: t.Realm, Register: t.Register,
			Ping: t.Ping, Capacity: t.Capacity, Rate: t.CPS, From: listed(t.From), InUser: t.InUser, InPassword: t.InPassword != "", InName: t.InName, State: f.showState(t.ID),
		})
	}
	return out
}

// listed is a list that is never null.
func listed(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func (f *face) listCarriers(ctx context.Context, _ *struct{}) (*body[list[Carrier]], error) {
	all, err := f.Carriers.Carriers(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", f.showCarrier), nil
}

func (f *face) addCarrier(ctx context.Context, in *struct{ Body carrierIn }) (*body[Carrier], error) {
	c, err := f.Carriers.Add(ctx, actor(ctx), in.Body.input())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Carrier]{f.showCarrier(c)}, nil
}

func (f *face) changeCarrier(ctx context.Context, in *struct {
	ByID
	Body carrierIn
}) (*body[Carrier], error) {
	c, err := f.Carriers.Change(ctx, actor(ctx), in.ID, in.Body.input())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Carrier]{f.showCarrier(c)}, nil
}

func (f *face) removeCarrier(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Carriers.Remove(ctx, actor(ctx), in.ID))
}

func (f *face) testCarrier(ctx context.Context, in *struct {
	ByID
	Body struct {
		Number string `json:"number" doc:"The telephone to call, with +"`
	}
}) (*body[carrierReport], error) {
	r, err := f.Carriers.Test(ctx, actor(ctx), in.ID, in.Body.Number)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[carrierReport]{carrierReport{
		OK: r.OK, Code: r.Code, Text: r.Text, Answered: r.Answered, Heard: r.Heard, Delay: r.Delay.Milliseconds(), Status: r.Status, Zone: r.Zone,
	}}, nil
}
