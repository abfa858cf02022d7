package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

func (f *face) registerLines() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodPatch, "/api/v1/members/{id}", "change-member", "Members", "Change a registration; what is left out stays, the number cannot change", 0)), f.changeMember)
	huma.Register(f.api, reg(op(http.MethodPatch, "/api/v1/devices/{id}", "change-device", "Devices", "Change a telephone: its name, and how its sound is protected", http.StatusNoContent)), f.changeDevice)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/devices/{id}/password", "new-device-password", "Devices", "Give a telephone another password; the old one ends at once", 0)), f.newDevicePassword)
}

// memberPatch is a registration of which everything may be left out.
type memberPatch struct {
	ContactPSTN    *string   `json:"contact_pstn,omitempty"`
	Identification *string   `json:"identification,omitempty"`
	OtherVoIP      *[]string `json:"other_voip,omitempty"`
	Name           *string   `json:"name,omitempty"`
	Country        *string   `json:"country,omitempty"`
	Languages      *[]string `json:"languages,omitempty"`
	Email          *string   `json:"email,omitempty"`
	TimeZone       *string   `json:"time_zone,omitempty"`
	Offices        *[]office `json:"offices,omitempty"`
}

func (f *face) changeMember(ctx context.Context, in *struct {
	ByID
	Body memberPatch
}) (*body[Membership], error) {
	old, err := f.Members.Membership(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	full := memberIn{OrderID: old.Order, ContactPSTN: old.ContactPSTN, Identification: old.Identification, OtherVoIP: old.OtherVoIP, Name: old.Name,
		Country: old.HomeCountry, Languages: old.Languages, Email: old.Email, TimeZone: old.TimeZone, Offices: f.showMembership(old).Offices}
	patch, err := json.Marshal(in.Body) // what was left out is not in it
	if err == nil {
		err = json.Unmarshal(patch, &full)
	}
	if err != nil {
		return nil, f.fail(ctx, fault.Wrap(fault.Invalid, "body", "The body cannot be read.", err))
	}
	m, err := f.Lines.ChangeMembership(ctx, actor(ctx), in.ID, full.registration())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[Membership]{f.showMembership(m)}, nil
}

func (f *face) changeDevice(ctx context.Context, in *struct {
	ByID
	Body struct {
		Name  *string `json:"name,omitempty" doc:"Left out: it stays"`
		Sound *string `json:"sound,omitempty" enum:"auto,srtp,dtls,plain" doc:"Left out: it stays. It counts from the next call on"`
	}
}) (*struct{}, error) {
	if in.Body.Name != nil {
		if err := f.Lines.RenameDevice(ctx, actor(ctx), in.ID, *in.Body.Name); err != nil {
			return nil, f.fail(ctx, err)
		}
	}
	if in.Body.Sound != nil {
		sound := member.Sound(*in.Body.Sound)
		if sound == "auto" {
			sound = member.SoundAuto
		}
		return nil, f.fail(ctx, f.Lines.SetSound(ctx, actor(ctx), in.ID, sound))
	}
	return nil, nil
}

func (f *face) newDevicePassword(ctx context.Context, in *ByID) (*body[newDevice], error) {
	d, err := f.Lines.NewPassword(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[newDevice]{newDevice{Device: f.showDevice(d.Device, d.Device.Country), SIPPassword: d.Password}}, nil
}
