//go:build e2e

package xmpp

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

// pair is the two devices, and the numbers they exchange while in a call.
type pair struct {
	*exchange
	door, home *device
	session    call.SessionID
}

// startPair runs both devices. A device is told of 20 updates of one peer that
// come at once; the pace is such that no outage of the table holds more of them
// back before they expire.
func startPair(t *testing.T, s *server, address string, params parameters) *pair {
	t.Helper()
	pace := 700 * time.Millisecond
	if params.long {
		pace = 2 * time.Second
	}
	p := &pair{exchange: newExchange(t, "devices", pace)}
	update := func(end int) func(intercom.Event) {
		return func(e intercom.Event) {
			if e.Event == "onUpdateCall" {
				p.received(end, e.Extension)
			}
		}
	}
	p.door = startDevice(t, s, address, params.logs, door, home, update(0))
	p.home = startDevice(t, s, address, params.logs, home, door, update(1))
	ends := [2]*device{p.door, p.home}
	p.send = func(end, n int) {
		err := ends[end].Do(context.Background(), control.VerbUpdate, intercom.SessionRequest{Session: p.session, Extension: extension(n)})
		if err != nil {
			t.Errorf("update %d from %d: %v", n, ends[end].user, err)
		}
	}
	return p
}

// ring presses the button; the home answers by itself.
func (p *pair) ring() call.SessionID {
	p.t.Helper()
	if err := p.door.Press(context.Background(), "front"); err != nil {
		p.t.Fatalf("press: %v", err)
	}
	session := p.home.event("the call", named("onCall")).Session
	p.door.pictures(session)
	p.home.pictures(session)
	return session
}

// talk rings and starts the exchange.
func (p *pair) talk() {
	p.t.Helper()
	p.session = p.ring()
	p.run()
}

// part ends the exchange and the call.
func (p *pair) part() {
	p.t.Helper()
	p.stop()
	p.hangUp(p.session)
}

// hangUp ends a call at the door; the home has to be told.
func (p *pair) hangUp(session call.SessionID) {
	p.t.Helper()
	if err := p.door.Do(context.Background(), control.VerbStop, intercom.SessionRequest{Session: session}); err != nil {
		p.t.Errorf("hang up: %v", err)
	}
	p.home.event("hangUp", func(e intercom.Event) bool { return e.Event == "onStopCall" && e.Session == session })
	p.door.idle()
	p.home.idle()
}

// mostStill is the longest time between two statistics, made once a second,
// with pictures in between, that counts as a picture that never stopped.
const mostStill = 2500 * time.Millisecond

// harm says what a fault did to the call; "" is nothing.
func (p *pair) harm(from, to time.Time) string {
	for _, d := range []*device{p.door, p.home} {
		if h := harm(d.events.All(), p.session, from, to); h != "" {
			return fmt.Sprintf("%d: %s", d.user, h)
		}
	}
	return ""
}

func harm(events []intercom.Event, session call.SessionID, from, to time.Time) string {
	var frames uint64
	moved := from
	longest := time.Duration(0)
	for _, e := range events {
		if e.Session != session || e.Time.After(to) {
			continue
		}
		switch e.Event {
		case "onSessionClose", "onReconnect", "onSessionConnectionStateChanged", "onStopCall":
			if e.Time.After(from) {
				return e.Event + " " + e.State
			}
		case "onCallStatsReport":
			if e.Stats.Video.FramesReceived == frames {
				continue
			}
			frames = e.Stats.Video.FramesReceived
			if e.Time.After(from) {
				longest = max(longest, e.Time.Sub(moved))
				moved = e.Time
			}
		}
	}
	if longest = max(longest, to.Sub(moved)); longest > mostStill {
		return fmt.Sprintf("no picture for %v", longest.Round(time.Millisecond))
	}
	return ""
}

func TestHarm(t *testing.T) {
	const session = call.SessionID("s")
	begin := time.Now()
	at := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
	stats := func(seconds float64, frames uint64) intercom.Event {
		return intercom.Event{Time: at(seconds), Event: "onCallStatsReport", Session: session,
			Stats: &call.StatsReport{Video: call.MediaStats{FramesReceived: frames}}}
	}
	closed := intercom.Event{Time: at(2), Event: "onSessionClose", Session: session, State: "CLOSED"}
	for _, tt := range []struct {
		name   string
		events []intercom.Event
		want   string
	}{
		{"moving", []intercom.Event{stats(-1, 1), stats(0.5, 5), stats(2, 9), stats(3, 12)}, ""},
		{"one still report", []intercom.Event{stats(0.5, 5), stats(1.5, 5), stats(2.5, 12), stats(3.9, 13)}, ""},
		{"still", []intercom.Event{stats(0.5, 5), stats(1.5, 5), stats(2.5, 5), stats(3.5, 7)}, "no picture for 3s"},
		{"still at the end", []intercom.Event{stats(0.5, 5), stats(3.9, 5)}, "no picture for 3.5s"},
		{"no reports", nil, "no picture for 4s"},
		{"closed", []intercom.Event{stats(0.5, 5), closed}, "onSessionClose CLOSED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := harm(tt.events, session, at(0), at(4)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
