package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/pin"
)

// openPINs opens what knows members by six digits.
func (n *Node) openPINs() {
	n.pins = pin.New(n.store.PINs(), pin.Config{Secrets: n.members, Fresh: n.members.Fresh, Reader: n.reader, Link: n.link, Now: n.opts.Now})
}

// reader is where the holder of an account reads letters, and in which language.
func (n *Node) reader(ctx context.Context, account string) (email, language string, err error) {
	a, err := n.members.Account(ctx, member.System(), account)
	return a.Email, a.Language, err
}
