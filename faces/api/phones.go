package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/terminal"
)

// Phones let whoever is signed in be a telephone without a password of its own.
type Phones interface {
	Phone(ctx context.Context, by member.Actor, membership, country string) (terminal.Phone, error)
}

type phonePass struct {
	Pass    string               `json:"pass" doc:"Goes as Authorization: Bearer with each REGISTER and INVITE, over WebSocket only"`
	Until   time.Time            `json:"until" doc:"Ask for another before"`
	URI     string               `json:"uri" example:"sip:2555123482-3@callisto.example" doc:"Address of record"`
	Center  string               `json:"center" doc:"Where it registers: /ws?center=KR, subprotocol sip"`
	Number  string               `json:"number"`
	Name    string               `json:"name" doc:"Whom the called party sees"`
	Device  string               `json:"device"`
	Servers []terminal.ICEServer `json:"ice_servers" doc:"Relays (TURN) that may be used; mostly none are needed"`
}

func (f *face) registerPhones() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/members/{id}/phone-passes", "phone-pass", "Members", "A pass for minutes, with which a browser or an app is a telephone of a number", http.StatusCreated)), f.phonePass)
}

func (f *face) phonePass(ctx context.Context, in *struct {
	ByID
	Body *struct {
		Country string `json:"country,omitempty" doc:"Companies: which office; the home office unless said"`
	} `required:"false"`
}) (*body[phonePass], error) {
	country := ""
	if in.Body != nil {
		country = in.Body.Country
	}
	x, err := f.Phones.Phone(ctx, actor(ctx), in.ID, country)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[phonePass]{phonePass{
		Pass: x.Pass, Until: x.Until, URI: "sip:" + x.User + "@" + x.Domain, Center: x.Center, Number: x.Number, Name: x.Name, Device: x.Device, Servers: x.Servers,
	}}, nil
}
