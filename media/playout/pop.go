package playout

import "time"

// Pop decides what is played after the queued samples that are still to be
// heard at now.
func (b *Buffer) Pop(now time.Time, queued int) Step {
	step, _ := b.pop(now, queued)
	return step
}

// pop is Pop and tells the delay of a packet to play, in samples.
func (b *Buffer) pop(now time.Time, queued int) (Step, int) {
	first, ok := b.first()
	if !ok {
		return b.starve(), 0
	}
	step, waited := b.decide(b.ticks(now), first)
	return step, waited + queued
}

// decide chooses what to do when there are packets, of which first is the
// next. It also tells how long a packet to play has waited. Packets are taken
// in blocks, so one waits on average for half a block of the sound before it;
// what it may wait here is that much less than the target.
func (b *Buffer) decide(tick int64, first stored) (Step, int) {
	b.missed = 0
	aim := b.Target() - usualFrame/2
	if !b.playing {
		if b.delay(tick, first) < aim {
			return Step{Slot: Wait}, 0
		}
		b.playing, b.fresh = true, false
		b.turnTo(first)
	}
	skipped := false
	if b.delay(tick, first)-aim > maxExcess {
		first, skipped = b.catchUp(tick, aim, first), true
	}
	if b.passMissing(tick, aim, first); first.Seq != b.next {
		return b.lose(first), 0
	}
	waited := b.delay(tick, first)
	if first.at-b.head >= usualFrame/2 && waited < aim-usualFrame/2 {
		return Step{Slot: Pause, Samples: b.unit()}, 0
	}
	step := b.take(first)
	step.Skipped, step.Excess = skipped, tolerate(waited-aim)
	return step, waited
}

// passMissing gives up the missing packets before first whose time has passed:
// they were made up already, while nothing came, or all is far too late. What
// first holds redundancy for is worth a longer wait.
func (b *Buffer) passMissing(tick int64, aim int, first stored) {
	for b.next != first.Seq {
		patience := b.unit()
		if b.next+1 == first.Seq && first.FEC {
			patience += maxExcess / 2
		}
		if b.covered < b.unit() && int(tick-b.head-b.arrivals.fastest()) < aim+patience {
			return
		}
		b.covered -= b.unit()
		b.next++
		if b.head += int64(b.unit()); b.next == first.Seq {
			b.head = first.at
		}
	}
	b.covered = 0
}

// first is the packet with the lowest number from next on.
func (b *Buffer) first() (stored, bool) {
	if len(b.packets) == 0 {
		return stored{}, false
	}
	for seq := b.next; ; seq++ {
		if p, ok := b.packets[seq]; ok {
			return p, true
		}
	}
}

// turnTo lets p play next, whatever was before it.
func (b *Buffer) turnTo(p stored) { b.next, b.head, b.covered = p.Seq, p.at, 0 }

// unit is the length of a frame to make up.
func (b *Buffer) unit() int {
	if b.frame == 0 {
		return usualFrame
	}
	return b.frame
}

// starve goes on for a while without any packet.
func (b *Buffer) starve() Step {
	if !b.playing {
		return Step{Slot: Wait}
	}
	b.missed++
	switch {
	case b.pausing && b.missed <= maxPause:
		return Step{Slot: Pause, Samples: b.unit()}
	case b.pausing || b.missed > maxConceal:
		b.playing = false
		return Step{Slot: Wait}
	}
	b.covered += b.unit()
	return Step{Slot: Lost, Samples: b.unit(), Last: b.missed == maxConceal}
}

// lose gives a missing packet up; first is the one nearest to it.
func (b *Buffer) lose(first stored) Step {
	step := Step{Slot: Lost, Samples: b.unit()}
	b.next++
	b.head += int64(step.Samples)
	if first.Seq == b.next && first.FEC {
		step.Payload = first.Payload
	}
	b.count(1)
	return step
}

// take removes the packet whose turn it is.
func (b *Buffer) take(p stored) Step {
	delete(b.packets, p.Seq)
	b.next = p.Seq + 1
	b.head = p.at + int64(p.Samples)
	b.frame, b.pausing = p.Samples, len(p.Payload) <= longestDTX
	b.count(0)
	return Step{Slot: Play, Payload: p.Payload}
}

// catchUp leaves packets out until the rest is in time; the last one stays.
func (b *Buffer) catchUp(tick int64, aim int, first stored) stored {
	for len(b.packets) > 1 && b.delay(tick, first) > aim {
		delete(b.packets, first.Seq)
		b.next = first.Seq + 1
		first, _ = b.first()
	}
	b.turnTo(first)
	return first
}

// count takes a packet that was lost (1) or not (0) into the rate of loss.
func (b *Buffer) count(lost float64) {
	b.loss += (lost - b.loss) * lossMemory
	switch {
	case b.loss > lossy:
		b.patient = true
	case b.loss < lossless:
		b.patient = false
	}
}

// tolerate is an excess, or 0 when it is not worth the trouble.
func tolerate(excess int) int {
	if excess > tooDeep || excess < -tooShallow {
		return excess
	}
	return 0
}
