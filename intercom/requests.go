package intercom

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/intercomd/intercomd/call"
)

// Do carries out a request on a session. verb is accept, reject, stop, update,
// mute or unmute. Without a session, accept and reject mean the call that rings
// in, the others mean what is up; stop means all of it.
func (d *Device) Do(ctx context.Context, verb string, r SessionRequest) error {
	act, ok := d.action(verb)
	if !ok {
		return &RequestError{Field: "verb", Value: verb, Reason: "want accept, reject, stop, update, mute or unmute"}
	}
	if err := d.checkExtension(r.Extension); err != nil {
		return err
	}
	return d.ask(ctx, func() error {
		sessions, err := d.choose(verb, r.Session)
		if err != nil {
			return err
		}
		for _, s := range sessions {
			if err := act(s, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkExtension refuses data that cannot be sent: accept and call answer
// before it is.
func (d *Device) checkExtension(ext call.Extension) error {
	var bad *call.ExtensionError
	if errors.As(d.greeting(ext).Validate(), &bad) {
		return &RequestError{Field: "extension", Value: bad.Key, Reason: bad.Reason}
	}
	return nil
}

type action func(s *call.Session, r SessionRequest) error

// action finds what a verb does to a session.
func (d *Device) action(verb string) (action, bool) {
	switch verb {
	case "accept":
		return d.acceptRequest, true
	case "reject":
		return func(s *call.Session, r SessionRequest) error { return s.Reject(d.greeting(r.Extension)) }, true
	case "stop":
		return func(s *call.Session, r SessionRequest) error { return d.end(s, r.Extension) }, true
	case "update":
		return func(s *call.Session, r SessionRequest) error { return s.Update(r.Extension) }, true
	case "mute":
		return func(s *call.Session, r SessionRequest) error { return s.Mute(kindOf(r)) }, true
	case "unmute":
		return func(s *call.Session, r SessionRequest) error { return s.Unmute(kindOf(r)) }, true
	}
	return nil, false
}

func (d *Device) acceptRequest(s *call.Session, r SessionRequest) error {
	if n := d.notes[s.ID()]; n != nil && n.accepting || !s.Incoming() || s.State() != call.StateNew {
		return &ConflictError{Verb: "accept", Sessions: []call.SessionID{s.ID()}, Reason: fmt.Sprintf("session %s is not ringing in", s.ID())}
	}
	d.accept(s, r.Extension)
	return nil
}

func kindOf(r SessionRequest) call.Kind {
	if r.Kind == "" {
		return call.KindAudio
	}
	return r.Kind
}

// choose finds the sessions a request means.
func (d *Device) choose(verb string, id call.SessionID) ([]*call.Session, error) {
	live := d.client.Sessions()
	if id != "" {
		i := slices.IndexFunc(live, func(s *call.Session) bool { return s.ID() == id })
		if i < 0 {
			return nil, &NotFoundError{Kind: "session", Name: string(id), Known: texts(idsOf(live))}
		}
		return live[i : i+1], nil
	}
	if verb == "accept" || verb == "reject" {
		live = slices.DeleteFunc(live, func(s *call.Session) bool { return !s.Incoming() || s.State() != call.StateNew })
	}
	switch {
	case len(live) == 0:
		return nil, &NotFoundError{Kind: "session"}
	case len(live) > 1 && verb != "stop":
		return nil, &ConflictError{Verb: verb, Sessions: idsOf(live), Reason: "several sessions; say which"}
	}
	return live, nil
}

// statusTimeout is how long Status waits for a loop that does not answer.
const statusTimeout = 5 * time.Second

// Status says what the device is doing now. Of a device that has stopped, or
// does not answer within 5 s, it has no sessions.
func (d *Device) Status() Status {
	cfg := d.config()
	st := Status{
		Name: cfg.Name, Version: cfg.Version, UserID: cfg.Self, XMPP: d.xmppStatus(),
		Camera: ask(d.ports.Camera), Audio: ask(d.ports.Audio), Playback: ask(d.ports.Playback),
		GPIO: ask(d.ports.GPIO), Media: ask(d.ports.Counters), Signals: ask(d.ports.Signals), Process: ask(d.ports.Process),
		Config: ask(d.ports.Changed), Update: ask(d.ports.Update),
		Buttons: []string{}, Contacts: []ContactStatus{}, Sessions: []SessionStatus{},
	}
	for _, b := range cfg.Buttons {
		st.Buttons = append(st.Buttons, b.Name)
	}
	for _, c := range cfg.Contacts {
		st.Contacts = append(st.Contacts, ContactStatus(c))
	}
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	_ = d.ask(ctx, func() error { // without an answer nothing is known of sessions
		st.Started = d.started
		st.Stuck = slices.Sorted(maps.Keys(d.stuck))
		for _, s := range d.client.Sessions() {
			st.Sessions = append(st.Sessions, d.sessionStatus(s))
		}
		return nil
	})
	return st
}

func (d *Device) sessionStatus(s *call.Session) SessionStatus {
	out := SessionStatus{
		ID: s.ID(), State: s.State().String(), CallType: s.Type().String(),
		Initiator: s.Initiator(), Incoming: s.Incoming(), Unsent: d.isUnsent(s.ID())}
	if n := d.notes[s.ID()]; n != nil {
		out.Since = n.since
	}
	for _, p := range s.Peers() {
		out.Peers = append(out.Peers, PeerStatus{UserID: p.User, Name: d.config().nameOf(p.User), State: p.State.String()})
	}
	return out
}

func ask[T any](f func() T) T {
	if f == nil {
		var zero T
		return zero
	}
	return f()
}

func texts(ids []call.SessionID) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

// IfIdle has the device's loop run f when nothing rings and no call is up, and
// says whether it did. Nothing can begin to ring from here while f runs, so f is
// to be short; it must not call back into the device. Of a device that has
// stopped it says false.
func (d *Device) IfIdle(ctx context.Context, f func()) bool {
	idle := false
	_ = d.ask(ctx, func() error { // a device without a loop is not idle
		if idle = len(d.client.Sessions()) == 0; idle {
			f()
		}
		return nil
	})
	return idle
}

// Retire ends the device's work if nothing rings and no call is up, and says
// whether it did: requests fail with [ErrStopped] from then on. What is left to
// do is to end Run.
func (d *Device) Retire(ctx context.Context) bool {
	return d.IfIdle(ctx, func() { d.retired = true })
}
