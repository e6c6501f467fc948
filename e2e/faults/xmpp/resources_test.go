//go:build e2e

package xmpp

import (
	"fmt"
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
