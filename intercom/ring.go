package intercom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/intercomd/intercomd/call"
)

// ringPlan is a press that is being answered: the sessions it made.
//
//	ringing ──first accept──▶ answered (FirstAnswer: the others get hangUp)
//	   │                          │
//	   └──── every session closed ┴──▶ gone
type ringPlan struct {
	mode     Mode
	sessions map[call.SessionID]*call.Session
	answered bool
}

// Call rings users as a button would.
func (d *Device) Call(ctx context.Context, r CallRequest) ([]call.SessionID, error) {
	if err := d.checkExtension(r.Extension); err != nil {
		return nil, err
	}
	mode := FirstAnswer
	if r.Conference {
		mode = Conference
	}
	var ids []call.SessionID
	err := d.ask(ctx, func() error {
		users, typ, err := d.parseCall(r)
		if err != nil {
			return err
		}
		if live := d.client.Sessions(); len(live) > 0 {
			return &ConflictError{Verb: "call", Sessions: idsOf(live), Reason: "a call is up already; stop it first"}
		}
		ids, err = d.ring(users, mode, typ, r.Bandwidth, r.Extension)
		return err
	})
	return ids, err
}

func (d *Device) parseCall(r CallRequest) ([]call.UserID, call.Type, error) {
	typ := call.Video
	switch r.CallType {
	case "", "video":
	case "audio":
		typ = call.Audio
	default:
		return nil, 0, &RequestError{Field: "call_type", Value: r.CallType, Reason: "want video or audio"}
	}
	if len(r.Users) == 0 {
		return nil, 0, &RequestError{Field: "users", Reason: "want at least one contact"}
	}
	if r.Bandwidth < 0 {
		return nil, 0, &RequestError{Field: "bandwidth", Value: fmt.Sprint(r.Bandwidth), Reason: "want kbit/s, 0 for no limit"}
	}
	var users []call.UserID
	for _, name := range r.Users {
		c, err := d.config().contact(name)
		if err != nil {
			return nil, 0, err
		}
		users = append(users, c.UserID)
	}
	return users, typ, nil
}

// ring makes the sessions of a plan and starts to call.
func (d *Device) ring(users []call.UserID, mode Mode, typ call.Type, bandwidth int, ext call.Extension) ([]call.SessionID, error) {
	groups := [][]call.UserID{users}
	if mode == FirstAnswer {
		groups = groups[:0]
		for _, u := range users {
			groups = append(groups, []call.UserID{u})
		}
	}
	sessions := make([]*call.Session, 0, len(groups))
	for _, g := range groups {
		s, err := d.client.NewSession(g, typ, call.SessionOptions{Bandwidth: bandwidth})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("ring %v: %w", g, err), d.stopAll(sessions, nil))
		}
		sessions = append(sessions, s)
	}
	plan := &ringPlan{mode: mode, sessions: make(map[call.SessionID]*call.Session)}
	for _, s := range sessions {
		plan.sessions[s.ID()] = s
		d.note(s)
	}
	d.plan = plan
	if d.noteUnsent(sessions) {
		d.log.Warn("offline: the call goes out if the link comes back in time", "sessions", texts(idsOf(sessions)))
		d.chime(Offline)
	}
	greeting := d.greeting(ext)
	d.outside(func(ctx context.Context) {
		for _, s := range sessions {
			d.openMedia(ctx, s)
			if err := s.Call(greeting); err != nil {
				d.log.Info("not ringing", "session", s.ID(), "err", err)
			}
		}
	})
	return idsOf(sessions), nil
}

// accept opens the devices and answers. The session is told apart from one
// that nobody has answered yet, so a second press stops instead.
func (d *Device) accept(s *call.Session, ext call.Extension) {
	d.note(s).accepting = true
	greeting := d.greeting(ext)
	d.outside(func(ctx context.Context) {
		d.openMedia(ctx, s)
		if err := s.Accept(greeting); err != nil {
			d.log.Info("not accepted", "session", s.ID(), "err", err)
		}
		d.post(func() {
			if n := d.notes[s.ID()]; n != nil {
				n.accepting = false
			}
		})
	})
}

// openMedia opens what it can for a session: everything, else the sound alone,
// else the picture alone, each within the time-out. A call without any is still
// worth making.
func (d *Device) openMedia(ctx context.Context, s *call.Session) {
	wants := []call.MediaParams{{Audio: true}}
	if s.Type() == call.Video {
		wants = []call.MediaParams{{Audio: true, Video: true}, {Audio: true}, {Video: true}}
	}
	for _, want := range wants {
		err := d.openWithin(ctx, s, want)
		if err == nil {
			return
		}
		d.log.Warn("call goes on without a device", "session", s.ID(), "err", err)
		d.publish(Event{Event: "device", Session: s.ID(), Error: err.Error()})
		if ctx.Err() != nil || s.State() == call.StateClosed {
			return
		}
	}
}

func (d *Device) openWithin(ctx context.Context, s *call.Session, want call.MediaParams) error {
	ctx, cancel := context.WithTimeout(ctx, d.config().OpenTimeout)
	defer cancel()
	_, err := s.GetUserMedia(ctx, want)
	return err
}

// stopAll ends sessions: those that ring in are rejected, the others hung up.
func (d *Device) stopAll(sessions []*call.Session, ext call.Extension) error {
	var failed []string
	for _, s := range sessions {
		if err := d.end(s, ext); err != nil {
			failed = append(failed, err.Error())
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("stop: %s", strings.Join(failed, "; "))
	}
	return nil
}

func (d *Device) end(s *call.Session, ext call.Extension) error {
	if n := d.notes[s.ID()]; n != nil {
		n.ended = true
	}
	if s.Incoming() && s.State() == call.StateNew {
		return s.Reject(d.greeting(ext))
	}
	return s.Stop(d.greeting(ext))
}

// answered gives the call to the first who accepts.
func (d *Device) answered(s *call.Session) {
	p := d.plan
	if p == nil || p.answered || p.sessions[s.ID()] == nil {
		return
	}
	p.answered = true
	if p.mode != FirstAnswer {
		return
	}
	for id, other := range p.sessions {
		if id == s.ID() || other.State() == call.StateClosed {
			continue
		}
		if err := d.end(other, call.Extension{"reason": "answered elsewhere"}); err != nil {
			d.log.Info("loser already gone", "session", id, "err", err)
		}
	}
}

// note returns what is remembered of a session that lives.
func (d *Device) note(s *call.Session) *note {
	n := d.notes[s.ID()]
	if n == nil {
		n = &note{since: time.Now()}
		d.notes[s.ID()] = n
	}
	return n
}

// connected tells that media flows, the first time it does.
func (d *Device) connected(s *call.Session) {
	n := d.notes[s.ID()]
	if n == nil || n.connected {
		return
	}
	n.connected = true
	if !n.auto { // the announcement is to be heard
		d.chime(Connect)
	}
}

// closed forgets a session. unsent says that nobody was told of it.
func (d *Device) closed(s *call.Session, unsent bool) {
	n := d.notes[s.ID()]
	delete(d.notes, s.ID())
	switch {
	case n == nil || len(d.notes) > 0:
	case unsent && !n.ended:
		d.chime(Offline)
	case n.connected || !s.Incoming():
		d.chime(End)
	}
	if d.plan == nil {
		return
	}
	delete(d.plan.sessions, s.ID())
	if len(d.plan.sessions) == 0 {
		d.plan = nil
	}
}

func idsOf(sessions []*call.Session) []call.SessionID {
	ids := make([]call.SessionID, 0, len(sessions))
	for _, s := range sessions {
		ids = append(ids, s.ID())
	}
	return ids
}
