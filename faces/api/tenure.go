package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/shop"
)

// Tenure is what happens to a number after its sale.
type Tenure interface {
	GiveUp(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	TakeBack(ctx context.Context, by member.Actor, id string) (shop.Order, error)
	Suspend(ctx context.Context, by member.Actor, id string, stop bool, why string) (shop.Order, error)
	Offer(ctx context.Context, by member.Actor, id, email string) (shop.Transfer, error)
	WithdrawOffer(ctx context.Context, by member.Actor, id string) error
	Offered(ctx context.Context, by member.Actor, email, token string) (shop.Transfer, shop.Order, error)
	Accept(ctx context.Context, by member.Actor, email, token string) (shop.Order, error)
}

// Offices is the countries of a company.
type Offices interface {
	SwitchOn(ctx context.Context, by member.Actor, id, country string) (shop.Order, error)
	SwitchOff(ctx context.Context, by member.Actor, id, country string) (shop.Order, error)
}

// document is what a buyer showed.
type document struct {
	ID      string    `json:"id"`
	Paper   string    `json:"paper,omitempty" doc:"The paper asked for"`
	Name    string    `json:"name"`
	Type    string    `json:"type" doc:"Found by looking at it: application/pdf, image/png or image/jpeg"`
	Size    int       `json:"size" doc:"Bytes"`
	Created time.Time `json:"created_at"`
}

// note is what staff wrote about an order.
type note struct {
	By   string    `json:"by"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

type transfer struct {
	ID      string    `json:"id"`
	Order   string    `json:"order_id"`
	Email   string    `json:"email" doc:"Of whom the number is offered to; the letter there carries the link"`
	State   string    `json:"state" enum:"offered,accepted,withdrawn,expired"`
	Expires time.Time `json:"expires_at"`
}

// gift is an offer as its taker sees it.
type gift struct {
	Transfer transfer `json:"transfer"`
	Number   string   `json:"number"`
}

type byToken struct {
	Token string `path:"token" maxLength:"64"`
}

func (f *face) registerTenure() {
	reg := func(method, path, id, tag, summary string, status int) huma.Operation {
		o := own(op(method, path, id, tag, summary, status))
		f.describeProblems(&o)
		return o
	}
	const at = "/api/v1/orders/{id}"
	huma.Register(f.api, reg(http.MethodPost, at+"/give-up", "give-up-number", "Orders", "Give a sold number up: it rests before others may have it", 0), f.giveUp)
	huma.Register(f.api, reg(http.MethodPost, at+"/take-back", "take-back-number", "Orders", "Take a resting number back, for a year's fee", 0), f.takeBack)
	huma.Register(f.api, reg(http.MethodPost, at+"/offer", "offer-number", "Orders", "Offer a sold number to an e-mail address", http.StatusCreated), f.offer)
	huma.Register(f.api, reg(http.MethodDelete, at+"/offer", "withdraw-offer", "Orders", "Take the offer back", http.StatusNoContent), f.withdrawOffer)
	huma.Register(f.api, reg(http.MethodPut, at+"/offices/{country}", "open-office", "Orders", "Switch a country of a company number on", 0), f.openOffice)
	huma.Register(f.api, reg(http.MethodDelete, at+"/offices/{country}", "close-office", "Orders", "Switch a country off: the office's telephones end", 0), f.closeOffice)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/transfers/{token}", "get-offer", "Orders", "The number that is offered to you", 0), f.offered)
	huma.Register(f.api, reg(http.MethodPost, "/api/v1/transfers/{token}/accept", "accept-offer", "Orders", "Take the offered number: a sale of its own, for nothing", 0), f.accept)
	huma.Register(f.api, reg(http.MethodPost, at+"/suspend", "suspend-number", "Operator", "Stop a number, or let it ring again", 0), f.suspend)
	huma.Register(f.api, reg(http.MethodGet, at+"/documents", "list-documents", "Orders", "The documents shown for an order", 0), f.listDocuments)
	up := reg(http.MethodPost, at+"/documents", "add-document", "Orders", "Show a document (PDF, PNG or JPEG, 5 MB at most) for an order in review", http.StatusCreated)
	up.MaxBodyBytes = shop.MostDocument + 4096
	huma.Register(f.api, up, f.addDocument)
	huma.Register(f.api, reg(http.MethodGet, "/api/v1/documents/{id}", "get-document", "Orders", "A document: for who showed it, and for the operator", 0), f.getDocument)
	huma.Register(f.api, reg(http.MethodGet, at+"/notes", "list-notes", "Operator", "What staff wrote about an order", 0), f.listNotes)
	huma.Register(f.api, reg(http.MethodPost, at+"/notes", "add-note", "Operator", "Write something about an order that the buyer does not see", http.StatusNoContent), f.addNote)
	huma.Register(f.api, reg(http.MethodPost, at+"/ask", "ask-buyer", "Operator", "Ask the buyer of an order in review for something", http.StatusNoContent), f.askBuyer)
}

// byHolder names an order in a request for its holder alone.
type byHolder struct {
	ByID
	Body *struct {
		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}

// freshly is who asks, if he has proved it a moment ago or does now.
func (f *face) freshly(ctx context.Context, password string) (member.Actor, error) {
	who, err := f.proved(ctx, password)
	if err == nil {
		err = f.Sessions.Fresh(who)
	}
	return who, err
}

func (x *byHolder) password() string {
	if x.Body == nil {
		return ""
	}
	return x.Body.Password
}

func (f *face) giveUp(ctx context.Context, in *byHolder) (*body[order], error) {
	who, err := f.freshly(ctx, in.password())
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	o, err := f.Tenure.GiveUp(ctx, who, in.ID)
	return f.answerOrder(ctx, o, err)
}

func (f *face) takeBack(ctx context.Context, in *ByID) (*body[order], error) {
	o, err := f.Tenure.TakeBack(ctx, actor(ctx), in.ID)
	return f.answerOrder(ctx, o, err)
}

type byOffice struct {
	ByID
	Country string `path:"country" maxLength:"2" doc:"ISO code"`
}

func (f *face) openOffice(ctx context.Context, in *byOffice) (*body[order], error) {
	o, err := f.Offices.SwitchOn(ctx, actor(ctx), in.ID, strings.ToUpper(in.Country))
	return f.answerOrder(ctx, o, err)
}

func (f *face) closeOffice(ctx context.Context, in *byOffice) (*body[order], error) {
	o, err := f.Offices.SwitchOff(ctx, actor(ctx), in.ID, strings.ToUpper(in.Country))
	return f.answerOrder(ctx, o, err)
}

func (f *face) suspend(ctx context.Context, in *struct {
	ByID
	Body struct {
		Stop bool   `json:"stop" doc:"false lets it ring again"`
		Why  string `json:"why,omitempty" doc:"Shown to the holder"`
	}
}) (*body[order], error) {
	o, err := f.Tenure.Suspend(ctx, actor(ctx), in.ID, in.Body.Stop, in.Body.Why)
	return f.answerOrder(ctx, o, err)
}

func showTransfer(t shop.Transfer) transfer {
	return transfer{ID: t.ID, Order: t.Order, Email: t.Email, State: t.State, Expires: t.Expires.UTC()}
}

func (f *face) offer(ctx context.Context, in *struct {
	ByID
	Body struct {
		Email    string `json:"email"`
		Password string `json:"password,omitempty" doc:"Yours, if you did not sign in within the last ten minutes"`
	}
}) (*body[transfer], error) {
	who, err := f.freshly(ctx, in.Body.Password)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	t, err := f.Tenure.Offer(ctx, who, in.ID, in.Body.Email)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[transfer]{showTransfer(t)}, nil
}

func (f *face) withdrawOffer(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, f.fail(ctx, f.Tenure.WithdrawOffer(ctx, actor(ctx), in.ID))
}

// email is the address of who is asking.
func (f *face) email(ctx context.Context) (string, error) {
	a, err := f.Accounts.Account(ctx, actor(ctx), actor(ctx).Account)
	return a.Email, err
}

func (f *face) offered(ctx context.Context, in *byToken) (*body[gift], error) {
	email, err := f.email(ctx)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	t, o, err := f.Tenure.Offered(ctx, actor(ctx), email, in.Token)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[gift]{gift{showTransfer(t), o.Number.Display()}}, nil
}

func (f *face) accept(ctx context.Context, in *byToken) (*body[order], error) {
	email, err := f.email(ctx)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	o, err := f.Tenure.Accept(ctx, actor(ctx), email, in.Token)
	return f.answerOrder(ctx, o, err)
}

func showDocument(d shop.Document) document {
	return document{ID: d.ID, Paper: d.Paper, Name: d.Name, Type: d.Type, Size: d.Size, Created: d.Created.UTC()}
}

func (f *face) listDocuments(ctx context.Context, in *ByID) (*body[list[document]], error) {
	docs, err := f.Files.List(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(docs, "", showDocument), nil
}

func (f *face) addDocument(ctx context.Context, in *struct {
	ByID
	Name    string `query:"name" doc:"The file's name"`
	Paper   string `query:"paper" doc:"The paper asked for, from the order"`
	RawBody []byte `contentType:"application/octet-stream"`
}) (*body[document], error) {
	d, err := f.Files.Add(ctx, actor(ctx), in.ID, in.Paper, in.Name, in.RawBody)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[document]{showDocument(d)}, nil
}

// file is an answer that is no JSON.
type file struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	NoSniff     string `header:"X-Content-Type-Options"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

func (f *face) getDocument(ctx context.Context, in *ByID) (*file, error) {
	d, content, err := f.Files.Open(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &file{Type: d.Type, Disposition: "attachment", NoSniff: "nosniff", Policy: "sandbox", Body: content}, nil
}

func (f *face) listNotes(ctx context.Context, in *ByID) (*body[list[note]], error) {
	notes, err := f.Files.Notes(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(notes, "", func(n shop.Note) note { return note{By: n.Name, Text: n.Text, At: n.At.UTC()} }), nil
}

func (f *face) addNote(ctx context.Context, in *struct {
	ByID
	Body struct {
		Text string `json:"text"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Files.Note(ctx, actor(ctx), in.ID, in.Body.Text))
}

func (f *face) askBuyer(ctx context.Context, in *struct {
	ByID
	Body struct {
		Text string `json:"text" doc:"Shown to the buyer"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Files.Ask(ctx, actor(ctx), in.ID, in.Body.Text))
}
