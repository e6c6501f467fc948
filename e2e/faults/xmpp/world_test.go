//go:build e2e

package xmpp

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/e2e/faults/relay"
)

// world is a server with everything around it: the wire to it, a proxy for the
// links and one for the devices beside it, and both pairs behind the wire.
type world struct {
	t      *testing.T
	server *server
	wire   *relay.Wire
	people *relay.Proxy // of the links
	homes  *relay.Proxy // of the devices
	links  *links
	pair   *pair
}

func newWorld(t *testing.T, kind software, p parameters) *world {
	t.Helper()
	w := &world{t: t, server: newServer(t, kind)}
	near, far := fmt.Sprintf("10.97.%d.1", kind.subnet), fmt.Sprintf("10.97.%d.2", kind.subnet)
	wire, err := relay.NewWire(t.Context(),
		relay.Port{Interface: fmt.Sprintf("eth%d", kind.subnet), Address: near + "/24"},
		relay.Port{Namespace: w.server.namespace, Interface: "eth0", Address: far + "/24"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.wire = wire
	keepRunning(t, "wire", wire.Run)
	w.people, w.homes = w.proxy(far+":5001"), w.proxy(far+":5002")
	w.links = startLinks(t, w.server, far+":5001", p)
	w.pair = startPair(t, w.server, far+":5002")
	return w
}

// proxy stands before the server, at an address of its namespace.
func (w *world) proxy(address string) *relay.Proxy {
	w.t.Helper()
	var listener net.Listener
	err := relay.InNamespace(w.server.namespace, func() (err error) {
		listener, err = net.Listen("tcp", address)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p := relay.NewProxyAt(listener, w.server.dial, 1)
	keepRunning(w.t, "proxy", p.Run)
	return p
}

// keepRunning runs something until the test ends.
func keepRunning(t *testing.T, what string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	})
}

// hold is how long a fault lasts.
func hold(d time.Duration) { <-time.After(d) }

// play does a fault, waits until everything works again, and returns what it
// did to whom.
func (w *world) play(f fault) (o outcome, err error) {
	begin := w.place()
	o = outcome{fault: f, server: w.server.name}
	if o.ended, err = f.do(w); err != nil {
		return o, err
	}
	o.links.back, o.devices.back, err = w.again(w.place(), o.ended)
	if err == nil {
		// What was queued up to here has come, or will not: order is kept.
		_, _, err = w.again(w.place(), o.ended)
	}
	o.links.tallies = w.links.tally(begin.links, w.links.arrived())
	o.devices.tallies = w.pair.tally(begin.devices, w.pair.arrived())
	o.explain(w, begin)
	o.harm = w.pair.harm(begin.at, time.Now())
	return o, err
}

// place is where everything is.
type place struct {
	at             time.Time
	links, devices mark
	history        [2]history
}

func (w *world) place() place {
	return place{time.Now(), w.links.mark(), w.pair.mark(), [2]history{w.links.ends[0].history(), w.links.ends[1].history()}}
}

// mostAway bounds the wait until everything works again.
const mostAway = 90 * time.Second

// again waits until something queued after a place has come both ways and
// returns how long after a moment that was.
func (w *world) again(p place, since time.Time) (links, devices time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), mostAway)
	defer cancel()
	var group errgroup.Group
	group.Go(func() (err error) {
		links, err = w.links.await(ctx, p.links, since)
		return err
	})
	group.Go(func() (err error) {
		devices, err = w.pair.await(ctx, p.devices, since)
		return err
	})
	return links, devices, group.Wait()
}
