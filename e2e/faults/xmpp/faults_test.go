//go:build e2e

package xmpp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/relay"
)

// fault is a row of the table.
type fault struct {
	name    string
	forgets bool   // the server forgets its sessions: nobody can resume
	only    string // the server that can do it; "" is both
	// do does it, waits until it has taken effect, and returns when it was over.
	do func(*world) (time.Time, error)
}

// table lists the faults; the long one has them as long as in life.
func table(p parameters) []fault {
	down, hole, slow := 2*time.Second, 8*time.Second, 3*time.Second
	if p.long {
		down, hole, slow = 10*time.Second, time.Minute, time.Minute
	}
	return []fault{
		{name: "kill -9 and restart", forgets: true, do: restart((*server).kill, down)},
		{name: "orderly restart", forgets: true, do: restart((*server).stop, down)},
		{name: fmt.Sprintf("black hole %v", hole), do: impaired(relay.Rule{Hole: true}, hole)},
		{name: "server vanishes without FIN", do: vanish(relay.Server)},
		{name: "client vanishes for server", do: vanish(relay.Client)},
		{name: "RST in mid-stanza, up", do: cut(relay.Up)},
		{name: "RST in mid-stanza, down", do: cut(relay.Down)},
		{name: "10 kB/s", do: impaired(relay.Rule{Rate: 10_000}, slow)},
		{name: "10 % loss, 80 ms", do: impaired(relay.Rule{Loss: 0.1, Delay: 40 * time.Millisecond}, slow)},
		{name: "see-other-host", only: "Prosody", forgets: true, do: redirect},
	}
}

// restart ends the server, leaves it down for a time and starts it.
func restart(end func(*server) error, down time.Duration) func(*world) (time.Time, error) {
	return func(w *world) (time.Time, error) {
		err := end(w.server)
		hold(down)
		err = errors.Join(err, w.server.start())
		return time.Now(), err // it listens again
	}
}

// vanish lets one side of every connection vanish without a word.
func vanish(s relay.Side) func(*world) (time.Time, error) {
	return func(w *world) (time.Time, error) {
		w.people.Vanish(s)
		w.homes.Vanish(s)
		return time.Now(), nil
	}
}

// impaired puts a rule in force in both directions for a time.
func impaired(r relay.Rule, length time.Duration) func(*world) (time.Time, error) {
	return func(w *world) (time.Time, error) {
		w.wire.SetBoth(r)
		hold(length)
		w.wire.SetBoth(relay.Rule{})
		return time.Now(), nil
	}
}

// middle is so many bytes into what is sent next that they lie inside a stanza:
// one of the shortest is twice as long.
const middle = 150

// cut resets every connection in the middle of what is sent next.
func cut(d relay.Direction) func(*world) (time.Time, error) {
	return func(w *world) (time.Time, error) {
		begin := time.Now()
		proxies := []*relay.Proxy{w.people, w.homes}
		var before [2]uint64
		for i, p := range proxies {
			_, before[i] = p.Connections()
			p.CutAfter(d, middle)
		}
		for i, p := range proxies {
			err := await("both to come back", func() error {
				if _, now := p.Connections(); now < before[i]+2 {
					return fmt.Errorf("%d new connections", now-before[i])
				}
				return nil
			})
			if err != nil {
				return begin, err
			}
		}
		return begin, nil // at most a pace later both were cut
	}
}

// redirect makes the server send everybody to another address of its own, and
// returns when all four have gone there.
func redirect(w *world) (time.Time, error) {
	begin := time.Now()
	if err := os.WriteFile(w.server.path("elsewhere"), []byte(w.elsewhere()+"\n"), 0o644); err != nil {
		return begin, err
	}
	return begin, await("all to go where they are sent", func() error {
		if _, came := w.other.Connections(); came < 4 {
			return fmt.Errorf("%d came", came)
		}
		return nil
	})
}

// TestFaults plays the table with each server, side by side.
func TestFaults(t *testing.T) {
	p := readParameters(t)
	fmt.Println(header)
	for _, site := range sites(t) {
		t.Run(site.kind.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, site, p)
			before := w.resources()
			w.pair.talk()
			for _, f := range table(p) {
				if f.only != "" && f.only != site.kind.name {
					continue
				}
				t.Run(f.name, func(t *testing.T) {
					o, err := w.play(f)
					fmt.Println(o)
					if err = errors.Join(err, o.wrong()); err != nil {
						t.Error(err)
					}
				})
			}
			w.pair.part()
			w.pressWhileAway()
			w.flat(before)
		})
	}
}

// pressWhileAway presses while the server is down: the call goes out when it is
// back.
func (w *world) pressWhileAway() {
	_ = w.server.kill()
	begin := time.Now()
	if err := w.pair.door.Press(context.Background(), "front"); err != nil {
		w.t.Fatalf("press: %v", err)
	}
	hold(2 * time.Second)
	if err := w.server.start(); err != nil {
		w.t.Fatal(err)
	}
	up := time.Now()
	session := w.pair.home.event("the call", named("onCall")).Session
	rang := time.Since(up)
	w.pair.door.pictures(session)
	w.pair.home.pictures(session)
	fmt.Printf("%-9s a press while the server is away: rings %v after the server is back, pictures %v after the press\n",
		w.server.name, rang.Round(10*time.Millisecond), time.Since(begin).Round(10*time.Millisecond))
	w.pair.hangUp(session)
}
