package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/alias"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/proof"
	"github.com/callisto-tel/callisto/platform/lookup"
)

// openNames opens the desk where domain names and e-mail addresses are proved.
func (n *Node) openNames() {
	n.names = alias.New(n.store.Names(), alias.Config{
		Sold: n.roster.Numbers, TXT: lookup.Client{Servers: n.cfg.Internet.Servers()}.TXT, Proved: n.provedAny,
		Reader: func(ctx context.Context, account string) (string, string, error) {
			a, err := n.members.Account(ctx, member.System(), account)
			return a.Email, a.Language, err
		},
		Tell: n.roster.Named, Ours: n.ours, Link: func(path string) string { return n.url() + path }, Log: n.log, Now: n.opts.Now,
	})
}

// provedAny reports whether an account has proved a telephone, whatever for.
func (n *Node) provedAny(ctx context.Context, account, e164 string) bool {
	for _, purpose := range proof.Purposes() {
		if n.provedFor(ctx, account, e164, member.Purpose(purpose)) {
			return true
		}
	}
	return false
}
