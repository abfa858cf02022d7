package node

import (
	"context"
	"net"

	"github.com/callisto-tel/callisto/faces/web"
	"github.com/callisto-tel/callisto/platform/notify"
	"github.com/callisto-tel/callisto/platform/notify/sink"
)

// openPost opens the way letters leave: the configured mail server, or in
// `callisto dev` a sink on this machine whose letters /dev/mail shows. Without
// either they wait in the queue.
func (n *Node) openPost(ctx context.Context) error {
	m := n.cfg.Mail
	cfg := notify.Config{Host: m.Host, Port: m.Port, User: m.User, Password: m.Password, From: m.From, TLS: m.TLS}
	if cfg.Host == "" && n.cfg.Dev {
		var err error
		if n.sink, err = sink.Open(ctx, n.opts.Now); err != nil {
			return err
		}
		if cfg.Host, cfg.Port, err = net.SplitHostPort(n.sink.Addr()); err != nil {
			return err
		}
		cfg.From, cfg.TLS = "Callisto <callisto@callisto.example>", "none"
	}
	if cfg.Host == "" {
		n.log.WarnContext(ctx, "no mail server is configured (mail.host): letters wait in the queue")
		return nil
	}
	var err error
	n.post, err = notify.New(n.store.Letters(), enclosures{n}, cfg, n.log, n.opts.Now)
	return err
}

// mailbox is what /dev/mail shows; nil outside of `callisto dev`.
func (n *Node) mailbox() web.Mailbox {
	if n.sink == nil {
		return nil
	}
	return n.sink
}
