package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/setup"
)

// Setups are links by which telephones fetch their settings.
type Setups interface {
	Make(ctx context.Context, by member.Actor, membership string, a setup.Ask) (setup.Made, error)
	Links(ctx context.Context, by member.Actor, membership string) ([]setup.Link, error)
	TakeBack(ctx context.Context, by member.Actor, id string) (setup.Link, error)
}

type setupLinkOut struct {
	ID       string     `json:"id"`
	Device   string     `json:"device" doc:"The telephone it is for"`
	Kind     string     `json:"kind" enum:"linphone,yealink,grandstream,snom"`
	MAC      string     `json:"mac,omitempty"`
	State    string     `json:"state" enum:"waiting,fetched,expired,revoked"`
	Created  time.Time  `json:"created_at"`
	Until    time.Time  `json:"until" doc:"No telephone may fetch first from then on"`
	Fetched  *time.Time `json:"fetched_at,omitempty" doc:"First: the link belongs to that telephone from then on"`
	Network  string     `json:"network,omitempty" doc:"Where from"`
	Phone    string     `json:"telephone,omitempty" doc:"What the telephone calls itself (User-Agent)"`
	Again    *time.Time `json:"last_fetched_at,omitempty"`
	Times    int        `json:"times"`
	Refused  int        `json:"refused" doc:"How often another tried"`
	When     *time.Time `json:"refused_at,omitempty" doc:"The last of them"`
	Who      string     `json:"refused_telephone,omitempty"`
	Where    string     `json:"refused_network,omitempty"`
	TakenOff *time.Time `json:"revoked_at,omitempty"`
}

type setupMadeOut struct {
	setupLinkOut

	URL string `json:"url" doc:"Shown this once. What is typed into the telephone, or drawn as a QR code for Linphone; Yealink and Grandstream append their files' names"`
}

func (f *face) showSetup(l setup.Link) setupLinkOut {
	return setupLinkOut{
		ID: l.ID, Device: l.Device, Kind: string(l.Kind), MAC: setup.ShownMAC(l.MAC), State: string(l.State(f.Now())), Created: l.Created.UTC(), Until: l.Until.UTC(),
		Fetched: when(l.Fetched), Network: l.Network, Phone: l.Agent, Again: when(l.Again), Times: l.Times,
		Refused: l.Refused, When: when(l.RefusedAt), Who: l.RefusedBy, Where: l.RefusedNet, TakenOff: when(l.Revoked),
	}
}

func (f *face) registerSetups() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/members/{id}/setup-links", "make-setup-link", "Devices", "A link by which a telephone fetches its settings, once or for the first that comes", http.StatusCreated)), f.makeSetup)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/members/{id}/setup-links", "list-setup-links", "Devices", "Those links of a number, the newest first", 0)), f.listSetups)
	huma.Register(f.api, reg(op(http.MethodDelete, "/api/v1/setup-links/{id}", "revoke-setup-link", "Devices", "Take a link back; a telephone that has fetched by it goes on", http.StatusNoContent)), f.revokeSetup)
}

func (f *face) makeSetup(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Kind    string `json:"kind" enum:"linphone,yealink,grandstream,snom"`
		MAC     string `json:"mac,omitempty" doc:"Of a telephone on a desk: 00:15:65:AB:CD:EF"`
		Name    string `json:"name,omitempty" doc:"Of a further telephone, or"`
		Device  string `json:"device,omitempty" doc:"one that there is: it is set up anew and its password ends when it fetches"`
		Country string `json:"country,omitempty" doc:"Companies: which office; the home office unless said"`
	}
}) (*body[setupMadeOut], error) {
	b := in.Body
	x, err := f.Setups.Make(ctx, actor(ctx), in.ID, setup.Ask{Kind: setup.Kind(b.Kind), MAC: b.MAC, Name: b.Name, Device: b.Device, Country: b.Country})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[setupMadeOut]{setupMadeOut{f.showSetup(x.Link), f.SetupLink(x.Path())}}, nil
}

func (f *face) listSetups(ctx context.Context, in *ByID) (*body[list[setupLinkOut]], error) {
	all, err := f.Setups.Links(ctx, actor(ctx), in.ID)
	out := list[setupLinkOut]{Items: []setupLinkOut{}}
	for _, l := range all {
		out.Items = append(out.Items, f.showSetup(l))
	}
	return &body[list[setupLinkOut]]{out}, f.fail(ctx, err)
}

func (f *face) revokeSetup(ctx context.Context, in *ByID) (*struct{}, error) {
	_, err := f.Setups.TakeBack(ctx, actor(ctx), in.ID)
	return nil, f.fail(ctx, err)
}
