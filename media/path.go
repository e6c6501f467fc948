package media

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
)

// How long a peer may take to show life after a Probe, and how often we look.
const (
	probeTimeout = 400 * time.Millisecond
	probePoll    = 10 * time.Millisecond
)

// refreshGap is the least time between two refreshes of a connection.
const refreshGap = 500 * time.Millisecond

// path is what is known of the way to a peer.
type path struct {
	signs     atomic.Uint64 // packets whose sender was proved to be the peer
	refreshed time.Time     // owned by the peer's goroutine
}

// heard notes a packet that only the peer can have sent: SRTP or SRTCP that was
// decrypted, or one of ICE's checks that was accepted.
func (p *path) heard() { p.signs.Add(1) }

// evidence is what has shown so far that the peer is there.
type evidence struct {
	signs   uint64 // see path
	paired  bool   // ICE has an address for the peer
	answers uint64 // to our checks at that address
}

// newer reports whether e shows the peer again after before. That ICE has given
// an address up shows nothing.
func (e evidence) newer(before evidence) bool {
	return e.signs != before.signs || e.paired && e.answers != before.answers
}

func (p *peer) evidence() evidence {
	e := evidence{signs: p.path.signs.Load()}
	if t := p.iceTransport(); t != nil {
		if stats, ok := t.GetSelectedCandidatePairStats(); ok {
			e.paired, e.answers = true, stats.ResponsesReceived
		}
	}
	return e
}

// probe looks whether the path to the peer works and tells the outcome, at the
// latest after probeTimeout. ICE's checks go out every iceKeepalive, and the
// peer has a picture to begin with as soon as anything gets through.
func (p *peer) probe() {
	before := p.evidence()
	p.refresh(time.Now())
	p.tasks.start(func() {
		if alive, ok := p.awaitSign(before); ok {
			p.tell(call.PathProbed{Peer: p.key, Alive: alive})
		}
	})
}

// awaitSign waits for another sign of the peer; ok is false when the
// connection was closed meanwhile.
func (p *peer) awaitSign(before evidence) (alive, ok bool) {
	timeout := time.NewTimer(probeTimeout)
	defer timeout.Stop()
	poll := time.NewTicker(probePoll)
	defer poll.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return false, false
		case <-p.dead:
			return false, true
		case <-timeout.C:
			return p.evidence().newer(before), true
		case <-poll.C:
			if p.evidence().newer(before) {
				return true, true
			}
		}
	}
}

// refresh makes both pictures begin anew, ours and the peer's: what was sent
// during a silence is lost, and neither decoder can go on without a key frame.
func (p *peer) refresh(now time.Time) {
	if !p.started || now.Sub(p.path.refreshed) < refreshGap {
		return
	}
	p.path.refreshed = now
	for _, o := range p.outlets {
		o.renew()
	}
	p.askKeyFrame()
}

// giveUp notes that the connection is of no use any more. Nothing is sent or
// taken in by it from now on.
func (p *peer) giveUp(err error) {
	p.broken = err
	close(p.dead)
	for _, o := range p.outlets {
		o.stop()
	}
	p.remote.close()
}

// cut ends a connection that came about in no good way, or that the peer
// misuses, and tells why.
func (p *peer) cut(err error) {
	err = fmt.Errorf("connection given up: %w", err)
	p.log.Warn("connection given up", "error", err)
	p.giveUp(err)
	p.end(p.pc.Close)
	p.fail(err)
	p.tellState(webrtc.ICEConnectionStateFailed)
}

// settleTime is how long media that has come in may take to go through pion.
const settleTime = 20 * time.Millisecond

// end closes the PeerConnection by one of its methods. Media is kept out first,
// and what is in gets through: pion closes its SRTP sessions with the lock of
// the transport held and waits for their reader, who may wait until a new source
// is taken by somebody who waits for that lock.
func (p *peer) end(closes func() error) {
	p.stack.gate.shut()
	time.Sleep(settleTime)
	if err := closes(); err != nil {
		p.log.Debug("close peer connection", "error", err)
	}
}

// leaveTime is how long a peer that closed its connection is not missed: who
// hangs up says so by signalling, which takes a little longer.
const leaveTime = 250 * time.Millisecond

// errLeft is why a connection cannot be used that the peer has closed.
var errLeft = errors.New("the peer has closed the connection")

// leave takes that the peer has closed the connection by DTLS (RFC 5246 7.2.1),
// for which pion closes ours. It counts as failed if nothing is said in time.
// pion closes it as well when DTLS has failed, at times before it says so: a
// connection that never was up has not been left.
func (p *peer) leave() {
	if !p.started {
		p.cut(p.secureError())
		return
	}
	p.log.Debug("peer has closed the connection")
	p.giveUp(errLeft)
	p.iceState = webrtc.ICEConnectionStateFailed
	p.tasks.start(func() {
		timer := time.NewTimer(leaveTime)
		defer timer.Stop()
		select {
		case <-timer.C:
			p.tell(call.PeerState{Peer: p.key, State: call.ConnectionFailed})
		case <-p.ctx.Done():
		}
	})
}

// errCertificate says that DTLS was attempted by somebody other than the peer
// that signalling announced.
var errCertificate = errors.New("peer's certificate is not the announced one")

// secureError tells why DTLS has failed.
func (p *peer) secureError() error {
	if t := p.pc.SCTP(); t != nil && t.Transport() != nil && len(t.Transport().GetRemoteCertificate()) > 0 {
		return fmt.Errorf("secure connection: %w", errCertificate)
	}
	return fmt.Errorf("secure connection: no DTLS handshake within %s", dtlsTimeout)
}
