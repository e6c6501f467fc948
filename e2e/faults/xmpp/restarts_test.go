//go:build e2e

package xmpp

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestRestarts restarts each server again and again, killed and in good order
// by turns, with a call in progress.
func TestRestarts(t *testing.T) {
	p := readParameters(t)
	for _, site := range sites(t) {
		t.Run(site.kind.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, site, p)
			before := w.resources()
			w.pair.talk()
			s := &series{server: site.kind.name}
			turns := []fault{
				{name: "restart, killed", forgets: true, do: restart((*server).kill, time.Second)},
				{name: "restart, in good order", forgets: true, do: restart((*server).stop, time.Second)},
			}
			begin := time.Now()
			next := time.NewTicker(p.every)
			defer next.Stop()
			for n := 0; time.Since(begin) < p.restarts; n++ {
				o, err := w.play(turns[n%len(turns)])
				s.add(o)
				if err = errors.Join(err, o.wrong()); err != nil {
					t.Fail()
					fmt.Printf("%s, restart %d, %v after the begin: %v\n%v\n", s.server, n+1, time.Since(begin).Round(time.Second), err, o)
				}
				if n%20 == 19 {
					fmt.Println(s)
				}
				<-next.C
			}
			fmt.Println(s)
			w.pair.part()
			w.flat(before)
		})
	}
}

// series sums outcomes up.
type series struct {
	server         string
	harmed         int
	links, devices sum
}

type sum struct {
	tally tally
	back  []time.Duration
}

func (s *series) add(o outcome) {
	if o.harm != "" {
		s.harmed++
	}
	s.links.add(o.links)
	s.devices.add(o.devices)
}

func (s *sum) add(p passage) {
	s.tally = s.tally.plus(p.both())
	s.back = append(s.back, p.back)
	slices.Sort(s.back)
}

func (s *sum) String() string {
	if len(s.back) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%v, back after %v (median), %v (longest)", s.tally,
		s.back[len(s.back)/2].Round(10*time.Millisecond), s.back[len(s.back)-1].Round(10*time.Millisecond))
}

func (s *series) String() string {
	return fmt.Sprintf("%-9s %d restarts, call harmed by %d\n%10slinks: %v\n%10supdates of the call: %v",
		s.server, len(s.links.back), s.harmed, "", &s.links, "", &s.devices)
}
