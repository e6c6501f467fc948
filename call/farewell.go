package call

import (
	"slices"
	"time"
)

const (
	// farewellDelay is how long after we gave a connection up the peer is told.
	// An SDK notices a loss half a second later than we do at the most, or 6 s
	// later than our own network tells us, and then has given up by itself.
	farewellDelay = 7 * time.Second
	// maxFarewells bounds those that wait; more are said at once.
	maxFarewells = 32
)

// farewell is a hangUp that waits to be sent.
type farewell struct {
	at     time.Time
	signal Signal
}

// farewells are in the order of their times.
type farewells []farewell

// add keeps a signal, unless the same is kept already, and returns what does
// not fit any more.
func (f *farewells) add(now time.Time, s Signal) []action {
	for _, other := range *f {
		if other.signal.Session == s.Session && other.signal.Peer.User == s.Peer.User {
			return nil
		}
	}
	*f = append(*f, farewell{now.Add(farewellDelay), s})
	if len(*f) <= maxFarewells {
		return nil
	}
	oldest := (*f)[0]
	*f = slices.Delete(*f, 0, 1)
	return []action{sendSignal{oldest.signal}}
}

// take returns those that are due, or all of them.
func (f *farewells) take(now time.Time, all bool) []action {
	var acts []action
	for len(*f) > 0 && (all || due((*f)[0].at, now)) {
		acts = append(acts, sendSignal{(*f)[0].signal})
		*f = slices.Delete(*f, 0, 1)
	}
	return acts
}

func (f farewells) nextTimeout() time.Time {
	if len(f) == 0 {
		return time.Time{}
	}
	return f[0].at
}
