package media

import (
	"slices"
	"time"

	"github.com/intercomd/intercomd/media/opus"
	"github.com/intercomd/intercomd/media/playout"
)

// How captured sound is kept in step with the clock of the machine.
const (
	soundWindow  = 25        // chunks over which the lag is judged: half a second
	soundSlack   = 10 * 48   // samples of lag that nobody corrects: 10 ms
	soundUrgent  = 30 * 48   // from here on even if it is heard
	soundGap     = 50 * 48   // from here on sound was lost: the time is left out
	soundGapSure = 1000 * 48 // so much that no burst can follow
)

// soundClock cuts captured sound into frames and says when each was spoken. A
// sound card has a clock of its own, up to some 100 ppm off, while pictures and
// sender reports (RFC 3550 6.4.1) follow that of the machine. Instead of
// letting them drift apart, the sound is played a little faster or more slowly
// now and then: timestamps stay 20 ms apart, as receivers expect. After sound
// was lost (an xrun), they skip what is missing.
//
// Sound that comes late comes in a burst afterwards, so what counts is the
// least lag within a window. It belongs to one goroutine.
type soundClock struct {
	epoch   time.Time // tick 0
	running bool
	pcm     []int16 // taken in and not yet cut, mono
	end     int64   // tick at which pcm ends
	least   int64   // lag in this window, ticks
	seen    int     // chunks in this window
	stamp   int64   // tick at which the last frame cut begins
}

// restart says that capture begins anew: the next chunk is of now.
func (c *soundClock) restart() { c.running, c.pcm = false, c.pcm[:0] }

// took brings the clock up to date when samples of a chunk that ended at now
// were appended to pcm.
func (c *soundClock) took(now time.Time, samples int) {
	tick := int64(now.Sub(c.epoch)) * 48 / int64(time.Millisecond)
	if !c.running {
		c.running, c.end, c.seen = true, tick-int64(samples), 0
	}
	c.end += int64(samples)
	lag := tick - c.end
	if c.seen == 0 || lag < c.least {
		c.least = lag
	}
	c.seen++
	switch {
	case lag > soundGapSure:
		c.skip(lag)
	case lag < -soundGap: // it had waited somewhere: too old to be sent
		c.end -= int64(len(c.pcm))
		c.pcm = c.pcm[:0]
	case c.seen == soundWindow:
		c.settle()
	}
}

// settle corrects what the window has shown.
func (c *soundClock) settle() {
	c.seen = 0
	switch lag := c.least; {
	case lag > soundGap:
		c.skip(lag)
	case lag > soundSlack, lag < -soundSlack:
		before := len(c.pcm)
		c.pcm = playout.Adjust(c.pcm, int(-lag), lag > soundUrgent || lag < -soundUrgent)
		c.end += int64(len(c.pcm) - before)
	}
}

// skip leaves time out in which sound was lost.
func (c *soundClock) skip(ticks int64) {
	c.end += ticks
	c.seen = 0
}

// frame cuts the next frame of 20 ms; it reports false when there is not
// enough. The frame is valid until drop.
func (c *soundClock) frame() ([]int16, bool) {
	if len(c.pcm) < opus.FrameSamples {
		return nil, false
	}
	c.stamp = c.end - int64(len(c.pcm))
	return c.pcm[:opus.FrameSamples], true
}

// drop removes the frame.
func (c *soundClock) drop() { c.pcm = slices.Delete(c.pcm, 0, opus.FrameSamples) }
