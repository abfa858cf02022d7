package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/callisto-tel/callisto/business/cashier"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/payment"
	"github.com/callisto-tel/callisto/business/wallet"
)

type walletLine struct {
	ID      string       `json:"id" doc:"Of the posting"`
	Kind    string       `json:"kind" doc:"promotion, order, refund, call"`
	Ref     string       `json:"ref" doc:"What it was for: an order, a call"`
	Text    string       `json:"text"`
	At      time.Time    `json:"at"`
	Amount  money.Amount `json:"amount" doc:"Above zero it came in, below it went out"`
	Balance money.Amount `json:"balance" doc:"After it"`
}

func (f *face) registerWallet() {
	reg := func(o huma.Operation) huma.Operation { o = own(o); f.describeProblems(&o); return o }
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/wallet", "wallet", "Wallet", "What is in your wallet", 0)), f.wallet)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/wallet/history", "wallet-history", "Wallet", "What came in and went out, newest first", 0)), f.walletHistory)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/wallet/notice", "set-wallet-notice", "Wallet", "Say below what you are told that little is left", http.StatusNoContent)), f.setNotice)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/accounts/{id}/terms", "get-terms", "Operator", "On which terms an account spends", 0)), f.getTerms)
	huma.Register(f.api, reg(op(http.MethodPut, "/api/v1/accounts/{id}/terms", "set-terms", "Operator", "Agree terms with a member: prepaid, or postpaid up to a credit limit", 0)), f.setTerms)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/accounts/{id}/suspension", "suspend-account", "Operator", "Keep an account from beginning calls that cost, or let it again; emergency calls are always possible", http.StatusNoContent)), f.suspendCalls)
	huma.Register(f.api, reg(op(http.MethodGet, "/api/v1/wallet/top_up", "top-up-offer", "Wallet", "How money can be added to your wallet", 0)), f.topUpOffer)
	huma.Register(f.api, reg(op(http.MethodPost, "/api/v1/wallet/top_ups", "top-up", "Wallet", "Begin to add money to your wallet by card or bank transfer; the answer says how to go on", http.StatusCreated)), f.topUp)
}

type balance struct {
	Balance   money.Amount  `json:"balance" doc:"Below zero: of the credit, what is used"`
	Held      money.Amount  `json:"held" doc:"For calls under way"`
	Available money.Amount  `json:"available" doc:"What may be spent: the balance without what is held, and the credit"`
	Notice    *money.Amount `json:"notice_below,omitempty" doc:"You get a letter when less is left; left out: never"`
	terms
}

// terms are on which an account spends.
type terms struct {
	Kind      string        `json:"terms" enum:"prepaid,postpaid"`
	Credit    *money.Amount `json:"credit_limit,omitempty" doc:"How far the balance may go below zero"`
	Days      *int          `json:"payment_days,omitempty" doc:"From an invoice until it has to be paid"`
	Suspended string        `json:"suspended,omitempty" doc:"Why no call that costs may begin"`
}

func showTerms(t wallet.Terms) terms {
	out := terms{Kind: string(t.Kind), Suspended: t.Suspended}
	if t.Kind == wallet.Postpaid {
		out.Credit, out.Days = &t.Credit, &t.Days
	}
	return out
}

func (f *face) wallet(ctx context.Context, _ *struct{}) (*body[balance], error) {
	who := actor(ctx)
	if _, err := f.Wallet.Balance(ctx, ledger.WalletID(who.Account, f.Currency)); err != nil { // an operator has none
		return nil, f.fail(ctx, err)
	}
	v, err := f.Wallets.Of(ctx, who, who.Account)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := balance{Balance: v.Balance, Held: v.Held, Available: v.Available, terms: showTerms(v.Terms)}
	if !v.Notice.Off {
		out.Notice = &v.Notice.Threshold
	}
	return &body[balance]{out}, nil
}

func (f *face) setNotice(ctx context.Context, in *struct {
	Body struct {
		strictly

		Off   bool   `json:"off,omitempty" doc:"Never"`
		Below string `json:"below,omitempty" example:"5.00" doc:"In the currency of the wallet; left out: as is usual"`
	}
}) (*struct{}, error) {
	var threshold *int64
	switch n, err := money.ParseMicros(in.Body.Below); {
	case in.Body.Off:
		never := int64(-1)
		threshold = &never
	case in.Body.Below == "":
	case err != nil:
		n = 0 // which is refused with what is possible
		fallthrough
	default:
		threshold = &n
	}
	return nil, f.fail(ctx, f.Wallets.SetNotice(ctx, actor(ctx), threshold))
}

func (f *face) getTerms(ctx context.Context, in *ByID) (*body[balance], error) {
	who := actor(ctx)
	v, err := f.Wallets.Of(ctx, who, in.ID)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return &body[balance]{balance{Balance: v.Balance, Held: v.Held, Available: v.Available, terms: showTerms(v.Terms)}}, nil
}

func (f *face) setTerms(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Kind   string `json:"terms" enum:"prepaid,postpaid"`
		Credit string `json:"credit_limit,omitempty" example:"200.00" doc:"Postpaid: in the currency of the wallet"`
		Days   int    `json:"payment_days,omitempty" minimum:"0" doc:"Postpaid: from an invoice until it has to be paid"`
	}
}) (*body[balance], error) {
	t := wallet.Terms{Account: in.ID, Kind: wallet.Kind(in.Body.Kind), Days: in.Body.Days}
	t.Credit.Micros, _ = money.ParseMicros(in.Body.Credit) // SetTerms says what is wrong with nothing
	if err := f.Wallets.SetTerms(ctx, actor(ctx), t); err != nil {
		return nil, f.fail(ctx, err)
	}
	return f.getTerms(ctx, &in.ByID)
}

func (f *face) suspendCalls(ctx context.Context, in *struct {
	ByID
	Body struct {
		strictly

		Why string `json:"why,omitempty" maxLength:"200" doc:"As the member reads it; left out: he may call again"`
	}
}) (*struct{}, error) {
	return nil, f.fail(ctx, f.Wallets.Suspend(ctx, actor(ctx), in.ID, in.Body.Why))
}

func (f *face) walletHistory(ctx context.Context, in *Paging) (*body[list[walletLine]], error) {
	lines, next, err := f.Wallet.History(ctx, ledger.WalletID(actor(ctx).Account, f.Currency), in.Cursor, in.Limit)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	return page(lines, next, func(l ledger.Line) walletLine {
		return walletLine{ID: l.Posting, Kind: l.Kind, Ref: l.Ref, Text: l.Memo, At: l.At.UTC(), Amount: l.Amount, Balance: l.Balance}
	}), nil
}

// topUpOffer is how money can be added.
type topUpOffer struct {
	Methods   []string       `json:"methods" doc:"card, bank_transfer"`
	Least     money.Amount   `json:"least" doc:"By card"`
	Most      money.Amount   `json:"most" doc:"By card"`
	Suggested []money.Amount `json:"suggested"`
}

func (f *face) topUpOffer(_ context.Context, _ *struct{}) (*body[topUpOffer], error) {
	r := f.TopUps.Range()
	out := topUpOffer{Methods: []string{}, Least: r.Least, Most: r.Most, Suggested: r.Suggested}
	for _, m := range f.Cashier.Offer().Methods() {
		if m != payment.Wallet {
			out.Methods = append(out.Methods, string(m))
		}
	}
	return &body[topUpOffer]{out}, nil
}

func (f *face) topUp(ctx context.Context, in *struct {
	Body struct {
		strictly

		Method string `json:"method" enum:"card,bank_transfer"`
		Amount string `json:"amount,omitempty" example:"25.00" doc:"By card: how much, in the currency of the wallet. A transfer may be of any amount"`
	}
}) (*body[way], error) {
	a := money.Amount{Currency: f.Currency}
	if in.Body.Amount != "" {
		n, err := money.ParseMicros(in.Body.Amount)
		if err != nil {
			n = 0 // which the range refuses with what is possible
		}
		a.Micros = n
	}
	w, err := f.TopUps.TopUp(ctx, actor(ctx), payment.Method(in.Body.Method), a)
	if err != nil {
		return nil, f.fail(ctx, err)
	}
	out := wayOf(w)
	if w.Method == payment.Card {
		out.Amount = &a
	}
	return &body[way]{*out}, nil
}

// wayOf shows a way without its amount.
func wayOf(w *cashier.Way) *way {
	out := &way{Method: string(w.Method), URL: w.URL, Expires: when(w.Expires), Reference: w.Reference}
	if b := w.Bank; b != nil {
		out.Bank = &bankAccount{Name: b.Name, IBAN: b.IBAN, BIC: b.BIC, Holder: b.Holder}
	}
	return out
}
