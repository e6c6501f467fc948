//go:build e2e

package xmpp

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/e2e/faults/relay"
)

// site is where a server lives: a namespace of its own and the wire to it.
type site struct {
	kind      software
	namespace string
	address   string // in the namespace, on the wire
	wire      *relay.Wire
}

// sites makes one for each server. All are there before the first device runs
// and stay until the last has ended: a device acts when the addresses of its
// machine change.
func sites(t *testing.T) []*site {
	t.Helper()
	run := cmp.Or(os.Getenv(runVariable), fmt.Sprintf("fx%d", os.Getpid()))
	var all []*site
	for _, kind := range programs() {
		near := fmt.Sprintf("10.97.%d.1/24", kind.subnet)
		s := &site{
			kind:      kind,
			namespace: fmt.Sprintf("%s-%d", run, kind.subnet),
			address:   fmt.Sprintf("10.97.%d.2", kind.subnet),
		}
		ip(t, "netns add "+s.namespace)
		t.Cleanup(func() { ip(t, "netns del "+s.namespace) })
		ip(t, "-n "+s.namespace+" link set lo up")
		wire, err := relay.NewWire(t.Context(),
			relay.Port{Interface: fmt.Sprintf("eth%d", kind.subnet), Address: near},
			relay.Port{Namespace: s.namespace, Interface: "eth0", Address: s.address + "/24"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		s.wire = wire
		keepRunning(t, "wire", wire.Run)
		all = append(all, s)
	}
	return all
}

func ip(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", command, err, out)
	}
}

// world is a server with everything around it: a proxy for the links and one
// for the devices beside it, and both pairs at the other end of the wire.
type world struct {
	*site
	t      *testing.T
	server *server
	people *relay.Proxy // of the links
	homes  *relay.Proxy // of the devices
	other  *relay.Proxy // of those who are sent elsewhere
	links  *links
	pair   *pair
}

func newWorld(t *testing.T, s *site, p parameters) *world {
	t.Helper()
	w := &world{site: s, t: t, server: newServer(t, s)}
	people, homes := s.address+":5001", s.address+":5002"
	w.people, w.homes, w.other = w.proxy(people), w.proxy(homes), w.proxy(w.elsewhere())
	w.links = startLinks(t, w.server, people, p)
	w.pair = startPair(t, w.server, homes, p)
	return w
}

// elsewhere is another address of the server.
func (w *world) elsewhere() string { return w.address + ":5003" }

// proxy stands before the server, at an address of its namespace.
func (w *world) proxy(address string) *relay.Proxy {
	w.t.Helper()
	var listener net.Listener
	err := relay.InNamespace(w.namespace, func() (err error) {
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
	o.links.tallies = w.links.tally(begin.links, w.links.arrived(), o.ended.Add(o.links.back))
	o.devices.tallies = w.pair.tally(begin.devices, w.pair.arrived(), o.ended.Add(o.devices.back))
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
