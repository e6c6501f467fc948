//go:build e2e

package badinput

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

// strangers meddle with the calls of others.
func (l *lab) strangers(t *testing.T, d *device, a *phone) {
	t.Run("call from a stranger while it rings", func(t *testing.T) {
		listener := listenUDP(t)
		s := l.attacker(t, 108, "s")
		d.press(t)
		ring := a.signal(t, call.SignalCall, "")
		s.mustSend(t, s.call("stranger", tempting(t, listener)))
		e := d.eventOf(t, "onInvalidEvents", "stranger")
		s.await(t, call.SignalReject, "stranger")
		if e.Signal != "onCall" || e.UserID != 108 || d.count("onCall", 108) != 0 {
			t.Errorf("event %+v, and %d rings", e, d.count("onCall", 108))
		}
		c := newConversation(t)
		a.send(call.SignalAccept, ring.Session, c.answer(t, ring.SDP))
		c.sees(t)
		d.silent(t, 108, anna, ring.Session)
		a.hangUp(t, d, ring.Session, c)
		if n := listener.received(); n > 0 {
			t.Errorf("%d packets went to the stranger", n)
		}
		a.nothingLost(t, d)
		says(t, "the stranger gets reject and no packet; event onInvalidEvents, signal %s, user_id %d; the contact goes on ringing", e.Signal, e.UserID)
	})
	t.Run("signals of a stranger in a call", func(t *testing.T) {
		l.meddle(t, d, a, l.attacker(t, 107, "s"), (*attacker).refused)
	})
	t.Run("signals of a contact who is not in the call", func(t *testing.T) {
		l.meddle(t, d, a, l.attacker(t, 102, "s"), (*attacker).handled)
	})
	t.Run("signals under the device's own account", func(t *testing.T) {
		own := l.attacker(t, door, "thief")
		id, c := a.talk(t, d)
		for _, typ := range []call.SignalType{call.SignalHangUp, call.SignalReject, call.SignalAccept, call.SignalUpdate} {
			own.mustSend(t, own.stanza(typ, id, "<sdp>v=0</sdp>"))
		}
		own.mustSend(t, own.call("own", "v=0\n"))
		own.pinged(t)
		c.sees(t)
		d.silent(t, door, anna, id)
		a.hangUp(t, d, id, c)
		if n := d.count("onCall", door); n != 0 {
			t.Errorf("rang %d times", n)
		}
		a.nothingLost(t, d)
		says(t, "ignored: the call goes on, nothing rings")
	})
	t.Run("call in another's name", func(t *testing.T) {
		for i, u := range []call.UserID{anna, door} {
			s := l.attacker(t, 106, "s")
			id := mark("name", i)
			s.mustSend(t, strings.Replace(s.call(id, "v=0\n"), "<callerID>106<", fmt.Sprintf("<callerID>%d<", u), 1))
			d.eventOf(t, "onInvalidEvents", id)
			s.await(t, call.SignalReject, id)
		}
		if s := d.status(t).Sessions; len(s) > 0 {
			t.Errorf("sessions %+v", s)
		}
		a.nothingLost(t, d)
		says(t, "reject: who sent a signal counts, not its callerID")
	})
}

// meddle has somebody who is not in a call send every signal for it. done
// waits until the device has dealt with them.
func (l *lab) meddle(t *testing.T, d *device, a *phone, s *attacker, done func(*attacker, *testing.T, *device, call.SessionID)) {
	id, c := a.talk(t, d)
	listener := listenUDP(t)
	candidate := "<iceCandidates><iceCandidate><candidate>" + listener.candidate() + "</candidate><sdpMid>0</sdpMid><sdpMLineIndex>0</sdpMLineIndex></iceCandidate></iceCandidates>"
	for typ, more := range map[call.SignalType]string{
		call.SignalAccept:     sdpElement(onlyCodec("audio", "111 opus/48000/2")),
		call.SignalCandidates: candidate,
		call.SignalUpdate: "<reason>reconnect</reason><sessionDescription><offerId>1</offerId>" +
			sdpElement(tempting(t, listener)) + "<type>offer</type></sessionDescription>",
		call.SignalReject: "",
		call.SignalHangUp: "",
	} {
		s.mustSend(t, s.stanza(typ, id, more))
	}
	s.mustSend(t, s.call(id, tempting(t, listener)))
	done(s, t, d, call.SessionID(fmt.Sprintf("meddled-%d", s.user)))
	d.silent(t, s.user, anna, id)
	c.sees(t)
	a.hangUp(t, d, id, c)
	if n := listener.received(); n > 0 {
		t.Errorf("%d packets went to somebody who is not in the call", n)
	}
	a.nothingLost(t, d)
	says(t, "accept, candidates, update, reject, hangUp and call ignored; the picture goes on")
}

// trap is a UDP port at which nothing may arrive.
type trap struct{ conn *net.UDPConn }

func listenUDP(t *testing.T) trap {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ownAddress)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return trap{conn}
}

func (l trap) candidate() string {
	_, port, _ := net.SplitHostPort(l.conn.LocalAddr().String()) // its own words
	return "candidate:1 1 udp 2130706431 " + ownAddress + " " + port + " typ host"
}

// received counts the packets that have arrived.
func (l trap) received() int {
	_ = l.conn.SetReadDeadline(time.Now().Add(time.Millisecond)) // a fault shows as no packet at all
	for n := 0; ; n++ {
		if _, _, err := l.conn.ReadFrom(make([]byte, 2048)); err != nil {
			return n
		}
	}
}

// tempting is a good offer whose candidate is a trap.
func tempting(t *testing.T, l trap) string {
	t.Helper()
	c := newConversation(t)
	defer c.pc.Close()
	var kept []string
	for line := range strings.Lines(c.offer(t)) {
		if strings.HasPrefix(line, "a=candidate:") {
			line = "a=" + l.candidate() + "\r\n"
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}
