package v4l2_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// TestOpenEncoderFails lets every step of the start fail: the error names the
// encoder and says why, and nothing is left.
func TestOpenEncoderFails(t *testing.T) {
	fail := func(request uintptr, errno syscall.Errno) func(*v4l2test.Device) {
		return func(d *v4l2test.Device) { d.Fail(request, errno, 1) }
	}
	none := func(*v4l2test.Device) {}
	options := func(o v4l2test.Options) *v4l2test.Device {
		return v4l2test.NewEncoder(v4l2test.CodecConfig{Options: o})
	}
	tests := []struct {
		name  string
		dev   *v4l2test.Device
		fault func(*v4l2test.Device)
		want  string
	}{
		{"format", v4l2test.NewEncoder(v4l2test.CodecConfig{}), fail(uapi.VIDIOC_S_FMT, syscall.EBUSY), "busy"},
		{"buffers", v4l2test.NewEncoder(v4l2test.CodecConfig{}), fail(uapi.VIDIOC_REQBUFS, syscall.ENOMEM), "memory"},
		{"query", v4l2test.NewEncoder(v4l2test.CodecConfig{}), fail(uapi.VIDIOC_QUERYBUF, syscall.EINVAL), "invalid"},
		{"queue", v4l2test.NewEncoder(v4l2test.CodecConfig{}), fail(uapi.VIDIOC_QBUF, syscall.EIO), "input/output"},
		{"stream", v4l2test.NewEncoder(v4l2test.CodecConfig{}), fail(uapi.VIDIOC_STREAMON, syscall.EIO), "input/output"},
		{"open", v4l2test.NewEncoder(v4l2test.CodecConfig{}), func(d *v4l2test.Device) { d.FailOpen(syscall.EACCES) }, "permission"},
		{"capabilities", v4l2test.NewEncoder(v4l2test.CodecConfig{}), fail(uapi.VIDIOC_QUERYCAP, syscall.ENOTTY), "not a video device"},
		{"another size", options(v4l2test.Options{Width: 320, Height: 240}), none, "changes the size from 640x480 to 320x240"},
		{"small buffers", options(v4l2test.Options{SizeImage: 640 * 480}), none, "too small"},
		{"two planes", options(v4l2test.Options{Planes: 2}), none, "2 planes"},
		{"another raw format", v4l2test.NewEncoder(v4l2test.CodecConfig{Raw: []v4l2.FourCC{v4l2.NV12}}), none, "takes NV12, not YU12"},
		{"another codec", v4l2test.NewEncoder(v4l2test.CodecConfig{Coded: v4l2.JPEG}), none, "makes JPEG, not H264"},
		{"a camera", v4l2test.NewCamera(v4l2test.CameraConfig{}), none, "is no codec"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				tt.fault(tt.dev)
				sys.Plug(encoderPath, tt.dev)
				_, err := v4l2.OpenEncoder(sys, encoderPath, vga)
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), encoderPath) {
					t.Errorf("%v, want something about %q", err, tt.want)
				}
			})
		})
	}
}

func TestEncoderConfigIsChecked(t *testing.T) {
	tests := []struct {
		name   string
		change func(*v4l2.EncoderConfig)
		want   string
	}{
		{"no rate", func(c *v4l2.EncoderConfig) { c.FPS = 0 }, "frames a second"},
		{"odd width", func(c *v4l2.EncoderConfig) { c.Width = 641 }, "641x480"},
		{"no height", func(c *v4l2.EncoderConfig) { c.Height = 0 }, "640x0"},
		{"huge", func(c *v4l2.EncoderConfig) { c.Width = 1 << 20 }, "impossible"},
		{"short lines", func(c *v4l2.EncoderConfig) { c.Stride = 100 }, "impossible"},
		{"compressed", func(c *v4l2.EncoderConfig) { c.Input = v4l2.MJPG }, "MJPG"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := vga
			tt.change(&cfg)
			if _, err := v4l2.OpenEncoder(v4l2test.New(), encoderPath, cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want something about %q", err, tt.want)
			}
		})
	}
}

// TestEncoderMissingControls works at the driver's defaults, and says so.
func TestEncoderMissingControls(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		missing := []v4l2.ControlID{
			v4l2.ControlBitrate, v4l2.ControlIPeriod, v4l2.ControlForceKeyFrame, v4l2.ControlRepeatHeaders,
			uapi.V4L2_CID_MPEG_VIDEO_H264_PROFILE, uapi.V4L2_CID_MPEG_VIDEO_H264_LEVEL,
			uapi.V4L2_CID_MPEG_VIDEO_BITRATE_MODE, uapi.V4L2_CID_MPEG_VIDEO_HEADER_MODE,
		}
		var log bytes.Buffer
		cfg := vga
		cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{Options: v4l2test.Options{Missing: missing}}), cfg)
		for _, want := range []string{"takes no bitrate", "profile", "level", encoderPath} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not tell %q:\n%s", want, log.String())
			}
		}
		if _, err := e.SetBitrate(5e5); !errors.Is(err, v4l2.ErrNoControl) {
			t.Errorf("SetBitrate: %v", err)
		}
		if err := e.ForceKeyFrame(); !errors.Is(err, v4l2.ErrNoControl) {
			t.Errorf("ForceKeyFrame: %v", err)
		}
		encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, 0)})
		_, err := e.Next(t.Context())
		must(t, err)
		closeEncoder(t, e)
	})
}

// TestEncoderKeyFrames forces key frames with the control, without it, and with
// one that refuses.
func TestEncoderKeyFrames(t *testing.T) {
	tests := []struct {
		name    string
		missing []v4l2.ControlID
		period  bool // by a short period
	}{
		{"by control", nil, false},
		{"by period", []v4l2.ControlID{v4l2.ControlForceKeyFrame}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				dev := v4l2test.NewEncoder(v4l2test.CodecConfig{Options: v4l2test.Options{Missing: tt.missing}})
				e := plugEncoder(t, sys, dev, vga)
				var keys []int
				for i := range 20 {
					if i == 5 || i == 12 {
						must(t, e.ForceKeyFrame())
						must(t, e.ForceKeyFrame()) // one of them is enough
					}
					encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, i), Timestamp: time.Duration(i) * time.Second})
					p, err := e.Next(t.Context())
					must(t, err)
					if p.KeyFrame {
						keys = append(keys, i)
					}
				}
				if !slices.Equal(keys, []int{0, 5, 12}) {
					t.Errorf("key frames at %v", keys)
				}
				if got := dev.Value(v4l2.ControlIPeriod); got != 1000 {
					t.Errorf("the period is %d afterwards", got)
				}
				if short := slices.Contains(dev.Sets(), v4l2.ControlForceKeyFrame); short == tt.period {
					t.Errorf("controls set: %#x", dev.Sets())
				}
				closeEncoder(t, e)
			})
		})
	}
}

// TestEncoderZeroCopy carries a camera's buffers to the encoder and back.
func TestEncoderZeroCopy(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d, c := start(t, sys, v4l2test.NewCamera(v4l2test.CameraConfig{}), v4l2.YUYV, v4l2.CaptureConfig{Export: true, Buffers: 3})
		cfg := vga
		cfg.Input, cfg.DMABuf, cfg.StallAfter = v4l2.YUYV, true, time.Minute
		dev := v4l2test.NewEncoder(v4l2test.CodecConfig{Latency: 20 * time.Millisecond})
		e := plugEncoder(t, sys, dev, cfg)
		for i := range 30 {
			b, err := c.Next(t.Context())
			must(t, err)
			must(t, e.Suits(b.Length))
			encode(t, e, b.Frame())
			p, err := e.Next(t.Context())
			must(t, err)
			if p.Timestamp != b.Timestamp.Truncate(time.Microsecond) {
				t.Errorf("unit %d is of %v, want %v", i, p.Timestamp, b.Timestamp)
			}
		}
		if s := e.Stats(); s != (v4l2.CodecStats{In: 30, Out: 30, Imports: 30}) || !e.Imports() {
			t.Errorf("%+v", s)
		}
		if s := c.Stats(); s.Missed != 0 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
		// What the encoder holds goes back when it closes.
		dev.Stall(true)
		b, err := c.Next(t.Context())
		must(t, err)
		encode(t, e, b.Frame())
		closeEncoder(t, e)
		end(t, d, c)
	})
}

// TestEncoderImportRefused is the size at which the camera's buffers do not fit:
// the encoder says so, and copies from then on.
func TestEncoderImportRefused(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		cam := v4l2test.NewCamera(v4l2test.CameraConfig{Formats: []v4l2.FourCC{v4l2.NV12}, Sizes: []v4l2.FrameSize{v4l2test.Size(640, 360)}})
		d, c := start(t, sys, cam, v4l2.NV12, v4l2.CaptureConfig{Export: true})
		cfg := vga
		cfg.Height, cfg.Input, cfg.DMABuf = 360, v4l2.NV12, true
		e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{}), cfg)
		b, err := c.Next(t.Context())
		must(t, err)
		if err := e.Suits(b.Length); !errors.Is(err, v4l2.ErrImport) || !strings.Contains(err.Error(), "368") {
			t.Errorf("Suits: %v", err)
		}
		if taken, err := e.Encode(b.Frame()); taken || !errors.Is(err, v4l2.ErrImport) {
			t.Errorf("Encode: taken %v, %v", taken, err)
		}
		must(t, e.UseCopies())
		for i := range 3 {
			b, err := c.Next(t.Context())
			must(t, err)
			encode(t, e, b.Frame())
			p, err := e.Next(t.Context())
			must(t, err)
			if p.KeyFrame != (i == 0) {
				t.Errorf("unit %d: key frame %v", i, p.KeyFrame)
			}
		}
		if s := e.Stats(); s != (v4l2.CodecStats{In: 3, Out: 3, Copies: 3}) || e.Imports() {
			t.Errorf("%+v", s)
		}
		closeEncoder(t, e)
		end(t, d, c)
	})
}

// TestEncoderUseCopies loses what the encoder held and goes on.
func TestEncoderUseCopies(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d, c := start(t, sys, v4l2test.NewCamera(v4l2test.CameraConfig{}), v4l2.YUYV, v4l2.CaptureConfig{Export: true})
		cfg := vga
		cfg.Input, cfg.DMABuf = v4l2.YUYV, true
		dev := v4l2test.NewEncoder(v4l2test.CodecConfig{})
		e := plugEncoder(t, sys, dev, cfg)
		dev.Stall(true)
		b, err := c.Next(t.Context())
		must(t, err)
		encode(t, e, b.Frame())
		must(t, e.UseCopies())
		dev.Stall(false)
		idle, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := e.Next(idle); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for what was lost: %v", err)
		}
		b, err = c.Next(t.Context())
		must(t, err)
		encode(t, e, b.Frame())
		if p, err := e.Next(t.Context()); err != nil || p.Timestamp != b.Timestamp.Truncate(time.Microsecond) {
			t.Errorf("%v, %v", p.Timestamp, err)
		}
		if s := e.Stats(); s.Imports != 1 || s.Copies != 1 || s.Out != 1 {
			t.Errorf("%+v", s)
		}
		closeEncoder(t, e)
		end(t, d, c)
		if err := e.UseCopies(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestEncoderSuits checks what does not fit for an import.
func TestEncoderSuits(t *testing.T) {
	tests := []struct {
		name   string
		change func(*v4l2.EncoderConfig)
		length int
		want   string // empty: it fits
	}{
		{"fits", func(*v4l2.EncoderConfig) {}, 640 * 480 * 3 / 2, ""},
		{"too small", func(*v4l2.EncoderConfig) {}, 640*480*3/2 - 1, "buffer of"},
		{"other stride", func(c *v4l2.EncoderConfig) { c.Width = 648 }, 1 << 20, "lines of 648 bytes"},
		{"other height", func(c *v4l2.EncoderConfig) { c.Height = 472 }, 1 << 20, "472 lines"},
		{"packed, long enough", func(c *v4l2.EncoderConfig) { c.Input, c.Height = v4l2.YUYV, 472 }, 1 << 20, ""},
		{"packed, too short", func(c *v4l2.EncoderConfig) { c.Input, c.Height = v4l2.YUYV, 472 }, 640 * 472 * 2, "buffer of"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				cfg := vga
				tt.change(&cfg)
				e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{}), cfg)
				err := e.Suits(tt.length)
				if (err == nil) != (tt.want == "") || err != nil && (!errors.Is(err, v4l2.ErrImport) || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				closeEncoder(t, e)
			})
		})
	}
}

// TestEncoderRefusesShortFrames keeps a picture that is too short from being
// read beyond its end.
func TestEncoderRefusesShortFrames(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{}), vga)
		finished := 0
		taken, err := e.Encode(v4l2.Frame{Data: make([]byte, 1000), Done: func() { finished++ }})
		if taken || err == nil || finished != 1 {
			t.Errorf("taken %v, %v, finished %d times", taken, err, finished)
		}
		encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, 0)}) // the buffer is still there
		closeEncoder(t, e)
	})
}
