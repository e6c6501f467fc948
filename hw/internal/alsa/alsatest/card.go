package alsatest

import (
	"math"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// Card is a sound card with one PCM device. Its fields are set before it is
// plugged in.
type Card struct {
	Number           int
	ID, Driver, Name string

	Formats    []alsa.Format // nil: S16_LE
	Rates      []int         // Hz; nil: 48000
	Channels   []int         // nil: 1 and 2
	PeriodStep int           // frames: periods are multiples of it; 0: any
	Granule    int           // frames by which the hardware's pointer moves; 0: 1

	NoPlayback, NoCapture bool
	CanResume             bool    // after a suspend
	PPM                   float64 // how much too fast the clock runs
	Elements              []*Element

	// Speak is what the microphone hears at a time after the system was made.
	// nil: what the card itself plays.
	Speak func(at time.Duration) int16

	sys     *System
	streams []*stream
}

// Element is a control of a card, with the value of its channels.
type Element struct {
	Name           string
	Type           int32 // alsa.ElemInteger …
	Min, Max, Step int
	ReadOnly       bool
	Values         []int
}

// Volume and Switch make elements of two channels.
func Volume(name string, low, high, value int) *Element {
	return &Element{Name: name, Type: alsa.ElemInteger, Min: low, Max: high, Values: []int{value, value}}
}

// Switch makes an element that is on (1) or off (0).
func Switch(name string, value int) *Element {
	return &Element{Name: name, Type: alsa.ElemBoolean, Max: 1, Values: []int{value, value}}
}

func (c *Card) plug(s *System) {
	c.sys, c.streams = s, nil
	if c.Formats == nil {
		c.Formats = []alsa.Format{alsa.FormatS16LE}
	}
	if c.Rates == nil {
		c.Rates = []int{48000}
	}
	if c.Channels == nil {
		c.Channels = []int{1, 2}
	}
	c.PeriodStep, c.Granule = max(c.PeriodStep, 1), max(c.Granule, 1)
	for _, direction := range []alsa.Stream{alsa.StreamPlayback, alsa.StreamCapture} {
		if direction == alsa.StreamPlayback && c.NoPlayback || direction == alsa.StreamCapture && c.NoCapture {
			continue
		}
		c.streams = append(c.streams, &stream{card: c, direction: direction})
	}
}

func (c *Card) stream(direction alsa.Stream) *stream {
	for _, st := range c.streams {
		if st.direction == direction {
			return st
		}
	}
	return nil
}

// Heard returns what came out of the loudspeaker, the first channel at the
// card's rate, silence where nothing was played left out.
func (c *Card) Heard() []int16 {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	st := c.stream(alsa.StreamPlayback)
	st.update()
	return slices.Clone(st.sound[:min(st.total+st.hw, int64(len(st.sound)))])
}

// Setup is what a direction is configured to.
func (c *Card) Setup(direction alsa.Stream) alsa.Setup {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	return c.stream(direction).setup
}

// State of a direction.
func (c *Card) State(direction alsa.Stream) alsa.State {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	st := c.stream(direction)
	st.update()
	return st.state
}

// Linked tells whether the two directions are.
func (c *Card) Linked() bool {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	st := c.stream(alsa.StreamPlayback)
	return st != nil && st.peer != nil
}

// Queued is how many frames wait to be played.
func (c *Card) Queued() int {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	st := c.stream(alsa.StreamPlayback)
	st.update()
	return int(st.appl - st.hw)
}

// Suspend puts the running streams to sleep.
func (c *Card) Suspend() {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	for _, st := range c.streams {
		st.update()
		if st.state == alsa.StateRunning {
			st.halt(alsa.StateSuspended)
		}
	}
}

// Xrun lets a direction have one.
func (c *Card) Xrun(direction alsa.Stream) {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	st := c.stream(direction)
	st.update()
	if st.state == alsa.StateRunning {
		st.stop(alsa.StateXrun)
	}
}

// Value is that of an element's first channel.
func (c *Card) Value(element string) int {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	for _, e := range c.Elements {
		if e.Name == element {
			return e.Values[0]
		}
	}
	return math.MinInt
}

// control is the card's control device.
func (c *Card) control(request uintptr, arg unsafe.Pointer) error {
	switch request {
	case alsa.IoctlCardInfo:
		info := (*alsa.CardInfo)(arg)
		info.Card = int32(c.Number)
		put(info.ID[:], c.ID)
		put(info.Driver[:], c.Driver)
		put(info.Name[:], c.Name)
		put(info.LongName[:], c.Name+" at somewhere")
	case alsa.IoctlPCMNextDevice:
		if next := (*int32)(arg); *next < 0 {
			*next = 0
		} else {
			*next = -1
		}
	case alsa.IoctlCtlPCMInfo:
		info := (*alsa.PCMInfo)(arg)
		st := c.stream(info.Stream)
		if info.Device != 0 || st == nil {
			return unix.ENOENT
		}
		st.describe(info)
	case alsa.IoctlElemList:
		c.listElements((*alsa.ElemList)(arg))
	case alsa.IoctlElemInfo:
		return c.elementInfo((*alsa.ElemInfo)(arg))
	case alsa.IoctlElemRead, alsa.IoctlElemWrite:
		return c.transferElement((*alsa.ElemValue)(arg), request == alsa.IoctlElemWrite)
	default:
		return unix.ENOTTY
	}
	return nil
}

func (c *Card) listElements(list *alsa.ElemList) {
	list.Count, list.Used = uint32(len(c.Elements)), 0
	for i, e := range c.Elements {
		if i < int(list.Offset) || list.Used >= list.Space {
			continue
		}
		id := unsafe.Slice((*alsa.ElemID)(list.PIDs), list.Space)
		id[list.Used] = alsa.ElemID{NumID: uint32(i + 1), Iface: alsa.IfaceMixer}
		put(id[list.Used].Name[:], e.Name)
		list.Used++
	}
}

func (c *Card) element(id alsa.ElemID) *Element {
	if id.NumID < 1 || int(id.NumID) > len(c.Elements) {
		return nil
	}
	return c.Elements[id.NumID-1]
}

func (c *Card) elementInfo(info *alsa.ElemInfo) error {
	e := c.element(info.ID)
	if e == nil {
		return unix.ENOENT
	}
	info.Type, info.Count, info.Access = e.Type, uint32(len(e.Values)), alsa.AccessRead|alsa.AccessWrite
	if e.ReadOnly {
		info.Access = alsa.AccessRead
	}
	if e.Type == alsa.ElemInteger64 {
		info.Value[0], info.Value[1], info.Value[2] = int64(e.Min), int64(e.Max), int64(e.Step)
		return nil
	}
	*(*[3]int)(unsafe.Pointer(&info.Value)) = [3]int{e.Min, e.Max, e.Step}
	return nil
}

func (c *Card) transferElement(v *alsa.ElemValue, write bool) error {
	e := c.element(v.ID)
	switch {
	case e == nil:
		return unix.ENOENT
	case write && e.ReadOnly:
		return unix.EPERM
	}
	wide := (*[64]int64)(unsafe.Pointer(&v.Value))
	for i := range e.Values {
		value := v.Value.Longs[i]
		if e.Type == alsa.ElemInteger64 {
			value = int(wide[i])
		}
		switch {
		case write && (value < e.Min || value > e.Max):
			return unix.EINVAL
		case write:
			e.Values[i] = value
		case e.Type == alsa.ElemInteger64:
			wide[i] = int64(e.Values[i])
		default:
			v.Value.Longs[i] = e.Values[i]
		}
	}
	return nil
}
