package signaling

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/intercomd/intercomd/call"
)

// State is what Run reports when the link goes up or down.
type State struct {
	Online  bool
	JID     string // full JID, when online
	Resumed bool   // the same session goes on (XEP-0198): no stanza was lost or doubled
	Err     error  // why it is down; nil when online or stopped
}

// Values of Status.State.
const (
	StatusOnline     = "online"
	StatusOffline    = "offline"    // not running, or waiting for the next attempt
	StatusConnecting = "connecting" // an attempt is under way
)

// Status is the condition of a link.
type Status struct {
	State   string    // StatusOnline, StatusOffline or StatusConnecting
	JID     string    // full JID, when online
	Since   time.Time // when State began
	Err     string    // why the last attempt or stream failed; "" when online
	Queued  int       // signals that wait to be sent
	Invalid uint64    // stanzas received that were no call signals

	Unacked     int    // stanzas sent that the server has not acknowledged yet
	Reconnects  uint64 // times the link came back, resumed or not
	Resumptions uint64 // of them, with the session going on
}

// Link is a client's link to its XMPP server. It implements call.Signaler.
type Link struct {
	cfg    Config
	self   jid.JID
	tls    *authorities
	codec  Codec
	log    *slog.Logger
	dialer *dialer
	queue  *queue
	pulse  *pulse

	network   *network
	calls     *calls
	now       func() time.Time           // the wall clock
	addresses func() ([]net.Addr, error) // of this machine

	invalid     atomic.Uint64
	unacked     atomic.Int64
	reconnects  atomic.Uint64
	resumptions atomic.Uint64
	mu          sync.Mutex
	status      Status
}

// New checks cfg and returns a link that does nothing yet. Errors name the key
// of the configuration file.
func New(cfg Config, codec Codec, log *slog.Logger) (*Link, error) {
	if codec == nil || log == nil {
		return nil, errors.New("signaling: a codec and a logger are required")
	}
	cfg, self, authorities, err := cfg.validated()
	if err != nil {
		return nil, err
	}
	turning := newPulse()
	return &Link{
		cfg:    cfg,
		self:   self,
		tls:    authorities,
		codec:  codec,
		log:    log,
		dialer: newDialer(cfg, turning.waits),
		queue:  newQueue(),
		pulse:  turning,

		network:   newNetwork(),
		calls:     newCalls(),
		now:       time.Now,
		addresses: net.InterfaceAddrs,

		status: Status{State: StatusOffline, Since: time.Now()},
	}, nil
}

// Send queues s and returns at once. It is dropped, and that logged, when it
// could not leave within 30 s (hangUp and reject: 60 s) or when more than 64
// signals wait. See [call.Signaler].
func (l *Link) Send(s call.Signal) {
	logLost(l.log, l.queue.put(time.Now(), s))
}

// Flush waits until every queued signal was written to the socket, or ctx ends;
// the error then says how many were not.
func (l *Link) Flush(ctx context.Context) error { return l.queue.wait(ctx) }

// Status returns the present condition. It may be called from anywhere.
func (l *Link) Status() Status {
	l.mu.Lock()
	out := l.status
	l.mu.Unlock()
	out.Queued, out.Invalid, out.Unacked = l.queue.len(), l.invalid.Load(), int(l.unacked.Load())
	out.Reconnects, out.Resumptions = l.reconnects.Load(), l.resumptions.Load()
	return out
}

// NetworkChanged tells the link what became of the network: whether it is usable
// now, and whether its addresses or its way out are others than when it was
// last. A link that waits to try again, or tries on a network that is gone, tries
// at once; waits after a refusal of the server are not cut short. A link that
// is online leaves a connection whose local address is gone, and looks within
// [Timing] Probe whether another one still works. While the network is down
// nothing is sent, and after a second the connection is left. A server on this
// machine is not concerned. It never blocks.
func (l *Link) NetworkChanged(up, moved bool) {
	if !l.dialer.local {
		l.network.tell(up, moved)
	}
}

// SetInCall tells the link whether a call is being set up or is up: a server
// that is silent is then noticed sooner, see [Timing]. It never blocks.
func (l *Link) SetInCall(active bool) { l.calls.set(active) }

// Run keeps the link up until ctx ends, and returns nil then. recv gets every
// received signal and must not block. state is told when the link comes up,
// goes down, and when the reason for being down changes. The two are called
// from different goroutines; a signal may come a moment before state tells that
// the link is up, but none comes after it was told to be down. Only one Run may
// be active.
func (l *Link) Run(ctx context.Context, recv func(call.Signal), state func(State)) error {
	newRunner(l, recv, state).run(ctx)
	return nil
}

func (l *Link) setStatus(state, full, err string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since := time.Now()
	if l.status.State == state {
		since = l.status.Since
	}
	l.status = Status{State: state, JID: full, Since: since, Err: err}
}
