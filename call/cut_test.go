package call_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// cutTick is the resolution of the timelines below.
const cutTick = 50 * time.Millisecond

// cut is a timeline of what happens around a connected call of 102: each line
// begins with the time in seconds. The peer is an SDK, which says disconnected
// 5.5 s after a loss, and 5 s later closes its PeerConnection and offers once;
// with the higher id it answers an offer with one of its own.
type cut struct {
	name string
	peer call.UserID
	in   string // events, separated by commas
	want string // what 102 sends and tells
}

// ownCut are cuts of our own link: the network and the link to the server tell
// of it, and what the SDK sent in the meantime waits at the server.
var ownCut = []cut{
	{"2 s, higher", 103, "0 down, 0 offline, 2 up, 2.15 resumed", ""},
	{"2 s, lower", 101, "0 down, 0 offline, 2 up, 2.15 resumed", ""},
	{"5 s, higher", 103, "0 down, 0 offline, 5 disconnected, 5 up, 5.1 connected, 5.15 resumed",
		"5 reconnecting, 5.1 reconnected"},
	{"5 s, lower", 101, "0 down, 0 offline, 5 disconnected, 5 up, 5.1 connected, 5.15 resumed",
		"5 reconnecting, 5.1 reconnected"},
	{"12 s, higher", 103, "0 down, 0 offline, 5 disconnected, 12 up, 12.15 resumed, 12.2 offer a phone",
		"5 reconnecting, 12.2 answer a, 12.2 reconnected"},
	{"12 s, lower", 101, "0 down, 0 offline, 5 disconnected, 12 up, 12.15 resumed, 12.15 offer a phone",
		"5 reconnecting, 12.15 answer a, 12.15 reconnected"},
	{"12 s, higher, their offer was lost", 103, "0 down, 0 offline, 5 disconnected, 12 up, 12.15 fresh, 12.25 offer b phone",
		"5 reconnecting, 12.15 offer, 12.25 answer b, 12.25 reconnected"},
	{"12 s, lower, their offer was lost", 101, "0 down, 0 offline, 5 disconnected, 12 up, 12.15 fresh, 12.25 answer phone",
		"5 reconnecting, 12.15 offer, 12.25 reconnected"},
	{"12 s, higher, the link seemed to live", 103,
		"0 down, 5 disconnected, 12 up, 12.25 offline, 12.4 resumed, 12.4 offer a phone",
		"5 reconnecting, 12.4 answer a, 12.4 reconnected"},
	{"29 s, higher", 103, "0 down, 0 offline, 5 disconnected, 29 up, 29.2 resumed, 29.25 offer a phone",
		"5 reconnecting, 29.25 answer a, 29.25 reconnected"},
	{"29 s, lower", 101, "0 down, 0 offline, 5 disconnected, 29 up, 29.2 resumed, 29.2 offer a phone",
		"5 reconnecting, 29.2 answer a, 29.2 reconnected"},
	{"35 s", 103, "0 down, 0 offline, 5 disconnected, 35 up, 35.2 resumed, 35.2 offer a phone",
		"5 reconnecting, 35 failed, 42 hangUp"},
	{"moved, higher", 103, "0 down, 0 offline, 2 moved, 2.2 resumed, 2.45 offer a phone",
		"2.2 reconnecting, 2.2 offer, 2.45 answer a, 2.45 reconnected"},
	{"moved, lower", 101, "0 down, 0 offline, 2 moved, 2.2 resumed, 2.35 answer phone",
		"2.2 reconnecting, 2.2 offer, 2.35 reconnected"},
	{"another address", 101, "2 moved", ""},
	{"another address instead", 101, "2 dead, 2 moved, 2.1 answer phone", "2 reconnecting, 2 offer, 2.1 reconnected"},
	{"back, but the path is dead", 101, "0 down, 2 dead, 2 up, 2.1 answer phone", "2 reconnecting, 2 offer, 2.1 reconnected"},
	{"back, path dead, no link yet", 101, "0 down, 0 offline, 2 dead, 2 up, 3 fresh, 3.1 answer phone",
		"3 reconnecting, 3 offer, 3.1 reconnected"},
	{"down again and again", 103, "0 down, 1 up, 1.5 down, 2 up, 2.5 down, 3 up", ""},
}

// theirCut are cuts of the SDK's link. It is back with a new resource, and
// offers at once.
var theirCut = []cut{
	{"2 s", 103, "", ""},
	{"5 s, higher", 103, "5 disconnected, 5.1 connected", "5 reconnecting, 5.1 reconnected"},
	{"5 s, lower", 101, "5 disconnected, 5.1 connected", "5 reconnecting, 5.1 reconnected"},
	{"12 s, higher", 103, "5 disconnected, 12.1 connected", "5 reconnecting, 12.1 reconnected"},
	{"12 s, lower", 101, "5 disconnected, 12.1 connected", "5 reconnecting, 12.1 reconnected"},
	{"12 s, its server was there before, higher", 103, "5 disconnected, 11 offer a phone-2",
		"5 reconnecting, 11 answer a, 11 reconnected"},
	{"12 s, its server was there before, lower", 101, "5 disconnected, 11 offer a phone-2",
		"5 reconnecting, 11 answer a, 11 reconnected"},
	{"29 s, higher", 103, "5 disconnected, 31 offer a phone-2",
		"5 reconnecting, 14 offer, 18 offer, 22 offer, 26 offer, 30 offer, 31 answer a, 31 reconnected"},
	{"29 s, lower", 101, "5 disconnected, 31 offer a phone-2, 31.1 answer phone-2",
		"5 reconnecting, 14 offer, 18 offer, 22 offer, 26 offer, 30 offer, 31 offer, 31.1 reconnected"},
	{"29 s, lower, our offer was just made in vain", 101, "5 disconnected, 30.2 offer a phone-2, 30.3 answer phone-2",
		"5 reconnecting, 14 offer, 18 offer, 22 offer, 26 offer, 30 offer, 30.2 offer, 30.3 reconnected"},
	{"29 s, the path is back before its server, higher", 103, "5 disconnected, 29.1 back",
		"5 reconnecting, 14 offer, 18 offer, 22 offer, 26 offer, 29.1 reconnected"},
	{"29 s, the path is back before its server, lower", 101, "5 disconnected, 29.1 back",
		"5 reconnecting, 14 offer, 18 offer, 22 offer, 26 offer, 29.1 reconnected"},
	{"29 s, path back, and it offers all the same", 103, "5 disconnected, 29.1 back, 31 offer a phone-2",
		"5 reconnecting, 14 offer, 18 offer, 22 offer, 26 offer, 29.1 reconnected, 31 answer a"},
	{"path back while its answer is under way", 101, "5 disconnected, 14.1 back, 14.3 answer phone, 14.4 answer phone",
		"5 reconnecting, 14 offer, 14.1 reconnected, 14.3 reconnecting, 14.3 offer, 14.4 reconnected"},
	{"path back, then answers to two of our offers", 101,
		"5 disconnected, 18.1 back, 18.3 first phone, 18.35 first phone, 18.4 answer phone, 19 first phone",
		"5 reconnecting, 14 offer, 18 offer, 18.1 reconnected, 18.3 reconnecting, 18.3 offer, 18.4 reconnected"},
	{"path back after its answer", 101, "5 disconnected, 14.1 answer phone, 14.2 back, 14.3 lost",
		"5 reconnecting, 14 offer, 14.1 reconnected"},
	{"path back after its offer, lower", 101, "5 disconnected, 16 offer a phone, 16 back, 16.1 answer phone",
		"5 reconnecting, 14 offer, 16 offer, 16.1 reconnected"},
	{"path back after its offer, higher", 103, "5 disconnected, 16 offer a phone, 16.1 back, 16.1 lost",
		"5 reconnecting, 14 offer, 16 answer a, 16 reconnected"},
	{"path lost again after it was back", 101, "5 disconnected, 14.1 back, 20 lost, 29.1 answer phone",
		"5 reconnecting, 14 offer, 14.1 reconnected, 20 reconnecting, 29 offer, 29.1 reconnected"},
	{"old connection failed, then an answer", 101, "5 disconnected, 15 failed, 15.5 back, 15.6 answer phone",
		"5 reconnecting, 14 offer, 15.6 reconnected"},
	{"35 s", 101, "5 disconnected",
		"5 reconnecting, 14 offer, 18 offer, 22 offer, 26 offer, 30 offer, 34 offer, 35 failed, 42 hangUp"},
	{"both offered at once", 101, "5 disconnected, 14.05 offer a phone, 14.1 answer phone, 14.2 answer phone",
		"5 reconnecting, 14 offer, 14.1 offer, 14.2 reconnected"},
	{"two copies of our offer were answered", 101, "5 disconnected, 14.1 answer phone, 14.2 dead, 14.2 other phone, 14.3 answer phone",
		"5 reconnecting, 14 offer, 14.1 reconnected, 14.2 reconnecting, 14.2 offer, 14.3 reconnected"},
}

// linkCut are losses of the link to the server alone.
var linkCut = []cut{
	{"media go on", 103, "1 offline, 9 fresh", ""},
	{"offer sent before, higher", 103, "0 disconnected, 9.5 offline, 10 fresh", "0 reconnecting, 9 offer, 12 offer, 16 offer"},
	{"offer sent before, lower", 101, "0 disconnected, 9.5 offline, 10 fresh", "0 reconnecting, 9 offer, 10 offer, 14 offer"},
	{"offer sent before, nothing lost", 103, "0 disconnected, 9.5 offline, 10 resumed", "0 reconnecting, 9 offer, 13 offer"},
	{"back within the grace time, path dead", 101, "0 disconnected, 2 offline, 4 dead, 4 fresh", "0 reconnecting, 4 offer, 8 offer"},
	{"back after the peer's grace time", 103, "0 disconnected, 2 offline, 6 resumed", "0 reconnecting, 6.15 offer, 10.15 offer"},
	{"offer while offline", 101, "0 disconnected, 2 offline, 8 fresh", "0 reconnecting, 8 offer, 12 offer"},
	{"never back", 101, "0 disconnected, 2 offline", "0 reconnecting, 30 failed, 37 hangUp"},
}

// TestCuts plays the timelines.
func TestCuts(t *testing.T) {
	for group, cuts := range map[string][]cut{"own": ownCut, "theirs": theirCut, "link": linkCut} {
		for _, c := range cuts {
			t.Run(group+" "+c.name, func(t *testing.T) {
				bubble(t, func(t *testing.T, w *world) { c.play(w) })
			})
		}
	}
}

// play runs the timeline, and some seconds more.
func (c cut) play(w *world) {
	w.t.Helper()
	door, s := connected(w, c.peer)
	events := strings.FieldsFunc(c.in, func(r rune) bool { return r == ',' })
	end := 3500 * time.Millisecond
	for _, line := range strings.Split(c.in+","+c.want, ",") {
		if line != "" {
			end = max(end, cutTime(line)+3500*time.Millisecond)
		}
	}
	var got []string
	sent, told := 1, 0
	for now := time.Duration(0); now < end; now += cutTick {
		for len(events) > 0 && cutTime(events[0]) <= now {
			c.happen(w, door, s, strings.Fields(events[0])[1:])
			events = events[1:]
		}
		synctest.Wait()
		for _, line := range inOrder(reconnects(door)[told:], c.sent(w, sent)) {
			got = append(got, fmt.Sprintf("%v %s", now.Seconds(), line))
		}
		sent, told = len(w.network.Sent(102)), len(reconnects(door))
		pass(cutTick)
	}
	if g := strings.Join(got, ", "); g != c.want {
		w.t.Errorf("happened\n  %s\nwant\n  %s", g, c.want)
	}
}

// inOrder puts what happened at once in order: RECONNECTING is told before
// anything is sent because of it, all else after.
func inOrder(told, sent []string) []string {
	if slices.Contains(told, string(call.Reconnecting)) {
		return append(told, sent...)
	}
	return append(sent, told...)
}

func cutTime(event string) time.Duration {
	d, err := time.ParseDuration(strings.Fields(event)[0] + "s")
	if err != nil {
		panic(err)
	}
	return d
}

// sent are the offers, answers and hangUps after the first n signals.
func (c cut) sent(w *world, n int) []string {
	var list []string
	for _, s := range w.network.Sent(102)[n:] {
		switch r := s.Signal.Reconnect; {
		case r != nil && r.Type == call.Answer:
			list = append(list, "answer "+r.OfferID)
		case r != nil:
			list = append(list, "offer")
		case s.Signal.Type == call.SignalHangUp:
			list = append(list, "hangUp")
		}
	}
	return list
}

// happen makes one event happen.
func (c cut) happen(w *world, door *party, s *call.Session, e []string) {
	w.t.Helper()
	network := map[string]call.NetworkEvent{"down": call.NetworkDown, "up": call.NetworkUp, "moved": call.NetworkMoved}
	switch e[0] {
	case "down", "up", "moved":
		door.NetworkChanged(network[e[0]])
	case "offline", "resumed", "fresh":
		door.SignalingChanged(e[0] != "offline", e[0] == "resumed")
	case "connected", "disconnected":
		state := map[string]call.ConnectionState{"connected": call.ConnectionConnected, "disconnected": call.ConnectionDisconnected}
		iceState(door, s, c.peer, commands[call.OpenPeer](door)-1, state[e[0]])
	case "back", "lost", "failed": // of the first PeerConnection
		state := map[string]call.ConnectionState{
			"back": call.ConnectionConnected, "lost": call.ConnectionDisconnected, "failed": call.ConnectionFailed,
		}
		iceState(door, s, c.peer, 0, state[e[0]])
	case "dead":
		door.media.SetDead(true)
	case "offer":
		door.Receive(from(e[2], reconnect(s, c.peer, e[1], call.Offer)))
	case "answer", "other", "first":
		offers := c.offers(w, door)
		id := offers[len(offers)-1]
		if e[0] == "first" {
			id = offers[0]
		}
		answer := from(e[1], reconnect(s, c.peer, id, call.Answer))
		if e[0] == "other" {
			answer.Reconnect.SDP = "v=0 of another PeerConnection"
		}
		door.Receive(answer)
	default:
		w.t.Fatalf("no such event: %q", e)
	}
}

// offers are the ids of the offers 102 sent.
func (c cut) offers(w *world, door *party) []string {
	var ids []string
	for _, d := range repairs(w, door) {
		if d.Type == call.Offer {
			ids = append(ids, d.OfferID)
		}
	}
	return ids
}
