package sdk

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

const (
	watchInterval = 50 * time.Millisecond
	// packetInterval is how exactly the device's first new packet is timed.
	packetInterval = 25 * time.Millisecond
)

// watch returns when the call has settled, or ctx ends.
func (p *pair) watch(ctx context.Context) {
	ctx, cancel := context.WithDeadline(ctx, p.up.Add(settleLimit))
	defer cancel()
	var polls sync.WaitGroup
	defer polls.Wait()
	for _, end := range p.parties() {
		if end.device != nil {
			polls.Go(func() { end.awaitPackets(ctx) })
		}
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for !p.settled(time.Now()) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
	cancel()
}

// settled says whether nothing more is to be expected.
func (p *pair) settled(now time.Time) bool {
	closed, back := true, true
	for _, end := range p.parties() {
		at := end.picture(p.healed)
		closed = closed && end.closed()
		back = back && !at.IsZero() && now.Sub(at) >= calm
	}
	return closed || back
}

// closed says whether the party's session has ended.
func (e *party) closed() bool {
	if e.device != nil {
		return e.device.Had("onSessionClose", 0)
	}
	return e.client.Had("onSessionCloseListener")
}

// picture returns when the first picture was shown that came over the network
// after a moment and to stay, or zero. One that is followed by a pause as long as
// calm was only late.
func (e *party) picture(after time.Time) time.Time {
	if e.device != nil {
		return e.firstPacket.get()
	}
	var first time.Time
	for _, ev := range e.client.Events.All() {
		if backAfter(ev, after) && (first.IsZero() || ev.Gap >= milliseconds(calm)) {
			first = ev.At
		}
	}
	return first
}

const pictureBack = "picture-back"

// pauses returns the later pauses of at least 500 ms, in ms.
func (e *party) pauses(after time.Time) []float64 {
	if e.device != nil {
		return nil
	}
	var pauses []float64
	for _, ev := range e.client.Events.All() {
		if backAfter(ev, after) {
			pauses = append(pauses, ev.Gap)
		}
	}
	if len(pauses) > 0 { // the first is the cut itself
		pauses = pauses[1:]
	}
	return slices.DeleteFunc(pauses, func(ms float64) bool { return ms < 500 })
}

// backAfter says whether an event tells of a picture that came over the network
// after a moment. What the browser still held when the link broke may be shown
// much later.
func backAfter(ev rig.ClientEvent, after time.Time) bool {
	return ev.Name == pictureBack && ev.Received > float64(after.UnixMicro())/1000
}

// awaitPackets notes when the device's counter of packets moves again.
func (e *party) awaitPackets(ctx context.Context) {
	ticker := time.NewTicker(packetInterval)
	defer ticker.Stop()
	var before uint64
	for first := true; ; {
		st, err := e.device.Snapshot(ctx)
		switch {
		case err != nil: // an answer that does not come is asked for again
		case first:
			before, first = st.Media[videoPackets], false
		case st.Media[videoPackets] > before:
			e.firstPacket.set(time.Now())
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// moment is a time that one goroutine notes and others read.
type moment struct {
	mu sync.Mutex
	at time.Time
}

func (m *moment) set(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = at
}

func (m *moment) get() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

// states lists what the party was told of connection and session.
func (e *party) states(cut time.Time) []State {
	var states []State
	add := func(at time.Time, name string) {
		if at.After(cut) {
			states = append(states, State{At: at.Sub(cut).Seconds(), Name: name})
		}
	}
	if e.device != nil {
		for _, ev := range e.device.Events.All() {
			if name := deviceState(ev); name != "" {
				add(ev.Time, name)
			}
		}
	} else {
		for _, ev := range e.client.Events.All() {
			if name := clientState(ev); name != "" {
				add(ev.At, name)
			}
		}
	}
	slices.SortStableFunc(states, func(a, b State) int { return cmp.Compare(a.At, b.At) })
	return states
}

func deviceState(ev rig.DeviceEvent) string {
	switch ev.Event {
	case "onReconnect":
		return strings.ToUpper(ev.State)
	case "onSessionConnectionStateChanged":
		return connection + ev.State
	case "onSessionClose":
		return sessionClosed
	case "xmpp":
		return "xmpp " + ev.State
	}
	return ""
}

// Names of states that are not reconnection states.
const (
	connection    = "connection "
	sessionClosed = "session closed"
	chatOnline    = "xmpp online"
)

// sdkConnection are the words for what QB.webrtc.SessionConnectionState counts.
var sdkConnection = [...]string{"UNDEFINED", "CONNECTING", "CONNECTED", "FAILED", "DISCONNECTED", "CLOSED", "COMPLETED"}

func clientState(ev rig.ClientEvent) string {
	switch ev.Name {
	case "onReconnectListener":
		return strings.ToUpper(ev.State)
	case "onSessionConnectionStateChangedListener":
		for i, word := range sdkConnection {
			if ev.State == string(rune('0'+i)) {
				return connection + word
			}
		}
		return connection + ev.State
	case "onSessionCloseListener":
		return sessionClosed
	case "chat.onDisconnectedListener":
		return "xmpp offline"
	case "chat.onReconnectListener":
		return chatOnline
	}
	return ""
}
