package call

import "time"

// media takes an event of a PeerConnection; those of one that was replaced or
// closed are ignored.
func (m *machine) media(now time.Time, e MediaEvent) {
	key := peerKey(e)
	p := m.peer(key.User)
	if p == nil || !p.link.open || key != m.key(p) {
		return
	}
	switch e := e.(type) {
	case LocalDescription:
		m.described(now, p, e)
	case LocalCandidates:
		m.gathered(p, e)
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
func (m *machine) gathered(p *peer, e LocalCandidates) {
	if e.SDP != "" {
		p.link.sdp = e.SDP
	}
	p.link.candidates = append(p.link.candidates[:len(p.link.candidates):len(p.link.candidates)], e.Candidates...)
	p.link.late = append(p.link.late, e.Candidates...)
	if p.link.settled && p.repeatAt.IsZero() {
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
