package playout

// The depths of a [Buffer] in packets of 20 ms.
const (
	TargetDepth = 3  // delay before playing starts: 60 ms
	maxDepth    = 20 // more than 400 ms behind: skip ahead to TargetDepth
	maxConceal  = 5  // lost in a row before falling silent and filling up again
)

// Slot says what [Buffer.Pop] found for the next 20 ms.
type Slot int

// The slots.
const (
	Wait Slot = iota // nothing to play: filling up, or the sender stopped
	Play             // a packet in its turn
	Lost             // a packet is missing: make up for it
)

// Buffer is a jitter buffer of fixed delay. It holds packets in the order of
// their sequence numbers (RFC 3550 5.1). The zero value is ready to use; it is
// not safe for concurrent use.
type Buffer struct {
	packets map[uint16][]byte
	next    uint16 // number of the packet to be played next
	highest uint16
	playing bool
	started bool
	missed  int // packets not there in a row
}

// Push stores a packet. It reports whether it was of use: a duplicate, or one
// whose turn has passed, is not.
func (b *Buffer) Push(seq uint16, payload []byte) bool {
	if b.packets == nil {
		b.packets = make(map[uint16][]byte, maxDepth)
	}
	if !b.started {
		b.restart(seq)
	}
	if jump := int16(seq - b.next); jump > 4*maxDepth || jump < -4*maxDepth {
		b.restart(seq) // the sender began anew
	}
	if int16(seq-b.next) < 0 && !b.rewind(seq) {
		return false
	}
	if _, dup := b.packets[seq]; dup {
		return false
	}
	b.packets[seq] = payload
	if int16(seq-b.highest) > 0 {
		b.highest = seq
	}
	b.skipAhead()
	return true
}

// restart empties the buffer; seq will be played first.
func (b *Buffer) restart(seq uint16) {
	clear(b.packets)
	b.started, b.playing, b.missed = true, false, 0
	b.next, b.highest = seq, seq
}

// rewind lets an early packet that arrived second play first, which is
// possible until playing has begun.
func (b *Buffer) rewind(seq uint16) bool {
	if b.playing || len(b.packets) == 0 {
		return false
	}
	b.next = seq
	return true
}

// skipAhead drops the oldest packets when the sender is too far ahead, so that
// a burst or a fast clock does not become a lasting delay.
func (b *Buffer) skipAhead() {
	if int(int16(b.highest-b.next)) < maxDepth {
		return
	}
	first := b.highest - TargetDepth + 1
	for seq := b.next; seq != first; seq++ {
		delete(b.packets, seq)
	}
	b.next = first
}

// Pop takes what is to be played in the next 20 ms. With Lost, payload is the
// packet after the missing one if it is there (it may carry the missing one's
// redundancy) and nil otherwise.
func (b *Buffer) Pop() (payload []byte, slot Slot) {
	if !b.playing {
		if len(b.packets) < TargetDepth {
			return nil, Wait
		}
		b.playing, b.missed = true, 0
	}
	payload, ok := b.packets[b.next]
	delete(b.packets, b.next)
	b.next++
	if ok {
		b.missed = 0
		return payload, Play
	}
	return b.miss()
}

func (b *Buffer) miss() ([]byte, Slot) {
	b.missed++
	if len(b.packets) == 0 && b.missed > maxConceal {
		b.playing, b.started = false, false
		return nil, Wait
	}
	return b.packets[b.next], Lost
}

// Depth is the number of packets waiting.
func (b *Buffer) Depth() int { return len(b.packets) }
