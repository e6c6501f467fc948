package pipeline

import (
	"image"
	"sync"
	"time"
)

// maxQueue is how many access units may wait for their reader: a quarter of a
// second at 30 a second.
const maxQueue = 8

// restAfter is how long after its last picture a reader is taken to be gone:
// longer than one that is only slow takes for a picture.
const restAfter = time.Second

// outbox hands pictures from the goroutines of a stream to its reader. While
// nobody reads it rests: pictures are neither kept nor counted as dropped.
//
//	fresh ─full→ resting ─take→ read ─restAfter without take→ resting
//	  └───────────take───────────┘
type outbox struct {
	count *Counters
	wake  chan struct{} // one token: something changed

	mu      sync.Mutex
	raw     image.Image // newest
	units   []*Frame
	broken  bool // access units were left out: wait for a key frame
	err     error
	waiting bool      // a take is under way
	left    time.Time // when the last take ended; zero while fresh
	resting bool
	resumed bool // it rested, and nobody was told that this is over
}

func newOutbox(c *Counters) *outbox { return &outbox{count: c, wake: make(chan struct{}, 1)} }

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// rest reports whether nobody reads.
func (o *outbox) rest(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.restLocked(now)
}

func (o *outbox) restLocked(now time.Time) bool {
	switch {
	case o.waiting, o.resting:
	case o.left.IsZero():
		o.resting = o.raw != nil || len(o.units) >= maxQueue
	default:
		o.resting = now.Sub(o.left) >= restAfter
	}
	if o.resting {
		o.raw, o.units, o.broken = nil, nil, true
	}
	return o.resting
}

// again reports, once, that somebody reads after a rest: the next access unit
// is to be a key frame.
func (o *outbox) again() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	resumed := o.resumed
	o.resumed = false
	return resumed
}

// putRaw replaces the picture that nobody took.
func (o *outbox) putRaw(img image.Image) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.restLocked(time.Now()) {
		return
	}
	if o.raw != nil {
		o.count.dropped.Add(1)
	}
	o.raw = img
	o.signal()
}

// putUnit queues an access unit. It reports whether a key frame is needed to go
// on: the queue was full, and the units that refer to lost ones are left out.
func (o *outbox) putUnit(f *Frame) (needKey bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.restLocked(time.Now()) {
		return false
	}
	if len(o.units) >= maxQueue {
		o.count.dropped.Add(uint64(len(o.units)))
		o.units, o.broken = nil, true
	}
	if o.broken && !f.key {
		o.count.dropped.Add(1)
		return true
	}
	o.broken = false
	o.units = append(o.units, f)
	o.signal()
	return false
}

// fail ends the outbox with its first error.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	o.signal()
}

// take waits for a picture. After fail it returns the error at once.
func (o *outbox) take() (image.Image, error) {
	for {
		img, err := o.poll()
		if img != nil || err != nil {
			return img, err
		}
		<-o.wake
	}
}

// poll takes what there is; nil when the reader has to wait.
func (o *outbox) poll() (image.Image, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		o.signal() // for the next call
		return nil, o.err
	}
	img := o.next()
	o.resumed, o.resting = o.resumed || o.resting, false
	o.waiting, o.left = img == nil, time.Now()
	return img, nil
}

// next takes a picture and counts it. The caller holds mu.
func (o *outbox) next() image.Image {
	if len(o.units) > 0 {
		f := o.units[0]
		o.units = o.units[1:]
		o.count.frames.Add(1)
		o.count.bytes.Add(uint64(len(f.payload)))
		if f.key {
			o.count.keyFrames.Add(1)
		}
		return f
	}
	img := o.raw
	if img != nil {
		o.raw = nil
		o.count.frames.Add(1)
	}
	return img
}
