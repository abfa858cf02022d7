package bell

import (
	"context"
	"encoding/json"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callisto-tel/callisto/business/contact"
	"github.com/callisto-tel/callisto/business/letter"
)

// Call is a call that rings.
type Call struct {
	Sleeper // whom it is for

	ID     string
	Caller string // as people write it; "" if that is withheld
	Name   string // what the caller is called, as telephones show it
}

// woken is who was told of a call.
type woken struct {
	Call
	person   Person
	browsers []Browser
}

// The kinds of letters that notifications are worded by.
const (
	callWords   = "push_call"
	missedWords = "push_missed"
	elseWords   = "push_answered"
	overWords   = "push_over"
	letterWords = "missed_call"
	digestWords = "missed_calls"
)

// note is what the worker of a browser is sent; faces/web/phone/worker.js reads it.
type note struct {
	Kind  string `json:"kind"` // call, missed, over
	Title string `json:"title"`
	Body  string `json:"body"`
	Tag   string `json:"tag"` // of the same, the last is shown
	URL   string `json:"url"` // what a click opens
	Lang  string `json:"lang"`
	Dir   string `json:"dir"`
	Until int64  `json:"until,omitempty"` // milliseconds; of a call, how long it rings
}

// Wake rings the closed browsers of a number, in canonical form; false if it does not,
// for there are none or too many are being rung. It does not block; vain is called if
// it turns out that there is none to ring.
func (s *Service) Wake(number string, c Call, vain func()) bool {
	x, ok := s.Asleep(number)
	if !ok {
		return false
	}
	c.Sleeper = x
	key := c.ID + number
	s.mu.Lock()
	s.woken[key] = &woken{Call: c} // it may be over before it is known whom to tell
	s.mu.Unlock()
	if s.Beside(c.Account, func(ctx context.Context) {
		if !s.wake(ctx, key, c) {
			vain()
		}
	}) {
		return true
	}
	s.forget(key)
	return false
}

func (s *Service) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.woken, key)
}

// Rest tells that a call to a number rings no more, whether or not there still is
// anything to wake. Who missed it is told by its record.
func (s *Service) Rest(call, number string, answered bool) {
	s.mu.Lock()
	w := s.woken[call+number]
	delete(s.woken, call+number)
	s.mu.Unlock()
	if w == nil || len(w.browsers) == 0 {
		return
	}
	s.Beside(w.Account, func(ctx context.Context) { s.rest(ctx, w, answered) })
}

// Beside sends something to what sleeps, at the same time, for somebody; false if it
// does not, for too much is being sent: to everybody, or for him, whose push service
// may take its time. It does not block.
func (s *Service) Beside(who string, send func(ctx context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.busy[who] >= mostEach {
		return false
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return false
	}
	s.busy[who]++
	s.sending.Go(func() {
		defer s.done(who)
		send(s.ctx)
	})
	return true
}

func (s *Service) done(who string) {
	<-s.slots
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[who]--; s.busy[who] <= 0 {
		delete(s.busy, who)
	}
}

// wake reports whether any browser may come.
func (s *Service) wake(ctx context.Context, key string, c Call) bool {
	ctx, cancel := context.WithTimeout(ctx, WakeFor)
	defer cancel()
	w, err := s.who(ctx, c)
	if err != nil {
		s.forget(key)
		s.cfg.Log.WarnContext(ctx, "closed browsers could not be rung", "call", c.ID, "error", err)
		return false
	}
	s.mu.Lock()
	_, rings := s.woken[key]
	if rings {
		s.woken[key] = w
	}
	s.mu.Unlock()
	if !rings || len(w.browsers) == 0 { // it is over, or there is nobody; Rest forgets it
		return false
	}
	until := s.cfg.Now().Add(WakeFor)
	payload, err := s.note(callWords, "call", w, until)
	if err != nil {
		s.cfg.Log.ErrorContext(ctx, "there are no words for a call", "error", err)
		return false
	}
	return s.toAll(ctx, w.browsers, payload, WakeFor, c.ID)
}

// who finds whom to tell, and who calls.
func (s *Service) who(ctx context.Context, c Call) (*woken, error) {
	p, found, err := s.cfg.Store.Person(ctx, c.Account)
	if err != nil || !found {
		return &woken{}, err
	}
	all, err := s.cfg.Store.Browsers(ctx, c.Account, s.cfg.Now())
	if err != nil {
		return nil, err
	}
	w := &woken{Call: c, person: p}
	for _, b := range all {
		if b.Instance == "" || !s.cfg.Open(c.Number, b.Instance) {
			w.browsers = append(w.browsers, b)
		}
	}
	if len(w.browsers) > 0 {
		w.Name, err = s.named(ctx, c)
	}
	return w, err
}

// named is what a caller is called by his contacts, else as telephones show it.
func (s *Service) named(ctx context.Context, c Call) (string, error) {
	if c.Caller == "" {
		return "", nil
	}
	list, err := s.cfg.Contacts(ctx, c.Account)
	if err != nil {
		return "", err
	}
	if n := contact.NamesOf(list).Of(c.Caller); n != "" {
		return n, nil
	}
	return c.Name, nil
}

// toAll sends the same to several browsers.
func (s *Service) toAll(ctx context.Context, to []Browser, payload []byte, ttl time.Duration, topic string) (any bool) {
	var all sync.WaitGroup
	var there atomic.Bool
	for i := range to {
		all.Go(func() {
			o := s.cfg.Pusher.Send(ctx, to[i].Subscription, payload, ttl, topicOf(topic))
			if !o.Gone {
				there.Store(true)
			}
			s.noted(ctx, to[i], o)
		})
	}
	all.Wait()
	return there.Load()
}

// noted forgets a browser that is no more, and logs what else went wrong.
func (s *Service) noted(ctx context.Context, b Browser, o Outcome) {
	switch {
	case o.Gone:
		ctx = context.WithoutCancel(ctx)
		if _, err := s.cfg.Store.DropBrowser(ctx, b.Account, b.ID, ""); err != nil {
			s.cfg.Log.WarnContext(ctx, "a browser that is gone could not be forgotten", "browser", b.ID, "error", err)
		}
		if err := s.Refresh(ctx); err != nil {
			s.cfg.Log.WarnContext(ctx, "who has browsers to ring could not be read", "error", err)
		}
	case o.Err != nil:
		s.cfg.Log.InfoContext(ctx, "a browser was not reached", "browser", b.ID, "error", o.Err)
	}
}

// topicOf is a call as a topic: at most 32 letters (RFC 8030 §5.4).
func topicOf(call string) string { return call[:min(len(call), 32)] }

// rest takes the notification of a call back, by another in its place: a browser
// shows one for each message.
func (s *Service) rest(ctx context.Context, w *woken, answered bool) {
	words := elseWords
	if !answered {
		c, err := s.choice(ctx, w.Membership)
		if err != nil || c.Push {
			return // that it was missed comes by its record
		}
		words = overWords
	}
	ctx, cancel := context.WithTimeout(ctx, WakeFor)
	defer cancel()
	payload, err := s.note(words, "over", w, time.Time{})
	if err != nil {
		s.cfg.Log.ErrorContext(ctx, "there are no words for a call", "error", err)
		return
	}
	s.toAll(ctx, w.browsers, payload, time.Minute, w.ID)
}

// note is a message in the language of whom it is for.
func (s *Service) note(words, kind string, w *woken, until time.Time) ([]byte, error) {
	caller := w.Caller
	if caller == "" {
		words = private(words)
	} else {
		caller = nameAndNumber(w.Name, caller)
	}
	title, body, err := s.cfg.Words.Short(letter.Letter{Kind: words, Language: w.person.Language, Fields: map[string]string{"caller": clip(caller, 200), "number": w.Number.Display()}})
	if err != nil {
		return nil, err
	}
	n := note{Kind: kind, Title: title, Body: body, Tag: w.ID, Lang: w.person.Language, Dir: "auto", URL: "/calls?line=" + url.QueryEscape(w.Membership) + "#phone"}
	if kind != "call" {
		n.URL = "/calls"
	} else {
		n.Until = until.UnixMilli()
	}
	return json.Marshal(n)
}

// private are the words of a caller who withholds his number.
func private(words string) string {
	if words == callWords || words == missedWords {
		return words + "_private"
	}
	return words
}
