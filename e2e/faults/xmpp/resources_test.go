//go:build e2e

package xmpp

import (
	"context"
	"fmt"
	"time"
)

// resources is what links and devices hold between calls.
type resources struct {
	links   int    // goroutines
	devices [2]int // goroutines
	files   [2]int // open descriptors
}

func (w *world) resources() resources {
	r := resources{links: w.links.goroutines(w.t)}
	for i, d := range []*device{w.pair.door, w.pair.home} {
		s := d.status().Process
		r.devices[i], r.files[i] = s.Goroutines, s.Files
	}
	return r
}

// above says what is more than before; nil is nothing.
func (r resources) above(before resources) error {
	if r.links > before.links {
		return fmt.Errorf("%d goroutines of the links, %d before", r.links, before.links)
	}
	for i := range r.devices {
		if r.devices[i] > before.devices[i] || r.files[i] > before.files[i] {
			return fmt.Errorf("device %d: %d goroutines and %d descriptors, %d and %d before",
				i, r.devices[i], r.files[i], before.devices[i], before.files[i])
		}
	}
	return nil
}

// flat waits until links and devices hold no more than before.
func (w *world) flat(before resources) {
	w.t.Helper()
	var now resources
	eventually(w.t, "goroutines and descriptors to be as many as before", func() error {
		now = w.resources()
		return now.above(before)
	})
	fmt.Printf("%-9s goroutines of the links %d → %d, of the devices %v → %v, descriptors of the devices %v → %v\n",
		w.server.name, before.links, now.links, before.devices, now.devices, before.files, now.files)
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
