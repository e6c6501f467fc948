package alsa

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"
)

// ErrFormat is why a device was refused that offers no format of the wanted
// ones.
var ErrFormat = errors.New("no usable format")

// Want is what a stream should be, each list with the best first.
type Want struct {
	Rates    []int // Hz
	Formats  []Format
	Channels []int
	Period   time.Duration
	Buffer   time.Duration // at most
}

// Setup is what a stream has become.
type Setup struct {
	Rate      int // Hz
	Format    Format
	Channels  int
	Period    int  // frames between two interrupts
	Buffer    int  // frames
	CanResume bool // after a suspend, without being prepared again
}

// FrameBytes is the size of one sample of each channel.
func (s Setup) FrameBytes() int { return s.Format.Bytes() * s.Channels }

// Duration of a number of frames.
func (s Setup) Duration(frames int) time.Duration {
	return time.Duration(frames) * time.Second / time.Duration(s.Rate)
}

func (s Setup) String() string {
	return fmt.Sprintf("%d Hz, %d ch, %v, period %d, buffer %d frames",
		s.Rate, s.Channels, s.Format, s.Period, s.Buffer)
}

// Bytes of a sample in memory.
func (f Format) Bytes() int {
	switch f {
	case FormatS16LE:
		return 2
	case FormatS243LE:
		return 3
	}
	return 4
}

func (f Format) String() string {
	switch f {
	case FormatS16LE:
		return "S16_LE"
	case FormatS24LE:
		return "S24_LE"
	case FormatS243LE:
		return "S24_3LE"
	case FormatS32LE:
		return "S32_LE"
	}
	return fmt.Sprintf("format %d", uint32(f))
}

// anyParams leaves everything open but the access.
func anyParams() *HWParams {
	h := &HWParams{RMask: ^uint32(0)}
	for i := range h.Masks {
		h.Masks[i] = Mask{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}
	}
	for i := range h.Intervals {
		h.Intervals[i] = Interval{Max: ^uint32(0)}
	}
	h.only(ParamAccess, accessRWInterleaved)
	h.only(ParamSubformat, subformatStd)
	return h
}

// only leaves one value of a mask.
func (h *HWParams) only(p Param, value uint32) {
	h.Masks[p] = Mask{}
	h.Masks[p][value/32] = 1 << (value % 32)
}

// Has tells whether a mask still has a value.
func (h *HWParams) Has(p Param, value uint32) bool {
	return h.Masks[p][value/32]&(1<<(value%32)) != 0
}

// Interval of a parameter.
func (h *HWParams) Interval(p Param) *Interval { return &h.Intervals[p-firstInterval] }

// between limits an interval, with both ends in it.
func (h *HWParams) between(p Param, low, high int) {
	*h.Interval(p) = Interval{Min: uint32(low), Max: uint32(high), Flags: IntervalInteger}
}

// refine asks the driver what is left of h when it is limited further. It
// leaves h alone when that is nothing.
func (p *PCM) refine(h *HWParams, limit func(*HWParams)) bool {
	try := *h
	limit(&try)
	try.RMask, try.CMask = ^uint32(0), 0
	if request(p.f, IoctlHWRefine, unsafe.Pointer(&try)) != nil {
		return false
	}
	*h = try
	return true
}

// choose narrows h down to the best the driver has.
func (p *PCM) choose(h *HWParams, w Want) error {
	if !p.refine(h, func(*HWParams) {}) {
		return fmt.Errorf("%w: the driver has none for reading and writing", ErrFormat)
	}
	offered := *h
	if !p.chooseFormat(h, w) {
		return fmt.Errorf("%w: it offers %s", ErrFormat, offered.describe())
	}
	rate := int(h.Interval(ParamRate).Min)
	frames := func(d time.Duration) int { return int(d * time.Duration(rate) / time.Second) }
	p.choosePeriod(h, frames(w.Period))
	p.refine(h, func(h *HWParams) { h.between(ParamBufferSize, 2*frames(w.Period), frames(w.Buffer)) })
	return nil
}

// chooseFormat fixes rate, format and channels, the rate being what matters
// most.
func (p *PCM) chooseFormat(h *HWParams, w Want) bool {
	for _, rate := range w.Rates {
		for _, format := range w.Formats {
			for _, channels := range w.Channels {
				if p.refine(h, func(h *HWParams) {
					h.between(ParamRate, rate, rate)
					h.only(ParamFormat, uint32(format))
					h.between(ParamChannels, channels, channels)
				}) {
					return true
				}
			}
		}
	}
	return false
}

// choosePeriod comes as near to want as the driver does. Without success the
// driver decides.
func (p *PCM) choosePeriod(h *HWParams, want int) {
	for _, limit := range [][2]int{{want, want}, {want * 3 / 4, want}, {want, want * 3 / 2}, {want / 4, want}, {want, 4 * want}} {
		if p.refine(h, func(h *HWParams) { h.between(ParamPeriodSize, limit[0], limit[1]) }) {
			return
		}
	}
}

// describe tells what a driver offers, for a person.
func (h *HWParams) describe() string {
	var formats []string
	for f := range Format(64) {
		if h.Has(ParamFormat, uint32(f)) {
			formats = append(formats, f.String())
		}
	}
	rate, channels := h.Interval(ParamRate), h.Interval(ParamChannels)
	return fmt.Sprintf("%d to %d Hz, %d to %d channels, %s",
		rate.Min, rate.Max, channels.Min, channels.Max, strings.Join(formats, " "))
}

// setup reads what HW_PARAMS has fixed.
func (h *HWParams) setup() Setup {
	s := Setup{
		Rate:      int(h.Interval(ParamRate).Min),
		Channels:  int(h.Interval(ParamChannels).Min),
		Period:    int(h.Interval(ParamPeriodSize).Min),
		Buffer:    int(h.Interval(ParamBufferSize).Min),
		CanResume: h.Info&InfoResume != 0,
	}
	for _, f := range []Format{FormatS16LE, FormatS24LE, FormatS32LE, FormatS243LE} {
		if h.Has(ParamFormat, uint32(f)) {
			s.Format = f
		}
	}
	return s
}
