package node

import (
	"net/netip"

	"github.com/callisto-tel/callisto/business/hook"
	"github.com/callisto-tel/callisto/platform/webhook"
	"github.com/callisto-tel/callisto/telephony/internet"
)

// openHooks makes what sends events to programs of others: to nowhere in our own
// network, but on this machine where it is all a trial.
func (n *Node) openHooks() {
	guard := internet.Guard{}
	if n.cfg.Dev {
		guard.Near = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	n.hooks = hook.New(hook.Config{Store: n.store.Hooks(), Vault: n.seal, Sender: webhook.New(guard.MayAddr), Plain: n.cfg.Dev, Log: n.log, Now: n.opts.Now})
}
