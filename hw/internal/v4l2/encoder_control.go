package v4l2

import (
	"errors"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// keyForcer makes key frames on demand.
type keyForcer struct {
	byControl bool  // the driver has a control for it
	byPeriod  bool  // it has a settable period of I-frames
	period    int32 // the period in frames that is usual

	wanted bool   // on the next frame
	short  bool   // the period is 1 until a key frame is seen
	since  uint64 // number of the frame before which it was set to 1
}

// kernelProfile translates to the kernel's menu.
func (p Profile) kernelProfile() int32 {
	switch p {
	case Main:
		return uapi.V4L2_MPEG_VIDEO_H264_PROFILE_MAIN
	case High:
		return uapi.V4L2_MPEG_VIDEO_H264_PROFILE_HIGH
	}
	return uapi.V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE
}

// kernelLevel translates ten times a level to the kernel's menu.
func kernelLevel(level int) (int32, bool) {
	// V4L2_MPEG_VIDEO_H264_LEVEL_*; the one between 1.0 and 1.1 is 1b.
	for i, l := range []int{10, 9, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62} {
		if l == level {
			return int32(i), true
		}
	}
	return 0, false
}

// levelFor is the level for a size in pixels and a rate in frames per second:
// 3.1, which every WebRTC client takes, or 4.0 (ITU-T H.264 table A-1).
func levelFor(width, height, fps int) int {
	blocks := ((width + 15) / 16) * ((height + 15) / 16)
	if blocks <= 3600 && blocks*fps <= 108000 {
		return 31
	}
	return 40
}

// setControls sets what the driver has of it. An encoder without a control works
// at the driver's default; the log says which.
func (e *Encoder) setControls() {
	type setting struct {
		name  string
		id    ControlID
		value int32
		want  bool
	}
	level, known := kernelLevel(e.cfg.Level)
	for _, s := range []setting{
		{"constant bitrate", uapi.V4L2_CID_MPEG_VIDEO_BITRATE_MODE, uapi.V4L2_MPEG_VIDEO_BITRATE_MODE_CBR, true},
		{"period of key frames", ControlIPeriod, int32(e.cfg.KeyFrameInterval), e.cfg.KeyFrameInterval > 0},
		{"profile", uapi.V4L2_CID_MPEG_VIDEO_H264_PROFILE, e.cfg.Profile.kernelProfile(), true},
		{"level", uapi.V4L2_CID_MPEG_VIDEO_H264_LEVEL, level, known},
		{"headers with pictures", uapi.V4L2_CID_MPEG_VIDEO_HEADER_MODE, uapi.V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, true},
		{"headers with every key frame", ControlRepeatHeaders, 1, true},
	} {
		if !s.want {
			continue
		}
		if err := e.dev.SetControl(s.id, s.value); err != nil {
			e.log.Debug("encoder keeps its default", "of", s.name, "err", err)
		}
	}
	if e.cfg.Bitrate > 0 {
		if _, err := e.SetBitrate(e.cfg.Bitrate); err != nil {
			e.log.Warn("encoder takes no bitrate", "err", err)
		}
	}
	_, err := e.dev.Control(ControlForceKeyFrame)
	e.keys.byControl = err == nil
	e.keys.period, err = e.dev.GetControl(ControlIPeriod)
	e.keys.byPeriod = err == nil
}

// SetBitrate changes the bitrate in bit/s from the next frames on, and returns
// what it was rounded down to: bcm2835-codec goes in steps of 25 kbit/s. The
// error is [ErrNoControl] when the driver has no such control.
func (e *Encoder) SetBitrate(bps int) (int, error) {
	info, err := e.dev.Control(ControlBitrate)
	if err != nil {
		return 0, err
	}
	rate := info.Clamp(int64(bps))
	return int(rate), e.dev.SetControl(ControlBitrate, int32(rate))
}

// ForceKeyFrame makes the next frame given to Encode a key frame. Drivers
// without a control for it get a period of one frame until a key frame came
// out. The error is [ErrNoControl] when there is neither.
func (e *Encoder) ForceKeyFrame() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.keys.byControl && !e.keys.byPeriod {
		return e.dev.fail("force a key frame from", ErrNoControl)
	}
	e.keys.wanted = true
	return nil
}

// prepareKeyFrame asks the driver for the key frame that was wanted, right
// before the frame it is meant for. The caller holds mu.
func (e *Encoder) prepareKeyFrame(number uint64) {
	k := &e.keys
	if !k.wanted {
		return
	}
	k.wanted = false
	if k.byControl {
		err := e.dev.SetControl(ControlForceKeyFrame, 1)
		if err == nil {
			return
		}
		e.log.Warn("encoder refuses to force a key frame", "err", err)
		k.byControl = !errors.Is(err, ErrNoControl)
	}
	if !k.byPeriod {
		return
	}
	if err := e.dev.SetControl(ControlIPeriod, 1); err != nil {
		e.log.Warn("encoder refuses a period of key frames", "err", err)
		return
	}
	k.short, k.since = true, number
}

// keyFrameSeen puts the period back when a key frame came of a frame that saw
// the short one; drivers may apply it some frames later. The caller holds mu.
func (e *Encoder) keyFrameSeen(f inflight) {
	if !e.keys.short || f.number < e.keys.since {
		return
	}
	e.keys.short = false
	if err := e.dev.SetControl(ControlIPeriod, e.keys.period); err != nil {
		e.log.Warn("encoder keeps its short period of key frames", "err", err)
	}
}
