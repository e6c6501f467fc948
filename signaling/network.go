package signaling

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// errNetworkChanged ends what began on a network that is not there any more.
	errNetworkChanged = errors.New("the network changed")

	// errNetworkDown ends what cannot work without any.
	errNetworkDown = errors.New("the network is down")
)

// downFor is for how long a stream outlives its network. What the kernel goes on
// sending for it then only delays the return: an address that does not answer
// is asked for once a second, and until it does everything else has to wait
// (RFC 4861 section 7.2.2, ARP alike).
const downFor = time.Second

// freshFor is for how long after a change the network may not work yet.
const freshFor = 2 * time.Second

// change is what became of the network since it was looked at last.
type change struct {
	up       bool // it is usable
	restored bool // it was not, in between
	moved    bool // its addresses or its way out are others
}

// network passes what the owner of the link is told about the network on to the
// loop of Run.
type network struct {
	changed chan struct{} // has a token when take has news; capacity 1

	mu      sync.Mutex
	down    bool
	since   time.Time // of the last change for the better
	news    change
	abandon context.CancelCauseFunc // of the attempt under way, or nil
}

func newNetwork() *network { return &network{changed: make(chan struct{}, 1)} }

// tell takes news. An attempt that is under way began before them, so it is
// abandoned when they make another one more promising, or any one pointless.
func (n *network) tell(up, moved bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.news.up = up
	n.news.moved = n.news.moved || moved && up
	n.news.restored = n.news.restored || n.down && up
	n.down = !up
	better := up && (n.news.moved || n.news.restored)
	if better {
		n.since = time.Now()
	}
	switch {
	case n.abandon == nil:
	case better:
		n.abandon(errNetworkChanged)
	case !up:
		n.abandon(errNetworkDown)
	}
	token(n.changed)
}

// isDown tells whether there is no network to try.
func (n *network) isDown() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down
}

// isFresh tells whether the network has changed just now.
func (n *network) isFresh() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.since.IsZero() && time.Since(n.since) < freshFor
}

// take returns the news since the last call.
func (n *network) take() change {
	n.mu.Lock()
	defer n.mu.Unlock()
	news := n.news
	n.news = change{}
	select {
	case <-n.changed:
	default:
	}
	return news
}

// attempt returns a context for an attempt to log in, which ends when the
// network changes. done must be called after it.
func (n *network) attempt(ctx context.Context) (attempt context.Context, done func()) {
	n.take()
	attempt, cancel := context.WithCancelCause(ctx)
	n.set(cancel)
	return attempt, func() {
		n.set(nil)
		cancel(nil)
	}
}

func (n *network) set(abandon context.CancelCauseFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.abandon = abandon
}

// localGone tells whether no interface has the local address of conn any more,
// so that nothing sent to it arrives. When in doubt it is still there.
func localGone(conn net.Conn, addresses func() ([]net.Addr, error)) bool {
	local, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok || local.IP.IsLoopback() {
		return false
	}
	all, err := addresses()
	if err != nil {
		return false
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(local.IP) {
			return false
		}
	}
	return true
}

// calls tells the loop of Run whether a call is set up or up.
type calls struct {
	active  atomic.Bool
	changed chan struct{} // capacity 1
}

func newCalls() *calls { return &calls{changed: make(chan struct{}, 1)} }

func (c *calls) set(active bool) {
	if c.active.Swap(active) != active {
		token(c.changed)
	}
}
