package abuse

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
)

// situation is what the device does while it is attacked.
type situation string

const (
	idle       situation = "idle"
	inCall     situation = "in a call with Anna"
	conference situation = "in a conference with Anna and the attacker"
	badServer  situation = "idle, the server attacks"
	// What the server sends too much would be missing from the counts of
	// XEP-0198, so the stream has none.
	badCounts situation = "idle, the server attacks, no XEP-0198"
)

// attack is something that is done to the device again and again.
type attack struct {
	name string
	rate int // a second
	when situation
	// rings says that the door may ring: the attacker is a contact.
	rings bool
	// prepare returns what to do for the i-th time.
	prepare func(context.Context, *stage) (func(i int) error, error)
}

// attacks lists all, those that need another device last.
func attacks() []attack {
	return []attack{
		{"calls of 20 strangers", 100, idle, false, strangersCall},
		{"stanzas of 250 kB of a stranger", 20, idle, false, bigStanzas},
		{"a contact calls and cancels", 20, idle, true, callAndCancel},
		{"a contact calls with bogus SDP", 50, idle, true, bogusOffers},
		{"a contact repeats one call without end", 10, idle, true, oneCall},
		{"requests at the control socket", 200, idle, false, controlRequests},
		{"followers that read nothing", 50, idle, false, controlFollowers},
		{"accept, candidates, update of a stranger", 500, inCall, false, meddle(site.FirstStranger, "x")},
		{"accept, candidates, update of another contact", 500, inCall, false, meddle(site.Ben, "x")},
		{"accept, candidates, update of Anna's other device", 500, inCall, false, meddle(site.Anna, "other")},
		{"reconnect offers of a stranger", 50, inCall, false, offersOf(site.FirstStranger, "x")},
		{"reconnect offers of Anna's other device", 50, inCall, false, offersOf(site.Anna, "other")},
		{"STUN to the ports of the media", 5000, inCall, false, datagramsOf(64, true)},
		{"RTP of 1200 bytes to the ports", 5000, inCall, false, datagramsOf(1200, false)},
		{"datagrams of 9000 bytes to the ports", 1000, inCall, false, datagramsOf(9000, false)},
		{"accept, candidates, update of the peer", 500, conference, false, meddleAsPeer},
		{"reconnect offers of the peer", 50, conference, false, offersAsPeer},
		{"offers of the peer with a wrong fingerprint", 5, conference, false, wrongFingerprints},
		{"endless candidates of the peer", 500, conference, false, endlessCandidates},
		{"candidates with names of the peer", 100, conference, false, namedCandidates},
		{"RTCP of the peer", 10000, conference, false, rtcpOfPeer},
		{"RTP of the peer, 20 bytes", 20000, conference, false, rtpOfPeer(20)},
		{"RTP of the peer, 1150 bytes", 5000, conference, false, rtpOfPeer(1150)},
		{"<r/>", 2000, badServer, false, inject(func(int) string { return "<r xmlns='urn:xmpp:sm:3'/>" })},
		{"pings", 500, badCounts, false, inject(func(i int) string {
			return fmt.Sprintf("<iq type='get' id='f%d' from='%s' to='%s/intercom-1'><ping xmlns='urn:xmpp:ping'/></iq>", i, site.Domain, doorJID())
		})},
		{"messages and presence", 1000, badCounts, false, inject(func(i int) string {
			return fmt.Sprintf("<message from='x@%s' type='headline'><body>%d</body></message><presence from='x@%s'/>", site.Domain, i, site.Domain)
		})},
		{"calls of ever new strangers", 500, badCounts, false, inject(func(i int) string {
			from := fmt.Sprintf("<message from='%d-%d@%s/x' ", 1_000_000+i, site.App, site.Domain)
			return strings.Replace(callBy(call.UserID(1_000_000+i), call.SessionID(fmt.Sprintf("s%d", i)), "v=0\r\n"), "<message ", from, 1)
		})},
	}
}

// stage is what an attack gets to know and to use.
type stage struct {
	*scene
	session call.SessionID // of the call; "" in none
	peer    *attacker      // the attacker's signalling in the conference
	hostile *hostile       // his media
	inject  func(string) error
	tidy    []func() error
	used    []*attacker // whose counts the report shows
}

// as logs an attacker in for the time of the attack.
func (s *stage) as(user call.UserID, resource string) (*attacker, error) {
	a, err := login(s.server.Address, user, resource)
	if err != nil {
		return nil, err
	}
	s.used = append(s.used, a)
	s.tidy = append(s.tidy, func() error { a.close(); return nil })
	return a, nil
}

// someOffer is an offer that works.
func (s *stage) someOffer() (string, error) {
	h, err := newHostile()
	if err != nil {
		return "", err
	}
	defer h.pc.Close()
	return h.offer()
}

func strangersCall(_ context.Context, s *stage) (func(int) error, error) {
	const people = 20
	sdp, err := s.someOffer()
	if err != nil {
		return nil, err
	}
	for n := range call.UserID(people) {
		if _, err := s.as(site.FirstStranger+n, "x"); err != nil {
			return nil, err
		}
	}
	return func(i int) error {
		a := s.used[i%people]
		return a.send(callBy(a.user, call.SessionID(fmt.Sprintf("stranger-%d", i)), sdp))
	}, nil
}

func bigStanzas(_ context.Context, s *stage) (func(int) error, error) {
	a, err := s.as(site.FirstStranger, "x")
	if err != nil {
		return nil, err
	}
	text := stanza(call.SignalUpdate, "big", "<userInfo><a>"+strings.Repeat("x", 250_000)+"</a></userInfo>")
	return func(int) error { return a.send(text) }, nil
}

func callAndCancel(_ context.Context, s *stage) (func(int) error, error) {
	a, err := s.as(site.Ben, "x")
	if err != nil {
		return nil, err
	}
	sdp, err := s.someOffer()
	return func(i int) error {
		id := call.SessionID(fmt.Sprintf("cancel-%d", i/2))
		if i%2 == 0 {
			return a.send(callBy(a.user, id, sdp))
		}
		return a.send(stanza(call.SignalHangUp, id, ""))
	}, err
}

func bogusOffers(_ context.Context, s *stage) (func(int) error, error) {
	a, err := s.as(site.Dora, "x")
	if err != nil {
		return nil, err
	}
	junk := []string{"v=0\r\n", "hello", strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", 1000), "v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\nt=0 0\r\n" +
		strings.Repeat("a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n", 1000)}
	return func(i int) error {
		return a.send(callBy(a.user, call.SessionID(fmt.Sprintf("bogus-%d", i)), junk[i%len(junk)]))
	}, nil
}

// oneCall is the same call again and again, after its end, too.
func oneCall(_ context.Context, s *stage) (func(int) error, error) {
	a, err := s.as(site.Emil, "x")
	if err != nil {
		return nil, err
	}
	sdp, err := s.someOffer()
	id := call.SessionID(fmt.Sprintf("endless-%d", time.Now().UnixNano()))
	return func(int) error { return a.send(callBy(a.user, id, sdp)) }, err
}

// controlRequests speaks HTTP as it should not be.
func controlRequests(_ context.Context, s *stage) (func(int) error, error) {
	requests := []string{
		"GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST /v1/press HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 17\r\n\r\n{\"button\":\"none\"}",
		"POST /v1/call HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
		"nonsense\r\n\r\n",
	}
	return func(i int) error {
		conn, err := s.dialControl()
		if err != nil {
			return err
		}
		_, _ = io.WriteString(conn, requests[i%len(requests)]) // one that is refused is as good
		return conn.Close()
	}, nil
}

// controlFollowers subscribe to the events and never read one.
func controlFollowers(_ context.Context, s *stage) (func(int) error, error) {
	return func(int) error {
		conn, err := s.dialControl()
		if err != nil {
			return err
		}
		s.tidy = append(s.tidy, conn.Close)
		_, _ = io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n") // one that is refused is as good
		return nil
	}, nil
}

func (s *stage) dialControl() (net.Conn, error) {
	return net.Dial("unix", filepath.Join(s.deviceDir, "control.sock"))
}

func meddle(user call.UserID, resource string) func(context.Context, *stage) (func(int) error, error) {
	return func(_ context.Context, s *stage) (func(int) error, error) {
		a, err := s.as(user, resource)
		if err != nil {
			return nil, err
		}
		sdp, err := s.someOffer()
		return func(i int) error { return a.send(meddling(s.session, i, sdp)) }, err
	}
}

func offersOf(user call.UserID, resource string) func(context.Context, *stage) (func(int) error, error) {
	return func(_ context.Context, s *stage) (func(int) error, error) {
		a, err := s.as(user, resource)
		if err != nil {
			return nil, err
		}
		sdp, err := s.someOffer()
		return func(i int) error { return a.send(reconnectOffer(s.session, i, sdp)) }, err
	}
}

func datagramsOf(n int, stun bool) func(context.Context, *stage) (func(int) error, error) {
	return func(_ context.Context, s *stage) (func(int) error, error) {
		ports, err := udpPorts(s.device.PID())
		if err != nil {
			return nil, err
		}
		send, tidy, err := datagrams(n, stun, ports)
		if err != nil {
			return nil, err
		}
		s.tidy = append(s.tidy, tidy)
		return send, nil
	}
}

func meddleAsPeer(_ context.Context, s *stage) (func(int) error, error) {
	sdp, err := s.someOffer()
	return func(i int) error { return s.peer.send(meddling(s.session, i, sdp)) }, err
}

func offersAsPeer(_ context.Context, s *stage) (func(int) error, error) {
	sdp, err := s.someOffer()
	return func(i int) error { return s.peer.send(reconnectOffer(s.session, i, sdp)) }, err
}

func wrongFingerprints(_ context.Context, s *stage) (func(int) error, error) {
	sdp, err := s.someOffer()
	return func(i int) error { return s.peer.send(reconnectOffer(s.session, i, otherFingerprint(sdp))) }, err
}

func endlessCandidates(_ context.Context, s *stage) (func(int) error, error) {
	return func(i int) error {
		return s.peer.send(candidates(s.session, fmt.Sprintf("127.%d.%d.%d", i>>16&0xff, i>>8&0xff, i&0xff), 1024+i%60000))
	}, nil
}

func namedCandidates(_ context.Context, s *stage) (func(int) error, error) {
	return func(i int) error {
		return s.peer.send(candidates(s.session, fmt.Sprintf("%08x-0000-4000-8000-000000000000.local", i), 40000))
	}, nil
}

func rtcpOfPeer(ctx context.Context, s *stage) (func(int) error, error) {
	ssrc, err := s.hostile.awaitTrack(ctx)
	return s.hostile.rtcp(ssrc), err
}

func rtpOfPeer(n int) func(context.Context, *stage) (func(int) error, error) {
	return func(_ context.Context, s *stage) (func(int) error, error) { return s.hostile.rtp(n), nil }
}

func inject(text func(int) string) func(context.Context, *stage) (func(int) error, error) {
	return func(_ context.Context, s *stage) (func(int) error, error) {
		return func(i int) error { return s.inject(text(i)) }, nil
	}
}
