package call

import "strconv"

// startReconnect begins the repair of a broken connection: a grace time, then
// the give-up timer, a ping, and one offer.
func (s *sdkSession) startReconnect() {
	if s.pc == nil {
		return
	}
	pc := s.pc // as it is now, not as it will be after the grace time
	pc.reconnecting = true
	s.tell(Reconnecting)
	if s.grace.armed() {
		return
	}
	clock := &s.client.world.clock
	s.grace = clock.after(sdkGrace, func() {
		if s.giveUp.armed() {
			return
		}
		s.giveUp = clock.after(sdkDisconnectTime-sdkGrace, s.abandon)
		s.client.chat.ping(func() {
			if s.state == StateActive && s.giveUp.armed() {
				s.reconnect(pc, true)
			}
		})
	})
}

// stopReconnect ends the repair. What is told depends on the state of the
// current PeerConnection, which need not be the one that connected.
func (s *sdkSession) stopReconnect() {
	s.grace.stop()
	s.giveUp.stop()
	if s.pc == nil || !s.pc.reconnecting {
		return
	}
	s.pc.reconnecting = false
	if s.pc.ice.state == ConnectionConnected {
		s.tell(Reconnected)
	} else {
		s.tell(ReconnectionFailed)
	}
}

// abandon gives the peer up. Nothing is sent.
func (s *sdkSession) abandon() {
	s.stopReconnect()
	s.release()
	s.pc = nil
	s.closed()
}

func (s *sdkSession) tell(r ReconnectionState) {
	s.client.world.logf("%d/%s %s %s", s.client.user, s.client.chat.resource, s.id, r)
}

// reconnect replaces old by a new PeerConnection, and makes an offer.
func (s *sdkSession) reconnect(old *sdkPC, offer bool) {
	old.release()
	pc := s.newPC()
	pc.reconnecting = old.reconnecting
	s.pc = pc
	if !offer {
		return
	}
	w := s.client.world
	w.offers++
	pc.offerID = "sdk-" + strconv.Itoa(w.offers)
	pc.describe(func() {
		pc.offering = true
		s.send(SignalUpdate, func(out *Signal) {
			out.Reconnect = &ReconnectDescription{OfferID: pc.offerID, Type: Offer, SDP: pc.ice.name}
		})
	})
}

// reconnectReceived takes the peer's offer or answer. The higher id does not
// answer, it offers anew each time.
func (s *sdkSession) reconnectReceived(d ReconnectDescription) {
	polite := s.client.user < s.peer
	switch {
	case d.Type == Answer:
		if s.pc.offerID != "" && s.pc.offerID == d.OfferID {
			s.pc.applyAnswer(d.SDP)
		}
	case !polite:
		s.reconnect(s.pc, true)
	default:
		s.reconnect(s.pc, false)
		pc := s.pc
		pc.ice.apply(d.SDP)
		pc.describe(func() {
			s.send(SignalUpdate, func(out *Signal) {
				out.Reconnect = &ReconnectDescription{OfferID: d.OfferID, Type: Answer, SDP: pc.ice.name}
			})
		})
	}
}
