package v4l2test

import (
	"math"
	"slices"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// Control is a control of a simulated device.
type Control struct {
	ID        v4l2.ControlID
	Name      string
	Type      v4l2.ControlType
	Min, Max  int32
	Step      int32
	Value     int32    // at open; also the default
	Menu      []string // of a menu; empty entries do not exist
	WriteOnly bool
}

// Options are what any simulated device may differ in.
type Options struct {
	Driver, Card, Bus string
	// SinglePlanar gives a codec the single-planar interface, MultiPlanar a
	// camera the multi-planar one.
	SinglePlanar, MultiPlanar bool
	// OldControls answers VIDIOC_QUERYCTRL only.
	OldControls bool
	// Missing are controls to leave out.
	Missing []v4l2.ControlID
	// SizeImage replaces what the device would say of the raw queue, when not 0.
	SizeImage int
	// Width and Height replace the size that was asked for, when not 0.
	Width, Height int
	// Planes is how many planes of memory the multi-planar interface tells; 0
	// means 1.
	Planes int
}

// Device is a simulated device. Nodes opened on it share its faults; a camera's
// also share its controls.
type Device struct {
	sys      *System
	opts     Options
	caps     uint32
	model    model
	controls []Control
	formats  map[v4l2.Queue][]v4l2.FormatInfo
	sizes    []v4l2.FrameSize
	rates    []uint32 // frames per second

	gone    bool
	owner   *node // whose buffers a camera's are
	openErr syscall.Errno
	fails   map[uintptr]*fault
	calls   map[uintptr]int
	stalled bool
	corrupt int
	odd     []byte // content of the next CAPTURE buffers, nil for none
	units   map[[2]uint8][]byte
	sets    []v4l2.ControlID
	last    map[v4l2.ControlID]int32
	values  map[v4l2.ControlID]int32 // of a camera's controls
}

// fault makes an ioctl fail.
type fault struct {
	errno syscall.Errno
	times int
}

// model is what makes a device a camera or a codec. The system's lock is held.
type model interface {
	// adjust makes a format possible.
	adjust(n *node, q v4l2.Queue, f v4l2.Format) v4l2.Format
	// advance does what is due at now, and returns when to look again; the zero
	// time means after the next ioctl.
	advance(n *node, now time.Time) time.Time
	// command is VIDIOC_ENCODER_CMD and VIDIOC_DECODER_CMD.
	command(n *node, request uintptr, cmd uint32) error
}

func newDevice(opts Options, caps uint32, m model) *Device {
	return &Device{
		opts: opts, caps: caps | uapi.V4L2_CAP_STREAMING, model: m,
		formats: map[v4l2.Queue][]v4l2.FormatInfo{}, fails: map[uintptr]*fault{}, calls: map[uintptr]int{},
		units: map[[2]uint8][]byte{}, last: map[v4l2.ControlID]int32{},
	}
}

// forever is how often Fail fails when it never ends.
const forever = math.MaxInt

// Fail makes the next calls of an ioctl fail, all of them when times is 0.
func (d *Device) Fail(request uintptr, errno syscall.Errno, times int) {
	d.locked(func() {
		if times == 0 {
			times = forever
		}
		d.fails[request] = &fault{errno, times}
	})
}

// FailOpen makes opening fail; 0 ends that.
func (d *Device) FailOpen(errno syscall.Errno) { d.locked(func() { d.openErr = errno }) }

// Stall makes a codec keep what it is given, and a camera deliver nothing, until
// it is called with false.
func (d *Device) Stall(on bool) { d.locked(func() { d.stalled = on }) }

// Corrupt marks the next n CAPTURE buffers as damaged.
func (d *Device) Corrupt(n int) { d.locked(func() { d.corrupt = n }) }

// Insert makes the next CAPTURE buffer of a codec carry data and no timestamp of
// a frame.
func (d *Device) Insert(data []byte) { d.locked(func() { d.odd = data }) }

// SetUnit gives a camera an extension unit's control with a value.
func (d *Device) SetUnit(unit, selector uint8, value []byte) {
	d.locked(func() { d.units[[2]uint8{unit, selector}] = slices.Clone(value) })
}

// Unit is the value of an extension unit's control.
func (d *Device) Unit(unit, selector uint8) []byte {
	var value []byte
	d.locked(func() { value = slices.Clone(d.units[[2]uint8{unit, selector}]) })
	return value
}

// Calls counts how often an ioctl was called.
func (d *Device) Calls(request uintptr) int {
	var n int
	d.locked(func() { n = d.calls[request] })
	return n
}

// Value is what a control was set to last, on whichever node.
func (d *Device) Value(id v4l2.ControlID) int32 {
	var v int32
	d.locked(func() { v = d.last[id] })
	return v
}

// Sets lists the controls that were set, in order.
func (d *Device) Sets() []v4l2.ControlID {
	var ids []v4l2.ControlID
	d.locked(func() { ids = slices.Clone(d.sets) })
	return ids
}

// locked runs f under the system's lock, or without when the device is not
// plugged in yet.
func (d *Device) locked(f func()) {
	if d.sys == nil {
		f()
		return
	}
	d.sys.mu.Lock()
	defer d.sys.mu.Unlock()
	f()
	d.sys.notify()
}

// control finds a control that is not missing.
func (d *Device) control(id v4l2.ControlID) *Control {
	for i := range d.controls {
		if c := &d.controls[i]; c.ID == id && !slices.Contains(d.opts.Missing, id) {
			return c
		}
	}
	return nil
}

// failing counts a call and tells the error it shall have.
func (d *Device) failing(request uintptr) error {
	d.calls[request]++
	f := d.fails[request]
	switch {
	case d.gone:
		return syscall.ENODEV
	case f == nil || f.times == 0:
		return nil
	}
	f.times--
	return f.errno
}

// isCodec tells codecs from cameras.
func (d *Device) isCodec() bool {
	return d.caps&(uapi.V4L2_CAP_VIDEO_M2M|uapi.V4L2_CAP_VIDEO_M2M_MPLANE) != 0
}

// multiPlanar tells which interface the device has.
func (d *Device) multiPlanar() bool {
	return d.caps&(uapi.V4L2_CAP_VIDEO_CAPTURE_MPLANE|uapi.V4L2_CAP_VIDEO_M2M_MPLANE) != 0
}
