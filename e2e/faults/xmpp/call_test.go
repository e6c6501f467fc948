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

// A picture has stopped when so many statistics in a row, made once a second by
// the device's own clock, show no new frame, or when there are none for so long.
const (
	mostStill  = 1
	mostSilent = 10 * time.Second // a machine may be that busy
)

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
	still, last := 0, from
	for _, e := range events {
		if e.Session != session || e.Time.After(to) {
			continue
		}
		within := e.Time.After(from)
		switch e.Event {
		case "onSessionClose", "onReconnect", "onSessionConnectionStateChanged", "onStopCall":
			if within {
				return e.Event + " " + e.State
			}
		case "onCallStatsReport":
			still++
			if e.Stats.Video.FramesReceived != frames || !within {
				frames, still = e.Stats.Video.FramesReceived, 0
			}
			if within && still > mostStill {
				return fmt.Sprintf("no picture in %d statistics in a row", still)
			}
			if within {
				last = e.Time
			}
		}
	}
	if silent := to.Sub(last); silent > mostSilent {
		return fmt.Sprintf("no statistics for %v", silent.Round(time.Second))
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
		{"a busy machine", []intercom.Event{stats(-1, 1), stats(3.5, 5)}, ""},
		{"one still report", []intercom.Event{stats(0.5, 5), stats(1.5, 5), stats(2.5, 12), stats(3.9, 12)}, ""},
		{"still", []intercom.Event{stats(0.5, 5), stats(1.5, 5), stats(2.5, 5), stats(3.5, 7)}, "no picture in 2 statistics in a row"},
		{"still from the begin", []intercom.Event{stats(-1, 5), stats(1, 5), stats(2, 5)}, "no picture in 2 statistics in a row"},
		{"still before and after", []intercom.Event{stats(-3, 5), stats(-2, 5), stats(-1, 5), stats(1, 6), stats(5, 6), stats(6, 6)}, ""},
		{"closed", []intercom.Event{stats(0.5, 5), closed}, "onSessionClose CLOSED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := harm(tt.events, session, at(0), at(4)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if got := harm(nil, session, at(0), at(20)); got != "no statistics for 20s" {
		t.Errorf("without statistics: %q", got)
	}
}
