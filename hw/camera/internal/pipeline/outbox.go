package pipeline

import (
	"image"
	"sync"
)

// maxQueue is how many access units may wait for their reader: a quarter of a
// second at 30 a second.
const maxQueue = 8

// outbox hands pictures from the goroutines of a stream to its reader.
type outbox struct {
	count *Counters
	wake  chan struct{} // one token: something changed

	mu     sync.Mutex
	raw    image.Image // newest
	units  []*Frame
	broken bool // access units were left out: wait for a key frame
	err    error
}

func newOutbox(c *Counters) *outbox { return &outbox{count: c, wake: make(chan struct{}, 1)} }

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// putRaw replaces the picture that nobody took.
func (o *outbox) putRaw(img image.Image) {
	o.mu.Lock()
	defer o.mu.Unlock()
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

func (o *outbox) poll() (image.Image, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		o.signal() // for the next call
		return nil, o.err
	}
	if len(o.units) > 0 {
		f := o.units[0]
		o.units = o.units[1:]
		o.count.frames.Add(1)
		o.count.bytes.Add(uint64(len(f.payload)))
		if f.key {
			o.count.keyFrames.Add(1)
		}
		return f, nil
	}
	if o.raw != nil {
		img := o.raw
		o.raw = nil
		o.count.frames.Add(1)
		return img, nil
	}
	return nil, nil
}
