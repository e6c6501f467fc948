package call

import (
	"context"
	"flag"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var modelClients = flag.Int("model.clients", 200, "number of the same schedules through Client and its goroutines")

// TestModelClient plays schedules of TestModel with real Clients: their loops,
// mailboxes and timers, inside a bubble of virtual time. Ids and the order of
// what happens at the same moment differ, the promises do not.
func TestModelClient(t *testing.T) {
	for n := range uint64(*modelClients) {
		var err error
		var trace []string
		synctest.Test(t, func(t *testing.T) { trace, err = runClients(t.Context(), *modelSeed+n) })
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", *modelSeed+n, err, strings.Join(trace, "\n"))
		}
	}
}

// runClients plays one schedule, and stops the clients.
func runClients(ctx context.Context, seed uint64) (trace []string, err error) {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	did := &modelDeeds{wake: make(chan struct{}, 1)}
	w := newModelWorld(seed, time.Now(), func(d *modelDevice) modelCore {
		c := newClientCore(d, did)
		running.Go(func() { _ = c.client.Run(ctx) }) // always nil
		return c
	})
	w.tracing = true
	w.live(did)
	stop()
	running.Wait()
	did.take()
	for _, d := range w.devices {
		if len(d.pcs) > 0 || len(d.streams) > 0 {
			w.broken("%d: %d PeerConnections and %d streams after Run", d.user, len(d.pcs), len(d.streams))
		}
	}
	return w.trace, w.fault
}

// live lets a schedule happen in the bubble's time.
func (w *modelWorld) live(did *modelDeeds) {
	end := w.begin()
	for w.fault == nil && w.clock.now < end {
		synctest.Wait()
		w.clock.now = time.Since(w.start)
		if did.take() {
			continue
		}
		next := w.clock.next()
		if next != nil && next.at <= w.clock.now {
			w.clock.fire(next)
			continue
		}
		until := end
		if next != nil {
			until = min(until, next.at)
		}
		w.letGo()
		timer := time.NewTimer(until - w.clock.now)
		select {
		case <-timer.C:
		case <-did.wake:
		}
		timer.Stop()
	}
	w.finish()
}

// letGo orders what was read of the clients' machines before what their loops do
// next: a timer of theirs may be what wakes them.
func (w *modelWorld) letGo() {
	for _, d := range w.devices {
		if c, ok := d.core.(*clientCore); ok {
			_ = c.client.do(func(time.Time) error { return nil }) // fails only after Run
		}
	}
}

// modelDeeds is what clients did that the world has not followed yet.
type modelDeeds struct {
	mu   sync.Mutex
	list []func()
	wake chan struct{} // holds a token while there is something
}

func (m *modelDeeds) put(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, f)
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take follows what was done, and says whether there was anything.
func (m *modelDeeds) take() bool {
	m.mu.Lock()
	list := m.list
	m.list = nil
	m.mu.Unlock()
	for _, f := range list {
		f()
	}
	return len(list) > 0
}

// clientCore is a Client with its three ports in the model.
type clientCore struct {
	NopListener
	device *modelDevice
	client *Client
	did    *modelDeeds
}

func newClientCore(d *modelDevice, did *modelDeeds) *clientCore {
	c := &clientCore{device: d, did: did}
	client, err := NewClient(d.cfg, c, c, c, nil)
	if err != nil {
		panic(err) // the configuration was checked
	}
	c.client = client
	return c
}

func (c *clientCore) invite(_ SessionID, peer UserID) SessionID {
	s, err := c.client.NewSession([]UserID{peer}, Video, SessionOptions{})
	if err != nil {
		return ""
	}
	c.openStream(s)
	return s.ID()
}

func (c *clientCore) openStream(s *Session) {
	_, err := s.GetUserMedia(context.Background(), MediaParams{Audio: true, Video: true})
	c.device.world.logf("%d opens its stream: %v", c.device.user, err)
}

func (c *clientCore) request(id SessionID, e event) bool {
	for _, s := range c.client.Sessions() {
		if s.ID() == id {
			err := c.ask(s, e)
			c.device.world.logf("%d %T %s: %v", c.device.user, e, id, err)
			return err == nil
		}
	}
	return false
}

func (c *clientCore) ask(s *Session, e event) error {
	switch e.(type) {
	case callRequest:
		return s.Call(nil)
	case acceptRequest:
		c.openStream(s)
		return s.Accept(nil)
	case rejectRequest:
		return s.Reject(nil)
	default:
		return s.Stop(nil)
	}
}

func (c *clientCore) receive(s Signal)        { c.client.Receive(s) }
func (c *clientCore) mediaEvent(e MediaEvent) { c.client.MediaEvent(e) }

func (c *clientCore) around(e event) {
	switch e := e.(type) {
	case networkChanged:
		c.client.NetworkChanged(e.change)
	case signalingChanged:
		c.client.SignalingChanged(e.online, e.resumed)
	}
}

// live may be asked while the loop rests.
func (c *clientCore) live() []*machine { return c.client.board.live }

// next is never: the loop has a timer of its own.
func (c *clientCore) next() time.Time   { return time.Time{} }
func (c *clientCore) advance(time.Time) {}

// Send implements Signaler.
func (c *clientCore) Send(s Signal) { c.did.put(func() { c.device.sent(s) }) }

// Do implements Media.
func (c *clientCore) Do(m MediaCommand) { c.did.put(func() { c.device.did(m) }) }

// GetUserMedia implements Media.
func (c *clientCore) GetUserMedia(_ context.Context, id SessionID, _ MediaParams) (LocalStream, error) {
	s := &modelStream{device: c.device, closed: c.did.put}
	c.did.put(func() { c.device.streams[s] = id })
	return s, nil
}

// Attach implements Media.
func (c *clientCore) Attach(RemoteStream, Sink) error { return nil }

func (c *clientCore) tell(n notice) { c.did.put(func() { c.device.told(n) }) }

// The listener's methods that the model follows.

func (c *clientCore) OnCall(s *Session, _ Extension) {
	c.tell(notice{kind: onCall, session: s.ID(), user: s.Initiator()})
}

func (c *clientCore) OnAcceptCall(s *Session, u UserID, _ Extension) {
	c.tell(notice{kind: onAcceptCall, session: s.ID(), user: u})
}

func (c *clientCore) OnSessionConnectionStateChanged(s *Session, u UserID, state ConnectionState) {
	c.tell(notice{kind: onSessionConnectionStateChanged, session: s.ID(), user: u, connection: state})
}

func (c *clientCore) OnReconnect(s *Session, u UserID, state ReconnectionState) {
	c.tell(notice{kind: onReconnect, session: s.ID(), user: u, reconnection: state})
}

func (c *clientCore) OnSessionClose(s *Session) {
	c.tell(notice{kind: onSessionClose, session: s.ID()})
}
