package call

import "slices"

// Bounds of what a received signal may hold; more is malformed.
const (
	maxSessionID = 128      // bytes
	maxCandidate = 512      // bytes; longer ones are left out
	maxSDP       = 64 << 10 // bytes
)

// maxSessions is how many sessions may live before further calls find us busy
// whatever Config says: each costs PeerConnections.
const maxSessions = 8

// verdict is what becomes of a `call` that would make a session.
type verdict int

const (
	ring   verdict = iota // make the session, tell the app
	refuse                // reject, tell the app of an invalid event
	drop                  // do nothing
	yield                 // drop our own call to that user, then ring
)

// judge decides about a `call` of an unknown session from its content and
// from the sessions that live. It is pure. Only the initiator's own call makes
// a session: what another callee says of the initiator is hearsay, and would
// let anybody allowed ring, and be answered, under the name of somebody else.
func judge(cfg Config, live []*machine, s Signal) (verdict, ignoreReason) {
	switch {
	case !slices.Contains(s.Opponents, cfg.Self):
		return drop, ignoreMalformed
	case s.Initiator == cfg.Self, len(s.Opponents) > MaxOpponents,
		!cfg.Allowed(s.Peer.User), !cfg.Allowed(s.Initiator):
		return refuse, ""
	case s.Peer.User != s.Initiator: // it claims to be of somebody else's session
		return drop, ignoreNotInitiator
	}
	own := glaring(live, s)
	if own == nil {
		return busy(cfg, live, nil), ""
	}
	if cfg.Self < s.Peer.User {
		return drop, ignoreGlare
	}
	if v := busy(cfg, live, own); v != ring {
		return v, ""
	}
	return yield, ""
}

// busy refuses a new incoming session as the SDK does: with AutoReject while
// any other session lives, without it while IncomingLimit sessions are NEW, or
// maxSessions live at all. The session except does not count.
func busy(cfg Config, live []*machine, except *machine) verdict {
	total, fresh := 0, 0
	for _, m := range live {
		if m == except {
			continue
		}
		total++
		if m.state == StateNew {
			fresh++
		}
	}
	if cfg.AutoReject && total > 0 || !cfg.AutoReject && fresh >= cfg.IncomingLimit || total >= maxSessions {
		return refuse
	}
	return ring
}

// glaring returns our own unanswered 1:1 call to the user who calls us alone
// at the same time, or nil.
func glaring(live []*machine, s Signal) *machine {
	if len(s.Opponents) != 1 {
		return nil
	}
	for _, m := range live {
		if !m.incoming() && len(m.peers) == 1 && m.peers[0].user == s.Peer.User && m.peers[0].phase != peerJoined {
			return m
		}
	}
	return nil
}

// wellFormed checks what every signal needs, before anything is remembered of
// it.
func wellFormed(s Signal) bool {
	return s.Peer.User > 0 && s.Session != "" && len(s.Session) <= maxSessionID &&
		len(s.SDP) <= maxSDP && (s.Reconnect == nil || len(s.Reconnect.SDP) <= maxSDP)
}

// checkOpponents checks the list of a session of our own.
func checkOpponents(self UserID, opponents []UserID) error {
	switch {
	case len(opponents) == 0:
		return ErrNoOpponents
	case len(opponents) > MaxOpponents:
		return &TooManyOpponentsError{Count: len(opponents)}
	}
	for i, u := range opponents {
		if u <= 0 || u == self || slices.Contains(opponents[:i], u) {
			return &OpponentError{User: u}
		}
	}
	return nil
}
