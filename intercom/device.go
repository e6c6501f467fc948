package intercom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/call"
)

// ErrStopped is returned for requests to a device that is shutting down or has
// not been started.
var ErrStopped = errors.New("the device is not running")

// Device is the intercom.
type Device struct {
	cfg    atomic.Pointer[Config]
	ports  Ports
	log    *slog.Logger
	events *Events
	turns  chan func() // work for the loop
	done   chan struct{}

	xmppMu sync.Mutex
	xmpp   XMPPStatus
	unsent map[call.SessionID]struct{} // calls out that the link was never up for

	laterMu sync.Mutex
	waiting []func()      // work for the loop that nobody waits for
	dropped int           // work that came while too much was waiting
	wake    chan struct{} // holds a token while there is some

	// Set by Run before the loop starts.
	client  *call.Client
	started time.Time
	ctx     context.Context // ends with Run; for work outside of the loop
	work    sync.WaitGroup  // that work

	// Owned by the loop.
	plan    *ringPlan
	pressed press                     // the last that counted
	notes   map[call.SessionID]*note  // of live sessions
	stuck   map[string]struct{}       // buttons that do not come up
	asked   map[call.UserID]time.Time // when contacts last asked for a relay
	opened  map[string]budget         // of relays, for those who ask in a call
	busy    bool                      // there are sessions, as told
	retired bool                      // see Retire
	shown   Indication
	humming Tone
	chimes  []Tone // to be played once the loop has come to rest
}

// note is what the device remembers of a live session.
type note struct {
	since     time.Time
	greeted   bool // it came in and was not answered by itself
	accepting bool // its devices are being opened
	auto      bool // it was answered by itself
	connected bool // somebody was
	ended     bool // from here
}

// New makes a device; Run starts it.
func New(cfg Config, ports Ports, log *slog.Logger) *Device {
	d := &Device{
		ports:  ports,
		log:    log,
		events: ports.Events,
		turns:  make(chan func()),
		done:   make(chan struct{}),
		wake:   make(chan struct{}, 1),
		xmpp:   XMPPStatus{State: "connecting", Since: time.Now()},
		unsent: make(map[call.SessionID]struct{}),
		notes:  make(map[call.SessionID]*note),
		stuck:  make(map[string]struct{}),
		asked:  make(map[call.UserID]time.Time),
		opened: make(map[string]budget),
	}
	if d.events == nil {
		d.events = NewEvents()
	}
	cfg = cfg.withDefaults()
	d.cfg.Store(&cfg)
	return d
}

// Run works until ctx ends, then hangs up every session. client must call the
// device's [Listener]. It may run once.
func (d *Device) Run(ctx context.Context, client *call.Client) error {
	d.client, d.started, d.ctx = client, time.Now(), ctx
	if d.ports.Events == nil {
		defer d.events.Close()
	}
	defer d.work.Wait()
	d.loop(ctx)
	close(d.done)
	<-ctx.Done()
	client.StopAll(d.greeting(nil))
	return nil
}

// loop works until ctx ends or the device retires.
func (d *Device) loop(ctx context.Context) {
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for !d.retired {
		d.show()
		select {
		case turn := <-d.turns:
			turn()
		case <-d.wake:
			d.doWaiting()
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// Ping returns once the device's loop has answered, which it does within
// milliseconds unless something is very wrong: a watchdog asks it. The error is
// that of ctx, or [ErrStopped].
func (d *Device) Ping(ctx context.Context) error {
	if err := d.ask(ctx, func() error { return nil }); err != nil {
		return fmt.Errorf("ping device: %w", err)
	}
	return nil
}

// maxWaiting is how much work may wait for the loop. It is done within
// milliseconds; only a loop that hangs lets it pile up.
const maxWaiting = 256

// later hands work to the loop and returns at once, also when the loop waits
// for the caller. Work that a hanging loop has too much of is dropped.
func (d *Device) later(turn func()) {
	d.laterMu.Lock()
	if len(d.waiting) < maxWaiting {
		d.waiting = append(d.waiting, turn)
	} else {
		d.dropped++
	}
	d.laterMu.Unlock()
	d.rouse()
}

// rouse has the loop turn once, so that lamps and tones follow.
func (d *Device) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Device) doWaiting() {
	d.laterMu.Lock()
	waiting, dropped := d.waiting, d.dropped
	d.waiting, d.dropped = nil, 0
	d.laterMu.Unlock()
	if dropped > 0 {
		d.log.Warn("the device did not keep up", "dropped", dropped)
	}
	for _, turn := range waiting {
		turn()
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
	d.events.Publish(e)
}

// greeting is what the device says of itself in userInfo, with the request's
// own keys on top.
func (d *Device) greeting(ext call.Extension) call.Extension {
	out := call.Extension{"name": d.config().Name}
	for k, v := range ext {
		out[k] = v
	}
	return out
}
