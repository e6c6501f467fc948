package media

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What one PeerConnection may take in, from all its sockets together. A call
// with a picture of 2.5 Mbit/s is 350 packets a second; the bursts are what a
// network may have held back while it was jammed.
const (
	peerPackets      = 2000    // packets a second from the peer
	peerPacketsBurst = 3000    //
	peerBytes        = 1500000 // bytes a second from the peer
	peerBytesBurst   = 2 << 20 //
	peerReports      = 200     // RTCP packets a second from the peer
	peerReportsBurst = 400     //
	strangers        = 400     // packets a second from everybody else: ICE's checks
)

// What one PeerConnection may send to addresses that have not answered yet:
// ICE's checks, a second.
const (
	checks      = 400
	checksBurst = 400
)

// When so many more packets were refused than let in, the reader rests, so that
// a flood is dropped by the kernel instead. It rests longer from the peer's own, whose
// good packets are the only ones to suffer.
const (
	restAfter     = 64
	restPeer      = 5 * time.Millisecond
	restStrangers = time.Millisecond
)

// gate stands between the sockets of one PeerConnection and pion. It bounds
// what outsiders may put in and what they may make us send, and notices when
// the peer is heard again after a silence.
type gate struct {
	offline *atomic.Bool   // there is no network
	refused *atomic.Uint64 // counts packets that were not let in
	again   func()         // the peer is heard again; must not block

	peer atomic.Pointer[netip.AddrPort] // of the pair in use, once there is one
	deaf atomic.Bool                    // no media is let in any more

	mu       sync.Mutex
	servers  []netip.AddrPort // STUN and TURN servers
	packets  budget
	bytes    budget
	reports  budget
	others   budget
	outgoing budget
	excess   int // packets refused, less those let in
	quiet    lull
}

func newGate(offline *atomic.Bool, refused *atomic.Uint64, again func()) *gate {
	return &gate{
		offline: offline, refused: refused, again: again,
		packets:  newBudget(peerPackets, peerPacketsBurst),
		bytes:    newBudget(peerBytes, peerBytesBurst),
		reports:  newBudget(peerReports, peerReportsBurst),
		others:   newBudget(strangers, strangers),
		outgoing: newBudget(checks, checksBurst),
	}
}

// setPeer tells which address is the peer's.
func (g *gate) setPeer(addr netip.AddrPort) {
	addr = plain(addr)
	g.peer.Store(&addr)
}

// addServer makes the packets of a STUN or TURN server welcome.
func (g *gate) addServer(addr netip.AddrPort) {
	const most = 16
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.servers) < most && !addr.Addr().IsMulticast() {
		g.servers = append(g.servers, plain(addr))
	}
}

// plain writes IPv4 addresses in one way.
func plain(addr netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// isPeer reports whether addr is the peer's.
func (g *gate) isPeer(addr netip.AddrPort) bool {
	peer := g.peer.Load()
	return peer != nil && *peer == plain(addr)
}

// known reports whether addr is the peer's or a server's.
func (g *gate) known(addr netip.AddrPort) bool {
	return g.isPeer(addr) || slices.Contains(g.servers, plain(addr))
}

// shut keeps out all media that comes from now on. It is not counted.
func (g *gate) shut() { g.deaf.Store(true) }

// admit decides whether a packet that arrived at now is let in. When it is
// not, the reader is to rest for a while before it reads on.
func (g *gate) admit(from netip.AddrPort, packet []byte, now time.Time) (ok bool, rest time.Duration) {
	if g.deaf.Load() && isMedia(packet) {
		return false, 0
	}
	g.mu.Lock()
	known := g.known(from)
	ok = g.affordable(known, packet, now)
	back := ok && known && g.quiet.heard(now)
	rest = g.needsRest(ok, known)
	g.mu.Unlock()
	if back {
		g.again()
	}
	if !ok {
		g.refused.Add(1)
	}
	return ok, rest
}

// needsRest keeps the balance of refused packets against those let in.
func (g *gate) needsRest(ok, known bool) time.Duration {
	if ok {
		g.excess = max(g.excess-1, 0)
		return 0
	}
	if g.excess++; g.excess < restAfter {
		return 0
	}
	g.excess = 0
	if known {
		return restPeer
	}
	return restStrangers
}

func (g *gate) affordable(known bool, packet []byte, now time.Time) bool {
	if !known {
		return g.others.take(now, 1)
	}
	if isReport(packet) && !g.reports.take(now, 1) {
		return false
	}
	return g.bytes.take(now, float64(len(packet))) && g.packets.take(now, 1)
}

// isMedia tells RTP and RTCP from the rest (RFC 7983 7).
func isMedia(packet []byte) bool {
	return len(packet) > 0 && packet[0] >= 128 && packet[0] <= 191
}

// isReport tells RTCP from RTP by the packet type (RFC 5761 4).
func isReport(packet []byte) bool {
	const version, first, last = 2, 192, 223
	return len(packet) > 1 && packet[0]>>6 == version && packet[1] >= first && packet[1] <= last
}

// isForPeer tells DTLS, SRTP and SRTCP (RFC 7983 7), which ICE lets go to an
// address it has checked only, from its own checks and from what is wrapped for
// a TURN server. The candidate itself would not tell the address: one of mDNS
// is known by its name for ever.
func isForPeer(packet []byte) bool {
	if len(packet) == 0 {
		return false
	}
	first := packet[0]
	return first >= 20 && first <= 63 || isMedia(packet)
}

// mayContact decides whether a packet may be sent to addr at now. Where DTLS and
// SRTP go is where the peer is; its address is let through without a look at the
// rest, since it is asked for each packet of a picture. Without a network nothing is sent but to ourselves: each
// packet would make the kernel look for a neighbour who is not there, and the
// first ones after would wait for the end of that search, up to a second.
func (g *gate) mayContact(addr netip.AddrPort, packet []byte, now func() time.Time) bool {
	if g.offline.Load() && !addr.Addr().Unmap().IsLoopback() {
		return false
	}
	if g.isPeer(addr) {
		return true
	}
	if isForPeer(packet) {
		g.setPeer(addr)
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known(addr) || g.outgoing.take(now(), 1)
}

// How long nothing must have come from a peer to be called a silence. A peer
// that sends sound or pictures is missed soon; one that only answers ICE's
// checks (iceKeepalive) may let several seem lost.
const (
	silenceOfMedia = 300 * time.Millisecond
	silenceOfIdle  = 4 * iceKeepalive
	mediaRate      = 20 // packets a second that only media make
)

// lull notices when packets come again after a while without. It decides;
// it is not safe for concurrent use.
type lull struct {
	last   time.Time
	second time.Time // begin of the second that is counted
	count  int       // packets in it
	before int       // packets in the second before
}

// heard notes a packet and reports whether it ends a silence.
func (s *lull) heard(now time.Time) bool {
	gap := now.Sub(s.last)
	limit := silenceOfIdle
	if max(s.count, s.before) >= mediaRate {
		limit = silenceOfMedia
	}
	over := !s.last.IsZero() && gap >= limit
	s.last = now
	if since := now.Sub(s.second); since >= time.Second {
		s.before, s.count, s.second = s.count, 0, now
	}
	s.count++
	return over
}
