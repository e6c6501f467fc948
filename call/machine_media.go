package call

import "time"

// media takes an event of a PeerConnection; those of one that was replaced or
// closed are ignored.
func (m *machine) media(now time.Time, e MediaEvent) {
	key := peerKey(e)
	switch p := m.peer(key.User); {
	case p == nil:
	case p.link.open && key == m.key(p):
		m.linkReported(now, p, e)
	case p.aside.open && key == m.keyOf(p, p.aside):
		m.asideReported(now, p, e)
	}
}

// linkReported takes an event of a peer's current PeerConnection.
func (m *machine) linkReported(now time.Time, p *peer, e MediaEvent) {
	switch e := e.(type) {
	case LocalDescription:
		m.described(now, p, e)
	case LocalCandidates:
		m.gathered(p, &p.link, e)
	case PeerState:
		m.connectionChanged(now, p, e.State)
	case RemoteStreamReady:
		m.tell(notice{kind: onRemoteStream, user: p.user, stream: e.Stream})
	case PeerStats:
		m.tell(notice{kind: onCallStatsReport, user: p.user, stats: e.Report})
	case PeerError:
		m.mediaFailed(now, p, e.Err)
	case PathProbed:
		m.pathProbed(now, p, e.Alive)
	}
}

// peerKey returns the PeerConnection an event is of.
func peerKey(e MediaEvent) PeerKey {
	switch e := e.(type) {
	case LocalDescription:
		return e.Peer
	case LocalCandidates:
		return e.Peer
	case PeerState:
		return e.Peer
	case RemoteStreamReady:
		return e.Peer
	case PeerStats:
		return e.Peer
	case PeerError:
		return e.Peer
	case PathProbed:
		return e.Peer
	}
	return PeerKey{}
}

// described sends the description that was asked for.
func (m *machine) described(now time.Time, p *peer, e LocalDescription) {
	p.link.sdp, p.link.candidates, p.link.late = e.SDP, e.Candidates, nil
	switch {
	case p.phase == peerDialing && e.Type == Offer:
		m.sendCall(now, p)
	case p.phase == peerAnswering && e.Type == Answer:
		m.sendAccept(now, p)
	case p.phase == peerJoined:
		m.sendRepair(now, p, e.Type)
	}
}

// gathered notes candidates found after the description. The peer may have
// them once both descriptions are exchanged; before, they wait for that.
func (m *machine) gathered(p *peer, l *link, e LocalCandidates) {
	if e.SDP != "" {
		l.sdp = e.SDP
	}
	l.candidates = append(l.candidates[:len(l.candidates):len(l.candidates)], e.Candidates...)
	l.late = append(l.late, e.Candidates...)
	if l.settled && p.repeatAt.IsZero() {
		m.sendCandidates(p, e.Candidates)
	}
}

// connectionChanged tells of a new connection state and starts or ends the
// repair of the connection.
func (m *machine) connectionChanged(now time.Time, p *peer, s ConnectionState) {
	if s == p.state {
		return
	}
	p.state = s
	m.tell(notice{kind: onSessionConnectionStateChanged, user: p.user, connection: s})
	switch s {
	case ConnectionConnected, ConnectionCompleted:
		m.closeAside(p)
		if p.phase == peerJoined {
			p.joinBy = time.Time{}
			m.repaired(now, p)
		}
	case ConnectionDisconnected, ConnectionFailed, ConnectionClosed:
		if p.phase != peerJoined {
			return
		}
		if now.Before(p.suspectUntil) {
			m.stopped(p, p.suspectExt)
			return
		}
		m.broken(now, p)
	}
}

// mediaFailed gives a peer up whose descriptions do not fit. While a
// connection is repaired there is another try.
func (m *machine) mediaFailed(now time.Time, p *peer, err error) {
	m.fail(p, err)
	if r := &p.repair; r.role != repairIdle {
		m.closeLink(p)
		r.retryAt = earliest(r.retryAt, now.Add(repairResend))
		return
	}
	switch {
	case p.phase == peerAnswering:
		m.sendExt(p, SignalReject, nil)
	case p.rung:
		m.sendExt(p, SignalHangUp, nil)
	}
	m.closePeer(p)
}
