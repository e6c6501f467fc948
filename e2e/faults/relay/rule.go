package relay

import "time"

// Direction is one of the two ways through a Wire or a Proxy.
type Direction int

// The directions.
const (
	Up   Direction = iota // from a Wire's first port to the second; from a Proxy's client to the server
	Down                  // the other way
)

func (d Direction) String() string { return [...]string{"up", "down"}[d&1] }

// Rule is how a direction treats what passes; the zero value changes nothing.
type Rule struct {
	// Loss is the share of frames that vanish, 0 … 1. In a TCP stream a lost
	// segment comes 200 ms later, and all behind it wait, as after a
	// retransmission.
	Loss float64

	Delay  time.Duration // of every frame
	Jitter time.Duration // further delay, uniform between 0 and this; order is kept

	// Reorder is the share of frames, 0 … 1, that skip Delay and Jitter and so
	// overtake those before them. A TCP stream has nothing to reorder.
	Reorder float64

	// Rate is the capacity in bytes per second; 0 is no limit. A frame that
	// would wait for longer than a second is dropped; a TCP stream is held back.
	Rate int

	// Hole lets nothing through. A TCP stream is held and goes on afterwards.
	Hole bool
}

// Counts says what a direction has done.
type Counts struct {
	Frames  uint64 // delivered
	Bytes   uint64 // delivered
	Dropped uint64 // frames lost by rule or for want of space
}
