// Package bus joins processes: NATS in this process by default, a cluster by
// URL. It carries what can be rebuilt (registrations, news of sales, live
// events), never money truth: JetStream acknowledges before it is on disk.
package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says which bus.
type Config struct {
	URL  string // of a cluster; "" starts a server in this process
	Dir  string // its data folder; "" keeps everything in memory
	Node string // name of this process; its own news are not sent back to it
	Site string // name of the site, the JetStream domain; "" is "main"
}

// Bus is a connection to the bus, and the server if it is ours.
type Bus struct {
	cfg    Config
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

// readyWithin bounds the start of the server in this process, which takes some
// 15 ms, or longer when it replays a big log.
const readyWithin = 30 * time.Second

// Start starts or joins the bus.
func Start(cfg Config) (*Bus, error) {
	if cfg.Site == "" {
		cfg.Site = "main"
	}
	if cfg.Node == "" {
		return nil, errors.New("the bus needs the name of the node")
	}
	b := &Bus{cfg: cfg}
	opts := []nats.Option{nats.Name(cfg.Node), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { slog.Warn("bus", "err", err) })}
	url := cfg.URL
	if url == "" {
		s, err := embedded(cfg)
		if err != nil {
			return nil, err
		}
		b.server = s
		opts = append(opts, nats.InProcessServer(s))
	}
	if err := b.connect(url, opts); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// embedded runs a server that listens on nothing: connections are in process.
func embedded(cfg Config) (*server.Server, error) {
	o := &server.Options{ServerName: cfg.Node, DontListen: true, NoSigs: true, NoLog: true, JetStream: true, JetStreamDomain: cfg.Site,
		JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 8 << 30}
	if cfg.Dir != "" {
		o.StoreDir = filepath.Join(cfg.Dir, "bus")
	} else {
		o.JetStreamMaxStore = -1
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("make the bus: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(readyWithin) {
		s.Shutdown()
		return nil, errors.New("the bus did not start; see whether the data folder can be written")
	}
	return s, nil
}

func (b *Bus) connect(url string, opts []nats.Option) error {
	conn, err := nats.Connect(url, opts...)
	if err != nil {
		return fmt.Errorf("join the bus: %w", err)
	}
	b.conn = conn
	if b.js, err = jetstream.New(conn, jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) {
		slog.Warn("the bus did not take a message", "subject", m.Subject, "err", err)
	})); err != nil {
		return fmt.Errorf("join the bus: %w", err)
	}
	return nil
}

// Join makes a further connection to the same bus, as another node: for
// centers that are processes of their own in tests, and for tools.
func (b *Bus) Join(node string) (*Bus, error) {
	other := &Bus{cfg: b.cfg}
	other.cfg.Node = node
	url := b.cfg.URL
	opts := []nats.Option{nats.Name(node), nats.MaxReconnects(-1)}
	if b.server != nil {
		opts = append(opts, nats.InProcessServer(b.server))
	}
	if err := other.connect(url, opts); err != nil {
		other.Close()
		return nil, err
	}
	return other, nil
}

// storage is where streams are kept.
func (b *Bus) storage() jetstream.StorageType {
	if b.cfg.URL == "" && b.cfg.Dir == "" {
		return jetstream.MemoryStorage
	}
	return jetstream.FileStorage
}

// Close leaves the bus, and stops the server if it is ours.
func (b *Bus) Close() {
	if b.conn != nil {
		b.conn.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}
