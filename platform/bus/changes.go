package bus

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Changes carries news of sales, registrations and revoked devices to the
// other processes: a number bought here rings there now. Each process reads
// everything from SQL at its start; the stream carries only what comes after,
// and keeps a day of it for those whose connection was cut.
type Changes struct {
	js      jetstream.JetStream
	node    string
	subject string
	consume jetstream.ConsumeContext
}

const nodeHeader = "Callisto-Node"

// Changes joins the stream; receive is called, one by one, with what others
// send from now on. Join before reading SQL, and nothing is missed.
func (b *Bus) Changes(ctx context.Context, receive func(change []byte) error) (*Changes, error) {
	c := &Changes{js: b.js, node: b.cfg.Node, subject: "callisto." + b.cfg.Site + ".changes"}
	stream, err := b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: b.cfg.Site + "-changes", Subjects: []string{c.subject},
		Storage: b.storage(), MaxAge: 24 * time.Hour, MaxBytes: 256 << 20, Description: "news of sales and credentials"})
	if err != nil {
		return nil, fmt.Errorf("open the news of sales: %w", err)
	}
	// By number, not "new only": a consumer that is cut off before its first
	// message would else come back too late.
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq: stream.CachedInfo().State.LastSeq + 1})
	if err != nil {
		return nil, fmt.Errorf("follow the news of sales: %w", err)
	}
	c.consume, err = consumer.Consume(func(m jetstream.Msg) {
		if m.Headers().Get(nodeHeader) == c.node {
			return // we know it already
		}
		if err := receive(m.Data()); err != nil {
			slog.Error("news of another process was not understood", "err", err)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("follow the news of sales: %w", err)
	}
	return c, nil
}

// SendChange sends a change to the other processes.
func (c *Changes) SendChange(ctx context.Context, change []byte) error {
	m := nats.NewMsg(c.subject)
	m.Data = change
	m.Header.Set(nodeHeader, c.node)
	if _, err := c.js.PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("send the news: %w", err)
	}
	return nil
}

// Close stops following.
func (c *Changes) Close() { c.consume.Stop() }
