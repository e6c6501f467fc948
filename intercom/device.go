package intercom

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
)

// ErrStopped is returned for requests to a device that is shutting down or has
// not been started.
var ErrStopped = errors.New("the device is not running")

// Device is the intercom.
type Device struct {
	cfg    Config
	ports  Ports
	log    *slog.Logger
	events *broker
	turns  chan func() // work for the loop
	done   chan struct{}

	xmppMu sync.Mutex
	xmpp   XMPPStatus

	// Set by Run before the loop starts.
	client  *call.Client
	started time.Time
	ctx     context.Context // ends with Run; for work outside of the loop
	work    sync.WaitGroup  // that work

	// Owned by the loop.
	plan      *ringPlan
	pressed   map[string]time.Time         // last press that counted, by button
	accepting map[call.SessionID]struct{}  // incoming sessions whose devices are being opened
	since     map[call.SessionID]time.Time // when a live session began
}

// New makes a device; Run starts it.
func New(cfg Config, ports Ports, log *slog.Logger) *Device {
	return &Device{
		cfg:       cfg.withDefaults(),
		ports:     ports,
		log:       log,
		events:    newBroker(),
		turns:     make(chan func()),
		done:      make(chan struct{}),
		xmpp:      XMPPStatus{State: "connecting", Since: time.Now()},
		pressed:   make(map[string]time.Time),
		accepting: make(map[call.SessionID]struct{}),
		since:     make(map[call.SessionID]time.Time),
	}
}

// Run works until ctx ends, then hangs up every session. client must call the
// device's [Listener]. It may run once.
func (d *Device) Run(ctx context.Context, client *call.Client) error {
	d.client, d.started, d.ctx = client, time.Now(), ctx
	defer d.events.close()
	defer d.work.Wait()
	defer close(d.done)
	for {
		select {
		case turn := <-d.turns:
			turn()
		case <-ctx.Done():
			client.StopAll(d.greeting(nil))
			return nil
		}
	}
}

// post hands work to the loop, if that still runs.
func (d *Device) post(turn func()) {
	select {
	case d.turns <- turn:
	case <-d.done:
	}
}

// ask has the loop do something and waits for its answer.
func (d *Device) ask(ctx context.Context, turn func() error) error {
	answer := make(chan error, 1)
	select {
	case d.turns <- func() { answer <- turn() }:
		return <-answer
	case <-d.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// outside does blocking work off the loop.
func (d *Device) outside(work func(ctx context.Context)) {
	d.work.Add(1)
	go func() {
		defer d.work.Done()
		work(d.ctx)
	}()
}

func (d *Device) publish(e Event) {
	e.Time = time.Now()
	d.events.publish(e)
}

// Subscribe follows the events from now on; the first is the state the XMPP
// link has now. The channel is closed when ctx ends, when the follower lags by
// more than 256 events, or at shutdown.
func (d *Device) Subscribe(ctx context.Context) <-chan Event {
	d.xmppMu.Lock()
	defer d.xmppMu.Unlock()
	return d.events.subscribe(ctx, d.xmpp.event())
}

// SetXMPP notes a new state of the signalling link.
func (d *Device) SetXMPP(s XMPPStatus) {
	d.xmppMu.Lock()
	defer d.xmppMu.Unlock()
	d.xmpp = s
	d.events.publish(s.event())
}

func (s XMPPStatus) event() Event {
	return Event{Time: time.Now(), Event: "xmpp", State: s.State, Error: s.Error}
}

// greeting is what the device says of itself in userInfo, with the request's
// own keys on top.
func (d *Device) greeting(ext call.Extension) call.Extension {
	out := call.Extension{"name": d.cfg.Name}
	for k, v := range ext {
		out[k] = v
	}
	return out
}
