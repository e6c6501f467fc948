package media

import (
	"sync"
	"time"
)

// keyFrameGap is the least time between key frames that peers ask for. A
// storm of requests must not turn the stream into key frames.
const keyFrameGap = 300 * time.Millisecond

// keyFrames decides when a key frame is to be forced. Requests that come too
// early are not lost: one key frame follows when the gap is over.
type keyFrames struct {
	last     time.Time // of the last key frame
	wanted   bool
	urgently bool
}

// want asks for a key frame; urgent (a peer has just connected) is not limited.
func (k *keyFrames) want(urgent bool) {
	k.wanted = true
	k.urgently = k.urgently || urgent
}

// take reports whether the next frame is to be a key frame, and if so fulfils
// the wish.
func (k *keyFrames) take(now time.Time) bool {
	if !k.wanted || !k.urgently && now.Sub(k.last) < keyFrameGap {
		return false
	}
	*k = keyFrames{last: now}
	return true
}

// came notes that a key frame was made, asked for or not.
func (k *keyFrames) came(now time.Time) { *k = keyFrames{last: now} }

// control carries wishes from peers to an encoder. Wishes may come from any
// goroutine; the encoder's own looks at them before each frame.
type control struct {
	hurry chan struct{} // holds a token when the next frame is too late; fixed

	mu      sync.Mutex
	keys    keyFrames
	bitrate int // wanted, bit/s
	set     int // in force
}

// wantKeyFrame asks for a key frame; an urgent one is to be made at once, of the
// picture that is at hand.
func (c *control) wantKeyFrame(urgent bool) {
	c.mu.Lock()
	c.keys.want(urgent)
	c.mu.Unlock()
	if urgent {
		select {
		case c.hurry <- struct{}{}:
		default:
		}
	}
}

// hurried reports whether an urgent key frame is still to be made.
func (c *control) hurried() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys.wanted && c.keys.urgently
}

func (c *control) wantBitrate(bitrate int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bitrate = bitrate
}

// reset says that a new encoder starts with bitrate and a key frame.
func (c *control) reset() (bitrate int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set = c.bitrate
	return c.bitrate
}

// renew says that an encoder of unknown bitrate takes over.
func (c *control) renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set = 0
}

// next tells what the encoder has to do before the frame of now: force a key
// frame, and change its bitrate when that is not 0.
func (c *control) next(now time.Time) (key bool, bitrate int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bitrate != c.set {
		bitrate, c.set = c.bitrate, c.bitrate
	}
	return c.keys.take(now), bitrate
}

func (c *control) keyFrameCame(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys.came(now)
}
