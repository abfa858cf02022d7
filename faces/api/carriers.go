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

type carrierIn struct {
	Center    string  `json:"center" doc:"Whose calls it takes, for example KR"`
	Name      string  `json:"name"`
	Host      string  `json:"host" doc:"HOST:PORT of its gateway"`
	Transport string  `json:"transport,omitempty" enum:"udp,tcp,tls" doc:"udp unless said"`
	User      string  `json:"user,omitempty" doc:"For digest; leave out if the carrier knows us by our address"`
	Password  *string `json:"password,omitempty" doc:"Kept sealed, never shown; leave out in a change to keep the one there is"`
	Realm     string  `json:"realm,omitempty" doc:"The realm that may ask for the password; unless said, the first that does in each call"`
	Presents  string  `json:"presents" doc:"The number our calls show, with +"`
	Format    string  `json:"format,omitempty" enum:"+E164,E164,national" doc:"How the called number is written; +E164 unless said"`
	Assert    bool    `json:"assert,omitempty" doc:"Send P-Asserted-Identity"`
}

// Carrier is what may be told of one.
type Carrier struct {
	ID        string    `json:"id"`
	Center    string    `json:"center"`
	Name      string    `json:"name"`
	Host      string    `json:"host"`
	Transport string    `json:"transport"`
	User      string    `json:"user"`
	Password  bool      `json:"password" doc:"Whether one is kept"`
	Realm     string    `json:"realm"`
	Presents  string    `json:"presents"`
	Format    string    `json:"format"`
	Assert    bool      `json:"assert"`
	Created   time.Time `json:"created_at"`
}

type carrierReport struct {
	OK       bool   `json:"ok"`
	Code     string `json:"code" doc:"answered, busy, unproven, refused, no_response, redirected, silent, …"`
	Text     string `json:"text" doc:"What happened, for people"`
	Answered bool   `json:"answered"`
	Heard    bool   `json:"heard" doc:"Sound came back from the carrier"`
	Delay    int64  `json:"delay_ms" doc:"To the first sign of ringing, or the answer; 0: neither came"`
	Status   int    `json:"status" doc:"The SIP status that refused the call; 0: none did"`
}

func (f *face) registerCarriers() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/carriers", "list-carriers", "Operator", "The carriers of the telephone network", 0)), f.listCarriers)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/carriers", "add-carrier", "Operator", "Add a carrier", http.StatusCreated)), f.addCarrier)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/carriers/{id}", "change-carrier", "Operator", "Change a carrier", 0)), f.changeCarrier)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/carriers/{id}", "remove-carrier", "Operator", "Remove a carrier; calls under way go on", http.StatusNoContent)), f.removeCarrier)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/carriers/{id}/test", "test-carrier", "Operator", "Place a test call by a carrier, and say in words what became of it", 0)), f.testCarrier)
}

func (c carrierIn) input() carrier.Input {
	return carrier.Input{
		Center: center.ID(c.Center), Name: c.Name, Host: c.Host, Transport: carrier.Transport(c.Transport), User: c.User, Password: c.Password,
		Realm: c.Realm, Presents: c.Presents, Format: carrier.Format(c.Format), Assert: c.Assert,
	}
}

func showCarrier(c carrier.Carrier) Carrier {
	return Carrier{
		ID: c.ID, Center: string(c.Center), Name: c.Name, Host: c.Host, Transport: string(c.Transport), User: c.User, Password: c.Secret(),
		Realm: c.Realm, Presents: c.Presents, Format: string(c.Format), Assert: c.Assert, Created: c.Created.UTC(),
	}
}

func (f *face) listCarriers(ctx context.Context, _ *struct{}) (*body[list[Carrier]], error) {
	all, err := f.Carriers.Carriers(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(all, "", showCarrier), nil
}

func (f *face) addCarrier(ctx context.Context, in *struct{ Body carrierIn }) (*body[Carrier], error) {
	c, err := f.Carriers.Add(ctx, actor(ctx), in.Body.input())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Carrier]{showCarrier(c)}, nil
}

func (f *face) changeCarrier(ctx context.Context, in *struct {
	ByID
	Body carrierIn
}) (*body[Carrier], error) {
	c, err := f.Carriers.Change(ctx, actor(ctx), in.ID, in.Body.input())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Carrier]{showCarrier(c)}, nil
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
		OK: r.OK, Code: r.Code, Text: r.Text, Answered: r.Answered, Heard: r.Heard, Delay: r.Delay.Milliseconds(), Status: r.Status,
	}}, nil
}
