package v4l2_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// vga is what most tests encode.
var vga = v4l2.EncoderConfig{Width: 640, Height: 480, Input: v4l2.YU12, FPS: 30, Bitrate: 1e6, KeyFrameInterval: 1000}

// raw is a picture of a format without gaps, whose lines differ.
func raw(format v4l2.FourCC, width, height, n int) []byte {
	size := width * height * 3 / 2
	if format == v4l2.YUYV {
		size = width * height * 2
	}
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i/97 + n)
	}
	return data
}

// plugEncoder plugs an encoder in and opens it.
func plugEncoder(t *testing.T, sys *v4l2test.System, dev *v4l2test.Device, cfg v4l2.EncoderConfig) *v4l2.Encoder {
	t.Helper()
	sys.Plug(encoderPath, dev)
	e, err := v4l2.OpenEncoder(sys, encoderPath, cfg)
	must(t, err)
	return e
}

// closeEncoder closes twice, which is no error.
func closeEncoder(t *testing.T, e *v4l2.Encoder) {
	t.Helper()
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// encode gives a frame, which has to be taken.
func encode(t *testing.T, e *v4l2.Encoder, f v4l2.Frame) {
	t.Helper()
	taken, err := e.Encode(f)
	must(t, err)
	if !taken {
		t.Fatalf("frame of %v was dropped: %+v", f.Timestamp, e.Stats())
	}
}

func TestEncoder(t *testing.T) {
	for _, single := range []bool{false, true} {
		t.Run(fmt.Sprintf("single-planar %v", single), func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				dev := v4l2test.NewEncoder(v4l2test.CodecConfig{Options: v4l2test.Options{SinglePlanar: single}, Latency: 10 * time.Millisecond})
				e := plugEncoder(t, sys, dev, vga)
				for i := range 20 {
					if i == 7 {
						must(t, e.ForceKeyFrame())
					}
					data := raw(v4l2.YU12, 640, 480, i)
					stamp := time.Duration(i) * 33333333
					finished := false
					encode(t, e, v4l2.Frame{Data: data, Timestamp: stamp, Done: func() { finished = true }})
					if !finished {
						t.Error("a copied frame is still held")
					}
					p, err := e.Next(t.Context())
					must(t, err)
					wantKey := i == 0 || i == 7
					sum := fmt.Sprintf("s%08x", v4l2test.Checksum(data, v4l2.Format{FourCC: v4l2.YU12, Stride: 640}, 640, 480))
					if p.KeyFrame != wantKey || p.Timestamp != stamp.Truncate(time.Microsecond) || !bytes.Contains(p.Data, []byte(sum)) {
						t.Errorf("unit %d: key frame %v, %v, picture intact %v", i, p.KeyFrame, p.Timestamp, bytes.Contains(p.Data, []byte(sum)))
					}
					if bytes.HasPrefix(p.Data, v4l2test.ParameterSets()) != wantKey {
						t.Errorf("unit %d: %q", i, p.Data[:30])
					}
				}
				if s := e.Stats(); s != (v4l2.CodecStats{In: 20, Out: 20, Copies: 20}) {
					t.Errorf("%+v", s)
				}
				closeEncoder(t, e)
			})
		})
	}
}

// TestEncoderSettings checks what the driver is told, and in which order.
func TestEncoderSettings(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		dev := v4l2test.NewEncoder(v4l2test.CodecConfig{})
		cfg := vga
		cfg.Width, cfg.Height, cfg.Profile = 1280, 720, v4l2.Main
		e := plugEncoder(t, sys, dev, cfg)
		for id, want := range map[v4l2.ControlID]int32{
			v4l2.ControlBitrate:                   1e6,
			v4l2.ControlIPeriod:                   1000,
			v4l2.ControlRepeatHeaders:             1,
			uapi.V4L2_CID_MPEG_VIDEO_H264_PROFILE: uapi.V4L2_MPEG_VIDEO_H264_PROFILE_MAIN,
			uapi.V4L2_CID_MPEG_VIDEO_H264_LEVEL:   uapi.V4L2_MPEG_VIDEO_H264_LEVEL_3_1,
			uapi.V4L2_CID_MPEG_VIDEO_BITRATE_MODE: uapi.V4L2_MPEG_VIDEO_BITRATE_MODE_CBR,
			uapi.V4L2_CID_MPEG_VIDEO_HEADER_MODE:  uapi.V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME,
		} {
			if got := dev.Value(id); got != want {
				t.Errorf("control %#x is %d, want %d", uint32(id), got, want)
			}
		}
		if rate, err := e.Device().FrameRate(v4l2.QueueOutput); err != nil || rate.FPS() != 30 {
			t.Errorf("%v, %v", rate, err)
		}
		for want, bps := range map[int]int{725000: 733000, 25000: 3, 25000000: 1 << 30} {
			rate, err := e.SetBitrate(bps)
			must(t, err)
			if rate != want || dev.Value(v4l2.ControlBitrate) != int32(want) {
				t.Errorf("SetBitrate(%d) = %d, the driver has %d", bps, rate, dev.Value(v4l2.ControlBitrate))
			}
		}
		closeEncoder(t, e)
	})
}

// TestEncoderLayouts copies into buffers of another stride and height.
func TestEncoderLayouts(t *testing.T) {
	tests := []struct {
		format        v4l2.FourCC
		width, height int
	}{
		{v4l2.YU12, 640, 360}, {v4l2.NV12, 640, 360}, {v4l2.YUYV, 640, 360}, {v4l2.YU12, 648, 486}, {v4l2.NV12, 1000, 562},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%v %dx%d", tt.format, tt.width, tt.height), func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				cfg := vga
				cfg.Input, cfg.Width, cfg.Height = tt.format, tt.width, tt.height
				e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{StrideAlign: 64}), cfg)
				data := raw(tt.format, tt.width, tt.height, 3)
				encode(t, e, v4l2.Frame{Data: data})
				p, err := e.Next(t.Context())
				must(t, err)
				stride := tt.width
				if tt.format == v4l2.YUYV {
					stride *= 2
				}
				sum := fmt.Sprintf("s%08x", v4l2test.Checksum(data, v4l2.Format{FourCC: tt.format, Stride: stride}, tt.width, tt.height))
				if in := e.Input(); in.Height%16 != 0 || in.Stride%64 != 0 || !bytes.Contains(p.Data, []byte(sum)) {
					t.Errorf("%+v: the picture did not arrive intact", in)
				}
				closeEncoder(t, e)
			})
		})
	}
}

// TestEncoderDrops gives frames faster than they are encoded.
func TestEncoderDrops(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{Latency: 100 * time.Millisecond}), vga)
		begin, finished := time.Now(), 0
		for i := range 10 {
			_, err := e.Encode(v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, i), Timestamp: time.Duration(i) * time.Second, Done: func() { finished++ }})
			must(t, err)
		}
		if s := e.Stats(); s.In != 4 || s.Dropped != 6 || finished != 10 || time.Since(begin) != 0 {
			t.Errorf("%+v, %d finished after %v", s, finished, time.Since(begin))
		}
		for i := range 4 {
			p, err := e.Next(t.Context())
			must(t, err)
			if p.Timestamp != time.Duration(i)*time.Second {
				t.Errorf("unit %d is of %v", i, p.Timestamp)
			}
		}
		closeEncoder(t, e)
	})
}

// TestEncoderStall has the encoder keep what it is given.
func TestEncoderStall(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		dev := v4l2test.NewEncoder(v4l2test.CodecConfig{})
		cfg := vga
		cfg.StallAfter = 500 * time.Millisecond
		e := plugEncoder(t, sys, dev, cfg)
		dev.Stall(true)
		ended := make(chan error)
		go func() {
			_, err := e.Next(t.Context())
			ended <- err
		}()
		time.Sleep(10 * time.Second) // nothing given is no stall
		encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, 0)})
		begin := time.Now()
		err := <-ended
		if took := time.Since(begin); !errors.Is(err, v4l2.ErrStalled) || !strings.Contains(err.Error(), encoderPath) || took != 500*time.Millisecond {
			t.Errorf("%v after %v", err, took)
		}
		closeEncoder(t, e)
	})
}

// TestEncoderSkips accepts an encoder that leaves out single frames.
func TestEncoderSkips(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{Skip: 5}), vga)
		out := 0
		for i := range 50 {
			encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, i), Timestamp: time.Duration(i) * 33 * time.Millisecond})
			ctx, cancel := context.WithTimeout(t.Context(), 33*time.Millisecond)
			_, err := e.Next(ctx)
			cancel()
			switch {
			case err == nil:
				out++
			case !errors.Is(err, context.DeadlineExceeded):
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := e.Next(ctx); !errors.Is(err, context.DeadlineExceeded) || out != 40 {
			t.Errorf("%d units, then %v", out, err)
		}
		closeEncoder(t, e)
	})
}

// TestEncoderRests gives an encoder that left out the last frame no more for
// long: it has not stalled when it then takes its time for the next.
func TestEncoderRests(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{Skip: 3, Latency: 30 * time.Millisecond}), vga)
		frame := func(i int) v4l2.Frame {
			return v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, i), Timestamp: time.Duration(i) * time.Second}
		}
		for i := range 3 {
			encode(t, e, frame(i))
		}
		for range 2 {
			if _, err := e.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		encode(t, e, frame(3))
		if p, err := e.Next(t.Context()); err != nil || p.Timestamp != 3*time.Second {
			t.Errorf("after a rest: frame of %v, %v", p.Timestamp, err)
		}
		closeEncoder(t, e)
	})
}

// TestEncoderOddities leaves out what is no access unit of a frame.
func TestEncoderOddities(t *testing.T) {
	tests := []struct {
		name string
		odd  func(dev *v4l2test.Device)
		cfg  v4l2test.CodecConfig
		want v4l2.CodecStats
	}{
		{"junk first", func(d *v4l2test.Device) { d.Insert([]byte("\x00\x00\x01\x65junk")) }, v4l2test.CodecConfig{}, v4l2.CodecStats{In: 2, Out: 2, Copies: 2, Junk: 1}},
		{"headers first", func(d *v4l2test.Device) { d.Insert(v4l2test.ParameterSets()) },
			v4l2test.CodecConfig{HeadersApart: true, Options: v4l2test.Options{Missing: []v4l2.ControlID{v4l2.ControlRepeatHeaders}}},
			v4l2.CodecStats{In: 2, Out: 2, Copies: 2}},
		{"headers once", func(*v4l2test.Device) {}, v4l2test.CodecConfig{Options: v4l2test.Options{Missing: []v4l2.ControlID{v4l2.ControlRepeatHeaders}}}, v4l2.CodecStats{In: 2, Out: 2, Copies: 2}},
		{"interrupted", func(d *v4l2test.Device) { d.Fail(uapi.VIDIOC_DQBUF, syscall.EINTR, 3) }, v4l2test.CodecConfig{}, v4l2.CodecStats{In: 2, Out: 2, Copies: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				dev := v4l2test.NewEncoder(tt.cfg)
				tt.odd(dev)
				e := plugEncoder(t, sys, dev, vga)
				for i := range 2 {
					must(t, e.ForceKeyFrame())
					encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, i), Timestamp: time.Duration(i+1) * time.Second})
					p, err := e.Next(t.Context())
					must(t, err)
					if !p.KeyFrame || !bytes.HasPrefix(p.Data, v4l2test.ParameterSets()) || bytes.Count(p.Data, v4l2test.ParameterSets()) != 1 {
						t.Errorf("unit %d: key frame %v, %q", i, p.KeyFrame, p.Data[:30])
					}
				}
				if s := e.Stats(); s != tt.want {
					t.Errorf("%+v", s)
				}
				closeEncoder(t, e)
			})
		})
	}
}

// TestEncoderDamaged leaves out an access unit the driver marks as damaged, and
// does not wait for it at the end.
func TestEncoderDamaged(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		dev := v4l2test.NewEncoder(v4l2test.CodecConfig{NoCommands: true})
		e := plugEncoder(t, sys, dev, vga)
		for i := range 3 {
			if i == 0 || i == 2 {
				dev.Corrupt(1)
			}
			encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, i), Timestamp: time.Duration(i) * time.Second})
		}
		p, err := e.Next(t.Context())
		must(t, err)
		must(t, e.Drain())
		if _, err := e.Next(t.Context()); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
		if s := e.Stats(); p.Timestamp != time.Second || s.Damaged != 2 || s.Out != 1 {
			t.Errorf("%v, %+v", p.Timestamp, s)
		}
		closeEncoder(t, e)
	})
}

func TestEncoderDrain(t *testing.T) {
	for _, commands := range []bool{true, false} {
		t.Run(fmt.Sprintf("commands %v", commands), func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				dev := v4l2test.NewEncoder(v4l2test.CodecConfig{Latency: 20 * time.Millisecond, NoCommands: !commands})
				e := plugEncoder(t, sys, dev, vga)
				for i := range 3 {
					encode(t, e, v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, i), Timestamp: time.Duration(i) * time.Second})
				}
				must(t, e.Drain())
				must(t, e.Drain())
				if taken, err := e.Encode(v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, 9)}); taken || !errors.Is(err, v4l2.ErrDraining) {
					t.Errorf("taken %v, %v", taken, err)
				}
				for range 3 {
					_, err := e.Next(t.Context())
					must(t, err)
				}
				for range 2 {
					if _, err := e.Next(t.Context()); err != io.EOF {
						t.Errorf("at the end: %v", err)
					}
				}
				closeEncoder(t, e)
			})
		})
	}
}

// TestEncoderEnds ends a wait from outside.
func TestEncoderEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(sys *v4l2test.System, e *v4l2.Encoder, cancel func())
		want func(error) bool
	}{
		{"cancel", func(_ *v4l2test.System, _ *v4l2.Encoder, cancel func()) { cancel() }, func(err error) bool { return errors.Is(err, context.Canceled) }},
		{"close", func(_ *v4l2test.System, e *v4l2.Encoder, _ func()) { e.Close() }, func(err error) bool { return errors.Is(err, os.ErrClosed) }},
		{"unplug", func(sys *v4l2test.System, _ *v4l2.Encoder, _ func()) { sys.Unplug(encoderPath) }, v4l2.Unplugged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				e := plugEncoder(t, sys, v4l2test.NewEncoder(v4l2test.CodecConfig{}), vga)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error)
				begin := time.Now()
				go func() {
					_, err := e.Next(ctx)
					ended <- err
				}()
				time.Sleep(300 * time.Millisecond)
				tt.end(sys, e, cancel)
				if err := <-ended; !tt.want(err) || time.Since(begin) != 300*time.Millisecond {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
				closeEncoder(t, e)
				if _, err := e.Encode(v4l2.Frame{Data: raw(v4l2.YU12, 640, 480, 0)}); !errors.Is(err, os.ErrClosed) {
					t.Errorf("after Close: %v", err)
				}
			})
		})
	}
}
