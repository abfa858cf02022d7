package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/form"
	"github.com/callisto-tel/callisto/business/member"
)

type office struct {
	Country   string   `json:"country"`
	City      string   `json:"city,omitempty"`
	Languages []string `json:"languages,omitempty"`
	TimeZone  string   `json:"time_zone,omitempty" doc:"IANA name"`
}

type memberIn struct {
	OrderID        string   `json:"order_id" doc:"The order that bought the number"`
	ContactPSTN    string   `json:"contact_pstn,omitempty" doc:"A telephone we can reach you at, +82…; or give identification"`
	Identification string   `json:"identification,omitempty"`
	OtherVoIP      []string `json:"other_voip,omitempty" doc:"Your numbers at other VoIP companies"`
	Name           string   `json:"name"`
	Country        string   `json:"country" doc:"Where you live, ISO code"`
	Languages      []string `json:"languages" doc:"BCP 47, mother tongue first"`
	Email          string   `json:"email"`
	TimeZone       string   `json:"time_zone" doc:"IANA name: Asia/Seoul"`
	Offices        []office `json:"offices,omitempty" doc:"Companies: their offices"`
}

// Membership is a registered number.
type Membership struct {
	ID             string      `json:"id"`
	OrderID        string      `json:"order_id"`
	Number         string      `json:"number"`
	E164           string      `json:"e164,omitempty"`
	Kind           string      `json:"kind"`
	Country        string      `json:"country"`
	Name           string      `json:"name"`
	HomeCountry    string      `json:"home_country"`
	ContactPSTN    string      `json:"contact_pstn,omitempty"`
	Identification string      `json:"identification,omitempty"`
	OtherVoIP      []string    `json:"other_voip"`
	Languages      []string    `json:"languages"`
	Email          string      `json:"email"`
	TimeZone       string      `json:"time_zone"`
	Offices        []office    `json:"offices,omitempty"`
	Numbers        []ownNumber `json:"numbers" doc:"Your other numbers, and whether calls are sent on to them"`
	Forwarding     forwarding  `json:"forwarding"`
	CallerID       callerID    `json:"caller_id"`
	Created        time.Time   `json:"created_at"`
}

// forwarding is which calls of a number are forwarded.
type forwarding struct {
	Always      []string `json:"always" required:"false" nullable:"false" maxItems:"11" doc:"Every call goes there, and no terminal rings. Each list holds numbers of yours, tried in this order"`
	Busy        []string `json:"busy" required:"false" nullable:"false" maxItems:"11" doc:"When you are busy or decline"`
	NoAnswer    []string `json:"no_answer" required:"false" nullable:"false" maxItems:"11" doc:"When nobody answers"`
	Unreachable []string `json:"unreachable" required:"false" nullable:"false" maxItems:"11" doc:"When no terminal is signed in. Until you choose: all of your numbers"`
	After       int      `json:"after_seconds" required:"false" minimum:"0" maximum:"60" doc:"How long it rings before no_answer; 5 to 60, 0: as long as any call"`
}

// callerID is what the calls of a number show.
type callerID struct {
	Withhold bool   `json:"withhold" required:"false" doc:"No number, unless a call says otherwise: *82 before the number"`
	Shows    string `json:"shows,omitempty" doc:"To ordinary telephones: a telephone number you rent for it, with +"`
}

func showForwarding(f member.Forwarding) forwarding {
	return forwarding{
		Always: orEmpty(f.Always), Busy: orEmpty(f.Busy), NoAnswer: orEmpty(f.NoAnswer), Unreachable: orEmpty(f.Unreachable), After: int(f.After / time.Second),
	}
}

type ownNumber struct {
	Text    string `json:"text"`
	E164    string `json:"e164,omitempty" doc:"Empty: no number that a call can prove"`
	Purpose string `json:"purpose" doc:"contact or other_voip, as a proof needs it"`
	Dial    string `json:"dial,omitempty" doc:"As it stands in forwarding; empty: no call can be sent there"`
	Proved  bool   `json:"proved"`
	Used    bool   `json:"used" doc:"Calls are sent on there if you choose it: it is proved, or this is callisto dev, where no real telephone rings"`
}

// Device is a telephone's credential.
type Device struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Kind       string     `json:"kind" enum:"telephone,browser,card" doc:"How it proves itself: a telephone by its SIP password, a browser by passes, as a terminal does at which an ID card is signed in"`
	Number     string     `json:"number"`
	SIPUser    string     `json:"sip_user"`
	SIPDomain  string     `json:"sip_domain" doc:"Registrar and proxy: a domain or HOST:PORT"`
	Transports []string   `json:"sip_transports"`
	Sound      string     `json:"sound" enum:"auto,srtp,dtls,plain" doc:"How the sound between it and us is protected: auto is as the telephone offers; srtp and dtls take nothing else; the keys of srtp are secret over TLS only"`
	Created    time.Time  `json:"created_at"`
	Revoked    *time.Time `json:"revoked_at,omitempty"`
}

// newDevice is a device with its password, shown this once.
type newDevice struct {
	Device
	SIPPassword string `json:"sip_password" doc:"Shown this once: we keep only a digest of it"`
}

type registered struct {
	Membership
	SIPUser     string    `json:"sip_user"`
	SIPPassword string    `json:"sip_password" doc:"Shown this once: we keep only a digest of it"`
	SIPDomain   string    `json:"sip_domain" doc:"Registrar and proxy: a domain or HOST:PORT"`
	Device      newDevice `json:"device" doc:"The first telephone's credential"`
}

func (f *face) registerMembers() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, op(http.MethodGet, "/api/v1/members/form", "member-form", "Members", "The fields of a registration", 0),
		func(context.Context, *struct{}) (*body[form.Form], error) {
			return &body[form.Form]{f.Members.Form()}, nil
		})
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/members", "register-member", "Members", "Register a bought number: the answer holds the SIP account", http.StatusCreated)), f.registerMember)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/members", "list-members", "Members", "Your registered numbers", 0)), f.listMembers)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/members/{id}", "get-member", "Members", "One registered number", 0)), f.getMember)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/members/{id}/forwarding", "set-forwarding", "Members", "Which calls are forwarded, and where; you pay for those calls. Only numbers that are used ring", 0)), f.setForwarding)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/members/{id}/caller_id", "set-caller-id", "Members", "What the calls of a number show", 0)), f.setCallerID)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/members/{id}/devices", "list-devices", "Devices", "The telephones of a number", 0)), f.listDevices)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/members/{id}/devices", "add-device", "Devices", "A further telephone, with a credential of its own", http.StatusCreated)), f.addDevice)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/devices/{id}", "revoke-device", "Devices", "End a telephone's credential and its registrations", http.StatusNoContent)), f.revokeDevice)
}

func (f *face) showMembership(m member.Membership) Membership {
	out := Membership{
		ID: m.ID, OrderID: m.Order, Number: m.Number.Display(), E164: m.Number.E164(), Kind: m.Number.Kind.String(), Country: m.Country,
		Name: m.Name, HomeCountry: m.HomeCountry, ContactPSTN: m.ContactPSTN, Identification: m.Identification,
		OtherVoIP: orEmpty(m.OtherVoIP), Languages: orEmpty(m.Languages), Email: m.Email, TimeZone: m.TimeZone, Created: m.Created.UTC(),
		Forwarding: showForwarding(m.Forwarding()), CallerID: callerID(m.CallerID),
	}
	for _, o := range m.Offices {
		out.Offices = append(out.Offices, office{Country: o.Country, City: o.City, Languages: o.Languages, TimeZone: o.TimeZone})
	}
	out.Numbers = []ownNumber{}
	for _, o := range m.Own() {
		out.Numbers = append(out.Numbers, ownNumber{Text: o.Text, E164: o.E164, Dial: o.Dial, Purpose: string(o.Purpose), Proved: o.Proved, Used: o.Used(f.Dev)})
	}
	return out
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func (f *face) showDevice(d member.Device, country string) Device {
	kind := "telephone"
	if d.Kind != member.Telephone {
		kind = string(d.Kind)
	}
	return Device{
		ID: d.ID, Kind: kind, Name: d.Name, Number: d.Number.Display(), SIPUser: d.SIPUser, SIPDomain: f.Reader.SIPDomain(country),
		Transports: f.Reader.Transports(country), Sound: cmp.Or(string(d.Sound), "auto"), Created: d.Created.UTC(), Revoked: when(d.Revoked),
	}
}

func (b memberIn) registration() member.Registration {
	r := member.Registration{
		OrderID: b.OrderID, ContactPSTN: b.ContactPSTN, Identification: b.Identification, OtherVoIP: b.OtherVoIP, Name: b.Name,
		Country: b.Country, Languages: b.Languages, Email: b.Email, TimeZone: b.TimeZone,
	}
	for _, o := range b.Offices {
		r.Offices = append(r.Offices, member.Office{Country: o.Country, City: o.City, Languages: o.Languages, TimeZone: o.TimeZone})
	}
	return r
}

func (f *face) registerMember(ctx context.Context, in *struct{ Body memberIn }) (*body[registered], error) {
	m, d, err := f.Members.Register(ctx, actor(ctx), in.Body.registration())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	dev := newDevice{Device: f.showDevice(d.Device, m.Country), SIPPassword: d.Password}
	return &body[registered]{registered{
		Membership: f.showMembership(m), SIPUser: dev.SIPUser, SIPPassword: dev.SIPPassword, SIPDomain: dev.SIPDomain, Device: dev,
	}}, nil
}

func (f *face) listMembers(ctx context.Context, _ *struct{}) (*body[list[Membership]], error) {
	who := actor(ctx)
	items, err := f.Members.Memberships(ctx, who, who.Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, "", f.showMembership), nil
}

func (f *face) getMember(ctx context.Context, in *ByID) (*body[Membership], error) {
	m, err := f.Lines.NumbersProved(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Membership]{f.showMembership(m)}, nil
}

func (f *face) listDevices(ctx context.Context, in *ByID) (*body[list[Device]], error) {
	items, err := f.Members.Devices(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(items, "", func(d member.Device) Device { return f.showDevice(d, d.Country) }), nil
}

func (f *face) addDevice(ctx context.Context, in *struct {
	ByID
	Body struct {
		Name    string `json:"name" doc:"To tell your telephones apart: “desk”"`
		Country string `json:"country,omitempty" doc:"Companies: which office; the home office unless said"`
	}
}) (*body[newDevice], error) {
	m, err := f.Members.Membership(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	d, err := f.Members.AddDevice(ctx, actor(ctx), in.ID, in.Body.Name, in.Body.Country)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	country := m.Country
	if in.Body.Country != "" {
		country = in.Body.Country
	}
	return &body[newDevice]{newDevice{Device: f.showDevice(d.Device, country), SIPPassword: d.Password}}, nil
}

func (f *face) revokeDevice(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Members.RevokeDevice(ctx, actor(ctx), in.ID))
}

func (f *face) setForwarding(ctx context.Context, in *struct {
	ByID
	Body forwarding
}) (*body[Membership], error) {
	b := in.Body
	m, err := f.Calling.SetForwarding(ctx, actor(ctx), in.ID, member.Forwarding{
		Always: b.Always, Busy: b.Busy, NoAnswer: b.NoAnswer, Unreachable: b.Unreachable, After: time.Duration(b.After) * time.Second,
	})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Membership]{f.showMembership(m)}, nil
}

func (f *face) setCallerID(ctx context.Context, in *struct {
	ByID
	Body callerID
}) (*body[Membership], error) {
	m, err := f.Calling.SetCallerID(ctx, actor(ctx), in.ID, member.CallerID(in.Body))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Membership]{f.showMembership(m)}, nil
}
