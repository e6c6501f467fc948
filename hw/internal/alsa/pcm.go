package alsa

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PCM is an open stream of sound, in one direction. It does not wait: a read
// of sound that is not there yet and a write to a full buffer are EAGAIN.
// Errors to expect from a running stream are EPIPE (an xrun: the reader or
// writer came too late), ESTRPIPE (the machine was suspended) and ENODEV (the
// card is gone).
type PCM struct {
	f     File
	info  PCMInfo
	setup Setup
}

// OpenPCM opens a device node. EBUSY means that another program has it; see
// [Holder].
func OpenPCM(sys System, path string) (*PCM, error) {
	f, err := sys.Open(path)
	if err != nil {
		return nil, err
	}
	p := &PCM{f: f}
	if err := request(f, IoctlInfo, unsafe.Pointer(&p.info)); err != nil {
		if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
			err = ErrNotDevice // another driver's node
		}
		return nil, errors.Join(err, f.Close())
	}
	return p, nil
}

// Card is the number of the card that the stream belongs to.
func (p *PCM) Card() int { return int(p.info.Card) }

// Stream is the direction.
func (p *PCM) Stream() Stream { return p.info.Stream }

// Setup is what Configure has chosen.
func (p *PCM) Setup() Setup { return p.setup }

// Configure chooses the best of what is wanted and offered; its state is Setup
// afterwards. [ErrFormat] means that nothing is both. The stream starts only
// when it is told to, and stops when it has an xrun.
func (p *PCM) Configure(w Want) (Setup, error) {
	h := anyParams()
	if err := p.choose(h, w); err != nil {
		return Setup{}, err
	}
	h.RMask = ^uint32(0)
	if err := request(p.f, IoctlHWParams, unsafe.Pointer(h)); err != nil {
		return Setup{}, err
	}
	p.setup = h.setup()
	if p.setup.Rate < 1 || p.setup.Channels < 1 || p.setup.Period < 1 || p.setup.Buffer < p.setup.Period {
		return Setup{}, fmt.Errorf("HW_PARAMS: driver chose %v", p.setup)
	}
	return p.setup, p.configureSoftware()
}

func (p *PCM) configureSoftware() error {
	buffer := uint(p.setup.Buffer)
	boundary := buffer
	for boundary*2 <= math.MaxInt-buffer {
		boundary *= 2
	}
	s := SWParams{
		TstampMode: 1, TstampType: 1, Proto: 2<<16 | 12, // CLOCK_MONOTONIC
		PeriodStep: 1, AvailMin: uint(p.setup.Period), XferAlign: 1,
		StartThreshold: buffer + 1, // never by itself
		StopThreshold:  buffer, Boundary: boundary,
	}
	return request(p.f, IoctlSWParams, unsafe.Pointer(&s))
}

// Prepare makes a stream ready to start, with an empty buffer. It is also the
// way out of an xrun and of a suspend.
func (p *PCM) Prepare() error { return request(p.f, IoctlPrepare, nil) }

// Start lets the hardware run. A playback stream needs something to play.
func (p *PCM) Start() error { return request(p.f, IoctlStart, nil) }

// Drop stops at once and forgets what is in the buffer.
func (p *PCM) Drop() error { return request(p.f, IoctlDrop, nil) }

// Resume continues after a suspend: EAGAIN while the card still wakes up,
// ENOSYS when it cannot and needs Prepare and Start.
func (p *PCM) Resume() error { return request(p.f, IoctlResume, nil) }

// Xrun stops the stream as an xrun does. It is for tests.
func (p *PCM) Xrun() error { return request(p.f, IoctlXrun, nil) }

// Link joins two streams: they start, stop, prepare and have xruns together.
// Both must be in the same state.
func (p *PCM) Link(other *PCM) error {
	if err := p.f.Link(other.f); err != nil {
		return fmt.Errorf("LINK: %w", err)
	}
	return nil
}

// Unlink takes the stream out of its group.
func (p *PCM) Unlink() error { return request(p.f, IoctlUnlink, nil) }

// Read fills buf with whole frames that the hardware has captured, and returns
// how many there were, at least one.
func (p *PCM) Read(buf []byte) (frames int, err error) { return p.transfer(IoctlReadI, buf) }

// Write gives whole frames to the hardware and returns how many it took, at
// least one.
func (p *PCM) Write(buf []byte) (frames int, err error) { return p.transfer(IoctlWriteI, buf) }

func (p *PCM) transfer(number uintptr, buf []byte) (int, error) {
	size := p.setup.FrameBytes()
	if size == 0 || len(buf) < size {
		return 0, fmt.Errorf("%s: %w", RequestName(number), unix.EINVAL)
	}
	frames := len(buf) / size
	x := XferI{Buf: unsafe.Pointer(&buf[0]), Frames: uint(frames)}
	if err := request(p.f, number, unsafe.Pointer(&x)); err != nil {
		return 0, err
	}
	if x.Result < 1 || x.Result > frames {
		return 0, fmt.Errorf("%s: the driver says it moved %d of %d frames: %w", RequestName(number), x.Result, frames, unix.EIO)
	}
	return x.Result, nil
}

// Delay is how many frames lie between the program and the air: written and
// not yet heard, or spoken and not yet read. It is for aligning the two
// directions.
func (p *PCM) Delay() (frames int, err error) {
	err = request(p.f, IoctlDelay, unsafe.Pointer(&frames))
	return frames, err
}

// Status is the kernel's view of the stream.
func (p *PCM) Status() (Status, error) {
	var s Status
	err := request(p.f, IoctlStatus, unsafe.Pointer(&s))
	return s, err
}

// Close ends the stream. It is idempotent.
func (p *PCM) Close() error { return p.f.Close() }
