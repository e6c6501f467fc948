package playout

import "time"

// The rules of a [Buffer].
const (
	maxJump    = 100              // numbers from one packet to another of the same stream
	maxConceal = 5                // frames made up in a row while nothing comes
	maxPause   = 50               // the same after the sender announced a pause
	maxExcess  = 120 * ticksPerMS // further behind: packets are skipped
	tooDeep    = 15 * ticksPerMS  // behind the target: play faster
	tooShallow = 5 * ticksPerMS   // before the target: play more slowly
	lossMemory = 1.0 / 128        // weight of a packet in the loss rate
	lossy      = 0.01             // at this rate it pays to wait for redundancy,
	lossless   = 0.004            // until it is below this one
	usualFrame = 20 * ticksPerMS  // samples in a packet of a usual sender
	longestDTX = 2                // bytes of a packet that announces a pause
	seenSize   = 256              // numbers remembered, to know duplicates
	seenMark   = 1 << 16          // tells a number that was seen from none
)

// Packet is an RTP packet of a voice.
type Packet struct {
	Seq       uint16
	Timestamp uint32 // 48 kHz
	Samples   int    // that it holds, 120 to 5760; 0 is 960
	FEC       bool   // it holds redundancy for the packet before it
	Payload   []byte
}

// Slot says what a [Step] is.
type Slot int

// The slots.
const (
	Wait  Slot = iota // nothing to play: filling up, or the sender stopped
	Play              // a packet in its turn
	Lost              // a packet is missing: make up for it
	Pause             // the sender pauses: fill in what it sounds like there
)

// Step is what to play next.
type Step struct {
	Slot Slot
	// Payload is the packet to play. With Lost it is the packet after the
	// missing one if that holds redundancy for it, else nil.
	Payload []byte
	Samples int // to make up, with Lost and Pause
	// Excess is how much longer than wanted the sound waits, in samples;
	// negative is shorter. It is 0 within the tolerance.
	Excess  int
	Skipped bool // sound before it was left out to catch up
	Last    bool // with Lost: silence follows
}

// Buffer is a jitter buffer: it puts packets in order (RFC 3550 5.1) and plays
// each at a delay behind the fastest that follows the unevenness of the
// network, 20 to 120 ms. The zero value is ready to use; it has no clock of its
// own and is not safe for concurrent use.
//
// It keeps at most 101 packets. A packet that is missing while later ones are
// there is lost; while none is there, it is late, and its sound is only put
// off. Skips in the timestamps without a skip in the numbers are pauses of the
// sender (discontinuous transmission).
type Buffer struct {
	packets  map[uint16]stored
	arrivals arrivals
	origin   time.Time // tick 0
	stamp    uint32    // of the newest packet,
	extended int64     // and the same without wrapping around
	started  bool
	fresh    bool // nothing was played since the start
	playing  bool
	next     uint16 // number of the packet to be played next
	head     int64  // its extended timestamp if nothing is left out
	frame    int    // samples of the last packet
	missed   int    // made up in a row while nothing came
	covered  int    // samples made up while nothing came, and not yet told from lost ones
	pausing  bool   // the last packet announced a pause
	loss     float64
	patient  bool // waits for redundancy
	fecSeen  bool
	stray    uint16 // number that would confirm a new start
	isStray  bool
	seen     [seenSize]uint32
}

// stored is a packet with its extended timestamp.
type stored struct {
	Packet
	at int64
}

// Push stores a packet that arrived at now. It reports whether it was of use:
// a duplicate, or one whose turn has passed, is not.
func (b *Buffer) Push(now time.Time, p Packet) bool {
	if p.Samples <= 0 {
		p.Samples = usualFrame
	}
	if !b.started {
		b.restart(now, p)
	}
	at, ok := b.place(now, p)
	if !ok || b.duplicate(p.Seq) {
		return false
	}
	b.arrivals.note(b.ticks(now), at)
	if int16(p.Seq-b.next) < 0 && !b.rewind(p.Seq) {
		return false
	}
	b.fecSeen = b.fecSeen || p.FEC
	b.packets[p.Seq] = stored{p, at}
	return true
}

// restart empties the buffer; p will be played first.
func (b *Buffer) restart(now time.Time, p Packet) {
	arrivals, frame := b.arrivals, b.frame
	arrivals.forget()
	*b = Buffer{
		packets: map[uint16]stored{}, arrivals: arrivals, frame: frame, origin: now,
		started: true, fresh: true, next: p.Seq, stamp: p.Timestamp,
		loss: b.loss, patient: b.patient, fecSeen: b.fecSeen,
	}
}

// place finds the extended timestamp of a packet. One that fits neither the
// numbers nor the course of time is refused, two in a row are a new start
// (after RFC 3550 A.1).
func (b *Buffer) place(now time.Time, p Packet) (at int64, ok bool) {
	at = b.extended + int64(int32(p.Timestamp-b.stamp))
	jump := int16(p.Seq - b.next)
	if jump <= maxJump && jump >= -maxJump && !b.arrivals.far(b.ticks(now), at) {
		b.isStray = false
		if at > b.extended {
			b.stamp, b.extended = p.Timestamp, at
		}
		return at, true
	}
	if b.isStray && p.Seq == b.stray {
		b.restart(now, p)
		return 0, true
	}
	b.isStray, b.stray = true, p.Seq+1
	return 0, false
}

// duplicate reports whether a number was seen before, and remembers it.
func (b *Buffer) duplicate(seq uint16) bool {
	mark := uint32(seq) | seenMark
	if b.seen[seq%seenSize] == mark {
		return true
	}
	b.seen[seq%seenSize] = mark
	return false
}

// rewind lets an early packet that arrived second play first, which is
// possible until playing has begun.
func (b *Buffer) rewind(seq uint16) bool {
	if b.fresh && !b.playing {
		b.next = seq
		return true
	}
	return false
}

// ticks counts time from the origin.
func (b *Buffer) ticks(now time.Time) int64 {
	return int64(now.Sub(b.origin)) * ticksPerMS / int64(time.Millisecond)
}

// Target is the delay aimed at, in samples: 960 to 5760.
func (b *Buffer) Target() int {
	target := b.arrivals.target()
	if b.patient && b.fecSeen {
		target = bound(target + usualFrame)
	}
	return int(target)
}

// delay is how long after the fastest way a packet is heard that plays at tick.
func (b *Buffer) delay(tick int64, p stored) int { return int(tick - p.at - b.arrivals.fastest()) }

// Depth is the number of packets waiting.
func (b *Buffer) Depth() int { return len(b.packets) }
