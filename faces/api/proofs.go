package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/proof"
)

// Proofs proves telephone numbers by a call.
type Proofs interface {
	Begin(ctx context.Context, by member.Actor, r proof.Request) (proof.Proof, error)
	Proof(ctx context.Context, by member.Actor, id string) (proof.Proof, error)
	Confirm(ctx context.Context, by member.Actor, id, code string) (proof.Proof, error)
	Step(id string) string
}

// Proof is a proof of control over a telephone number.
type Proof struct {
	ID       string        `json:"id"`
	Number   string        `json:"number" doc:"E.164 with +"`
	Purpose  string        `json:"purpose" enum:"own_phone,root,contact,other_voip"`
	Language string        `json:"language"`
	State    string        `json:"state" enum:"calling,spoken,proved,failed,expired"`
	Step     string        `json:"step,omitempty" doc:"Of the call under way: ringing, answered, asked"`
	Reason   *fault.Reason `json:"reason,omitempty" doc:"Why it failed"`
	Guesses  int           `json:"guesses_left"`
	Created  time.Time     `json:"created_at"`
	Until    time.Time     `json:"until" doc:"Until when the code, or once proved the proof, is good"`
}

func (f *face) registerProofs() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/proofs", "begin-proof", "Numbers", "Call a telephone and speak a code, to prove that it is yours", http.StatusCreated)), f.beginProof)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/proofs/{id}", "proof", "Numbers", "How far a proof is", 0)), f.getProof)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/proofs/{id}/confirm", "confirm-proof", "Numbers", "Give the code that was spoken; five guesses", 0)), f.confirmProof)
}

func (f *face) showProof(p proof.Proof) *body[Proof] {
	out := Proof{
		ID: p.ID, Number: p.E164, Purpose: string(p.Purpose), Language: p.Language, State: string(p.State), Reason: reason(p.Reason),
		Guesses: p.GuessesLeft(), Created: p.Created.UTC(), Until: p.Until.UTC(),
	}
	if p.Live() {
		out.Step = f.Proofs.Step(p.ID)
	}
	return &body[Proof]{out}
}

func (f *face) beginProof(ctx context.Context, in *struct {
	Body struct {
		Number   string `json:"number" doc:"The telephone, with +"`
		Purpose  string `json:"purpose" enum:"own_phone,root,contact,other_voip"`
		Language string `json:"language,omitempty" doc:"The code is spoken in: en, ko, es, fr, de, zh, ja or ar; en for any other"`
	}
}) (*body[Proof], error) {
	p, err := f.Proofs.Begin(ctx, actor(ctx), proof.Request{Number: in.Body.Number, Purpose: proof.Purpose(in.Body.Purpose), Language: in.Body.Language})
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.showProof(p), nil
}

func (f *face) getProof(ctx context.Context, in *ByID) (*body[Proof], error) {
	p, err := f.Proofs.Proof(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.showProof(p), nil
}

func (f *face) confirmProof(ctx context.Context, in *struct {
	ByID
	Body struct {
		Code string `json:"code" doc:"Six digits"`
	}
}) (*body[Proof], error) {
	p, err := f.Proofs.Confirm(ctx, actor(ctx), in.ID, in.Body.Code)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.showProof(p), nil
}
