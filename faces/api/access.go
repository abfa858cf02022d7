package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/member"
)

// Access is how members reach the house from any telephone.
type Access interface {
	Numbers() []access.Number
	Put(ctx context.Context, by member.Actor, n access.Number) error
	Remove(ctx context.Context, by member.Actor, e164 string) error
	Of(ctx context.Context, account string) (access.Settings, []access.Short, error)
	Set(ctx context.Context, by member.Actor, s access.Settings) error
	SetShort(ctx context.Context, by member.Actor, x access.Short) error
}

// CallBacks ring members.
type CallBacks interface {
	CallBack(ctx context.Context, by member.Actor, number, telephone, target string) (callID string, err error)
}

type accessNumber struct {
	E164     string `json:"e164" doc:"With +"`
	Country  string `json:"country" readOnly:"true" doc:"ISO code; it is dialled from there"`
	Language string `json:"language,omitempty" doc:"Spoken to callers who are not known; as a rule that of the country"`
	Carrier  string `json:"carrier,omitempty" doc:"That brings the number; the operator sees it"`
}

type accessSettings struct {
	Recognise bool `json:"recognise" doc:"A telephone that you have proved is enough to know you by. Numbers can be forged: with ask_pin your PIN is asked for as well"`
	AskPIN    bool `json:"ask_pin"`
	SayPrice  bool `json:"say_price" doc:"The price a minute is spoken before each call"`
	RingBack  bool `json:"ring_back" doc:"A call from such a telephone is refused, which costs nothing, and rung back after five seconds at your cost"`
}

type shortNumber struct {
	Key int    `json:"key" minimum:"1" maximum:"99"`
	To  string `json:"to" maxLength:"60"`
}

type accessOut struct {
	Numbers  []accessNumber `json:"numbers" nullable:"false"`
	Settings accessSettings `json:"settings"`
	Shorts   []shortNumber  `json:"short_numbers" nullable:"false"`
}

func (f *face) registerAccess() {
	reg := func(tag, method, path, id, summary string, status int) huma.Operation {
		o := own(op(method, path, id, tag, summary, status))
		f.describeProblems(&o)
		return o
	}
	const mine, staff = "Calls", "Operator"
	huma.Register(f.api, reg(mine, http.MethodGet, "/api/v1/me/access", "get-access", "How you call from any telephone: access numbers, what you set, short numbers", 0), f.myAccess)
	huma.Register(f.api, reg(mine, http.MethodPut, "/api/v1/me/access", "set-access", "Set how you are known at a telephone; to be known by less needs your password", http.StatusNoContent), f.setMyAccess)
	huma.Register(f.api, reg(mine, http.MethodPut, "/api/v1/me/short-numbers/{key}", "set-short-number", "Set a short number, 1 to 99", http.StatusNoContent), f.setShort)
	huma.Register(f.api, reg(mine, http.MethodDelete, "/api/v1/me/short-numbers/{key}", "remove-short-number", "Remove a short number", http.StatusNoContent), f.removeShort)
	huma.Register(f.api, reg(mine, http.MethodPost, "/api/v1/me/call-back", "call-back", "Have a telephone rung that you have proved, at your cost, and connected with a number", http.StatusAccepted), f.callBack)
	huma.Register(f.api, reg(staff, http.MethodGet, "/api/v1/access-numbers", "list-access-numbers", "Telephone numbers at which members are let in", 0), f.accessNumbers)
	huma.Register(f.api, reg(staff, http.MethodPut, "/api/v1/access-numbers/{e164}", "put-access-number", "Add one, or change its carrier and language", http.StatusNoContent), f.putAccessNumber)
	huma.Register(f.api, reg(staff, http.MethodDelete, "/api/v1/access-numbers/{e164}", "remove-access-number", "Remove one", http.StatusNoContent), f.removeAccessNumber)
}

func (f *face) myAccess(ctx context.Context, _ *struct{}) (*body[accessOut], error) {
	set, shorts, err := f.Access.Of(ctx, actor(ctx).Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := accessOut{Settings: accessSettings(set), Numbers: f.listedNumbers(false), Shorts: []shortNumber{}}
	for _, x := range shorts {
		out.Shorts = append(out.Shorts, shortNumber(x))
	}
	return &body[accessOut]{out}, nil
}

func (f *face) listedNumbers(staff bool) []accessNumber {
	out := []accessNumber{}
	for _, n := range f.Access.Numbers() {
		x := accessNumber{E164: n.E164, Country: n.Country, Language: n.Language}
		if staff {
			x.Carrier = n.Carrier
		}
		out = append(out, x)
	}
	return out
}

func (f *face) setMyAccess(ctx context.Context, in *struct {
	Body struct {
		accessSettings
		Password string `json:"password,omitempty" doc:"Yours, where less than before is to be enough to know you by"`
	}
}) (*struct{}, error) {
	who, err := f.proved(ctx, in.Body.Password)
	if err == nil {
		err = f.Access.Set(ctx, who, access.Settings(in.Body.accessSettings))
	}
	return nil, f.fail(ctx, err)
}

func (f *face) setShort(ctx context.Context, in *struct {
	Key  int `path:"key"`
	Body struct {
		To string `json:"to" minLength:"1" maxLength:"60" doc:"As you would dial it"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Access.SetShort(ctx, actor(ctx), access.Short{Key: in.Key, To: in.Body.To}))
}

func (f *face) removeShort(ctx context.Context, in *struct {
	Key int `path:"key"`
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Access.SetShort(ctx, actor(ctx), access.Short{Key: in.Key}))
}

type callBackOut struct {
	Call string `json:"call_id"`
}

func (f *face) callBack(ctx context.Context, in *struct {
	Body struct {
		Number    string `json:"number" maxLength:"60" doc:"Your number, as whose the calls are made"`
		Telephone string `json:"telephone" maxLength:"40" doc:"With +; it is rung first"`
		To        string `json:"to,omitempty" maxLength:"60" doc:"Whom to connect you with; left out: you are asked"`
	}
}) (*body[callBackOut], error) {
	id, err := f.CallBacks.CallBack(ctx, actor(ctx), in.Body.Number, in.Body.Telephone, in.Body.To)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[callBackOut]{callBackOut{id}}, nil
}

func (f *face) accessNumbers(ctx context.Context, _ *struct{}) (*body[list[accessNumber]], error) {
	if err := actor(ctx).OperatorOnly(); err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[list[accessNumber]]{list[accessNumber]{Items: f.listedNumbers(true)}}, nil
}

func (f *face) putAccessNumber(ctx context.Context, in *struct {
	E164 string `path:"e164" maxLength:"40"`
	Body struct {
		Carrier  string `json:"carrier" maxLength:"64"`
		Language string `json:"language,omitempty" maxLength:"8"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Access.Put(ctx, actor(ctx), access.Number{E164: in.E164, Carrier: in.Body.Carrier, Language: in.Body.Language}))
}

func (f *face) removeAccessNumber(ctx context.Context, in *struct {
	E164 string `path:"e164" maxLength:"40"`
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Access.Remove(ctx, actor(ctx), in.E164))
}
