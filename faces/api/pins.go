package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/pin"
)

// PINs prove on a keypad that it is the member.
type PINs interface {
	Of(ctx context.Context, by member.Actor) (pin.State, error)
	Set(ctx context.Context, by member.Actor, digits string) error
	Remove(ctx context.Context, by member.Actor) error
	Unlock(ctx context.Context, by member.Actor) error
}

type pinState struct {
	Set    *time.Time `json:"set,omitempty" doc:"Since when there is one; left out: there is none"`
	Locked *time.Time `json:"locked_until,omitempty" doc:"Wrong ones were entered five times in a row"`
}

func (f *face) registerPINs() {
	reg := func(method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, "Calls", summary, status))
		f.describeProblems(&o)
		return o
	}
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/me/pin", "get-pin", "Whether you have a PIN for telephones, and whether it is locked", 0), f.myPIN)
	huma.Register(f.api, reg(http.MethodPut, "/api/v1/me/pin", "set-pin", "Set your PIN, which unlocks it too; needs your password", http.StatusNoContent), f.setPIN)
	huma.Register(f.api, reg(http.MethodDelete, "/api/v1/me/pin", "remove-pin", "Remove your PIN", http.StatusNoContent), f.removePIN)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/me/pin/unlock", "unlock-pin", "Unlock your PIN; needs your password", http.StatusNoContent), f.unlockPIN)
}

func (f *face) myPIN(ctx context.Context, _ *struct{}) (*body[pinState], error) {
	s, err := f.PINs.Of(ctx, actor(ctx))
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[pinState]{pinState{when(s.Set), when(s.Until)}}, nil
}

func (f *face) setPIN(ctx context.Context, in *struct {
	Body struct {
		PIN      string `json:"pin" minLength:"6" maxLength:"20" doc:"Six digits"`
		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}) (*struct{}, error) {
	who, err := f.proved(ctx, in.Body.Password)
	if err == nil {
		err = f.PINs.Set(ctx, who, in.Body.PIN)
	}
	return nil, f.fail(ctx, err)
}

func (f *face) removePIN(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, f.fail(ctx, f.PINs.Remove(ctx, actor(ctx)))
}

func (f *face) unlockPIN(ctx context.Context, in *struct {
	Body *struct {
		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}) (*struct{}, error) {
	password := ""
	if in.Body != nil {
		password = in.Body.Password
	}
	who, err := f.proved(ctx, password)
	if err == nil {
		err = f.PINs.Unlock(ctx, who)
	}
	return nil, f.fail(ctx, err)
}
