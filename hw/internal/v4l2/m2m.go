package v4l2

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// Defaults of codecs.
const (
	DefaultCodecBuffers = 4
	DefaultStallAfter   = 2 * time.Second
)

// Frame is what a codec is given: a raw picture or a compressed one.
type Frame struct {
	// Data is the content. A codec that imports FD reads only its length, and
	// takes Length for it when Data is empty.
	Data []byte
	// FD is the dma-buf that holds the content, used by a codec that imports.
	FD int
	// Length is the size of the dma-buf in bytes.
	Length int
	// Timestamp comes back with the result, cut to microseconds. Frames in
	// flight at the same time need different ones.
	Timestamp time.Duration
	// Done is called once, when the codec no longer needs Data and FD, also when
	// the frame was dropped; nil is fine. It is called from whichever goroutine
	// is in a method of the codec and must not call the codec.
	Done func()
}

// used is how many bytes of content there are.
func (f Frame) used() int {
	if len(f.Data) > 0 {
		return len(f.Data)
	}
	return f.Length
}

// finish calls Done.
func (f Frame) finish() {
	if f.Done != nil {
		f.Done()
	}
}

// CodecStats counts frames since a codec was opened.
type CodecStats struct {
	In      uint64 // taken
	Out     uint64 // results returned by Next
	Dropped uint64 // refused, because no buffer was free
	Copies  uint64 // taken by copying
	Imports uint64 // taken as dma-buf, without a copy
	Junk    uint64 // results that belong to no frame
	Damaged uint64 // results marked as damaged by the driver
}

// inflight is a frame that was taken and has no result yet.
type inflight struct {
	timestamp time.Duration
	number    uint64 // counts the frames taken
}

// m2m is the OUTPUT side of a codec and its bookkeeping. mu guards all of it;
// what dev does under it does not block.
type m2m struct {
	dev        *Device
	stallAfter time.Duration

	mu       sync.Mutex
	out      *queue
	free     []*slot
	held     map[*slot]Frame // in the driver's hands
	pending  []inflight      // oldest first
	taken    time.Time       // when the last frame was taken
	since    time.Time       // when the oldest frame without any result was taken; zero for none
	draining bool
	untold   bool // it is drained, and the driver will not tell the last result
	ended    bool // the last result was seen
	closed   bool
	stats    CodecStats
}

// start allocates and starts the OUTPUT queue.
func (m *m2m) start(memory uint32, buffers int) error {
	m.out = &queue{dev: m.dev, side: QueueOutput, memory: memory}
	if err := m.out.request(buffers); err != nil {
		return err
	}
	m.free = append([]*slot(nil), m.out.slots...)
	m.held = map[*slot]Frame{}
	if memory == uapi.V4L2_MEMORY_MMAP {
		if err := m.out.mapAll(false); err != nil {
			return err
		}
	}
	return m.out.stream(true)
}

// stop stops the OUTPUT queue, frees it, and returns the frames it held. The
// caller holds mu and finishes them after releasing it.
func (m *m2m) stop() ([]Frame, error) {
	err := ignoreGone(m.out.stream(false))
	var frames []Frame
	for _, f := range m.held {
		frames = append(frames, f)
	}
	clear(m.held)
	m.free = nil
	return frames, errors.Join(err, m.out.freeAll())
}

// reap takes back OUTPUT buffers the driver is done with and returns their
// frames, for the caller to finish after releasing mu.
func (m *m2m) reap() []Frame {
	var frames []Frame
	for {
		d, err := m.out.dequeue()
		if err != nil {
			return frames // EAGAIN; anything else shows on the CAPTURE queue, or as a stall
		}
		if f, ok := m.held[d.slot]; ok {
			frames = append(frames, f)
			delete(m.held, d.slot)
			m.free = append(m.free, d.slot)
		}
	}
}

// take gives a frame to the driver when a buffer is free. fill copies it into
// the buffer, or is nil to import it. The caller holds mu. When the frame was
// not taken, or was copied, the caller finishes it.
func (m *m2m) take(f Frame, fill func(dst []byte) (int, error), prepare func(number uint64)) (bool, error) {
	switch {
	case m.closed:
		return false, os.ErrClosed
	case m.draining:
		return false, ErrDraining
	case len(m.free) == 0:
		m.stats.Dropped++
		return false, nil
	}
	s := m.free[len(m.free)-1]
	it := item{used: f.used(), fd: f.FD, length: f.Length, timestamp: f.Timestamp.Truncate(time.Microsecond)}
	if fill != nil {
		var err error
		if it.used, err = fill(s.data); err != nil {
			return false, err
		}
	}
	if prepare != nil {
		prepare(m.stats.In)
	}
	if err := m.out.enqueue(s, it); err != nil {
		return false, err
	}
	m.free = m.free[:len(m.free)-1]
	m.account(s, f, it.timestamp, fill != nil)
	return true, nil
}

// account notes a frame that was taken.
func (m *m2m) account(s *slot, f Frame, timestamp time.Duration, copied bool) {
	number := m.stats.In
	m.stats.In++
	m.held[s] = f
	if copied {
		m.stats.Copies++
		m.held[s] = Frame{}
	} else {
		m.stats.Imports++
	}
	if len(m.pending) == maxPending {
		m.pending = append(m.pending[:0], m.pending[1:]...)
	}
	m.pending = append(m.pending, inflight{timestamp: timestamp, number: number})
	now := time.Now()
	if m.since.IsZero() || now.Sub(m.taken) >= m.stallAfter { // after a rest the time begins anew
		m.since = now
	}
	m.taken = now
}

// match finds the frame a result belongs to and forgets it and those before,
// which the codec left out. It reports false for a result of no frame.
func (m *m2m) match(timestamp time.Duration) (inflight, bool) {
	for i, p := range m.pending {
		if p.timestamp != timestamp {
			continue
		}
		m.pending = append(m.pending[:0], m.pending[i+1:]...)
		m.since = time.Time{}
		if len(m.pending) > 0 {
			m.since = time.Now()
		}
		return p, true
	}
	return inflight{}, false
}

// maxPending bounds the frames a codec may leave without a result.
const maxPending = 64

// stuck reports whether a result is overdue in any case: the driver holds a
// frame, has been asked for the rest, or left out as many as it has buffers. An
// encoder may leave out a single frame to meet its bitrate.
func (m *m2m) stuck() bool {
	return !m.since.IsZero() && (m.draining || len(m.held) > 0 || len(m.pending) > len(m.out.slots))
}

// patience is how long a wait may take before the codec has stalled; 0 when it
// has.
func (m *m2m) patience() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stuck() {
		return m.stallAfter
	}
	return max(0, m.stallAfter-time.Since(m.since))
}

// await waits for a result. got is what the last await returned: a queue in
// error that has nothing to read will not get better.
func (m *m2m) await(want Events, got Events) (Events, error) {
	left := m.patience()
	switch {
	case left == 0:
		return 0, m.dev.fail("use", ErrStalled)
	case got&Failed != 0:
		return 0, m.dev.fail("use", syscall.EIO)
	}
	return wait(m.dev, want, left)
}

// drain asks the codec for the results of what it has. The caller holds no
// lock.
func (m *m2m) drain(command uintptr) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return m.dev.fail("drain", os.ErrClosed)
	}
	if m.draining {
		return nil
	}
	// Both commands are a number followed by zeros (V4L2_ENC_CMD_STOP,
	// V4L2_DEC_CMD_STOP), the decoder's is the longer.
	stop := uapi.DecoderCmd{Cmd: uapi.V4L2_DEC_CMD_STOP}
	err := m.dev.ioctl(command, unsafe.Pointer(&stop))
	m.draining = true
	switch {
	case errors.Is(err, syscall.ENOTTY):
		m.untold = true
		return nil
	case err != nil:
		return m.dev.fail("drain", err)
	}
	if m.since.IsZero() {
		m.since = time.Now()
	}
	return nil
}

// over reports whether nothing more will come after a drain.
func (m *m2m) over() bool { return m.ended || m.untold && len(m.pending) == 0 }

// Stats returns the counters.
func (m *m2m) Stats() CodecStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}
