// Package prompt is the operator's own recordings in the place of what is spoken
// by machine: any prompt, in any language.
package prompt

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/speech"
)

// Recording is one.
type Recording struct {
	Name string // with the language: "ko/access/dial"
	Ulaw []byte // 8000 Hz
	By   string // account
	At   time.Time
}

// Store keeps them.
type Store interface {
	Recordings(ctx context.Context) ([]Recording, error)
	PutRecording(ctx context.Context, r Recording) error
	RemoveRecording(ctx context.Context, name string) (bool, error)
}

// Config is what the service needs.
type Config struct {
	// Encode makes µ-law of samples.
	Encode func([]int16) []byte
	// Use has calls play recordings, by name, and no others.
	Use func(map[string][]byte)
	// Changed tells the other processes; it may be nil.
	Changed func(ctx context.Context) error
	Now     func() time.Time
}

// Service keeps recordings, and what calls play.
type Service struct {
	store Store
	cfg   Config
	known map[string]string // what each prompt says
	now   atomic.Pointer[map[string]Recording]
}

// New returns the service; Load it.
func New(store Store, cfg Config) *Service {
	s := &Service{store: store, cfg: cfg, known: map[string]string{}}
	for _, r := range speech.Recordings() {
		s.known[r.Name] = r.Text
	}
	s.now.Store(&map[string]Recording{})
	return s
}

// Load reads what there is, again when it was changed elsewhere.
func (s *Service) Load(ctx context.Context) error {
	list, err := s.store.Recordings(ctx)
	if err != nil {
		return fmt.Errorf("read the recorded prompts: %w", err)
	}
	all, sound := make(map[string]Recording, len(list)), make(map[string][]byte, len(list))
	for _, r := range list {
		all[r.Name], sound[r.Name] = r, r.Ulaw
	}
	s.now.Store(&all)
	s.cfg.Use(sound)
	return nil
}

// Recorded is the operator's recording of a prompt, if there is one.
func (s *Service) Recorded(name string) (Recording, bool) {
	r, ok := (*s.now.Load())[name]
	return r, ok
}

func (s *Service) may(by member.Actor, name string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if _, ok := s.known[name]; !ok {
		return Unknown(name)
	}
	return nil
}

// Unknown says that there is no such prompt.
func Unknown(name string) error {
	return fault.New(fault.Unknown, "prompt_unknown", "There is no prompt %s.", name)
}

// Put has a recording, a WAV file, take the place of a prompt.
func (s *Service) Put(ctx context.Context, by member.Actor, name string, wav []byte) error {
	if err := s.may(by, name); err != nil {
		return err
	}
	samples, err := Read(wav)
	if err != nil {
		return err
	}
	if err := s.store.PutRecording(ctx, Recording{Name: name, Ulaw: s.cfg.Encode(samples), By: by.Account, At: s.cfg.Now()}); err != nil {
		return err
	}
	return s.changed(ctx)
}

// Remove puts the own prompt back.
func (s *Service) Remove(ctx context.Context, by member.Actor, name string) error {
	if err := s.may(by, name); err != nil {
		return err
	}
	if _, err := s.store.RemoveRecording(ctx, name); err != nil {
		return err
	}
	return s.changed(ctx)
}

func (s *Service) changed(ctx context.Context) error {
	if err := s.Load(ctx); err != nil || s.cfg.Changed == nil {
		return err
	}
	return s.cfg.Changed(ctx)
}
