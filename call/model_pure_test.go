package call

import "time"

// pureCore drives the switchboard as the Client's loop does, without the loop.
type pureCore struct {
	device *modelDevice
	board  *switchboard
}

func newPureCore(d *modelDevice) *pureCore { return &pureCore{d, newSwitchboard(d.cfg)} }

func (c *pureCore) invite(id SessionID, peer UserID) SessionID {
	d := c.device
	acts, err := c.board.newSession(d.world.now(), sessionInfo{
		id: id, seed: "seed of " + string(id), callType: Video, initiator: d.user, opponents: []UserID{peer},
	})
	if err != nil {
		return ""
	}
	c.perform(acts)
	c.openStream(id)
	return id
}

// openStream gives a session its camera and microphone.
func (c *pureCore) openStream(id SessionID) {
	s := &modelStream{device: c.device}
	if acts, err := c.board.request(c.device.world.now(), id, streamRequest{s}); err == nil {
		c.device.streams[s] = id
		c.perform(acts)
	}
}

func (c *pureCore) request(id SessionID, e event) bool {
	if _, accepting := e.(acceptRequest); accepting {
		c.openStream(id)
	}
	acts, err := c.board.request(c.device.world.now(), id, e)
	c.device.world.logf("%d %T %s: %v", c.device.user, e, id, err)
	c.perform(acts)
	return err == nil
}

func (c *pureCore) receive(s Signal) {
	c.perform(c.board.receive(c.device.world.now(), s, "seed of "+string(s.Session)))
}

func (c *pureCore) mediaEvent(e MediaEvent) {
	c.perform(c.board.mediaEvent(c.device.world.now(), e))
}

func (c *pureCore) around(e event) {
	c.perform(c.board.broadcast(c.device.world.now(), e))
}

func (c *pureCore) live() []*machine      { return c.board.live }
func (c *pureCore) next() time.Time       { return c.board.NextTimeout() }
func (c *pureCore) advance(now time.Time) { c.perform(c.board.Advance(now)) }

// perform carries out actions; the listener hears afterwards.
func (c *pureCore) perform(acts []action) {
	d := c.device
	for _, a := range acts {
		switch a := a.(type) {
		case sendSignal:
			d.sent(a.signal)
		case doMedia:
			d.did(a.command)
		case tell:
			d.world.clock.after(0, func() { d.told(a.notice) })
		case release:
			d.released(a.stream)
		case ignored:
			d.world.logf("%d ignores %s: %s", d.user, describe(a.signal), a.reason)
		}
	}
}
