package calltest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/intercomd/intercomd/call"
)

// Recorder is a Listener that writes down each event as a line: the event, the
// state of the session as seen from inside the callback, the user, and what
// else there is, e.g. "onAcceptCall ACTIVE 102 door=open".
type Recorder struct {
	// Then, if set, is called after an event of a session was written down,
	// with the name of the event.
	Then func(event string, s *call.Session)

	mu    sync.Mutex
	lines []string
}

var _ call.Listener = (*Recorder)(nil)

// Lines returns what was written down.
func (r *Recorder) Lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// Count returns how many events of that name there were.
func (r *Recorder) Count(event string) int {
	n := 0
	for _, l := range r.Lines() {
		if name, _, _ := strings.Cut(l, " "); name == event {
			n++
		}
	}
	return n
}

func (r *Recorder) write(s *call.Session, event string, rest ...any) {
	line := []string{event}
	if s != nil {
		line = append(line, s.State().String())
	}
	for _, v := range rest {
		if t := fmt.Sprint(v); t != "" {
			line = append(line, t)
		}
	}
	r.mu.Lock()
	r.lines = append(r.lines, strings.Join(line, " "))
	r.mu.Unlock()
	if r.Then != nil && s != nil {
		r.Then(event, s)
	}
}

// text writes an extension in the order of its keys.
func text(e call.Extension) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(e)) {
		parts = append(parts, k+"="+e[k])
	}
	return strings.Join(parts, " ")
}

// OnCall records the event; so do all methods below.
func (r *Recorder) OnCall(s *call.Session, ext call.Extension) {
	r.write(s, "onCall", s.Initiator(), text(ext))
}

// OnAcceptCall records the event.
func (r *Recorder) OnAcceptCall(s *call.Session, u call.UserID, ext call.Extension) {
	r.write(s, "onAcceptCall", u, text(ext))
}

// OnRejectCall records the event.
func (r *Recorder) OnRejectCall(s *call.Session, u call.UserID, ext call.Extension) {
	r.write(s, "onRejectCall", u, text(ext))
}

// OnStopCall records the event.
func (r *Recorder) OnStopCall(s *call.Session, u call.UserID, ext call.Extension) {
	r.write(s, "onStopCall", u, text(ext))
}

// OnUpdateCall records the event.
func (r *Recorder) OnUpdateCall(s *call.Session, u call.UserID, ext call.Extension) {
	r.write(s, "onUpdateCall", u, text(ext))
}

// OnInvalidEvents records the event.
func (r *Recorder) OnInvalidEvents(event string, _ call.SessionID, u call.UserID, ext call.Extension) {
	r.write(nil, "onInvalidEvents", event, u, text(ext))
}

// OnUserNotAnswer records the event.
func (r *Recorder) OnUserNotAnswer(s *call.Session, u call.UserID) {
	r.write(s, "onUserNotAnswer", u)
}

// OnRemoteStream records the event.
func (r *Recorder) OnRemoteStream(s *call.Session, u call.UserID, _ call.RemoteStream) {
	r.write(s, "onRemoteStream", u)
}

// OnSessionConnectionStateChanged records the event.
func (r *Recorder) OnSessionConnectionStateChanged(s *call.Session, u call.UserID, c call.ConnectionState) {
	r.write(s, "onSessionConnectionStateChanged", u, c)
}

// OnReconnect records the event.
func (r *Recorder) OnReconnect(s *call.Session, u call.UserID, state call.ReconnectionState) {
	r.write(s, "onReconnect", u, string(state))
}

// OnSessionClose records the event.
func (r *Recorder) OnSessionClose(s *call.Session) { r.write(s, "onSessionClose") }

// OnCallStatsReport records the event.
func (r *Recorder) OnCallStatsReport(s *call.Session, u call.UserID, _ call.StatsReport) {
	r.write(s, "onCallStatsReport", u)
}
