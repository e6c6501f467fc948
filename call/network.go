package call

import "time"

// NetworkEvent is what happened to this device's own network, as the operating
// system tells it. A network that is silently broken elsewhere makes none.
type NetworkEvent int

// The network events. A network that nothing was told of is up.
const (
	NetworkDown  NetworkEvent = iota + 1 // there is no usable address
	NetworkUp                            // back, with the addresses it had
	NetworkMoved                         // usable, with other addresses or another default route
)

var networkEvents = [...]string{"", "DOWN", "UP", "MOVED"}

func (e NetworkEvent) String() string { return enum(int(e), networkEvents[:], "NetworkEvent") }

// surroundings are what a machine knows of the device's own links. The zero
// value is that both are well.
type surroundings struct {
	down      bool      // the network has no usable address
	offline   bool      // the link to the signalling server is not up
	offlineAt time.Time // what was sent before may have been lost
}

// after returns the surroundings after an event.
func (s surroundings) after(now time.Time, e event) surroundings {
	switch e := e.(type) {
	case networkChanged:
		s.down = e.change == NetworkDown
	case signalingChanged:
		if !s.offline && (!e.online || !e.resumed) {
			s.offlineAt = now
		}
		s.offline = !e.online
	}
	return s
}

// ready says whether an offer made now can reach its peer.
func (s surroundings) ready() bool { return !s.down && !s.offline }

// lost says whether a signal sent at that time may have been lost with the
// link, now that a new session with the server was begun. What was sent while
// there was no link waits at the Signaler, and goes out by itself.
func (s surroundings) lost(at time.Time) bool { return !at.IsZero() && at.Before(s.offlineAt) }
