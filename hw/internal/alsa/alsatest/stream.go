package alsatest

import (
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// stream is one direction of a card's PCM device.
type stream struct {
	card      *Card
	direction alsa.Stream
	owner     *file // who has it open
	state     alsa.State
	setup     alsa.Setup
	stopAt    int64 // frames: stop threshold
	startAt   int64
	peer      *stream // linked

	// Since the last PREPARE, in frames: where the hardware is and where the
	// program.
	hw, appl int64
	anchor   time.Time // when hw was anchored
	anchorHW int64

	sound []int16 // playback: all that was written
	total int64   // playback: frames heard before the last PREPARE
	runs  []run   // playback: when which frame was heard
}

// run is a time without interruption: frame number first was heard at a time.
type run struct {
	at    time.Time
	first int64
}

// hz is the true rate.
func (st *stream) hz() float64 { return float64(st.setup.Rate) * (1 + st.card.PPM/1e6) }

// update moves the hardware's pointer to now and finds xruns.
func (st *stream) update() {
	if st.state != alsa.StateRunning {
		return
	}
	moved := int64(math.Floor(time.Since(st.anchor).Seconds()*st.hz() + 1e-6))
	granule := int64(st.card.Granule)
	st.hw = st.anchorHW + moved/granule*granule
	switch {
	case st.direction == alsa.StreamPlayback && st.appl-st.hw <= int64(st.setup.Buffer)-st.stopAt:
		st.hw = min(st.hw, st.appl)
		st.stop(alsa.StateXrun)
	case st.direction == alsa.StreamCapture && st.hw-st.appl >= st.stopAt:
		st.stop(alsa.StateXrun)
	}
}

// halt stops this stream alone.
func (st *stream) halt(to alsa.State) { st.state = to }

// stop stops the stream and what is linked with it.
func (st *stream) stop(to alsa.State) {
	st.halt(to)
	if st.peer != nil && st.peer.state == alsa.StateRunning {
		st.peer.halt(to)
	}
}

// failing is what a state answers to reading, writing and asking for the delay.
func (st *stream) failing() error {
	switch st.state {
	case alsa.StateXrun:
		return unix.EPIPE
	case alsa.StateSuspended:
		return unix.ESTRPIPE
	case alsa.StateDisconnected:
		return unix.ENODEV
	case alsa.StateOpen, alsa.StateSetup:
		return unix.EBADFD
	}
	return nil
}

func (st *stream) request(request uintptr, arg unsafe.Pointer) error {
	st.update()
	if st.state == alsa.StateDisconnected {
		return unix.ENODEV
	}
	switch request {
	case alsa.IoctlInfo:
		st.describe((*alsa.PCMInfo)(arg))
		return nil
	case alsa.IoctlHWRefine:
		return st.refine((*alsa.HWParams)(arg))
	case alsa.IoctlHWParams:
		return st.configure((*alsa.HWParams)(arg))
	case alsa.IoctlSWParams:
		return st.software((*alsa.SWParams)(arg))
	case alsa.IoctlStatus:
		st.status((*alsa.Status)(arg))
		return nil
	case alsa.IoctlDelay:
		return st.delay((*int)(arg))
	case alsa.IoctlReadI, alsa.IoctlWriteI:
		return st.transfer(request, (*alsa.XferI)(arg))
	}
	return st.control(request)
}

// control is for the requests that change the state and have no argument.
func (st *stream) control(request uintptr) error {
	switch request {
	case alsa.IoctlPrepare:
		return st.both((*stream).mayPrepare, (*stream).prepare)
	case alsa.IoctlStart:
		return st.both((*stream).mayStart, (*stream).start)
	case alsa.IoctlDrop:
		if st.state == alsa.StateOpen {
			return unix.EBADFD
		}
		st.stop(alsa.StateSetup)
		return nil
	case alsa.IoctlXrun:
		if st.state != alsa.StateRunning {
			return unix.EBADFD
		}
		st.stop(alsa.StateXrun)
		return nil
	case alsa.IoctlResume:
		return st.resume()
	case alsa.IoctlUnlink:
		if st.peer == nil {
			return unix.EALREADY
		}
		st.unlink()
		return nil
	}
	return unix.ENOTTY
}

func (st *stream) describe(info *alsa.PCMInfo) {
	info.Card, info.Device, info.Stream = int32(st.card.Number), 0, st.direction
	info.SubdevicesCount, info.SubdevicesAvail = 1, 1
	if st.owner != nil {
		info.SubdevicesAvail = 0
	}
	put(info.ID[:], st.card.ID)
	put(info.Name[:], st.card.Name+" PCM")
}

// both does something to the whole group, or to none of it.
func (st *stream) both(may func(*stream) error, do func(*stream)) error {
	group := []*stream{st}
	if st.peer != nil {
		group = append(group, st.peer)
	}
	for _, s := range group {
		if err := may(s); err != nil {
			return err
		}
	}
	for _, s := range group {
		do(s)
	}
	return nil
}

func (st *stream) mayPrepare() error {
	switch st.state {
	case alsa.StateOpen:
		return unix.EBADFD
	case alsa.StateRunning:
		return unix.EBUSY
	case alsa.StateSuspended, alsa.StateDisconnected:
		return st.failingUnlessSuspended()
	}
	return nil
}

// failingUnlessSuspended: PREPARE is a way out of a suspend.
func (st *stream) failingUnlessSuspended() error {
	if st.state == alsa.StateSuspended {
		return nil
	}
	return st.failing()
}

func (st *stream) prepare() {
	if st.direction == alsa.StreamPlayback {
		st.total += st.hw
		st.sound = st.sound[:min(st.total, int64(len(st.sound)))] // unheard sound is lost
	}
	st.state, st.hw, st.appl = alsa.StatePrepared, 0, 0
}

func (st *stream) mayStart() error {
	switch {
	case st.state != alsa.StatePrepared:
		return unix.EBADFD
	case st.direction == alsa.StreamPlayback && st.appl == 0:
		return unix.EPIPE
	}
	return nil
}

func (st *stream) start() {
	st.state, st.anchor, st.anchorHW = alsa.StateRunning, time.Now(), st.hw
	st.runs = append(st.runs, run{at: st.anchor, first: st.total + st.hw})
}

func (st *stream) resume() error {
	switch {
	case st.state != alsa.StateSuspended:
		return unix.EBADFD
	case !st.card.CanResume:
		return unix.ENOSYS
	}
	st.start()
	return nil
}

func (st *stream) link(other *stream) error {
	switch {
	case st.peer != nil || other.peer != nil:
		return unix.EALREADY
	case st.state == alsa.StateOpen || st.state != other.state:
		return unix.EBADFD
	}
	st.peer, other.peer = other, st
	return nil
}

func (st *stream) unlink() {
	if st.peer != nil {
		st.peer.peer, st.peer = nil, nil
	}
}

func (st *stream) status(s *alsa.Status) {
	s.State, s.HWPtr, s.ApplPtr = st.state, uint(st.hw), uint(st.appl)
	s.Avail = uint(st.hw - st.appl)
	if st.direction == alsa.StreamPlayback {
		s.Avail += uint(st.setup.Buffer)
	}
	if st.state == alsa.StateRunning && st.delay(&s.Delay) != nil {
		s.Delay = 0
	}
}

func (st *stream) delay(frames *int) error {
	if err := st.failing(); err != nil {
		return err
	}
	*frames = int(st.appl - st.hw)
	if st.direction == alsa.StreamCapture {
		*frames = int(st.hw - st.appl)
	}
	return nil
}
