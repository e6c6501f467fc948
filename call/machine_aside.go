package call

import "time"

// A peer that went silent may have kept its end of the connection: an SDK whose
// own link is cut closes its PeerConnection only when it is back at the server.
// So ours stays open beside the one that is offered anew, and whichever connects
// first is the connection.
//
//	          offer               exchange done
//	  one ───────────▶ two ────────────────────────▶ one: the new one
//	   ▲                │ the old one connects
//	   └────────────────┘ again: the offer is withdrawn
//
// There are never more than two; an offer that is made anew replaces the newer.

// setAside keeps the PeerConnection of a silent peer open beside the next one.
// One that failed, or that never worked, cannot come back.
func (m *machine) setAside(p *peer) {
	if p.link.open && p.link.settled && p.repair.role == repairIdle && p.state == ConnectionDisconnected {
		p.aside = p.link
		p.link.open = false
	}
}

// closeAside closes the old PeerConnection: the peer has gone on to another.
func (m *machine) closeAside(p *peer) {
	if p.aside.open {
		m.do(ClosePeer{Peer: m.keyOf(p, p.aside)})
		p.aside = link{}
	}
}

// takeBack makes the old PeerConnection the connection again, and withdraws the
// offer of the new one.
func (m *machine) takeBack(p *peer) {
	m.closeLink(p)
	p.link, p.aside = p.aside, link{}
	p.repair.offerID = ""
}

// withdrawn says whether id is of an offer that was withdrawn: of a
// PeerConnection that is newer than the one in use. More than the last maxTries
// are not looked for.
func (m *machine) withdrawn(p *peer, id string) bool {
	for g := max(p.link.generation, p.generation-maxTries) + 1; g <= p.generation; g++ {
		if id == offerID(m.seed, m.keyOf(p, link{generation: g})) {
			return true
		}
	}
	return false
}

// asideReported takes an event of the old PeerConnection: as long as it may
// come back it is the one in use.
func (m *machine) asideReported(now time.Time, p *peer, e MediaEvent) {
	switch e := e.(type) {
	case LocalCandidates:
		m.gathered(p, &p.aside, e)
	case PeerState:
		m.asideChanged(now, p, e.State)
	case RemoteStreamReady:
		m.tell(notice{kind: onRemoteStream, user: p.user, stream: e.Stream})
	case PeerStats:
		m.tell(notice{kind: onCallStatsReport, user: p.user, stats: e.Report})
	case PeerError:
		m.fail(p, e.Err)
		m.closeAside(p)
	}
}

// asideChanged takes a new connection state of the old PeerConnection.
func (m *machine) asideChanged(now time.Time, p *peer, s ConnectionState) {
	switch s {
	case ConnectionConnected, ConnectionCompleted:
		m.takeBack(p)
		m.connectionChanged(now, p, s)
	case ConnectionFailed, ConnectionClosed:
		m.closeAside(p)
		m.connectionChanged(now, p, s)
	default:
		m.connectionChanged(now, p, s)
	}
}
