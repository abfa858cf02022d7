package node

import (
	"context"
	"sync"

	"github.com/callisto-tel/callisto/business/access"
	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ledger"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/money"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/pin"
	"github.com/callisto-tel/callisto/business/prompt"
	"github.com/callisto-tel/callisto/business/routing"
	speaking "github.com/callisto-tel/callisto/telephony/access"
	"github.com/callisto-tel/callisto/telephony/media"
	"github.com/callisto-tel/callisto/telephony/rtp"
)

// openPINs opens what knows members by six digits, and whom they call by name.
func (n *Node) openPINs() {
	n.contacts = contact.New(n.store.Contacts(), n.plans, func(ctx context.Context, account string) (string, error) {
		a, err := n.members.Account(ctx, member.System(), account)
		return a.Country, err
	}, n.opts.Now)
	n.pins = pin.New(n.store.PINs(), pin.Config{Secrets: n.members, Fresh: n.members.Fresh, Reader: n.reader, Link: n.link, Now: n.opts.Now})
}

// reader is where the holder of an account reads letters, and in which language.
func (n *Node) reader(ctx context.Context, account string) (email, language string, err error) {
	a, err := n.members.Account(ctx, member.System(), account)
	return a.Email, a.Language, err
}

// openAccess opens how members come in from any telephone.
func (n *Node) openAccess(ctx context.Context) error {
	n.access = access.New(n.store.Access(), access.Config{
		Plans: n.plans, Fresh: n.members.Fresh, Changed: n.roster.CatalogueChanged, Now: n.opts.Now,
		Carrier: func(id string) bool { _, ok := n.ways.Carrier(id); return ok },
		Taken:   func(ctx context.Context, e164 string) (bool, error) { return n.dids.Stocked(ctx, e164) },
	})
	n.menus = speaking.New(speaking.Config{
		Members: n.access, PINs: n.pins, Tables: func() *routing.Tables { return n.tables }, Balance: n.balance, May: n.mayCall,
		Caller: func() speaking.Caller { return n.telephony }, SignIns: seats{n, new(sync.Mutex)}, Missed: n.bell, Guessed: n.guard.Guessed, Currency: n.currency(), Log: n.log, Now: n.opts.Now,
	})
	n.tables.House = n.access
	return n.access.Load(ctx)
}

// openPrompts opens the operator's own recordings.
func (n *Node) openPrompts(ctx context.Context) error {
	n.prompts = prompt.New(n.store.Prompts(), prompt.Config{Encode: rtp.Ulaw, Use: n.telephony.SetPrompts, Changed: n.roster.CatalogueChanged, Now: n.opts.Now})
	return n.prompts.Load(ctx)
}

// PromptSound is how a prompt sounds now, as a WAV file.
func (n *Node) PromptSound(name string) ([]byte, bool) {
	ulaw, ok := media.SpokenBy(name)
	if r, recorded := n.prompts.Recorded(name); recorded {
		ulaw = r.Ulaw
	}
	if !ok {
		return nil, false
	}
	samples := make([]int16, len(ulaw))
	for i, v := range ulaw {
		samples[i] = rtp.Linear(0, v)
	}
	return prompt.WAV(samples), true
}

// balance is what an account has.
func (n *Node) balance(ctx context.Context, account string) (money.Amount, error) {
	return n.book.Balance(ctx, ledger.WalletID(account, n.currency()))
}

// mayCall says why an account may not call from any telephone, if so.
func (n *Node) mayCall(ctx context.Context, account string) error {
	a, err := n.members.Account(ctx, member.System(), account)
	if err != nil {
		return err
	}
	return a.MayCome()
}

// rereadVoice takes in what another process changed of access numbers.
func (n *Node) rereadVoice(ctx context.Context) {
	if err := n.access.Load(ctx); err != nil {
		n.log.Warn("access numbers that were changed elsewhere could not be read", "error", err)
	}
	if n.prompts == nil {
		return
	}
	if err := n.prompts.Load(ctx); err != nil {
		n.log.Warn("recorded prompts that were changed elsewhere could not be read", "error", err)
	}
}

// CallBack rings a telephone of a member and connects him with a number. by is
// whose number it is.
func (n *Node) CallBack(ctx context.Context, by member.Actor, number, telephone, target string) (callID string, err error) {
	typed, err := numbering.ParseTyped(number)
	if err != nil {
		return "", err
	}
	h, ok := n.roster.Numbers.Typed(typed.Text)
	if !ok || h.Account != by.Account {
		return "", fault.New(fault.Forbidden, "not_yours", "This belongs to somebody else.")
	}
	return n.menus.CallBack(ctx, h, telephone, target)
}
