package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/callisto-tel/callisto/business/cdr"
	"github.com/callisto-tel/callisto/business/center"
	"github.com/callisto-tel/callisto/business/location"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/numbering"
	"github.com/callisto-tel/callisto/business/routing"
	"github.com/callisto-tel/callisto/platform/config"
)

// Telephony is the part of a node that carries calls. Start listens and returns
// once telephones can register; it stops listening when Close is called. Lost
// delivers the error that ended it, if any did.
type Telephony interface {
	Start(ctx context.Context) error
	// Addrs is where each center's telephones register, HOST:PORT.
	Addrs() map[center.ID]string
	Close(ctx context.Context) error
}

// Exchange is everything telephony is given: memory to read, places to write. It never sees SQL or the bus.
type Exchange struct {
	Config   config.Config
	Centers  *center.Directory
	Plans    *numbering.Plans
	Realm    string // of the SIP credentials
	Devices  *member.Directory
	Tables   *routing.Tables
	Bindings *location.Table
	Records  Records
	Log      *slog.Logger
	Now      func() time.Time
}

// Records takes call records without making a call wait. False says that the
// database stands still and the caller keeps the record.
type Records interface {
	Record(r cdr.Record) bool
}

// NewTelephony builds the telephony of a node. Options.Telephony is of this type; openTelephony is the default.
type NewTelephony func(Exchange) (Telephony, error)

// silent is the telephony of a node without an engine: it listens nowhere, and says so.
type silent struct{ log *slog.Logger }

func (s silent) Start(context.Context) error {
	s.log.Warn("this build has no SIP engine: numbers are sold, but no telephone can register")
	return nil
}
func (silent) Addrs() map[center.ID]string { return map[center.ID]string{} }
func (silent) Close(context.Context) error { return nil }

// openTelephony is the wiring point of telephony/edge: build the engine from x here.
func openTelephony(x Exchange) (Telephony, error) { return silent{x.Log}, nil }
