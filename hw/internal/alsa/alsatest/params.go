package alsatest

import (
	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// Limits of every card, in frames.
const (
	leastPeriod, mostPeriod = 16, 48000
	leastBuffer, mostBuffer = 32, 96000
)

// refine leaves what the card can do.
func (st *stream) refine(h *alsa.HWParams) error {
	var formats alsa.Mask
	some := false
	for _, f := range st.card.Formats {
		if h.Has(alsa.ParamFormat, uint32(f)) {
			formats[f/32] |= 1 << (f % 32)
			some = true
		}
	}
	h.Masks[alsa.ParamFormat] = formats
	if !some || !among(h.Interval(alsa.ParamRate), st.card.Rates) || !among(h.Interval(alsa.ParamChannels), st.card.Channels) {
		return unix.EINVAL
	}
	step := uint32(st.card.PeriodStep)
	period, buffer := h.Interval(alsa.ParamPeriodSize), h.Interval(alsa.ParamBufferSize)
	buffer.Min, buffer.Max = max(buffer.Min, leastBuffer), min(buffer.Max, mostBuffer)
	period.Min, period.Max = max(period.Min, leastPeriod), min(period.Max, mostPeriod, buffer.Max/2)
	period.Min, period.Max = (period.Min+step-1)/step*step, period.Max/step*step
	if period.Min > period.Max || buffer.Min > buffer.Max {
		return unix.EINVAL
	}
	if st.card.CanResume {
		h.Info |= alsa.InfoResume
	}
	return nil
}

// among leaves the values of a list within an interval.
func among(i *alsa.Interval, values []int) bool {
	low, high := ^uint32(0), uint32(0)
	for _, v := range values {
		if v := uint32(v); v >= i.Min && v <= i.Max {
			low, high = min(low, v), max(high, v)
		}
	}
	i.Min, i.Max = low, high
	return low <= high
}

// configure fixes everything as the kernel does: the least of each, but the
// greatest buffer.
func (st *stream) configure(h *alsa.HWParams) error {
	switch st.state {
	case alsa.StateOpen, alsa.StateSetup, alsa.StatePrepared:
	default:
		return unix.EBADFD
	}
	if err := st.refine(h); err != nil {
		return err
	}
	for _, p := range []alsa.Param{alsa.ParamRate, alsa.ParamChannels, alsa.ParamPeriodSize} {
		h.Interval(p).Max = h.Interval(p).Min
	}
	h.Interval(alsa.ParamBufferSize).Min = h.Interval(alsa.ParamBufferSize).Max
	st.setup = alsa.Setup{
		Rate: int(h.Interval(alsa.ParamRate).Min), Channels: int(h.Interval(alsa.ParamChannels).Min),
		Period: int(h.Interval(alsa.ParamPeriodSize).Min), Buffer: int(h.Interval(alsa.ParamBufferSize).Min),
		CanResume: st.card.CanResume, Format: firstFormat(h),
	}
	h.Masks[alsa.ParamFormat] = alsa.Mask{}
	h.Masks[alsa.ParamFormat][st.setup.Format/32] = 1 << (st.setup.Format % 32)
	st.state = alsa.StateSetup
	return nil
}

func firstFormat(h *alsa.HWParams) alsa.Format {
	for f := range alsa.Format(64) {
		if h.Has(alsa.ParamFormat, uint32(f)) {
			return f
		}
	}
	return 0
}

func (st *stream) software(s *alsa.SWParams) error {
	switch {
	case st.state == alsa.StateOpen:
		return unix.EBADFD
	case s.AvailMin == 0:
		return unix.EINVAL
	}
	st.startAt, st.stopAt = int64(s.StartThreshold), int64(s.StopThreshold)
	return nil
}
